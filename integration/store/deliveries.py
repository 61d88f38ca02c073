"""The inbox as the worker sees it: what waits, what became of it, what can be tried again. Receiving is in `inbox`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, literal_column, or_, select, update

from integration.store.statements import holds, unlocked
from integration.store.tables import deliveries, outcomes

LONGEST_LINE = 500
# As a literal: an index of the new ones only serves no query that leaves the state open until it is executed.
NEW = outcomes.c.state == literal_column("'new'")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that nobody has read yet."""

    id: int
    connection: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery: `done`, `ignored`, `unsupported` or `dead`, and why."""

    id: int
    state: str
    event: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many deliveries of one event of one connection are in one state."""

    connection: str
    state: str
    event: str | None
    count: int


def waiting(connection: Connection, limit: int) -> Sequence[Waiting]:
    """The oldest deliveries that wait, locked against other workers where there can be any."""
    query = (
        select(deliveries.c.id, deliveries.c.connection, deliveries.c.received_at, deliveries.c.body)
        .join(outcomes, outcomes.c.delivery == deliveries.c.id)
        .where(NEW)
        .order_by(outcomes.c.delivery)
        .limit(limit)
    )
    return [Waiting(*row) for row in connection.execute(unlocked(connection, query, outcomes))]


def last_id(connection: Connection) -> int:
    """The id of the newest delivery of all; 0 where there is none yet."""
    newest: int | None = connection.execute(select(func.max(deliveries.c.id))).scalar()
    return newest or 0


def first_after(connection: Connection, name: str, after: int) -> Outcome | None:
    """The first delivery of that connection with a greater id, and what became of it so far."""
    query = (
        select(outcomes.c.delivery, outcomes.c.state, outcomes.c.event, outcomes.c.reason)
        .where(outcomes.c.delivery > after, outcomes.c.connection == name)
        .order_by(outcomes.c.delivery)
        .limit(1)
    )
    row = connection.execute(query).first()
    return Outcome(*row) if row else None


def finish(connection: Connection, told: Iterable[Outcome]) -> None:
    """Records outcomes in the transaction that records what they brought: both or neither."""
    alike: dict[tuple[str, str | None, str | None], list[int]] = {}
    for one in told:
        alike.setdefault((one.state, _line(one.event), _line(one.reason)), []).append(one.id)
    for (state, event, reason), ids in alike.items():
        values = {"state": state, "event": event, "reason": reason}
        connection.execute(update(outcomes).where(outcomes.c.delivery.in_(ids)).values(values))


def _line(told: str | None) -> str | None:
    """A sender's words as a database can keep and index them, whatever they are."""
    return None if told is None else told.replace("\0", "")[:LONGEST_LINE]


def counts(connection: Connection) -> Sequence[Count]:
    query = select(outcomes.c.connection, outcomes.c.state, outcomes.c.event, func.count()).group_by(
        outcomes.c.connection, outcomes.c.state, outcomes.c.event
    )
    return [Count(*row) for row in connection.execute(query.order_by(outcomes.c.connection, outcomes.c.state))]


def kept_since(connection: Connection, *, dead: bool) -> datetime | None:
    """When the oldest delivery came that is still kept: of those that were not understood, or of the others that were
    read. Counts reach no further back. Ids are given in the order of arrival.
    """
    meant = outcomes.c.state == "dead" if dead else outcomes.c.state.not_in(("new", "dead"))
    query = select(deliveries.c.received_at).join(outcomes, outcomes.c.delivery == deliveries.c.id).where(meant)
    return connection.execute(query.order_by(outcomes.c.delivery).limit(1)).scalar()


def dead(connection: Connection, limit: int = 50) -> Sequence[Outcome]:
    query = (
        select(outcomes.c.delivery, outcomes.c.state, outcomes.c.event, outcomes.c.reason)
        .where(outcomes.c.state == "dead")
        .order_by(outcomes.c.delivery.desc())
        .limit(limit)
    )
    return [Outcome(*row) for row in connection.execute(query)]


def replay(connection: Connection, ids: Sequence[int] | None = None) -> int:
    """Lets dead deliveries be read again, all or those named; returns how many."""
    query = update(outcomes).where(outcomes.c.state == "dead")
    if ids is not None:
        query = query.where(outcomes.c.delivery.in_(ids))
    return connection.execute(query.values(state="new", reason=None)).rowcount


def waiting_since(connection: Connection) -> datetime | None:
    """When the oldest delivery came that nobody has read yet."""
    return connection.execute(
        select(func.min(deliveries.c.received_at)).join(outcomes, outcomes.c.delivery == deliveries.c.id).where(NEW)
    ).scalar()


AT_ONCE = 50
LARGEST_AT_ONCE = 2**20
"""Bytes of bodies that are deleted at once: SQLite visits every page of what it deletes, while others wait."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery as far as it matters to how long it is kept: when it came, what became of it, bytes of its body."""

    id: int
    received_at: datetime
    state: str
    size: int


_KEPT = (
    select(deliveries.c.id, deliveries.c.received_at, outcomes.c.state, func.length(deliveries.c.body))
    .join(outcomes, outcomes.c.delivery == deliveries.c.id)
    .order_by(deliveries.c.id)
)


def oldest(connection: Connection, after: int, limit: int) -> Sequence[Kept]:
    """The deliveries behind one, in the order in which they came; no body is read."""
    return [Kept(*row) for row in connection.execute(_KEPT.where(deliveries.c.id > after).limit(limit))]


def holding(connection: Connection, words: Collection[str], name: str | None, after: int, limit: int) -> Sequence[Kept]:
    """The deliveries behind one, of one connection or of all, whose bodies hold any of these words."""
    query = _KEPT.where(deliveries.c.id > after, or_(*(holds(connection, deliveries.c.body, one) for one in words)))
    if name is not None:
        query = query.where(deliveries.c.connection == name)
    return [Kept(*row) for row in connection.execute(query.limit(limit))]


def batches(kept: Iterable[Kept]) -> Iterator[Sequence[int]]:
    """Their ids, as many at a time as can be deleted at once."""
    batch: list[int] = []
    size = 0
    for one in kept:
        if batch and (len(batch) == AT_ONCE or size + one.size > LARGEST_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append(one.id)
        size += one.size
    if batch:
        yield batch


def throw_away(connection: Connection, ids: Sequence[int]) -> int:
    """Deletes deliveries with what is known of them, but none that still waits to be read; returns how many."""
    gone = delete(outcomes).where(outcomes.c.delivery.in_(ids), outcomes.c.state != "new")
    read = list(connection.execute(gone.returning(outcomes.c.delivery)).scalars())
    connection.execute(delete(deliveries).where(deliveries.c.id.in_(read)))
    return len(read)
