"""Jira Cloud's limits on what is asked: bursts of one endpoint and method, and the points of an hour. Off until given.

API tokens are exempt from the points [doc]; a quota stands here for accounts of apps, and for whatever comes of that.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

# [doc] a second, for the whole site: by method, and where an endpoint has more. The bucket holds a second's worth [inf].
BURSTS: Mapping[str, float] = {
    "GET": 100,
    "POST": 100,
    "PUT": 50,
    "DELETE": 50,
    "GET /rest/api/3/issue/<which>": 150,
    "GET /rest/api/3/issue/<which>/changelog": 200,
    "POST /rest/api/3/search/approximate-count": 150,
}
_NEAR = 0.2  # [doc] of the points, left


@dataclass(frozen=True, slots=True)
class Quota:
    """[doc] So many points, anew at the top of each hour."""

    points: int
    seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that was met: which, and after how many seconds it is worth asking again."""

    reason: str
    after: float


class Limits:
    """Counts requests and points; thread-safe."""

    def __init__(self, bursts: Mapping[str, float] | None = None, quota: Quota | None = None) -> None:
        self.bursts = bursts or {}
        self.quota = quota
        self.refused: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}  # endpoint -> tokens left, and when that was
        self._spent: Counter[int] = Counter()  # points by window
        self._lock = threading.Lock()

    def met(self, method: str, endpoint: str) -> Limit | None:
        """The limit that stands in the way of a request, which is refused then; it costs nothing."""
        with self._lock:
            limit = self._quota_met() or self._burst_met(method, f"{method} {endpoint}")
            if limit:
                self.refused[limit.reason] += 1
            return limit

    def spend(self, points: int) -> None:
        """An answer was given."""
        with self._lock:
            self._spent[self._window()] += points

    def headers(self) -> dict[str, str]:
        """[doc] What every answer tells of the points; of bursts none tells."""
        if self.quota is None:
            return {}
        left = max(0, self.quota.points - self._spent[self._window()])
        near = {"X-RateLimit-NearLimit": "true"} if left < _NEAR * self.quota.points else {}
        return {"X-RateLimit-Limit": f"{self.quota.points}", "X-RateLimit-Remaining": f"{left}", **near}

    def _window(self) -> int:
        return int(time.time() // self.quota.seconds) if self.quota else 0

    def _quota_met(self) -> Limit | None:
        if self.quota is None or self._spent[self._window()] < self.quota.points:
            return None
        return Limit("jira-quota-tenant-based", (self._window() + 1) * self.quota.seconds - time.time())

    def _burst_met(self, method: str, endpoint: str) -> Limit | None:
        rate = self.bursts.get(endpoint, self.bursts.get(method))
        if rate is None:
            return None
        now = time.monotonic()
        left, since = self._buckets.get(endpoint, (rate, now))
        left = min(rate, left + (now - since) * rate)
        self._buckets[endpoint] = (left if left < 1 else left - 1, now)
        return Limit("jira-burst-based", (1 - left) / rate) if left < 1 else None
