"""The words of a KPI looked up: moments, fields, aggregates and bounds that its facts have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from integration.core.delivery.facts import Stream
from integration.core.kpi.language import (
    ITEM_FIELDS,
    ITEM_MOMENTS,
    STREAMS,
    Aggregate,
    AnyOf,
    Between,
    Choice,
    Count,
    Dates,
    Fold,
    Kpi,
    Moment,
    Now,
    Number,
    Rolling,
    This,
    Whole,
)
from mappings.checks.measures import Fault, Steps, filters, sides_of
from mappings.kpis import kinds
from mappings.kpis.layers import field_name
from mappings.kpis.resolved import Resolved
from mappings.kpis.sentences import facts_of, sides, wants
from mappings.schema.filters import FilterKeys
from mappings.suggestions import did_you_mean
from mappings.wording import found, listed

EVERYWHERE = ("service", "team")
OF_SELECTORS = ("connection", "component", "label", "area", "key", "open", "title")
PEOPLE = frozenset({
    "assignee", "assigned to", "reporter", "creator", "created by", "changed by", "author", "owner", "user", "person",
    "developer", "reviewer", "committer", "closed by", "resolved by", "activated by",
})  # fmt: skip
SPANS = ("day", "week", "month", "quarter")
WORDS_OF = {
    "result": ("success", "failed"),
    "state": ("to do", "in progress", "done", "dropped"),
    "level": ("portfolio", "item", "subtask"),
}
"""Fields of which all values are the language's own."""
BEGINNINGS: dict[Stream, str] = {
    "items": "created",
    "deployments": "started",
    "builds": "started",
    "test runs": "started",
    "stays": "entered",
}
"""The moment before which nothing happens."""
CUT_BY = {"week": ("day",), "month": ("day", "week"), "quarter": ("day", "week", "month")}
"""Bucket -> whole windows that need not end where it does."""


def fields_of(stream: Stream) -> tuple[str, ...]:
    items = (*ITEM_FIELDS, *OF_SELECTORS) if STREAMS[stream].has_items else ()
    return (*STREAMS[stream].fields, *EVERYWHERE, *items)


def moments_of(stream: Stream) -> tuple[str, ...]:
    words = STREAMS[stream]
    return tuple(dict.fromkeys((*words.moments, *(ITEM_MOMENTS if words.has_items else ()))))


def faults(each: Resolved, kpi: Kpi) -> Iterator[Fault]:
    yield from _moments(each)
    yield from _fields(each)
    yield from _groups(each, kpi)
    yield from _aggregates(each, kpi)
    yield from _bounds(each, kpi)


# --- moments ---


def _moments(each: Resolved) -> Iterator[Fault]:
    measure = each.keys.measure
    for path, keys in sides_of(measure) if measure else ():
        facts = keys.count if keys.count is not None else keys.of
        if facts is None:
            continue
        stream, _ = facts_of(facts)
        of = "count" if keys.count is not None else "of"
        for key, choices in (("between", keys.between or ()), ("at", keys.at or ())):
            for at, choice in enumerate(choices):
                for moment in choice:
                    if wrong := _wrong_moment(moment, stream, of, now=key == "between"):
                        yield (*path, key, at), wrong
        if keys.between and len(keys.between) == 2:
            yield from (((*path, "between"), wrong) for wrong in _wrong_way(*keys.between, stream))


def _wrong_moment(moment: Moment, stream: Stream, of: str, *, now: bool) -> str | None:
    known = moments_of(stream)
    if moment.of:
        if STREAMS[stream].has_items:
            return None
        return f"{stream} are in no status and have no field that tells a time; they have {listed(known)}"
    if moment.name in known or (moment.name == "now" and now):
        return None
    others = [f"`{of}: {other}`" for other in STREAMS if moment.name in STREAMS[other].moments and moment.name != "now"]
    have = "has it" if len(others) == 1 else "have it"
    hint = f"; {' and '.join(others)} {have}" if others else did_you_mean(moment.name, known)
    return f"{found(moment.name)} is not a moment of {stream}, which have {listed(known)}{hint}"


def _wrong_way(start: Choice, end: Choice, stream: Stream) -> Iterator[str]:
    beginning = BEGINNINGS.get(stream)
    if start == end:
        yield f"begins and ends at '{start[0]}'; write two moments"
    elif end[0].name == beginning and not end[0].of and start[0].name != beginning:
        yield f"ends at '{beginning}', before which nothing happens; the earlier moment comes first"


