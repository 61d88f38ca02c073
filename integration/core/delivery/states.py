"""The statuses that an item went through, and what they meant: when it was started, done, closed, and reopened."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from integration.core.catalogue import State, folded
from integration.core.delivery.facts import Times
from integration.core.delivery.vocabulary import Vocabulary, natural
from integration.core.facts import FieldChanged, Scalar, StatusChanged
from integration.core.items import DROPPED, Item

ENDED: frozenset[State | None] = frozenset({"done", "dropped"})
OPEN: frozenset[State | None] = frozenset({"to do", "in progress"})


class Stretch(NamedTuple):
    """A stay in one status. `left` is None while it lasts; `state` is None where the tracker has not told it."""

    status: str
    state: State | None
    entered: datetime
    left: datetime | None


class _Step(NamedTuple):
    at: datetime
    status: str
    status_id: str | None


def stretches_of(
    changes: Sequence[StatusChanged], item: Item, created: datetime | None, vocabulary: Vocabulary
) -> tuple[Stretch, ...]:
    """All stays in order, each status once however often it is told in a row."""
    steps: list[_Step] = []
    for step in _steps(changes, item, created):
        if not steps or folded(steps[-1].status) != folded(step.status):
            steps.append(step)
    ends = [after.at for _, after in pairwise(steps)]
    return tuple(
        Stretch(step.status, vocabulary.state_of(item, step.status, step.status_id), step.at, left)
        for step, left in zip(steps, [*ends, None], strict=False)
    )


def _steps(changes: Sequence[StatusChanged], item: Item, created: datetime | None) -> Iterator[_Step]:
    """What was entered when. An item without a history of statuses was in its present one from the start, unless it was
    done later: what it was in before that, nobody told. A missing last change is dated as the item itself dates it.
    """
    told = sorted(changes, key=lambda change: (change.at, natural(change.source)))
    last: datetime | None = None
    present = item.status
    if told:
        first = told[0]
        last, present = told[-1].at, told[-1].after or ""
        if created is not None and first.before:
            yield _Step(min(created, first.at), first.before, first.before_id)
        yield from (_Step(change.at, change.after, change.after_id) for change in told if change.after)
    elif created is not None and item.status and (item.state not in ENDED or item.done_at == created):
        last = created
        yield _Step(created, item.status, _present_id(item))
    if item.state != "done" or item.done_at is None or _is_renamed(told, item):
        return
    if last is None or (folded(present) != folded(item.status) and item.done_at >= last):
        yield _Step(item.done_at, item.status, _present_id(item))


def _is_renamed(told: Sequence[StatusChanged], item: Item) -> bool:
    """Whether the last status told is the present one under a former name."""
    return bool(told) and told[-1].after_id is not None and told[-1].after_id == _present_id(item)


def _present_id(item: Item) -> str | None:
    told = item.fields.get("status_id")
    return told if isinstance(told, str) else None


@dataclass(slots=True)
class Course:
    """What the stays and the resolutions meant, moment by moment."""

    moments: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    undone: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    states: list[tuple[datetime, State | None]] = field(default_factory=list)
    reopened: list[datetime] = field(default_factory=list)

    @property
    def dropped(self) -> Times:
        return tuple(at for at, state in self.states if state == "dropped")

    def reach(self, at: datetime, state: State | None) -> None:
        before = self.states[-1][1] if self.states else None
        if self.states and state == before:
            return
        self.states.append((at, state))
        self._turn("started", at, before == "in progress", state == "in progress", undone=state == "to do")
        self._turn("done", at, before == "done", state == "done")
        self._turn("closed", at, before in ENDED, state in ENDED)
        if before in ENDED and state in OPEN:
            self.reopened.append(at)

    def _turn(self, moment: str, at: datetime, was: bool, is_now: bool, *, undone: bool = True) -> None:
        if is_now and not was:
            self.moments[moment].append(at)
        elif undone and not is_now and (was or moment == "started") and self._holds(moment):
            self.undone[moment].append(at)

    def _holds(self, moment: str) -> bool:
        times, undone = self.moments.get(moment), self.undone.get(moment)
        return bool(times) and not (undone and times and undone[-1] >= times[-1])


def course_of(stretches: Sequence[Stretch], resolutions: Sequence[FieldChanged], item: Item) -> Course:
    """An item in a done status that has a resolution like "won't do" is dropped, as long as it has it."""
    course = Course()
    told = sorted(resolutions, key=lambda change: (change.at, natural(change.source)))
    resolution: Scalar = _text(told[0].before_text, told[0].before) if told else _present_resolution(item)
    entered: defaultdict[datetime, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        entered[stretch.entered].append(stretch)
    resolved = {change.at: _text(change.after_text, change.after) for change in told}
    status: State | None = None
    begun = False
    for at in sorted({*entered, *resolved}):
        resolution = resolved.get(at, resolution)
        for stretch in entered.get(at, ()):
            status, begun = stretch.state, True
            course.reach(at, _meant(status, resolution))
        if begun:
            course.reach(at, _meant(status, resolution))
    return course


def _meant(status: State | None, resolution: Scalar) -> State | None:
    if status == "done" and isinstance(resolution, str):
        return "dropped" if folded(resolution).replace("\u2019", "'") in DROPPED else "done"
    return status


def _present_resolution(item: Item) -> Scalar:
    told = item.fields.get("resolution")
    return told if isinstance(told, str) else None


def _text(shown: str | None, value: Scalar) -> Scalar:
    return value if shown is None else shown
