"""Where the facts of KPIs are, as whoever measures them sees it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from integration.core.kpi.language import Kpi, Window
from integration.core.kpi.measurement import Known
from integration.core.kpi.summary import Summary


class KpiSource(Protocol):
    """Facts, and how far they can be trusted to be all there are."""

    def known(self, kpi: Kpi, as_of: datetime, over: Window | None = None) -> Known:
        """All that is needed to measure the KPI as of a time, over its window or another one; it may be more."""
        ...

    def days(self, kpi: Kpi, first: date, last: date) -> Sequence[tuple[date, Summary]]:
        """What the KPI was at the end of each of these days, in order; days that nobody measured are left out."""
        ...

    def has_facts(self) -> bool:
        """Whether anything was ever told of delivery, from which KPIs could be measured."""
        ...
