"""What we know of each field (or badge) of ours: last written, tried since, what a person holds, what the tracker refused.

Before a write its value is committed here as an attempt (`announce`), so that after a crash we still know every value
that may stand in the tracker because of us.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, select, update

from integration.core.facts import ItemRef
from integration.core.write_back import FieldValue
from integration.store.statements import by_connection, insert
from integration.store.tables import written

MOST_SENT = 10
"""Writes whose echo is still waited for; older ones will hardly come."""

Values = Mapping[str, FieldValue]


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that nothing guarded: what we saw, what we wrote, and the item's newest fact (its row) before that.

    Its entry in the item's history tells what really stood there.
    """

    saw: FieldValue
    wrote: FieldValue
    after: int


@dataclass(frozen=True, slots=True)
class Written:
    """One field (or badge) of ours on one item."""

    target: str
    field: str = ""
    """The field as the mapping names it."""
    value: FieldValue = None
    """The last value we wrote; None where we never did, or cleared it."""
    known: bool = False
    """Whether a value of ours stands there, as far as we know."""
    attempts: tuple[FieldValue, ...] = ()
    """What we tried to write since."""
    held: tuple[FieldValue] | None = None
    """A person's value that we leave alone."""
    put_back: bool = False
    """We overwrote what is held, in the moment in which it was typed, and have to write it back."""
    released: tuple[FieldValue] | None = None
    """A person's value that may be replaced, since the mapping gave the field up while it was held."""
    refused: str | None = None
    """Why the tracker took no value here, in its own words."""
    refused_until: datetime | None = None
    sent: tuple[Sent, ...] = ()
    written_at: datetime | None = None

    def refuses(self, now: datetime) -> bool:
        """Whether the tracker refused this field so lately that there is no use in trying again."""
        return self.refused_until is not None and now < self.refused_until


def on_item(connection: Connection, ref: ItemRef) -> Sequence[Written]:
    return on_items(connection, [ref]).get(ref, [])


def on_items(connection: Connection, refs: Collection[ItemRef]) -> Mapping[ItemRef, Sequence[Written]]:
    """What we know on each of the items that we know something of."""
    found: dict[ItemRef, list[Written]] = {}
    for name, ids in by_connection((ref.connection, ref.id) for ref in refs):
        query = select(written).where(written.c.connection == name, written.c.item.in_(ids)).order_by(written.c.target)
        for row in connection.execute(query):
            found.setdefault(ItemRef(row.connection, row.item), []).append(_written(row))
    return found


def items(connection: Connection) -> Sequence[ItemRef]:
    """Every item that shows something of ours, or may."""
    return [ItemRef(*row) for row in connection.execute(select(written.c.connection, written.c.item).distinct())]


def held(connection: Connection) -> Sequence[tuple[ItemRef, str, FieldValue]]:
    """The values of people that we leave alone."""
    query = select(written).where(written.c.held.is_not(None)).order_by(written.c.connection, written.c.item)
    return [
        (ItemRef(row.connection, row.item), row.target, orjson.loads(row.held)) for row in connection.execute(query)
    ]


def targets(connection: Connection, name: str) -> Mapping[str, frozenset[str]]:
    """The fields that we have written on a connection: name in the mapping -> the tracker's ids."""
    query = select(written.c.field, written.c.target).where(written.c.connection == name).distinct()
    found: dict[str, frozenset[str]] = {}
    for field, target in connection.execute(query):
        found[field] = found.get(field, frozenset()) | {target}
    return found


def announce(
    connection: Connection, ref: ItemRef, values: Values, names: Mapping[str, str], sent: Mapping[str, Sent]
) -> None:
    """Remembers values that may stand in the tracker from now on because of us. `sent` are those that nothing guards."""
    known = {one.target: one for one in on_item(connection, ref)}
    for target, value in values.items():
        before = known.get(target, Written(target))
        told = {"field": names.get(target, before.field)}
        if value not in before.attempts:
            told["attempts"] = _dumps([*before.attempts, value])
        if target in sent:
            told["stood"] = _dumps([asdict(one) for one in (*before.sent, sent[target])[-MOST_SENT:]])
        _upsert(connection, ref, target, told)


def settle(connection: Connection, ref: ItemRef, values: Values, wrote: Collection[str], now: datetime) -> None:
    """`values` stand in the tracker, those of the targets `wrote` because of a write just made."""
    for target, value in values.items():
        told: dict[str, Any] = {"value": None if value is None else _dumps(value), "attempts": "[]", **_NOBODYS}
        if target in wrote:
            told["written_at"] = now
        if value is None:
            connection.execute(update(written).where(_is(ref), written.c.target == target).values(told))
        else:
            _upsert(connection, ref, target, told)
    _tidy(connection, ref)