# --- fields ---


def _fields(each: Resolved) -> Iterator[Fault]:
    for path, keys, streams in filters(each):
        yield from _filter(path, keys, streams)
    measure = each.keys.measure
    for path, side in sides_of(measure) if measure else ():
        if side.number is not None and isinstance(side.of, str) and (wrong := _no_field(side.number, (side.of,))):
            yield (*path, "number"), wrong


def _filter(path: Steps, keys: FilterKeys, streams: tuple[str, ...]) -> Iterator[Fault]:
    for name, conditions in keys.fields.items():
        if field_name(name) in ("query", "saved_query"):
            instead = "name the fields, or put the query into `delivery` or a key result's count"
            yield (*path, name), f"a tracker's query only answers for the present; {instead}"
        elif wrong := _no_field(name, streams):
            yield (*path, name), wrong
        allowed = () if "pushed" in streams or "builds" in streams else WORDS_OF.get(field_name(name), ())
        for pattern in (one for each in conditions if isinstance(each, AnyOf) for one in each.patterns):
            if allowed and not any(pattern.matches(word) for word in allowed):
                message = f"{found(pattern.text)} is not one of {listed(allowed)}{did_you_mean(pattern.text, allowed)}"
                yield (*path, name), message
    for at, inner in enumerate(keys.either or ()):
        yield from _filter((*path, "either", at), inner, streams)
    if keys.excluded is not None:
        yield from _filter((*path, "not"), keys.excluded, streams)


def _no_field(written: str, streams: tuple[str, ...]) -> str | None:
    """Whether some stream has no such field; items have every field of their tracker, and pushed numbers what was pushed."""
    for name, words in STREAMS.items():
        if name not in streams or words.has_items or name == "pushed":
            continue
        known = fields_of(name)
        if field_name(written) not in known:
            hint = did_you_mean(written, known) or f"; they have {listed(known)}"
            return f"{name} have no field {found(written)}{hint}"
    return None


def no_field_of(kpi: Kpi, written: str) -> str | None:
    """What is wrong with narrowing a KPI by a field, or None."""
    return _no_field(written, tuple(side.stream for side in sides(kpi.measure)))


def _groups(each: Resolved, kpi: Kpi) -> Iterator[Fault]:
    streams = tuple(side.stream for side in sides(kpi.measure))
    for at, name in enumerate(each.keys.by or ()):
        if field_name(name) in PEOPLE:
            yield ("by", at), f"KPIs are not grouped by people ({found(name)}); group by team or service"
        elif field_name(name) not in SPANS and (wrong := _no_field(name, streams)):
            yield ("by", at), wrong
    bucket = kpi.aggregate.bucket
    if bucket in PEOPLE:
        yield ("aggregate",), f"KPIs are not grouped by people ({found(bucket)}); group by team or service"
    elif bucket and bucket not in (*SPANS, "items") and (wrong := _no_field(bucket, streams)):
        yield ("aggregate",), wrong


# --- aggregates ---


def _aggregates(each: Resolved, kpi: Kpi) -> Iterator[Fault]:
    said, kind = each.keys.aggregate, kinds.of_samples(kpi.measure)
    if isinstance(kpi.measure, Number) and said is None:
        yield ("measure",), "a number needs `aggregate:` sum, mean, median, last …"
    if said is not None:
        yield from ((("aggregate",), wrong) for wrong in _wrong_fold(kpi, said))
    if isinstance(kpi.window, Now) and kpi.aggregate.bucket in SPANS:
        yield ("window",), "'now' has no length that days or weeks could share; write a window such as 12 whole weeks"
    bound = kpi.aggregate.fold.bound
    if bound and (wrong := kinds.wrong_with_bound(bound, kind, kpi.unit)):
        yield ("aggregate",), wrong.replace("the KPI is", "each is").replace("the KPI in", "each in")


