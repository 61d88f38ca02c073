"""What is decided before JSON is trusted."""

import base64
import hmac
from dataclasses import replace

import pytest

from integration.core.errors import Unverified
from integration.trackers.contract import Connection, Secret
from integration.trackers.jira import TRACKER

SIGNING = Connection(
    name="jira",
    tracker="jira",
    url="https://bookshop.atlassian.net",
    webhook_secrets=(Secret("It's a Secret to Everybody"),),
)
WITH_A_USER = replace(SIGNING, webhook_user="okrlink")
BODY = b"Hello World!"
SIGNATURE = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
"""Atlassian's published test vector."""


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_the_vendors_test_vector() -> None:
    TRACKER.verify(SIGNING, {"x-hub-signature": SIGNATURE}, BODY)


def test_either_secret_while_it_is_being_changed() -> None:
    rotating = replace(SIGNING, webhook_secrets=(Secret("next"), *SIGNING.webhook_secrets))
    with_next = "sha256=" + hmac.new(b"next", BODY, "sha256").hexdigest()

    TRACKER.verify(rotating, {"x-hub-signature": SIGNATURE}, BODY)
    TRACKER.verify(rotating, {"x-hub-signature": with_next}, BODY)


@pytest.mark.parametrize(
    ("connection", "headers", "body"),
    [
        (SIGNING, {}, BODY),
        (SIGNING, {"x-hub-signature-256": SIGNATURE}, BODY),
        (SIGNING, {"x-hub-signature": SIGNATURE}, b"Hello World?"),
        (SIGNING, {"x-hub-signature": SIGNATURE.replace("sha256", "sha1")}, BODY),
        (SIGNING, basic("okrlink:It's a Secret to Everybody"), BODY),
        (replace(SIGNING, webhook_secrets=()), {"x-hub-signature": SIGNATURE}, BODY),
        (WITH_A_USER, {"x-hub-signature": SIGNATURE}, BODY),
        (WITH_A_USER, basic("okrlink:guess"), BODY),
    ],
)
def test_no_proof_no_delivery(connection: Connection, headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(Unverified):
        TRACKER.verify(connection, headers, body)


def test_data_center_may_send_a_user_and_a_password() -> None:
    TRACKER.verify(WITH_A_USER, basic("okrlink:It's a Secret to Everybody"), BODY)


def test_jiras_identifier_is_the_deliverys_id() -> None:
    first = {"x-atlassian-webhook-identifier": "66f4b1e2-0001", "x-atlassian-webhook-flow": "Primary"}
    again = {**first, "x-atlassian-webhook-retry": "1"}

    assert TRACKER.delivery_id(first, BODY) == TRACKER.delivery_id(again, BODY) == "66f4b1e2-0001"


@pytest.mark.parametrize("given", ["", "0", "00000000-0000-0000-0000-000000000000"])
def test_without_one_a_delivery_is_known_by_its_body(given: str) -> None:
    headers = {"x-atlassian-webhook-identifier": given} if given else {}

    assert TRACKER.delivery_id(headers, BODY) == TRACKER.delivery_id({}, BODY)
    assert TRACKER.delivery_id(headers, BODY) != TRACKER.delivery_id(headers, BODY + b" ")


def test_no_kept_header_is_a_credential() -> None:
    assert not {"authorization", "x-hub-signature", "cookie"} & set(TRACKER.kept_headers)
    assert all(name == name.lower() for name in TRACKER.kept_headers)
