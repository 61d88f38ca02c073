"""Recording tracker facts: out of order and twice without harm."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, func, not_, or_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from integration.core.delivery.subjects import other_end, subject_of
from integration.core.facts import FieldChanged, ItemDeleted, ItemRef, ItemRestored, ItemSeen, TrackerFact
from integration.store.statements import by_connection, in_batches, insert
from integration.store.tables import facts, item_keys, sightings

_COMMON = frozenset(field.name for field in fields(TrackerFact))


_OWN = {
    kind.kind: tuple(one.name for one in fields(kind) if one.name not in _COMMON)
    for kind in TrackerFact.__subclasses__()
}

_KINDS = {kind.kind: kind for kind in TrackerFact.__subclasses__()}
_TIMES = frozenset({"started", "opened"})
"""Fields of facts, beside `at`, that hold a time."""
ITEM = "item:"
"""What the subjects begin with that are items."""

_RECURRING = [kind.kind for kind in TrackerFact.__subclasses__() if kind.recurs]


def _row(connection: str, fact: TrackerFact) -> dict[str, Any]:
    own = {name: value for name in _OWN[fact.kind] if (value := getattr(fact, name)) is not None}
    return {
        "connection": connection,
        "kind": fact.kind,
        "source": fact.source,
        "item": fact.item,
        "at": fact.at,
        "actor": fact.actor,
        "data": orjson.dumps(own).decode(),
        "exact": fact.exact,
        "subject": _subject(connection, fact),
    }


def _subject(connection: str, fact: TrackerFact) -> str | None:
    """What is derived from it beside its own item: the item at the other end of a link, or what it is about at all."""
    about = subject_of(connection, fact) if fact.item is None else other_end(connection, fact)
    return None if about is None else f"{about.kind}:{about.id}"


def _sighting(connection: str, fact: TrackerFact) -> dict[str, Any] | None:
    """What a fact says of an item's present fields, if anything: being deleted is a field like others."""
    order = 0
    if isinstance(fact, ItemSeen):
        seen, order = fact.fields, fact.order
    elif isinstance(fact, ItemDeleted):
        seen = {"deleted": True}
    elif isinstance(fact, ItemRestored):
        seen = {"deleted": False}
    else:
        return None
    return {
        "connection": connection,
        "item": fact.item,
        "at": fact.at,
        "order": order,
        "fields": orjson.dumps(seen).decode(),
    }


@dataclass(frozen=True, slots=True)
class Told:
    """Facts as rows, made before anybody waits for the database."""

    facts: Sequence[dict[str, Any]]
    sightings: Sequence[dict[str, Any]]

    @property
    def seen(self) -> frozenset[ItemRef]:
        """The items that something was seen of."""
        return frozenset(ItemRef(row["connection"], row["item"]) for row in self.sightings)

    @property
    def subjects(self) -> frozenset[tuple[str, str]]:
        """Connections and subjects that facts are about, but items that something was seen of: what is derived from these
        is marked when they are folded.
        """
        seen = {(row["connection"], row["item"]) for row in self.sightings}
        named = {(row["connection"], row["subject"]) for row in self.facts if row["subject"]}
        items = {(row["connection"], row["item"]) for row in self.facts if row["item"]} - seen
        return frozenset(named | {(name, f"{ITEM}{item}") for name, item in items})


def told(facts: Iterable[tuple[str, TrackerFact]]) -> Told:
    """The rows of facts, each of a connection. Raises what `db.refuses` knows for a value that no row can hold."""
    kept: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    for name, fact in facts:
        if (sighting := _sighting(name, fact)) is not None:
            seen.append(sighting)
        if not isinstance(fact, ItemSeen):
            kept.append(_row(name, fact))
    # In one order everywhere: of two workers with the same facts in different orders each would wait for the other.
    kept.sort(key=itemgetter("connection", "kind", "source"))
    return Told(kept, seen)


def record(connection: Connection, told: Told) -> int:
    """Keeps facts that are new, and every sighting until it is folded; returns how many facts were new.

    A known fact stays as it is, unless it is told better now: more precisely, or as precisely and of an earlier time (of
    a later one, where it can happen again). So any order of the same tellings ends in the same facts.
    """
    new = 0
    if told.facts:
        counted = {"preserve_rowcount": True}
        new = connection.execute(_upsert(connection), told.facts, execution_options=counted).rowcount
    if told.sightings:
        connection.execute(plain_insert(sightings), told.sightings)
    return new


def tell_again(connection: Connection, refs: Collection[ItemRef]) -> None:
    """What kept facts say of the present of these items is to be folded once more: that they were deleted, or came back.

    What else was seen of an item is kept in the item alone (`core.facts.ItemSeen`).
    """
    deleted = {ItemDeleted.kind: True, ItemRestored.kind: False}
    for name, ids in by_connection((ref.connection, ref.id) for ref in refs):
        query = select(facts.c.item, facts.c.at, facts.c.kind).where(
            facts.c.connection == name, facts.c.item.in_(ids), facts.c.kind.in_(deleted)
        )
        seen = [
            {
                "connection": name,
                "item": item,
                "at": at,
                "order": 0,
                "fields": orjson.dumps({"deleted": deleted[kind]}).decode(),
            }
            for item, at, kind in connection.execute(query)
        ]
        if seen:
            connection.execute(plain_insert(sightings), seen)


