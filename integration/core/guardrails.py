"""Guardrails: KPIs whose bound must hold while an objective is pursued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from integration.core.kpi.language import Kpi
from integration.core.kpi.summary import Summary
from integration.core.scorecard import Objective

NOT_MEASURED_YET = "not measured yet; that takes a running okrlink serve or okrlink work"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A KPI with a bound, as measured last."""

    kpi: Kpi
    told: Summary | None
    """None where nobody has measured it by its present definition."""
    broken_since: date | None = None
    """The first of the days since it held last; today where it held until yesterday."""
    holds_since: date | None = None
    """The first of the days since it was broken last, where that was lately."""

    @property
    def holds(self) -> bool | None:
        """None where that is unknown, and then `reason` says why: an unknown one breaks nothing."""
        return self.told.holds if self.told else None

    @property
    def reason(self) -> str:
        return self.told.reason if self.told else NOT_MEASURED_YET


def is_pursued(objective: Objective, today: date) -> bool:
    """Whether its guardrails have to hold: from the first to the last day of its cycle."""
    return objective.cycle.first <= today <= objective.cycle.last
