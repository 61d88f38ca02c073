"""Asking trackers what webhooks missed: when, what becomes of trouble, and how items that are gone are found."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from integration.core.errors import Permanent, Refused, Retryable, ServiceError
from integration.core.facts import ItemRef
from integration.core.items import dump, join
from integration.rescan import SWEEP, SWEPT_EVERY, attempt, begin, rescan
from integration.store import applied, items, streams, tables
from integration.store.db import Database
from integration.store.items import Row
from integration.store.streams import STANDING, WHOLE, Stream
from integration.trackers.contract import Connection
from tests.chronicles import Chronicle, busy, moved

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
SITE = Connection("jira", "jira", "https://bookshop.jira.example", projects=("SHOP",), rescan=QUARTER)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def laid_out(database: Database, chronicle: Chronicle, at: datetime = NOW) -> None:
    begin(database, {"jira": chronicle}, at, at_start=True)


def asked(database: Database, chronicle: Chronicle, clock: Clock) -> bool:
    return rescan(database, {"jira": SITE}, {"jira": chronicle}, clock)


def standing(database: Database, name: str = "items") -> Stream:
    with database.read() as connection:
        found = streams.find(connection, "jira", name, STANDING)
    assert found is not None
    return found


def test_a_tracker_is_asked_at_start_and_then_every_so_often(database: Database, clock: Clock) -> None:
    chronicle = busy(2)
    laid_out(database, chronicle)

    assert asked(database, chronicle, clock)
    assert not asked(database, chronicle, clock)

    clock.at += QUARTER
    assert asked(database, chronicle, clock)
    assert chronicle.told == [0, 1]


def test_what_can_only_be_told_as_a_whole_is_asked_for_less_often(database: Database, clock: Clock) -> None:
    chronicle = busy(2)
    chronicle.rest = timedelta(hours=1)
    laid_out(database, chronicle)

    asked(database, chronicle, clock)

    assert standing(database).due_at == NOW + timedelta(hours=1)


def test_a_worker_that_starts_asks_at_once_unless_another_just_has(database: Database, clock: Clock) -> None:
    chronicle = busy(1)
    laid_out(database, chronicle)
    asked(database, chronicle, clock)

    clock.at += timedelta(seconds=30)
    laid_out(database, chronicle, clock.at)
    assert not asked(database, chronicle, clock)

    clock.at += timedelta(minutes=2)
    laid_out(database, chronicle, clock.at)
    assert asked(database, chronicle, clock)


def test_it_asks_from_when_the_mapping_was_applied(database: Database) -> None:
    with database.write() as connection:
        applied.apply(connection, "digest", {"okr.yaml": ""}, ".", NOW - timedelta(days=3))

    laid_out(database, busy(1))

    assert standing(database).since == NOW - timedelta(days=3)


def test_it_goes_on_from_where_a_backfill_of_all_projects_ended(database: Database) -> None:
    with database.write() as connection:
        for scope, cursor in ((WHOLE, "2"), ("project SHOP", "1")):
            streams.begin(connection, "jira", "items", scope, NOW, NOW, cursor)
            streams.reached(connection, streams.take_over(connection, "jira", "items", scope, NOW), NOW, NOW)

    laid_out(database, busy(3))

    assert standing(database).cursor == "2"


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Retryable("slower", after=90.0), timedelta(seconds=90)),
        (Retryable("being mended"), timedelta(seconds=2)),
        (Permanent("no such project"), QUARTER),
    ],
)
def test_trouble_is_kept_with_the_walk_and_tried_again_in_time(
    database: Database, clock: Clock, error: ServiceError, wait: timedelta
) -> None:
    chronicle = busy(3)
    chronicle.failures = {1: [error]}
    laid_out(database, chronicle)

    assert asked(database, chronicle, clock)
    assert (standing(database).reason, standing(database).due_at) == (str(error), NOW + wait)

    clock.at += wait
    assert asked(database, chronicle, clock)
    assert (standing(database).reason, chronicle.told) == (None, [0, 1, 2])


def test_a_tracker_that_does_not_know_us_is_left_in_peace_by_all(database: Database, clock: Clock) -> None:
    chronicle = busy(1)
    chronicle.failures = {0: [Refused("HTTP 401", scope="connection")]}
    chronicle.streams = ("items",)
    laid_out(database, chronicle)

    asked(database, chronicle, clock)

    with database.read() as connection:
        assert connection.execute(select(tables.pauses.c.connection)).scalar() == "jira"
    clock.at += timedelta(minutes=1)
    assert not asked(database, chronicle, clock)


def test_an_answer_that_nobody_expected_stops_only_its_own_walk(database: Database, clock: Clock) -> None:
    chronicle = busy(1)
    chronicle.failures = {0: [ZeroDivisionError("a mistake of ours")]}  # type: ignore[list-item]
    laid_out(database, chronicle)

    assert asked(database, chronicle, clock)

    assert standing(database).reason == "okrlink failed to read them (ZeroDivisionError)"


def know(database: Database, *keys: str, project: str = "SHOP") -> None:
    """Folds items as of long ago."""
    with database.write() as connection:
        for key in keys:
            _, seen = moved(key, 1, NOW - timedelta(days=9))
            state = join({}, [seen])  # type: ignore[list-item]
            state["project"] = state["project"]._replace(value=project)
            items.save(connection, [Row(ItemRef("jira", key), key, None, False, dump(state))], [])


def swept(database: Database, chronicle: Chronicle, clock: Clock) -> Stream:
    laid_out(database, chronicle)
    with database.write() as connection:
        stream = streams.take_over(connection, "jira", SWEEP, STANDING, NOW)
    attempt(database, SITE, chronicle, stream, clock)
    return standing(database, SWEEP)


def sighted(database: Database) -> dict[str, str]:
    with database.read() as connection:
        return {row.item: row.fields for row in connection.execute(select(tables.sightings))}


def test_an_item_that_is_gone_is_found_by_comparing(database: Database, clock: Clock) -> None:
    know(database, "SHOP-1", "SHOP-2")

    done = swept(database, Chronicle(there={"SHOP-1"}), clock)

    assert sighted(database) == {"SHOP-2": '{"deleted":true}'}
    with database.read() as connection:
        row = connection.execute(select(tables.facts)).one()
    assert (row.kind, row.item, row.exact) == ("item deleted", "SHOP-2", False)
    assert done.due_at == NOW + SWEPT_EVERY


def test_an_item_that_was_moved_out_of_sight_is_looked_for_where_it_is(database: Database, clock: Clock) -> None:
    know(database, "SHOP-1")
    there = moved("SHOP-1", 2, NOW)

    swept(database, Chronicle(elsewhere={"SHOP-1": there}), clock)

    assert '"status":"Step 2"' in sighted(database)["SHOP-1"]
    with database.read() as connection:
        assert connection.execute(select(tables.facts.c.kind)).scalars().all() == ["status changed"]


def test_items_of_other_projects_are_not_missed(database: Database, clock: Clock) -> None:
    know(database, "BILL-1", project="BILL")

    swept(database, Chronicle(), clock)

    assert sighted(database) == {}


def test_where_a_whole_project_is_out_of_sight_nothing_counts_as_deleted(database: Database, clock: Clock) -> None:
    know(database, *(f"SHOP-{number}" for number in range(60)))

    done = swept(database, Chronicle(), clock)

    assert sighted(database) == {}
    assert "60 of 60 items are out of sight" in (done.reason or "")
