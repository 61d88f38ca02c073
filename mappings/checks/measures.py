"""What a KPI measures: one thing, of facts that are said, with the keys that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from integration.core.delivery.facts import Stream
from integration.core.kpi.language import STREAMS, Now
from mappings.kpis.resolved import Resolved
from mappings.kpis.sentences import facts_of
from mappings.schema.filters import FilterKeys
from mappings.schema.measures import MeasureKeys, SideKeys, kinds_of
from mappings.whole import Whole
from mappings.wording import listed

Steps: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Steps, str]

OF_TIMES = ("hours", "paused_in", "whole", "only")
"""Keys that only mean something beside `between`."""
WITH_OF = ("number", "between", "share")


def complete(each: Resolved) -> bool:
    """Whether all that the KPI says of its measure could be read: of what could not, nothing more is to be told."""
    said, measure = each.said, each.said.keys.measure
    if said.has("measure") and measure is None:
        return False
    sides = sides_of(measure) if measure is not None else ()
    return all(getattr(keys, name, None) is not None for path, keys in sides for name in said.names(*path))


def sides_of(measure: MeasureKeys) -> Sequence[tuple[Steps, SideKeys]]:
    """The measure, and what it is divided by, each with its place."""
    below = ((("measure", "per"), measure.per),) if isinstance(measure.per, SideKeys) else ()
    return ((("measure",), measure), *below)


def faults(whole: Whole, each: Resolved) -> Iterator[Fault]:
    """What is wrong with the measure as it is said, before any word of it is looked up."""
    measure = each.keys.measure
    if measure is None:
        yield (), "says nothing to measure; add use, or measure: count, number, between, share or pushed"
        return
    for path, keys in sides_of(measure):
        yield from _side(path, keys)
        if measure.per is not None:
            yield from _divided(path, keys)
    if measure.pushed:
        yield from _pushed(measure)
    business = measure.hours == "business" and measure.between is not None
    if business and whole.settings.business_hours is None and not whole.top().has("business_hours"):
        message = "needs business_hours at the top of the main file, such as `business_hours: Mon-Fri 09:00-17:30`"
        yield ("measure", "hours"), message
    if not measure.pushed:
        yield from _in_the_window(each, measure)


def _side(path: Steps, keys: SideKeys) -> Iterator[Fault]:
    kinds = kinds_of(keys)
    if not kinds:
        yield path, "says nothing to measure; add count, number, between, share or pushed"
    for other in kinds[1:]:
        yield path, f"'{kinds[0]}' and '{other}' in one measure; a KPI measures one thing"
    if len(kinds) == 1 and kinds[0] in WITH_OF and keys.of is None:
        yield path, f"{kinds[0]} of which facts? add `of:` {listed(STREAMS)}, or a filter such as {{type: Bug}}"
    if kinds == ("count",) and keys.of is not None:
        yield (*path, "of"), "a count says itself of what; write it there and leave `of` out"
    if "between" not in kinds:
        for key in OF_TIMES:
            if getattr(keys, key) is not None:
                yield (*path, key), "is about the time between two moments; without `between` it means nothing"
    elif keys.paused_in and isinstance(keys.of, str) and not STREAMS[keys.of].has_items:
        yield (*path, "paused_in"), f"{keys.of} stay in no status; only items and what is drawn from them do"


def _divided(path: Steps, keys: SideKeys) -> Iterator[Fault]:
    for kind in ("share", "between"):
        if getattr(keys, kind) is not None:
            yield path, f"'per' divides counts and sums of numbers, and a '{kind}' is neither"


def _pushed(keys: MeasureKeys) -> Iterator[Fault]:
    for key in ("of", "where", "at", "per"):
        if getattr(keys, key) is not None:
            instead = "; narrow the KPI itself with `where`" if key == "where" else ""
            yield ("measure", key), f"pushed numbers are those of the KPI itself and take no '{key}'{instead}"


def _in_the_window(each: Resolved, measure: MeasureKeys) -> Iterator[Fault]:
    """Items have no moment of their own by which they are in a window."""
    if isinstance(each.keys.window, Now):
        if isinstance(measure.per, str):
            yield ("window",), "'now' has no length, and a rate divides by one; write a window such as 28 days"
        return
    for path, keys in sides_of(measure):
        facts = keys.count if keys.count is not None else keys.of
        if facts is None or keys.between is not None or keys.at is not None:
            continue
        stream, _ = facts_of(facts)
        if STREAMS[stream].bold is None:
            instead = ", or `window: now` for those there are"
            yield path, f"{stream} are in a window by which moment? add `at: created`, `at: done` …{instead}"


def filters(each: Resolved) -> Iterator[tuple[Steps, FilterKeys, tuple[Stream, ...]]]:
    """Every filter of the KPI with its place and the streams whose facts it asks."""
    measure = each.keys.measure
    if measure is None:
        return
    streams: list[Stream] = ["pushed"] if measure.pushed else []
    for path, keys in sides_of(measure):
        facts = keys.count if keys.count is not None else keys.of
        if facts is None:
            continue
        stream, _ = facts_of(facts)
        streams.append(stream)
        for key, said in (("count", keys.count), ("of", keys.of), ("where", keys.where), ("share", keys.share)):
            if isinstance(said, FilterKeys):
                yield (*path, key), said, (stream,)
    if each.keys.where is not None:
        yield ("where",), each.keys.where, tuple(streams)
