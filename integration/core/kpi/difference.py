"""From when on measurements may be others, because a fact is another now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi.language import Kpi, Share
from integration.core.kpi.sides import sides, words


def read_by(kpis: Iterable[Kpi]) -> frozenset[str]:
    """The names of all fields (and moments) that any of these KPIs reads, and those that always matter."""
    told = {"service", "team", "production", "result", "kpi", "value"}
    for kpi in kpis:
        told.update(kpi.by)
        for side in sides(kpi):
            told |= words(side)
            if isinstance(side, Share):
                told |= side.of.fields
    return frozenset(told)


def differs_since(before: DeliveryFact | None, after: DeliveryFact | None, fields: Collection[str]) -> datetime | None:
    """The first moment at which a measurement that reads these fields can tell the one from the other; None where none can.

    Of a fact that has come or gone, or has another field now, that is its first moment: fields count as last known, so
    that all windows with the fact are others. Where only times differ, it is the first of these.
    """
    if before is None or after is None:
        return min(_times(before or after), default=None)
    if any(before.fields.get(name) != after.fields.get(name) for name in {*before.fields, *after.fields} & set(fields)):
        return min((*_times(before), *_times(after)), default=None)
    changed = [
        at
        for one, other in (
            (before.moments, after.moments),
            (before.undone, after.undone),
            (_dated(before), _dated(after)),
        )
        for name in {*one, *other}
        for at in {*one.get(name, ())} ^ {*other.get(name, ())}
    ]
    return min((at if isinstance(at, datetime) else at[0] for at in changed), default=None)


def _dated(fact: DeliveryFact) -> Mapping[str, Collection[datetime | tuple[datetime, object]]]:
    return fact.history


def _times(fact: DeliveryFact | None) -> Iterator[datetime]:
    for times in fact.moments.values() if fact is not None else ():
        yield from times[:1]
