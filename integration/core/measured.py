"""What a KPI says of the key result that it measures, in the unit in which people wrote the key result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.language import Between, Kpi
from integration.core.kpi.measurement import Measurement
from integration.core.kpi.sides import sides
from integration.core.kpi.summary import Summary
from integration.core.kpi.units import Clock, scale
from integration.core.kpi.windows import Calendar
from integration.core.quantities import Bound, Quantity
from integration.core.scorecard import KeyResult


@dataclass(frozen=True, slots=True)
class KpiFigure:
    """Where the KPI is and where the key result began; each None comes with its reason."""

    value: Fraction | None
    unit: str = ""
    reason: str = ""
    start: Fraction | None = None
    no_start: str = ""
    days: Mapping[date, Fraction] = field(default_factory=dict)
    """What it was at the end of each day of the key result that is over, and today as measured last; days on which it was
    unknown are left out. A fact that comes late changes the days that it belongs to."""


BACKFILL = "read more of the past with `okrlink backfill --since DATE`, or write the number as its start"


def figure_of(
    kpi: Kpi,
    key_result: KeyResult,
    now: Summary | None,
    begun: Measurement | None,
    days: Iterable[tuple[date, Summary]] = (),
) -> KpiFigure:
    """`now` is the KPI as measured last; `begun` as of the beginning, where that is to be measured; `days` what it was at
    the end of days.
    """
    unit = _unit_of(key_result)
    factor = (
        Fraction(1)
        if not unit
        else scale(kpi, kpi.aggregate, _clock(kpi)).limit(Bound(">=", Quantity(Decimal(1), unit)))
    )
    no_start = "" if begun is None or begun.value is not None else begun.reason
    return KpiFigure(
        value=None if now is None or now.value is None else now.value / factor,
        unit=unit or (now.unit if now else ""),
        reason=f"{kpi.name} has not been measured yet" if now is None else now.reason,
        start=None if begun is None or begun.value is None else begun.value / factor,
        no_start=no_start and f"its start cannot be measured: {no_start}; {BACKFILL}",
        days={
            day: told.value / factor
            for day, told in (*days, *([(now.as_of.astimezone(kpi.timezone).date(), now)] if now else []))
            if told.value is not None
        },
    )


def _unit_of(key_result: KeyResult) -> str:
    """The unit that people wrote, where they wrote any."""
    said = (key_result.target, key_result.keep.quantity if key_result.keep else None, key_result.start)
    return next((one.unit for one in said if isinstance(one, Quantity) and one.unit), "")


def _clock(kpi: Kpi) -> Clock:
    in_hours = any(isinstance(side, Between) and side.hours == "business" for side in sides(kpi))
    if not in_hours or kpi.business is None:
        return Clock()
    return Clock.of(BusinessClock(kpi.business, Calendar(kpi.timezone, kpi.week_starts)))
