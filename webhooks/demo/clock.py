"""What time it is in the demo: it stands still, jumps, or runs a quarter in a minute. It never goes back."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta


class DemoClock:
    """Calling it tells the time. It stands until `run` or `jump`."""

    def __init__(self, first: datetime) -> None:
        self._lock = threading.Lock()
        self._last = first
        self._at = first
        self._since = time.monotonic()
        self._speed = 0.0

    def __call__(self) -> datetime:
        with self._lock:
            return self._now()

    def run(self, last: datetime, seconds: float) -> None:
        """From now on it passes evenly, and reaches `last` after so many real seconds; there it stops."""
        with self._lock:
            self._at = self._now()
            self._since = time.monotonic()
            self._last = last
            self._speed = (last - self._at).total_seconds() / seconds

    def jump(self, to: datetime) -> None:
        """It is `to` now, unless that is past already."""
        with self._lock:
            self._at = max(self._now(), to)
            self._since = time.monotonic()
            self._last = max(self._last, to)

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds until that moment; none where it is past."""
        with self._lock:
            left = (moment - self._now()).total_seconds()
            return max(left / self._speed, 0.0) if self._speed else 0.0

    def _now(self) -> datetime:
        passed = timedelta(seconds=(time.monotonic() - self._since) * self._speed)
        return min(self._at + passed, self._last)
