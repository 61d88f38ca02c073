"""Promise 6: a field that a person changed is left alone and reported, until they or the mapping say otherwise."""

import pytest

from integration.simulators.faults import Fault
from tests.desk import Desk


@pytest.fixture
def epic(desk: Desk) -> str:
    """An epic that shows 0 %, with two stories to do."""
    return shown(desk)


@pytest.fixture
def stories(desk: Desk, epic: str) -> list[str]:
    return [desk.side.story(epic, f"Step {number}") for number in (1, 2)]


def shown(desk: Desk) -> str:
    desk.apply()
    epic = desk.side.epic()
    desk.side.story(epic)
    desk.settle()
    assert desk.side.value(epic, "KR Progress") == 0
    desk.clock.forward(minutes=5)
    return epic


def test_a_persons_value_stands_and_is_reported(desk, epic, stories):
    desk.side.edit(epic, "KR Progress", 77)
    desk.side.done(stories[0])
    desk.settle()
    desk.side.done(stories[1])
    desk.later(hours=1)

    assert desk.side.value(epic, "KR Progress") == 77
    assert desk.held() == {(epic, "KR Progress"): 77}


def test_other_fields_of_the_item_go_on(desk, epic, stories):
    before = desk.side.value(epic, "KR Status")
    desk.side.edit(epic, "KR Progress", 77)
    for story in stories:
        desk.side.done(story)
    desk.settle()

    assert desk.side.value(epic, "KR Status") != before
    assert desk.side.value(epic, "KR Progress") == 77


def test_emptying_it_hands_the_field_back(desk, epic, stories):
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()
    assert desk.held()

    desk.side.edit(epic, "KR Progress", None)
    desk.later(minutes=2)

    assert desk.side.value(epic, "KR Progress") == 0
    assert not desk.held()


def test_typing_our_value_hands_the_field_back(desk, epic, stories):
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()

    desk.side.edit(epic, "KR Progress", 0)
    desk.settle()
    assert not desk.held()

    desk.side.done(stories[0])
    desk.later(minutes=2)
    assert desk.side.value(epic, "KR Progress") == 33


def test_emptying_our_value_keeps_the_field_empty(desk, epic, stories):
    """Whoever empties a field that okrlink filled does not want to see a value there."""
    desk.side.edit(epic, "KR Progress", None)
    desk.settle()
    desk.side.done(stories[0])
    desk.later(hours=1)

    assert desk.side.value(epic, "KR Progress") is None
    assert desk.held() == {(epic, "KR Progress"): None}


def test_a_value_typed_before_the_first_write_stands(desk):
    desk.apply()
    epic = desk.side.epic()
    desk.side.story(epic)
    desk.side.edit(epic, "KR Progress", 40)
    desk.settle()

    assert desk.side.value(epic, "KR Progress") == 40
    assert desk.held() == {(epic, "KR Progress"): 40}


def test_a_new_database_knows_its_former_values_by_the_history(desk, epic, stories):
    """Whose a value is that nothing remembers, the tracker's history tells: our account's may be replaced."""
    desk.side.done(stories[0])
    desk.side.edit(epic, "KR Status", "ask Dana")
    with desk.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM written")
    desk.later(minutes=2)

    assert desk.side.value(epic, "KR Progress") == 33
    assert desk.held() == {(epic, "KR Status"): "ask Dana"}


def test_the_mapping_says_otherwise(desk, epic, stories):
    """A field that the mapping gives up is the person's; naming it again takes it back, with the value it has."""
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()

    desk.apply(fields={"KR Status": "status"})
    desk.later(minutes=2)
    assert desk.side.value(epic, "KR Progress") == 77
    assert not desk.held()

    desk.apply()
    desk.later(minutes=2)
    assert desk.side.value(epic, "KR Progress") == 0
    assert not desk.held()


def test_what_a_person_typed_after_the_mapping_gave_the_field_up_stands(desk, epic):
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()
    desk.apply(fields={"KR Status": "status"})
    desk.later(minutes=2)

    desk.side.edit(epic, "KR Progress", 78)
    desk.apply()
    desk.later(minutes=2)

    assert desk.side.value(epic, "KR Progress") == 78
    assert desk.held() == {(epic, "KR Progress"): 78}


def test_a_removed_link_leaves_a_persons_value(desk, epic):
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()
    desk.side.untag(epic, "kr:built")
    desk.later(minutes=2)

    assert desk.side.value(epic, "KR Progress") == 77
    assert desk.side.value(epic, "KR Status") is None
    assert not desk.held(), "nothing of ours belongs there any more: there is nothing to report"


class Meddling:
    """A client for which somebody is quicker: between its look and its write a person edits the same field."""

    def __init__(self, client, meddle):
        self._client, self._meddle = client, meddle

    def __getattr__(self, name):
        return getattr(self._client, name)

    def write(self, *args, **named):
        meddle, self._meddle = self._meddle, None
        if meddle:
            meddle()
        self._client.write(*args, **named)


