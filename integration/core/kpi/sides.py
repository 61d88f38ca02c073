"""The sides of a measure, and all that they read: streams, fields, moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from integration.core.delivery.facts import Stream
from integration.core.kpi.language import (
    AnyOf,
    Between,
    Choice,
    Filter,
    Kpi,
    Number,
    PushedNumbers,
    Rate,
    Ratio,
    Share,
    Side,
)
from integration.core.kpi.measurement import Known
from integration.core.links import Pattern

_TOLD_BY: Mapping[tuple[Stream, str], Stream] = {
    ("deployments", "incidents"): "incidents",
    ("deployments", "changes"): "changes",
    ("changes", "deployed"): "deployments",
    ("incidents", "deployed"): "deployments",
    ("incidents", "deployment"): "deployments",
}
"""Fields and moments of a stream that another one must be known for."""


def sides(kpi: Kpi) -> tuple[Side, ...]:
    """What is measured; of a ratio what is above the line and what is below. Pushed numbers are the KPI's own."""
    match kpi.measure:
        case Rate():
            return (kpi.measure.side,)
        case Ratio():
            return kpi.measure.above, kpi.measure.below
        case PushedNumbers():
            names = AnyOf(tuple(Pattern(name) for name in kpi.pushed_as))
            where = kpi.measure.where
            own = Filter((("kpi", names), *where.tests), where.either, where.excluded)
            return (Number(stream="pushed", where=own, field="value"),)
        case _:
            return (kpi.measure,)


def words(side: Side) -> frozenset[str]:
    """The names of all fields and moments that a side reads."""
    return _fields(side) | {moment.name for choice in _choices(side) for moment in choice}


def _fields(side: Side) -> frozenset[str]:
    own = {side.field} if isinstance(side, Number) else set(side.of.fields) if isinstance(side, Share) else set()
    return side.where.fields | own


def _choices(side: Side) -> Iterator[Choice]:
    yield from side.at
    if isinstance(side, Between):
        yield from (side.start, side.end)


def streams(side: Side) -> frozenset[Stream]:
    """The streams that must be known for it."""
    return frozenset({side.stream, *(told for word in words(side) if (told := _TOLD_BY.get((side.stream, word))))})


def unsaid(kpi: Kpi, known: Known) -> str:
    """Why nothing at all can be said, whatever the window; empty where something can."""
    for side in sides(kpi):
        for stream in sorted(streams(side), key=lambda one: one != side.stream):
            if stream in known.unsaid:
                return known.unsaid[stream]
        if side.stream not in known.facts:
            return f"nothing is known of {side.stream}"
        for name in sorted(_fields(side) | set(kpi.by)):
            if (side.stream, name) in known.unsaid_fields:
                return known.unsaid_fields[side.stream, name]
    return ""
