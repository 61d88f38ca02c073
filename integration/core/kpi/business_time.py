"""How long the door was open between two moments: business hours, holidays, and days on which clocks change."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from integration.core.kpi.language import BusinessHours
from integration.core.kpi.windows import Calendar

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_AHEAD = 64


class BusinessClock:
    """Counts microseconds of business time. It remembers the days it was asked for, so that long waits cost no more."""

    def __init__(self, hours: BusinessHours, calendar: Calendar) -> None:
        self._hours, self._calendar = hours, calendar
        self._base = date.max
        self._opened: list[datetime] = []
        self._closed: list[datetime] = []
        self._before: list[int] = []
        """Business time before each opening, counted from the first."""
        self._known_until = date.min

    @property
    def day(self) -> Fraction:
        """A business day: the mean of the weekdays with hours, in microseconds. 24 hours where there is none."""
        lengths: dict[int, int] = {}
        for weekday in range(7):
            if spans := self._spans(weekday):
                lengths[weekday] = sum(_end(end) - _clock(start) for start, end in spans)
        return Fraction(sum(lengths.values()), len(lengths)) if lengths else Fraction(_DAY // _MICROSECOND)

    @property
    def week(self) -> Fraction:
        """A business week without holidays, in microseconds."""
        return self.day * (len({weekday for weekday, _, _ in self._hours.spans}) or 7)

    def between(self, start: datetime, end: datetime) -> int:
        """Microseconds of business time from one moment to a later one."""
        self._learn(self._calendar.day(start), self._calendar.day(end))
        return self._until(end) - self._until(start)

    def days_between(self, start: date, end: date) -> int:
        """How many business days there are after `start`, up to and with `end`."""
        later = (start + number * _DAY for number in range(1, (end - start).days + 1))
        return sum(bool(self._spans(day.weekday())) and day not in self._hours.holidays for day in later)

    def _until(self, at: datetime) -> int:
        index = bisect_right(self._opened, at) - 1
        if index < 0:
            return 0
        return self._before[index] + (min(at, self._closed[index]) - self._opened[index]) // _MICROSECOND

    def _learn(self, first: date, last: date) -> None:
        if first >= self._base and last <= self._known_until:
            return
        if first < self._base:  # all begins anew from the earlier day, and some before it
            self._base, last = first - _AHEAD * _DAY, max(last, self._known_until)
            self._opened, self._closed, self._before = [], [], []
            self._known_until = self._base - _DAY
        until = last + _AHEAD * _DAY
        while self._known_until < until:
            self._known_until += _DAY
            self._add(self._known_until)

    def _add(self, day: date) -> None:
        if day in self._hours.holidays:
            return
        for start, end in self._spans(day.weekday()):
            opened = datetime.combine(day, start, self._calendar.timezone).astimezone(UTC)
            closed = (
                self._calendar.midnight(day + _DAY)
                if end == time()
                else datetime.combine(day, end, self._calendar.timezone).astimezone(UTC)
            )
            done = self._before[-1] + (self._closed[-1] - self._opened[-1]) // _MICROSECOND if self._before else 0
            self._opened.append(opened)
            self._closed.append(closed)
            self._before.append(done)

    def _spans(self, weekday: int) -> list[tuple[time, time]]:
        """In order, none within another; 00:00 as an end is midnight."""
        spans: list[tuple[time, time]] = []
        for _, start, end in sorted(span for span in self._hours.spans if span[0] == weekday):
            if spans and _clock(start) <= _end(spans[-1][1]):
                spans[-1] = (spans[-1][0], max(spans[-1][1], end, key=_end))
            else:
                spans.append((start, end))
        return spans


def _clock(at: time) -> int:
    """Microseconds since midnight."""
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) // _MICROSECOND


def _end(at: time) -> int:
    """The same of an end, where 00:00 is 24:00."""
    return _clock(at) or _DAY // _MICROSECOND
