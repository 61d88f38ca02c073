"""Marks and subjects: what must be refreshed, and the lock that lets one worker at a time refresh one thing.

Marks are only ever added, and a step deletes only the marks it has read; so a mark that arrives while a step works
survives it, and the step is repeated. That, and reading what a step depends on only after its lock, is all that
correctness under many workers needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

import orjson
from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy import insert as plain_insert

from integration.store.instants import to_micros
from integration.store.statements import by_connection, for_each, in_batches, insert, unlocked
from integration.store.tables import marks, subjects

Kind: TypeAlias = Literal["item", "reach", "delivery", "attribution", "kpi", "key result", "card"]
Subject: TypeAlias = tuple[str, str]
"""A connection (empty for key results and deliveries) and an id in it. A delivery's is that of a pushed fact, `kind:id`."""

REFRESHED: Sequence[Kind] = ("item", "reach", "delivery", "attribution", "kpi", "key result", "card")
"""The kinds that a step of refresh reads."""
CLOCK_SKEW = timedelta(minutes=1)
SETTLE = timedelta(milliseconds=300)
SETTLE_AT_MOST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Mark:
    kind: Kind
    subject: Subject
    at: datetime
    detail: str | None = None
    """Of an item: whose question it answers. Of a reach: what `reached` reads."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What a changed item asks of the reach step."""

    above: frozenset[str] = frozenset()
    """The parents that it has or had."""
    below: bool = False
    """Whether what is below it moved with it."""
    key: str = ""
    """Its key, where that is new."""


def reach(subject: Subject, at: datetime, above: Iterable[str] = (), *, below: bool = False, key: str = "") -> Mark:
    detail = {"above": sorted(above), "below": below, "key": key}
    return Mark("reach", subject, at, orjson.dumps(detail).decode())


def reached(details: Iterable[str]) -> Reached:
    """What all marks of one item together ask for."""
    told = [orjson.loads(detail) for detail in details]
    return Reached(
        above=frozenset(parent for one in told for parent in one["above"]),
        below=any(one["below"] for one in told),
        key=next((one["key"] for one in reversed(told) if one.get("key")), ""),
    )


def look_again(connection: Connection, items: Iterable[Subject], at: datetime) -> None:
    """Marks the key results that these items feed, directly or through parents."""
    add(connection, [reach(item, at, [item[1]]) for item in sorted(set(items))])


@dataclass(frozen=True, slots=True)
class Claimed:
    """The subjects that this transaction holds, and the marks it has read for each: their ids and their details."""

    kind: Kind
    details: Mapping[Subject, Sequence[str]]
    mark_ids: Sequence[int]

    def __bool__(self) -> bool:
        return bool(self.details)


def add(connection: Connection, told: Iterable[Mark]) -> None:
    rows = [(mark.kind, *mark.subject, mark.detail, to_micros(mark.at)) for mark in told]
    for_each(connection, plain_insert(marks), ("kind", "connection", "subject", "detail", "at"), rows)


def add_deliveries(connection: Connection, ids: Iterable[str], at: datetime) -> None:
    """Marks pushed facts by their `kind:id`; there may be thousands at once."""
    moment = to_micros(at)
    rows = [("delivery", one, moment) for one in ids]
    for_each(connection, plain_insert(marks), ("kind", "subject", "at"), rows)


def since(at: datetime) -> str:
    """What a KPI's mark says: from when on its past is another."""
    return str(to_micros(at))


def measure_again(connection: Connection, key_results: Iterable[str], at: datetime) -> None:
    """Marks key results whose measurement hangs on more than their items."""
    add(connection, [Mark("key result", ("", one), at) for one in sorted(key_results)])


def oldest(connection: Connection, kind: Kind, limit: int, now: datetime) -> Sequence[Subject]:
    """The subjects marked longest ago, but those put off. Reads more marks than subjects: bursts repeat the same ones.

    What another machine marks by a clock that runs a little ahead is not put off.
    """
    query = (
        select(marks.c.connection, marks.c.subject)
        .where(marks.c.kind == kind, marks.c.at <= now + CLOCK_SKEW)
        .order_by(marks.c.id)
        .limit(limit * 4)
    )
    seen = dict.fromkeys((row[0], row[1]) for row in connection.execute(query))
    return list(seen)[:limit]


def put_off(connection: Connection, kind: Kind, subject: Subject, until: datetime) -> None:
    """Lets all marks of a subject count from later on."""
    of_subject = (marks.c.kind == kind) & (marks.c.connection == subject[0]) & (marks.c.subject == subject[1])
    connection.execute(update(marks).where(of_subject).values(at=until))


