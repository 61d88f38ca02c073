"""What is taken for a fact, what is refused, and whether the refusal says where and what would be right."""

import jsonschema
import orjson
import pytest

from integration.pushed.reading import Received, Refused, read
from integration.pushed.schema import json_schema
from tests.pushed.telling import (
    BUILD,
    CHANGE,
    DEPLOYMENT,
    EVERY,
    INCIDENT,
    MEASUREMENT,
    TEST_RUN,
    Told,
    without,
)

SCHEMA = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.FormatChecker())

TAKEN = {
    "every kind": EVERY,
    "a deployment that has only started": [without(DEPLOYMENT, "finished", "result")],
    "without a service, where there is one only": [without(DEPLOYMENT, "service", "url", "fields")],
    "a result of the sender's own": [{**DEPLOYMENT, "result": "rolled back by hand"}],
    "one text for a list": [{**DEPLOYMENT, "commits": "9f2c1e0"}],
    "a deletion": [{"kind": "test run", "id": "t-1", "deleted": True}],
    "a field of several texts": [{**BUILD, "fields": {"labels": ["a", "b"], "retries": 2}}],
}

REFUSED = {
    "no object": (3, "expected one fact, an object in braces, got 3"),
    "no kind": (
        {"id": "x"},
        "kind: is missing; say what it is: deployment, change, incident, build, test run, measurement",
    ),
    "a slip in the kind": (
        {**DEPLOYMENT, "kind": "deploymet"},
        "kind: 'deploymet' is none of deployment, change, incident, build, test run, measurement; did you mean deployment?",
    ),
    "the plural": (
        {**TEST_RUN, "kind": "test_runs"},
        "kind: 'test_runs' is none of deployment, change, incident, build, test run, measurement; did you mean test run?",
    ),
    "a slip in a key": (
        {**without(DEPLOYMENT, "version"), "verson": "1.4"},
        "verson: not a known key; did you mean version?",
    ),
    "another word": (
        {**without(DEPLOYMENT, "version"), "env": "x"},
        "env: not a known key; did you mean environment?",
    ),
    "an unknown key": ({**BUILD, "xyzzy": 1}, "xyzzy: not a known key; what is left goes under fields"),
    "no offset": (
        {**DEPLOYMENT, "started": "2026-11-02T09:00:00"},
        "started: has no offset, so nobody knows when it was; add Z or one such as +01:00",
    ),
    "a date": (
        {**MEASUREMENT, "at": "2026-11-02"},
        "at: has no offset, so nobody knows when it was; add Z or one such as +01:00",
    ),
    "no time": (
        {**DEPLOYMENT, "started": "yesterday"},
        "started: 'yesterday' is no time; write it like 2026-11-02T09:00:00Z",
    ),
    "a number for a time": (
        {**DEPLOYMENT, "started": 1762070400},
        "started: expected a time such as 2026-11-02T09:00:00Z, got 1762070400",
    ),
    "before there were years": (
        {**DEPLOYMENT, "started": "0001-01-01T00:00:00+14:00"},
        "started: '0001-01-01T00:00:00+14:00' is no time; write it like 2026-11-02T09:00:00Z",
    ),
    "finished without a result": (
        without(DEPLOYMENT, "result"),
        "has finished, but how? add result: success or failed",
    ),
    "a result without an end": (without(DEPLOYMENT, "finished"), "has a result, but since when? add finished"),
    "never": (
        without(DEPLOYMENT, "started", "finished", "result"),
        "does not say when; add started, finished or both",
    ),
    "a change at no time": (
        without(CHANGE, "merged", "first_commit"),
        "does not say when; add merged, and first_commit where it is known",
    ),
    "nowhere": (without(DEPLOYMENT, "environment"), "environment: is missing; add it"),
    "no id": (without(BUILD, "id"), "id: is missing; give it one of your own, so that it can be corrected"),
    "an empty id": ({**BUILD, "id": ""}, "id: is empty; leave it out, or say what it is"),
    "an id with a line break": ({**BUILD, "id": "a\nb"}, "id: may hold no control characters"),
    "a long id": ({**BUILD, "id": "x" * 201}, "id: is too long; at most 200"),
    "a text for a truth": ({**DEPLOYMENT, "rollback": "yes"}, "rollback: expected true or false, got 'yes'"),
    "a number for a text": (
        {**DEPLOYMENT, "commits": ["a", 1]},
        "commits[1]: expected a text, got 1",
    ),
    "less than none": ({**TEST_RUN, "passed": -1}, "passed: expected 0 or more, got -1"),
    "a text for a count": ({**TEST_RUN, "failed": "3"}, "failed: expected a whole number, got '3'"),
    "a text for a number": ({**MEASUREMENT, "value": "7"}, "value: expected a number, got '7'"),
    "things in things": (
        {**BUILD, "fields": {"x": {"y": 1}}},
        "fields.x: expected a text, a number, true or false, or a list of texts, got names with values",
    ),
    "a key among the fields": (
        {**BUILD, "fields": {"result": "x"}},
        "fields: result is a key of its own, beside fields",
    ),
    "an address that nobody opens": ({**BUILD, "url": "javascript:x"}, "url: must begin with https:// or http://"),
    "half a deletion": ({"kind": "build", "id": "b-1", "deleted": False}, "deleted: expected true, got false"),
    "two mistakes": (
        {"kind": "incident", "id": 7},
        "id: expected a text, got 7; opened: is missing; add it",
    ),
}
NOT_OF_SHAPE = {"a date", "no offset", "no time", "before there were years", "a key among the fields"}
"""What a JSON Schema does not say, or only to those who check formats."""


