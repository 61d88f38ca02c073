"""What KPIs cost: the four classic metrics by week through the real engine, against a plain script that can do nothing else."""

import gc
import importlib.util
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

from integration.core.delivery.attribution import attribute
from integration.core.delivery.facts import Change, Deployment, Incident
from integration.core.kpi.language import (
    Aggregate,
    AnyOf,
    Between,
    Count,
    Dates,
    Filter,
    Fold,
    Holds,
    Is,
    Kpi,
    Moment,
    Rate,
    Share,
)
from integration.core.kpi.measure import measure_groups
from integration.core.kpi.measurement import Known, Measurement
from integration.core.links import Pattern
from integration.core.quantities import Bound, Quantity

PLAIN = Path(__file__).parents[3] / "shared" / "bench" / "plain_dora.py"
END = datetime(2025, 1, 1, tzinfo=UTC)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
WINDOW = Dates(date(2023, 1, 12), date(2024, 12, 31))
RUNS = 5


def measure() -> Iterator[tuple[str, float]]:
    yardstick = plain()
    if yardstick is None:
        print("kpi.full_vs_plain is skipped: there is no plain_dora.py beside the checkout", file=sys.stderr)
        return
    told = yardstick.generate()
    facts = _facts(*told)
    _same(yardstick.metrics(*told), _full(facts))
    ratios = []
    for _ in range(RUNS):  # by turns, so that whatever else the machine does falls on both
        theirs, ours = _seconds(lambda: yardstick.metrics(*told)), _seconds(lambda: _full(facts))
        print(f"kpi: plain {theirs:.3f} s, ours {ours:.3f} s", file=sys.stderr)
        ratios.append(ours / theirs)
    yield "kpi.full_vs_plain", statistics.median(ratios)


def plain() -> ModuleType | None:
    if not PLAIN.exists():
        return None
    spec = importlib.util.spec_from_file_location("plain_dora", PLAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


# --- the same facts and the same questions for both ---


def _facts(deployments: list[Any], changes: list[Any], incidents: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    def service(number: int) -> tuple[str]:
        return (f"service-{number}",)

    def at(seconds: int) -> tuple[datetime]:
        return (datetime.fromtimestamp(seconds, UTC),)

    return (
        [
            Deployment(
                id=name,
                moments={"finished": at(finished)},
                fields={"service": service(of), "production": True, "result": "success" if ok else "failed"},
            )
            for name, of, finished, ok in deployments
        ],
        [
            Change(id=name, moments={"first commit": at(first), "merged": at(merged)}, fields={"service": service(of)})
            for name, of, first, merged in changes
        ],
        [
            Incident(
                id=name,
                moments={"opened": at(opened), **({"restored": at(restored)} if restored else {})},
                fields={"service": service(of)},
            )
            for name, of, opened, restored in incidents
        ],
    )


def _is(name: str, word: str) -> Filter:
    return Filter(((name, AnyOf((Pattern(word),))),))


BLAMED = Filter((("incidents", Holds(Bound(">=", Quantity(Decimal(1))))),))
FAILED = Filter(either=((_is("result", "failed"), BLAMED, Filter((("rolled back", Is(true=True)),))),))
RATIO = Aggregate(Fold("ratio"))
KPIS = (
    Kpi(
        name="deployment-frequency",
        measure=Rate(Count(stream="deployments", where=_is("result", "success")), "week"),
        aggregate=RATIO,
        window=WINDOW,
    ),
    Kpi(
        name="lead-time",
        measure=Between(stream="changes", start=(Moment("first commit"), Moment("started")), end=(Moment("deployed"),)),
        aggregate=Aggregate(Fold("percentile", rank=Fraction(1, 2))),
        window=WINDOW,
    ),
    Kpi(name="change-failure-rate", measure=Share(stream="deployments", of=FAILED), aggregate=RATIO, window=WINDOW),
    Kpi(
        name="time-to-restore",
        measure=Between(stream="incidents", start=(Moment("opened"),), end=(Moment("restored"),)),
        aggregate=Aggregate(Fold("mean")),
        window=WINDOW,
    ),
)


def _full(facts: tuple[list[Any], list[Any], list[Any]]) -> list[list[Measurement]]:
    deployments, changes, incidents = facts
    known = Known(
        facts={"deployments": deployments, "changes": changes, "incidents": incidents},
        attributed=attribute(deployments, changes, incidents),
    )
    return [list(measure_groups(kpi, known, END, ["week"])) for kpi in KPIS]


def _same(plain: dict[str, Any], ours: list[list[Measurement]]) -> None:
    """Both say the same of all whole weeks, or there is nothing to compare.

    But for failures: the plain script never blames a failed deployment, and so the one before it; we do.
    """
    theirs = (
        (plain["frequency"], 1, 0),
        ({week: lead[0] for week, lead in plain["lead_time"].items()}, 3600, 0),
        (plain["failure_rate"], Fraction(1, 100), 1.5),
        (plain["time_to_restore"], 3600, 0),
    )
    for kpi, (expected, unit, apart), told in zip(KPIS, theirs, ours, strict=True):
        for one in told[1:-1]:
            week = expected[(one.first - MONDAY).days // 7] / unit
            assert one.value is not None
            assert math.isclose(one.value, week, rel_tol=1e-9, abs_tol=apart), (kpi.name, one.group, one.value, week)
