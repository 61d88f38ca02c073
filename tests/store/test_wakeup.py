"""The hint that there is work: it arrives at once, waits for nobody, and losing one harms nobody."""

import threading
import time
from pathlib import Path

from integration.store.db import Database
from integration.store.wakeup import Wakeup


def test_it_arrives_at_once(database: Database) -> None:
    waiter, sender = Wakeup.for_database(database), Wakeup.for_database(database)
    waiter.wait(0)  # PostgreSQL listens from here on
    threading.Timer(0.1, sender.send).start()
    began = time.monotonic()

    assert waiter.wait(60)

    assert time.monotonic() - began < 5
    waiter.close()
    sender.close()


def test_without_one_it_times_out(database: Database) -> None:
    waiter = Wakeup.for_database(database)
    began = time.monotonic()

    assert not waiter.wait(0.1)

    assert 0.09 < time.monotonic() - began < 5
    waiter.close()


def test_what_was_sent_before_waiting_is_not_lost(sqlite_url: str) -> None:
    database = Database.open(sqlite_url)
    waiter, sender = Wakeup.for_database(database), Wakeup.for_database(database)

    sender.send()

    assert waiter.wait(0)
    assert not waiter.wait(0)
    for opened in (waiter, sender, database):
        opened.close()


def test_many_hints_are_one_and_never_block(database: Database) -> None:
    waiter, sender = Wakeup.for_database(database), Wakeup.for_database(database)
    waiter.wait(0)

    for _ in range(100_000):
        sender.send()

    assert waiter.wait(60)
    waiter.close()
    sender.close()


def test_a_long_path_is_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / ("longer-" * 20)
    folder.mkdir(parents=True)
    database = Database.open(f"sqlite:///{folder / 'okrlink.db'}")
    wakeup = Wakeup.for_database(database)

    wakeup.send()

    assert wakeup.wait(0)
    wakeup.close()
    database.close()


def test_a_folder_that_takes_no_pipe_costs_only_speed(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'okrlink.db'}")
    (tmp_path / "okrlink.db.wake").mkdir()
    wakeup = Wakeup.for_database(database)

    wakeup.send()

    assert not wakeup.wait(0.01)
    database.close()
