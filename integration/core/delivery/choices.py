"""When something happened to an item that a rule says in its own words: `In Development`, `field Outage started`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from integration.core.catalogue import State, folded
from integration.core.delivery.facts import Times
from integration.core.delivery.life import Life
from integration.core.delivery.states import Stretch
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.items import Item
from integration.core.kpi.language import Choice, Moment

_RANKS: Mapping[State | None, int] = {"to do": 0, "in progress": 1, "done": 2, "dropped": 2}

Found = tuple[Times, Times]
"""When it happened, each time, and when it ceased to hold."""


def found(choice: Choice, life: Life, item: Item, vocabulary: Vocabulary) -> Found:
    """The first of the choice that is known; nothing where none is."""
    for moment in choice:
        times, undone = _found(moment, life, item, vocabulary)
        if moment.which == "first":
            times, undone = times[:1], ()
        elif moment.which == "last":
            times = times[-1:]
        if times:
            return times, undone
    return (), ()


def united(several: Iterable[Found]) -> Found:
    """What several rules say of one moment: nothing depends on their order."""
    found = tuple(several)
    times = sorted({at for each, _ in found for at in each})
    undone = sorted({at for _, each in found for at in each})
    return tuple(times), tuple(undone)


def _found(moment: Moment, life: Life, item: Item, vocabulary: Vocabulary) -> Found:
    if moment.name == "field":
        at = vocabulary.moment_in(item, moment.of)
        return ((at,) if at is not None else ()), ()
    if moment.name == "entered":
        name = folded(moment.of)
        return life.moments.get(f"entered {name}", ()), _went_back(life.stretches, name)
    name = f"{moment.name} {folded(moment.of)}" if moment.of else moment.name
    return life.moments.get(name, ()), life.undone.get(name, ())


def _went_back(stretches: Sequence[Stretch], name: str) -> Times:
    """When an item that had reached a status went back behind it: into a status that is open where this one is not, or
    into one like it that it had been in before. Work that follows, such as a review after the service was restored,
    leaves it reached.
    """
    reached: State | None = None
    holds = False
    before: set[str] = set()
    back: list[datetime] = []
    for stretch in stretches:
        status = folded(stretch.status)
        if status == name:
            reached, holds = stretch.state, True
        elif holds and _is_behind(stretch, reached, before):
            back.append(stretch.entered)
            holds = False
        elif not holds:
            before.add(status)
    return tuple(back)


def _is_behind(stretch: Stretch, reached: State | None, before: set[str]) -> bool:
    mine, its = _RANKS.get(stretch.state), _RANKS.get(reached)
    if mine is not None and its is not None and mine != its:
        return mine < its
    return folded(stretch.status) in before
