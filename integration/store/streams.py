"""Walks through trackers' histories: how far each has come, who walks it now, and when it goes on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, or_, select, update

from integration.core.links import Pattern
from integration.store.pauses import resting
from integration.store.statements import insert, unlocked
from integration.store.tables import streams

STANDING = ""
"""The scope of the walk that every rescan goes on with."""
WHOLE = "all"
"""What the scopes of backfills begin with that leave no project out."""
QUERIES = "queries"
"""The walk that asks for the answers to a mapping's queries; its name among a connection's streams."""
ITEMS = frozenset({"issues", "work items"})
"""What trackers call the stream that tells of items, and with which a backfill begins."""
ALL_PROJECTS = "*"
"""How a mapping names all that the account sees."""
LEASE = timedelta(minutes=3)
"""Longer than a tracker takes for one page; every page that is kept begins a new one."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One walk, and what it told since it began: items (versions, runs, …), new facts, and those webhooks had missed."""

    connection: str
    name: str
    scope: str
    since: datetime
    cursor: str | None
    told: int
    new: int
    missed: int
    reached_at: datetime | None
    """When it came to the end of what there was; None before the first time."""
    projects: tuple[str, ...] | None
    """What was to be read then, as the mapping named it, all where that is empty; None where nothing came to its end."""
    due_at: datetime
    attempts: int
    """How often it was tried in vain since it last got on."""
    reason: str | None
    lease: datetime | None
    """Until when somebody walks it; of a claimed one, what tells that it is ours."""

    def lacks(self, projects: Sequence[str]) -> Sequence[str]:
        """Those of a mapping's projects (all, where it names none) of which it has not come to the end yet."""
        read = self.projects
        if read is None:
            return projects or (ALL_PROJECTS,)
        if not read or ALL_PROJECTS in read:
            return ()
        # One that a pattern meant then was read, too.
        patterns = tuple(map(Pattern, read))
        return [one for one in projects or (ALL_PROJECTS,) if not any(known.matches(one) for known in patterns)]


def begin(
    connection: Connection,
    name: str,
    stream: str,
    scope: str,
    since: datetime,
    now: datetime,
    cursor: str | None = None,
) -> None:
    """Lays the walk out where there is none; one that is there goes on from where it is."""
    values = {"connection": name, "stream": stream, "scope": scope, "since": since, "due_at": now, "cursor": cursor}
    connection.execute(insert(connection, streams).on_conflict_do_nothing(), values)


def forget(connection: Connection, name: str, scope: str) -> None:
    """Lets the walks of a scope begin anew, counts included."""
    connection.execute(streams.delete().where(streams.c.connection == name, streams.c.scope == scope))


def find(connection: Connection, name: str, stream: str, scope: str) -> Stream | None:
    row = connection.execute(select(streams).where(*_is(name, stream, scope))).first()
    return None if row is None else _stream(row)


def every(connection: Connection, scope: str | None = None) -> Sequence[Stream]:
    """All walks, or those of one scope."""
    query = select(streams).order_by(streams.c.connection, streams.c.stream, streams.c.scope)
    return [
        _stream(row) for row in connection.execute(query if scope is None else query.where(streams.c.scope == scope))
    ]


def furthest_backfill(connection: Connection, name: str, stream: str) -> Stream | None:
    """The backfill of all projects that came to its end last: whoever goes on from there misses nothing."""
    whole = [
        one
        for one in every(connection)
        if (one.connection, one.name) == (name, stream) and one.reached_at and one.scope.startswith(WHOLE)
    ]
    return max(whole, key=lambda one: one.reached_at or one.since, default=None)


def whole_backfill(connection: Connection, name: str) -> Stream | None:
    """The backfill of all items of a connection, however far it has come."""
    whole = (streams.c.connection == name, streams.c.stream.in_(ITEMS), streams.c.scope == WHOLE)
    row = connection.execute(select(streams).where(*whole)).first()
    return None if row is None else _stream(row)


def all_items_read(connection: Connection, name: str, projects: Sequence[str]) -> datetime | None:
    """When a backfill last came to the end of all items of these projects of a connection (of all, where none is named);
    None where there was none, or it has not read one of them yet.
    """
    whole = whole_backfill(connection, name)
    return None if whole is None or whole.lacks(projects) else whole.reached_at


def known_since(connection: Connection, name: str) -> datetime | None:
    """From when on all of a connection's history is known: from where its furthest backfill of all projects began, else
    from where it was looked at first. None before that.
    """
    ours = [_stream(row) for row in connection.execute(select(streams).where(streams.c.connection == name))]
    backfilled = [one.since for one in ours if one.reached_at and one.scope.startswith(WHOLE) and one.name in ITEMS]
    return min(backfilled or (one.since for one in ours if one.scope == STANDING), default=None)


def due(connection: Connection, names: Collection[str], now: datetime) -> bool:
    """Whether any standing walk of these connections is due, seen without a lock."""
    return connection.execute(_due(names, now).limit(1)).first() is not None


