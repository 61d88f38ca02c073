"""Promise 5: only changed values are written, seldom, quietly, as the tracker allows, and never more than a plan shows."""

from datetime import timedelta

import pytest

from integration.publish import publish
from integration.publish.talking import LEAST_LEASE
from integration.simulators.faults import Fault
from integration.store import outbox
from integration.trackers.http import LONGEST_CALL
from tests.desk import Desk

PUT = {"jira": {"method": "PUT", "path": r"^/rest/"}, "ado": {"method": "PATCH", "path": r"(?i)/wit/workitems/"}}
"""How each tracker is written to."""


def fault(desk: Desk, kind: str, **more) -> None:
    desk.side.faults.add(Fault(kind, **{**PUT[desk.side.name], **more}))


def epic_with_stories(desk: Desk, count: int = 4, **said) -> tuple[str, list[str]]:
    """An epic that shows 0 %, written five minutes ago, and its stories."""
    desk.apply(**said)
    epic = desk.side.epic()
    stories = [desk.side.story(epic, f"Step {number}") for number in range(count)]
    desk.settle()
    desk.clock.forward(minutes=5)
    return epic, stories


def progress_written(desk: Desk, item: str) -> list:
    return [
        write.values["KR Progress"]
        for write in desk.side.writes
        if write.item == item and "KR Progress" in write.values
    ]


class TestMinimal:
    def test_only_what_changed_is_written(self, desk):
        epic, stories = epic_with_stories(desk)
        written = len(desk.side.writes)
        desk.side.done(stories[0])
        desk.settle()

        (write,) = desk.side.writes[written:]
        assert write.item == epic
        assert write.values["KR Progress"] == 25
        assert "KR Summary" not in write.values

    def test_equal_values_are_not_written(self, desk):
        _, stories = epic_with_stories(desk)
        tries = desk.side.tries
        desk.side.edit(stories[0], "KR Summary", "whatever a person writes on a story")
        desk.side.tag(stories[0], "green")
        desk.later(minutes=30)

        assert desk.side.tries == tries

    def test_many_changes_within_every_are_one_write(self, desk):
        """The first change of a quiet item is written at once, the others together when their time has come."""
        epic, stories = epic_with_stories(desk, every="10 min")
        desk.clock.forward(minutes=10)
        for story in stories[:3]:
            desk.side.done(story)
            desk.settle()
        assert progress_written(desk, epic) == [0, 25]

        desk.later(minutes=9)
        assert progress_written(desk, epic) == [0, 25]
        desk.later(minutes=1)
        assert progress_written(desk, epic) == [0, 25, 75]

    def test_a_change_that_was_taken_back_is_not_written(self, desk):
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.settle()
        written = len(desk.side.writes)
        desk.side.done(stories[1])
        desk.settle()
        desk.side.delete(stories[1])
        desk.side.delete(stories[0])
        desk.side.done(desk.side.story(epic))
        desk.settle()
        assert progress_written(desk, epic)[-1] == 25
        assert desk.side.value(epic, "KR Progress") == 25
        assert len(desk.side.writes) == written

    @pytest.mark.parametrize(("tracker", "minutes"), [("jira", 1), ("ado", 15)])
    def test_azure_devops_is_written_more_seldom(self, tracker, minutes, request):
        """10,000 revisions are a work item's lifetime there."""
        desk = request.getfixturevalue(f"{tracker}_desk")
        keys = "{fields: {KR Progress: percent}}"
        epic, stories = epic_with_stories(desk, write_back=f"write_back: {{{desk.side.name}: {keys}}}")
        desk.clock.forward(minutes=15)
        for story in stories:
            desk.side.done(story)
            desk.settle()
        desk.later(minutes=minutes, seconds=-1)
        assert progress_written(desk, epic) == [0, 25]
        desk.later(seconds=1)
        assert progress_written(desk, epic) == [0, 25, 100]

    def test_what_changes_by_itself_travels_along(self, desk):
        epic, stories = epic_with_stories(desk, fields={"KR Progress": "percent", "KR Summary": "updated"})
        written = len(desk.side.writes)
        desk.clock.forward(days=1)
        desk.side.tag(epic, "green")
        desk.settle()
        assert len(desk.side.writes) == written

        desk.side.done(stories[0])
        desk.settle()
        (write,) = desk.side.writes[written:]
        assert set(write.values) == {"KR Progress", "KR Summary"}


