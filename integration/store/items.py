"""Items as folded so far, their links, and the tree they form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, func, literal, or_, select, union
from sqlalchemy import insert as plain_insert

from integration.core.facts import ItemRef, ItemSeen, Value
from integration.core.links import Link, link_to
from integration.store.statements import by_connection, in_batches, insert
from integration.store.tables import counted, item_keys, items, links, manual_links, sightings


@dataclass(frozen=True, slots=True)
class Row:
    """One folded item: the columns that joins need, and the fold itself as text."""

    ref: ItemRef
    key: str
    parent: str | None
    deleted: bool
    state: str


_UNLINK = delete(links).where(
    links.c.connection == bindparam("of"),
    links.c.item == bindparam("on"),
    links.c.key_result == bindparam("to"),
    links.c.origin == bindparam("by"),
)

_ROW = (items.c.connection, items.c.item, items.c.key, items.c.parent, items.c.deleted, items.c.state)


def _row(values: Any) -> Row:
    return Row(ItemRef(values[0], values[1]), *values[2:])


def _by_connection(refs: Iterable[ItemRef]) -> Iterator[tuple[str, Sequence[str]]]:
    return by_connection((ref.connection, ref.id) for ref in refs)


def _value(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _seen(row: Any) -> ItemSeen:
    fields = {name: _value(value) for name, value in orjson.loads(row["fields"]).items()}
    return ItemSeen(at=row["at"], source="", item=row["item"], order=row["order"], fields=fields)


def rows(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, Row]:
    found: dict[ItemRef, Row] = {}
    for name, ids in _by_connection(refs):
        query = select(*_ROW).where(items.c.connection == name, items.c.item.in_(ids))
        found.update((row.ref, row) for row in map(_row, connection.execute(query)))
    return found


def every(connection: Connection) -> Iterator[Row]:
    """All items, a thousand at a time."""
    for page in connection.execution_options(yield_per=1000).execute(select(*_ROW)).partitions():
        yield from map(_row, page)


def of_connection(connection: Connection, name: str) -> Iterator[Row]:
    """All items of a connection, a thousand at a time."""
    query = select(*_ROW).where(items.c.connection == name)
    for page in connection.execution_options(yield_per=1000).execute(query).partitions():
        yield from map(_row, page)


def refs(connection: Connection) -> Sequence[ItemRef]:
    return [ItemRef(*row) for row in connection.execute(select(items.c.connection, items.c.item))]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items there are, how many of them were deleted, are below another, and how many direct links."""

    items: int
    deleted: int
    below: int
    links: int


def counts(connection: Connection) -> Counts:
    query = select(func.count(), func.count().filter(items.c.deleted), func.count(items.c.parent)).select_from(items)
    linked_items = connection.execute(select(func.count()).select_from(links)).scalar_one()
    return Counts(*connection.execute(query).one(), linked_items)


def unfolded(
    connection: Connection, of: Iterable[ItemRef]
) -> tuple[Mapping[ItemRef, Sequence[ItemSeen]], Sequence[int]]:
    """What was seen of items since their last fold, and the ids of these sightings."""
    seen: dict[ItemRef, list[ItemSeen]] = {}
    ids: list[int] = []
    for name, of_name in _by_connection(of):
        query = select(sightings).where(sightings.c.connection == name, sightings.c.item.in_(of_name))
        for row in connection.execute(query).mappings():
            ids.append(row["id"])
            seen.setdefault(ItemRef(row["connection"], row["item"]), []).append(_seen(row))
    return seen, ids


def every_unfolded(connection: Connection) -> Iterator[tuple[ItemRef, Sequence[ItemSeen]]]:
    """Item by item, whatever was seen since its last fold."""
    query = select(sightings).order_by(sightings.c.connection, sightings.c.item)
    rows = connection.execution_options(yield_per=1000).execute(query).mappings()
    for (name, item), of_item in groupby(rows, key=lambda row: (row["connection"], row["item"])):
        yield ItemRef(name, item), [_seen(row) for row in of_item]


