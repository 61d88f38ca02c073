"""Wishes, leases, pauses, and what is remembered of each field of ours."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.core.facts import ItemRef
from integration.store import outbox, pauses, written
from integration.store.outbox import LEASE
from integration.store.written import Sent

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
EPIC, OTHER = ItemRef("jira", "10001"), ItemRef("ado", "7")
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def db(database):
    with database.write() as connection:
        yield connection


def known(db, ref=EPIC):
    return {one.target: one for one in written.on_item(db, ref)}


class TestWishes:
    def test_the_newest_wish_wins_and_keeps_its_turn(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, LATER)
        outbox.want(db, EPIC, {"f": 2}, NOW, NOW)
        (wish,) = outbox.wishes(db, "wanted")
        assert wish.desired == {"f": 2}
        assert not outbox.due(db, NOW)
        assert outbox.due(db, LATER)

    def test_a_wish_that_came_meanwhile_waits_for_the_next_turn(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        (wish,) = outbox.claim(db, NOW, 1)
        outbox.want(db, EPIC, {"f": 2}, NOW, NOW)
        outbox.finish(db, wish, LATER)
        assert not outbox.claim(db, NOW, 1)
        assert outbox.claim(db, LATER, 1)[0].desired == {"f": 2}

    def test_a_wish_is_one_workers(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        (wish,) = outbox.claim(db, NOW, 1)
        assert not outbox.claim(db, NOW + LEASE, 1)
        assert outbox.is_ours(db, wish)

    @pytest.mark.parametrize(
        "end",
        [
            lambda db, wish: outbox.finish(db, wish, LATER),
            lambda db, wish: outbox.retry(db, wish, LATER, "no"),
            lambda db, wish: outbox.give_up(db, wish, "no"),
            outbox.drop,
        ],
    )
    def test_who_lost_the_lease_changes_nothing(self, db, end):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        (slow,) = outbox.claim(db, NOW, 1)
        (quick,) = outbox.claim(db, NOW + 2 * LEASE, 1)
        end(db, slow)
        assert outbox.is_ours(db, quick)
        assert not outbox.is_ours(db, slow)

    def test_of_a_withdrawn_wish_nothing_is_tried_again(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        (wish,) = outbox.claim(db, NOW, 1)
        outbox.withdraw(db, [EPIC])
        outbox.retry(db, wish, NOW, "no")
        assert outbox.claim(db, NOW, 1)[0].desired == {}

    def test_a_tracker_in_trouble_is_given_time_whatever_is_wished(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        (wish,) = outbox.claim(db, NOW, 1)
        outbox.retry(db, wish, LATER, "HTTP 500")
        outbox.want(db, EPIC, {"f": 2}, NOW, NOW)
        assert not outbox.due(db, NOW)
        assert outbox.claim(db, LATER, 1)[0].attempts == 1

    def test_what_was_given_up_is_tried_again_for_another_value_or_on_replay(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        outbox.give_up(db, outbox.claim(db, NOW, 1)[0], "HTTP 400")
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        assert [wish.reason for wish in outbox.wishes(db, "dead")] == ["HTTP 400"]
        assert outbox.replay(db, NOW) == 1
        assert outbox.claim(db, NOW, 1)

    def test_a_connection_that_rests_is_left_alone(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        outbox.want(db, OTHER, {"f": 1}, NOW, NOW)
        pauses.pause(db, "jira", LATER)
        pauses.pause(db, "jira", NOW)
        assert [wish.ref for wish in outbox.claim(db, NOW, 9)] == [OTHER]
        assert [wish.ref for wish in outbox.claim(db, LATER, 9)] == [EPIC]

    def test_a_rest_that_a_wrong_clock_noted_does_not_last_for_years(self, db):
        outbox.want(db, EPIC, {"f": 1}, NOW, NOW)
        pauses.pause(db, "jira", NOW + timedelta(days=365))
        assert [wish.ref for wish in outbox.claim(db, NOW, 9)] == [EPIC]
        another = replace(EPIC, id="another")
        outbox.want(db, another, {"f": 1}, NOW, NOW)
        pauses.pause(db, "jira", LATER)
        assert outbox.claim(db, NOW, 9) == []
        assert another in [wish.ref for wish in outbox.claim(db, LATER, 9)]


class TestWritten:
    def test_what_is_announced_may_stand_there(self, db):
        written.announce(db, EPIC, {"f": 1}, {"f": "KR Progress"}, {"f": Sent(saw=None, wrote=1, after=3)})
        written.announce(db, EPIC, {"f": 1}, {"f": "KR Progress"}, {})
        one = known(db)["f"]
        assert (one.attempts, one.known, one.field) == ((1,), False, "KR Progress")
        assert one.sent == (Sent(saw=None, wrote=1, after=3),)

    def test_what_was_written_is_known(self, db):
        written.announce(db, EPIC, {"f": 1}, {"f": "KR Progress"}, {})
        written.settle(db, EPIC, {"f": 1}, {"f"}, NOW)
        one = known(db)["f"]
        assert (one.value, one.attempts, one.known, one.written_at) == (1, (), True, NOW)

    def test_what_was_cleared_is_forgotten_once_its_history_was_heard(self, db):
        written.announce(db, EPIC, {"f": None}, {"f": "KR Progress"}, {"f": Sent(saw=1, wrote=None, after=3)})
        written.settle(db, EPIC, {"f": None}, {"f"}, NOW)
        assert known(db)["f"].sent
        written.verified(db, EPIC, "f", [])
        assert not known(db)

    def test_a_held_value_is_reported_until_ours_stands_again(self, db):
        written.hold(db, EPIC, "f", 77, "KR Progress")
        assert written.held(db) == [(EPIC, "f", 77)]
        written.settle(db, EPIC, {"f": 60}, {"f"}, NOW)
        assert not written.held(db)

    @pytest.mark.parametrize(("value", "left"), [(77, {"f"}), (None, set())])
    def test_what_the_mapping_releases_may_be_replaced(self, db, value, left):
        """An emptied field needs no leave."""
        written.hold(db, EPIC, "f", value, "KR Progress")
        written.release(db, EPIC, "f")
        assert set(known(db)) == left
        assert all(one.released == (value,) and one.held is None for one in known(db).values())

    def test_refusals_are_counted_by_field(self, db):
        for ref in (EPIC, ItemRef("jira", "10002")):
            written.refuse(db, ref, "f", "KR Progress", "not on the screen", LATER)
        assert [ref.id for ref, _ in written.refusals(db, "jira", "f")] == ["10001", "10002"]
        assert known(db)["f"].refuses(NOW)
        assert not known(db)["f"].refuses(LATER)
        assert len(written.clear_refusals(db)) == 2
        assert not known(db)
