"""Which facts are in which part of a window, what each contributes, and which are left out and why: one pass over the facts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from integration.core.delivery.facts import DeliveryFact
from integration.core.facts import Value as FieldValue
from integration.core.kpi import durations, fields, filters, moments, reasons
from integration.core.kpi.durations import SKEWED, Elapsed
from integration.core.kpi.filters import Matches
from integration.core.kpi.language import STREAMS, Between, Choice, Moment, Now, Number, Share, Side, Window
from integration.core.kpi.measurement import LeftOut, Part, Sample
from integration.core.kpi.moments import DELETED, At
from integration.core.kpi.sight import Sight, ValueOf
from integration.core.kpi.units import SECOND
from integration.core.links import texts

Value: TypeAlias = Callable[[DeliveryFact, datetime], "int | Fraction | str"]
"""What a fact contributes, told the moment that put it in the window; a text says why nothing."""
Key: TypeAlias = tuple[str, ...]
NONE = "(none)"
_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class Pile:
    """The samples of one side in one part of the window: `values[n]` is what `facts[n]` contributed."""

    facts: list[DeliveryFact] = field(default_factory=list)
    values: list[int | Fraction] = field(default_factory=list)
    left: list[tuple[DeliveryFact, str]] = field(default_factory=list)
    """In the window, but without a sample."""
    waiting: list[tuple[DeliveryFact, str]] = field(default_factory=list)
    """Begun in the window, but not ended: not in any window yet."""

    def add(self, fact: DeliveryFact, contributed: int | Fraction | str) -> None:
        """What a fact of the window contributes, or why nothing."""
        if isinstance(contributed, str):
            self.left.append((fact, contributed))
        else:
            self.facts.append(fact)
            self.values.append(contributed)

    @property
    def nothing(self) -> bool:
        """Whether no fact at all was in the window."""
        return not self.facts and not self.left


@dataclass(frozen=True, slots=True)
class Reading:
    """One side of a measure, ready to be asked of each fact as of one time."""

    side: Side
    sight: Sight
    anchor: At
    """Puts a fact into a part of the window."""
    others: tuple[At, ...]
    """Must be in the same part."""
    pending: At | None
    """Puts a fact into a part of the window that has not ended yet."""
    matches: Matches | None
    deleted: Matches
    value: Value

    def at(self, fact: DeliveryFact) -> datetime:
        """The moment that put a counted fact into the window."""
        at = self.anchor(fact)
        assert at is not None, "a fact without the moment is in no window"  # noqa: S101 # holds for all counted facts
        return at


def reading(side: Side, window: Window, sight: Sight, elapsed: Elapsed | None) -> Reading:
    """Compiles a side. `elapsed` measures a `Between`."""
    matches, deleted = filters.of_side(side, sight), moments.deleted(sight)
    now = isinstance(window, Now)
    value = _value(side, sight, elapsed, anchored=not side.at and not now)
    if now:
        return Reading(side, sight, moments.present(sight.as_of), (), None, matches, deleted, value)
    choices = anchors(side)
    pending = None
    if isinstance(side, Between) and side.end in choices:
        choices = (side.end, *(one for one in choices if one != side.end))
        pending = moments.reader(choices[1] if len(choices) > 1 else side.start, sight)
    first, *others = (moments.reader(one, sight) for one in choices)
    return Reading(side, sight, first, tuple(others), pending, matches, deleted, value)


def anchors(side: Side) -> tuple[Choice, ...]:
    """The moments by which a fact is in the window: what `at` says, else the end of a duration or the stream's own.

    Raises ValueError for items without `at`: they have no moment of their own.
    """
    if side.at:
        return side.at
    if isinstance(side, Between):
        return (side.end,)
    bold = STREAMS[side.stream].bold
    if bold is None:
        raise ValueError(f"{side.stream} are in a window by which moment? say `at`")
    return ((Moment(bold),),)


def _value(side: Side, sight: Sight, elapsed: Elapsed | None, *, anchored: bool) -> Value:
    """`anchored`: a duration ends at the very moment that puts it in the window."""
    if isinstance(side, Number):
        read, missing = fields.reader(side.field, sight), f"no number in {side.field}"
        return lambda fact, _: missing if (number := fields.number(read(fact))) is None else number
    if isinstance(side, Share):
        asked = filters.question(side.of, sight)
        return (lambda _, __: 1) if asked is None else (lambda fact, _: 1 if asked(fact) else 0)
    if isinstance(side, Between) and elapsed is not None:
        return _between(side, sight, elapsed, anchored=anchored)
    return lambda _, __: 1


def _between(side: Between, sight: Sight, elapsed: Elapsed, *, anchored: bool) -> Value:
    start, end = moments.reader(side.start, sight), moments.reader(side.end, sight)
    unknown, unended = reasons.start_unknown(side.start), reasons.not_yet(side.end)

    def between(fact: DeliveryFact, _: datetime) -> int | Fraction | str:
        begun, ended = start(fact), end(fact)
        if begun is None:
            return unknown
        return unended if ended is None else elapsed(fact, begun, ended)

    def to_anchor(fact: DeliveryFact, ended: datetime) -> int | Fraction | str:
        begun = start(fact)
        return unknown if begun is None else elapsed(fact, begun, ended)

    def plainly(fact: DeliveryFact, ended: datetime) -> int | Fraction | str:
        begun = start(fact)  # as above, with the usual `elapsed` in its place: most durations are as simple as this
        if begun is None:
            return unknown
        return SKEWED if ended < begun else (ended - begun) // _INSTANT

    if anchored:
        return plainly if elapsed is durations.plain else to_anchor
    return between


def sort(
    read: Reading, facts: Iterable[DeliveryFact], edges: Sequence[datetime], by: Sequence[ValueOf]
) -> list[dict[Key, Pile]]:
    """The facts in the parts between neighbouring edges, and by the values of fields. Equal edges are a window `now`."""
    starts, last = edges[:-1], max(edges[-1], edges[0] + _INSTANT)
    sorted_: list[dict[Key, Pile]] = [{} if by else {(): Pile()} for _ in starts]
    whole = [None if by else parts[()] for parts in sorted_]
    first, single = starts[0], len(starts) == 1
    anchor, matches, deleted, value, others = read.anchor, read.matches, read.deleted, read.value, read.others
    for fact in facts:
        at = anchor(fact)
        if at is None:
            if read.pending is not None:
                _wait(read, fact, starts, last, sorted_, by)
            continue
        if at < first or at >= last or (matches is not None and not matches(fact)):
            continue
        if DELETED in fact.moments and deleted(fact):
            continue
        index = 0 if single else bisect_right(starts, at) - 1
        if others and not all(_part(other(fact), starts, last) == index for other in others):
            continue
        contributed = value(fact, at)
        pile = whole[index]
        if pile is None:
            for one in _piles(fact, sorted_[index], by):
                one.add(fact, contributed)
        elif isinstance(contributed, str):
            pile.left.append((fact, contributed))
        else:  # what `add` does, without calling it for each of a hundred thousand facts
            pile.facts.append(fact)
            pile.values.append(contributed)
    return sorted_


def _wait(
    read: Reading,
    fact: DeliveryFact,
    starts: Sequence[datetime],
    last: datetime,
    sorted_: list[dict[Key, Pile]],
    by: Sequence[ValueOf],
) -> None:
    """Notes a fact that began, or did whatever else `at` asks for, but has not ended."""
    index = _part(read.pending(fact) if read.pending else None, starts, last)
    if index is None or (read.matches is not None and not read.matches(fact)) or read.deleted(fact):
        return
    if isinstance(read.side, Between):
        for pile in _piles(fact, sorted_[index], by):
            pile.waiting.append((fact, reasons.not_yet(read.side.end)))


def _part(at: datetime | None, starts: Sequence[datetime], last: datetime) -> int | None:
    return None if at is None or not starts[0] <= at < last else bisect_right(starts, at) - 1


def _piles(fact: DeliveryFact, piles: dict[Key, Pile], by: Sequence[ValueOf]) -> list[Pile]:
    """The groups that a fact is in: several where a field has several values, `(none)` where it has none."""
    return [piles.setdefault(key, Pile()) for key in product(*(texts_of(read(fact)) for read in by))]


def texts_of(value: FieldValue) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts(value) if text)) or (NONE,)


class Counted(Sequence[Sample]):
    """The samples of piles in order of time, made when they are first looked at."""

    def __init__(self, told: Iterable[tuple[Reading, Pile, Part]]) -> None:
        self._told = tuple(told)
        self._length = sum(len(pile.facts) for _, pile, _ in self._told)
        self._made: list[Sample] | None = None

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:  # type: ignore[override] # a slice is a list
        return self._samples()[index]

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._samples())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # as of all sequences that can be equal to a list

    def __repr__(self) -> str:
        return f"<{len(self)} samples>"

    def _samples(self) -> list[Sample]:
        if self._made is None:
            made = [sample for told in self._told for sample in _samples(*told)]
            self._made = sorted(made, key=lambda sample: (sample.at, sample.fact, sample.part))
        return self._made


def _samples(read: Reading, pile: Pile, part: Part) -> Iterator[Sample]:
    unit = SECOND if isinstance(read.side, Between) else 1
    for fact, value in zip(pile.facts, pile.values, strict=True):
        yield Sample(fact.id, Fraction(value) / unit, read.at(fact), part)


def left_out(pile: Pile, part: Part) -> list[LeftOut]:
    """In order of ids, so that it does not depend on the order of the facts."""
    return sorted(
        (LeftOut(fact.id, reason, part) for fact, reason in (*pile.left, *pile.waiting)), key=lambda one: one.fact
    )
