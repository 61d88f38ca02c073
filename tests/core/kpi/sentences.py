"""KPIs and facts in a line each, for the tables. Times are UTC; 20 November 2026 is a Friday."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from integration.core.delivery.facts import (
    Build,
    Change,
    DeliveryFact,
    Deployment,
    History,
    Incident,
    Pushed,
    Stay,
    TestRun,
    WorkItem,
)
from integration.core.kpi.language import (
    Aggregate,
    AnyOf,
    Between,
    BusinessHours,
    Choice,
    Count,
    Filter,
    Fold,
    Holds,
    Is,
    Kpi,
    Measure,
    Moment,
    Number,
    PushedNumbers,
    Rate,
    Ratio,
    Share,
)
from integration.core.kpi.measure import measure
from integration.core.kpi.measurement import Known, Measurement
from integration.core.links import Pattern
from integration.core.quantities import Bound, Quantity

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
H = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE = BusinessHours(tuple((weekday, time(9), time(17, 30)) for weekday in range(5)))


def at(text: str) -> datetime:
    """`2026-11-20` or `2026-11-20 09:30`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ago(hours: float) -> datetime:
    return NOW - hours * H


# --- facts ---


def fact(kind: type[DeliveryFact], name: str, when: Mapping[str, Any], **said: Any) -> Any:
    """Moments are one time or a tuple of times; fields as they are said."""
    moments = {one: times if isinstance(times, tuple) else (times,) for one, times in when.items() if times}
    undone = {one: tuple(times) for one, times in said.pop("undone", {}).items()}
    history = said.pop("history", {})
    return kind(id=name, moments=moments, undone=undone, history=history, fields=said)


def deployment(name: str, finished: datetime | None, result: str = "success", **said: Any) -> Any:
    """Into production, unless said otherwise."""
    counts: dict[str, History] = {
        told.replace("_", " "): ((at("2020-01-01"), said.pop(told)),)
        for told in ("incidents", "changes", "rolled_back")
        if told in said
    }
    when = {"started": said.pop("started", None), "finished": finished, "recovered": said.pop("recovered", None)}
    fields = {"production": True, "environment": "prod", "result": result, **said}
    history = {**counts, **fields.pop("history", {})}
    return fact(Deployment, name, when, history=history, **fields)


def change(name: str, first_commit: datetime | None, deployed: datetime | None, **said: Any) -> Any:
    when = {"first commit": first_commit, "deployed": deployed, **said.pop("when", {})}
    return fact(Change, name, when, **said)


def incident(name: str, opened: datetime | None, restored: Any = None, **said: Any) -> Any:
    return fact(Incident, name, {"opened": opened, "restored": restored, **said.pop("when", {})}, **said)


def item(name: str, when: Mapping[str, Any], **said: Any) -> Any:
    return fact(WorkItem, name, when, **{"type": "Story", "level": "item", **said})


def state(*entries: tuple[str, str]) -> dict[str, History]:
    return {"state": tuple((at(when), value) for when, value in entries)}


def pushed(name: str, when: datetime, value: Any, kpi: str = "kpi", **said: Any) -> Any:
    return fact(Pushed, name, {"at": when}, value=value, kpi=kpi, **said)


def stay(name: str, entered: datetime, left: datetime | None, **said: Any) -> Any:
    return fact(Stay, name, {"entered": entered, "left": left}, **said)


def build(name: str, finished: datetime, result: str) -> Any:
    return fact(Build, name, {"finished": finished}, result=result)


def suite(name: str, finished: datetime, passed: Any, run: Any) -> Any:
    return fact(TestRun, name, {"finished": finished}, passed=passed, run=run)


# --- the language ---


def where(**tests: Any) -> Filter:
    """`result="success"`, `incidents=">= 1"`, `rework=True`, `type=("Bug", "Story")`; an underscore is a space."""
    told = []
    for name, value in tests.items():
        if isinstance(value, bool):
            test: Any = Is(value)
        elif isinstance(value, str) and value[0] in "<>":
            test = Holds(bound(value))
        else:
            test = AnyOf(tuple(map(Pattern, (value,) if isinstance(value, str) else value)))
        told.append((name.replace("_", " "), test))
    return Filter(tuple(told))


