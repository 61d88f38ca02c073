"""The inbox's commit on SQLite: the driver's own statements, behind the file lock of all writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import orjson

from integration.store.file_lock import BUSY_TIMEOUT, FileLock
from integration.store.inbox import Delivery
from integration.store.instants import to_micros

COLUMNS = ("connection", "delivery", "received_at", "headers", "body")


class SqliteWriter:
    """One statement a commit, because the driver lets go of the interpreter at each: whoever holds the file lock must
    not wait for it more often than need be.
    """

    def __init__(self, file: Path, lock: FileLock) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self.turn = lock

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        values: list[object] = []
        for delivery in deliveries:
            headers = orjson.dumps(delivery.headers).decode()
            values += (delivery.connection, delivery.id, to_micros(delivery.received_at), headers, delivery.body)
        try:
            connection = self._opened()
            inserted = connection.execute(_insert(len(deliveries)), values)
            if inserted.rowcount == len(deliveries):
                return [True] * len(deliveries)
            # Ids are given in order and nobody else writes in our turn, so the new rows are the last ones.
            newest_known = (inserted.lastrowid or 0) - inserted.rowcount
            return _fresh(connection, deliveries, newest_known) if inserted.rowcount else [False] * len(deliveries)
        except BaseException:
            self.close()  # rolls back; the next commit starts afresh
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            # Not created here: an inbox in a database without tables would only fail later and less clearly.
            self._connection = sqlite3.connect(
                f"{self._file.as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
            self._connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk
        return self._connection


@cache
def _insert(rows: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS))})"
    return (
        f"INSERT INTO deliveries ({', '.join(COLUMNS)}) VALUES {', '.join([row] * rows)} "  # noqa: S608 - our own words
        "ON CONFLICT (connection, delivery) DO NOTHING"
    )


def _fresh(connection: sqlite3.Connection, deliveries: Sequence[Delivery], newest_known: int) -> Sequence[bool]:
    rows = connection.execute("SELECT connection, delivery FROM deliveries WHERE id > ?", (newest_known,))
    new = set(rows.fetchall())
    fresh = []
    for delivery in deliveries:
        key = (delivery.connection, delivery.id)
        fresh.append(key in new)
        new.discard(key)  # of two with one id in one batch, the first is new
    return fresh
