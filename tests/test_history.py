"""A walk through a tracker's past: it may stop anywhere, be told twice, and ends with every fact kept once."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from integration.core.errors import Retryable
from integration.history import AT_ONCE, GRACE, Taken, Told, walk
from integration.store import streams, tables
from integration.store.db import Database
from integration.store.streams import STANDING, Stream
from tests.chronicles import BEGAN, Chronicle, busy, down, moved

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def now() -> datetime:
    return NOW


def taken(database: Database, since: datetime = BEGAN) -> Stream:
    with database.write() as connection:
        streams.begin(connection, "jira", "items", STANDING, since, NOW)
        return streams.take_over(connection, "jira", "items", STANDING, NOW)


def walked(database: Database, chronicle: Chronicle, since: datetime = BEGAN) -> Told:
    return walk(database, chronicle, taken(database, since), now, HOUR)


def kept(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(tables.facts.c.source)).scalars())


def standing(database: Database) -> Stream:
    with database.read() as connection:
        found = streams.find(connection, "jira", "items", STANDING)
    assert found is not None
    return found


def test_a_walk_keeps_every_fact_marks_every_item_and_tells_how_many(database: Database) -> None:
    told = walked(database, busy(7))

    assert (told.items, told.new) == (7, 7)
    assert len(kept(database)) == 7
    with database.read() as connection:
        marked = set(connection.execute(select(tables.marks.c.subject)).scalars())
    assert marked == {f"SHOP-{number}" for number in range(5)}
    assert (standing(database).reached_at, standing(database).due_at) == (NOW, NOW + HOUR)


def test_the_next_walk_tells_only_what_came_since(database: Database) -> None:
    chronicle = busy(4)
    walked(database, chronicle)
    chronicle.pages += busy(6).pages[4:]

    told = walked(database, chronicle)

    assert chronicle.told == [0, 1, 2, 3, 4, 5]
    assert (told.items, told.new) == (2, 2)
    assert (standing(database).told, standing(database).new) == (6, 6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(stops=st.lists(st.integers(0, 9), max_size=6))
def test_wherever_it_is_stopped_nothing_is_missed_and_no_page_kept_is_asked_for_again(
    database: Database, stops: list[int]
) -> None:
    with database.write() as connection:
        for table in (tables.facts, tables.streams):
            connection.execute(delete(table))
    chronicle = busy(10)
    for stop in stops:
        chronicle.failures.setdefault(stop, []).append(down())
    for _ in range(len(stops)):
        with pytest.raises(Retryable):
            walked(database, chronicle)

    walked(database, chronicle)

    assert kept(database) == {f"SHOP-{number % 5}.{number}" for number in range(10)}
    assert chronicle.told == list(range(10))
    assert standing(database).new == 10


def test_a_page_too_large_for_one_transaction_is_kept_whole(database: Database) -> None:
    facts = [fact for number in range(AT_ONCE) for fact in moved(f"SHOP-{number}", number, BEGAN)]

    told = walked(database, Chronicle([facts]))

    assert told.new == AT_ONCE
    assert len(kept(database)) == AT_ONCE


def test_an_empty_page_still_brings_the_walk_on(database: Database) -> None:
    walked(database, Chronicle([(), ()]))

    assert standing(database).cursor == "2"


def test_whoever_loses_the_walk_to_another_stops_at_the_next_page(database: Database) -> None:
    stream = taken(database)
    with database.write() as connection:
        streams.take_over(connection, "jira", "items", STANDING, NOW + timedelta(seconds=1))

    with pytest.raises(Taken):
        walk(database, busy(3), stream, now, HOUR)

    assert standing(database).cursor is None


def test_what_webhooks_had_time_to_tell_and_did_not_counts_as_missed(database: Database) -> None:
    listening = NOW - HOUR
    before, meanwhile, just_now = listening - HOUR, listening + GRACE, NOW - GRACE / 2
    chronicle = Chronicle([moved(f"SHOP-{at.hour}", at.minute, at) for at in (before, meanwhile, just_now)])

    told = walked(database, chronicle, since=listening)

    assert (told.new, told.missed) == (3, 1)


def test_a_walk_that_is_walked_by_one_is_not_claimed_by_another(database: Database) -> None:
    taken(database)

    with database.write() as connection:
        assert streams.claim(connection, "jira", "items", STANDING, NOW) is None
        assert streams.claim(connection, "jira", "items", STANDING, NOW + streams.LEASE + HOUR) is not None