def settled(connection: Connection, kind: Kind, now: datetime) -> Sequence[Subject]:
    """The subjects whose marks have stopped coming, or have come for too long, so that a burst is one measurement.

    Marks that the clock made for later are no part of a burst.
    """
    query = (
        select(marks.c.connection, marks.c.subject)
        .where(marks.c.kind == kind, marks.c.at <= now)
        .group_by(marks.c.connection, marks.c.subject)
        .having((func.max(marks.c.at) <= now - SETTLE) | (func.min(marks.c.at) <= now - SETTLE_AT_MOST))
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def ensure_subjects(connection: Connection, kind: Kind, wanted: Iterable[Subject]) -> None:
    """Inserts missing subject rows, in one order everywhere, so that two workers doing it cannot block each other."""
    rows = [{"kind": kind, "connection": name, "subject": subject} for name, subject in sorted(wanted)]
    if rows:
        connection.execute(insert(connection, subjects).on_conflict_do_nothing(), rows)


def claim(connection: Connection, kind: Kind, wanted: Sequence[Subject]) -> Claimed:
    """Locks those of `wanted` that nobody holds and whose subject rows are there, then reads their marks."""
    details: dict[Subject, list[str]] = {}
    ids: list[int] = []
    for name, some in by_connection(wanted):
        held = _lock(connection, kind, name, some)
        read = select(marks.c.id, marks.c.subject, marks.c.detail).where(
            marks.c.kind == kind, marks.c.connection == name, marks.c.subject.in_(held)
        )
        for number, subject, detail in connection.execute(read.order_by(marks.c.id)) if held else ():
            ids.append(number)
            of_subject = details.setdefault((name, subject), [])
            if detail is not None and detail not in of_subject:
                of_subject.append(detail)
    return Claimed(kind, details, ids)


def _lock(connection: Connection, kind: Kind, name: str, wanted: Sequence[str]) -> Sequence[str]:
    """Those of a connection's subjects that are free; all of them on SQLite, which has one worker."""
    if connection.dialect.name == "sqlite":
        return wanted
    free = select(subjects.c.subject).where(
        subjects.c.kind == kind, subjects.c.connection == name, subjects.c.subject.in_(wanted)
    )
    return list(connection.execute(unlocked(connection, free)).scalars())


def hold_alone(connection: Connection, kind: Kind) -> None:
    """Waits until no other worker is at this kind of step, and keeps others waiting to the end of the transaction."""
    if connection.dialect.name == "sqlite":
        return  # it has one worker
    ensure_subjects(connection, kind, [("", "")])
    query = select(subjects.c.subject).where(
        subjects.c.kind == kind, subjects.c.connection == "", subjects.c.subject == ""
    )
    connection.execute(query.with_for_update())


def done(connection: Connection, claimed: Claimed) -> None:
    for some in in_batches(claimed.mark_ids):
        connection.execute(delete(marks).where(marks.c.id.in_(some)))


def pending(connection: Connection, kinds: Collection[Kind] = REFRESHED) -> Mapping[str, int]:
    query = select(marks.c.kind, func.count()).where(marks.c.kind.in_(kinds)).group_by(marks.c.kind)
    return {row[0]: row[1] for row in connection.execute(query)}


def answers_unfolded(connection: Connection) -> frozenset[Subject]:
    """The items that a tracker was asked about and whose answers are still being folded."""
    query = select(marks.c.connection, marks.c.detail).where(marks.c.kind == "item", marks.c.detail.is_not(None))
    return frozenset((row[0], row[1]) for row in connection.execute(query.distinct()))


def any_before(connection: Connection, kinds: Collection[Kind], at: datetime) -> bool:
    query = select(marks.c.id).where(marks.c.kind.in_(kinds), marks.c.at <= at).limit(1)
    return connection.execute(query).first() is not None


def any_of_connection(connection: Connection, kind: Kind, name: str, at: datetime) -> bool:
    """Whether any mark of that time or before is left of a connection's things of that kind."""
    query = select(marks.c.id).where(marks.c.kind == kind, marks.c.connection == name, marks.c.at <= at).limit(1)
    return connection.execute(query).first() is not None


def waiting_since(connection: Connection) -> datetime | None:
    """When the oldest mark was made; one of the clock's may lie in the future."""
    return connection.execute(select(func.min(marks.c.at)).where(marks.c.kind.in_(REFRESHED))).scalar()