class TestPolite:
    @pytest.mark.parametrize("kind", ["throttle", "unavailable", "error", "html", "broken json", "cut", "hang"])
    def test_a_tracker_in_trouble_is_asked_again_later(self, desk, kind):
        epic, stories = epic_with_stories(desk)
        fault(desk, kind, seconds=0.05)
        desk.side.done(stories[0])
        desk.settle()
        assert desk.side.value(epic, "KR Progress") == 0
        assert desk.side.faults.hits

        desk.later(minutes=1)
        assert desk.side.value(epic, "KR Progress") == 25
        assert progress_written(desk, epic) == [0, 25]

    def test_a_lost_answer_makes_no_second_write(self, desk):
        epic, stories = epic_with_stories(desk, remote_link=True)
        fault(desk, "work then cut")
        desk.side.done(stories[0])
        desk.settle()
        assert desk.side.value(epic, "KR Progress") == 25
        assert desk.wishes()

        desk.later(minutes=1)
        assert not desk.wishes()
        assert progress_written(desk, epic) == [0, 25]
        assert desk.side.badges(epic) == ["https://okr.example/key-results/checkout.built"]

    def test_the_latest_value_arrives_after_an_outage(self, desk):
        epic, stories = epic_with_stories(desk)
        desk.side.faults.add(Fault("unavailable", times=None))
        for story in stories[:3]:
            desk.side.done(story)
            desk.later(minutes=1)
        desk.side.faults.clear()
        desk.later(minutes=20)

        assert progress_written(desk, epic) == [0, 75]

    def test_the_pauses_grow_while_it_lasts(self, desk):
        _, stories = epic_with_stories(desk)
        desk.side.faults.add(Fault("error", times=None))
        desk.side.done(stories[0])
        for _ in range(60):
            desk.later(minutes=1)

        assert len(desk.side.faults.hits) < 15
        (wish,) = desk.wishes()
        assert "HTTP 500" in wish.reason

    @pytest.mark.parametrize("kind", ["throttle", "unavailable"])
    def test_retry_after_is_kept_for_the_whole_connection(self, desk, kind):
        """Whatever a limit was met by: no worker writes to that tracker before it wants to be written to."""
        epic, stories = epic_with_stories(desk)
        other = desk.side.epic("Another", tag="kr:rated")
        fault(desk, kind, retry_after=300)
        desk.side.done(stories[0])
        desk.settle()
        tries = desk.side.tries
        desk.settle()
        desk.later(seconds=299)
        assert desk.side.tries == tries
        assert any("nothing is read or written before 12:10" in line for line in desk.notices())

        desk.clients = desk.connect(desk.mapping())  # a client remembers for itself, by the clock on the wall
        desk.later(seconds=40)
        assert desk.side.value(epic, "KR Progress") == 25
        assert desk.side.value(other, "KR Status")
        assert not desk.notices()

    def test_jiras_limit_on_one_issue_delays_that_issue_only(self, jira_desk):
        desk = jira_desk
        epic, stories = epic_with_stories(desk)
        fault(desk, "throttle", retry_after=300, reason="jira-per-issue-on-write")
        desk.side.done(stories[0])
        desk.settle()
        other = desk.side.epic("Another", tag="kr:rated")
        desk.settle()

        assert desk.side.value(epic, "KR Progress") == 0
        assert desk.side.value(other, "KR Status")
        desk.later(seconds=299)
        assert desk.side.value(epic, "KR Progress") == 0
        desk.later(seconds=40)
        assert desk.side.value(epic, "KR Progress") == 25

    def test_azure_devops_wish_to_slow_down_is_kept_by_all_workers(self, ado_desk):
        """It comes with an answer that is good; the next call, by whomever, has to wait."""
        desk = ado_desk
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        desk.side.simulator.slow_down(2, retry_after=0.5)
        desk.publish()
        assert desk.side.value(epic, "KR Progress") == 25

        other = desk.side.epic("Another", tag="kr:rated")
        desk.clients = desk.connect(desk.mapping())
        desk.later(seconds=0.2)
        assert desk.side.value(other, "KR Status") is None
        desk.later(seconds=0.4)
        assert desk.side.value(other, "KR Status")

    def test_what_must_be_left_of_a_lease_outlasts_one_write(self):
        """At most two calls: the fields, and the badge."""
        assert LEAST_LEASE.total_seconds() > 2 * LONGEST_CALL

    def test_a_lease_that_may_run_out_is_not_used(self, desk):
        """Another worker may begin where ours took too long; so ours stops before it talks again."""
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        tries = desk.side.tries
        slow = desk.clients[desk.side.name]

        class Slow:
            def __getattr__(self, name):
                return getattr(slow, name)

            def current(self, *args, **named):
                desk.clock.forward(minutes=3)
                return slow.current(*args, **named)

        assert publish(desk.database, desk.policy.scorecard, desk.policy.revision, {desk.side.name: Slow()}, desk.clock)
        assert desk.side.tries == tries
        (wish,) = desk.wishes()
        assert "took so long" in wish.reason

        desk.later(minutes=1)
        assert progress_written(desk, epic) == [0, 25]

    def test_a_worker_whose_lease_was_taken_over_writes_nothing(self, desk):
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        quick = desk.clients[desk.side.name]

        class TakenOver:
            def __getattr__(self, name):
                return getattr(quick, name)

            def current(self, *args, **named):
                with desk.database.write() as connection:
                    assert outbox.claim(connection, desk.clock() + outbox.LEASE + timedelta(seconds=1), 1)
                return quick.current(*args, **named)

        tries = desk.side.tries
        publish(desk.database, desk.policy.scorecard, desk.policy.revision, {desk.side.name: TakenOver()}, desk.clock)
        assert desk.side.tries == tries
        assert desk.publish() == 0, "the wish is the other worker's now"

        desk.later(minutes=11)
        assert progress_written(desk, epic) == [0, 25]


