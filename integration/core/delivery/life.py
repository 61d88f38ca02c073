"""The life of an item: when it was created, answered, planned, started, done, closed, and which statuses it went through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integration.core.catalogue import folded
from integration.core.delivery.facts import History, Times
from integration.core.delivery.states import Stretch, course_of, stretches_of
from integration.core.delivery.vocabulary import Vocabulary, natural
from integration.core.facts import (
    Commented,
    FieldChanged,
    ItemCreated,
    ItemDeleted,
    ItemRestored,
    StatusChanged,
    TrackerFact,
    Value,
)
from integration.core.items import Item

ITERATION = "iteration"
RESOLUTION = "resolution"
REPORTERS = ("reporter", "System.CreatedBy")
"""Fields that hold whoever waits for an answer: often not the account that created the item."""


@dataclass(frozen=True, slots=True)
class Life:
    """An item's moments as `DeliveryFact` has them, and its stays.

    `created`, `first response`, `planned`, `started`, `done`, `closed`, `deleted`, `entered STATUS`, `left STATUS`,
    `field NAME`. What nobody told is missing: an item that was never in progress has no `started`.
    """

    moments: Mapping[str, Times]
    undone: Mapping[str, Times] = field(default_factory=dict)
    history: Mapping[str, History] = field(default_factory=dict)
    stretches: tuple[Stretch, ...] = ()
    dropped: Times = ()
    """When it became one that will never be done."""


@dataclass(slots=True)
class _Told:
    """An item's facts by what they are good for."""

    created: list[ItemCreated] = field(default_factory=list)
    statuses: list[StatusChanged] = field(default_factory=list)
    resolutions: list[FieldChanged] = field(default_factory=list)
    plans: list[FieldChanged] = field(default_factory=list)
    comments: list[Commented] = field(default_factory=list)
    deleted: list[datetime] = field(default_factory=list)
    restored: list[datetime] = field(default_factory=list)

    def hear(self, fact: TrackerFact, sprints: frozenset[str]) -> None:
        match fact:
            case StatusChanged():
                self.statuses.append(fact)
            case FieldChanged(field=name):
                if name == RESOLUTION:
                    self.resolutions.append(fact)
                elif name == ITERATION or name in sprints:
                    self.plans.append(fact)
            case Commented():
                self.comments.append(fact)
            case ItemCreated():
                self.created.append(fact)
            case ItemDeleted():
                self.deleted.append(fact.at)
            case ItemRestored():
                self.restored.append(fact.at)


def life_of(facts: Iterable[TrackerFact], item: Item, vocabulary: Vocabulary) -> Life:
    """The facts are all of this item, in any order, each once."""
    told = _Told()
    for fact in facts:
        told.hear(fact, vocabulary.sprints)
    created = min((fact.at for fact in told.created), default=item.created)
    stretches = stretches_of(told.statuses, item, created, vocabulary)
    course = course_of(stretches, told.resolutions, item)
    planned, unplanned = _planned(told.plans, item, created, vocabulary)
    moments: dict[str, Times] = {name: tuple(times) for name, times in course.moments.items() if times}
    undone: dict[str, Times] = {name: tuple(times) for name, times in course.undone.items() if times}
    own = {
        "created": (created,) if created else (),
        "first response": _first_response(told, item),
        "planned": planned,
        "deleted": tuple(sorted(told.deleted)),
    }
    moments |= {name: times for name, times in own.items() if times}
    ceased = {"planned": unplanned, "deleted": _restored(told)}
    undone |= {name: times for name, times in ceased.items() if times}
    moments |= _passed(stretches)
    moments |= _dated(item, vocabulary)
    history: dict[str, History] = {
        "status": tuple((stretch.entered, stretch.status) for stretch in stretches),
        "state": tuple(course.states),
        "reopened": tuple(_counted(course.reopened, created)),
    }
    known = {name: entries for name, entries in history.items() if entries}
    return Life(moments, undone, known, stretches, course.dropped)


def _restored(told: _Told) -> Times:
    """Azure DevOps says of some items that they are not deleted, without anybody having deleted them."""
    first = min(told.deleted, default=None)
    return () if first is None else tuple(sorted(at for at in told.restored if at >= first))


def _counted(times: Sequence[datetime], created: datetime | None) -> Iterator[tuple[datetime, Value]]:
    if created is not None:
        yield min((created, *times)), 0
    yield from ((at, number) for number, at in enumerate(times, 1))


def _first_response(told: _Told, item: Item) -> Times:
    """The first comment by someone else than who waits for it. Of comments by nobody known, nobody knows whose they are."""
    waiting = next((who for name in REPORTERS if (who := item.fields.get(name))), None)
    if waiting is None:
        waiting = next((fact.actor for fact in told.created if fact.actor), None)
    if waiting is None:
        return ()
    answers = (
        comment.at
        for comment in told.comments
        if comment.seen_by_author and comment.actor is not None and comment.actor != waiting
    )
    first = min(answers, default=None)
    return () if first is None else (first,)


def _planned(
    plans: Sequence[FieldChanged], item: Item, created: datetime | None, vocabulary: Vocabulary
) -> tuple[Times, Times]:
    """When it was put into a sprint or iteration, and when it was taken out of all of them.

    An item that had one before the first change that is told was created with it.
    """
    told = sorted(plans, key=lambda change: (change.at, natural(change.source)))
    planned: list[datetime] = []
    unplanned: list[datetime] = []
    if told:
        is_planned = _is_plan(told[0].field, told[0].before if told[0].before is not None else told[0].before_text)
    else:
        names = (ITERATION, *vocabulary.sprints)
        is_planned = any(_is_plan(name, item.fields.get(name)) for name in names)
    if is_planned and created is not None:
        planned.append(created)
    for change in told:
        will_be = _is_plan(change.field, change.after if change.after is not None else change.after_text)
        if will_be != is_planned:
            (planned if will_be else unplanned).append(change.at)
        is_planned = will_be
    return tuple(planned), tuple(unplanned)


def _is_plan(name: str, value: Value) -> bool:
    """Whether a field's value is a sprint. The topmost iteration of Azure DevOps is the project itself: no plan at all."""
    if name == ITERATION:
        return isinstance(value, str) and "\\" in value.strip("\\")
    return value not in (None, "", ())


def _passed(stretches: Sequence[Stretch]) -> Mapping[str, Times]:
    passed: defaultdict[str, list[datetime]] = defaultdict(list)
    for stretch in stretches:
        name = folded(stretch.status)
        passed[f"entered {name}"].append(stretch.entered)
        if stretch.left is not None:
            passed[f"left {name}"].append(stretch.left)
    return {name: tuple(times) for name, times in passed.items()}


def _dated(item: Item, vocabulary: Vocabulary) -> Mapping[str, Times]:
    """The fields that hold a date, by name and by id; of several of one name the first that holds one."""
    found: dict[str, Times] = {}
    for number, name in vocabulary.dates:
        value = item.fields.get(number)
        if value is not None and (at := vocabulary.moment(value)) is not None:
            found[f"field {folded(number)}"] = (at,)
            found.setdefault(f"field {name}", (at,))
    return found