def hold(connection: Connection, ref: ItemRef, target: str, value: FieldValue, name: str) -> None:
    """A person's value stands; ours waits until they or the mapping say otherwise."""
    told = {"field": name, "held": _dumps(value), "put_back": False, "released": None}
    _upsert(connection, ref, target, told)


def put_back(connection: Connection, ref: ItemRef, target: str, value: FieldValue, instead_of: FieldValue) -> None:
    """A person's value that we overwrote has to take the place of ours again."""
    told = {"held": _dumps(value), "put_back": True, "released": None, "attempts": _dumps([instead_of])}
    connection.execute(update(written).where(_is(ref), written.c.target == target).values(told))


def restored(connection: Connection, ref: ItemRef, target: str, now: datetime) -> None:
    """The person's value stands where we had overwritten it. It is theirs, not ours."""
    told = {"put_back": False, "attempts": "[]", "written_at": now}
    connection.execute(update(written).where(_is(ref), written.c.target == target).values(told))


def release(connection: Connection, ref: ItemRef, target: str) -> None:
    """The mapping gave the field up: what a person holds there is theirs, until the mapping names the field again."""
    told = {"value": None, "attempts": "[]", "held": None, "put_back": False, "released": written.c.held}
    emptied = written.c.held == _dumps(None)
    connection.execute(delete(written).where(_is(ref), written.c.target == target, emptied))
    connection.execute(update(written).where(_is(ref), written.c.target == target).values(told))


def forget(connection: Connection, ref: ItemRef, target: str | None = None) -> None:
    """There is nothing of ours to remember, of one target or of the whole item."""
    which = [] if target is None else [written.c.target == target]
    connection.execute(delete(written).where(_is(ref), *which))


def refuse(connection: Connection, ref: ItemRef, target: str, name: str, words: str, until: datetime) -> None:
    """The tracker takes no value here; it is asked again after `until`."""
    told = {"field": name, "refused": words, "refused_until": until, "attempts": "[]"}
    _upsert(connection, ref, target, told)


def refusals(connection: Connection, name: str, target: str) -> Sequence[tuple[ItemRef, str]]:
    """The items of a connection on which this field was refused, and the words."""
    query = select(written.c.connection, written.c.item, written.c.refused)
    query = query.where(written.c.connection == name, written.c.target == target, written.c.refused.is_not(None))
    return [(ItemRef(row[0], row[1]), row[2]) for row in connection.execute(query.order_by(written.c.item))]


def clear_refusals(connection: Connection) -> Sequence[ItemRef]:
    """Every field may be tried again at once; returns the items that have one."""
    query = select(written.c.connection, written.c.item).where(written.c.refused.is_not(None)).distinct()
    refs = [ItemRef(*row) for row in connection.execute(query)]
    connection.execute(update(written).where(written.c.refused.is_not(None)).values(refused=None, refused_until=None))
    for ref in refs:
        _tidy(connection, ref)
    return refs


def verified(connection: Connection, ref: ItemRef, target: str, left: Iterable[Sent]) -> None:
    """The history has told of our writes but for those that are left."""
    told = {"stood": _dumps([asdict(one) for one in left])}
    connection.execute(update(written).where(_is(ref), written.c.target == target).values(told))
    _tidy(connection, ref)


# What a value of ours that stands there puts an end to.
_NOBODYS: Mapping[str, Any] = {
    "held": None,
    "put_back": False,
    "released": None,
    "refused": None,
    "refused_until": None,
}


def _written(row: Row[Any]) -> Written:
    return Written(
        target=row.target,
        field=row.field,
        value=None if row.value is None else orjson.loads(row.value),
        known=row.value is not None,
        attempts=tuple(orjson.loads(row.attempts)),
        held=_one(row.held),
        put_back=row.put_back,
        released=_one(row.released),
        refused=row.refused,
        refused_until=row.refused_until,
        sent=tuple(Sent(**one) for one in orjson.loads(row.stood)),
        written_at=row.written_at,
    )


def _one(text: str | None) -> tuple[FieldValue] | None:
    return None if text is None else (orjson.loads(text),)


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _upsert(connection: Connection, ref: ItemRef, target: str, values: Mapping[str, Any]) -> None:
    key = {"connection": ref.connection, "item": ref.id, "target": target}
    upsert = insert(connection, written).on_conflict_do_update(index_elements=list(key), set_=dict(values))
    connection.execute(upsert, {"field": "", **key, **values})


def _tidy(connection: Connection, ref: ItemRef) -> None:
    """Forgets targets of which there is nothing left to know."""
    kept = (written.c.value, written.c.held, written.c.released, written.c.refused)
    listed = (written.c.attempts, written.c.stood)
    nothing = [*(column.is_(None) for column in kept), *(column == "[]" for column in listed)]
    connection.execute(delete(written).where(_is(ref), *nothing))


def _is(ref: ItemRef) -> Any:
    return (written.c.connection == ref.connection) & (written.c.item == ref.id)
