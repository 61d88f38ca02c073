"""Authenticity and identity of deliveries: what is decided before a body is trusted."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.errors import Unverified
from integration.trackers.azure_devops.inbound import delivery_id, verify
from integration.trackers.contract import Connection, Secret

URL = "https://dev.azure.example/bookshop"
TWO_SECRETS = Connection("ado", "azure-devops", URL, webhook_secrets=(Secret("old-secret"), Secret("new-secret")))
NAMED_USER = Connection("ado", "azure-devops", URL, webhook_user="hook", webhook_secrets=(Secret("new-secret"),))
NO_SECRET = Connection("ado", "azure-devops", URL)
ZEROS = "00000000-0000-0000-0000-000000000000"


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    ("connection", "headers"),
    [
        pytest.param(TWO_SECRETS, basic("okrlink", "old-secret"), id="the old secret while it changes"),
        pytest.param(TWO_SECRETS, basic("okrlink", "new-secret"), id="the new secret while it changes"),
        pytest.param(NAMED_USER, basic("hook", "new-secret"), id="a user of one's own"),
        pytest.param(TWO_SECRETS, {"x-okrlink-secret": "new-secret"}, id="a header instead of basic authentication"),
        pytest.param(
            TWO_SECRETS,
            basic("proxy", "of-somebody-else") | {"x-okrlink-secret": "new-secret"},
            id="basic authentication is for a proxy before us",
        ),
    ],
)
def test_who_knows_the_secret_is_believed(connection: Connection, headers: dict[str, str]) -> None:
    verify(connection, headers, b"{}")


@pytest.mark.parametrize(
    ("connection", "headers"),
    [
        pytest.param(TWO_SECRETS, {}, id="nothing"),
        pytest.param(TWO_SECRETS, basic("okrlink", "wrong"), id="a wrong password"),
        pytest.param(TWO_SECRETS, basic("somebody", "new-secret"), id="a wrong user"),
        pytest.param(TWO_SECRETS, basic("okrlink", ""), id="an empty password"),
        pytest.param(TWO_SECRETS, {"authorization": "Bearer new-secret"}, id="another scheme"),
        pytest.param(TWO_SECRETS, {"authorization": "Basic !!!"}, id="not base64"),
        pytest.param(TWO_SECRETS, {"x-okrlink-secret": ""}, id="an empty header"),
        pytest.param(TWO_SECRETS, {"x-okrlink-secret": "wrong"}, id="a wrong header"),
        pytest.param(
            TWO_SECRETS,
            basic("okrlink", "new-secret") | {"x-okrlink-secret": "wrong"},
            id="a wrong header beside a right user",
        ),
        pytest.param(NAMED_USER, basic("okrlink", "new-secret"), id="the default user where another is set"),
        pytest.param(NO_SECRET, basic("okrlink", ""), id="no secret is configured, an empty one offered"),
        pytest.param(NO_SECRET, {"x-okrlink-secret": ""}, id="no secret is configured, an empty header"),
        pytest.param(NO_SECRET, {}, id="no secret is configured, none offered"),
    ],
)
def test_who_does_not_is_refused(connection: Connection, headers: dict[str, str]) -> None:
    with pytest.raises(Unverified):
        verify(connection, headers, b"{}")


def test_a_refusal_does_not_tell_the_secret() -> None:
    with pytest.raises(Unverified) as refused:
        verify(TWO_SECRETS, {"x-okrlink-secret": "guess"}, b"{}")

    assert not any(private in str(refused.value) for private in ("old-secret", "new-secret", "guess"))


def told(**delivery: Any) -> bytes:
    return json.dumps(delivery).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (told(subscriptionId="ab-1", notificationId=7, id="e-1"), "ab-1:7"),
        (told(subscriptionId="ab-1", notificationId=0, id="e-1"), "e-1"),
        (told(id="e-1"), "e-1"),
    ],
)
def test_a_delivery_is_known_by_its_notification_else_by_its_event(body: bytes, expected: str) -> None:
    assert delivery_id({}, body) == expected


@pytest.mark.parametrize(
    "body",
    [
        told(subscriptionId=ZEROS, notificationId=0, id=ZEROS),
        told(subscriptionId=ZEROS, notificationId=3, id="the same in every test"),
        told(),
        b"[]",
        b"not json",
        b"",
        told(id="x" * 500),
        told(id=True),
    ],
)
def test_where_no_id_is_told_the_body_is_its_own(body: bytes) -> None:
    assert delivery_id({}, body).startswith("sha256:")
    assert delivery_id({}, body) == delivery_id({}, bytes(body))
    assert delivery_id({}, body) != delivery_id({}, body + b" ")


@given(st.binary())
def test_every_body_has_an_id(body: bytes) -> None:
    assert 0 < len(delivery_id({}, body)) <= 120
