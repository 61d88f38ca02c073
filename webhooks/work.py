"""The worker's process: `okrlink work`, or `python -m webhooks.work` as a child of `okrlink serve`."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

from integration.core.errors import ServiceError, StoreUnusable
from integration.store import migrations
from integration.store.db import Database
from integration.store.file_lock import FileLock
from webhooks.bootstrap import Service, Settings
from webhooks.logs import set_up_logs
from webhooks.parent import end_with
from webhooks.worker import ENDING, Worker

NICENESS = 15
"""Whoever waits for a 204 goes first: on a full machine a worker takes what receivers leave. (Measured: with it, a worker
beside the receiver costs a seventh of p99; without, it doubles.)"""
TURN = 0.0005
"""Seconds that one thread thinks before another may go on. Python's own 5 ms are long for a thread that holds SQLite's
lock and needs its turn after every statement. (Measured: a third of the receiver's p99 beside a worker.)"""
PATIENCE = ENDING + 3.0
"""Seconds that a worker waits for its predecessor, which may be told only now that its parent was killed: to finish its
batch and its calls."""


def work(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then finishes what is under way. Raises `StoreUnusable` where it may not begin."""
    service = Service.open(settings)
    try:
        migrations.check(service.database)
        with only_worker(service.database):
            os.nice(NICENESS)
            sys.setswitchinterval(TURN)
            _run(Worker(service))
    finally:
        service.close()


@contextmanager
def only_worker(database: Database, patience: float = PATIENCE) -> Iterator[None]:
    """On SQLite a second worker is refused; PostgreSQL shares the work among any number of them."""
    if database.file is None:
        yield
        return
    lock = FileLock(database.file.with_name(f"{database.file.name}.worker"))
    deadline = time.monotonic() + patience
    while not lock.try_acquire():
        if time.monotonic() >= deadline:
            raise StoreUnusable(
                f"another worker works on {database.file}: an SQLite database has one; for several, use PostgreSQL"
            )
        time.sleep(0.05)
    try:
        yield
    finally:
        lock.close()


def _run(worker: Worker) -> None:
    # The worker has a thread of its own, so that signals are handled at once and never in the middle of its locks.
    ended: SimpleQueue[object] = SimpleQueue()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.put("told"))
    with ThreadPoolExecutor(1, thread_name_prefix="worker") as executor:
        running = executor.submit(worker.run, stop)
        running.add_done_callback(ended.put)
        ended.get()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # who tells us twice does not want to wait
        stop.set()
        running.result()


def main() -> None:
    end_with(sys.stdin.fileno())
    set_up_logs()
    try:
        work(Settings.from_environment(os.environ))
    except ServiceError as error:
        sys.exit(f"okrlink work: {error}")


if __name__ == "__main__":
    main()
