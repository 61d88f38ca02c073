"""The ledgers of several processes: turns that they take from one bucket, rests that all know of, counts that add up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from integration.core.bucket import Bucket
from integration.ledger import LOOK_EVERY, Ledgers
from integration.store import budgets
from integration.store.budgets import Asked
from integration.store.db import Database
from integration.trackers.contract import Connection, Ledger
from tests.sides import Clock

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SITE = Connection("jira", "jira", "https://bookshop.jira.example", requests_per_second=20)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def processes(database_url: str, clock: Clock) -> Iterator[list[Ledgers]]:
    """As many as share a database at worst, each with its own way to it."""
    databases = [Database.open(database_url) for _ in range(5)]
    yield [Ledgers(database, clock) for database in databases]
    for database in databases:
        database.close()


def ledger(process: Ledgers, site: Connection = SITE) -> Ledger:
    shared = process.share(site).ledger
    assert shared is not None
    return shared


def asked(database: Database, since: datetime = NOON) -> list[Asked]:
    with database.read() as connection:
        return list(budgets.asked(connection, since))


def test_together_they_never_ask_more_than_the_mapping_allows(processes: list[Ledgers], clock: Clock) -> None:
    """All want more than there is, all the time. What a tracker would count: a bucket of a second's worth."""
    ledgers = [ledger(process) for process in processes]
    granted, left, most = 0, 20.0, 20.0
    for _ in range(300):
        for one in ledgers:
            while one.take(patient=False) == 0:
                granted, left = granted + 1, left - 1
            assert left >= 0, f"after {granted} requests"
        clock.forward(seconds=0.01)
        left = min(most, left + 0.2)

    assert granted >= 0.9 * 3 * 20, "and what is allowed is used"


def test_the_past_waits_while_others_use_all_there_is(processes: list[Ledgers], clock: Clock) -> None:
    backfill, worker = ledger(processes[0]), ledger(processes[1])

    def served(seconds: int, *, writing: bool) -> tuple[int, int]:
        writes = pages = 0
        for _ in range(seconds * 100):
            if backfill.take(patient=True) == 0:
                pages += 1
            while writing and worker.take(patient=False) == 0:
                writes += 1
            clock.forward(seconds=0.01)
        return writes, pages

    _, alone = served(3, writing=False)
    writes, beside = served(3, writing=True)

    assert alone >= 0.8 * 3 * 20
    assert writes >= 0.8 * 3 * 20
    assert beside <= Bucket(20).capacity, "no more than was there when the writes began"


def test_turns_that_were_taken_are_not_saved_up(processes: list[Ledgers], clock: Clock) -> None:
    one = ledger(processes[0])
    for _ in range(200):
        one.take(patient=False)
        clock.forward(seconds=0.02)
    clock.forward(seconds=60)

    at_once = 0
    while one.take(patient=False) == 0:
        at_once += 1
    assert at_once <= Bucket(20).capacity


def test_without_a_limit_of_the_mappings_nobody_waits_for_us(processes: list[Ledgers]) -> None:
    free = ledger(processes[0], replace(SITE, requests_per_second=None))

    assert {free.take(patient=patient) for patient in (True, False) for _ in range(1000)} == {0.0}


def test_a_limit_holds_as_soon_as_a_mapping_says_it(processes: list[Ledgers]) -> None:
    one = ledger(processes[0], replace(SITE, requests_per_second=None))
    ledger(processes[0])

    assert any(one.take(patient=False) > 0 for _ in range(100))


def test_a_rest_is_known_to_all_within_a_second(processes: list[Ledgers], clock: Clock) -> None:
    hears, other = ledger(processes[0]), ledger(processes[1])
    elsewhere = ledger(processes[1], replace(SITE, name="other"))
    assert other.rests("") == 0

    hears.rest("", 30)
    hears.rest("", 10)
    hears.rest("GET /rest/api/*/issue/*", 5)
    assert hears.rests("") == 30

    clock.time += LOOK_EVERY
    assert (other.rests(""), other.rests("GET /rest/api/*/issue/*"), elsewhere.rests("")) == (29, 4, 0)
    clock.forward(seconds=29)
    assert (other.rests(""), other.rests("GET /rest/api/*/issue/*")) == (0, 0)


def test_a_clock_that_was_wrong_stops_nobody_for_years(processes: list[Ledgers], clock: Clock) -> None:
    """One machine believed for a moment that it was next year, and noted a rest."""
    wrong, other = ledger(processes[0]), ledger(processes[1])
    clock.forward(days=365)
    wrong.rest("", 30)
    clock.time = NOON

    assert (wrong.rests(""), other.rests("")) == (0, 0)
    other.rest("", 20)
    clock.time += LOOK_EVERY
    assert (wrong.rests(""), other.rests("")) == (19, 19)


def test_counts_of_all_processes_add_up_by_the_hour(processes: list[Ledgers], clock: Clock, database: Database) -> None:
    for process in processes:
        one = ledger(process)
        for _ in range(3):
            one.count("history")
        one.count("write")
        one.count_refused("write")
        process.flush()
        process.flush()
    clock.forward(hours=1)
    ledger(processes[0]).count("write")
    ledger(processes[0], replace(SITE, name="ado")).count("check")
    processes[0].flush()

    assert asked(database) == [Asked("ado", "check", 1), Asked("jira", "history", 15), Asked("jira", "write", 6, 5)]
    assert asked(database, NOON + timedelta(hours=1)) == [Asked("ado", "check", 1), Asked("jira", "write", 1)]
    assert processes[0].spent() == {"ado": {"check": 1}, "jira": {"history": 3, "write": 2}}


def test_counts_that_nobody_looks_at_any_more_go(processes: list[Ledgers], clock: Clock, database: Database) -> None:
    ledger(processes[0]).count("write")
    processes[0].flush()
    clock.forward(days=91)
    ledger(processes[0]).count("look")
    processes[0].flush()

    assert asked(database, NOON) == [Asked("jira", "look", 1)]


def test_counts_wait_for_a_database_that_cannot_be_reached(sqlite_url: str, clock: Clock) -> None:
    database = Database.open(sqlite_url)
    assert database.file is not None
    ledgers = Ledgers(database, clock)
    ledger(ledgers, replace(SITE, requests_per_second=None)).count("write")
    away = database.file.with_name("away.db")
    database.file.rename(away)
    database.file.mkdir()
    ledgers.flush()

    database.file.rmdir()
    away.rename(database.file)
    ledgers.flush()
    assert asked(database) == [Asked("jira", "write", 1)]
    database.close()
