"""Where an account may be named in what is kept, and how it is taken out; and all that is kept of one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, Table, and_, bindparam, delete, func, literal_column, or_, select, tuple_, update

from integration.core.forgetting import FORGOTTEN, may_name_people, state_without, without
from integration.core.items import dump, load
from integration.store.db import Database
from integration.store.delivery_tables import delivery_facts
from integration.store.tables import (
    check_ins,
    counted,
    facts,
    items,
    links,
    metadata,
    notices,
    outbox,
    outcomes,
    pushed,
    reads,
    sightings,
    written,
)

FEEDING = (counted, links)
"""What tells which key results a connection's items feed."""
PATIENCE = 2.0
"""Seconds that the log is waited for: whoever empties it holds up writers, and a later checkpoint does it as well."""

Rewrite: TypeAlias = Callable[[str, str], str]
"""What a column holds, and an account -> the same without it; equal where it does not name the account."""


def _exact(text: str, account: str) -> str:
    return FORGOTTEN if text == account else text


def _words(text: str, account: str) -> str:
    """A tracker's own words, which people read and nothing else does."""
    return text.replace(account, FORGOTTEN)


def _fact(text: str, account: str) -> str:
    """The entry of a field's history; no other fact names an account but as its actor."""
    told = orjson.loads(text)
    if "field" not in told or not may_name_people(told["field"]):
        return text
    sides = ("before", "after", "before_text", "after_text")
    left = {name: without(value, account) if name in sides else value for name, value in told.items()}
    return text if left == told else orjson.dumps(left).decode()


def _fields(text: str, account: str) -> str:
    told = {name: tuple(value) if isinstance(value, list) else value for name, value in orjson.loads(text).items()}
    left = {name: without(value, account) if may_name_people(name) else value for name, value in told.items()}
    return text if left == told else orjson.dumps(left).decode()


def _delivery(text: str, account: str) -> str:
    """The fields of a delivery fact as last known, and as they were."""
    told = orjson.loads(text)
    before = orjson.dumps(told)
    for name, value in told.get("fields", {}).items():
        told["fields"][name] = _listed(value, account) if may_name_people(name) else value
    for name, entries in told.get("history", {}).items():
        if may_name_people(name):
            told["history"][name] = [(at, _listed(value, account)) for at, value in entries]
    return text if orjson.dumps(told) == before else orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()


def _listed(value: Any, account: str) -> Any:
    return without(tuple(value) if isinstance(value, list) else value, account)


def _state(text: str, account: str) -> str:
    return dump(state_without(load(text), account))


def _values(text: str, account: str) -> str:
    """What stood, or stands, in one of our fields, with what we know of it."""

    def left(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: left(one) for name, one in value.items()}
        if isinstance(value, list):
            return [left(one) for one in value]
        return without(value, account)

    told = orjson.loads(text)
    return text if left(told) == told else orjson.dumps(left(told), option=orjson.OPT_SORT_KEYS).decode()


@dataclass(frozen=True, slots=True)
class Place:
    """A table that may name an account, what people call one of its rows, and its columns that may."""

    table: Table
    noun: str
    columns: Mapping[str, Rewrite]


# In the order in which things become one another: what is folded meanwhile is found further down.
PLACES: Sequence[Place] = (
    Place(facts, "fact", {"actor": _exact, "data": _fact}),
    Place(sightings, "sighting", {"fields": _fields}),
    Place(items, "item", {"state": _state}),
    Place(written, "field of ours", {"held": _values, "released": _values, "stood": _values, "refused": _words}),
    Place(check_ins, "check-in", {"author": _exact}),
    Place(pushed, "pushed fact", {"data": _values}),
    Place(delivery_facts, "delivery fact", {"data": _delivery}),
    Place(outcomes, "line", {"reason": _words}),
    Place(reads, "line", {"reason": _words}),
    Place(outbox, "line", {"reason": _words}),
    Place(notices, "line", {"message": _words}),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that names the account: its key, and its columns before and after."""

    key: tuple[Any, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a place that name an account. `last` is the key to go on from; None at the end."""

    hits: Sequence[Hit]
    last: tuple[Any, ...] | None


def look(
    connection: Connection, place: Place, account: str, name: str | None, after: tuple[Any, ...] | None, limit: int
) -> Page:
    """The rows of a place that name an account, of one connection or of all, in the order of their keys."""
    table = place.table
    key = list(table.primary_key.columns)
    columns = [table.c[column] for column in place.columns]
    named = or_(*(column.contains(one, autoescape=True) for column in columns for one in spellings(account)))
    query = select(*key, *columns).where(named).order_by(*key).limit(limit)
    if name is not None:
        query = query.where(table.c.connection == name)
    if after is not None:
        values = (bindparam(None, value, column.type) for column, value in zip(key, after, strict=True))
        query = query.where(tuple_(*key) > tuple_(*values))
    rows = [tuple(row) for row in connection.execute(query)]
    found = [_hit(place, account, row[: len(key)], row[len(key) :]) for row in rows]
    last = rows[-1][: len(key)] if len(rows) == limit else None
    return Page([one for one in found if one.before != one.after], last)


def _hit(place: Place, account: str, key: tuple[Any, ...], values: tuple[Any, ...]) -> Hit:
    before = dict(zip(place.columns, values, strict=True))
    after = {name: None if text is None else place.columns[name](text, account) for name, text in before.items()}
    return Hit(key, before, after)


def rewrite(connection: Connection, place: Place, found: Sequence[Hit]) -> None:
    """Takes the account out of these rows; one that was changed meanwhile is left, to be found again."""
    for one in found:
        same = [column == value for column, value in zip(place.table.primary_key, one.key, strict=True)]
        still = [place.table.c[name].is_not_distinct_from(value) for name, value in one.before.items()]
        connection.execute(update(place.table).where(and_(*same, *still)).values(dict(one.after)))


def spellings(account: str) -> frozenset[str]:
    """An account as it stands in texts, and as it stands in JSON."""
    return frozenset({account, orjson.dumps(account).decode()[1:-1]})


def of_connection(connection: Connection, name: str) -> Mapping[str, int]:
    """How many rows each table keeps of a connection; those that keep none are left out."""
    kept = {}
    for table in tables_of_connections():
        rows = connection.execute(
            select(func.count()).select_from(table).where(table.c.connection == name)
        ).scalar_one()
        if rows:
            kept[table.name] = rows
    return kept


def tables_of_connections() -> Sequence[Table]:
    """All tables that keep something of one connection; those that tell what it fed are the last."""
    tables = [table for table in metadata.sorted_tables if "connection" in table.c and table not in FEEDING]
    return [*tables, *FEEDING]


def drop(connection: Connection, table: Table, name: str, limit: int | None) -> int:
    """Deletes rows of a connection, at most so many; returns how many."""
    row: Any = literal_column("rowid" if connection.dialect.name == "sqlite" else "ctid")
    some = select(row).select_from(table).where(table.c.connection == name).limit(limit)
    return connection.execute(delete(table).where(row.in_(some))).rowcount


def overwrite(connection: Connection) -> None:
    """What this transaction deletes is also overwritten in SQLite's file. PostgreSQL does that when it vacuums."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def clear_log(database: Database) -> None:
    """Empties SQLite's log, which holds pages as they were before; as far as nobody reads it now."""
    if database.file is not None:
        with closing(sqlite3.connect(database.file, timeout=PATIENCE)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
