"""Tells a sleeping worker that there is work. Only a hint: a lost one costs the second until the worker's next sweep.

SQLite: a named pipe beside the database file (a socket's path may have some 100 bytes only, a pipe's as many as a
file's). PostgreSQL: LISTEN and NOTIFY, which reach workers on other machines.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from integration.store.postgres import connect

if TYPE_CHECKING:
    from integration.store.db import Database

CHANNEL = "okrlink"
REST = 0.02
"""Seconds between two notifications of one process: each takes a lock that all committers of the database share."""

log = logging.getLogger(__name__)


class Wakeup:
    """`send()` never blocks and never fails; `wait()` is for one thread of one worker. This one itself only sleeps."""

    @staticmethod
    def for_database(database: Database) -> Wakeup:
        if database.file is None:
            return _Notification(partial(connect, database))
        try:
            return _NamedPipe(database.file.with_name(database.file.name + ".wake"))
        except OSError as error:
            log.warning("no wake-up beside %s (%s): work is found by looking every second", database.file, error)
            return Wakeup()

    def send(self) -> None:
        """Wakes whoever waits, or else the next who does."""

    def wait(self, timeout: float) -> bool:
        """True where somebody sent since the last `wait`, False after `timeout` seconds without."""
        time.sleep(timeout)
        return False

    def close(self) -> None:
        """Gives back what it holds. Closing twice is harmless."""


class _NamedPipe(Wakeup):
    def __init__(self, path: Path) -> None:
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        if not path.is_fifo():
            raise OSError(f"{path.name} is no pipe")
        # Both ends in one: opening never waits for a peer, and writing never breaks when the peer dies.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def send(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes as well as any
            os.write(self._pipe, b".")

    def wait(self, timeout: float) -> bool:
        readable, _, _ = select.select([self._pipe], [], [], timeout)
        if not readable:
            return False
        with contextlib.suppress(BlockingIOError):
            os.read(self._pipe, 65536)
        return True

    def close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


class _Notification(Wakeup):
    """A thread notifies, so that a receiver never waits for it and a thousand commits are fifty notifications a second."""

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        self._connect = connect
        self._listening: psycopg.Connection | None = None
        self._wanted = threading.Event()
        self._closed = False
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def send(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._notify_all, name="wakeup", daemon=True)
                    self._thread.start()
        self._wanted.set()

    def wait(self, timeout: float) -> bool:
        try:
            if self._listening is None:
                self._listening = self._connect()
                self._listening.execute(f"LISTEN {CHANNEL}")
            return any(True for _ in self._listening.notifies(timeout=timeout, stop_after=1))
        except psycopg.Error as error:
            log.warning("not listening for wake-ups: %s", str(error).partition("\n")[0])
            self._stop_listening()
            time.sleep(timeout)
            return False

    def close(self) -> None:
        self._closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(1)
        self._stop_listening()

    def _stop_listening(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _notify_all(self) -> None:
        connection: psycopg.Connection | None = None
        while not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            try:
                if connection is None:
                    connection = self._connect()
                    connection.execute("SET synchronous_commit = off")  # a hint needs no disk
                connection.execute(f"NOTIFY {CHANNEL}")
            except psycopg.Error:
                if connection is not None:  # why it broke is said by whoever commits
                    connection.close()
                connection = None
            time.sleep(REST)
        if connection is not None:
            connection.close()
