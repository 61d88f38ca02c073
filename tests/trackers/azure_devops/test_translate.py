"""What cannot be paired with an answer: kinds that are not known, bodies that cannot be understood, and the recordings."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.errors import Malformed, Unsupported
from integration.core.facts import ItemSeen, PullRequestChanged
from integration.trackers.azure_devops import HANDLERS, IGNORED, TRACKER
from integration.trackers.azure_devops.translate import items_in
from tests.trackers.azure_devops.test_pairs import BODIES, RECEIVED

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-10-05T09:30:00Z", "41"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
RECORDED = [json.loads(path.read_bytes()) for path in BODIES]


def update(**resource: Any) -> dict[str, Any]:
    return {
        "eventType": "workitem.updated",
        "publisherId": "tfs",
        "createdDate": "2026-10-05T09:30:00Z",
        "resource": resource,
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ([], "body: expected an object, got an array"),
        ({}, "eventType: missing"),
        ({"eventType": "git.push"}, "resource: expected an object, got nothing"),
        (
            {"eventType": "git.push", "resource": {"repository": {}, "refUpdates": [{}]}},
            "resource.repository: has neither id nor name",
        ),
        ({"eventType": "build.complete", "resource": {"id": 0}}, "resource.id: missing"),
        (
            update(workItemId=0, fields={}),
            "resource: names no work item (workItemId, revision.id or url of an update; else id)",
        ),
        (update(workItemId=41), "resource.fields: missing; the subscription must send all resource details"),
        (
            update(workItemId=41, fields={"System.State": "Closed"}),
            "resource.fields.System.State: expected an object, got a text",
        ),
        (
            update(workItemId=41, relations={"added": [7]}),
            "resource.relations.added[0]: expected an object, got a number",
        ),
    ],
)
def test_a_body_that_cannot_be_understood_says_where(body: Any, reason: str) -> None:
    with pytest.raises(Malformed) as malformed:
        TRACKER.translate(body, RECEIVED)

    assert str(malformed.value) == reason


def test_an_id_longer_than_a_line_is_none() -> None:
    """It would not fit into the database's index, and stop all that is folded along with it."""
    body = update(workItemId=41, rev=3, revision={"fields": {"System.State": "New", "System.Parent": "7" * 5000}})

    seen = next(fact for fact in TRACKER.translate(body, RECEIVED).facts if isinstance(fact, ItemSeen))

    assert seen.fields["parent"] is None


def test_a_pull_request_of_an_unknown_status_was_updated() -> None:
    pull_request = {"pullRequestId": 7, "repository": {"id": "shop"}, "status": ["completed"]}

    (fact,) = TRACKER.translate({"eventType": "git.pullrequest.updated", "resource": pull_request}, RECEIVED).facts

    assert isinstance(fact, PullRequestChanged)
    assert (fact.action, fact.status) == ("updated", None)


def test_an_unknown_kind_is_not_the_same_as_a_useless_one() -> None:
    with pytest.raises(Unsupported, match=r"^workitem\.dreamt$"):
        TRACKER.translate({"eventType": "workitem.dreamt", "resource": {"id": 41}}, RECEIVED)

    translation = TRACKER.translate({"eventType": "message.posted", "resource": {}}, RECEIVED)

    assert translation.ignored == IGNORED["message.posted"]
    assert not set(IGNORED) & set(HANDLERS)


@pytest.mark.parametrize(
    ("at", "rev", "expected"),
    [
        ("2026-10-05T09:30:00Z", 4, datetime(2026, 10, 5, 9, 30, tzinfo=UTC)),
        ("2026-10-05T09:30:00.1234567Z", "4", datetime(2026, 10, 5, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-10-05T11:30:00+02:00", 4, datetime(2026, 10, 5, 9, 30, tzinfo=UTC)),
        ("2026-10-05T09:30:00", 4, datetime(2026, 10, 5, 9, 30, tzinfo=UTC)),
        ("9999-01-01T00:00:00Z", 4, datetime(2026, 10, 5, 9, 30, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00", 4, datetime(2026, 10, 5, 9, 30, 2, tzinfo=UTC)),
        (None, 4, datetime(2026, 10, 5, 9, 30, 2, tzinfo=UTC)),
    ],
)
def test_a_revision_is_as_old_as_its_change_else_as_its_delivery(at: object, rev: object, expected: datetime) -> None:
    body = update(
        workItemId=41, rev=rev, revisedDate="9999-01-01T00:00:00Z", fields={"System.ChangedDate": {"newValue": at}}
    )

    fact = TRACKER.translate(body | {"createdDate": "2026-10-05T09:30:02Z"}, RECEIVED).facts[0]

    assert isinstance(fact, ItemSeen)
    assert (fact.at, fact.order) == (expected, 4)


def test_a_body_is_recognised_by_its_envelope() -> None:
    assert all(TRACKER.recognises(body) for body in RECORDED)
    assert not any(
        TRACKER.recognises(body) for body in (None, [], {}, {"webhookEvent": "jira:issue_updated", "issue": {}})
    )


@given(JSON)
def test_no_json_at_all_raises_anything_unexpected(value: Any) -> None:
    for kind in (*HANDLERS, *IGNORED):
        for body in (
            value,
            {"eventType": kind, "resource": value},
            {"eventType": kind, "resource": {"id": 1, "fields": value}},
        ):
            _translates_or_says_why(body)


@given(st.sampled_from(RECORDED), st.data())
def test_no_damage_to_a_body_raises_anything_unexpected(recorded: dict[str, Any], data: st.DataObject) -> None:
    damaged = copy.deepcopy(recorded)
    place: Any = damaged
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(JSON)

    _translates_or_says_why(damaged)


def _translates_or_says_why(body: Any) -> None:
    items_in(body)
    try:
        translation = TRACKER.translate(body, RECEIVED)
    except (Malformed, Unsupported):
        return
    assert all(fact.at.tzinfo for fact in translation.facts)


def test_every_recording_is_understood_and_none_loses_its_item(corpus: Path) -> None:
    odd = {}
    for path in sorted((corpus / "webhooks" / "azure-devops").rglob("*.json")):
        body = json.loads(path.read_bytes())
        try:
            translation = TRACKER.translate(body, RECEIVED)
        except (Malformed, Unsupported) as told:
            odd[path.name] = type(told)
            continue
        if translation.event.startswith("workitem."):
            assert translation.items, path
            assert {fact.item for fact in translation.facts} == set(translation.items)
        assert translation.facts or translation.ignored, path

    assert odd == {"bad.noEventType.json": Malformed, "bad.notMappedEventType.json": Unsupported}
