"""Opening the database: SQLite in one file, or PostgreSQL; reading and writing transactions on either.

On SQLite all writers of all processes queue on one blocking file lock, because SQLite's own busy handler sleeps and
retries, which is slow and unfair (measured: a tenth of the p99). On PostgreSQL row locks share the work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from integration.core.errors import StoreUnusable
from integration.store.file_lock import BUSY_TIMEOUT, FileLock

NO_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
"""What SQLite says of a file that it cannot read or write, whatever was asked of it."""


@dataclass(frozen=True, slots=True)
class Database:
    """An opened database. `file` is SQLite's path and None on PostgreSQL."""

    engine: Engine
    file: Path | None
    lock: FileLock | None

    @classmethod
    def open(cls, url: str) -> Database:
        """Opens (SQLite: creates) the database at `url`. Raises `StoreUnusable` for an address that is neither."""
        parsed = _parse(url)
        if parsed.get_backend_name() == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise StoreUnusable("an SQLite database needs a file: sqlite:///okrlink.db")
            file = Path(parsed.database).absolute()
            engine = create_engine(
                parsed.set(database=str(file)),
                connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
                hide_parameters=True,  # an error is logged, and what people wrote is not for logs
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return cls(engine, file, FileLock(file.with_name(file.name + ".lock")))
        return cls(
            create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True), None, None
        )

    @property
    def is_sqlite(self) -> bool:
        return self.file is not None

    @contextmanager
    def write(self, *, synced: bool = True) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        Without `synced` a power failure may undo it, but only together with all that came after it, because both
        databases keep one log in one order. For what would then simply be done again, and nobody outside was told.
        """
        if self.lock is None:
            with _reachable(), self.engine.begin() as connection:
                if not synced:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield connection
            return
        with _reachable(), self.engine.connect() as connection:
            level = "FULL" if synced else "NORMAL"
            connection.execution_options(okrlink_begin=(f"PRAGMA synchronous = {level}", "BEGIN IMMEDIATE"))
            with self.lock, connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite it sees one moment and waits for nobody."""
        with _reachable(), self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """A database that cannot be reached is said so, without its address, which may hold a password."""
    try:
        yield
    except DBAPIError as error:
        if _out_of_reach(error):
            raise StoreUnusable(f"the database cannot be reached: {str(error.orig).splitlines()[0]}") from error
        raise


def _out_of_reach(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in NO_SQLITE
    return isinstance(error, OperationalError) and (
        error.connection_invalidated or "connect" in str(error.orig).lower()
    )


def refuses(error: Exception) -> bool:
    """Whether what was to be kept can never be kept, as opposed to a database that can keep nothing at present."""
    if isinstance(error, OperationalError):
        # Class 54 is of limits that the value itself breaks, such as PostgreSQL's on what an index holds.
        return str(getattr(error.orig, "sqlstate", None) or "").startswith("54")
    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError)
    return isinstance(error, ValueError | TypeError | OverflowError | RecursionError)


def is_down(error: Exception) -> bool:
    """Whether the database can keep nothing at present: that is nobody's fault among what was to be kept."""
    return isinstance(error, StoreUnusable | SQLAlchemyError) and not refuses(error)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except Exception as error:
        raise StoreUnusable(
            "OKRLINK_DATABASE_URL is no address of a database; write sqlite:///okrlink.db or postgresql://…"
        ) from error
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed
    raise StoreUnusable(f"okrlink keeps its data in SQLite or PostgreSQL, not in {parsed.drivername}")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # We say BEGIN ourselves (below): the driver's own idea of when a transaction starts is too late for locking.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    for statement in connection.get_execution_options().get("okrlink_begin", ("BEGIN",)):
        connection.exec_driver_sql(statement)
