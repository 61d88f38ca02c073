"""Durable questions to trackers, and the vocabularies they told us."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

import orjson
from sqlalchemy import ColumnElement, Connection, bindparam, or_, select, update

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.facts import ItemRef
from integration.store.pauses import resting
from integration.store.statements import by_connection, insert, unlocked
from integration.store.tables import catalogues, reads

ReadKind: TypeAlias = Literal["subtree", "item", "catalogue"]
KINDS = get_args(ReadKind)
LEASE = timedelta(minutes=3)
"""Longer than a tracker takes for the longest answer that is taken in at once: a page, or a whole vocabulary."""


@dataclass(frozen=True, slots=True)
class Read:
    """One question: an item with all below it (`subtree`), one item, or the connection's vocabulary."""

    kind: ReadKind
    ref: ItemRef
    attempts: int = 0
    reason: str | None = None
    state: str = "wanted"
    due_at: datetime | None = None
    """Tells whether it was asked anew while it was being answered."""


def _read(row: Any) -> Read:
    return Read(row.kind, ItemRef(row.connection, row.item), row.attempts, row.reason, row.state, row.due_at)


def want(connection: Connection, kind: ReadKind, refs: Iterable[ItemRef], now: datetime) -> None:
    """Asks once: an item already read, or being read, is not asked for again."""
    rows = [{"connection": r.connection, "kind": kind, "item": r.id, "state": "wanted", "due_at": now} for r in refs]
    if rows:
        connection.execute(insert(connection, reads).on_conflict_do_nothing(), rows)


def want_again(connection: Connection, kind: ReadKind, refs: Iterable[ItemRef], now: datetime) -> None:
    """Asks anew, however often it was answered before."""
    rows = [{"connection": r.connection, "kind": kind, "item": r.id, "state": "wanted", "due_at": now} for r in refs]
    if rows:
        again = insert(connection, reads).on_conflict_do_update(
            index_elements=["connection", "kind", "item"],
            set_={"state": "wanted", "due_at": now, "attempts": 0, "reason": None},
        )
        connection.execute(again, rows)


def known(connection: Connection, kind: ReadKind, refs: Iterable[ItemRef]) -> None:
    """Notes that there is nothing to ask: what is below these items was read with their parent, or seen from birth."""
    rows = [
        {
            "connection": r.connection,
            "kind": kind,
            "item": r.id,
            "state": "done",
            "due_at": datetime.fromtimestamp(0).astimezone(),
        }
        for r in refs
    ]
    if rows:
        connection.execute(insert(connection, reads).on_conflict_do_nothing(), rows)


def due(connection: Connection, now: datetime) -> Read | None:
    """The question that has waited longest, seen without a lock."""
    row = connection.execute(select(reads).where(*_due(now)).order_by(reads.c.due_at).limit(1)).first()
    return None if row is None else _read(row)


def claim(connection: Connection, now: datetime, limit: int, *, like: Read | None = None) -> Sequence[Read]:
    """Leases the questions that are due, so that no other worker asks them meanwhile; none of a connection that rests.

    With `like`, only questions of its kind to its connection.
    """
    query = select(reads).where(*_due(now))
    if like is not None:
        query = query.where(reads.c.connection == like.ref.connection, reads.c.kind == like.kind)
    query = query.order_by(reads.c.due_at).limit(limit)
    found = [_read(row) for row in connection.execute(unlocked(connection, query))]
    _change(connection, found, leased_until=now + LEASE, attempts=reads.c.attempts + 1)
    return found


def free_leases(connection: Connection) -> int:
    """Frees what a crashed worker held. Only for a worker that knows itself to be the only one (SQLite)."""
    return connection.execute(update(reads).where(reads.c.leased_until.is_not(None)).values(leased_until=None)).rowcount


def lease_longer(connection: Connection, claimed: Sequence[Read], now: datetime) -> None:
    """For questions that are answered piece by piece, or one after the other."""
    _change(connection, claimed, leased_until=now + LEASE)


def finish(connection: Connection, *answered: Read) -> None:
    _close(connection, answered, state="done", reason=None)


