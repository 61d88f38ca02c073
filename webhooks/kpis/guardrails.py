"""What must hold while an objective is pursued: where each guardrail was last, and since when it does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from integration.core.kpi.language import Kpi
from integration.core.kpi.summary import Summary
from integration.core.scorecard import Objective, Scorecard
from integration.refresh.kpis import digest
from integration.store import measurements
from webhooks.figures import bound, figure

NOT_MEASURED_YET = "not measured yet; that takes a running okrlink serve or okrlink work"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A KPI with a bound, as measured last."""

    kpi: Kpi
    told: Summary | None
    """None where nobody has measured it by its present definition."""
    broken_since: date | None = None
    """The first of the days since it held last; today where it held until yesterday."""

    @property
    def holds(self) -> bool | None:
        """None where that is unknown, and then `reason` says why."""
        return self.told.holds if self.told else None

    @property
    def reason(self) -> str:
        return self.told.reason if self.told else NOT_MEASURED_YET


def guardrails(connection: Connection, scorecard: Scorecard, objective: Objective) -> Sequence[Guardrail]:
    """In the order in which the objective names them."""
    kpis = [scorecard.kpis[name] for name in objective.guardrails if name in scorecard.kpis]
    newest = measurements.newest(connection, [kpi.name for kpi in kpis])
    told = []
    for kpi in kpis:
        measured = newest.get(kpi.name)
        now = measured.summary if measured is not None and measured.definition == digest(kpi) else None
        since = _broken_since(connection, kpi, now.as_of) if now is not None and now.holds is False else None
        told.append(Guardrail(kpi, now, since))
    return told


def _broken_since(connection: Connection, kpi: Kpi, as_of: datetime) -> date:
    """Days on which it was unknown neither break it nor mend it."""
    since = as_of.astimezone(kpi.timezone).date()
    for day, told in reversed(measurements.days(connection, kpi.name)):
        if told.holds:
            break
        if told.holds is False:
            since = min(day, since)
    return since


def guarded(one: Guardrail) -> str:
    """`change-failure-rate 12 %, keep <= 15 %: holds`, `…: broken since 2026-11-02`, `…: unknown: why`."""
    told = one.told
    now = figure(told.value, told.unit, one.kpi.decimals) if told is not None and told.value is not None else ""
    keep = f"keep {bound(one.kpi.keep)}" if one.kpi.keep else "no bound"
    became = {True: "holds", False: f"broken since {one.broken_since}", None: f"unknown: {one.reason}"}[one.holds]
    return f"{' '.join(filter(None, (one.kpi.name, now)))}, {keep}: {became}"