def meddle(desk: Desk, what) -> None:
    name = desk.side.name
    desk.clients[name] = Meddling(desk.clients[name], what)


def test_azure_devops_refuses_to_overwrite_what_we_have_not_seen(ado_desk):
    """The revision guards the write: we look again, see the person's value, and leave it alone."""
    desk = ado_desk
    epic = shown(desk)
    story = desk.side.story(epic)
    desk.side.done(story)
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", 77))
    desk.settle()

    assert desk.side.value(epic, "KR Progress") == 77
    assert desk.held() == {(epic, "KR Progress"): 77}
    history = desk.side.simulator.item(int(epic)).updates
    progress = [made.fields["Custom.KRProgress"][1] for made in history if "Custom.KRProgress" in made.fields]
    assert progress == [0, 77], "there never was another value in between"


def test_jira_gets_back_what_was_overwritten_in_the_moment_in_which_it_was_typed(jira_desk):
    """Jira guards nothing, but its history tells what really stood there when we wrote: it is put back, once."""
    desk = jira_desk
    epic = shown(desk)
    story = desk.side.story(epic)
    desk.side.done(story)
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", 77))
    desk.settle()
    assert desk.side.value(epic, "KR Progress") == 50, "it was overwritten; Jira cannot prevent it"
    assert desk.held() == {(epic, "KR Progress"): 77}, "but found at once"

    desk.later(minutes=1)
    assert desk.side.value(epic, "KR Progress") == 77
    writes = len(desk.side.writes)

    desk.side.edit(epic, "KR Progress", None)
    desk.later(minutes=2)
    assert desk.side.value(epic, "KR Progress") == 50, "it is theirs: emptying it hands the field back"
    desk.side.edit(epic, "KR Progress", 12)
    desk.later(hours=1)
    assert desk.side.value(epic, "KR Progress") == 12
    assert len(desk.side.writes) == writes + 1, "and never was put back twice"


@pytest.mark.parametrize("typed", [77, None])
def test_jira_gets_it_back_although_our_answer_was_lost(jira_desk, typed):
    """The write arrived, its answer did not: that it was begun was known before it was sent."""
    desk = jira_desk
    epic = shown(desk)
    desk.side.done(desk.side.story(epic))
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", typed))
    desk.side.faults.add(Fault("work then cut", method="PUT"))
    desk.settle()
    assert desk.side.value(epic, "KR Progress") == 50

    desk.later(minutes=1)
    assert desk.side.value(epic, "KR Progress") == typed
    assert desk.held() == {(epic, "KR Progress"): typed}


def test_jira_gets_back_what_was_cleared_in_the_moment_in_which_it_was_typed(jira_desk):
    """The link is gone, so our value goes; the one typed meanwhile is not ours to clear, and not ours to watch either."""
    desk = jira_desk
    epic = shown(desk)
    desk.side.untag(epic, "kr:built")
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", 77))
    desk.settle()
    assert desk.side.value(epic, "KR Progress") is None

    desk.later(minutes=1)
    assert desk.side.value(epic, "KR Progress") == 77
    assert desk.side.value(epic, "KR Status") is None
    assert not desk.held()


def test_in_jira_two_people_in_one_moment_win_one_after_the_other(jira_desk):
    """While their value is put back somebody types again: that, too, is found and put back."""
    desk = jira_desk
    epic = shown(desk)
    desk.side.done(desk.side.story(epic))
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", 77))
    desk.settle()
    meddle(desk, lambda: desk.side.edit(epic, "KR Progress", 78, by="okrlink"))
    desk.later(minutes=1)
    desk.later(minutes=1)

    assert desk.side.value(epic, "KR Progress") == 78
    assert desk.held() == {(epic, "KR Progress"): 78}


def test_an_edit_under_our_own_account_is_a_persons(desk, epic, stories):
    """The account that okrlink uses may be a colleague's."""
    ours = "okrlink" if desk.side.name == "jira" else desk.side.simulator.account
    desk.side.edit(epic, "KR Progress", 77, by=ours)
    desk.side.done(stories[0])
    desk.later(minutes=2)

    assert desk.side.value(epic, "KR Progress") == 77
    assert desk.held() == {(epic, "KR Progress"): 77}


def test_a_plan_names_what_is_left_alone(desk, epic, stories):
    desk.side.edit(epic, "KR Progress", 77)
    desk.settle()

    (planned,) = desk.plan().items
    assert planned.left_alone == {"KR Progress": 77}
    assert not planned.changes


def test_a_plan_sees_an_edit_that_no_webhook_told_of(desk, epic, stories):
    desk.side.done(stories[0])
    desk.refresh()
    desk.side.edit(epic, "KR Progress", 77)

    (planned,) = desk.plan().items
    assert planned.left_alone == {"KR Progress": 77}
    assert "KR Progress" not in {change.name for change in planned.changes}
