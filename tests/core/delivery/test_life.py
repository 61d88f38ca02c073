"""The life of an item: from what its tracker told to moments that are known, come again, or are not known."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from integration.core.delivery.facts import Stay, WorkItem
from integration.core.delivery.life import life_of
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.facts import ItemDeleted, ItemRestored
from tests.core.delivery.told import CATALOGUE, at, born, changed, days, derived, item, moved, said, walked

DONE = {"status": "Done", "state": "done"}


def life(facts, known=None, zone="UTC"):
    return life_of(facts, known or item(), Vocabulary("jira", CATALOGUE, ZoneInfo(zone)))


@pytest.mark.parametrize(
    ("facts", "known", "moment", "expected", "undone"),
    [
        pytest.param(walked(), {}, "created", [1], [], id="created when the tracker says so"),
        pytest.param(walked(), {}, "started", [], [], id="an item that was never in progress has no start"),
        pytest.param(
            walked((3, "In Progress"), (4, "Done")), DONE, "started", [3], [], id="started when first in progress"
        ),
        pytest.param(
            walked((3, "In Progress"), (4, "In Review"), (5, "Done")), DONE, "started", [3], [],
            id="from one status of progress to another it has not started again",
        ),
        pytest.param(
            walked((2, "In Progress"), (3, "To Do"), (4, "In Progress")), {"status": "In Progress", "state": "in progress"},
            "started", [2, 4], [3], id="put back and started again",
        ),
        pytest.param(walked((4, "Done")), DONE, "started", [], [], id="straight to done is no start, not one of zero"),
        pytest.param(walked((4, "Done")), DONE, "done", [4], [], id="done"),
        pytest.param(
            walked((2, "Done"), (3, "In Progress"), (5, "Done")), DONE, "done", [2, 5], [3],
            id="reopened and done again",
        ),
        pytest.param(
            walked((2, "Done"), (3, "Closed")), {"status": "Closed", "state": "done"}, "done", [2], [],
            id="from one status of done to another it is not done again",
        ),
        pytest.param(walked((2, "Removed")), {"status": "Removed", "state": "dropped"}, "done", [], [], id="removed is not done"),
        pytest.param(walked((2, "Removed")), {"status": "Removed", "state": "dropped"}, "closed", [2], [], id="removed is closed"),
        pytest.param(
            [*walked((2, "Done")), changed(2, "resolution", None, "Won't Do")],
            {"status": "Done", "state": "dropped", "fields": {"resolution": "Won't Do"}},
            "done", [], [], id="won't do is not done",
        ),
        pytest.param(
            [*walked((2, "Done")), changed(2, "resolution", None, "Done"), changed(4, "resolution", "Done", "Duplicate")],
            {"status": "Done", "state": "dropped", "fields": {"resolution": "Duplicate"}},
            "done", [2], [4], id="done until it turned out to be a duplicate",
        ),
        pytest.param(
            [born()], {**DONE, "done_at": at(9)}, "done", [9], [],
            id="without a history it was done when its resolution says, not when it was created",
        ),
        pytest.param(
            [born()], {**DONE, "done_at": None}, "done", [], [],
            id="without a history or a time nobody knows when it was done",
        ),
        pytest.param([born()], {**DONE, "done_at": at(1)}, "done", [1], [], id="created as done"),
        pytest.param(
            walked((2, "In Progress")), {**DONE, "done_at": at(6)}, "done", [6], [],
            id="a missing last change is dated by the item itself",
        ),
        pytest.param(
            [born(), moved(2, "To Do", "In Progress", 9), moved(2, "In Progress", "Done", 10)], DONE, "done", [2], [],
            id="two changes at one time go by their numbers, not by their letters",
        ),
    ],
)  # fmt: skip
def test_states(facts, known, moment, expected, undone):
    found = life(facts, item(**known))
    assert days(found.moments.get(moment, ())) == expected
    assert days(found.undone.get(moment, ())) == undone


@pytest.mark.parametrize(
    ("facts", "fields", "expected"),
    [
        pytest.param([born()], {}, [], id="nobody answered"),
        pytest.param([born(), said(2)], {}, [2], id="the first comment by somebody else"),
        pytest.param([born(), said(2, "reader"), said(3)], {}, [3], id="one's own comment is no answer"),
        pytest.param([born(), said(2, internal=True), said(3)], {}, [3], id="who waits cannot see an internal note"),
        pytest.param([born(), said(2, None)], {}, [], id="of a comment by nobody known nobody knows whose it is"),
        pytest.param([born(actor=None), said(2)], {}, [], id="nobody knows who waits"),
        pytest.param(
            [born(actor="agent"), said(2, "agent")], {"reporter": "reader"}, [2],
            id="an agent who wrote it down for a reader answers the reader",
        ),
        pytest.param([born(), said(5), said(2)], {}, [2], id="in whatever order they arrive"),
    ],
)  # fmt: skip
def test_first_response(facts, fields, expected):
    assert days(life(facts, item(fields=fields)).moments.get("first response", ())) == expected


@pytest.mark.parametrize(
    ("facts", "fields", "expected"),
    [
        pytest.param([born()], {}, [], id="never in a sprint"),
        pytest.param([born(), changed(3, "customfield_10020", "", "12")], {}, [3], id="put into a sprint"),
        pytest.param([born(), changed(3, "Sprint", None, "12")], {}, [3], id="a server tells the field's name only"),
        pytest.param(
            [born(), changed(3, "customfield_10020", "", "12"), changed(4, "customfield_10020", "12", "12, 13")], {}, [3],
            id="the next sprint is no second plan",
        ),
        pytest.param([born(), changed(4, "customfield_10020", "12", "13")], {}, [1], id="created in a sprint"),
        pytest.param([born()], {"customfield_10020": ("Week 41",)}, [1], id="created in the sprint that it is in"),
        pytest.param([born()], {"iteration": "Shop"}, [], id="the topmost iteration is the project, and no plan"),
        pytest.param([born(), changed(3, "iteration", "Shop", "Shop\\Sprint 1")], {}, [3], id="put into an iteration"),
    ],
)  # fmt: skip
def test_planned(facts, fields, expected):
    assert days(life(facts, item(fields=fields)).moments.get("planned", ())) == expected


def test_taken_out_of_its_sprint_it_is_planned_no_more():
    facts = [
        born(),
        changed(3, "Sprint", None, "12"),
        changed(4, "Sprint", "12", None),
        changed(5, "Sprint", None, "13"),
    ]
    found = life(facts)
    assert (days(found.moments["planned"]), days(found.undone["planned"])) == ([3, 5], [4])


def test_statuses_are_entered_and_left_each_time():
    found = life(walked((2, "In Progress"), (3, "To Do"), (5, "In Progress")), item(status="In Progress"))
    assert days(found.moments["entered in progress"]) == [2, 5]
    assert days(found.moments["left in progress"]) == [3]
    assert days(found.moments["entered to do"]) == [1, 3]
    assert days(found.moments["left to do"]) == [2, 5]


def test_history_tells_status_state_and_how_often_it_was_reopened():
    found = life(walked((2, "Done"), (3, "In Progress"), (4, "Done"), (6, "To Do")))
    assert [entry[1] for entry in found.history["state"]] == ["to do", "done", "in progress", "done", "to do"]
    assert [(days((when,))[0], number) for when, number in found.history["reopened"]] == [(1, 0), (3, 1), (6, 2)]
    assert found.history["status"][1] == (at(2), "Done")


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        pytest.param("2026-11-05T09:30:00+00:00", "UTC", datetime(2026, 11, 5, 9, 30, tzinfo=UTC), id="a time"),
        pytest.param("2026-11-05", "Europe/Berlin", datetime(2026, 11, 4, 23, tzinfo=UTC), id="a day begins where people are"),
        pytest.param("soon", "UTC", None, id="no time at all"),
        pytest.param(None, "UTC", None, id="empty"),
    ],
)  # fmt: skip
def test_a_field_that_holds_a_date_is_a_moment_by_its_name_and_its_id(value, zone, expected):
    found = life([born()], item(fields={"customfield_10050": value}), zone).moments
    assert found.get("field outage started", (None,))[0] == expected
    assert found.get("field customfield_10050", (None,))[0] == expected


def test_a_deleted_item_keeps_its_life_and_tells_when_it_went():
    facts = [
        *walked((2, "Done")),
        ItemDeleted(at=at(3), source="1", item="1"),
        ItemRestored(at=at(5), source="1", item="1"),
    ]
    [fact] = derived(WorkItem, facts, known=item(**DONE, deleted=True))
    assert (days(fact.moments["deleted"]), days(fact.undone["deleted"])) == ([3], [5])
    assert days(fact.moments["done"]) == [2]


def test_a_stay_is_one_time_in_one_status():
    stays = derived(Stay, walked((2, "In Progress"), (4, "Done")), known=item(**DONE))
    told = [(stay.fields["status"], stay.fields["state"], stay.first("entered"), stay.first("left")) for stay in stays]
    assert told == [
        ("To Do", "to do", at(1), at(2)),
        ("In Progress", "in progress", at(2), at(4)),
        ("Done", "done", at(4), None),
    ]
    assert {stay.fields["type"] for stay in stays} == {"Story"}
    assert len({stay.id for stay in stays}) == 3


def test_a_status_that_was_renamed_is_the_same_by_its_id():
    told = moved(4, "To Do", "Finished")
    facts = [born(), type(told)(at=told.at, source="9", item="1", before="To Do", after="Finished", after_id="77")]
    known = item(**DONE, done_at=at(8), fields={"status_id": "77"})
    assert days(life(facts, known).moments["done"]) == [4]


def test_any_order_of_the_same_facts_is_the_same_life():
    facts = [
        *walked((2, "In Progress"), (3, "Done"), (4, "To Do"), (6, "Done")),
        said(2),
        changed(3, "Sprint", None, "1"),
    ]
    assert life(facts) == life(facts[::-1])


def test_without_a_history_its_state_is_that_of_now():
    [fact] = derived(WorkItem, [born()], known=item(**DONE, done_at=None))
    assert "state" not in fact.history
    assert (fact.fields["status"], fact.fields["state"]) == ("Done", "done")


def test_a_stay_in_a_status_of_unknown_state_has_not_the_state_of_now():
    first, _ = derived(Stay, walked((2, "Done"), first="Retired status"), known=item(**DONE))
    assert first.fields["status"] == "Retired status"
    assert "state" not in first.fields
