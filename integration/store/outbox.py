"""What shall be shown where, what is on its way, and what we know of every field of ours.

One outbox row an item, the newest wish wins. A claim commits a lease and the attempted values before anybody talks to
the tracker, so that after a crash we still know every value that may stand there because of us.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, delete, or_, select, tuple_, update

from integration.core.facts import ItemRef
from integration.core.write_back import FieldValue
from integration.store.statements import in_batches, insert, unlocked
from integration.store.tables import outbox, written

BADGE = "badge"
"""The target that is not a field: the remote link. Its value is the badge as JSON text."""

# Longer than the longest call to a tracker by far; the publisher looks at what is left of it before each call.
LEASE = timedelta(minutes=5)

Values = Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True)
class Wish:
    """One outbox row as claimed: what the item shall show."""

    ref: ItemRef
    desired: Values
    attempts: int
    state: str = "wanted"
    reason: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One field (or badge) of ours: the last value we wrote (None where we never did), what we tried since, and a held value."""

    target: str
    value: FieldValue
    known: bool
    attempts: tuple[FieldValue, ...]
    held: tuple[FieldValue] | None
    written_at: datetime | None


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _wish(row: Any) -> Wish:
    return Wish(
        ItemRef(row.connection, row.item), orjson.loads(row.desired), row.attempts, row.state, row.reason, row.since
    )


def want(connection: Connection, ref: ItemRef, desired: Values, now: datetime, due_at: datetime) -> None:
    """The newest wish replaces an older one, also one that was given up; a write on its way is not disturbed."""
    values = {
        "connection": ref.connection,
        "item": ref.id,
        "desired": _dumps(desired),
        "state": "wanted",
        "due_at": due_at,
        "since": now,
    }
    upsert = insert(connection, outbox)
    changed = or_(outbox.c.desired != upsert.excluded.desired, outbox.c.state != "dead")
    upsert = upsert.on_conflict_do_update(
        index_elements=["connection", "item"],
        set_={"desired": upsert.excluded.desired, "state": "wanted", "reason": None, "attempts": 0},
        where=changed,
    )
    connection.execute(upsert, values)


def withdraw(connection: Connection, ref: ItemRef) -> None:
    """Forgets a wish that nobody is working on."""
    connection.execute(delete(outbox).where(_is(ref), outbox.c.leased_until.is_(None)))


def wish_for(connection: Connection, ref: ItemRef) -> Wish | None:
    row = connection.execute(select(outbox).where(_is(ref))).first()
    return None if row is None else _wish(row)


def due(connection: Connection, now: datetime) -> bool:
    """Whether any wish waits, seen without a lock."""
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until < now)
    query = select(outbox.c.item).where(outbox.c.state == "wanted", outbox.c.due_at <= now, free).limit(1)
    return connection.execute(query).first() is not None


def claim(connection: Connection, now: datetime, limit: int) -> Sequence[Wish]:
    """Leases the wishes that are due. The caller adds the attempted values in the same transaction (`attempt`)."""
    free = or_(outbox.c.leased_until.is_(None), outbox.c.leased_until < now)
    query = (
        select(outbox)
        .where(outbox.c.state == "wanted", outbox.c.due_at <= now, free)
        .order_by(outbox.c.due_at)
        .limit(limit)
    )
    found = [_wish(row) for row in connection.execute(unlocked(connection, query))]
    for wish in found:
        lease = {"leased_until": now + LEASE, "attempted": _dumps(wish.desired), "attempts": wish.attempts + 1}
        connection.execute(update(outbox).where(_is(wish.ref)).values(lease))
    return found


def attempt(connection: Connection, ref: ItemRef, values: Values) -> None:
    """Remembers values that may stand in the tracker from now on because of us."""
    known = {one.target: one for one in written_on(connection, ref)}
    for target, value in values.items():
        before = known[target].attempts if target in known else ()
        if value not in before:
            _upsert_written(connection, ref, target, {"attempts": _dumps([*before, value])})


def settle(connection: Connection, wish: Wish, values: Values, now: datetime, next_at: datetime) -> None:
    """The write succeeded: `values` stand in the tracker. The wish leaves unless a newer one came meanwhile."""
    for target, value in values.items():
        if value is None:
            connection.execute(delete(written).where(_is_written(wish.ref), written.c.target == target))
        else:
            _upsert_written(
                connection,
                wish.ref,
                target,
                {"value": _dumps(value), "attempts": "[]", "held": None, "written_at": now},
            )
    connection.execute(delete(outbox).where(_is(wish.ref), outbox.c.desired == outbox.c.attempted))
    connection.execute(
        update(outbox).where(_is(wish.ref)).values(leased_until=None, attempted=None, attempts=0, due_at=next_at)
    )