def claim_due(connection: Connection, names: Collection[str], now: datetime) -> Stream | None:
    """Leases the standing walk that is due longest."""
    row = connection.execute(unlocked(connection, _due(names, now).order_by(streams.c.due_at).limit(1))).first()
    return None if row is None else _lease(connection, row, now)


def claim(connection: Connection, name: str, stream: str, scope: str, now: datetime) -> Stream | None:
    """Leases one walk, whenever it is due; None where somebody else walks it."""
    query = select(streams).where(*_is(name, stream, scope), _free(now))
    row = connection.execute(unlocked(connection, query)).first()
    return None if row is None else _lease(connection, row, now)


def take_over(connection: Connection, name: str, stream: str, scope: str, now: datetime) -> Stream:
    """Leases one walk even where somebody else walks it, who will find out with the next page."""
    return _lease(connection, connection.execute(select(streams).where(*_is(name, stream, scope))).one(), now)


def go_on(
    connection: Connection, stream: Stream, cursor: str, told: int, new: int, missed: int, now: datetime
) -> Stream | None:
    """Keeps how far a page brought it, in the transaction that keeps the page; None where the lease was lost."""
    values = {
        "cursor": cursor,
        "told": streams.c.told + told,
        "new": streams.c.new + new,
        "missed": streams.c.missed + missed,
        "leased_until": now + LEASE,
        "attempts": 0,
        "reason": None,
    }
    changed = connection.execute(update(streams).where(*_ours(stream)).values(values))
    return find(connection, stream.connection, stream.name, stream.scope) if changed.rowcount else None


def reached(
    connection: Connection, stream: Stream, now: datetime, due_at: datetime, projects: Sequence[str] = ()
) -> None:
    """It came to the end of what there was in these projects, or in all; it goes on at `due_at`."""
    values = {
        "reached_at": now,
        "projects": orjson.dumps(list(projects)).decode(),
        "due_at": due_at,
        "leased_until": None,
        "attempts": 0,
        "reason": None,
    }
    connection.execute(update(streams).where(*_ours(stream)).values(values))


def put_off(connection: Connection, stream: Stream, due_at: datetime, reason: str) -> None:
    values = {"due_at": due_at, "leased_until": None, "attempts": stream.attempts + 1, "reason": reason}
    connection.execute(update(streams).where(*_ours(stream)).values(values))


def ask_now(
    connection: Connection, names: Collection[str], now: datetime, unless_since: datetime, besides: str
) -> None:
    """Makes the standing walks of these connections due, but those that came to their end since then, and one kind."""
    old = or_(streams.c.reached_at.is_(None), streams.c.reached_at < unless_since) & (streams.c.stream != besides)
    standing = streams.c.connection.in_(names) & (streams.c.scope == STANDING) & (streams.c.due_at > now) & old
    connection.execute(update(streams).where(standing).values(due_at=now))


def ask_queries_now(connection: Connection, names: Collection[str], now: datetime) -> None:
    """Makes the asking of these connections' queries due."""
    asked = streams.c.connection.in_(names) & (streams.c.stream == QUERIES) & (streams.c.scope == STANDING)
    connection.execute(update(streams).where(asked).values(due_at=now))


def free_leases(connection: Connection) -> int:
    """Frees what a crashed worker held. Only for a worker that knows itself to be the only one (SQLite)."""
    held = streams.c.leased_until.is_not(None) & (streams.c.scope == STANDING)
    return connection.execute(update(streams).where(held).values(leased_until=None)).rowcount


def _lease(connection: Connection, row: Any, now: datetime) -> Stream:
    where = _is(row.connection, row.stream, row.scope)
    connection.execute(update(streams).where(*where).values(leased_until=now + LEASE))
    return _stream(row, now + LEASE)


def _stream(row: Any, lease: datetime | None = None) -> Stream:
    return Stream(
        connection=row.connection,
        name=row.stream,
        scope=row.scope,
        since=row.since,
        cursor=row.cursor,
        told=row.told,
        new=row.new,
        missed=row.missed,
        reached_at=row.reached_at,
        projects=None if row.projects is None else tuple(orjson.loads(row.projects)),
        due_at=row.due_at,
        attempts=row.attempts,
        reason=row.reason,
        lease=lease or row.leased_until,
    )


def _due(names: Collection[str], now: datetime) -> Select[Any]:
    """The standing walks that are due, of connections that do not rest."""
    ours = streams.c.connection.in_(names) & streams.c.connection.not_in(resting(now))
    return select(streams).where(ours, streams.c.scope == STANDING, streams.c.due_at <= now, _free(now))


def _is(name: str, stream: str, scope: str) -> Sequence[ColumnElement[bool]]:
    return streams.c.connection == name, streams.c.stream == stream, streams.c.scope == scope


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(streams.c.leased_until.is_(None), streams.c.leased_until < now)


def _ours(stream: Stream) -> Sequence[ColumnElement[bool]]:
    return *_is(stream.connection, stream.name, stream.scope), streams.c.leased_until == stream.lease