def _wrong_fold(kpi: Kpi, aggregate: Aggregate) -> Iterator[str]:
    """A share or a rate is parts ÷ whole already; of ones there is only how many."""
    kind, fold, name = kinds.of_samples(kpi.measure), aggregate.fold, _spoken(aggregate.fold)
    whole = "a share" if kind == "share" else "a total divided by `per`"
    if kind in ("share", "rate", "ratio"):
        if aggregate.bucket is None and fold.name != "ratio":
            yield f"{whole} takes no aggregate; leave it out, or write it over something: mean over weeks of ratio"
        elif fold.name != "ratio":
            yield f"{whole} is itself the ratio of each bucket; write `of ratio` instead of `of {name}`"
    elif fold.name == "ratio":
        yield "only a share or a total divided by `per` has a ratio"
    elif isinstance(kpi.measure, Count) and fold.name not in ("count", "sum", "active"):
        yield f"each fact counts 1, which has no {name}; write count, active days, or {name} over weeks of count"
    if aggregate.outer and aggregate.outer.name in ("ratio", "active"):
        yield f"{found(_spoken(aggregate.outer))} cannot fold what buckets gave; write mean, median, sum, min, max"


def _spoken(fold: Fold) -> str:
    if fold.name == "percentile" and fold.rank is not None:
        return "median" if fold.rank * 2 == 1 else f"p{float(fold.rank * 100):g}"
    return f"active {fold.span}s" if fold.name == "active" else fold.name


# --- bounds and units ---


def _bounds(each: Resolved, kpi: Kpi) -> Iterator[Fault]:
    kind, keys, per = kinds.of_value(kpi.measure, kpi.aggregate), each.keys, kinds.per_of(kpi)
    for key, bound in (("target", kpi.target), ("keep", kpi.keep)):
        if bound and (wrong := kinds.wrong_with_bound(bound, kind, kpi.unit, per)):
            yield (key,), wrong
    if kpi.target and keys.better and wants(kpi.target) != keys.better:
        written = f"{kpi.target.comparison} {kpi.target.quantity.number} {kpi.target.quantity.unit}".strip()
        yield ("target",), f"{found(written)} wants it {wants(kpi.target)}, but better is {keys.better}"
    for side in sides(kpi.measure):
        only = side.only if isinstance(side, Between) else None
        if only and (wrong := kinds.wrong_with_bound(only, "duration", "")):
            yield ("measure", "only"), wrong.replace("the KPI is", "the time is")
    for band in kpi.bands:
        banded = kinds.of_value(kpi.measure, band.aggregate or kpi.aggregate)
        if band.bound and (wrong := kinds.wrong_with_bound(band.bound, banded, kpi.unit, per)):
            yield ("bands", band.label), wrong
    own = each.said.keys.unit
    if own and not kinds.fits(own, kind) and not (kind == "share" and own == "%"):
        yield ("unit",), f"{found(own)} is no unit of {kinds.WORDS[kind]}{_units(kind, per)}"


def _units(kind: kinds.Kind, per: str) -> str:
    told = {"duration": "min, h or days", "share": "%", "rate": f"/ {per}, or leave it out"}.get(kind)
    return f"; write {told}" if told else ""


# --- advice ---


def advice(each: Resolved, kpi: Kpi, *, watched: bool) -> Iterator[Fault]:
    """What is no mistake. A KPI that a key result is measured by is `watched` by whoever owns that."""
    bucket = kpi.aggregate.bucket
    if bucket in CUT_BY and _cuts(kpi, bucket):
        whole = "write whole ones, such as `window: 12 whole weeks`" if bucket == "week" else "write whole ones"
        yield ("aggregate",), f"the window cuts the first and the last {bucket}, and both count; {whole}"
    keys = each.keys
    if not (watched or keys.owner or keys.review or keys.target or keys.keep):
        yield (), "has no owner, no review and no bound; nobody will notice when it moves"


def _cuts(kpi: Kpi, bucket: str) -> bool:
    match kpi.window:
        case Whole(_, unit):
            return unit in CUT_BY[bucket] or (bucket == "week" and unit != "week")
        case This(unit):
            return bucket == "week" and unit != "week"
        case Dates(first, last):
            after = last + timedelta(days=1)
            return not (_begins(first, bucket, kpi.week_starts) and _begins(after, bucket, kpi.week_starts))
        case Rolling():
            return True
    return False


def _begins(day: date, bucket: str, week_starts: int) -> bool:
    if bucket == "week":
        return day.weekday() == week_starts
    return day.day == 1 and (bucket == "month" or day.month in (1, 4, 7, 10))
