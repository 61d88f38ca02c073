"""Business hours as on a door: `Mon-Fri 09:00-17:30`, `Mon-Thu 08:00-18:00, Fri 08:00-15:00`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

from mappings.wording import found

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = re.compile(
    r"(?P<first>[a-z]{3})[a-z]*(?:-(?P<last>[a-z]{3})[a-z]*)? +"
    r"(?P<opens>\d{1,2}:\d{2}) *- *(?P<closes>\d{1,2}:\d{2})",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class OpenHours:
    """Which weekdays are open from when to when; Monday is 0."""

    spans: tuple[tuple[int, time, time], ...]

    @property
    def days(self) -> frozenset[int]:
        return frozenset(day for day, _, _ in self.spans)


def open_hours(written: str) -> OpenHours:
    spans: list[tuple[int, time, time]] = []
    for part in written.split(","):
        match = SPAN.fullmatch(" ".join(part.split()))
        opens, closes = (_time(match["opens"]), _time(match["closes"])) if match else (None, None)
        days = _days(match["first"], match["last"] or match["first"]) if match else ()
        if not days or opens is None or closes is None or closes <= opens:
            raise ValueError(f"expected opening hours as on a door, got {found(part)}; write Mon-Fri 09:00-17:30")
        spans += [(day, opens, closes) for day in days]
    return OpenHours(tuple(spans))


def _days(first: str, last: str) -> tuple[int, ...]:
    if first.casefold() not in DAYS or last.casefold() not in DAYS:
        return ()
    begin, end = DAYS.index(first.casefold()), DAYS.index(last.casefold())
    return tuple(day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1))


def _time(written: str) -> time | None:
    hours, minutes = (int(part) for part in written.split(":"))
    return time(hours, minutes) if hours < 24 and minutes < 60 else None
