"""Progress, expected progress, pace, status, and how key results add up to their objective (design section 4.2)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from integration.core.calendar import expected_progress
from integration.core.grading import SUCCESS, Phase, Status, graded, status_of
from integration.core.line import Line, decimal, line_of
from integration.core.measured import KpiFigure
from integration.core.quantities import Bound
from integration.core.scorecard import Count, Cycle, Grading, KeyResult, Measured, Objective, Scorecard, Work
from integration.core.standing import CheckIn, ObjectiveStanding, Standing, WorkCount

__all__ = ["CheckIn", "ObjectiveStanding", "Phase", "Standing", "Status", "WorkCount", "roll_up", "stand", "status_of"]


def stand(
    scorecard: Scorecard,
    objective: Objective,
    key_result: KeyResult,
    work: WorkCount | None = None,
    last_check_in: CheckIn | None = None,
    unknown: str | None = None,
    *,
    now: datetime,
    history: Iterable[CheckIn] = (),
    closed: bool = False,
    counted: int | None = None,
    measured: KpiFigure | None = None,
) -> Standing:
    """Where a key result stands as of `now`.

    `work` is its linked work, `counted` the number of items that it counts, `measured` what its KPI says, `unknown` why
    that is not known. `history` holds check-ins in any order, the last one too, or apart as `last_check_in`. Value and
    confidence are those that people told last; to hold a range (`keep`) asks for all the days: of a KPI those that it
    was measured on, else those with a check-in. `closed` ends the cycle before its last day.
    """
    told = _until(now, (*history, last_check_in) if last_check_in else history)
    cycle, end = objective.cycle, key_result.by or objective.cycle.last
    today = now.astimezone(scorecard.timezone).date()
    phase = _phase(today, cycle.first, end, closed=closed)
    current, reason = (None, unknown) if unknown else _current(key_result, work, told, counted, measured)
    first = measured.start if measured else _first(key_result, told, current, cycle, today)
    line = line_of(key_result, first)
    progress: Fraction | None = None
    if key_result.keep is not None:
        days: Mapping[date, Decimal | Fraction]
        days = measured.days if measured else {one.day: one.value for one in told if one.value is not None}
        within = [value for day, value in days.items() if cycle.first <= day <= end]
        progress = None if unknown else _share_held(key_result.keep, within)
        reason = reason or "has no value in this cycle yet"
    elif current is not None:
        progress, reason = line.progress(current)
        if isinstance(key_result.measure, Count) and line.start is None:
            reason = "begins with its first count in the cycle"
        if measured is not None and line.start is None:
            reason = measured.no_start or reason
    expected = _expected(scorecard, objective, key_result, line, now, phase)
    confidences = [one.confidence for one in told if one.origin != "computed" and one.confidence is not None]
    return Standing(
        key_result=key_result.id,
        as_of=now,
        status=status_of(
            progress, expected, scorecard.grading, key_result.kind, phase, holds=key_result.keep is not None
        ),
        current=decimal(current),
        start=decimal(line.start),
        target=decimal(line.target),
        unit=measured.unit if measured else line.unit,
        progress=progress,
        expected=expected,
        confidence=confidences[-1] if confidences else None,
        work=work,
        reason=reason if progress is None else "",
    )


def roll_up(
    objective: Objective,
    standings: Iterable[Standing],
    broken_guardrails: Sequence[str] = (),
    grading: Grading = "viva",
) -> ObjectiveStanding:
    """The weighted mean of the key results' scores against the weighted mean of what was expected of them.

    Key results without progress are left out and named. A broken guardrail puts the objective at risk, whatever its
    progress. It is done when all its key results are, and missed when all are over and not all were done.
    """
    weights = {key_result.id: Fraction(key_result.weight) for key_result in objective.key_results}
    told = {standing.key_result: standing for standing in standings if standing.key_result in weights}
    unmeasured = tuple(name for name in weights if name not in told or told[name].score is None)
    measured = [standing for name, standing in told.items() if name not in unmeasured]
    score = _mean((standing.score, weights[standing.key_result]) for standing in measured)
    expected = _mean((standing.expected, weights[standing.key_result]) for standing in measured)
    words = {standing.status for standing in told.values()}
    status: Status
    reason = ""
    if broken_guardrails:
        status, reason = "at risk", f"does not hold: {', '.join(broken_guardrails)}"
    elif words == {"not started"}:
        status = "not started"
    elif score is None or expected is None:
        status, reason = "unknown", next((one.reason for one in told.values() if one.reason), "nothing is measured")
    elif words == {"done"} and not unmeasured:
        status = "done"
    elif words <= {"done", "missed"} and "missed" in words:
        status = "missed"
    else:
        status = graded(score, expected, grading)
    return ObjectiveStanding(objective.id, status, score, expected, unmeasured, tuple(broken_guardrails), reason)


def _first(
    key_result: KeyResult, told: Sequence[CheckIn], current: Fraction | None, cycle: Cycle, today: date
) -> Fraction | None:
    """What was counted first in the cycle. During its day that is the number of now, as its check-in is."""
    if not isinstance(key_result.measure, Count) or today < cycle.first:
        return None
    counts = (one for one in told if one.origin == "computed" and cycle.first <= one.day < today)
    first = next((one.value for one in counts if one.value is not None), None)
    return current if first is None else Fraction(first)


def _current(
    key_result: KeyResult,
    work: WorkCount | None,
    told: Sequence[CheckIn],
    counted: int | None,
    measured: KpiFigure | None,
) -> tuple[Fraction | None, str]:
    """The value as of now, or why it is unknown."""
    if isinstance(key_result.measure, Count):
        return (None, "its items have not been counted yet") if counted is None else (Fraction(counted), "")
    if isinstance(key_result.measure, Measured):
        if measured is None or measured.value is None:
            return None, measured.reason if measured else f"{key_result.measure.kpi.name} has not been measured yet"
        return measured.value, ""
    if isinstance(key_result.measure, Work):
        if work is None:
            return None, "its work has not been counted yet"
        if line_of(key_result).unit != "%":
            return work.done, ""
        if work.items == 0:
            return None, "no work that counts in this cycle is linked"
        if work.scope <= 0:
            return None, "the linked work adds up to nothing"
        return 100 * work.done / work.scope, ""
    # A check-in may bring confidence and a note only; then the value before it still holds.
    typed = [one for one in told if one.origin != "computed" and (one.value is not None or one.reason)]
    if not typed:
        return None, "nobody has checked in yet"
    value = typed[-1].value
    return (None, typed[-1].reason) if value is None else (Fraction(value), "")


_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def _share_held(bound: Bound, days: Collection[Decimal | Fraction]) -> Fraction | None:
    """The share of days on which the bound held, of those whose last value is known."""
    if not days:
        return None
    holds, limit = _COMPARISONS[bound.comparison], Fraction(bound.quantity.number)
    return Fraction(sum(holds(Fraction(value), limit) for value in days), len(days))


def _expected(
    scorecard: Scorecard, objective: Objective, key_result: KeyResult, line: Line, now: datetime, phase: Phase
) -> Fraction | None:
    """What is due by now. A range must hold from the first day on; milestones need both ends to be placed between."""
    goal = SUCCESS[key_result.kind]
    if phase == "after" or (key_result.keep is not None and phase == "during"):
        return goal
    shares = [(day, line.progress(Fraction(quantity.number))[0]) for day, quantity in key_result.milestones]
    milestones = [(day, share) for day, share in shares if share is not None]
    if len(milestones) < len(shares):
        return None
    return expected_progress(
        objective.cycle.first,
        key_result.by or objective.cycle.last,
        now,
        scorecard.timezone,
        scorecard.working_days,
        scorecard.holidays,
        key_result.ramp,
        milestones,
        goal,
    )


def _until(now: datetime, check_ins: Iterable[CheckIn]) -> Sequence[CheckIn]:
    return sorted((one for one in check_ins if one.at <= now), key=operator.attrgetter("at"))


def _phase(today: date, first: date, last: date, *, closed: bool) -> Phase:
    if closed or today > last:
        return "after"
    return "before" if today < first else "during"


def _mean(weighted: Iterable[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """The weighted mean, or None where nothing has weight."""
    known = [(value, weight) for value, weight in weighted if value is not None]
    total = sum((weight for _, weight in known), Fraction(0))
    return sum((value * weight for value, weight in known), Fraction(0)) / total if total else None
