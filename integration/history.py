"""Reading a connection's past, a page at a time, from wherever the last reading stopped.

A page's facts and the cursor behind it are committed together, so that a walk which is killed goes on with the next
page. Backfill and rescan are the same walk: one from the beginning that somebody asked for, the other from its end again
and again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from integration.core.errors import Retryable
from integration.core.facts import TrackerFact
from integration.ingest import mark
from integration.store import check_ins, facts, marks, streams
from integration.store.db import Database
from integration.store.facts import Told as Rows
from integration.store.statements import in_batches
from integration.store.streams import STANDING, Stream
from integration.trackers.budget import asking
from integration.trackers.contract import Historian, HistoryPage

GRACE = timedelta(minutes=2)
"""Webhooks are given this long before what a history tells first counts as missed by them."""
AT_ONCE = 1000
"""Facts that are kept in one transaction: receivers wait for whoever writes to SQLite."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a walk, or one page of it, brought: items told for the first time, new facts, and those webhooks had missed."""

    items: int = 0
    new: int = 0
    missed: int = 0

    def __add__(self, other: Told) -> Told:
        return Told(self.items + other.items, self.new + other.new, self.missed + other.missed)


class Taken(Retryable):
    """Somebody else walks this stream now."""


def walk(
    db: Database,
    historian: Historian,
    stream: Stream,
    now: Callable[[], datetime],
    every: timedelta,
    heard: Callable[[Told], None] = lambda _told: None,
    projects: Sequence[str] = (),
) -> Told:
    """Goes on with a claimed walk to its end and frees it; `heard` is told of each page that was kept. `projects` are
    those that the historian reads, as the mapping names them; all where none is named.

    Raises what the historian raises where the tracker stopped it, with all pages before kept, and `Taken` where another
    process took the walk over meanwhile. The next one is due `every` later, or when the tracker can be asked again.
    """
    whole = Told()
    with asking("history"):
        for page in historian.history(stream.name, stream.since, stream.cursor):
            told, stream = _keep(db, stream, page, now())
            whole, every = whole + told, max(every, page.rest)
            heard(told)
    with db.write() as connection:
        streams.reached(connection, stream, now(), now() + every, projects)
        if stream.scope != STANDING and stream.lacks(projects):
            # Counts are known from now on, whether or not the last page changed one.
            marks.measure_again(connection, check_ins.standings_of(connection), now())
    return whole


def _keep(db: Database, stream: Stream, page: HistoryPage, now: datetime) -> tuple[Told, Stream]:
    """Keeps a page in pieces, and with the last of them the way on. Of a page that is cut off the pieces stay: the page
    is told again, and twice is once.
    """
    *pieces, last = [_rows(stream, piece, now) for piece in in_batches(page.facts, AT_ONCE)] or [_rows(stream, (), now)]
    told = Told(items=page.items)
    for piece in pieces:
        with db.write(synced=False) as connection:
            told += _record(connection, *piece, now)
    with db.write() as connection:
        told += _record(connection, *last, now)
        kept = streams.go_on(connection, stream, page.cursor, told.items, told.new, told.missed, now)
        if kept is None:
            raise Taken(f"the {stream.name} of {stream.connection} are read by somebody else now")
    return told, kept


def _rows(stream: Stream, told: Sequence[TrackerFact], now: datetime) -> tuple[Rows, Rows]:
    """Apart what happened since we listened and long enough ago for its webhook to have come: where new, it was missed."""
    expected = [(stream.connection, fact) for fact in told if stream.since <= fact.at <= now - GRACE]
    others = [(stream.connection, fact) for fact in told if not stream.since <= fact.at <= now - GRACE]
    return facts.told(expected), facts.told(others)


def _record(connection: Connection, expected: Rows, others: Rows, now: datetime) -> Told:
    for told in (expected, others):
        mark(connection, told, now)
    missed, new = facts.record(connection, expected), facts.record(connection, others)
    return Told(new=missed + new, missed=missed)
