"""The inbox's commit on SQLite: the driver's own statements, behind the file lock of all writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import orjson

from integration.store.file_lock import FileLock
from integration.store.inbox import Delivery
from integration.store.instants import to_micros

INSERT = """
INSERT INTO deliveries (connection, delivery, received_at, headers, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (connection, delivery) DO NOTHING
"""


class SqliteWriter:
    def __init__(self, file: Path, lock: FileLock) -> None:
        self._file = file
        self._lock = lock
        self._connection: sqlite3.Connection | None = None

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        rows = [
            (
                delivery.connection,
                delivery.id,
                to_micros(delivery.received_at),
                orjson.dumps(delivery.headers).decode(),
                delivery.body,
            )
            for delivery in deliveries
        ]
        try:
            connection = self._opened()
            with self._lock:
                connection.execute("BEGIN IMMEDIATE")
                fresh = [connection.execute(INSERT, row).rowcount == 1 for row in rows]
                connection.execute("COMMIT")
        except BaseException:
            self.close()  # rolls back; the next commit starts afresh
            raise
        return fresh

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            # Not created here: an inbox in a database without tables would only fail later and less clearly.
            self._connection = sqlite3.connect(
                f"{self._file.as_uri()}?mode=rw", uri=True, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous = FULL")  # acknowledged means on disk
        return self._connection
