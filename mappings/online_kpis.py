"""Words of KPIs that no tracker has: types, statuses and fields of items. Advice, since facts may come from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from integration.core.delivery.facts import Stream
from integration.core.errors import Problem
from integration.core.kpi.language import STREAMS, AnyOf, Test
from integration.core.links import Pattern
from mappings.checks.measures import Steps, filters, sides_of
from mappings.checks.sentences import fields_of
from mappings.kpis.layers import field_name
from mappings.kpis.resolved import Resolved, resolved
from mappings.schema.filters import FilterKeys
from mappings.whole import Whole

Unknown: TypeAlias = Callable[[str], str | None]
"""A name -> what to say of it where no tracker knows it, else None. It may be a pattern."""


def unknown_words(whole: Whole, no_type: Unknown, no_status: Unknown, no_field: Unknown) -> Iterator[Problem]:
    """What the KPIs of a mapping without other mistakes say of items, and no tracker does."""
    for each in resolved(whole):
        for path, keys, streams in filters(each):
            if streams and all(STREAMS[stream].has_items for stream in streams):
                for steps, message in _filter(path, keys, streams[0], no_type, no_status, no_field):
                    yield each.problem(message, *steps, warning=True)
        yield from _times(each, no_status, no_field)


def _filter(
    path: Steps, keys: FilterKeys, stream: Stream, no_type: Unknown, no_status: Unknown, no_field: Unknown
) -> Iterator[tuple[Steps, str]]:
    known = fields_of(stream)
    for name, conditions in keys.fields.items():
        field, asked = field_name(name), {"type": no_type, "status": no_status}.get(field_name(name))
        wrong = _none_known(conditions, asked) if asked else None if field in known else no_field(name)
        if wrong:
            yield (*path, name), wrong
    for at, inner in enumerate(keys.either or ()):
        yield from _filter((*path, "either", at), inner, stream, no_type, no_status, no_field)
    if keys.excluded is not None:
        yield from _filter((*path, "not"), keys.excluded, stream, no_type, no_status, no_field)


def _none_known(conditions: Sequence[Test], asked: Unknown) -> str | None:
    """What to say of the first value, where no tracker knows any: one of several trackers may have its own word."""
    patterns = [pattern for one in conditions if isinstance(one, AnyOf) for pattern in one.patterns]
    told = [asked(pattern.text) for pattern in patterns]
    return told[0] if told and all(told) else None


def _times(each: Resolved, no_status: Unknown, no_field: Unknown) -> Iterator[Problem]:
    """Statuses that are entered, left or paused in, and fields that hold a time."""
    measure = each.keys.measure
    for path, side in sides_of(measure) if measure else ():
        for key in ("between", "at"):
            for at, choice in enumerate(getattr(side, key) or ()):
                for moment in choice:
                    asked = no_field if moment.name == "field" else no_status
                    if moment.of and (wrong := asked(moment.of)):
                        yield each.problem(wrong, *path, key, at, warning=True)
        for at, pattern in enumerate(side.paused_in or ()):
            if wrong := no_status(pattern.text):
                yield each.problem(wrong, *path, "paused_in", at, warning=True)


def anywhere(names: Iterable[str], say: Callable[[str], str]) -> Unknown:
    """Says so of whatever is none of the names."""
    known = tuple(names)

    def unknown(written: str) -> str | None:
        pattern = Pattern(written)
        return None if any(pattern.matches(name) for name in known) else say(written)

    return unknown
