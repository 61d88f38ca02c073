"""What the mapping in force says, as every process follows it: without a restart, within a second of `apply`."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from integration.store import applied
from integration.store.applied import Applied
from integration.store.db import Database

Value = TypeVar("Value")

log = logging.getLogger(__name__)


class InForce(Generic[Value]):
    """Something drawn from the newest mapping: `load` reads a mapping once and returns how to resolve the value, which
    is done anew every time it is looked after, because secrets in files may change.

    Whether the mapping is the newest is asked at most once in `every` seconds, by one of the threads that want to know.
    """

    def __init__(
        self,
        database: Database,
        load: Callable[[Applied], Callable[[], Value]],
        before: Value,
        every: float = 1.0,
    ) -> None:
        self._database = database
        self._load = load
        self._resolve: Callable[[], Value] = lambda: before
        self._every = every
        self._mutex = threading.Lock()
        self._due = 0.0
        self._revision = 0
        self._known: tuple[Value, ...] = ()

    def __call__(self) -> Value:
        """The newest; `before` until something is applied. What was in force stays so while the newest cannot be read.

        Raises where none was ever read.
        """
        if not self._known:
            with self._mutex:
                if not self._known:
                    self._look()
        elif time.monotonic() >= self._due and self._mutex.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._mutex.release()
        return self._known[0]

    def _look(self) -> None:
        try:
            self._follow()
            self._known = (self._resolve(),)
        except Exception as error:  # whatever it is, what was in force is better than nothing
            if not self._known:
                raise
            log.error("what was in force stays so: %s", error)  # noqa: TRY400 - a traceback a second helps nobody
        self._due = time.monotonic() + self._every

    def _follow(self) -> None:
        with self._database.read() as connection:
            if applied.revision(connection) == self._revision:
                return
            newest = applied.newest(connection)
        if newest is not None:
            self._resolve = self._load(newest)
            self._revision = newest.revision
