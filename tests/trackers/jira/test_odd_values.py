"""Values that Jira, its apps and its users can put into a body, and what must not come of them."""

import time
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from integration.core.errors import Malformed
from integration.core.facts import FieldChanged, StatusChanged
from integration.trackers.jira import TRACKER

RECEIVED = datetime(2026, 10, 8, 12, 0, tzinfo=UTC)
SPRINT = "com.atlassian.greenhopper.service.sprint.Sprint@1f[id=4,state=ACTIVE,name=Sprint 7,goal=]"


def translated(fields: dict[str, Any], *changes: dict[str, Any], **more: Any) -> Any:
    issue = {"id": "10012", "key": "SHOP-12", "fields": fields}
    body = {"webhookEvent": "jira:issue_updated", "issue": issue, "changelog": {"id": "5", "items": [*changes]}} | more
    return TRACKER.translate(body, RECEIVED).facts


def change(field: str, before: Any, after: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "fromString": before, "toString": after, "from": None, "to": None} | more


@pytest.mark.parametrize("value", ["dana@bookshop.example", "Dana Reis <dana@bookshop.example>"])
@pytest.mark.parametrize("fieldtype", ["custom", "jira"])
def test_mail_addresses_are_kept_from_no_kind_of_value(value: str, fieldtype: str) -> None:
    fields = {"customfield_1": value, "customfield_2": [value], "customfield_3": {"name": value}}
    facts = translated(
        fields,
        change("Requester", value, value, fieldtype=fieldtype),
        user={"name": value, "key": value, "displayName": "Dana Reis"},
    )

    assert b"bookshop" not in orjson.dumps(facts)


def test_an_address_of_the_web_is_no_mail_address() -> None:
    (seen,) = translated({"customfield_1": "https://git.example/shop@v1.2", "customfield_2": "@checkout"})

    assert seen.fields["customfield_1"] == "https://git.example/shop@v1.2"
    assert seen.fields["customfield_2"] == "@checkout"


@pytest.mark.parametrize(
    ("field", "fieldtype"), [("Approver", "custom"), ("Исполнитель", "jira")], ids=["custom", "localised"]
)
def test_who_was_taken_out_of_a_field_of_users_is_not_named(field: str, fieldtype: str) -> None:
    """The body shows an empty field, so that only the user's key, which is no number, tells what it held."""
    _, changed = translated({}, change(field, "Dana Reis", "", fieldtype=fieldtype, **{"from": "dreis"}))

    assert (changed.before, changed.before_text) == ("dreis", None)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        pytest.param("10100", "Red", id="option"),
        pytest.param("[10001, 10002]", "1.0, 1.1", id="versions"),
        pytest.param("2026-10-01", "01/Oct/26", id="day"),
        pytest.param("36885b3c-1bf0-4f85-a357-c5b858c31de4", "Checkout", id="team"),
    ],
)
def test_the_words_for_other_ids_are_kept(told: str, shown: str) -> None:
    _, changed = translated({}, change("Field", None, shown, fieldtype="custom", to=told))

    assert (changed.after, changed.after_text) == (told, shown)


def test_an_oddly_cased_field_without_an_id_is_the_field() -> None:
    odd = change("Status", "To Do", "Done", fieldtype="jira", **{"from": "1", "to": "3"})

    plain = translated({}, odd | {"field": "status", "fieldId": "status"})

    assert translated({}, odd) == plain
    assert isinstance(plain[1], StatusChanged)


def test_a_custom_field_named_like_a_field_of_jira_is_another_field() -> None:
    _, changed = translated({}, change("Priority", "1", "2", fieldtype="custom"))

    assert isinstance(changed, FieldChanged)
    assert changed.field == "Priority"


def test_accounts_of_an_unknown_shape_are_left_out() -> None:
    _, changed = translated({}, change("assignee", "Dana", "Emil", tmpFromAccountId=1, tmpToAccountId=["x"]))

    assert (changed.before, changed.after, changed.after_text) == ("1", None, None)


def test_a_value_nested_a_thousand_times_is_no_person() -> None:
    nested: Any = {"accountId": "dana"}
    for _ in range(1000):
        nested = [nested]

    seen, _ = translated({"customfield_1": nested}, change("Field", "a", "b", fieldId="customfield_1"))

    assert "customfield_1" not in seen.fields


@pytest.mark.parametrize(
    ("value", "name"),
    [(SPRINT, "Sprint 7"), ("com.atlassian.greenhopper.service.sprint.Sprint@" + "[name=" * 20_000, None)],
    ids=["a sprint", "no sprint"],
)
def test_the_name_of_a_sprint_is_found_at_once_or_not_at_all(value: str, name: str | None) -> None:
    began = time.process_time()

    (seen,) = translated({"customfield_1": value})

    assert seen.fields["customfield_1"] == name
    assert time.process_time() - began < 2


def test_an_id_longer_than_a_line_is_none() -> None:
    with pytest.raises(Malformed, match=r"issue\.id: expected an id, got a text"):
        TRACKER.translate({"webhookEvent": "jira:issue_updated", "issue": {"id": "1" * 1000, "key": "A-1"}}, RECEIVED)
