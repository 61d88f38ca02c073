"""Business days, and how much of a key result may be expected by when."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Literal, TypeAlias

Ramp: TypeAlias = Literal["linear", "back-loaded"]

_DAY = timedelta(days=1)


def business_days(first: date, last: date, working_days: Collection[int], holidays: Collection[date]) -> int:
    """How many days from `first` to `last`, both included, are worked on; weekdays count from Monday, 0."""
    weeks, rest = divmod(max((last - first).days + 1, 0), 7)
    worked = weeks * len(set(working_days)) + sum((first.weekday() + day) % 7 in working_days for day in range(rest))
    return worked - sum(first <= day <= last and day.weekday() in working_days for day in set(holidays))


def expected_progress(
    first: date,
    last: date,
    now: datetime,
    timezone: tzinfo,
    working_days: Collection[int],
    holidays: Collection[date],
    ramp: Ramp = "linear",
    milestones: Iterable[tuple[date, Fraction]] = (),
    goal: Fraction = Fraction(1),
) -> Fraction:
    """The share that is due by `now`: 0 until the first business day is over, `goal` from the end of `last` on.

    A day's share is due when the local day ends, so it moves at midnight only, and no day asks for work before it was
    worked on. Linear: every business day brings the same. Back-loaded: the square of that, so that a quarter is due
    halfway; most of such a key result comes at the end. Milestones are shares due at the end of their days, linear over
    the business days between them, whatever the ramp. A span without any business day counts all its days.
    """
    today = now.astimezone(timezone).date()
    if not business_days(first, last, working_days, holidays):
        working_days, holidays = range(7), ()

    def worked(until: date) -> int:
        return business_days(first, until, working_days, holidays)

    said = {day: share for day, share in milestones if first <= day <= last}
    points = sorted({first - _DAY: Fraction(0), last: goal, **said}.items())
    past = [point for point in points if point[0] < today]
    if not past:
        return Fraction(0)
    since, share = past[-1]
    if len(past) == len(points):
        return share
    until, next_share = points[len(past)]
    span = worked(until) - worked(since)
    gone = Fraction(worked(today - _DAY) - worked(since), span) if span else Fraction(0)
    if ramp == "back-loaded" and not said:
        gone **= 2
    return share + gone * (next_share - share)
