"""Queries that trackers are asked for the mapping, and which items answered them last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy import insert as plain_insert

from integration.core.facts import ItemRef
from integration.core.queries import Query
from integration.store.statements import by_connection, in_batches, insert
from integration.store.tables import answers, items, queries


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of one connection, and what came of it."""

    connection: str
    query: Query
    asked_at: datetime | None
    """When it was answered last; None before the first time."""
    changed_at: datetime | None
    """When other items answered it than before."""
    reason: str | None
    """Why it could not be asked when that was tried last."""


def lay_out(connection: Connection, wanted: Mapping[str, Collection[Query]]) -> frozenset[str]:
    """Keeps the queries of each connection, and forgets all others; returns the connections that have new ones."""
    there = {(one.connection, one.query) for one in every(connection)}
    asked = {(name, query) for name, of_name in wanted.items() for query in of_name}
    for name, query in there - asked:
        for table in (answers, queries):
            connection.execute(delete(table).where(table.c.connection == name, table.c.query == query.id))
    rows = [
        {"connection": name, "query": query.id, "text": query.text, "saved": query.saved}
        for name, query in sorted(asked - there)
    ]
    if rows:
        connection.execute(insert(connection, queries).on_conflict_do_nothing(), rows)
    return frozenset(name for name, _ in asked - there)


def every(connection: Connection, name: str | None = None) -> Sequence[Asked]:
    """All queries, or those of one connection."""
    query = select(queries).order_by(queries.c.connection, queries.c.query)
    return [
        _asked(row) for row in connection.execute(query if name is None else query.where(queries.c.connection == name))
    ]


def answered(connection: Connection, asked: Asked, ids: Collection[str], now: datetime) -> frozenset[str]:
    """Keeps which items answer; returns those that did not before, and those that do not any more.

    Nothing is kept of a query that the mapping has let go meanwhile.
    """
    known = connection.execute(update(queries).where(*_of(queries, asked)).values(asked_at=now, reason=None))
    if not known.rowcount:
        return frozenset()
    before = items_answering(connection, asked.connection, asked.query)
    new, gone = sorted(set(ids) - before), sorted(before - set(ids))
    for some in in_batches(gone):
        connection.execute(delete(answers).where(*_of(answers, asked), answers.c.item.in_(some)))
    if new:
        rows = [{"connection": asked.connection, "query": asked.query.id, "item": one} for one in new]
        connection.execute(plain_insert(answers), rows)
    if new or gone:
        connection.execute(update(queries).where(*_of(queries, asked)).values(changed_at=now))
    return frozenset((*new, *gone))


def refused(connection: Connection, asked: Asked, reason: str) -> None:
    """The items that answered last stay."""
    connection.execute(update(queries).where(*_of(queries, asked)).values(reason=reason))


def items_answering(connection: Connection, name: str, query: Query) -> frozenset[str]:
    """The ids of the items that answered last."""
    told = select(answers.c.item).where(answers.c.connection == name, answers.c.query == query.id)
    return frozenset(connection.execute(told).scalars())


def unseen(connection: Connection, name: str, query: Query) -> frozenset[str]:
    """Those of them of which nothing else is known yet."""
    known = select(items.c.item).where(items.c.connection == answers.c.connection, items.c.item == answers.c.item)
    told = select(answers.c.item).where(answers.c.connection == name, answers.c.query == query.id, ~known.exists())
    return frozenset(connection.execute(told).scalars())


def answered_by(connection: Connection, refs: Iterable[ItemRef]) -> Mapping[ItemRef, frozenset[str]]:
    """The ids of the queries that each of the items answers."""
    pages = by_connection((ref.connection, ref.id) for ref in refs)
    return _by_item(
        row
        for name, ids in pages
        for row in connection.execute(select(answers).where(answers.c.connection == name, answers.c.item.in_(ids)))
    )


def every_answer(connection: Connection) -> Mapping[ItemRef, frozenset[str]]:
    """The ids of the queries that each item answers."""
    return _by_item(connection.execute(select(answers)))


def _by_item(rows: Iterable[Any]) -> Mapping[ItemRef, frozenset[str]]:
    found: dict[ItemRef, set[str]] = {}
    for row in rows:
        found.setdefault(ItemRef(row.connection, row.item), set()).add(row.query)
    return {ref: frozenset(of_ref) for ref, of_ref in found.items()}


def _asked(row: Any) -> Asked:
    return Asked(row.connection, Query(row.text, row.saved), row.asked_at, row.changed_at, row.reason)


def _of(table: Any, asked: Asked) -> Sequence[Any]:
    return table.c.connection == asked.connection, table.c.query == asked.query.id
