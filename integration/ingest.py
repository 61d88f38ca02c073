"""Deliveries and read pages become tracker facts and marks, in one transaction with the deliveries' end.

Nothing here has looked at a mapping, and nothing here measures. Rows are only added, so that two ingesters are never in
each other's way and never need to see each other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from integration.core.errors import Malformed, Unsupported
from integration.core.facts import ItemCreated, ItemRef, TrackerFact
from integration.store import deliveries, facts, marks, reads
from integration.store.db import Database, refuses
from integration.store.deliveries import Outcome, Waiting
from integration.store.facts import Told
from integration.store.marks import Mark
from integration.trackers.contract import Tracker
from integration.trackers.decoding import decode

# Small enough that the receiver never waits long for the one SQLite writer, large enough that a commit is shared.
BATCH = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A delivery as understood: what becomes of it, and the facts it tells."""

    outcome: Outcome
    connection: str
    facts: Sequence[TrackerFact] = ()


def ingest(db: Database, trackers: Mapping[str, Tracker], now: datetime, limit: int = BATCH) -> int:
    """Takes in the oldest waiting deliveries and returns how many. `trackers` says which tracker a connection speaks to.

    All of them at once; where the database refuses that, one by one, and what it refuses alone is dead.
    """
    understood: Sequence[Read] = ()
    try:
        if db.is_sqlite:
            # The only worker of an SQLite database needs no lock to look and to think: receivers keep writing meanwhile.
            with db.read() as connection:
                waiting = deliveries.waiting(connection, limit)
            understood = [understand(one, trackers) for one in waiting]
            brought = _brought(understood, now)
            if understood:
                with db.write(synced=False) as connection:
                    _keep(connection, brought)
        else:
            with db.write(synced=False) as connection:
                waiting = deliveries.waiting(connection, limit)
                understood = [understand(one, trackers) for one in waiting]
                if understood:
                    _keep(connection, _brought(understood, now))
    except Exception as error:
        if not understood or not refuses(error):
            raise
        if len(understood) > 1:
            return sum(ingest(db, trackers, now, 1) for _ in understood)
        with db.write() as connection:
            deliveries.finish(connection, [replace(understood[0].outcome, state="dead", reason=_why(error))])
    return len(understood)


def understand(one: Waiting, trackers: Mapping[str, Tracker]) -> Read:
    """What a delivery says. Whatever cannot be understood is kept, dead, with its reason."""
    tracker = trackers.get(one.connection)
    if tracker is None:
        return Read(Outcome(one.id, "dead", None, "its connection is not in the applied mapping"), one.connection)
    try:
        translation = tracker.translate(decode(one.body), one.received_at)
    except orjson.JSONDecodeError as error:
        return Read(Outcome(one.id, "dead", None, f"not JSON: {error}"), one.connection)
    except Malformed as error:
        return Read(Outcome(one.id, "dead", None, str(error)), one.connection)
    except Unsupported as error:
        return Read(Outcome(one.id, "unsupported", str(error)), one.connection)
    except Exception as error:  # a mistake of ours must not stop the deliveries behind this one
        log.exception("delivery %d of %s could not be read", one.id, one.connection)
        return Read(
            Outcome(one.id, "dead", None, f"okrlink failed to read it ({type(error).__name__})"), one.connection
        )
    state = "done" if translation.ignored is None else "ignored"
    return Read(Outcome(one.id, state, translation.event, translation.ignored), one.connection, translation.facts)


def keep_pages(
    connection: Connection, name: str, told: Iterable[TrackerFact], now: datetime, *, asked: str | None = None
) -> frozenset[ItemRef]:
    """Takes in what a read brought; returns the items it told of. `asked` is the item that the question was about."""
    rows = facts.told((name, fact) for fact in told)
    facts.record(connection, rows)
    mark(connection, rows, now, asked)
    return rows.seen


def keep_items(connection: Connection, name: str, told: Iterable[TrackerFact], now: datetime) -> None:
    """Takes in what was told of many items, of which each was asked for by itself."""
    rows = facts.told((name, fact) for fact in told)
    facts.record(connection, rows)
    items = [Mark("item", (ref.connection, ref.id), now, ref.id) for ref in sorted(rows.seen)]
    marks.add(connection, items + [Mark("delivery", subject, now) for subject in sorted(rows.subjects)])


def mark(connection: Connection, told: Told, now: datetime, asked: str | None = None) -> None:
    """Lets the items be folded of which something was seen, and what else was told of be derived."""
    marks.add(connection, _marks(told, now, asked))


@dataclass(frozen=True, slots=True)
class _Brought:
    """What a batch of deliveries brings, ready to be written: whoever holds SQLite's one lock shall not think."""

    told: Told
    marks: Sequence[Mark]
    born: Sequence[ItemRef]
    outcomes: Sequence[Outcome]


def _brought(understood: Sequence[Read], now: datetime) -> _Brought:
    told = facts.told((read.connection, fact) for read in understood for fact in read.facts)
    # Whoever sees an item's birth sees all that is ever put below it: there is nothing to ask the tracker for.
    born = {
        ItemRef(read.connection, fact.item)
        for read in understood
        for fact in read.facts
        if isinstance(fact, ItemCreated) and fact.item is not None
    }
    return _Brought(told, _marks(told, now), sorted(born), [read.outcome for read in understood])


def _keep(connection: Connection, brought: _Brought) -> None:
    facts.record(connection, brought.told)
    marks.add(connection, brought.marks)
    reads.known(connection, "subtree", brought.born)
    deliveries.finish(connection, brought.outcomes)


def _marks(told: Told, now: datetime, asked: str | None = None) -> Sequence[Mark]:
    items = [Mark("item", (ref.connection, ref.id), now, asked) for ref in sorted(told.seen)]
    return items + [Mark("delivery", subject, now) for subject in sorted(told.subjects)]


def _why(error: Exception) -> str:
    """The database's own words, without the statement and its values."""
    words = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()
    return f"what it says cannot be kept: {words[0] if words else type(error).__name__}"
