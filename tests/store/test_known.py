"""What is read for a measurement: all that it needs, and found by indexes however much else is stored."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event

from integration.core.delivery.facts import DeliveryFact, Pushed, WorkItem
from integration.core.kpi.needs import Need
from integration.store import delivery, pushed
from integration.store.db import Database
from integration.store.delivery import Drawn
from integration.store.delivery_tables import moments
from integration.store.known import known
from integration.store.pushed import Telling

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def number(kpi: str, days_ago: int) -> Pushed:
    return Pushed(id=f"{kpi} {days_ago}", moments={"at": (NOW - days_ago * DAY,)}, fields={"kpi": kpi, "value": 3})


def item(name: str, *closed: datetime) -> WorkItem:
    return WorkItem(id=name, moments={"created": (NOW - 90 * DAY,), **({"closed": closed} if closed else {})})


def keep(database: Database, *facts: DeliveryFact) -> None:
    with database.write() as connection:
        delivery.replace(connection, [Drawn(("", fact.id), (fact,)) for fact in facts], ())


def read(database: Database, need: Need) -> set[str]:
    with database.read() as connection:
        return {fact.id for fact in known(connection, [need], {}, {}, {}).facts.get(need.stream, ())}


def of_numbers(*kpis: str, and_before: bool = True) -> Need:
    return Need(
        stream="pushed",
        moments=frozenset({"at"}),
        first=NOW - 7 * DAY,
        last=NOW,
        and_before=and_before,
        kpis=kpis,
    )


def test_of_pushed_numbers_those_of_the_window_are_read_and_the_newest_before_it(database: Database) -> None:
    keep(
        database,
        *(number("nps", days_ago) for days_ago in (0, 1, 7, 9, 12)),
        *(number("load", days_ago) for days_ago in (2, 8)),
    )

    assert read(database, of_numbers("nps")) == {"nps 1", "nps 7", "nps 9"}
    assert read(database, of_numbers("nps", and_before=False)) == {"nps 1", "nps 7"}
    assert read(database, of_numbers("load")) == {"load 2", "load 8"}
    assert read(database, of_numbers("nps", "load")) == {"nps 1", "nps 7", "load 2", "load 8"}
    assert read(database, of_numbers("mood")) == set()


def test_without_a_window_all_numbers_of_the_kpi_are_read(database: Database) -> None:
    keep(database, number("nps", 1), number("nps", 900), number("load", 1))

    assert read(database, Need(stream="pushed", last=NOW, kpis=("nps",))) == {"nps 1", "nps 900"}


def test_open_items_are_those_that_were_not_closed_then(database: Database) -> None:
    keep(database, item("open"), item("closed", NOW - 9 * DAY), item("closed later", NOW - 2 * DAY))

    assert read(database, Need(stream="items", last=NOW, open=True)) == {"open"}
    assert read(database, Need(stream="items", last=NOW - 7 * DAY, open=True)) == {"open", "closed later"}


def test_the_kinds_of_which_a_pushed_fact_stands(database: Database) -> None:
    told = [Telling("change", "c1", "{}", deleted=False), Telling("incident", "i1", "{}", deleted=True)]
    with database.write() as connection:
        pushed.put(connection, told, "ci", NOW)
        assert pushed.standing_kinds(connection, ["deployment", "change", "incident"]) == {"change"}
        assert pushed.standing_kinds(connection, []) == frozenset()


# --- how it is found ---


@pytest.mark.parametrize(
    "need",
    [
        Need(stream="changes", moments=frozenset({"deployed", "merged"}), first=NOW - 28 * DAY, last=NOW),
        Need(stream="deployments", moments=frozenset({"finished"}), first=NOW - 28 * DAY, last=NOW),
        Need(stream="items", last=NOW - DAY, open=True),
        of_numbers("nps"),
    ],
    ids=lambda need: need.stream,
)
def test_no_query_goes_through_more_than_its_window(database: Database, need: Need) -> None:
    keep(database, number("nps", 1))  # of a KPI without any number nothing is asked
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by how much there is, and here is nothing")
    with database.read() as connection, asked(connection) as queries:
        known(connection, [need], {}, {}, {})
        plans = [
            row[3]
            for query, values in list(queries)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)
        ]

    of_tables = [line for line in plans if "SUBQUERY" not in line]
    assert [line for line in of_tables if not line.startswith("SEARCH ")] == []
    by_stream_alone = [line for line in of_tables if line.endswith("(stream=?)")]
    assert by_stream_alone == []


@contextmanager
def asked(connection: Connection) -> Iterator[Sequence[tuple[str, Any]]]:
    """The queries that are made of it meanwhile."""
    queries: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, query: str, values: Any, *_: Any) -> None:
        if query.startswith("SELECT"):
            queries.append((query, values))

    event.listen(connection, "before_cursor_execute", hear)
    yield queries
    event.remove(connection, "before_cursor_execute", hear)


def test_a_fact_that_is_derived_again_is_replaced_without_a_look_at_others(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL plans by how much there is, and here is nothing")
    deleted = delete(moments).where(moments.c.stream == "changes", moments.c.fact.in_(["c1", "c2"]))
    with database.read() as connection:
        for told in (moments.c.moment.not_in(["deployed"]), moments.c.moment == "deployed"):
            query = deleted.where(told).compile(connection, compile_kwargs={"literal_binds": True})
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
            assert ["stream=? AND fact=?" in line for line in plan] == [True], plan