def save(connection: Connection, folded: Sequence[Row], sighting_ids: Sequence[int]) -> None:
    """Keeps the folds and forgets the sightings that are in them."""
    if folded:
        upsert = insert(connection, items)
        upsert = upsert.on_conflict_do_update(
            index_elements=["connection", "item"],
            set_={name: upsert.excluded[name] for name in ("key", "parent", "deleted", "state")},
        )
        values = [
            {
                "connection": r.ref.connection,
                "item": r.ref.id,
                "key": r.key,
                "parent": r.parent,
                "deleted": r.deleted,
                "state": r.state,
            }
            for r in folded
        ]
        connection.execute(upsert, values)
        keys = [{"connection": r.ref.connection, "key": r.key.upper(), "item": r.ref.id} for r in folded if r.key]
        if keys:
            connection.execute(insert(connection, item_keys).on_conflict_do_nothing(), keys)
    for some in in_batches(sighting_ids):
        connection.execute(delete(sightings).where(sightings.c.id.in_(some)))


def ids_of_keys(connection: Connection, wanted: Iterable[ItemRef]) -> Mapping[ItemRef, str]:
    """Where a reference holds a key (an old Epic Link does), the immutable id of the item it means."""
    found: dict[ItemRef, str] = {}
    for name, keys in by_connection((ref.connection, ref.id.upper()) for ref in wanted):
        query = select(item_keys).where(item_keys.c.connection == name, item_keys.c.key.in_(keys))
        found.update((ItemRef(row.connection, row.key), row.item) for row in connection.execute(query))
    return found


def parents(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, str | None]:
    """The parent of each item that is known; a deleted item has none."""
    found: dict[ItemRef, str | None] = {}
    for name, ids in _by_connection(refs):
        query = select(items.c.item, items.c.parent, items.c.deleted)
        query = query.where(items.c.connection == name, items.c.item.in_(ids))
        for item, parent, deleted in connection.execute(query):
            found[ItemRef(name, item)] = None if deleted else parent
    return found


def ancestry(connection: Connection, refs: Collection[ItemRef]) -> Mapping[ItemRef, ItemRef | None]:
    """Child -> parent for the given items and all above them, as far as they are known. A deleted item passes nothing on."""
    up: dict[ItemRef, ItemRef | None] = {}
    level: Collection[ItemRef] = refs
    while level:
        above = parents(connection, level)
        up.update({ref: ItemRef(ref.connection, parent) if parent else None for ref, parent in above.items()})
        level = {parent for ref in above if (parent := up[ref]) is not None and parent not in up}
    return up


def descendants(connection: Connection, refs: Iterable[ItemRef]) -> Sequence[Row]:
    """All items below the given ones, without them unless they are below one another; a circle of parents ends."""
    found: dict[ItemRef, Row] = {}
    level = list(refs)
    while level:
        below: list[ItemRef] = []
        for name, ids in _by_connection(level):
            query = select(*_ROW).where(items.c.connection == name, items.c.parent.in_(ids))
            for row in map(_row, connection.execute(query)):
                if row.ref not in found:
                    found[row.ref] = row
                    below.append(row.ref)
        level = below
    return list(found.values())


def children_of_key(connection: Connection, ref: ItemRef, key: str) -> Sequence[ItemRef]:
    """Items folded while their parent was known only by its key."""
    query = select(items.c.connection, items.c.item).where(items.c.connection == ref.connection, items.c.parent == key)
    return [ItemRef(*row) for row in connection.execute(query)]


def direct_links(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, frozenset[Link]]:
    found: dict[ItemRef, set[Link]] = {}
    for name, ids in _by_connection(refs):
        query = select(links).where(links.c.connection == name, links.c.item.in_(ids))
        for row in connection.execute(query):
            link = Link(row.key_result, row.origin, Decimal(row.weight))
            found.setdefault(ItemRef(row.connection, row.item), set()).add(link)
    return {ref: frozenset(of_ref) for ref, of_ref in found.items()}


def linked_to(connection: Connection, key_result: str) -> Mapping[ItemRef, Link]:
    """The items directly linked to a key result, each with the one link that it counts through."""
    made: dict[ItemRef, list[Link]] = {}
    for row in connection.execute(select(links).where(links.c.key_result == key_result).order_by(links.c.linked_at)):
        link = Link(row.key_result, row.origin, Decimal(row.weight))
        made.setdefault(ItemRef(row.connection, row.item), []).append(link)
    counted = ((ref, link_to(key_result, of_ref)) for ref, of_ref in made.items())
    return {ref: link for ref, link in counted if link is not None}


