"""Waiting for one's turn before each request, and hearing from each answer what it wants of the next.

Where somebody waits for the answer (a write, a look) a turn may be ten seconds away, and the caller is told to come back
for a later one. Long reads wait for longer, because they could not be begun anew each time; and while the budget is
short, they let the others go first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from integration.core.errors import Retryable, Scope
from integration.trackers.contract import Ledger, Purpose
from integration.trackers.limits import endpoint, wish

PATIENCE = 10.0
"""Seconds that a call waits in place for its turn; beyond, the caller is told to come back."""
LONG_PATIENCE = 60.0
"""The same within a long read."""
LONG = frozenset[Purpose]({"read", "history"})
PATIENT = frozenset[Purpose]({"history"})
"""Those who let others go first."""

ALL = ""
"""The part of a connection that is all of it."""
FOR_THE_PATIENT = "history"

_purpose: ContextVar[Purpose] = ContextVar("purpose", default="other")


@contextmanager
def asking(purpose: Purpose) -> Iterator[None]:
    """Whatever this thread asks of trackers within is asked for that."""
    before = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(before)


class Budget:
    """What a session may ask, by the connection's ledger; by its own memory where nobody shares one."""

    def __init__(self, ledger: Ledger | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ledger = ledger or Unshared()
        self._sleep = sleep

    def wait_for_turn(self, method: str, url: str) -> None:
        """Waits, and counts the request that is about to be made. Raises `Retryable` for a turn that is too far away."""
        purpose = _purpose.get()
        patience = LONG_PATIENCE if purpose in LONG else PATIENCE
        while True:
            left, why, scope = self._ahead(purpose, endpoint(method, url))
            if left <= 0:
                break
            if left > patience:
                raise Retryable(why, after=left, scope=scope)
            self._sleep(left)
            patience -= left
        self._ledger.count(purpose)

    def hear(self, method: str, url: str, status: int, headers: Mapping[str, str]) -> None:
        """Keeps what an answer wants of the requests after it."""
        wanted = wish(status, headers, datetime.now(UTC))
        if wanted.connection > 0:
            self._ledger.rest(ALL, wanted.connection)
        if wanted.endpoint > 0:
            self._ledger.rest(endpoint(method, url), wanted.endpoint)
        if wanted.patient > 0:
            self._ledger.rest(FOR_THE_PATIENT, wanted.patient)
        if status == 429:
            self._ledger.count_refused(_purpose.get())

    def asked_to_wait(self) -> float:
        """Seconds that are left of the longest rest of the whole connection."""
        return self._ledger.rests(ALL)

    def _ahead(self, purpose: Purpose, asked: str) -> tuple[float, str, Scope]:
        """What stands before the next request: for how long, why, and how much else it stops."""
        left = self._ledger.rests(ALL)
        if left > 0:
            return left, "the tracker asked us to slow down", "connection"
        left = self._ledger.rests(asked)
        if left > 0:
            return left, f"the tracker asked us to slow down: {asked}", "item"
        left = self._ledger.rests(FOR_THE_PATIENT) if purpose in PATIENT else 0.0
        if left > 0:
            return left, "the tracker's limit is near, and what is left is kept for writes", "item"
        return self._ledger.take(patient=purpose in PATIENT), "requests_per_second is used up by others", "item"


class Unshared:
    """The ledger of one session alone: it knows what rests, and neither counts nor limits."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._mutex = threading.Lock()

    def rest(self, part: str, seconds: float) -> None:
        with self._mutex:
            self._until[part] = max(self._until.get(part, 0.0), time.monotonic() + seconds)

    def rests(self, part: str) -> float:
        return max(0.0, self._until.get(part, 0.0) - time.monotonic())

    def take(self, *, patient: bool) -> float:  # noqa: ARG002  # there is no limit of ours
        return 0.0

    def count(self, purpose: Purpose) -> None: ...

    def count_refused(self, purpose: Purpose) -> None: ...
