"""A KPI as of a time: what it is, what it was before, its parts, and how it went week by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from integration.core.kpi.language import Dates, Kpi, Now, Rolling, Span, This, Whole, Window
from integration.core.kpi.measure import measure, measure_groups
from integration.core.kpi.measurement import Known, Measurement
from integration.core.kpi.summary import Summary
from integration.core.kpi.windows import Calendar
from webhooks.kpis.source import KpiSource

LAST: Mapping[Span, int] = {"day": 28, "week": 12, "month": 12, "quarter": 8, "year": 5}
"""How many of them are shown where nobody says."""
DRAWN = 28
"""Days of history behind a sparkline."""
_DAY = timedelta(days=1)
BEFORE_NOW = Rolling(28, "day")
"""What there is now is held against what there was so long ago."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to see: as of when; a calendar of so many whole weeks (months, …); groups by fields."""

    as_of: datetime
    by: Span | None = None
    last: int | None = None
    group: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be seen of one KPI. `known` holds the facts of `now`."""

    kpi: Kpi
    now: Measurement
    known: Known
    before: Measurement | None = None
    """Over the window before, as it was known at its end; None where there is none before."""
    groups: Sequence[Measurement] = ()
    """The parts of `now`."""
    series: Sequence[Measurement] = ()
    """Whole weeks (months, …) in order of time; of each its groups."""
    unseen: str = ""
    """Why there is no series where one was asked for."""


def look(source: KpiSource, kpi: Kpi, asked: Asked) -> Look:
    known = source.known(kpi, asked.as_of)
    now = measure(kpi, known, asked.as_of)
    group = asked.group or kpi.by
    groups = measure_groups(kpi, known, asked.as_of, group) if group and asked.by is None else ()
    series, unseen = _series(source, kpi, asked) if asked.by else ((), "")
    return Look(kpi, now, known, _before(source, kpi, asked.as_of), _told(groups), series, unseen)


def history(source: KpiSource, kpi: Kpi, as_of: datetime) -> Sequence[Summary | None]:
    """The last days that were over, in order; None for a day that nobody measured."""
    last = Calendar(kpi.timezone).day(as_of) - _DAY
    first = last - (DRAWN - 1) * _DAY
    told: Mapping[date, Summary] = dict(source.days(kpi, first, last))
    return [told.get(first + number * _DAY) for number in range(DRAWN)]


# --- the window before ---


def _before(source: KpiSource, kpi: Kpi, as_of: datetime) -> Measurement | None:
    earlier, over = _window_before(kpi, as_of)
    if earlier >= as_of:
        return None
    return measure(kpi, source.known(kpi, earlier, over), earlier, over)


def _window_before(kpi: Kpi, as_of: datetime) -> tuple[datetime, Window]:
    """The window of the same length that ends where this one begins, and that moment."""
    calendar, window = Calendar(kpi.timezone, kpi.week_starts), kpi.window
    if isinstance(window, Now):
        return calendar.stretch(BEFORE_NOW, as_of).first, window
    if isinstance(window, Dates):
        length = window.last - window.first + _DAY
        return calendar.midnight(window.first), Dates(window.first - length, window.first - _DAY)
    earlier = calendar.stretch(window, as_of).first
    return earlier, Whole(1, window.unit) if isinstance(window, This) else window


# --- a calendar ---


def _series(source: KpiSource, kpi: Kpi, asked: Asked) -> tuple[Sequence[Measurement], str]:
    unit = asked.by or "week"
    over = Whole(asked.last or LAST[unit], unit)
    if isinstance(kpi.window, Now):
        return _ends(source, kpi, asked, over), ""
    known = source.known(kpi, asked.as_of, over)
    told = measure_groups(kpi, known, asked.as_of, (unit, *asked.group), over)
    return _told(told), "" if _told(told) else told[0].reason if told else ""


def _ends(source: KpiSource, kpi: Kpi, asked: Asked, over: Whole) -> Sequence[Measurement]:
    """What there was at the end of each week: a KPI of now has no window to be laid over it."""
    calendar = Calendar(kpi.timezone, kpi.week_starts)
    parts = calendar.parts(calendar.stretch(over, asked.as_of), [over.unit])
    told = []
    for part in parts:
        as_of = part.stretch.last
        several = measure_groups(kpi, source.known(kpi, as_of), as_of, asked.group)
        told += [_labelled(one, part.labels) for one in several]
    return told


def _labelled(one: Measurement, labels: tuple[tuple[str, str], ...]) -> Measurement:
    return replace(one, group=(*labels, *one.group))


def _told(groups: Sequence[Measurement]) -> Sequence[Measurement]:
    """None where nothing can be said: that is one measurement without a group, as the whole is."""
    return [one for one in groups if one.group]
