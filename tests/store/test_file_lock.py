"""The lock that makes all writers of an SQLite database queue."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from integration.core.errors import StoreUnusable
from integration.store.file_lock import FileLock

COUNT_UP = """
import sys
from pathlib import Path
from integration.store.file_lock import FileLock

lock, counter = FileLock(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(200):
    with lock:
        counter.write_text(str(int(counter.read_text()) + 1))
"""

HOLD = """
import sys, time
from pathlib import Path
from integration.store.file_lock import FileLock

FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    lock, counter = FileLock(tmp_path / "lock"), [0]

    def count_up() -> None:
        for _ in range(500):
            with lock:
                before = counter[0]
                threading.Event().wait(0)  # lets another thread in, if the lock does
                counter[0] = before + 1

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter == [2000]


def test_processes_exclude_each_other(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNT_UP, str(tmp_path / "lock"), str(counter)]

    processes = [subprocess.Popen(command) for _ in range(3)]

    assert [process.wait() for process in processes] == [0, 0, 0]
    assert counter.read_text() == "600"


def test_two_locks_on_one_file_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")

    with first:
        assert not second.try_acquire()

    assert second.try_acquire()


def test_trying_never_waits(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")

    assert lock.try_acquire()
    assert not lock.try_acquire()


def test_a_killed_holder_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path)
        assert not lock.try_acquire()

        holder.kill()

        lock.acquire()
        lock.release()


def test_an_error_inside_releases_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")

    with pytest.raises(ZeroDivisionError), lock:
        1 / 0  # noqa: B018 - any error will do

    assert lock.try_acquire()


def test_a_folder_that_is_missing_is_said_so(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "missing" / "lock")

    with pytest.raises(StoreUnusable, match=r"cannot lock .*missing/lock: No such file or directory"):
        lock.acquire()
    with pytest.raises(StoreUnusable):
        lock.try_acquire()  # and the mutex was let go
