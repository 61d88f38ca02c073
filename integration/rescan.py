"""Asking trackers what webhooks missed: at start, then every so often, whoever of all workers comes first.

Each stream of a connection's history is gone on with from where it was left. What no history tells, that an item is gone
or was moved out of sight, is found once a day by comparing the items we know with those that the tracker still has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as SQLConnection

from integration.core.errors import Gone, Permanent, Refused, Retryable
from integration.core.facts import ItemDeleted, ItemRef, ItemSeen, TrackerFact
from integration.core.items import load
from integration.core.links import Pattern
from integration.history import Taken, Told, walk
from integration.ingest import keep_pages
from integration.refresh.asking import not_answered
from integration.store import applied, check_ins, items, marks, pauses, queries, reads, streams
from integration.store.db import Database, is_down
from integration.store.marks import Mark
from integration.store.queries import Asked
from integration.store.streams import QUERIES, STANDING, Stream
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, Reader, TrackerClient

SWEEP = "deletions"
"""The walk that compares; its name among a connection's streams."""
SWEPT_EVERY = timedelta(days=1)
MOST_GONE = 50
LARGEST_SHARE_GONE = 0.2
"""Where more than these are out of sight at once, it is the account that lost its sight: nothing counts as deleted."""
LONGEST_WAIT = timedelta(minutes=15)
AT_START_UNLESS_WITHIN = timedelta(minutes=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rescanned:
    """One stream that was gone on with, and what it told."""

    stream: Stream
    told: Told


def begin(db: Database, readers: Mapping[str, Reader], now: datetime, *, at_start: bool = False) -> None:
    """Lays out what each connection is asked for, from when its mapping was applied or its backfill ended on.

    `at_start` all of it is due at once, but what another worker has just asked for.
    """
    with db.read() as connection:
        known = {(one.connection, one.name) for one in streams.every(connection, STANDING)}
        asked = {one.connection for one in queries.every(connection)}
    for name, reader in readers.items():
        walks = (*reader.streams, SWEEP, *([QUERIES] if name in asked else []))
        new = [stream for stream in walks if (name, stream) not in known]
        if new:
            _lay_out(db, name, new, now)
    if at_start:
        with db.write() as connection:
            streams.ask_now(connection, list(readers), now, now - AT_START_UNLESS_WITHIN, besides=SWEEP)


def _lay_out(db: Database, name: str, new: Sequence[str], now: datetime) -> None:
    with db.write() as connection:
        at = applied.applied_at(connection, applied.revision(connection)) or now
        for stream in new:
            read = streams.furthest_backfill(connection, name, stream)
            # Nothing is gone on the first day.
            due_at = now + SWEPT_EVERY if stream == SWEEP else now
            streams.begin(connection, name, stream, STANDING, at, due_at, read.cursor if read else None)


def readers_of(clients: Mapping[str, TrackerClient], sites: Iterable[str]) -> Mapping[str, Reader]:
    """The clients of these connections that read the past."""
    return {name: client for name in sites if isinstance(client := clients[name], Reader)}


def rescan(
    db: Database, sites: Mapping[str, Connection], readers: Mapping[str, Reader], now: Callable[[], datetime]
) -> bool:
    """Goes on with the standing walk that is due longest; False where none is."""
    with db.read() as connection:
        if not streams.due(connection, list(readers), now()):
            return False
    with db.write() as connection:
        stream = streams.claim_due(connection, list(readers), now())
    if stream is not None:
        attempt(db, sites[stream.connection], readers[stream.connection], stream, now)
    return True


def attempt(
    db: Database, site: Connection, client: Reader, stream: Stream, now: Callable[[], datetime]
) -> Rescanned | None:
    """Goes on with a claimed walk; what stops it is kept with the walk, which is tried again. None where it was stopped."""
    try:
        if stream.name == QUERIES:
            with asking("history"):
                return Rescanned(stream, ask_queries(db, site, client, stream, now))
        if stream.name == SWEEP:
            with asking("history"):
                return Rescanned(stream, _sweep(db, site, client, stream, now))
        return Rescanned(stream, walk(db, client, stream, now, site.rescan, projects=site.projects))
    except Taken:
        return None
    except (Retryable, Permanent) as error:
        _put_off(db, site, stream, error, now())
        return None
    except Exception as error:
        if is_down(error):
            raise
        # An answer that nobody expected must not stop the walks behind this one.
        log.exception("the %s of %s could not be read", stream.name, stream.connection)
        _put_off(db, site, stream, Permanent(f"okrlink failed to read them ({type(error).__name__})"), now())
        return None


def _put_off(db: Database, site: Connection, stream: Stream, error: Retryable | Permanent, now: datetime) -> None:
    """Tries again when the tracker wishes, else sooner at first than the walk would be due; a refusal may be mended."""
    wait = min(timedelta(seconds=2.0 ** min(stream.attempts + 1, 10)), LONGEST_WAIT)
    if isinstance(error, Retryable) and error.after is not None:
        wait = min(timedelta(seconds=error.after), pauses.LONGEST_WISH)
    elif not isinstance(error, Retryable):
        wait = max(site.rescan, timedelta(minutes=1))
    with db.write() as connection:
        streams.put_off(connection, stream, now + wait, error.reason)
        if isinstance(error, Retryable | Refused) and error.scope == "connection":
            pauses.rest(connection, stream.connection, now + wait, error.reason, now)


def _sweep(db: Database, site: Connection, client: Reader, stream: Stream, now: Callable[[], datetime]) -> Told:
    """Finds the items that are gone or moved: those we know in the connection's projects and the tracker does not show."""
    present: set[str] = set()
    for page in client.present():
        present.update(page)
        with db.write() as connection:
            stream = _heard_of(connection, stream, now())
    with db.read() as connection:
        known = set(_known(connection, site))
    missing = sorted(known - present)
    if len(missing) > max(MOST_GONE, LARGEST_SHARE_GONE * len(known)):
        raise Permanent(
            f"{len(missing):,} of {len(known):,} items are out of sight; has the account lost a project? "
            "None of them is taken for deleted"
        )
    for item in missing:
        told = _whereabouts(client, item, now())
        with db.write() as connection:
            keep_pages(connection, site.name, told, now())
            stream = _heard_of(connection, stream, now())
    with db.write() as connection:
        streams.reached(connection, stream, now(), now() + SWEPT_EVERY)
    return Told(items=len(missing))


def _heard_of(connection: SQLConnection, stream: Stream, now: datetime) -> Stream:
    kept = streams.go_on(connection, stream, "", 0, 0, 0, now)
    if kept is None:
        raise Taken(f"{stream.connection} is looked through by somebody else now")
    return kept


def ask_queries(
    db: Database, site: Connection, client: TrackerClient, stream: Stream, now: Callable[[], datetime]
) -> Told:
    """Asks which items answer the mapping's queries now. One that the tracker refuses does not stop the others."""
    changed = 0
    with db.read() as connection:
        asked = queries.every(connection, site.name)
    for one in asked:
        ids: set[str] = set()
        try:
            for page in client.answers(one.query):
                ids.update(page)
                with db.write() as connection:
                    stream = _heard_of(connection, stream, now())
        except Permanent as error:
            if isinstance(error, Refused) and error.scope == "connection":
                raise
            _refuse(db, one, error.reason, now())
            continue
        with db.write() as connection:
            stream = _heard_of(connection, stream, now())
            changed += _take_answer(connection, one, ids, now())
    with db.write() as connection:
        streams.reached(connection, stream, now(), now() + site.rescan)
    return Told(items=changed)


def _take_answer(connection: SQLConnection, asked: Asked, ids: Collection[str], now: datetime) -> int:
    """Lets whatever follows from another answer be looked at; returns how many items made it another."""
    name = asked.connection
    changed = queries.answered(connection, asked, ids, now)
    unseen = [ItemRef(name, one) for one in sorted(queries.unseen(connection, name, asked.query))]
    waiting = {read.ref for read in reads.unanswered(connection, unseen) if read.state == "wanted"}
    reads.want_again(connection, "item", [ref for ref in unseen if ref not in waiting], now)
    marks.add(connection, [Mark("item", (name, one), now) for one in sorted(changed - {ref.id for ref in unseen})])
    applied.notice(connection, name, _topic(asked), None, now)
    if changed or unseen or asked.asked_at is None or asked.reason:
        marks.measure_again(connection, check_ins.standings_of(connection), now)
    return len(changed)


def _refuse(db: Database, asked: Asked, words: str, now: datetime) -> None:
    """What answered last stays, and a line says why there is nothing newer."""
    with db.write() as connection:
        queries.refused(connection, asked, words)
        applied.notice(
            connection, asked.connection, _topic(asked), not_answered(asked.connection, asked.query, words), now
        )
        if asked.reason != words:
            marks.measure_again(connection, check_ins.standings_of(connection), now)


def _topic(asked: Asked) -> str:
    return f"query {asked.query.id}"


def _known(connection: SQLConnection, site: Connection) -> Iterator[str]:
    """The ids of the items that are, as far as we know, in the connection's projects."""
    projects = tuple(map(Pattern, site.projects))
    for row in items.of_connection(connection, site.name):
        state = load(row.state)
        names = [str(state[name].value) for name in ("project", "project_name") if name in state]
        here = not projects or any(one.matches(name) for one in projects for name in names)
        if here and not row.deleted:
            yield row.ref.id


def _whereabouts(client: Reader, item: str, now: datetime) -> Sequence[TrackerFact]:
    """Where the item is now; that it is gone, where it is. Nobody tells since when, which a webhook would have told."""
    try:
        return client.item(item)
    except Gone:
        seen = ItemSeen(at=now, source=f"{item}:gone", item=item, fields={"deleted": True})
        return [seen, ItemDeleted(at=now, source=item, item=item, exact=False)]
