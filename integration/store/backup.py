"""A consistent copy of an SQLite database that is in use, by SQLite's own backup; nobody waits for it, and it for nobody.

One read transaction is held from the first page to the last, so that the copy is of one moment however long it takes and
whatever is written meanwhile. PostgreSQL has `pg_dump` for this.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from integration.core.errors import StoreUnusable

PAGES = 2000
"""Copied between two reports; 8 MB."""

Progress = Callable[[int, int], None]
"""Told how many pages of how many are copied."""


def copy(source: Path, target: Path, progress: Progress) -> Mapping[str, int]:
    """Copies the database at `source` to `target`, which must not be there, and returns how many rows each table has.

    Raises `StoreUnusable` where the copy cannot be written, or turns out not to be what was copied. `target` appears at
    the end, whole; until then there is a file beside it, which a copy that was killed leaves and the next one overwrites.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600, exist_ok=False)  # what trackers sent is nobody else's to read
        with closing(_opened(source, "ro")) as reader, closing(_opened(partial, "rw")) as writer:
            reader.execute("BEGIN")
            rows = _rows(reader)
            reader.backup(writer, pages=PAGES, progress=lambda _, left, total: progress(total - left, total))
            writer.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
            _verify(writer, rows)
        _sync(partial)
        os.link(partial, target)  # unlike a rename, never in the place of another file
        partial.unlink()
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        raise StoreUnusable(f"{target} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return rows


def dump_command(url: str, file: Path) -> tuple[str, ...]:
    """What copies a PostgreSQL database to a file, in the words of its own tool. Holds no password."""
    known = make_url(url)
    said = {"--host": known.host, "--port": known.port, "--username": known.username, "--dbname": known.database}
    return (
        "pg_dump",
        "--format=custom",
        f"--file={file}",
        *(f"{option}={value}" for option, value in said.items() if value),
    )


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True, timeout=30, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _rows(connection: sqlite3.Connection) -> Mapping[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - our own names
        for (name,) in tables
        if not name.startswith("sqlite_")
    }


def _verify(copied: sqlite3.Connection, rows: Mapping[str, int]) -> None:
    """Reads the copy from its first page to its last. Raises `StoreUnusable` where anything is amiss."""
    (found,) = copied.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StoreUnusable(f"the copy is damaged, and so may be the database: {found}")
    counted = _rows(copied)
    missing = [name for name in rows if rows[name] != counted.get(name)]
    if missing:
        raise StoreUnusable(f"the copy does not hold what was copied: {', '.join(missing)}")


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
