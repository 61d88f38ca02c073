"""What a KPI says of its samples: one exact number, or why there is none. Nothing happened is 0 only where it is known."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi import fields, folds, reasons
from integration.core.kpi.filters import within
from integration.core.kpi.language import SPANS, Aggregate, Between, Fold, Kpi, Rate, Ratio, Share
from integration.core.kpi.samples import Pile, Reading, anchors, texts_of
from integration.core.kpi.units import DAYS_IN, HOUR, Clock, Scale, fold_scale, sample_scale
from integration.core.kpi.windows import Calendar, Stretch, counted

Keys: TypeAlias = Callable[[DeliveryFact], Iterable[Hashable]]
Half: TypeAlias = tuple[Reading, Pile]
"""One side of a measure, with its samples."""
_ZERO_OF_NOTHING = ("count", "active", "sum")


@dataclass(frozen=True, slots=True)
class Figure:
    """An exact number in the units used inside (`units.py`), or None with the reason; what was divided by what."""

    exact: Fraction | None
    reason: str = ""
    above: Fraction | None = None
    below: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Teller:
    """Folds the samples of one KPI. `now`: its window has no length."""

    kpi: Kpi
    calendar: Calendar
    clock: Clock
    now: bool = False

    def figure(self, aggregate: Aggregate, halves: Sequence[Half], stretch: Stretch, when: str) -> Figure:
        """What the samples of a stretch of time amount to, said this way."""
        if aggregate.bucket is None or aggregate.outer is None:
            return self._folded(aggregate.fold, halves, stretch, when)
        buckets = self._buckets(aggregate.bucket, halves, stretch)
        inner = [self._folded(aggregate.fold, bucket, part, when) for part, bucket in buckets]
        values = [figure.exact for figure in inner if figure.exact is not None]
        if not values:
            return Figure(None, self._nothing(halves, when))
        scale = fold_scale(self.kpi, aggregate.fold, self.clock)
        return Figure(self._of_values(aggregate.outer, values, scale))

    # --- one bucket, or all ---

    def _folded(self, fold: Fold, halves: Sequence[Half], stretch: Stretch, when: str) -> Figure:
        (read, pile), *rest = halves
        measure = self.kpi.measure
        if isinstance(measure, Ratio):
            return self._ratio(halves[0], rest[0], when)
        if isinstance(measure, Rate) and fold.name not in ("active", "share"):
            return self._rate(measure, halves[0], stretch, when)
        if not pile.values:
            zero = pile.nothing and fold.name in _ZERO_OF_NOTHING
            return Figure(Fraction(0)) if zero else Figure(None, self._nothing(halves, when))
        if isinstance(measure, Share) and fold.name in ("ratio", "mean"):
            above, below = Fraction(sum(pile.values)), Fraction(len(pile.values))
            return Figure(above / below, "", above, below)
        if fold.name == "active":
            return Figure(Fraction(self._active(fold, read, pile, stretch)))
        if fold.name == "last":
            newest = max(range(len(pile.values)), key=lambda n: (read.at(pile.facts[n]), pile.facts[n].id))
            return Figure(Fraction(pile.values[newest]))
        return Figure(self._of_values(fold, pile.values, sample_scale(measure, self.kpi, self.clock)))

    def _of_values(self, fold: Fold, values: Sequence[folds.Exact], scale: Scale) -> Fraction:
        """Of values in order of time."""
        match fold.name:
            case "count" | "active":
                return Fraction(len(values))
            case "sum":
                return Fraction(sum(values))
            case "percentile":
                return folds.percentile(values, fold.rank or Fraction(1, 2), nearest=self.kpi.nearest)
            case "min":
                return Fraction(min(values))
            case "max":
                return Fraction(max(values))
            case "last":
                return Fraction(values[-1])
            case "share" if fold.bound is not None:
                holds = within(fold.bound, scale.exact_limit(fold.bound))
                return Fraction(sum(map(holds, values)), len(values))
            case _:
                return folds.mean(values)

    def _active(self, fold: Fold, read: Reading, pile: Pile, stretch: Stretch) -> int:
        """On how many local days (weeks, months) there was a sample."""
        unit = fold.span or "day"
        starts = [self.calendar.midnight(day) for day in self.calendar.starts(stretch, unit)]
        return len({bisect_right(starts, read.at(fact)) for fact in pile.facts})

    # --- above and below a line ---

    def _rate(self, measure: Rate, half: Half, stretch: Stretch, when: str) -> Figure:
        days, needed = self.calendar.days(stretch), DAYS_IN[measure.per]
        if (stretch.cut and days < needed) or not days:
            known = counted(days, "day")
            return Figure(None, f"known for {known}; a rate per {measure.per} needs {needed}")
        total = self._total(half)
        if total is None:
            return Figure(None, self._nothing((half,), when))
        return Figure(total * needed / days)

    def _ratio(self, above: Half, below: Half, when: str) -> Figure:
        over, under = self._total(above), self._total(below)
        if under is None or below[1].nothing:
            return Figure(None, self._nothing((below,), when))
        if over is None:
            return Figure(None, self._nothing((above,), when))
        if not under:
            return Figure(None, f"the total below the line is 0 {when}".strip(), over, under)
        return Figure(over / under, "", over, under)

    def _total(self, half: Half) -> Fraction | None:
        """The sum of the samples; 0 where nothing happened, None where no fact gave one. Durations in hours."""
        read, pile = half
        if not pile.values:
            return Fraction(0) if pile.nothing else None
        return Fraction(sum(pile.values)) / (HOUR if isinstance(read.side, Between) else 1)

    # --- buckets ---

    def _buckets(self, bucket: str, halves: Sequence[Half], stretch: Stretch) -> list[tuple[Stretch, list[Half]]]:
        """All that a stretch touches of the calendar, cut to it; of items and of a field's values those with facts."""
        unit = next((span for span in SPANS if span == bucket), None)
        if unit is not None:
            parts = [part.stretch for part in self.calendar.parts(stretch, [unit])]
            edges = [part.first for part in parts]
            split = [_split(half, _part_of(half[0], edges)) for half in halves]
            return [
                (part, [(half[0], piles.get(n, Pile())) for half, piles in zip(halves, split, strict=True)])
                for n, part in enumerate(parts)
            ]
        by_value = [_split(half, _item if bucket == "items" else _values(half[0], bucket)) for half in halves]
        names = sorted({name for piles in by_value for name in piles}, key=str)
        return [
            (stretch, [(half[0], piles.get(name, Pile())) for half, piles in zip(halves, by_value, strict=True)])
            for name in names
        ]

    # --- no number ---

    def _nothing(self, halves: Sequence[Half], when: str) -> str:
        """Why there is none: nothing happened, or what happened gave no sample."""
        read, pile = halves[-1]
        waiting = [reason for _, reason in pile.waiting]
        if pile.nothing:
            choices = () if self.now else anchors(read.side)
            return reasons.with_counts(reasons.nothing(read.side.stream, choices, when), waiting)
        left = [reason for _, reason in pile.left]
        return reasons.with_counts(reasons.no_sample(read.side.stream, len(left)), (*left, *waiting))


def _split(half: Half, keys: Keys) -> dict[Hashable, Pile]:
    """The pile in parts, by whatever tells them apart."""
    _, pile = half
    parts: dict[Hashable, Pile] = defaultdict(Pile)
    for fact, value in zip(pile.facts, pile.values, strict=True):
        for key in keys(fact):
            parts[key].facts.append(fact)
            parts[key].values.append(value)
    for fact, reason in pile.left:
        for key in keys(fact):
            parts[key].left.append((fact, reason))
    return parts


def _part_of(read: Reading, edges: Sequence[datetime]) -> Keys:
    return lambda fact: (bisect_right(edges, read.at(fact)) - 1,)


def _values(read: Reading, name: str) -> Keys:
    value = fields.reader(name, read.sight)
    return lambda fact: texts_of(value(fact))


def _item(fact: DeliveryFact) -> tuple[str]:
    """The item that a fact is of, or the fact itself where it is of none."""
    return (f"{fact.item.connection}/{fact.item.id}" if fact.item else fact.id,)