class TestQuiet:
    def test_nobody_gets_mail(self, desk):
        _, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.settle()
        assert desk.side.writes
        assert not desk.side.emails

    def test_without_the_permission_no_field_is_written_and_one_line_says_so(self, desk):
        desk.side.may_be_quiet(False)
        epic, _ = epic_with_stories(desk)
        desk.side.epic("Another", tag="kr:rated")
        desk.settle()

        assert not desk.side.writes
        assert not desk.side.emails
        (line,) = desk.notices()
        assert "quiet: false" in line
        assert line in desk.plan().problems.values()
        assert not [wish for wish in desk.wishes() if wish.reason], "one line, not one an item"

        desk.side.may_be_quiet(True)
        desk.clients = desk.connect(desk.mapping())
        desk.later(minutes=20)
        assert desk.side.value(epic, "KR Progress") == 0
        assert not desk.notices()

    def test_where_mail_is_wanted_it_writes(self, desk):
        desk.side.may_be_quiet(False)
        epic, _ = epic_with_stories(desk, quiet=False)

        assert desk.side.value(epic, "KR Progress") == 0
        assert desk.side.emails
        assert not desk.notices()

    def test_a_badge_sends_no_mail_in_jira(self, jira_desk):
        desk = jira_desk
        desk.side.may_be_quiet(False)
        epic, _ = epic_with_stories(desk, remote_link=True)

        assert desk.side.badges(epic)
        assert desk.side.value(epic, "KR Progress") is None
        assert not desk.side.emails


class TestNothingUnasked:
    def test_nothing_is_written_before_the_first_apply(self, desk):
        epic = desk.side.epic()
        desk.side.done(desk.side.story(epic))
        desk.refresh()
        desk.plan()
        desk.side.assert_readonly()

    def test_a_connection_without_write_back_is_only_read(self, desk):
        _, stories = epic_with_stories(desk, write_back="")
        desk.side.done(stories[0])
        desk.later(days=1)
        desk.side.assert_readonly()

    def test_what_a_former_mapping_wished_is_not_written(self, desk):
        """A wish waits for its turn while another mapping is applied: it is not that one's wish."""
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        assert desk.wishes()
        desk.apply(fields={"KR Status": "status"})
        assert not desk.wishes()
        desk.later(minutes=5)
        assert progress_written(desk, epic) == [0, None]

    def test_items_that_are_gone_are_forgotten(self, desk):
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        desk.side.delete(epic)
        tries = desk.side.tries
        desk.settle()
        assert desk.side.tries == tries
        assert not desk.wishes()
        assert not desk.wishes("dead")

    def test_items_that_are_gone_without_a_word_are_forgotten(self, desk):
        """The webhook of the deletion was lost: the tracker does not know the item."""
        epic, stories = epic_with_stories(desk)
        desk.side.done(stories[0])
        desk.refresh()
        desk.side.delete(epic)
        desk.publish()
        assert not desk.wishes()
        assert not desk.wishes("dead")
