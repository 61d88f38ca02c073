"""Where received webhooks are kept before their sender is answered: durable, each once, many in one commit.

Whoever holds the mutex commits everything that waits (measured against a writer thread and against a commit each,
this was the quickest and had the calmest tail), so the batches are as large as the disk is slow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from integration.core.errors import StoreUnusable
from integration.store.wakeup import Wakeup

if TYPE_CHECKING:
    from integration.store.db import Database


@dataclass(frozen=True, slots=True)
class Delivery:
    """One received and verified webhook. `id` is the tracker's, the same for each repetition."""

    connection: str
    id: str
    received_at: datetime
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Writer(Protocol):
    """Commits deliveries on one kind of database; called by one thread at a time."""

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Makes all of them durable or raises. For each, whether it was new."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Waiting:
    delivery: Delivery
    fresh: bool | None = None
    error: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.fresh is not None or self.error is not None


class Inbox:
    """Safe for any number of threads and processes."""

    def __init__(self, writer: Writer, wakeup: Wakeup) -> None:
        self._writer = writer
        self._wakeup = wakeup
        self._mutex = threading.Lock()
        self._queue: deque[_Waiting] = deque()

    @classmethod
    def for_database(cls, database: Database) -> Inbox:
        """The inbox of a migrated database. Connects at the first `put`."""
        from integration.store.inbox_postgres import PostgresWriter
        from integration.store.inbox_sqlite import SqliteWriter

        writer = (
            SqliteWriter(database.file, database.lock) if database.file and database.lock else PostgresWriter(database)
        )
        return cls(writer, Wakeup.for_database(database))

    def put(self, delivery: Delivery) -> bool:
        """Returns once the delivery is on disk; False where it was there before. Raises `StoreUnusable` where it is not."""
        waiting = _Waiting(delivery)
        self._queue.append(waiting)
        with self._mutex:
            if not waiting.settled:
                self._commit_all()
        if waiting.error is not None:
            raise StoreUnusable(f"the delivery could not be stored: {waiting.error}") from waiting.error
        return bool(waiting.fresh)

    def close(self) -> None:
        with self._mutex:
            self._writer.close()
        self._wakeup.close()

    def _commit_all(self) -> None:
        batch = [self._queue.popleft() for _ in range(len(self._queue))]
        try:
            fresh = self._writer.commit([waiting.delivery for waiting in batch])
        except BaseException as error:
            for waiting in batch:
                waiting.error = error
            if not isinstance(error, Exception):
                raise
            return
        for waiting, new in zip(batch, fresh, strict=True):
            waiting.fresh = new
        self._wakeup.send()
