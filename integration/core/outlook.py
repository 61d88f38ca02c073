"""What may be expected of a key result: which forecast it has, from which of its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction

from integration.core.forecast import Aim, Foreseen, by_throughput, by_trend
from integration.core.measured import KpiFigure
from integration.core.scorecard import Count, Cycle, KeyResult, Work
from integration.core.standing import CheckIn, Standing, WorkCount


def foresee(
    key_result: KeyResult,
    cycle: Cycle,
    standing: Standing,
    today: date,
    history: Iterable[CheckIn] = (),
    done_on: Mapping[date, Fraction] | None = None,
    measured: KpiFigure | None = None,
) -> Foreseen:
    """The forecast of a key result that stands like this, or None with the reason.

    Linked work is drawn from its throughput, since the key result was first measured in the cycle; before that nobody
    knows what was linked. All else follows the line through its values in the cycle: those of a KPI's days (`measured`),
    of a count's days, or of what people told. `history` are its check-ins in the order of their time, `done_on` what of
    its work was done on each day.
    """
    by = key_result.by or cycle.last
    why_not = _why_not(key_result, cycle, standing, today, by)
    if why_not:
        return None, why_not
    told = [one for one in history if cycle.first <= one.day <= today and one.value is not None]
    if standing.work is not None and done_on is not None and _goes_up(standing):
        if standing.progress is not None and standing.progress >= 1:
            return None, "its target is reached"
        since = min((one.day for one in told if one.origin == "computed"), default=today)
        remaining = _remaining(standing, standing.work)
        return by_throughput(done_on, remaining, since=since, today=today, by=by)
    computed = isinstance(key_result.measure, Work | Count)
    values = {one.day: Fraction(one.value) for one in told if one.value is not None and _is_computed(one) == computed}
    if measured is not None:
        values = {day: value for day, value in measured.days.items() if cycle.first <= day <= today}
    elif computed and standing.current is not None:
        values[today] = Fraction(standing.current)
    return by_trend(
        values,
        Aim(Fraction(standing.start or 0), Fraction(standing.target or 0), by),
        today=today,
        noun="days" if computed or measured is not None else "days with a check-in",
        least=Fraction(0) if computed else None,
    )


def _why_not(key_result: KeyResult, cycle: Cycle, standing: Standing, today: date, by: date) -> str:
    if today < cycle.first:
        return "it has not begun"
    if today > by:
        return "it is over"
    if key_result.keep is not None:
        return "it holds a range, day by day until its end"
    if standing.progress is None:
        return standing.reason or "its progress is unknown"
    return ""


def _goes_up(standing: Standing) -> bool:
    return standing.start is not None and standing.target is not None and standing.start < standing.target


def _remaining(standing: Standing, work: WorkCount) -> Fraction:
    """How much of the work of today is still to be done for the target."""
    target = Fraction(standing.target or 0)
    return (target * work.scope / 100 if standing.unit == "%" else target) - work.done


def _is_computed(one: CheckIn) -> bool:
    return one.origin == "computed"