def retry(connection: Connection, read: Read, at: datetime, reason: str) -> None:
    _close(connection, [read], due_at=at, reason=reason)


def give_up(connection: Connection, read: Read, reason: str) -> None:
    _close(connection, [read], state="dead", reason=reason)


def _close(connection: Connection, answered: Sequence[Read], **outcome: Any) -> None:
    """Frees the leases. A question that was asked anew meanwhile stays: this answer may be older than what was asked for."""
    _change(connection, answered, leased_until=None)
    _change(connection, answered, reads.c.due_at == bindparam("its_due_at"), **outcome)


def _change(connection: Connection, some: Sequence[Read], *still: ColumnElement[bool], **values: Any) -> None:
    """Sets the same in all of these questions, in one go; where a condition is named, in those that fulfil it."""
    one = [reads.c[name] == bindparam(f"its_{name}") for name in ("connection", "kind", "item")]
    named = [
        {"its_connection": each.ref.connection, "its_kind": each.kind, "its_item": each.ref.id}
        | ({"its_due_at": each.due_at} if still else {})
        for each in some
    ]
    if named:
        connection.execute(update(reads).where(*one, *still).values(**values), named)


def _due(now: datetime) -> Sequence[ColumnElement[bool]]:
    free = or_(reads.c.leased_until.is_(None), reads.c.leased_until < now)
    return reads.c.state == "wanted", reads.c.due_at <= now, free, reads.c.connection.not_in(resting(now))


def unanswered(connection: Connection, refs: Collection[ItemRef]) -> Sequence[Read]:
    """The questions about these items that wait or failed: what hangs on them is unknown."""
    found: list[Read] = []
    for name, ids in by_connection((ref.connection, ref.id) for ref in refs):
        of_ids = (reads.c.connection == name, reads.c.kind.in_(KINDS), reads.c.item.in_(ids))  # as the index stands
        found += [_read(row) for row in connection.execute(select(reads).where(*of_ids, reads.c.state != "done"))]
    return found


def asked(connection: Connection, kind: ReadKind, refs: Iterable[ItemRef]) -> frozenset[ItemRef]:
    """Those of the items that were asked for, whatever came of it."""
    found: set[ItemRef] = set()
    for name, ids in by_connection((ref.connection, ref.id) for ref in refs):
        query = select(reads.c.connection, reads.c.item)
        query = query.where(reads.c.connection == name, reads.c.kind == kind, reads.c.item.in_(ids))
        found |= {ItemRef(*row) for row in connection.execute(query)}
    return frozenset(found)


def open_reads(connection: Connection) -> Sequence[Read]:
    return [
        _read(row) for row in connection.execute(select(reads).where(reads.c.state != "done").order_by(reads.c.due_at))
    ]


def replay(connection: Connection, now: datetime) -> int:
    """Asks again what was given up."""
    again = update(reads).where(reads.c.state == "dead").values(state="wanted", due_at=now, attempts=0, reason=None)
    return connection.execute(again).rowcount


def save_catalogue(connection: Connection, name: str, catalogue: Catalogue, now: datetime) -> None:
    values = {"connection": name, "data": orjson.dumps(catalogue).decode(), "read_at": now}
    upsert = insert(connection, catalogues).on_conflict_do_update(
        index_elements=["connection"], set_={"data": values["data"], "read_at": now}
    )
    connection.execute(upsert, values)


def catalogue_dates(connection: Connection) -> Mapping[str, datetime]:
    """When each connection's vocabulary was last read."""
    return {
        row.connection: row.read_at for row in connection.execute(select(catalogues.c.connection, catalogues.c.read_at))
    }


def load_catalogue(connection: Connection, name: str) -> Catalogue | None:
    text = connection.execute(select(catalogues.c.data).where(catalogues.c.connection == name)).scalar()
    return None if text is None else _catalogue(text)


def _catalogue(text: str) -> Catalogue:
    data = orjson.loads(text)
    data["fields"] = tuple(TrackerField(**field) for field in data["fields"])
    return Catalogue(**data)