def hold(connection: Connection, ref: ItemRef, target: str, value: FieldValue) -> None:
    """A person's value stands; ours waits until they or the mapping say otherwise."""
    _upsert_written(connection, ref, target, {"held": _dumps(value)})


def forget(connection: Connection, wish: Wish) -> None:
    """The item is gone: there is nothing to write, and nothing of ours to remember."""
    connection.execute(delete(outbox).where(_is(wish.ref)))
    connection.execute(delete(written).where(_is_written(wish.ref)))


def drop(connection: Connection, wish: Wish) -> None:
    """Takes a claimed wish back without writing it."""
    connection.execute(delete(outbox).where(_is(wish.ref)))


def free_leases(connection: Connection) -> int:
    """Frees what a crashed worker held. Only for a worker that knows itself to be the only one (SQLite)."""
    held = outbox.c.leased_until.is_not(None)
    return connection.execute(update(outbox).where(held).values(leased_until=None)).rowcount


def release(connection: Connection, ref: ItemRef, target: str) -> None:
    connection.execute(update(written).where(_is_written(ref), written.c.target == target).values(held=None))


def retry(connection: Connection, wish: Wish, at: datetime, reason: str) -> None:
    connection.execute(update(outbox).where(_is(wish.ref)).values(leased_until=None, due_at=at, reason=reason))


def give_up(connection: Connection, wish: Wish, reason: str) -> None:
    """Keeps the wish, dead, with the tracker's own words. A newer wish that came meanwhile is tried on its own."""
    dead = {"state": "dead", "leased_until": None, "reason": reason}
    connection.execute(update(outbox).where(_is(wish.ref), outbox.c.desired == outbox.c.attempted).values(dead))
    connection.execute(
        update(outbox)
        .where(_is(wish.ref), outbox.c.state == "wanted")
        .values(leased_until=None, attempted=None, reason=reason)
    )


def replay(connection: Connection, now: datetime) -> int:
    again = update(outbox).where(outbox.c.state == "dead").values(state="wanted", due_at=now, attempts=0, reason=None)
    return connection.execute(again).rowcount


def written_on(connection: Connection, ref: ItemRef) -> Sequence[Written]:
    return written_on_all(connection, [ref]).get(ref, [])


def written_on_all(connection: Connection, refs: Collection[ItemRef]) -> Mapping[ItemRef, Sequence[Written]]:
    found: dict[ItemRef, list[Written]] = {}
    for some in in_batches([(ref.connection, ref.id) for ref in refs]):
        query = select(written).where(tuple_(written.c.connection, written.c.item).in_(some)).order_by(written.c.target)
        for row in connection.execute(query):
            one = Written(
                target=row.target,
                value=None if row.value is None else orjson.loads(row.value),
                known=row.value is not None,
                attempts=tuple(orjson.loads(row.attempts)),
                held=None if row.held is None else (orjson.loads(row.held),),
                written_at=row.written_at,
            )
            found.setdefault(ItemRef(row.connection, row.item), []).append(one)
    return found


def items_written(connection: Connection) -> Sequence[ItemRef]:
    """Every item that shows something of ours, or may."""
    return [ItemRef(*row) for row in connection.execute(select(written.c.connection, written.c.item).distinct())]


def held(connection: Connection) -> Sequence[tuple[ItemRef, str, FieldValue]]:
    """The values of people that we leave alone."""
    query = select(written).where(written.c.held.is_not(None)).order_by(written.c.connection, written.c.item)
    return [
        (ItemRef(row.connection, row.item), row.target, orjson.loads(row.held)) for row in connection.execute(query)
    ]


def wishes(connection: Connection, state: str) -> Sequence[Wish]:
    query = select(outbox).where(outbox.c.state == state).order_by(outbox.c.since)
    return [_wish(row) for row in connection.execute(query)]


def _upsert_written(connection: Connection, ref: ItemRef, target: str, values: dict[str, Any]) -> None:
    key = {"connection": ref.connection, "item": ref.id, "target": target}
    upsert = insert(connection, written).on_conflict_do_update(index_elements=list(key), set_=values)
    connection.execute(upsert, {**key, **values})


def _is(ref: ItemRef) -> Any:
    return (outbox.c.connection == ref.connection) & (outbox.c.item == ref.id)


def _is_written(ref: ItemRef) -> Any:
    return (written.c.connection == ref.connection) & (written.c.item == ref.id)
