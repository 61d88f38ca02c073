"""What shall be shown where, and is not shown yet: one row an item, the newest wish wins.

A claim commits a lease. Whoever works on a wish ends it only while the lease is still theirs: afterwards another worker
may have begun, and knows better.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, case, delete, or_, select, update

from integration.core.facts import ItemRef
from integration.core.write_back import FieldValue
from integration.store import marks, written
from integration.store.marks import Mark
from integration.store.pauses import resting
from integration.store.statements import insert, unlocked
from integration.store.tables import outbox

BADGE = "badge"
"""The target that is not a field: the remote link. Its value is the badge as JSON text."""

# Longer than all calls that one look and one write make, at their worst; the publisher minds what is left of it.
LEASE = timedelta(minutes=5)

Values = Mapping[str, FieldValue]
_NOTHING = "{}"


@dataclass(frozen=True, slots=True)
class Wish:
    """One outbox row: what the item shall show. `lease` is the claim that it was taken by."""

    ref: ItemRef
    desired: Values
    attempts: int
    names: Mapping[str, str] = field(default_factory=dict)
    """Target -> field as the mapping names it."""
    state: str = "wanted"
    reason: str | None = None
    since: datetime | None = None
    lease: datetime | None = None


def want(
    connection: Connection,
    ref: ItemRef,
    desired: Values,
    now: datetime,
    due_at: datetime,
    names: Mapping[str, str] | None = None,
) -> None:
    """The newest wish replaces an older one, also one that was given up; a write on its way is not disturbed."""
    values = {
        "connection": ref.connection,
        "item": ref.id,
        "desired": _dumps(desired),
        "names": _dumps(names or {}),
        "state": "wanted",
        "due_at": due_at,
        "since": now,
    }
    upsert = insert(connection, outbox)
    dead = outbox.c.state == "dead"
    upsert = upsert.on_conflict_do_update(
        index_elements=["connection", "item"],
        set_={
            "desired": upsert.excluded.desired,
            "names": upsert.excluded.names,
            "state": "wanted",
            # A tracker in trouble is given time, whatever is wished of it meanwhile.
            "reason": case((dead, None), else_=outbox.c.reason),
            "attempts": case((dead, 0), else_=outbox.c.attempts),
            "due_at": case((dead, upsert.excluded.due_at), else_=outbox.c.due_at),
        },
        where=outbox.c.desired != upsert.excluded.desired,
    )
    connection.execute(upsert, values)


def withdraw(connection: Connection, refs: Iterable[ItemRef]) -> None:
    """There is nothing to show any more. Of a wish that is being worked on nothing is left to try again."""
    for ref in refs:
        connection.execute(delete(outbox).where(_is(ref), outbox.c.leased_until.is_(None)))
        connection.execute(update(outbox).where(_is(ref)).values(desired=_NOTHING))


def items(connection: Connection) -> Sequence[ItemRef]:
    """Every item that something is wished for."""
    return [ItemRef(*row) for row in connection.execute(select(outbox.c.connection, outbox.c.item))]


def due(connection: Connection, now: datetime) -> bool:
    """Whether any wish waits, seen without a lock."""
    return connection.execute(select(outbox.c.item).where(*_due(now)).limit(1)).first() is not None


def claim(connection: Connection, now: datetime, limit: int) -> Sequence[Wish]:
    """Leases the wishes that are due longest, but none of a connection that rests."""
    query = select(outbox).where(*_due(now)).order_by(outbox.c.due_at).limit(limit)
    found = connection.execute(unlocked(connection, query)).all()
    lease = now + LEASE
    for row in found:
        taken = {"leased_until": lease, "attempted": row.desired, "attempts": row.attempts + 1}
        connection.execute(update(outbox).where(_is(ItemRef(row.connection, row.item))).values(taken))
    return [_wish(row, lease) for row in found]


def is_ours(connection: Connection, wish: Wish) -> bool:
    """Whether nobody else has taken the wish meanwhile."""
    return connection.execute(select(outbox.c.item).where(*_ours(wish))).first() is not None


def finish(connection: Connection, wish: Wish, next_at: datetime, again_at: datetime | None = None) -> None:
    """It is done: the row leaves, unless a newer wish came meanwhile, which is due at `next_at`.

    With `again_at` something of it could not be done yet: it stays until then.
    """
    if again_at is None:
        connection.execute(delete(outbox).where(*_ours(wish), outbox.c.desired == outbox.c.attempted))
    free = {"leased_until": None, "attempted": None, "attempts": 0, "reason": None, "due_at": again_at or next_at}
    connection.execute(update(outbox).where(*_ours(wish)).values(free))


def retry(connection: Connection, wish: Wish, at: datetime, reason: str | None) -> None:
    free = {"leased_until": None, "attempted": None, "due_at": at, "reason": reason}
    connection.execute(update(outbox).where(*_ours(wish)).values(free))


def give_up(connection: Connection, wish: Wish, reason: str) -> None:
    """Keeps the wish, dead, with the tracker's own words. A newer wish that came meanwhile is tried on its own."""
    free = {"leased_until": None, "reason": reason}
    dead = update(outbox).where(*_ours(wish), outbox.c.desired == outbox.c.attempted).values(state="dead", **free)
    connection.execute(dead)
    connection.execute(update(outbox).where(*_ours(wish)).values(attempted=None, **free))


def drop(connection: Connection, wish: Wish) -> None:
    """Takes a claimed wish back without writing it."""
    connection.execute(delete(outbox).where(*_ours(wish)))


def free_leases(connection: Connection) -> int:
    """Frees what a crashed worker held. Only for a worker that knows itself to be the only one (SQLite)."""
    held = outbox.c.leased_until.is_not(None)
    return connection.execute(update(outbox).where(held).values(leased_until=None)).rowcount


def replay(connection: Connection, now: datetime) -> int:
    """Tries again what was given up, and at once what the tracker refused; returns on how many items."""
    dead = [wish.ref for wish in wishes(connection, "dead")]
    again = {"state": "wanted", "due_at": now, "attempts": 0, "reason": None}
    connection.execute(update(outbox).where(outbox.c.state == "dead").values(again))
    refused = written.clear_refusals(connection)
    marks.add(connection, [Mark("card", (ref.connection, ref.id), now) for ref in refused])
    return len({*dead, *refused})


def wishes(connection: Connection, state: str) -> Sequence[Wish]:
    query = select(outbox).where(outbox.c.state == state).order_by(outbox.c.since)
    return [_wish(row) for row in connection.execute(query)]


def _due(now: datetime) -> Sequence[ColumnElement[bool]]:
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until < now)
    return outbox.c.state == "wanted", outbox.c.due_at <= now, free, outbox.c.connection.not_in(resting(now))


def _wish(row: Any, lease: datetime | None = None) -> Wish:
    return Wish(
        ref=ItemRef(row.connection, row.item),
        desired=orjson.loads(row.desired),
        attempts=row.attempts,
        names=orjson.loads(row.names),
        state=row.state,
        reason=row.reason,
        since=row.since,
        lease=lease,
    )


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _is(ref: ItemRef) -> ColumnElement[bool]:
    return (outbox.c.connection == ref.connection) & (outbox.c.item == ref.id)


def _ours(wish: Wish) -> Sequence[ColumnElement[bool]]:
    return _is(wish.ref), outbox.c.leased_until == wish.lease
