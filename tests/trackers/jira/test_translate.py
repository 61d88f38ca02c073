"""Each recorded shape beside what it says: `cloud__jira-issue_updated__status_done.json` and its `.events.json`.

Reading a pair teaches the vendor. `received` is the time of receipt that all of them share.
"""

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.core.errors import Malformed, ServiceError, Unsupported
from integration.core.facts import ItemSeen, TrackerFact
from integration.trackers.jira import TRACKER

HERE = Path(__file__).parent
RECEIVED = datetime(2026, 10, 8, 12, 0, tzinfo=UTC)
PAYLOADS = sorted(path for path in HERE.glob("*.json") if not path.name.endswith(".events.json"))


def spoken(fact: TrackerFact) -> dict[str, Any]:
    """A fact as a fixture writes it: what it does not know is left out."""
    told = {each.name: getattr(fact, each.name) for each in dataclasses.fields(fact)}
    assert told.pop("exact"), "webhooks tell it best"
    return {"kind": fact.kind} | {name: value for name, value in told.items() if value is not None}


def understood(body: Any) -> dict[str, Any]:
    try:
        translation = TRACKER.translate(body, RECEIVED)
    except ServiceError as error:
        return {"error": type(error).__name__, "reason": str(error), "items": TRACKER.items_of(body)}
    facts = [spoken(fact) for fact in translation.facts]
    return {"event": translation.event, "items": translation.items, "ignored": translation.ignored, "facts": facts}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
def test_a_payload_says_what_stands_beside_it(payload: Path) -> None:
    expected = json.loads(payload.with_suffix(".events.json").read_text())

    found = json.loads(orjson.dumps(understood(orjson.loads(payload.read_bytes())), option=orjson.OPT_UTC_Z))

    assert found == expected


def test_every_event_that_is_listed_is_either_translated_or_ignored() -> None:
    assert not set(TRACKER.translated) & set(TRACKER.ignored)
    assert all(why for why in TRACKER.ignored.values())


def test_an_event_of_a_new_kind_is_unsupported_and_keeps_its_issue() -> None:
    body = {"webhookEvent": "jira:issue_cloned", "issue": {"id": "1", "key": "SHOP-1"}}

    with pytest.raises(Unsupported, match="jira:issue_cloned"):
        TRACKER.translate(body, RECEIVED)
    assert TRACKER.items_of(body) == ("SHOP-1",)


def test_no_fact_names_a_person_or_quotes_what_people_wrote() -> None:
    """The fixtures are full of both: Dana Reis, Emil Okafor, their mail addresses, a description, comments."""
    for payload in PAYLOADS:
        told = orjson.dumps(understood(orjson.loads(payload.read_bytes()))).decode()

        for private in ("Dana", "Emil", "Okafor", "@bookshop", "As a reader", "on my side", "I will look"):
            assert private not in told, payload.name


def test_the_same_change_in_another_time_zone_is_the_same_fact() -> None:
    body = orjson.loads((HERE / "cloud__jira-issue_updated__status_done.json").read_bytes())
    elsewhere = json.loads(json.dumps(body).replace("2026-10-06T14:03:11.482+0100", "2026-10-06T22:03:11.482+0900"))

    assert elsewhere != body
    assert understood(elsewhere) == understood(body)


def test_an_id_is_the_same_as_number_and_as_text() -> None:
    body = orjson.loads((HERE / "cloud__jira-issue_updated__status_done.json").read_bytes())
    numbers = body | {"changelog": body["changelog"] | {"id": int(body["changelog"]["id"])}}

    assert understood(numbers) == understood(body)


def test_what_a_comment_event_does_not_show_it_does_not_touch() -> None:
    body = orjson.loads((HERE / "cloud__comment_created__six_fields_of_the_issue.json").read_bytes())
    seen = next(fact for fact in TRACKER.translate(body, RECEIVED).facts if isinstance(fact, ItemSeen))

    assert seen.fields["status"] == "In Progress"
    assert not {"parent", "labels", "customfield_10016"} & set(seen.fields)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def swapped(value: Any, place: int, other: Any) -> tuple[Any, int]:
    """`value` with its `place`th part replaced, and how many places were not used up."""
    if place == 0:
        return other, -1
    place -= 1
    if isinstance(value, dict):
        changed = dict(value)
        for name, part in value.items():
            changed[name], place = swapped(part, place, other)
            if place < 0:
                break
        return changed, place
    if isinstance(value, list):
        changed_list = list(value)
        for index, part in enumerate(value):
            changed_list[index], place = swapped(part, place, other)
            if place < 0:
                break
        return changed_list, place
    return value, place


def only_its_own_errors(body: Any) -> None:
    assert isinstance(TRACKER.recognises(body), bool)
    assert all(isinstance(item, str) for item in TRACKER.items_of(body))
    try:
        translation = TRACKER.translate(body, RECEIVED)
    except (Malformed, Unsupported):
        return
    assert all(fact.at.utcoffset() is not None and fact.source for fact in translation.facts)


@given(JSON)
def test_any_json_is_understood_or_refused_with_a_reason(body: Any) -> None:
    only_its_own_errors(body)


@settings(max_examples=300)
@given(st.sampled_from(PAYLOADS), st.integers(0, 250), JSON)
def test_a_payload_with_one_part_changed_is_understood_or_refused(payload: Path, place: int, other: Any) -> None:
    only_its_own_errors(swapped(orjson.loads(payload.read_bytes()), place, other)[0])


def test_all_recorded_payloads(corpus: Path) -> None:
    for path in sorted((corpus / "webhooks" / "jira").rglob("*.json")):
        body = orjson.loads(path.read_bytes())
        only_its_own_errors(body)
        if "issue" in body:
            assert TRACKER.items_of(body) == (body["issue"]["key"],), path
