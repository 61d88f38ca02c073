"""A lock between threads and processes of one machine: whoever waits sleeps in the kernel and is woken, none polls."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from integration.core.errors import StoreUnusable

BUSY_TIMEOUT = 3.0
"""Seconds to wait for a stranger who locks an SQLite database past this lock, such as somebody's shell. Whoever waits has
its turn, so that all others wait with it: two servers and a worker together must answer within the 20 s of Jira's.
"""


class FileLock:
    """An exclusive `flock` on a file made for it, behind a mutex for the threads of this process.

    Not re-entrant. The kernel releases it with the process, however that ends, so there is never a stale one.
    The file stays: removing it would let two holders in. A forked child shares the lock with its parent and must not
    use it; our processes are spawned.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.Lock()
        self._file = -1

    def acquire(self) -> None:
        """Waits as long as it takes. Raises `StoreUnusable` where the file cannot be made or locked."""
        self._mutex.acquire()
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_EX)
        except OSError as error:
            self._mutex.release()
            raise self._unusable(error) from error
        except BaseException:  # a signal handler that raises must not leave the mutex held
            self._mutex.release()
            raise

    def try_acquire(self) -> bool:
        """False where anybody holds it; never waits."""
        if not self._mutex.acquire(blocking=False):
            return False
        try:
            fcntl.flock(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._mutex.release()
            return False
        except OSError as error:
            self._mutex.release()
            raise self._unusable(error) from error
        return True

    def release(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._mutex.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def close(self) -> None:
        """Gives the file back, and with it the lock. The next `acquire` opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _opened(self) -> int:
        if self._file < 0:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        return self._file

    def _unusable(self, error: OSError) -> StoreUnusable:
        return StoreUnusable(f"cannot lock {self.path}: {error.strerror}")
