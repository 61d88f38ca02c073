"""Marks: what a step of refresh reads, and what waits for another."""

from datetime import UTC, datetime

from integration.store import marks
from integration.store.db import Database
from integration.store.marks import Mark

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_a_mark_of_a_delivery_is_no_work_of_the_other_steps(database: Database) -> None:
    with database.write() as connection:
        marks.add(connection, [Mark("delivery", ("", "deployment:d-1"), NOW)])

    with database.read() as connection:
        assert marks.oldest(connection, "delivery", 10, NOW) == [("", "deployment:d-1")]
        assert (marks.pending(connection), marks.waiting_since(connection)) == ({}, None)