def either(*filters: Filter) -> Filter:
    return Filter(either=(filters,))


def without(*filters: Filter) -> Filter:
    return Filter(excluded=filters)


def bound(text: str) -> Bound:
    comparison, number, unit = [*text.split(maxsplit=2), ""][:3]
    return Bound(comparison, Quantity(Decimal(number), unit))  # type: ignore[arg-type]


def choice(text: str) -> Choice:
    """`first commit or started`, `last done`, `entered in progress`."""
    return tuple(map(moment, text.split(" or ")))


def moment(text: str) -> Moment:
    which, _, rest = text.partition(" ")
    if which in ("first", "last") and text not in ("first commit", "first response"):
        return Moment(rest, which=which)  # type: ignore[arg-type]
    if which in ("entered", "left", "field") and rest:
        return Moment(which, rest)
    return Moment(text)


def between(start: str, end: str, stream: Any, *, at: Iterable[str] = (), only: str = "", **said: Any) -> Between:
    return Between(
        stream=stream,
        start=choice(start),
        end=choice(end),
        at=tuple(map(choice, at)),
        only=bound(only) if only else None,
        paused_in=tuple(map(Pattern, said.pop("paused_in", ()))),
        **said,
    )


def fold(text: str) -> Fold:
    """`median`, `p90`, `share <= 4 h`, `active days`."""
    word, _, rest = text.partition(" ")
    if word == "median":
        return Fold("percentile", rank=Fraction(1, 2))
    if word[0] == "p" and word[1:].isdigit():
        return Fold("percentile", rank=Fraction(int(word[1:]), 100))
    if word == "share":
        return Fold("share", bound=bound(rest))
    if word == "active":
        return Fold("active", span=rest.removesuffix("s"))  # type: ignore[arg-type]
    return Fold(word)  # type: ignore[arg-type]


def said(text: str) -> Aggregate:
    """`p90`, `median over weeks of active days`, `mean over team of last`."""
    outer, over, rest = text.partition(" over ")
    if not over:
        return Aggregate(fold(text))
    bucket, _, inner = rest.partition(" of ")
    calendar = {"days": "day", "weeks": "week", "months": "month", "quarters": "quarter"}
    return Aggregate(fold(inner), calendar.get(bucket, bucket), fold(outer))


def kpi(measure: Measure, aggregate: str = "", **said_: Any) -> Kpi:
    """With the aggregate that the language gives where none is said."""
    if not aggregate:
        match measure:
            case Share() | Ratio() | Rate():
                aggregate = "ratio"
            case Between():
                aggregate = "median"
            case PushedNumbers():
                aggregate = "last"
            case _:
                aggregate = "count"
    bounds = {name: bound(said_.pop(name)) for name in ("target", "keep") if name in said_}
    return Kpi(name="kpi", measure=measure, aggregate=said(aggregate), **bounds, **said_)


def shown(measurement: Measurement) -> str:
    """`5.75 / week`, or why not; a fraction where it has no end."""
    if measurement.value is None:
        return f"unknown: {measurement.reason}"
    value = measurement.value
    text = str(value) if value.denominator in (3, 7, 9, 11) else f"{float(value):g}"
    return f"{text} {measurement.unit}".strip()


def measured(of: Kpi, facts: Iterable[DeliveryFact], as_of: datetime = NOW, **how: Any) -> str:
    return shown(measure(of, Known.of(facts, **how), as_of))


FREQUENCY = Rate(Count(stream="deployments", where=where(result="success")), "week")
BAD = either(where(result="failed"), where(incidents=">= 1"), where(rolled_back=True))
FAILURE_RATE = Share(stream="deployments", of=BAD)
LEAD_TIME = between("first commit or started", "deployed", "changes")
RESTORE = between("opened", "restored", "incidents")
RECOVERY = between("finished", "recovered", "deployments", where=BAD)
CYCLE = between("started", "done", "items", where=where(level="item"))
WIP = Count(stream="items", where=where(level="item", state="in progress"))
AGE = between("started", "now", "items", where=where(level="item", state="in progress"))
RESOLVE = between("created", "done", "items")
RESPOND = between("created", "first response", "items")
PASSED = Ratio(Number(stream="test runs", field="passed"), Number(stream="test runs", field="run"))
