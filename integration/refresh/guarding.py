"""The guardrails of objectives, as a worker measured them last."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from integration.core.guardrails import Guardrail
from integration.core.scorecard import Objective, Scorecard
from integration.refresh.kpis import as_defined
from integration.store import measurements


def guardrails_of(connection: Connection, scorecard: Scorecard, objective: Objective) -> Sequence[Guardrail]:
    """In the order in which the objective names them, without their history.

    What was measured on other ground, because more or less of the past is known now, is still the last that is known; what
    was measured by another definition is not.
    """
    kpis = [scorecard.kpis[name] for name in objective.guardrails if name in scorecard.kpis]
    newest = measurements.newest(connection, [kpi.name for kpi in kpis]) if kpis else {}
    return [Guardrail(kpi, as_defined(kpi, newest.get(kpi.name))) for kpi in kpis]