def _upsert(connection: Connection) -> Any:
    new = insert(connection, facts)
    return new.on_conflict_do_update(
        index_elements=["connection", "kind", "source"],
        set_={name: new.excluded[name] for name in ("item", "at", "actor", "data", "exact", "subject")},
        where=_is_better(new.excluded),
    )


def _is_better(told: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    more_precise = facts.c.exact.is_(False) & told.exact.is_(True)
    recurs = or_(*(facts.c.kind == kind for kind in _RECURRING))
    better_time = (recurs & (told.at > facts.c.at)) | (not_(recurs) & (told.at < facts.c.at))
    return or_(more_precise, (facts.c.exact == told.exact) & better_time)


def of_subjects(connection: Connection, name: str, subjects: Collection[str]) -> Mapping[str, Sequence[TrackerFact]]:
    """The facts that are about each of a connection's subjects (`item:10012`, `run:77`); those without any are left out."""
    found: dict[str, list[TrackerFact]] = {}
    for some in in_batches(sorted(subjects)):
        items = {one.removeprefix(ITEM): one for one in some if one.startswith(ITEM)}
        of_items = select(facts).where(facts.c.connection == name, facts.c.item.in_(items))
        for row in connection.execute(of_items):
            found.setdefault(items[row.item], []).append(_fact(row))
        about = select(facts).where(facts.c.connection == name, facts.c.subject.in_(some))
        for row in connection.execute(about):
            found.setdefault(row.subject, []).append(_fact(row))
    return found


def subjects(connection: Connection, name: str | None = None) -> Iterator[tuple[str, str]]:
    """All that facts are about but items: connections and subjects; of one connection, or of all."""
    query = select(facts.c.connection, facts.c.subject).where(facts.c.subject.is_not(None), facts.c.item.is_(None))
    if name is not None:
        query = query.where(facts.c.connection == name)
    yield from ((name, subject) for name, subject in connection.execute(query.distinct()))


def _fact(row: Any) -> TrackerFact:
    """What `_row` made a row of."""
    said = orjson.loads(row.data)
    for name, value in said.items():
        if isinstance(value, list):
            said[name] = tuple(value)
        elif name in _TIMES:
            said[name] = datetime.fromisoformat(value)
    common = {name: getattr(row, name) for name in ("at", "source", "actor", "item", "exact")}
    return _KINDS[row.kind](**common, **said)


def of_item(connection: Connection, name: str, item: str) -> Sequence[dict[str, Any]]:
    """An item's facts in the order of their time, as JSON-able mappings."""
    query = select(facts).where(facts.c.connection == name, facts.c.item == item).order_by(facts.c.at, facts.c.id)
    rows = connection.execute(query).mappings()
    return [{**orjson.loads(row["data"]), "kind": row["kind"], "at": row["at"], "actor": row["actor"]} for row in rows]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a field's history: the row it is kept in, who made it, and what stood there before and after."""

    row: int
    actor: str | None
    before: str | None
    after: str | None


def newest(connection: Connection, ref: ItemRef) -> int:
    """The row of an item's fact that was kept last; 0 where there is none."""
    query = select(func.max(facts.c.id)).where(facts.c.connection == ref.connection, facts.c.item == ref.id)
    return connection.execute(query).scalar() or 0


def changes(connection: Connection, ref: ItemRef, names: Collection[str], after: int) -> Sequence[Change]:
    """What was kept after that row of a field's history, in the order of its time, by any of the field's names."""
    query = select(facts.c.id, facts.c.actor, facts.c.data).where(
        facts.c.connection == ref.connection,
        facts.c.item == ref.id,
        facts.c.kind == FieldChanged.kind,
        facts.c.id > after,
    )
    told = [
        (row.id, row.actor, orjson.loads(row.data))
        for row in connection.execute(query.order_by(facts.c.at, facts.c.id))
    ]
    return [
        Change(number, actor, _text(data, "before"), _text(data, "after"))
        for number, actor, data in told
        if data["field"] in names
    ]


def _text(data: Mapping[str, Any], side: str) -> str | None:
    """What people saw, else the id or the plain value."""
    value = data.get(f"{side}_text", data.get(side))
    return None if value is None else str(value)


def item_of_key(connection: Connection, name: str, key: str) -> str | None:
    """The immutable id of the item that has, or had, this key."""
    query = select(item_keys.c.item).where(item_keys.c.connection == name, item_keys.c.key == key.upper())
    return connection.execute(query).scalar()
