"""Which facts a measurement reads, so that a database need not give all that it ever held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from integration.core.delivery.facts import Stream
from integration.core.kpi import moments
from integration.core.kpi.language import ALL, AnyOf, Between, Choice, Filter, Is, Kpi, Now, PushedNumbers, Side, Window
from integration.core.kpi.samples import anchors
from integration.core.kpi.sides import sides
from integration.core.kpi.windows import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What must be at hand of one stream; more changes nothing.

    Every fact with one of the `moments` (as facts name them) at any of its times from `first` on and before `last`;
    without moments every fact, and with `open` only items that were not closed at `last`: never, or later, or reopened
    before it. `first` is None for "from the beginning". With `and_before`, also the newest fact before `first`. Of
    pushed numbers only those of the KPIs named in `kpis`.
    """

    stream: Stream
    moments: frozenset[str] = frozenset()
    first: datetime | None = None
    last: datetime
    open: bool = False
    and_before: bool = False
    kpis: tuple[str, ...] = ()


def needs(kpi: Kpi, as_of: datetime, over: Window | None = None) -> tuple[Need, ...]:
    """What `measure` and `measure_groups` must know to give the same as with all facts."""
    return tuple(_need(kpi, side, as_of, over or kpi.window) for side in sides(kpi))


def _need(kpi: Kpi, side: Side, as_of: datetime, window: Window) -> Need:
    if isinstance(window, Now):
        kpis = kpi.pushed_as if isinstance(kpi.measure, PushedNumbers) else ()
        return Need(stream=side.stream, last=as_of, open=side.stream == "items" and _only_open(side.where), kpis=kpis)
    stretch = Calendar(kpi.timezone, kpi.week_starts).stretch(window, as_of)
    if isinstance(kpi.measure, PushedNumbers):
        narrowed = kpi.measure.where != ALL  # which number is the newest before the window depends on the filter, then
        return Need(
            stream="pushed",
            moments=frozenset({"at"}),
            first=None if narrowed else stretch.first,
            last=stretch.last,
            and_before=not narrowed,
            kpis=kpi.pushed_as,
        )
    read = frozenset(name for choice in _placing(side) for name in _keys(choice))
    return Need(stream=side.stream, moments=read, first=stretch.first, last=stretch.last)


def _placing(side: Side) -> Iterator[Choice]:
    """A fact without any of these in the window is neither counted nor left out."""
    asked = anchors(side)
    if not isinstance(side, Between) or side.end not in asked:
        yield asked[0]
        return
    yield side.end
    yield next((choice for choice in asked if choice != side.end), side.start)


def _keys(choice: Choice) -> Iterator[str]:
    for moment in choice:
        if moment.name != "now":
            yield moments.key(moment)


def _only_open(where: Filter) -> bool:
    """Whether an item that is done or dropped surely does not match."""
    return any(
        (name == "open" and isinstance(test, Is) and test.true)
        or (
            name == "state"
            and isinstance(test, AnyOf)
            and not any(pattern.matches(ended) for pattern in test.patterns for ended in ("done", "dropped"))
        )
        for name, test in where.tests
    )
