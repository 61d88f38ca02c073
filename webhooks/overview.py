"""Objectives and key results as people and programs look at them: where each stands as last measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from integration.core.cards import Shown, card_values, forecast_of, summary_of
from integration.core.figures import bound, decimally, exactly
from integration.core.forecast import Forecast
from integration.core.guardrails import is_pursued
from integration.core.okr import roll_up
from integration.core.scorecard import Count, Measured, Objective, People, Scorecard, Work
from integration.core.standing import CheckIn, ObjectiveStanding, Standing, WorkCount
from integration.store import check_ins
from webhooks.kpis.guardrails import NOT_MEASURED_YET, Guardrail, guardrails


@dataclass(frozen=True, slots=True)
class Told:
    """A key result, where it stands, and what a person said of it last."""

    shown: Shown
    last_word: CheckIn | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """An objective, what its key results add up to, and they themselves in the order of the mapping."""

    objective: Objective
    standing: ObjectiveStanding
    key_results: Sequence[Told]
    guardrails: Sequence[Guardrail] = ()


def overview(
    connection: Connection, scorecard: Scorecard, now: datetime, measured: Mapping[str, Standing] | None = None
) -> Sequence[Group]:
    """All objectives in the order of the mapping; as last measured, unless `measured` says where their key results stand."""
    if measured is None:
        measured = {name: one.standing for name, one in check_ins.standings_of(connection).items()}
    groups, today = [], now.astimezone(scorecard.timezone).date()
    for objective in scorecard.objectives:
        told = []
        for key_result in objective.key_results:
            unmeasured = Standing(key_result.id, now, "unknown", reason=NOT_MEASURED_YET, waiting=True)
            standing = measured.get(key_result.id, unmeasured)
            history = check_ins.history(connection, key_result.id)
            told.append(Told(Shown(objective, key_result, standing), _last_word(history)))
        standings = [one.shown.standing for one in told]
        guards = guardrails(connection, scorecard, objective)
        broken = [one.kpi.name for one in guards if one.holds is False and is_pursued(objective, today)]
        groups.append(Group(objective, roll_up(objective, standings, broken, scorecard.grading), told, guards))
    return groups


def _last_word(history: Iterable[CheckIn]) -> CheckIn | None:
    return next((one for one in reversed(list(history)) if one.origin != "computed"), None)


def objective_as_json(group: Group) -> dict[str, Any]:
    """Every key always there; what is unknown is null, and `reason` says why."""
    objective, standing = group.objective, group.standing
    return {
        "id": objective.id,
        "title": objective.title,
        "owner": objective.owner,
        "team": objective.team,
        "cycle": {
            "name": objective.cycle.name,
            "first": objective.cycle.first.isoformat(),
            "last": objective.cycle.last.isoformat(),
        },
        "status": standing.status,
        "score": _percent(standing.score),
        "expected": _percent(standing.expected),
        "unmeasured": list(standing.unmeasured),
        "reason": standing.reason,
        "key_results": [key_result_as_json(told) for told in group.key_results],
        "guardrails": [guardrail_as_json(one) for one in group.guardrails],
    }


def guardrail_as_json(one: Guardrail) -> dict[str, Any]:
    """`value` is exact (`3/20`), `decimal` the nearest number; both are in `unit`. `holds` is null while that is unknown."""
    told = one.told
    return {
        "kpi": one.kpi.name,
        "title": one.kpi.title or one.kpi.name,
        "keep": bound(one.kpi.keep) if one.kpi.keep else None,
        "holds": one.holds,
        "broken_since": one.broken_since.isoformat() if one.broken_since else None,
        "holds_since": one.holds_since.isoformat() if one.holds_since else None,
        "value": exactly(told.value) if told else None,
        "decimal": decimally(told.value) if told else None,
        "unit": told.unit if told else "",
        "reason": one.reason,
        "as_of": told.as_of.isoformat() if told else None,
    }


def key_result_as_json(told: Told) -> dict[str, Any]:
    """Shares are percentages as they are written to the trackers; `progress` is the exact share."""
    shown, standing, key_result = told.shown, told.shown.standing, told.shown.key_result
    values = card_values([shown], "first", "")
    return {
        "id": key_result.id,
        "title": key_result.title,
        "objective": key_result.objective,
        "owner": key_result.owner,
        "kind": key_result.kind,
        "weight": _number(key_result.weight),
        "measured_by": _measured_by(shown),
        "by": (key_result.by or shown.objective.cycle.last).isoformat(),
        "status": standing.status,
        "percent": values["percent"],
        "score": values["score"],
        "expected": _percent(standing.expected),
        "pace": values["pace"],
        "progress": None if standing.progress is None else float(standing.progress),
        "start": _number(standing.start),
        "current": _number(standing.current),
        "target": _number(standing.target),
        "unit": standing.unit,
        "confidence": standing.confidence,
        "forecast": None if standing.forecast is None else forecast_as_json(standing.forecast, forecast_of(shown)),
        "no_forecast": standing.no_forecast,
        "summary": summary_of(shown),
        "reason": standing.reason,
        "waiting": standing.waiting,
        "as_of": None if standing.reason == NOT_MEASURED_YET else standing.as_of.isoformat(),
        "work": None if standing.work is None else work_as_json(standing.work),
        "last_check_in": None if told.last_word is None else check_in_as_json(told.last_word),
    }


def forecast_as_json(one: Forecast, summary: str) -> dict[str, Any]:
    """Both methods have all keys; `chance` is a percentage, and `low` to `high` holds 80 % of what may come."""
    return {
        "method": one.method,
        "by": one.by.isoformat(),
        "chance": round(float(one.chance * 100), 2),
        "points": one.points,
        "sure_on": one.sure_on.isoformat() if one.sure_on else None,
        "expected": _number(one.expected),
        "low": _number(one.low),
        "high": _number(one.high),
        "crosses_on": one.crosses_on.isoformat() if one.crosses_on else None,
        "summary": summary,
    }


def work_as_json(work: WorkCount) -> dict[str, Any]:
    at_start = work.scope_at_start
    return {
        "done": _number(work.done),
        "scope": _number(work.scope),
        "scope_at_start": _number(at_start),
        "percent_of_scope_at_start": _percent(work.done / at_start) if at_start else None,
        "items": work.items,
        "items_done": work.items_done,
        "unestimated": work.unestimated,
        "unestimated_count_as": _number(work.estimate),
        "double": list(work.double),
        "undated": work.undated,
    }


def check_in_as_json(check_in: CheckIn) -> dict[str, Any]:
    return {
        "at": check_in.at.isoformat(),
        "value": _number(check_in.value),
        "confidence": check_in.confidence,
        "note": check_in.note,
        "by": check_in.by,
    }


def _measured_by(shown: Shown) -> str:
    match shown.key_result.measure:
        case Work(unit=unit):
            return unit
        case People():
            return "check-ins"
        case Count():
            return "count of items"
        case Measured(kpi=kpi):
            return kpi.preset or kpi.name


def _percent(share: Fraction | None) -> int | None:
    """Half up, as on the cards."""
    return None if share is None else int((share * 200 + 1) // 2)


def _number(value: Decimal | Fraction | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else round(float(value), 6)
