"""Pushed facts as they came: each once, the newest telling of it, and since when all of them are known.

Which telling is the newest is said by when it was received, so that any order in which tellings reach the database ends
the same. A deletion is a telling, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, func, or_, select

from integration.store import marks
from integration.store.instants import to_micros
from integration.store.statements import MANY, by_connection, for_each, in_batches, insert
from integration.store.tables import pushed, pushed_since

Outcome: TypeAlias = Literal["accepted", "updated", "unchanged", "deleted"]
Whose: TypeAlias = tuple[str, str]
"""A kind of facts, and the service or KPI that they tell of."""


class Telling(NamedTuple):
    """What is told of one fact: its kind, the sender's id for it, its JSON or nothing where it is deleted."""

    kind: str
    id: str
    data: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A pushed fact that stands."""

    kind: str
    id: str
    data: str
    sender: str
    received_at: datetime


def clock(connection: Connection) -> datetime:
    """What time it is to the database, so that machines whose clocks differ agree about which telling is newer."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return told.astimezone(UTC)


def put(connection: Connection, told: Sequence[Telling], sender: str, received_at: datetime) -> Sequence[Outcome]:
    """Keeps what is told, in the order of telling, and marks what is another than before. For each, what became of it."""
    outcomes, newest = _compared(connection, told, received_at)
    # In one order everywhere, so that two who tell of the same facts cannot block each other.
    at = to_micros(received_at)
    rows = [(*key, one.data, one.deleted, sender, at) for key, one in sorted(newest.items())]
    _write(connection, rows)
    new = {(one.kind, one.id) for one, outcome in zip(told, outcomes, strict=True) if outcome != "unchanged"}
    marks.add_deliveries(connection, [f"{kind}:{id_}" for kind, id_ in sorted(new)], received_at)
    return outcomes


def would(connection: Connection, told: Sequence[Telling], received_at: datetime) -> Sequence[Outcome]:
    """What would become of each, without keeping it."""
    return _compared(connection, told, received_at)[0]


def _compared(
    connection: Connection, told: Sequence[Telling], received_at: datetime
) -> tuple[Sequence[Outcome], Mapping[Whose, Telling]]:
    """For each what becomes of it, and of each fact the newest telling, where none that stands is newer.

    A telling that changes nothing is still the newest: an older one that comes late must not win over it.
    """
    standing = _standing(connection, told)
    outcomes: list[Outcome] = []
    newest: dict[Whose, Telling] = {}
    for one in told:
        key = (one.kind, one.id)
        before, at = standing.get(key, (None, received_at))
        if at <= received_at:
            outcomes.append(_outcome(before, one))
            newest[key], standing[key] = one, (one, received_at)
        else:
            outcomes.append("unchanged")
    return outcomes, newest


def _outcome(before: Telling | None, now: Telling) -> Outcome:
    if before is not None and (before.data, before.deleted) == (now.data, now.deleted):
        return "unchanged"
    if now.deleted:
        return "unchanged" if before is None else "deleted"
    return "accepted" if before is None or before.deleted else "updated"


def _standing(connection: Connection, told: Iterable[Telling]) -> dict[Whose, tuple[Telling | None, datetime]]:
    """What was told before of the same facts, and when."""
    found: dict[Whose, tuple[Telling | None, datetime]] = {}
    for kind, ids in by_connection((one.kind, one.id) for one in told):
        query = select(pushed.c.fact, pushed.c.data, pushed.c.deleted, pushed.c.received_at)
        for fact, data, deleted, at in connection.execute(query.where(pushed.c.kind == kind, pushed.c.fact.in_(ids))):
            found[kind, fact] = (Telling(kind, fact, data, deleted), at)
    return found


