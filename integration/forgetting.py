"""Taking a person out of what is kept, and throwing away all that is kept of a connection.

Rows are looked for without a lock and changed in small batches, so that nobody waits long; what was changed meanwhile by
others is found by looking once more. Either may be killed and done again: it finds what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection

from integration.refresh.attributing import marks_of
from integration.store import (
    applied,
    deliveries,
    delivery,
    delivery_whole,
    forgetting,
    items,
    marks,
    measurements,
)
from integration.store.db import Database
from integration.store.delivery_tables import delivery_facts
from integration.store.forgetting import PLACES, Hit, Place
from integration.store.marks import Mark
from integration.store.tables import items as item_table
from integration.store.tables import pushed

PAGE = 200
"""Deliveries that are looked for at once."""
HITS_AT_ONCE = 50
"""Rows that are changed at once. (Measured: they hold SQLite's lock for about 15 ms, the disk included.)"""
ROWS_AT_ONCE = 500
DELIVERIES_AT_ONCE = 50
LOOKS = 5
"""How often what is being changed by others is looked for again."""
DELIVERY, WAITING = "delivery", "waiting delivery"

Found = Mapping[str, int]
"""What people call a kind of row -> how many."""
Clock = Callable[[], datetime]


def named(db: Database, account: str, name: str | None) -> Found:
    """In how much of what is kept an account is named, of one connection or of all. Changes nothing."""
    counted = Counter[str]()
    for one in _deliveries(db, account, name):
        counted[WAITING if one.state == "new" else DELIVERY] += 1
    for place in _places(name):
        for hits in _hits(db, place, account, name):
            counted[place.noun] += len(hits)
    return +counted


def forget(db: Database, account: str, name: str | None, clock: Clock) -> Found:
    """Takes an account out of what is kept; returns from how much of it.

    Deliveries whose bodies name it are deleted, but those that nobody has read yet: they are counted as waiting.
    """
    counted = Counter[str]()
    read = (one for one in _deliveries(db, account, name) if one.state != "new")
    for batch in deliveries.batches(read):
        with _taking_out(db, clock) as connection:
            counted[DELIVERY] += deliveries.throw_away(connection, batch)
    for place in _places(name):
        for _ in range(LOOKS):
            found = 0
            for hits in _hits(db, place, account, name):
                with _taking_out(db, clock) as connection:
                    forgetting.rewrite(connection, place, hits)
                    if place.table is item_table:
                        marks.add(connection, [Mark("item", (one.key[0], one.key[1]), clock()) for one in hits])
                    if place.table is pushed:
                        marks.add_deliveries(connection, [f"{one.key[0]}:{one.key[1]}" for one in hits], clock())
                found += len(hits)
            counted[place.noun] += found
            if not found:
                break
    forgetting.clear_log(db)
    counted[WAITING] = sum(one.state == "new" for one in _deliveries(db, account, name))
    return +counted


def forget_connection(db: Database, name: str, clock: Clock) -> Found:
    """Throws away all that is kept of a connection; returns how many rows of each table. What it fed is measured again."""
    counted = Counter[str]()
    for table in forgetting.tables_of_connections():
        if table in forgetting.FEEDING:
            with _taking_out(db, clock) as connection:
                fed = items.key_results_fed(connection, name)
                counted[table.name] += forgetting.drop(connection, table, name, None)
                marks.add(connection, [Mark("key result", ("", one), clock()) for one in fed])
            continue
        if table is delivery_facts:
            counted[table.name] += _forget_delivery(db, name, clock)
            continue
        at_once = DELIVERIES_AT_ONCE if table.name == "deliveries" else ROWS_AT_ONCE
        gone = at_once
        while gone == at_once:
            with _taking_out(db, clock) as connection:
                gone = forgetting.drop(connection, table, name, at_once)
            counted[table.name] += gone
    forgetting.clear_log(db)
    return +counted


def _forget_delivery(db: Database, name: str, clock: Clock) -> int:
    """Takes a connection's delivery facts away with all that was found of them; returns how many facts.

    What they meant for others is attributed again, and every KPI is measured anew from the first of them on.
    """
    gone = 0
    while True:
        with _taking_out(db, clock) as connection:
            some = delivery_whole.of_connection(connection, name)
            if not some:
                return gone
            delivery.replace(connection, [], some)
            marks.add(connection, marks_of(((fact, None) for fact in some.values()), clock()))
            since = min((times[0] for fact in some.values() for times in fact.moments.values() if times), default=None)
            kpis = measurements.newest(connection) if since is not None else ()
            marks.add(connection, [Mark("kpi", ("", kpi), clock(), marks.since(since or clock())) for kpi in kpis])
            gone += len(some)


@contextmanager
def _taking_out(db: Database, clock: Clock) -> Iterator[Connection]:
    """A transaction that no step of a worker overlaps with, or that makes it look again."""
    with db.write() as connection:
        applied.wait_for_folds(connection)
        applied.note_done(connection, applied.FORGETTING, clock())
        forgetting.overwrite(connection)
        yield connection


def _places(name: str | None) -> Sequence[Place]:
    """Those that know of connections, where one is named."""
    return [place for place in PLACES if name is None or "connection" in place.table.c]


def _deliveries(db: Database, account: str, name: str | None) -> Iterator[deliveries.Kept]:
    after = 0
    while True:
        with db.read() as connection:
            page = deliveries.holding(connection, forgetting.spellings(account), name, after, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].id


def _hits(db: Database, place: Place, account: str, name: str | None) -> Iterator[Sequence[Hit]]:
    after: tuple[object, ...] | None = None
    while True:
        with db.read() as connection:
            page = forgetting.look(connection, place, account, name, after, HITS_AT_ONCE)
        if page.hits:
            yield page.hits
        if page.last is None:
            return
        after = page.last
