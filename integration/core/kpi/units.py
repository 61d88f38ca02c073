"""In which unit a figure is shown, and what a bound's number is in that unit.

Inside, durations are microseconds, shares are parts of one, rates are per the unit of time that the KPI names.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.language import Aggregate, Between, Fold, Kpi, Measure, Rate, Ratio, Share
from integration.core.quantities import Bound

Nature: TypeAlias = Literal["duration", "share", "ratio", "rate", "number"]
"""What a figure is, whatever it is shown in."""

SECOND = 1_000_000
DAY = 86_400 * SECOND
HOUR = 3_600 * SECOND
DAYS_IN = {"day": 1, "week": 7, "month": 30}
"""A month is 30 days in rates and bounds."""

# fmt: off
_NAMES = {
    "s": "second", "sec": "second", "second": "second", "m": "minute", "min": "minute", "minute": "minute",
    "h": "hour", "hr": "hour", "hour": "hour", "d": "day", "day": "day", "w": "week", "week": "week", "month": "month",
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a minute, an hour, a day is, in microseconds; with business hours a day is a business day."""

    day: Fraction = Fraction(DAY)
    week: Fraction = Fraction(7 * DAY)

    @classmethod
    def of(cls, business: BusinessClock | None) -> Clock:
        return cls() if business is None else cls(business.day, business.week)

    def microseconds(self, unit: str) -> Fraction | None:
        """None for a word that is no unit of time."""
        word = unit.casefold().strip()
        name = _NAMES.get(word) or _NAMES.get(word.removesuffix("s"), "")
        lengths = {
            "second": Fraction(SECOND),
            "minute": Fraction(60 * SECOND),
            "hour": Fraction(HOUR),
            "day": self.day,
            "week": self.week,
            "month": self.week * 30 / 7,
        }
        return lengths.get(name)


@dataclass(frozen=True, slots=True)
class Scale:
    """How an exact figure is shown: its nature, the unit's name, and what it is multiplied with."""

    nature: Nature
    unit: str
    factor: Fraction
    clock: Clock
    per: str = ""

    def shown(self, exact: Fraction) -> Fraction:
        return exact * self.factor

    def limit(self, bound: Bound) -> Fraction:
        """A bound's number in the unit that the figure is shown in; without a unit it is in that already."""
        number, unit = Fraction(bound.quantity.number), bound.quantity.unit
        if self.nature == "duration" and (length := self.clock.microseconds(unit)) is not None:
            return number * length * self.factor
        if self.nature in ("share", "ratio") and unit == "%":
            return number / 100 * self.factor
        if self.nature == "rate" and (days := DAYS_IN.get(_per(unit))):
            return number * DAYS_IN[self.per] / days * self.factor
        return number

    def exact_limit(self, bound: Bound) -> Fraction:
        """The same in the unit that is used inside."""
        return self.limit(bound) / self.factor


def scale(kpi: Kpi, aggregate: Aggregate, clock: Clock) -> Scale:
    """How a KPI's figure is shown when it is said this way."""
    outer = aggregate.outer
    if outer is not None and outer.name in ("count", "active", "share"):
        return _of_fold(outer, kpi, clock)
    return fold_scale(kpi, aggregate.fold, clock)


def fold_scale(kpi: Kpi, fold: Fold, clock: Clock) -> Scale:
    """How a fold of the samples is shown."""
    measure = kpi.measure
    if isinstance(measure, Rate):
        unit = kpi.unit if _per(kpi.unit) in DAYS_IN else f"/ {measure.per}"
        factor = Fraction(DAYS_IN[_per(unit)], DAYS_IN[measure.per])
        shown = kpi.unit or (f"h {unit}" if isinstance(measure.side, Between) else unit)
        return Scale("rate", shown, factor, clock, measure.per)
    if isinstance(measure, Ratio):
        return Scale("ratio", kpi.unit, Fraction(100 if kpi.unit == "%" else 1), clock)
    if fold.name in ("count", "active", "share"):
        return _of_fold(fold, kpi, clock)
    return sample_scale(measure, kpi, clock)


def sample_scale(measure: Measure, kpi: Kpi, clock: Clock) -> Scale:
    """How one sample of a measure is shown."""
    if isinstance(measure, Share):
        return Scale("share", "%", Fraction(100), clock)
    if isinstance(measure, Between):
        length = clock.microseconds(kpi.unit)
        unit, length = ("h", Fraction(HOUR)) if length is None else (kpi.unit, length)
        return Scale("duration", unit, 1 / length, clock)
    return Scale("number", kpi.unit, Fraction(1), clock)


def _of_fold(fold: Fold, kpi: Kpi, clock: Clock) -> Scale:
    if fold.name == "share":
        return Scale("share", "%", Fraction(100), clock)
    counts = isinstance(kpi.measure, Between)  # its unit is one of time, and a number of samples has none
    return Scale("number", "" if counts else kpi.unit, Fraction(1), clock)


def _per(unit: str) -> str:
    """`week` of `/ week`."""
    return unit.partition("/")[2].strip() if "/" in unit else ""
