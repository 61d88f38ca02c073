"""Which stretch of time a window is, as of a moment; and how a stretch falls into local days, weeks, months and quarters.

All arithmetic is on local days: a day of 23 or 25 hours is one day.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from integration.core.kpi.language import Dates, Now, Rolling, Span, This, Whole, Window

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `first` (in) to `last` (out), in UTC. `cut`: what was asked for is longer, but not known or not yet over."""

    first: datetime
    last: datetime
    cut: bool = False

    def since(self, known: datetime | None) -> Stretch:
        """What of it is known; empty where nothing is."""
        if known is None or known <= self.first:
            return self
        return Stretch(min(known.astimezone(UTC), self.last), self.last, cut=True)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where the days begin, and the weeks (Monday is 0)."""

    timezone: ZoneInfo
    week_starts: int = 0

    def midnight(self, day: date) -> datetime:
        """The moment at which a local day begins, in UTC."""
        return datetime.combine(day, time(), self.timezone).astimezone(UTC)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.timezone).date()

    def days(self, stretch: Stretch) -> Fraction:
        """How many local days long it is, by the clock on the wall."""
        first, last = (at.astimezone(self.timezone).replace(tzinfo=None) for at in (stretch.first, stretch.last))
        return Fraction((last - first) // _MICROSECOND, _DAY // _MICROSECOND)

    def begin(self, day: date, unit: Span) -> date:
        """The first day of the week, month, quarter or year that the day is in."""
        if unit == "day":
            return day
        if unit == "week":
            return day - (day.weekday() - self.week_starts) % 7 * _DAY
        months = _MONTHS[unit]
        return day.replace(month=(day.month - 1) // months * months + 1, day=1)

    def stretch(self, window: Window, as_of: datetime) -> Stretch:
        """What a window is as of a moment. It never reaches beyond that; what lies wholly in the future is empty."""
        as_of = as_of.astimezone(UTC)
        today = self.day(as_of)
        match window:
            case Rolling():
                return Stretch(self._back(as_of, window), as_of)
            case Whole():
                last = self.begin(today, window.unit)
                return Stretch(self.midnight(shifted(last, -window.number, window.unit)), self.midnight(last))
            case This():
                return Stretch(self.midnight(self.begin(today, window.unit)), as_of, cut=True)
            case Dates():
                first, last_moment = self.midnight(window.first), self.midnight(window.last + _DAY)
                return Stretch(min(first, as_of), min(last_moment, as_of), cut=as_of < last_moment)
            case Now():
                return Stretch(as_of, as_of)

    def _back(self, as_of: datetime, window: Rolling) -> datetime:
        local = as_of.astimezone(self.timezone)
        day = shifted(local.date(), -window.number, window.unit)
        return datetime.combine(day, local.time().replace(fold=0), self.timezone).astimezone(UTC)

    def starts(self, stretch: Stretch, unit: Span) -> list[date]:
        """The first days of all the weeks (months, …) that a stretch touches."""
        day, last = self.begin(self.day(stretch.first), unit), self.day(stretch.last - _MICROSECOND)
        days = []
        while day <= last:
            days.append(day)
            day = shifted(day, 1, unit)
        return days

    def parts(self, stretch: Stretch, units: Sequence[Span]) -> list[Part]:
        """The stretch, cut where a unit of any of these begins; without units, or without length, it is one part."""
        if not units or stretch.first >= stretch.last:
            return [self._part(stretch, units)]
        bounds = {self.midnight(day) for unit in units for day in self.starts(stretch, unit)}
        edges = [stretch.first, *sorted(edge for edge in bounds if stretch.first < edge < stretch.last), stretch.last]
        return [self._part(Stretch(first, last), units) for first, last in pairwise(edges) if first < last]

    def _part(self, stretch: Stretch, units: Sequence[Span]) -> Part:
        if not units:
            return Part(stretch)
        days = [(unit, self.begin(self.day(stretch.first), unit)) for unit in units]
        whole = min(self.midnight(shifted(day, 1, unit)) - self.midnight(day) for unit, day in days)
        labels = tuple((unit, self.label(day, unit)) for unit, day in days)
        return Part(replace(stretch, cut=stretch.last - stretch.first < whole), labels)

    def label(self, day: date, unit: Span) -> str:
        """`2026-11-20`, `2026-W47`, `2026-11`, `2026-Q4`, `2026`. A week that begins on another day than Monday has that day."""
        if unit == "week" and self.week_starts == 0:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        if unit in ("day", "week"):
            return day.isoformat()
        if unit == "quarter":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        return f"{day.year}-{day.month:02}" if unit == "month" else str(day.year)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a stretch, and the weeks (months, …) that it is in."""

    stretch: Stretch
    labels: tuple[tuple[str, str], ...] = ()


def shifted(day: date, number: int, unit: Span) -> date:
    """So many days, weeks, months … later (or earlier); of a shorter month its last day."""
    if unit in ("day", "week"):
        return day + number * (7 if unit == "week" else 1) * _DAY
    months = day.year * 12 + day.month - 1 + number * _MONTHS[unit]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def phrase(window: Window) -> str:
    """As it stands in a sentence: `in 28 days`."""
    match window:
        case Rolling():
            return f"in {counted(window.number, window.unit)}"
        case Whole():
            return f"in {counted(window.number, f'whole {window.unit}')}"
        case This():
            return f"this {window.unit}"
        case Dates():
            return f"from {window.first} to {window.last}"
        case Now():
            return "now"


def counted(number: int | Fraction, noun: str) -> str:
    """`1 day`, `28 days`, `2.5 days`."""
    shown = str(number) if number == int(number) else f"{int(number * 10) // 10}.{int(number * 10) % 10}"
    return f"{shown} {noun}" if number == 1 else f"{shown} {noun}s"
