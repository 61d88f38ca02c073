"""Reading a moment off a fact, as of a time: whatever happened from then on is not seen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from integration.core.catalogue import folded
from integration.core.delivery.facts import DeliveryFact, Times
from integration.core.kpi.language import Choice, Moment
from integration.core.kpi.sight import Sight

At: TypeAlias = Callable[[DeliveryFact], datetime | None]

LAST = frozenset({"done", "closed", "restored", "recovered"})
"""Moments whose plain name means the last time; `left STATUS`, too. Of all others it is the first.

A deployment is recovered when every incident that is blamed on it is restored: not while one of them goes on.
"""
DELETED = "deleted"


def key(moment: Moment) -> str:
    """Under which name a fact has it: `done`, `entered in progress`, `field due date`."""
    return folded(f"{moment.name} {moment.of}") if moment.of else moment.name


def reader(choice: Choice, sight: Sight) -> At:
    """The first of the moments that is known as of the time."""
    readers = [_single(moment, sight) for moment in choice]
    if len(readers) == 1:
        return readers[0]
    if len(readers) == 2:
        one, other = readers
        return lambda fact: one(fact) or other(fact)

    def first_known(fact: DeliveryFact) -> datetime | None:
        for read in readers:
            if (at := read(fact)) is not None:
                return at
        return None

    return first_known


def _single(moment: Moment, sight: Sight) -> At:
    as_of = sight.as_of
    if moment.name == "now":
        return lambda _: as_of
    name = key(moment)
    plainly_last = moment.name in LAST or (moment.name == "left" and bool(moment.of))
    if moment.which == "last" or (not moment.which and plainly_last):
        return _last(name, sight)
    if sight.tells(name):
        told = sight.times(name)  # by one call more for each fact, which others need not pay
        return lambda fact: times[0] if (times := told(fact)) and times[0] < as_of else None

    def first(fact: DeliveryFact) -> datetime | None:
        times = fact.moments.get(name)
        return times[0] if times and times[0] < as_of else None

    return first


def _last(name: str, sight: Sight) -> At:
    as_of, times_of, undone_of = sight.as_of, sight.times(name), sight.undone(name)

    def last(fact: DeliveryFact) -> datetime | None:
        times = times_of(fact)
        if not times:
            return None
        undone = undone_of(fact)
        if not undone and times[-1] < as_of:
            return times[-1]
        return _standing(times, undone or (), as_of)

    return last


def _standing(times: Times, undone: Times, as_of: datetime) -> datetime | None:
    """The last time before `as_of`, unless it was undone since."""
    seen = bisect_left(times, as_of)
    if not seen:
        return None
    ceased = bisect_left(undone, as_of)
    return None if ceased and undone[ceased - 1] >= times[seen - 1] else times[seen - 1]


def deleted(sight: Sight) -> Callable[[DeliveryFact], bool]:
    """Whether a fact is deleted as of the time, and was not brought back."""
    when = _last(DELETED, sight)
    return lambda fact: when(fact) is not None


def present(as_of: datetime) -> At:
    """For `window: now`: `as_of` for whatever had begun by then. A fact without any moment has always been there."""

    def there(fact: DeliveryFact) -> datetime | None:
        moments = fact.moments
        created = moments.get("created")
        if created:
            return as_of if created[0] < as_of else None
        begun = not moments or any(times and times[0] < as_of for times in moments.values())
        return as_of if begun else None

    return there
