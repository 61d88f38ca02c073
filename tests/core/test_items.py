"""What an item is, from what its tracker said: any order, any repetition, any part of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.facts import ItemSeen, Value
from integration.core.items import dump, field_value, item_of, join, load
from integration.core.scorecard import ConnectionRule
from tests.core.bookshop import at, item, ref, seen

texts = st.text(alphabet="ab", max_size=2)
values: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, -0.0]), texts, st.lists(texts, max_size=2).map(tuple)
)
sightings = st.lists(
    st.builds(
        ItemSeen,
        at=st.sampled_from([at("2026-10-01"), at("2026-10-02")]),
        source=st.just("any"),
        order=st.integers(0, 1),
        fields=st.dictionaries(st.sampled_from(["status", "parent", "labels", "deleted"]), values, max_size=3),
    ),
    max_size=6,
)


@given(sightings, st.randoms())
def test_any_order_of_the_same_facts_ends_in_the_same_state(facts: list[ItemSeen], random: Any) -> None:
    shuffled = [*facts, *facts]
    random.shuffle(shuffled)

    assert dump(join({}, facts)) == dump(join({}, shuffled))


@given(sightings, sightings, sightings)
def test_joining_is_associative_and_repetition_changes_nothing(
    first: list[ItemSeen], second: list[ItemSeen], third: list[ItemSeen]
) -> None:
    at_once = dump(join({}, [*first, *second, *third]))

    assert dump(join(join(join({}, third), second), first)) == at_once
    assert dump(join(join(join({}, first), first), [*third, *second])) == at_once


@given(sightings)
def test_a_state_survives_its_text(facts: list[ItemSeen]) -> None:
    text = dump(join({}, facts))

    assert dump(load(text)) == text


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        pytest.param(
            [seen({"status": "Doing"}), seen({"status": "Done"}, "2026-10-06")], "Done", id="the newer value wins"
        ),
        pytest.param(
            [seen({"status": "Done"}, "2026-10-06"), seen({"status": "Doing"})],
            "Done",
            id="a late fact never overwrites a newer one",
        ),
        pytest.param(
            [seen({"status": "Done"}, order=8), seen({"status": "Doing"}, order=7)],
            "Done",
            id="in one moment the changelog id decides",
        ),
        pytest.param(
            [seen({"status": "Done"}), seen({"title": "Pay"}, "2026-10-06")],
            "Done",
            id="a partial payload touches only its own fields",
        ),
        pytest.param(
            [seen({"status": "Done"}), seen({"status": None}, "2026-10-06")], "", id="an emptied field is told, too"
        ),
    ],
)
def test_each_field_keeps_its_newest_value(facts: list[ItemSeen], status: str) -> None:
    assert item_of(join({}, facts), ref("1"), Catalogue(), None).status == status


JIRA = Catalogue(
    fields=(
        TrackerField("customfield_10014", "Epic Link", role="epic link"),
        TrackerField("customfield_1", "Impact"),
        TrackerField("customfield_2", "Impact"),
    ),
    states={"3": "in progress", "10001": "done", "removed": "dropped", "bug/closed": "done", "doing": "in progress"},
    levels={"epic": "portfolio", "task": "subtask"},
)


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        pytest.param(
            {"status": "Erledigt", "category": "done"}, "done", id="the tracker's category decides, whatever the name"
        ),
        pytest.param(
            {"status": "Erledigt", "status_id": "10001"}, "done", id="else the catalogue knows the status by id"
        ),
        pytest.param({"status": "DOING "}, "in progress", id="else by name"),
        pytest.param({"type": "Bug", "status": "Closed"}, "done", id="else by type and name"),
        pytest.param({"type": "Story", "status": "Closed"}, None, id="a status of unknown category is unknown"),
        pytest.param({}, None, id="nothing told is unknown"),
        pytest.param(
            {"status": "Removed", "category": "done"}, "dropped", id="what the catalogue calls dropped is dropped"
        ),
        pytest.param({"category": "done", "resolution": "Won't Do"}, "dropped", id="won't do is not done"),
        pytest.param(
            {"category": "done", "resolution": "Won\u2019t Do"}, "dropped", id="nor with a typographic apostrophe"
        ),
        pytest.param({"category": "done", "resolution": "Duplicate"}, "dropped", id="a duplicate is not done"),
        pytest.param({"category": "done", "resolution": "Done"}, "done", id="another resolution is done"),
        pytest.param(
            {"category": "to do", "resolution": "Duplicate"},
            "to do",
            id="a reopened item is open, whatever its old resolution",
        ),
    ],
)
def test_state_is_the_category_of_the_status(fields: dict[str, Value], state: str | None) -> None:
    assert item_of(join({}, [seen(fields)]), ref("1"), JIRA, None).state == state


def test_a_category_older_than_the_status_belongs_to_another_status() -> None:
    facts = [seen({"status": "To Do", "category": "to do"}), seen({"status": "Doing"}, "2026-10-06")]

    assert item_of(join({}, facts), ref("1"), JIRA, None).state == "in progress"


@pytest.mark.parametrize(
    ("fields", "sub_tasks", "level"),
    [
        pytest.param({"type": "Story"}, None, "item", id="an item unless something is said"),
        pytest.param({"type": "EPIC"}, None, "portfolio", id="by the catalogue"),
        pytest.param({"type": "Initiative", "hierarchy": 2}, None, "portfolio", id="by the hierarchy"),
        pytest.param({"type": "Step", "subtask": True}, None, "subtask", id="a Jira sub-task"),
        pytest.param({"type": "Step", "hierarchy": -1}, None, "subtask", id="below the items"),
        pytest.param({"type": "Task"}, None, "subtask", id="an Azure DevOps task, by the catalogue"),
        pytest.param({"type": "Task"}, (), "item", id="no type is a sub-task where the mapping says so"),
        pytest.param({"type": "Chore"}, ("chore",), "subtask", id="a sub-task by the mapping"),
        pytest.param({"type": "Epic"}, ("chore",), "portfolio", id="the mapping's sub-tasks leave epics alone"),
    ],
)
def test_level_tells_parts_from_items_from_epics(
    fields: dict[str, Value], sub_tasks: tuple[str, ...] | None, level: str
) -> None:
    rule = ConnectionRule("jira", "jira", "https://bookshop.example", sub_tasks=sub_tasks)

    assert item_of(join({}, [seen(fields)]), ref("1"), JIRA, rule).level == level


@pytest.mark.parametrize(
    ("fields", "parent"),
    [
        pytest.param({"parent": "7"}, "7", id="the parent"),
        pytest.param({"parent": None, "customfield_10014": "SHOP-7"}, "SHOP-7", id="else the epic link"),
        pytest.param({"parent": "8", "customfield_10014": "SHOP-7"}, "8", id="the parent before the epic link"),
        pytest.param({"parent": None}, None, id="none"),
    ],
)
def test_parent_is_told_or_the_epic_link(fields: dict[str, Value], parent: str | None) -> None:
    assert item_of(join({}, [seen(fields)]), ref("1"), JIRA, None).parent == parent


@pytest.mark.parametrize(
    ("fields", "done_at"),
    [
        pytest.param(
            {"category": "done", "done_at": "2026-10-04T10:00:00+02:00"}, at("2026-10-04 08:00"), id="when it was done"
        ),
        pytest.param(
            {"category": "done", "status_changed": "2026-10-03T00:00:00Z"},
            at("2026-10-03"),
            id="else when its status changed",
        ),
        pytest.param({"category": "done"}, None, id="done, nobody knows when"),
        pytest.param({"category": "done", "done_at": "yesterday"}, None, id="a text that is no time is unknown"),
        pytest.param({"category": "in progress", "done_at": "2026-10-04T10:00:00Z"}, None, id="reopened"),
    ],
)
def test_done_at_is_known_only_of_done_items(fields: dict[str, Value], done_at: object) -> None:
    assert item_of(join({}, [seen(fields)]), ref("1"), JIRA, None).done_at == done_at


def test_deletion_and_restore_are_facts_with_a_time() -> None:
    deleted, restored = seen({"deleted": True}), seen({"deleted": False}, "2026-10-06")

    assert item_of(join({}, [deleted]), ref("1"), JIRA, None).deleted
    assert not item_of(join({}, [restored, deleted]), ref("1"), JIRA, None).deleted


def test_an_item_without_a_key_shows_its_id_and_keeps_what_has_no_attribute() -> None:
    known = item_of(
        join({}, [seen({"labels": ("a",), "customfield_1": 3, "resolution": "Done"})]), ref("4711"), JIRA, None
    )

    assert known.key == "4711"
    assert known.labels == ("a",)
    assert known.fields == {"customfield_1": 3, "resolution": "Done"}


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        pytest.param(
            {"customfield_1": None, "customfield_2": "high"},
            " impact",
            "high",
            id="of two fields of a name the one that holds something",
        ),
        pytest.param({"customfield_1": "low"}, "customfield_1", "low", id="by id"),
        pytest.param({"fix_versions": ("1.2",)}, "Fix Version/s", ("1.2",), id="a common name by its letters"),
        pytest.param({}, "Impact", None, id="nothing"),
    ],
)
def test_a_field_is_found_by_what_people_call_it(fields: dict[str, Value], name: str, value: Value) -> None:
    assert field_value(item("1", fields=fields), name, JIRA) == value


@pytest.mark.parametrize(
    "placeholder", ["0001-01-01T00:00:00.000+0500", "0001-01-01T00:00:00", "9999-12-31T23:59:59-05:00"]
)
def test_the_ends_of_the_calendar_are_no_times(placeholder: str) -> None:
    told = seen({"status": "Done", "category": "done", "created": placeholder, "done_at": placeholder})

    found = item_of(join({}, [told]), ref("SHOP-1"), Catalogue(), None)

    assert (found.created, found.done_at) == (None, None)
