"""The keys of a KPI, merged and without mistakes of shape -> the sentence that the core measures. Defaults are applied here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from zoneinfo import ZoneInfo

from integration.core.delivery.facts import Stream
from integration.core.kpi.language import (
    ALL,
    Aggregate,
    AnyOf,
    Band,
    Better,
    Between,
    BusinessHours,
    Choice,
    Count,
    Filter,
    Fold,
    Kpi,
    Measure,
    Number,
    PushedNumbers,
    Rate,
    Ratio,
    Rolling,
    Share,
    Side,
    Test,
    Window,
)
from integration.core.quantities import Bound
from mappings.kpis.kinds import fits, of_value
from mappings.kpis.layers import field_name
from mappings.schema.filters import FilterKeys, Of
from mappings.schema.kpis import KpiKeys, Weekday
from mappings.schema.measures import MeasureKeys, SideKeys, kinds_of

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_WINDOW = Rolling(28, "day")
WINDOW_OF_PUSHED = Rolling(92, "day")
MEDIAN = Aggregate(Fold("percentile", rank=Fraction(1, 2)))


@dataclass(frozen=True, slots=True)
class Setting:
    """What a file says once for all its KPIs."""

    timezone: str = "UTC"
    week_starts: Weekday = "monday"
    business: BusinessHours | None = None


def kpi(name: str, keys: KpiKeys, setting: Setting) -> Kpi:
    """The KPI that merged keys say. Raises ValueError where they say no measure, or one without its facts."""
    if keys.measure is None:
        raise ValueError("says nothing to measure")
    where = filter_of(keys.where)
    measure = _measure(keys.measure, where)
    aggregate = keys.aggregate or _usual(measure)
    business = isinstance(measure, Between) and measure.hours == "business"
    return Kpi(
        name=name,
        measure=measure,
        aggregate=aggregate,
        window=_window(keys.window, measure),
        by=tuple(field_name(field) for field in keys.by or ()),
        nearest=keys.percentile == "nearest",
        timezone=ZoneInfo(keys.timezone or setting.timezone),
        week_starts=WEEKDAYS.index(keys.week_starts or setting.week_starts),
        business=setting.business if business else None,
        unit=_unit(keys, measure, aggregate),
        decimals=keys.decimals,
        better=keys.better or _better(keys, measure, aggregate),
        target=keys.target,
        keep=keys.keep,
        bands=_bands(keys),
        bands_from=(keys.bands.from_ or "") if keys.bands else "",
        title=keys.title or name,
        description=keys.description or "",
        kind=keys.kind or "",
        indicator=keys.indicator or "",
        owner=keys.owner or "",
        review=keys.review or "",
        source=keys.source or "",
        preset=keys.use or "",
        was=keys.was or (),
    )


def filter_of(keys: FilterKeys | None) -> Filter:
    if keys is None:
        return ALL
    tests: list[tuple[str, Test]] = []
    either = [tuple(map(filter_of, keys.either))] if keys.either else []
    for written, conditions in keys.fields.items():
        name = field_name(written)
        patterns = [one.patterns for one in conditions if isinstance(one, AnyOf)]
        if len(patterns) == len(conditions):
            tests.append((name, AnyOf(tuple(each for several in patterns for each in several))))
        elif len(conditions) == 1:
            tests.append((name, conditions[0]))
        else:
            either.append(tuple(Filter(tests=((name, one),)) for one in conditions))
    excluded = (filter_of(keys.excluded),) if keys.excluded is not None else ()
    return Filter(tuple(tests), tuple(either), excluded)


def both(*filters: Filter) -> Filter:
    """All of them hold."""
    return Filter(
        tuple(test for one in filters for test in one.tests),
        tuple(several for one in filters for several in one.either),
        tuple(without for one in filters for without in one.excluded),
    )


def narrowed(measure: Measure, where: Filter) -> Measure:
    """The measure of only those facts, on every side."""
    match measure:
        case Rate(side, per):
            return Rate(_narrowed(side, where), per)
        case Ratio(above, below):
            return Ratio(_narrowed(above, where), _narrowed(below, where))
        case PushedNumbers(own, under):
            return PushedNumbers(both(own, where), under)
    return _narrowed(measure, where)


def _narrowed(side: Side, where: Filter) -> Side:
    return replace(side, where=both(side.where, where))


def _measure(keys: MeasureKeys, where: Filter) -> Measure:
    if keys.pushed:
        return PushedNumbers(where)
    side = _side(keys, where)
    if isinstance(keys.per, SideKeys):
        return Ratio(side, _side(keys.per, where))
    return Rate(side, keys.per) if keys.per else side


def _side(keys: SideKeys, where: Filter) -> Side:
    said = keys.count if keys.count is not None else keys.of
    if said is None or not kinds_of(keys):
        raise ValueError("says no facts to measure")
    stream, of = facts_of(said)
    where = both(where, of, filter_of(keys.where))
    at: tuple[Choice, ...] = keys.at or ()
    if keys.count is not None:
        return Count(stream=stream, where=where, at=at)
    if keys.number is not None:
        return Number(stream=stream, where=where, at=at, field=field_name(keys.number))
    if keys.share is not None:
        return Share(stream=stream, where=where, at=at, of=filter_of(keys.share))
    start, end = keys.between or ((), ())
    return Between(
        stream=stream,
        where=where,
        at=at,
        start=start,
        end=end,
        hours=keys.hours or "calendar",
        paused_in=keys.paused_in or (),
        whole=keys.whole or "",
        only=keys.only,
    )


def facts_of(said: Of) -> tuple[Stream, Filter]:
    """A filter means the items that it matches."""
    return ("items", filter_of(said)) if isinstance(said, FilterKeys) else (said, ALL)


def sides(measure: Measure) -> Sequence[Side]:
    """The one above the line first; pushed numbers have none."""
    match measure:
        case Rate(side, _):
            return (side,)
        case Ratio(above, below):
            return (above, below)
        case PushedNumbers():
            return ()
    return (measure,)


def _usual(measure: Measure) -> Aggregate:
    match measure:
        case Between():
            return MEDIAN
        case Count():
            return Aggregate(Fold("count"))
        case Number():
            return Aggregate(Fold("sum"))
        case PushedNumbers():
            return Aggregate(Fold("last"))
    return Aggregate(Fold("ratio"))


def _window(said: Window | None, measure: Measure) -> Window:
    if said is not None:
        return said
    return WINDOW_OF_PUSHED if isinstance(measure, PushedNumbers) else USUAL_WINDOW


def _better(keys: KpiKeys, measure: Measure, aggregate: Aggregate) -> Better | None:
    """It follows from the bound, and is lower for durations."""
    bound = keys.target or keys.keep
    if bound is not None:
        return wants(bound)
    return "lower" if of_value(measure, aggregate) == "duration" else None


def wants(bound: Bound) -> Better:
    return "higher" if bound.comparison in (">=", ">") else "lower"


def _unit(keys: KpiKeys, measure: Measure, aggregate: Aggregate) -> str:
    """How it is shown, where that is not what it is by itself; a preset's unit goes when its aggregate does.

    Numbers that nobody gave a unit have that of their bound: who writes `keep: "<= 2 %"` pushes percent.
    """
    kind, said, bound = of_value(measure, aggregate), keys.unit or "", keys.target or keys.keep
    if not said and bound and isinstance(measure, PushedNumbers | Number):
        said = bound.quantity.unit
    return said if kind != "share" and fits(said, kind) else ""


def _bands(keys: KpiKeys) -> tuple[Band, ...]:
    return tuple(Band(label, *said) for label, said in keys.bands.labels.items()) if keys.bands else ()
