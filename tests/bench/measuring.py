"""What a measurement costs as history grows: reading a window of it, and taking in one new fact.

Work is counted in processor time, and the stores are asked by turns, so that whatever else the machine does falls on all.
"""

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import select

from integration.core.delivery.attribution import attribute
from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident
from integration.core.kpi.language import Dates
from integration.core.kpi.measure import measure as measured
from integration.core.kpi.measurement import Known
from integration.core.kpi.needs import needs
from integration.pushed.reading import Received
from integration.pushed.receiving import keep, understand
from integration.refresh import Policy, attribute_facts, derive_facts, measure_kpis
from integration.refresh.kpis import known_of
from integration.store import delivery
from integration.store.db import Database
from integration.store.delivery_tables import delivery_facts
from tests.bench.kpi import plain
from tests.bench.recorded_years import END, deployment, fill, measure_everything, opened, policy_of

FEW, MANY = 2, 24
"""Months of history."""
TEN_TIMES = 10 * FEW
ROUNDS = 9
FULL_ROUNDS = 3
WARM = 3


def measure() -> Iterator[tuple[str, float]]:
    yardstick = plain()
    if yardstick is None:
        print("kpi.read_growth and others are skipped: there is no plain_dora.py beside the checkout", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(dir=".") as folder:
        stores = {months: _Store(Path(folder) / f"{months}.db", yardstick, months) for months in (FEW, TEN_TIMES, MANY)}
        few, ten_times, many = stores[FEW], stores[TEN_TIMES], stores[MANY]
        reads = _by_turns([few.read, many.read], ROUNDS)
        print(f"  28 days: {reads[0] * 1e3:.0f} ms of {FEW} months, {reads[1] * 1e3:.0f} ms of {MANY}", file=sys.stderr)
        yield "kpi.read_growth", reads[1] / reads[0]
        full = _by_turns([many.everything], FULL_ROUNDS)[0]
        print(f"  {MANY} months from all facts: {full * 1e3:.0f} ms", file=sys.stderr)
        yield "kpi.read_vs_full", full / reads[1]
        for store in (few, ten_times):
            measure_everything(store.database, store.policy)
        updates = _by_turns([few.update, ten_times.update], ROUNDS)
        print(
            f"  a new fact: {updates[0] * 1e3:.0f} ms, {updates[1] * 1e3:.0f} ms with 10 times as many", file=sys.stderr
        )
        yield "kpi.update_growth", updates[1] / updates[0]
        for store in stores.values():
            store.database.close()


class _Store:
    def __init__(self, file: Path, yardstick: Any, months: int) -> None:
        self.database: Database = opened(file)
        fill(self.database, yardstick, months)
        self.policy: Policy = policy_of(self.database)
        self._numbers = count(1)

    def read(self) -> None:
        """The four classic KPIs of the last 28 days, from the store."""
        for kpi in self.policy.scorecard.watched.values():
            with self.database.read() as connection:
                known = known_of(connection, self.policy, needs(kpi, END))
            if measured(kpi, known, END).value is None:
                raise AssertionError(f"{kpi.name} is unknown")

    def everything(self) -> None:
        """The same from all facts that there are, with attribution, over all of the time."""
        with self.database.read() as connection:
            facts = [
                delivery.load(row.stream, row.fact, row.data) for row in connection.execute(select(delivery_facts))
            ]
        deployments, changes, incidents = (_of(facts, kind) for kind in (Deployment, Change, Incident))
        known = Known.of(facts, attributed=attribute(deployments, changes, incidents))
        whole = Dates((END - timedelta(days=30 * MANY)).date(), (END - timedelta(days=1)).date())
        for kpi in self.policy.scorecard.watched.values():
            if measured(kpi, known, END, whole).value is None:
                raise AssertionError(f"{kpi.name} is unknown")

    def update(self) -> None:
        """A deployment that was just pushed, to the measurements and the days that it changes."""
        number = next(self._numbers)
        finished = (END - timedelta(minutes=90 - number)).isoformat()
        told = understand([deployment(f"new-{number}", "service-3", finished, "success")])
        received = [one for one in told if isinstance(one, Received)]
        with self.database.write() as connection:
            keep(connection, received, "ci", END)
        settled = _settle(self.database, self.policy, END)
        if settled < len(self.policy.scorecard.watched) - 1:
            raise AssertionError("a new deployment was not measured")


def _settle(database: Database, policy: Policy, now: datetime) -> int:
    """How many measurements followed."""
    later, told = now + timedelta(seconds=2), 0
    while done := (
        derive_facts(database, policy, now)
        + attribute_facts(database, policy, now)
        + (measurements := measure_kpis(database, policy, later, now))
    ):
        told += measurements if done else 0
        later += timedelta(seconds=2)
    return told


def _of(facts: Sequence[DeliveryFact], kind: type[Any]) -> list[Any]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _by_turns(works: Sequence[Callable[[], None]], rounds: int) -> Sequence[float]:
    """The median of seconds that each took."""
    took: list[list[float]] = [[] for _ in works]
    for number in range(WARM + rounds):
        for work, of_work in zip(works, took, strict=True):
            gc.collect()
            began = time.process_time()
            work()
            if number >= WARM:
                of_work.append(time.process_time() - began)
    return [statistics.median(of_work) for of_work in took]
