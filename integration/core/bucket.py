"""How many requests may be made now, at so many a second: a token bucket, kept as one moment.

The moment is when the bucket is full again if nobody takes from it (the generic cell rate algorithm of ATM Forum's
Traffic Management Specification 4.0). Whoever takes puts it off, so that any number of takers share one value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SKEW = timedelta(minutes=1)
"""Further in the future than this beyond what a bucket allows, a moment comes from a clock that was wrong."""
_ROUNDING = 1e-3
"""Of a token; a database counts in whole microseconds."""


@dataclass(frozen=True, slots=True)
class Take:
    """How many tokens were taken, and what follows: the new moment, and the seconds after which to ask where none was."""

    tokens: int
    full_at: datetime
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """`rate` tokens a second. It holds those of half a second, so that with all delays on the way and with tokens kept in
    hand for a moment, no tracker counts more than `rate` at once; but never fewer than a writer and the reserve need.
    """

    rate: float

    @property
    def capacity(self) -> float:
        return max(1.5, self.rate / 2)

    @property
    def reserve(self) -> float:
        """What the patient leave to others: where these take as fast as it fills, the patient get nothing."""
        return self.capacity / 3

    def take(self, full_at: datetime, now: datetime, most: int, *, patient: bool) -> Take:
        """As many tokens as there are, at most `most`."""
        empty = now + timedelta(seconds=self.capacity / self.rate)
        if full_at > empty + SKEW:
            full_at = empty
        full_at = max(full_at, now)
        left = self.capacity - (full_at - now).total_seconds() * self.rate
        left -= self.reserve if patient else 0.0
        tokens = min(most, int(left + _ROUNDING))
        if tokens < 1:
            return Take(0, full_at, (1 - left) / self.rate)
        return Take(tokens, full_at + timedelta(seconds=tokens / self.rate))
