"""Promise 10: what trackers sent is kept as long as it is needed and no longer."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from integration import retention
from integration.core.retention import Retention
from integration.retention import EVERY, JOB, LEASE, throw_away
from integration.simulators.jira import JiraSimulator
from integration.store import applied, deliveries, tables
from integration.store.db import Database
from integration.store.deliveries import Outcome
from tests.living import SECRETS, Living, jira_mapping, until
from tests.steps import NOW

DAYS = {"yesterday": 1, "a month ago": 31, "a quarter ago": 91}


class TestRetention:
    """Raw deliveries are kept for 30 days and dead ones for 90, unless the mapping says otherwise."""

    def test_what_was_read_goes_after_a_month_and_what_was_not_understood_after_a_quarter(self, database):
        receive(database, {f"{state} {when}": days for state in STATES for when, days in DAYS.items()})

        assert throw_away(database, Retention(), at(NOW)) == 7

        assert kept(database) == {
            *(f"{state} yesterday" for state in STATES),
            "dead a month ago",
            *(f"new {when}" for when in DAYS),
        }

    def test_the_mapping_says_otherwise(self, database):
        receive(database, {"done a": 3, "done b": 1, "dead c": 3, "dead d": 1})
        throw_away(database, Retention(deliveries=timedelta(days=30), dead=timedelta(days=2)), at(NOW))
        assert kept(database) == {"done a", "done b", "dead d"}

    def test_nothing_is_left_of_what_is_thrown_away(self, database):
        receive(database, {"done a": 31})
        throw_away(database, Retention(), at(NOW))
        with database.read() as connection:
            assert deliveries.counts(connection) == []

    def test_many_of_them_go_in_small_batches(self, database, monkeypatch):
        monkeypatch.setattr(retention, "PAGE", 100)
        receive(database, {f"{'dead' if number % 7 else 'done'} {number}": 31 for number in range(730)})
        held = deleted_at_once(database)

        assert throw_away(database, Retention(dead=timedelta(days=30)), at(NOW)) == 730

        assert not kept(database)
        assert max(held) <= deliveries.AT_ONCE

    def test_large_bodies_go_one_by_one(self, database, monkeypatch):
        receive(database, {f"done {number}": 31 for number in range(3)}, body=b"x" * (deliveries.LARGEST_AT_ONCE - 1))
        held = deleted_at_once(database)
        throw_away(database, Retention(), at(NOW))
        assert held == [1, 1, 1]

    def test_one_that_is_to_be_read_again_stays_although_it_was_found_too_old(self, database):
        receive(database, {"dead a": 91})
        with database.write() as connection:
            (one,) = deliveries.oldest(connection, 0, 10)
            deliveries.replay(connection)
            assert deliveries.throw_away(connection, [one.id]) == 0
        assert kept(database) == {"dead a"}


class TestPeriodicWork:
    """However many workers there are, one throws away, once an hour."""

    def test_once_an_hour(self, database):
        assert throw_away(database, Retention(), at(NOW)) == 0
        assert throw_away(database, Retention(), at(NOW + EVERY / 2)) is None
        assert throw_away(database, Retention(), at(NOW + EVERY)) == 0

    def test_not_while_another_worker_does_it(self, database):
        receive(database, {"done a": 31})
        with database.write() as connection:
            assert applied.claim_job(connection, JOB, NOW, LEASE)
        assert throw_away(database, Retention(), at(NOW)) is None
        assert throw_away(database, Retention(), at(NOW + LEASE * 2)) == 1, "that one died"

    def test_what_is_left_when_a_worker_is_told_to_stop_is_done_by_the_next(self, database):
        receive(database, {"done a": 31})
        assert throw_away(database, Retention(), at(NOW), stop=lambda: True) == 0
        assert throw_away(database, Retention(), at(NOW)) == 1


def test_a_worker_does_as_the_applied_mapping_says(database_url, tmp_path, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with JiraSimulator() as jira:
        mapping = jira_mapping(jira) + "retention: {deliveries: 2 h}\n"
        with Living(database_url, "", tmp_path) as living:
            with living.database.write() as connection:
                for name, hours in (("three hours ago", 3), ("an hour ago", 1)):
                    at = datetime.now(UTC) - timedelta(hours=hours)
                    row = {"connection": "jira", "delivery": name, "received_at": at, "headers": "{}", "body": b"{}"}
                    number = connection.execute(tables.deliveries.insert().values(row)).inserted_primary_key[0]
                    deliveries.finish(connection, [Outcome(number, "done")])
            living.apply(mapping)
            until(lambda: kept(living.database) == {"an hour ago"}, what="the older one's end")


STATES = ("new", "done", "ignored", "unsupported", "dead")


def at(moment: datetime):
    return lambda: moment


def receive(database: Database, days_ago: Mapping[str, int], body: bytes = b"{}") -> None:
    """Deliveries named by what became of them, oldest first."""
    with database.write() as connection:
        for name, days in sorted(days_ago.items(), key=lambda one: -one[1]):
            row = {"connection": "jira", "delivery": name, "received_at": NOW - timedelta(days=days), "headers": "{}"}
            number = connection.execute(tables.deliveries.insert().values(**row, body=body)).inserted_primary_key[0]
            deliveries.finish(connection, [Outcome(number, name.split()[0], "an event")])


def deleted_at_once(database: Database) -> list[int]:
    """How many deliveries each statement from now on deletes."""
    counted: list[int] = []

    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("DELETE FROM deliveries"):
            counted.append(cursor.rowcount)

    event.listen(database.engine, "after_cursor_execute", count)
    return counted


def kept(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(tables.deliveries.c.delivery)).scalars())
