"""What a KPI was on each day: each as of the end of that day, as a late or corrected fact would have it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.language import Kpi
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known, Measurement
from integration.core.kpi.needs import Need, needs
from integration.core.kpi.sight import Sight
from integration.core.kpi.windows import Calendar

_DAY = timedelta(days=1)


def history(kpi: Kpi, known: Known, days: Iterable[date]) -> Sequence[Measurement]:
    """Each local day as of its end, in the order of the days. Which days are over is for the caller to know."""
    calendar = Calendar(kpi.timezone, kpi.week_starts)
    shelves = _Shelves(known)
    return [
        measure(kpi, shelves.narrowed(needs(kpi, as_of)), as_of)
        for as_of in (calendar.midnight(day + _DAY) for day in days)
    ]


class _Shelves:
    """Facts in order of time, so that a day looks only at those of its window."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._sorted: dict[tuple[str, frozenset[str]], tuple[list[datetime], list[int]]] = {}

    def narrowed(self, wanted: Sequence[Need]) -> Known:
        """What is known, and of the facts those that are needed (or more)."""
        several = len({need.stream for need in wanted}) < len(wanted)
        if several or any(need.first is None or need.and_before for need in wanted):
            return self._known
        facts = dict(self._known.facts)
        for need in wanted:
            if need.stream in facts and need.first is not None:
                facts[need.stream] = self._between(need, facts[need.stream], need.first)
        return replace(self._known, facts=facts)

    def _between(self, need: Need, facts: Sequence[DeliveryFact], first: datetime) -> list[DeliveryFact]:
        key = (need.stream, need.moments)
        if key not in self._sorted:
            told = [self._sight(need).times(name) for name in need.moments]
            found = sorted(
                (at, number) for number, fact in enumerate(facts) for times in told for at in times(fact) or ()
            )
            self._sorted[key] = [at for at, _ in found], [number for _, number in found]
        times, numbers = self._sorted[key]
        within = numbers[bisect_left(times, first) : bisect_left(times, need.last)]
        return [facts[number] for number in dict.fromkeys(within)]

    def _sight(self, need: Need) -> Sight:
        return Sight(need.last, need.stream, self._known.attributed)
