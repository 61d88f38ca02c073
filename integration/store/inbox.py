"""Where received webhooks are kept before their sender is answered: durable, each once, many in one commit.

Of the threads that wait, one commits for all, and takes what waits only when its turn among the processes has come: so
the batches grow with the load. Against a commit each, a writer thread, and a mutex that all queue on, this was measured
to be the quickest and to have the calmest tail.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from integration.core.errors import StoreUnusable
from integration.store.wakeup import Wakeup

if TYPE_CHECKING:
    from integration.store.db import Database

LARGEST_BATCH = 256


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

    @property
    def turn(self) -> AbstractContextManager[object]:
        """Waits until no other process commits."""
        ...

    def commit(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        """Makes all of them durable or raises; called in its turn. For each, whether it was new."""
        ...

    def close(self) -> None: ...


class _Waiting:
    """A thread with its delivery, asleep until somebody has committed it, or it shall do so for all who wait."""

    __slots__ = ("delivery", "error", "fresh", "woken")

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.fresh: bool | None = None
        self.error: BaseException | None = None
        self.woken = threading.Lock()
        self.woken.acquire()

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
        self._led = False

    @classmethod
    def for_database(cls, database: Database) -> Inbox:
        """The inbox of a migrated database. Connects at the first `put`."""
        from integration.store.inbox_postgres import PostgresWriter
        from integration.store.inbox_sqlite import SqliteWriter

        wakeup = Wakeup.for_database(database)
        if database.file is None or database.lock is None:
            return cls(PostgresWriter(database), wakeup)
        return cls(SqliteWriter(database.file, database.lock), wakeup)

    def put(self, delivery: Delivery) -> bool:
        """Returns once the delivery is on disk; False where it was there before. Raises `StoreUnusable` where it is not."""
        waiting = _Waiting(delivery)
        if not self._leads(waiting):
            waiting.woken.acquire()
        if not waiting.settled:
            self._commit_all()
        if waiting.error is not None:
            raise StoreUnusable(f"the delivery could not be stored: {waiting.error}") from waiting.error
        return bool(waiting.fresh)

    def close(self) -> None:
        """For when nobody puts any more."""
        self._writer.close()
        self._wakeup.close()

    def _leads(self, waiting: _Waiting) -> bool:
        with self._mutex:
            self._queue.append(waiting)
            leads, self._led = not self._led, True
            return leads

    def _commit_all(self) -> None:
        batch: Sequence[_Waiting] = ()
        try:
            with self._writer.turn:
                batch = self._take()
                fresh = self._writer.commit([waiting.delivery for waiting in batch])
            for waiting, new in zip(batch, fresh, strict=True):
                waiting.fresh = new
            self._wakeup.send()
        except BaseException as error:
            batch = batch or self._take()
            for waiting in batch:
                waiting.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._hand_over(batch)

    def _take(self) -> Sequence[_Waiting]:
        with self._mutex:
            return [self._queue.popleft() for _ in range(min(len(self._queue), LARGEST_BATCH))]

    def _hand_over(self, batch: Sequence[_Waiting]) -> None:
        """Whoever came meanwhile begins the next commit before those of this one answer their senders."""
        with self._mutex:
            successor = self._queue[0] if self._queue else None
            self._led = successor is not None
        if successor is not None:
            successor.woken.release()
        for waiting in batch:
            waiting.woken.release()