def _write(connection: Connection, rows: Sequence[Sequence[object]]) -> None:
    upsert = insert(connection, pushed)
    told = upsert.excluded
    upsert = upsert.on_conflict_do_update(
        index_elements=["kind", "fact"],
        set_={name: told[name] for name in ("data", "deleted", "sender", "received_at")},
        where=pushed.c.received_at <= told.received_at,
    )
    for_each(connection, upsert, ("kind", "fact", "data", "deleted", "sender", "received_at"), rows)


def get(connection: Connection, kind: str, ids: Iterable[str]) -> Iterator[Kept]:
    """Those of these facts that stand."""
    for some in in_batches(list(ids)):
        query = _KEPT.where(pushed.c.kind == kind, pushed.c.fact.in_(some), ~pushed.c.deleted)
        yield from (Kept(*row) for row in connection.execute(query))


def after(connection: Connection, last: Whose = ("", ""), limit: int = MANY) -> Sequence[Kept]:
    """The next facts that stand, by kind and id: for reading all of them without holding all of them."""
    behind = or_(pushed.c.kind > last[0], (pushed.c.kind == last[0]) & (pushed.c.fact > last[1]))
    query = _KEPT.where(~pushed.c.deleted, behind).order_by(pushed.c.kind, pushed.c.fact).limit(limit)
    return [Kept(*row) for row in connection.execute(query)]


_KEPT = select(pushed.c.kind, pushed.c.fact, pushed.c.data, pushed.c.sender, pushed.c.received_at)


def known_since(connection: Connection, told: Mapping[Whose, datetime]) -> None:
    """From when on all facts are known, as somebody says. What was known from earlier on stays so."""
    known = since(connection, told)
    rows = [
        {"kind": kind, "subject": whose, "since": at}
        for (kind, whose), at in sorted(told.items())
        if (kind, whose) not in known or at < known[kind, whose]
    ]
    if rows:
        upsert = insert(connection, pushed_since)
        upsert = upsert.on_conflict_do_update(
            index_elements=["kind", "subject"],
            set_={"since": upsert.excluded.since},
            where=upsert.excluded.since < pushed_since.c.since,
        )
        connection.execute(upsert, rows)


def since(connection: Connection, whose: Iterable[Whose]) -> Mapping[Whose, datetime]:
    """From when on all facts of these are known; those of whom nothing was pushed are not there."""
    found: dict[Whose, datetime] = {}
    for kind, subjects in by_connection(whose):
        query = select(pushed_since.c.subject, pushed_since.c.since)
        rows = connection.execute(query.where(pushed_since.c.kind == kind, pushed_since.c.subject.in_(subjects)))
        found.update({(kind, row[0]): row[1] for row in rows})
    return found


def subjects(connection: Connection) -> Iterator[tuple[str, str]]:
    """All that was ever pushed, by which it is marked."""
    for kind, fact in connection.execute(select(pushed.c.kind, pushed.c.fact)):
        yield ("", f"{kind}:{fact}")


def standing_kinds(connection: Connection, among: Iterable[str]) -> frozenset[str]:
    """Those of these kinds of which any fact stands. Looks for one of each, and not at all there are."""
    wanted = list(among)
    if not wanted:
        return frozenset()
    told = connection.execute(_first_of_each(tuple(wanted))).one()
    return frozenset(kind for kind, fact in zip(wanted, told, strict=True) if fact is not None)


@cache
def _first_of_each(kinds: tuple[str, ...]) -> Select[Any]:
    # In order, so that PostgreSQL looks into the index and not through the table, as it does for `exists`.
    of_kind = (select(pushed.c.fact).where(pushed.c.kind == kind, ~pushed.c.deleted) for kind in kinds)
    return select(*(query.order_by(pushed.c.fact).limit(1).scalar_subquery() for query in of_kind))


def first_known(connection: Connection) -> Mapping[str, datetime]:
    """Kind -> from when on anybody said that all its facts are known."""
    query = select(pushed_since.c.kind, func.min(pushed_since.c.since)).group_by(pushed_since.c.kind)
    return {row[0]: row[1] for row in connection.execute(query)}