def linked(connection: Connection, name: str, *, below: bool) -> set[ItemRef]:
    """The items of a connection that are directly linked to a key result, and those below them."""
    query = select(links.c.item).where(links.c.connection == name).distinct()
    found = {ItemRef(name, item) for item in connection.execute(query).scalars()}
    return found | {row.ref for row in descendants(connection, found)} if below else found


def key_results_fed(connection: Connection, name: str) -> Sequence[str]:
    """The key results that items of a connection are directly linked to, and those that count them."""
    fed = union(*(select(table.c.key_result).where(table.c.connection == name) for table in (counted, links)))
    return sorted(connection.execute(fed).scalars())


def linked_since(connection: Connection, refs: Collection[ItemRef]) -> Mapping[tuple[ItemRef, str], datetime]:
    """When each item was first linked to each key result it is linked to."""
    found: dict[tuple[ItemRef, str], datetime] = {}
    for name, ids in _by_connection(refs):
        for row in connection.execute(select(links).where(links.c.connection == name, links.c.item.in_(ids))):
            key = (ItemRef(row.connection, row.item), row.key_result)
            found[key] = min(found.get(key, row.linked_at), row.linked_at)
    return found


def replace_links(
    connection: Connection,
    before: Mapping[ItemRef, frozenset[Link]],
    after: Mapping[ItemRef, frozenset[Link]],
    now: datetime,
) -> None:
    """Makes the direct links of the given items what `after` says; links that stay keep their date."""
    gone = [
        {"of": ref.connection, "on": ref.id, "to": link.key_result, "by": link.origin}
        for ref in after
        for link in before.get(ref, frozenset()) - after[ref]
    ]
    new = [(ref, link) for ref in after for link in after[ref] - before.get(ref, frozenset())]
    if gone:
        connection.execute(_UNLINK, gone)
    if new:
        values = [
            {
                "connection": ref.connection,
                "item": ref.id,
                "key_result": link.key_result,
                "origin": link.origin,
                "weight": str(link.weight),
                "linked_at": now,
            }
            for ref, link in new
        ]
        connection.execute(plain_insert(links), values)


def by_hand(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, tuple[str, ...]]:
    """Key results that people linked items to with `okrlink link`."""
    found: dict[ItemRef, tuple[str, ...]] = {}
    for name, ids in _by_connection(refs):
        query = select(manual_links).where(manual_links.c.connection == name, manual_links.c.item.in_(ids))
        for row in connection.execute(query.order_by(manual_links.c.made_at)):
            ref = ItemRef(row.connection, row.item)
            found[ref] = (*found.get(ref, ()), row.key_result)
    return found


def link_by_hand(connection: Connection, ref: ItemRef, key_result: str, now: datetime) -> None:
    values = {"connection": ref.connection, "item": ref.id, "key_result": key_result, "made_at": now}
    connection.execute(insert(connection, manual_links).on_conflict_do_nothing(), values)


def unlink_by_hand(connection: Connection, ref: ItemRef, key_result: str) -> bool:
    """Takes a link made by hand back; False where there was none."""
    gone = delete(manual_links).where(
        manual_links.c.connection == ref.connection,
        manual_links.c.item == ref.id,
        manual_links.c.key_result == key_result,
    )
    return connection.execute(gone).rowcount > 0


def rename_key_result(connection: Connection, before: str, after: str) -> None:
    """Links made by hand follow a key result to its new id; the others are made anew from tags."""
    kept = select(manual_links.c.connection, manual_links.c.item, literal(after), manual_links.c.made_at)
    moved = kept.where(manual_links.c.key_result == before)
    connection.execute(
        insert(connection, manual_links)
        .from_select(["connection", "item", "key_result", "made_at"], moved)
        .on_conflict_do_nothing()
    )
    connection.execute(delete(manual_links).where(manual_links.c.key_result == before))


def tagged(connection: Connection, fields: Collection[str]) -> Iterator[Row]:
    """Items that carry any label, or a value in one of these fields. The text of the state is searched, not read."""
    says = ['"labels":[["', *(f'"{name}":["' for name in fields), *(f'"{name}":[["' for name in fields)]
    said = or_(*(items.c.state.contains(one, autoescape=True) for one in says))
    query = select(*_ROW).where(said, items.c.deleted.is_(False)).order_by(items.c.connection, items.c.key)
    for page in connection.execution_options(yield_per=1000).execute(query).partitions():
        yield from map(_row, page)
