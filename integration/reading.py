"""Durable reads: what a tracker was never asked about an item is asked by lease, outside transactions, and ingested."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from integration.core.errors import Permanent, Refused, Retryable
from integration.core.facts import ItemRef
from integration.ingest import keep_pages
from integration.store import applied, facts, items, marks, pauses, reads
from integration.store.db import Database, is_down
from integration.store.marks import Mark
from integration.store.pauses import LONGEST_WISH
from integration.store.reads import Read
from integration.trackers.budget import asking
from integration.trackers.contract import TrackerClient, client_of

LONGEST_WAIT = timedelta(minutes=5)
MOST_FAILURES = 8
"""How often a question is asked again, within some minutes, whose answer we fail to understand."""

log = logging.getLogger(__name__)


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
            with asking("catalogue"):
                _take_catalogue(db, client, read, now())
        else:
            with asking("read"):
                _take_items(db, client, read, now)
    except (Retryable, Permanent) as error:
        if isinstance(error, Retryable) or (isinstance(error, Refused) and error.scope == "connection"):
            _put_off(db, read, error, now())
        else:
            _give_up(db, read, error.reason, now())
    except Exception as error:
        if is_down(error):
            raise
        # A mistake of ours, or an answer that nobody expected, must not stop the questions behind this one.
        log.exception("the %s of %s could not be read", read.kind, read.ref)
        why = f"okrlink failed to read it ({type(error).__name__})"
        if read.attempts < MOST_FAILURES:
            _put_off(db, read, Retryable(why), now())
        else:
            _give_up(db, read, why, now())
    else:
        _mind_wish(db, client, read, now())


def _put_off(db: Database, read: Read, error: Retryable | Refused, now: datetime) -> None:
    """Asks again later: this question, or all of its connection where the refusal is about more than the question."""
    wished = error.after if isinstance(error, Retryable) else None
    wait = min(timedelta(seconds=2.0 ** min(read.attempts, 10)), LONGEST_WAIT)
    until = now + (wait if wished is None else min(timedelta(seconds=wished), LONGEST_WISH))
    with db.write() as connection:
        reads.retry(connection, read, until, error.reason)
        if error.scope == "connection":
            pauses.rest(connection, read.ref.connection, until, error.reason, now)


def _give_up(db: Database, read: Read, reason: str, now: datetime) -> None:
    with db.write() as connection:
        reads.give_up(connection, read, reason)
        marks.look_again(connection, [(read.ref.connection, read.ref.id)], now)


def _mind_wish(db: Database, client: TrackerClient, read: Read, now: datetime) -> None:
    """A good answer ends what was said of a rest, and may ask for one itself."""
    wished, name = client.asked_to_wait(), read.ref.connection
    with db.write() as connection:
        applied.notice(connection, name, pauses.TOPIC, None, now)
        if wished > 0:
            pauses.pause(connection, name, now + min(timedelta(seconds=wished), LONGEST_WISH))


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
            # Rules name projects as people see them; what is told of versions and runs are ids.
            marks.add(connection, [Mark("delivery", subject, now) for subject in facts.subjects(connection, name)])
            marks.add(
                connection, [Mark("key result", ("", one), now) for one in items.key_results_fed(connection, name)]
            )
            # A field that was missing may be there now.
            shown = sorted(items.linked(connection, name, below=True))
            marks.add(connection, [Mark("card", (ref.connection, ref.id), now) for ref in shown])
        reads.save_catalogue(connection, name, told, now)
        reads.finish(connection, read)
