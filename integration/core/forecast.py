"""Where a key result will be by its date: drawn from the last weeks' throughput, or along the line through its values.

It knows no clock and no store. The same numbers always give the same forecast: what is drawn by lot is drawn from one
sequence, which is the same on every machine and for every key result.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, lcm
from random import Random
from typing import Literal, NamedTuple, TypeAlias

from integration.core import students_t
from integration.core.line import decimal

LEAST = 4
"""Fewer weeks, days or check-ins than that tell nothing of what comes."""
WEEKS = 12
"""How many of the last weeks are drawn from: a quarter, so that an old pace is forgotten."""
SURE = Fraction(85, 100)
"""How sure to be of the date at which linked work is done."""
INTERVAL = Fraction(80, 100)
"""How much of what may come lies within the interval around a line; a tenth lies above it, a tenth below."""
FARTHEST = 52
"""Weeks that are looked ahead. Nobody's throughput of a quarter tells more than that."""

_RUNS = 2000
"""A chance is right to about one percentage point (its standard error is 1.1 at 50 %)."""
_WEEK, _DAY = timedelta(weeks=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What may be expected of a key result by its last day, and from how much that is concluded.

    `throughput`: `chance` of reaching the target by then, `sure_on` the first day by the end of which 85 % of all draws
    reached it (None: not within a year). `trend`: the value `expected` at the end of the last day, `low` and `high`
    around it, the `chance` that the value of that day is at the target or past it, and `crosses_on`, the day on which
    the line reaches the target (None: it leads away, is past it already, or needs more than a year).
    """

    method: Literal["throughput", "trend"]
    by: date
    chance: Fraction
    """From 0 to 1, to four decimals."""
    points: int
    """Of how many weeks, or days with a value."""
    sure_on: date | None = None
    expected: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    crosses_on: date | None = None


Foreseen: TypeAlias = tuple[Forecast | None, str]
"""A forecast, or None and the reason why there is none."""


class Aim(NamedTuple):
    """From where to where a key result goes, and until when, that day included."""

    start: Fraction
    target: Fraction
    by: date


def by_throughput(
    done_on: Mapping[date, Fraction], remaining: Fraction, *, since: date, today: date, by: date
) -> Foreseen:
    """The chance that what remains gets done, if the weeks to come are like the last ones.

    `done_on` is how much was done on each local day, in the unit of `remaining`; `since` the first day that is known.
    The last weeks are those of seven days that end yesterday, twelve at most, each of them known whole; weeks in which
    nothing was done count as such. Every draw puts such weeks after each other, from today on, until nothing remains;
    within a week the work is spread evenly. What is done this very day is not drawn from, but no longer remains.

    A Monte Carlo forecast by throughput as in D. Vacanti, Actionable Agile Metrics for Predictability (2015), chapter
    14, and T. Magennis, Forecasting and Simulating Software Development Projects (2011). It assumes that no scope is
    added: `remaining` is that of today.
    """
    weeks = min((today - since).days // 7, WEEKS)
    if weeks < LEAST:
        return None, f"{max(weeks, 0)} of {LEAST} weeks known"
    if by - today >= FARTHEST * _WEEK:
        return None, "its date is more than a year away"
    amounts = [Fraction(0)] * weeks
    for day, amount in done_on.items():
        ago = (today - day).days - 1
        if 0 <= ago < 7 * weeks:
            amounts[ago // 7] += amount
    ends = _draw([max(amount, Fraction(0)) for amount in amounts], remaining)
    reached = sum(end <= (by - today).days for end in ends)
    needed = ceil(SURE * _RUNS)
    sure_on = today + ends[needed - 1] * _DAY if len(ends) >= needed else None
    return Forecast("throughput", by, Fraction(reached, _RUNS), weeks, sure_on), ""


def _draw(amounts: list[Fraction], remaining: Fraction) -> list[int]:
    """After how many days nothing remains, ascending; draws that take longer than is looked ahead are left out.

    The weeks are sorted, and a week of a draw has its own place in the sequence of random numbers, so that more done in
    any week never makes any draw longer.
    """
    whole = lcm(remaining.denominator, *(amount.denominator for amount in amounts))
    weeks, needed = sorted(int(amount * whole) for amount in amounts), int(remaining * whole)
    if needed <= 0:
        return [0] * _RUNS
    numbers, ends = _sequence(), []
    for run in range(0, _RUNS * FARTHEST if weeks[-1] > 0 else 0, FARTHEST):
        left = needed
        for week in range(FARTHEST):
            amount = weeks[int(numbers[run + week] * len(weeks))]
            if amount >= left:
                ends.append(7 * week + max(-(-7 * left // amount) - 1, 0))
                break
            left -= amount
    return sorted(ends)


@lru_cache(maxsize=1)
def _sequence() -> array[float]:
    """Numbers from 0 to 1. Of `random` only this sequence is promised to be the same in all versions of Python."""
    lot = Random(1)
    return array("d", (lot.random() for _ in range(_RUNS * FARTHEST)))


def by_trend(
    values: Mapping[date, Fraction], aim: Aim, *, today: date, noun: str = "days", least: Fraction | None = None
) -> Foreseen:
    """Where the straight line through the values leads, and how far from it the value of the last day may lie.

    `values` is the last value of each day that has one; `noun` what these are called in a reason; `least` what no value
    can be below. The line is that of the least squares over the days, in exact arithmetic. The interval is the usual
    prediction interval of one new value (Draper and Smith, Applied Regression Analysis, 1.4): the value on the line
    ± t · s · √(1 + 1/n + (x - mean x)² / Σ(x - mean x)²), with s² the sum of the squared residuals over n - 2, and t that
    of Student's distribution with n - 2 degrees of freedom that leaves a tenth on each side. The chance is the part of
    that distribution that lies at the target or past it.

    It assumes that values scatter around the line independently. Those of a KPI with a long rolling window do not: each
    day shares most of its facts with the day before, so that the true interval is wider.
    """
    if len(values) < LEAST:
        return None, f"{len(values)} of {LEAST} {noun} known"
    if aim.by - today >= FARTHEST * _WEEK:
        return None, "its date is more than a year away"
    line = _fit(values, today)
    expected = line.at((aim.by - today).days)
    spread = line.spread((aim.by - today).days)
    width = spread * Decimal(students_t.at_most((1 + float(INTERVAL)) / 2, len(values) - 2))
    around = (expected - Fraction(width), expected, expected + Fraction(width))
    low, middle, high = (decimal(one if least is None else max(one, least)) for one in around)
    ahead = (expected - aim.target) * (1 if aim.target > aim.start else -1)
    return Forecast(
        method="trend",
        by=aim.by,
        chance=_chance(ahead, spread, len(values) - 2),
        points=len(values),
        expected=middle,
        low=low,
        high=high,
        crosses_on=_crossing(line, aim, today),
    ), ""


class _Fitted(NamedTuple):
    """A line over days from today, as least squares have it."""

    points: int
    middle: Fraction
    """The mean of the days."""
    height: Fraction
    """The mean of the values, which the line has there."""
    slope: Fraction
    width: Fraction
    """The sum of the squared distances of the days from their mean."""
    residuals: Fraction
    """The sum of the squared distances of the values from the line."""

    def at(self, day: int) -> Fraction:
        return self.height + self.slope * (day - self.middle)

    def spread(self, day: int) -> Decimal:
        """The standard error of one new value on that day."""
        variance = self.residuals / (self.points - 2)
        square = variance * (1 + Fraction(1, self.points) + (day - self.middle) ** 2 / self.width)
        with localcontext(prec=20):  # of this library's arithmetic only decimals have roots of numbers of any size
            return (Decimal(square.numerator) / Decimal(square.denominator)).sqrt()


def _fit(values: Mapping[date, Fraction], today: date) -> _Fitted:
    points = [((day - today).days, value) for day, value in values.items()]
    count = len(points)
    middle = Fraction(sum(day for day, _ in points), count)
    height = sum((value for _, value in points), Fraction(0)) / count
    width = sum(((day - middle) ** 2 for day, _ in points), Fraction(0))
    together = sum(((day - middle) * (value - height) for day, value in points), Fraction(0))
    whole = sum(((value - height) ** 2 for _, value in points), Fraction(0))
    return _Fitted(count, middle, height, together / width, width, whole - together**2 / width)


def _chance(ahead: Fraction, spread: Decimal, freedom: int) -> Fraction:
    """The chance of being at the target or past it, `ahead` of which the line is; to four decimals."""
    if spread == 0:
        return Fraction(int(ahead >= 0))
    errors = min(max(ahead / Fraction(spread), Fraction(-(10**6))), Fraction(10**6))
    return Fraction(round(students_t.below(float(errors), freedom) * 10**4), 10**4)


def _crossing(line: _Fitted, aim: Aim, today: date) -> date | None:
    """The first day by which the line has reached the target, today or later."""
    rise = 1 if aim.target > aim.start else -1
    missing = (aim.target - line.at(0)) * rise
    if missing < 0 or line.slope * rise <= 0 or missing > line.slope * rise * 7 * FARTHEST:
        return None
    return today + ceil(missing / (line.slope * rise)) * _DAY
