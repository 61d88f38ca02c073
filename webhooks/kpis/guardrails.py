"""What must hold while an objective is pursued, since when it does not, or does again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import Connection

from integration.core.figures import bound, figure
from integration.core.guardrails import NOT_MEASURED_YET, Guardrail, is_pursued
from integration.core.kpi.summary import Summary
from integration.core.scorecard import Objective, Scorecard
from integration.refresh.guarding import guardrails_of
from integration.store import measurements

__all__ = ["NOT_MEASURED_YET", "Guarding", "Guardrail", "guarded", "guarding", "guardrails"]

LATELY = timedelta(days=14)
"""For how long a guardrail that holds again is still worth a word."""
LOOKED_BACK = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Guarding:
    """A guardrail and the objectives that it guards."""

    guardrail: Guardrail
    objectives: tuple[str, ...]


def guarding(connection: Connection, scorecard: Scorecard, today: date) -> Sequence[Guarding]:
    """The guardrails of all objectives that are pursued today: each once, in the order of the mapping."""
    objectives: dict[str, list[str]] = {}
    found: dict[str, Guardrail] = {}
    for objective in scorecard.objectives:
        for one in guardrails_of(connection, scorecard, objective) if is_pursued(objective, today) else ():
            found[one.kpi.name] = one
            objectives.setdefault(one.kpi.name, []).append(objective.id)
    return [Guarding(_with_history(connection, one), tuple(objectives[name])) for name, one in found.items()]


def guardrails(connection: Connection, scorecard: Scorecard, objective: Objective) -> Sequence[Guardrail]:
    """In the order in which the objective names them."""
    return [_with_history(connection, one) for one in guardrails_of(connection, scorecard, objective)]


def _with_history(connection: Connection, one: Guardrail) -> Guardrail:
    """Since when it is broken or holds again, as its history is known today: a late fact may change that."""
    told = one.told
    if told is None or told.holds is None:
        return one
    today = told.as_of.astimezone(one.kpi.timezone).date()
    since, was_otherwise = _since(measurements.days(connection, one.kpi.name, today - LOOKED_BACK), told, today)
    if not told.holds:
        return replace(one, broken_since=since)
    return replace(one, holds_since=since) if was_otherwise and today - since <= LATELY else one


def _since(days: Sequence[tuple[date, Summary]], told: Summary, today: date) -> tuple[date, bool]:
    """Since when it is as it is, and whether it ever was not. Days on which it was unknown neither break it nor mend it."""
    since = today
    for day, then in reversed(days):
        if then.holds is None:
            continue
        if then.holds != told.holds:
            return since, True
        since = min(day, since)
    return since, False


def guarded(one: Guardrail) -> str:
    """`change-failure-rate 12 %, keep <= 15 %: holds`, `…: broken since 2026-11-02`, `…: unknown: why`."""
    told = one.told
    now = figure(told.value, told.unit, one.kpi.decimals) if told is not None and told.value is not None else ""
    keep = f"keep {bound(one.kpi.keep)}" if one.kpi.keep else "no bound"
    again = f"holds again since {one.holds_since}" if one.holds_since else "holds"
    became = {True: again, False: f"broken since {one.broken_since}", None: f"unknown: {one.reason}"}[one.holds]
    return f"{' '.join(filter(None, (one.kpi.name, now)))}, {keep}: {became}"
