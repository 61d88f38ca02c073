"""From one moment of a fact to another: elapsed or business time, less pauses, cut to whole units."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TypeAlias

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.filters import within
from integration.core.kpi.language import Between
from integration.core.kpi.units import DAY, HOUR, SECOND, Clock
from integration.core.kpi.windows import Calendar
from integration.core.links import Pattern

Length: TypeAlias = Callable[[datetime, datetime], int | Fraction]
Elapsed: TypeAlias = Callable[[DeliveryFact, datetime, datetime], "int | Fraction | str"]
"""Microseconds from start to end, or why there are none."""

_MICROSECOND = timedelta(microseconds=1)
_WHOLE = {"minutes": 60 * SECOND, "hours": HOUR}
SKEWED = "ends before it starts (clock skew)"


def elapsed(side: Between, calendar: Calendar, business: BusinessClock | None, clock: Clock) -> Elapsed:
    """What a side says about the time between; `business` is None where it counts all hours."""
    length = _length(side, calendar, business)
    cut = _WHOLE.get(side.whole)
    only = side.only
    limit = None
    if only is not None:
        unit = clock.microseconds(only.quantity.unit) or HOUR
        limit = within(only, Fraction(only.quantity.number) * unit)
        outside = f"not within {only.comparison} {only.quantity.number} {only.quantity.unit}".rstrip()

    if not (side.paused_in or cut or limit) and length is None:
        return plain

    def measured(fact: DeliveryFact, start: datetime, end: datetime) -> int | Fraction | str:
        if end < start:
            return SKEWED
        lasted = length(start, end) if length else (end - start) // _MICROSECOND
        for paused, resumed in pauses(fact, side.paused_in, start, end):
            lasted -= length(paused, resumed) if length else (resumed - paused) // _MICROSECOND
        if cut:
            lasted = lasted // cut * cut
        return outside if limit and not limit(lasted) else lasted

    return measured


def plain(_: DeliveryFact, start: datetime, end: datetime) -> int | Fraction | str:
    """The time that went by, in microseconds."""
    return SKEWED if end < start else (end - start) // _MICROSECOND


def _length(side: Between, calendar: Calendar, business: BusinessClock | None) -> Length | None:
    """How long it is between two moments; None where it is the time that went by."""
    if side.whole != "days":
        return business.between if business else None
    if business is None:
        return lambda start, end: (calendar.day(end) - calendar.day(start)).days * DAY
    a_day, count = business.day, business.days_between
    known: dict[tuple[date, date], Fraction] = {}

    def business_days(start: datetime, end: datetime) -> Fraction:
        days = calendar.day(start), calendar.day(end)
        if days not in known:
            known[days] = count(*days) * a_day
        return known[days]

    return business_days


def pauses(
    fact: DeliveryFact, paused_in: tuple[Pattern, ...], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two moments in which the item was in one of these statuses, as its history of statuses tells."""
    if not paused_in:
        return
    statuses = fact.history.get("status", ())
    untils = [*(at for at, _ in statuses[1:]), end]
    for (since, status), until in zip(statuses, untils, strict=False):
        paused, resumed = max(since, start), min(until, end)
        if paused < resumed and status is not None and any(one.matches(str(status)) for one in paused_in):
            yield paused, resumed
