"""Facts in the database, as the mapping in force has them, and the days that the worker measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection

from integration.core.kpi.language import Kpi, Window
from integration.core.kpi.measurement import Known
from integration.core.kpi.needs import needs
from integration.core.kpi.summary import Summary
from integration.refresh.kpis import as_defined, known_of
from integration.refresh.policy import Policy
from integration.store import delivery, measurements


class StoredFacts:
    """Reads in one transaction, so that all KPIs are of one moment."""

    def __init__(self, connection: Connection, policy: Policy) -> None:
        self._connection, self._policy = connection, policy

    def known(self, kpi: Kpi, as_of: datetime, over: Window | None = None) -> Known:
        return known_of(self._connection, self._policy, needs(kpi, as_of, over))

    def days(self, kpi: Kpi, first: date, last: date) -> Sequence[tuple[date, Summary]]:
        """None that was measured by another definition."""
        newest = measurements.newest(self._connection, [kpi.name]).get(kpi.name)
        if as_defined(kpi, newest) is None:
            return ()
        return measurements.days(self._connection, kpi.name, first, last)

    def has_facts(self) -> bool:
        return delivery.has_any(self._connection)
