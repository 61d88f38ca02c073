"""Durable reads: what a tracker was never asked about an item is asked by lease, outside transactions, and ingested."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeGuard

from integration.core.errors import Permanent, Refused, Retryable
from integration.core.facts import ItemRef, TrackerFact
from integration.ingest import keep_items, keep_pages
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
            first = reads.due(connection, now())
        if first is None:
            return asked
        together = _together(clients, first)
        with db.write() as connection:
            # No more than one answer holds, because a lease runs while others are being waited for.
            claimed = reads.claim(connection, now(), together, like=first)
        if len(claimed) > 1:
            _answer_together(db, clients, claimed, now)
        for read in claimed if len(claimed) == 1 else ():
            _answer(db, clients, read, now)
    return limit


def _together(clients: Mapping[str, TrackerClient], read: Read) -> int:
    """How many questions like this one go into one request."""
    if read.kind != "item":
        return 1
    try:
        return client_of(clients, read.ref.connection).most_items
    except (Retryable, Permanent):
        return 1  # whoever answers it meets the same, and says so


def _answer_together(
    db: Database, clients: Mapping[str, TrackerClient], claimed: Sequence[Read], now: Callable[[], datetime]
) -> None:
    """Asks about items of one connection at once. What cannot be told of all of them is asked one by one."""
    left: Sequence[Read] = claimed
    try:
        client = client_of(clients, claimed[0].ref.connection)
        with asking("read"):
            left = _take_together(db, client, claimed, now)
    except (Retryable, Permanent) as error:
        if _is_for_later(error):
            _put_off(db, claimed, error, now())
            return
        log.info("%d items of %s are read one by one: %s", len(claimed), claimed[0].ref.connection, error.reason)
    except Exception as error:
        if is_down(error):
            raise
        # One odd item must not take the others with it.
        log.exception("%d items of %s could not be read together", len(claimed), claimed[0].ref.connection)
    else:
        _mind_wish(db, client, claimed[0].ref.connection, now())
    for place, read in enumerate(left):
        with db.write() as connection:
            reads.lease_longer(connection, left[place:], now())
        stopped = _answer(db, clients, read, now)
        if stopped is not None:
            _put_off(db, left[place + 1 :], stopped, now())
            return


def _answer(
    db: Database, clients: Mapping[str, TrackerClient], read: Read, now: Callable[[], datetime]
) -> Retryable | Refused | None:
    """Asks one question. Returns why nothing else should be asked of its connection, if so it is."""
    try:
        client = client_of(clients, read.ref.connection)
        if read.kind == "catalogue":
            with asking("catalogue"):
                _take_catalogue(db, client, read, now())
        else:
            with asking("read"):
                _take_items(db, client, read, now)
    except (Retryable, Permanent) as error:
        if not _is_for_later(error):
            _give_up(db, read, error.reason, now())
            return None
        _put_off(db, [read], error, now())
        return error if error.scope == "connection" else None
    except Exception as error:
        if is_down(error):
            raise
        # A mistake of ours, or an answer that nobody expected, must not stop the questions behind this one.
        log.exception("the %s of %s could not be read", read.kind, read.ref)
        why = f"okrlink failed to read it ({type(error).__name__})"
        if read.attempts < MOST_FAILURES:
            _put_off(db, [read], Retryable(why), now())
        else:
            _give_up(db, read, why, now())
    else:
        _mind_wish(db, client, read.ref.connection, now())
    return None


def _is_for_later(error: Retryable | Permanent) -> TypeGuard[Retryable | Refused]:
    return isinstance(error, Retryable) or (isinstance(error, Refused) and error.scope == "connection")


def _put_off(db: Database, some: Sequence[Read], error: Retryable | Refused, now: datetime) -> None:
    """Asks again later: these questions, or all of their connection where the refusal is about more than them."""
    if not some:
        return
    waits = [_wait(read, error) for read in some]
    with db.write() as connection:
        for read, wait in zip(some, waits, strict=True):
            reads.retry(connection, read, now + wait, error.reason)
        if error.scope == "connection":
            pauses.rest(connection, some[0].ref.connection, now + max(waits), error.reason, now)


def _wait(read: Read, error: Retryable | Refused) -> timedelta:
    """How long until it is asked again: what the tracker wished for, else longer with each failure."""
    wished = error.after if isinstance(error, Retryable) else None
    if wished is not None:
        return min(timedelta(seconds=wished), LONGEST_WISH)
    return min(timedelta(seconds=2.0 ** min(read.attempts, 10)), LONGEST_WAIT)


def _give_up(db: Database, read: Read, reason: str, now: datetime) -> None:
    with db.write() as connection:
        reads.give_up(connection, read, reason)
        marks.look_again(connection, [(read.ref.connection, read.ref.id)], now)


def _mind_wish(db: Database, client: TrackerClient, name: str, now: datetime) -> None:
    """A good answer ends what was said of a rest, and may ask for one itself."""
    wished = client.asked_to_wait()
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
            reads.lease_longer(connection, [read], now())
    with db.write() as connection:
        if read.kind == "subtree":
            reads.known(connection, "subtree", sorted(told))
        reads.finish(connection, read)
        # The answer may hold nothing new: whoever waited for it must look again all the same.
        marks.look_again(connection, [(ref.connection, ref.id) for ref in (*told, read.ref)], now())


def _take_together(
    db: Database, client: TrackerClient, claimed: Sequence[Read], now: Callable[[], datetime]
) -> Sequence[Read]:
    """Takes in what one request told of many items, and closes each question by itself. Returns those still open."""
    name = claimed[0].ref.connection
    outcomes = client.items([read.ref.id for read in claimed])
    answered: list[Read] = []
    told: list[TrackerFact] = []
    failed: list[tuple[Read, Retryable | Permanent]] = []
    for read in claimed:
        outcome = outcomes.get(read.ref.id)
        if isinstance(outcome, Retryable | Permanent):
            failed.append((read, outcome))
        elif outcome is not None:
            answered.append(read)
            told += outcome
    moment = now()
    with db.write() as connection:
        keep_items(connection, name, told, moment)
        reads.finish(connection, *answered)
        for read, error in failed:
            if _is_for_later(error):
                reads.retry(connection, read, moment + _wait(read, error), error.reason)
            else:
                reads.give_up(connection, read, error.reason)
        # Whoever waited for an answer must look again, whatever it was.
        marks.look_again(connection, [(name, read.ref.id) for read in claimed if read.ref.id in outcomes], moment)
    return [read for read in claimed if read.ref.id not in outcomes]


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
