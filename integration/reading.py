"""Durable reads: what a tracker was never asked about an item is asked by lease, outside transactions, and ingested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from integration.core.errors import Permanent, Retryable
from integration.core.facts import ItemRef
from integration.ingest import keep_pages
from integration.store import applied, items, marks, reads
from integration.store.db import Database
from integration.store.marks import Mark
from integration.store.reads import Read
from integration.trackers.contract import TrackerClient, client_of

LONGEST_WAIT = timedelta(minutes=5)


def answer_reads(
    db: Database, clients: Mapping[str, TrackerClient], now: Callable[[], datetime], limit: int = 10
) -> int:
    """Asks the questions that are due and takes in the answers; returns how many were asked."""
    for asked in range(limit):
        with db.read() as connection:
            if not reads.due(connection, now()):
                return asked
        with db.write() as connection:
            # One at a time, because a lease runs while the others are being answered.
            claimed = reads.claim(connection, now(), 1)
        for read in claimed:
            _answer(db, clients, read, now)
    return limit


def _answer(db: Database, clients: Mapping[str, TrackerClient], read: Read, now: Callable[[], datetime]) -> None:
    try:
        client = client_of(clients, read.ref.connection)
        if read.kind == "catalogue":
            _take_catalogue(db, client, read, now())
        else:
            _take_items(db, client, read, now)
    except Retryable as error:
        wait = min(timedelta(seconds=error.after or 2.0 ** min(read.attempts, 8)), LONGEST_WAIT)
        with db.write() as connection:
            reads.retry(connection, read, now() + wait, error.reason)
    except Permanent as error:
        with db.write() as connection:
            reads.give_up(connection, read, error.reason)
            marks.look_again(connection, [(read.ref.connection, read.ref.id)], now())


def _take_items(db: Database, client: TrackerClient, read: Read, now: Callable[[], datetime]) -> None:
    """Takes in an item, or it and all below it, a page at a time; what was read with its parent is not asked for again."""
    pages = client.subtree(read.ref.id) if read.kind == "subtree" else iter([client.item(read.ref.id)])
    told: set[ItemRef] = set()
    for page in pages:
        with db.write() as connection:
            told |= keep_pages(connection, read.ref.connection, page, now(), asked=read.ref.id)
            reads.lease_longer(connection, read, now())
    with db.write() as connection:
        if read.kind == "subtree":
            reads.known(connection, "subtree", sorted(told))
        reads.finish(connection, read)
        # The answer may hold nothing new: whoever waited for it must look again all the same.
        marks.look_again(connection, [(ref.connection, ref.id) for ref in (*told, read.ref)], now())


def _take_catalogue(db: Database, client: TrackerClient, read: Read, now: datetime) -> None:
    """Keeps a connection's vocabulary; where it says something new, all its items are looked at anew."""
    name = read.ref.connection
    told = client.catalogue()
    with db.write() as connection:
        applied.wait_for_folds(connection)
        if reads.load_catalogue(connection, name) != told:
            refs = [ref for ref in items.refs(connection) if ref.connection == name]
            marks.add(connection, [Mark("item", (ref.connection, ref.id), now) for ref in refs])
            marks.add(
                connection, [Mark("key result", ("", one), now) for one in items.key_results_fed(connection, name)]
            )
            # A field that was missing may be there now.
            shown = sorted(items.linked(connection, name, below=True))
            marks.add(connection, [Mark("card", (ref.connection, ref.id), now) for ref in shown])
        reads.save_catalogue(connection, name, told, now)
        reads.finish(connection, read)
