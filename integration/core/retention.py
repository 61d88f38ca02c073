"""How long what trackers sent is kept as it came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """How long raw deliveries are kept, and those that were not understood."""

    deliveries: timedelta = timedelta(days=30)
    dead: timedelta = timedelta(days=90)

    def is_over(self, state: str, received_at: datetime, now: datetime) -> bool:
        """Whether a delivery's time is over. One that nobody has read yet is never too old."""
        return state != "new" and received_at < now - (self.dead if state == "dead" else self.deliveries)

    def kept_from(self, now: datetime) -> datetime:
        """What came after this is kept, whatever became of it."""
        return now - min(self.deliveries, self.dead)
