"""Which items each key result counts, as they were folded last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy import insert as plain_insert

from integration.core.facts import ItemRef
from integration.store.statements import by_connection
from integration.store.tables import counted

_COUNT_NO_MORE = delete(counted).where(
    counted.c.connection == bindparam("of"), counted.c.item == bindparam("on"), counted.c.key_result == bindparam("by")
)


def number(connection: Connection, key_result: str) -> int:
    """How many items the key result counts."""
    query = select(func.count()).select_from(counted).where(counted.c.key_result == key_result)
    return connection.execute(query).scalar_one()


def counting(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, frozenset[str]]:
    """The key results that count each of the items."""
    found: dict[ItemRef, set[str]] = {}
    for name, ids in by_connection((ref.connection, ref.id) for ref in refs):
        query = select(counted).where(counted.c.connection == name, counted.c.item.in_(ids))
        for row in connection.execute(query):
            found.setdefault(ItemRef(row.connection, row.item), set()).add(row.key_result)
    return {ref: frozenset(of_ref) for ref, of_ref in found.items()}


def replace(
    connection: Connection, before: Mapping[ItemRef, frozenset[str]], after: Mapping[ItemRef, frozenset[str]]
) -> None:
    """Lets the items be counted by those that `after` names, and by no others."""
    none: frozenset[str] = frozenset()
    gone = [
        {"of": ref.connection, "on": ref.id, "by": one} for ref in after for one in before.get(ref, none) - after[ref]
    ]
    new = [
        {"connection": ref.connection, "item": ref.id, "key_result": one}
        for ref in after
        for one in after[ref] - before.get(ref, none)
    ]
    if gone:
        connection.execute(_COUNT_NO_MORE, gone)
    if new:
        connection.execute(plain_insert(counted), new)