@pytest.mark.parametrize("told", TAKEN.values(), ids=TAKEN.keys())
def test_it_is_taken(told: list[Told]) -> None:
    for one in told:
        received = read(one)

        assert isinstance(received, Received), received
        assert (received.kind, received.deleted) == (one["kind"], "deleted" in one)


@pytest.mark.parametrize(("told", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_with_place_and_remedy(told: object, reason: str) -> None:
    refused = read(told)

    assert isinstance(refused, Refused)
    assert refused.reason == reason


@pytest.mark.parametrize("told", TAKEN.values(), ids=TAKEN.keys())
def test_the_schema_takes_it(told: list[Told]) -> None:
    for one in told:
        SCHEMA.validate(one)


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in NOT_OF_SHAPE])
def test_the_schema_refuses_it(name: str) -> None:
    told, _ = REFUSED[name]

    assert not SCHEMA.is_valid(told)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_what_is_null_is_not_said() -> None:
    """A CI that has no version writes null."""
    assert read({**DEPLOYMENT, "version": None}) == read(without(DEPLOYMENT, "version"))


def test_equal_facts_are_equal_texts() -> None:
    """The order of keys is no content."""
    shuffled = dict(reversed(DEPLOYMENT.items()))

    assert read(shuffled) == read(DEPLOYMENT)


def test_nothing_is_lost_on_the_way() -> None:
    received = read(DEPLOYMENT)

    assert isinstance(received, Received)
    assert orjson.loads(received.data) == DEPLOYMENT


def test_a_number_is_known_by_its_kpi_time_and_fields() -> None:
    """So a corrected number replaces the wrong one, and that of another team does not."""

    def id_of(told: Told) -> str:
        received = read(told)
        assert isinstance(received, Received)
        return received.id

    first = id_of(MEASUREMENT)

    assert id_of({**MEASUREMENT, "value": 7.1}) == first
    assert id_of({**MEASUREMENT, "at": "2026-09-01T02:00:00+02:00"}) == first
    assert id_of({**MEASUREMENT, "fields": {"team": "search"}}) != first
    assert id_of({**MEASUREMENT, "id": "mine"}) == "mine"


def test_a_refusal_is_short_however_wrong_a_fact_is() -> None:
    refused = read({"kind": "x" * 5000, "id": "y" * 5000, **{f"k{number}": 1 for number in range(500)}})
    many = read({**BUILD, **{f"k{number}": 1 for number in range(500)}})

    assert isinstance(refused, Refused)
    assert isinstance(many, Refused)
    assert len(refused.reason) < 300
    assert len(many.reason) < 1000
    assert many.reason.endswith("; and 495 more")


def test_incidents_may_name_several_services() -> None:
    received = read(INCIDENT)

    assert isinstance(received, Received)
    assert received.subjects == ("shop", "search")
