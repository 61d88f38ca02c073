"""The places where SQLite and PostgreSQL speak differently: upserts, and rows that another worker may hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, LargeBinary, Select, Table, func, literal
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535; pairs of columns must fit as well.
MANY = 500


def insert(connection: Connection, table: Table) -> Any:
    """The dialect's INSERT, which knows `on_conflict_do_nothing` and `on_conflict_do_update` on both."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def for_each(connection: Connection, statement: Any, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Executes an INSERT once a row, by the driver itself; `names` are the columns, and times are microseconds already.

    What SQLAlchemy does for each row costs as much as all that SQLite does for it.
    """
    if not rows:
        return
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(names))
    if compiled.positional:
        if list(compiled.positiontup) != list(names):
            raise AssertionError(f"{compiled.positiontup} are not {names}")
        connection.exec_driver_sql(str(compiled), [tuple(row) for row in rows])
    else:
        connection.exec_driver_sql(str(compiled), [dict(zip(names, row, strict=True)) for row in rows])


def unlocked(connection: Connection, query: Select[Any], of: Table | None = None) -> Select[Any]:
    """Locks the rows of `query` (or those `of` one of its tables) that nobody holds and leaves out the others.

    SQLite has one writer: all rows are free.
    """
    return query if connection.dialect.name == "sqlite" else query.with_for_update(skip_locked=True, of=of)


def holds(connection: Connection, column: Column[bytes], word: str) -> ColumnElement[bool]:
    """Whether bytes hold a word, as it stands in UTF-8."""
    place = func.instr if connection.dialect.name == "sqlite" else func.pg_catalog.position
    return place(column, literal(word.encode(), LargeBinary)) > 0


def in_batches(values: Sequence[T], size: int = MANY) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def by_connection(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Pairs of a connection and an id, as one connection with many ids, in batches.

    A query asks for one connection at a time: SQLite looks pairs, `(connection, item) IN (…)`, up in no index.
    """
    ids: dict[str, dict[str, None]] = {}
    for name, one in pairs:
        ids.setdefault(name, {})[one] = None
    for name, of_name in ids.items():
        for some in in_batches(list(of_name)):
            yield name, some
