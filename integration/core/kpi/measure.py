"""KPIs and facts -> measurements, of the whole and of its parts. Pure, and exact to the last digit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property

from integration.core.kpi import durations, fields, folds, judging, sides, units, windows
from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.figures import Figure, Half, Teller
from integration.core.kpi.language import (
    SPANS,
    Aggregate,
    Between,
    Kpi,
    Now,
    PushedNumbers,
    Rolling,
    Side,
    Span,
    Window,
)
from integration.core.kpi.measurement import Known, LeftOut, Measurement
from integration.core.kpi.measurement import Part as Line
from integration.core.kpi.samples import Counted, Key, Pile, Reading, left_out, reading, sort
from integration.core.kpi.sight import Sight
from integration.core.kpi.windows import Calendar, Part, Stretch


def measure(kpi: Kpi, known: Known, as_of: datetime, over: Window | None = None) -> Measurement:
    """What the KPI is as of a time, over its window or another one; or unknown, with the reason.

    No moment from `as_of` on is seen, whenever the fact of it arrived.
    """
    return _Asked(kpi, known, as_of, over).measurements(())[0]


def measure_groups(
    kpi: Kpi, known: Known, as_of: datetime, by: Sequence[str] | None = None, over: Window | None = None
) -> Sequence[Measurement]:
    """Its parts, by fields and by days, weeks, months, quarters (None: as the KPI says).

    Parts of the calendar are windows of their own, in order, and all of them; of a field's values those with facts. What
    has several values is in each of their groups, what has none in `(none)`. Bounds judge the whole, so they do not here.
    Where nothing at all can be said, there is one unknown measurement without a group.
    """
    return _Asked(kpi, known, as_of, over).measurements(kpi.by if by is None else by)


@dataclass(frozen=True)
class _Asked:
    """One question to the facts: a KPI, as of a time, over a window."""

    kpi: Kpi
    known: Known
    as_of: datetime
    over: Window | None = None

    def measurements(self, by: Sequence[str]) -> Sequence[Measurement]:
        stretch = self._stretch
        if why := sides.unsaid(self.kpi, self.known) or self._empty or self._no_hours:
            return (self._measurement(Part(stretch), (), (), Figure(None, why)),)
        spans: list[Span] = [span for span in SPANS if span in by]
        names = [name for name in by if name not in SPANS]
        parts = self._calendar.parts(stretch, spans) if spans else [Part(stretch)]
        edges = [*(part.stretch.first for part in parts), stretch.last]
        piles = [
            sort(read, self.known.facts[read.side.stream], edges, [fields.reader(name, read.sight) for name in names])
            for read in self._readings
        ]
        told = []
        for index, part in enumerate(parts):
            keys: list[Key] = sorted({key for side in piles for key in side[index]})
            for key in keys:
                halves = [
                    (read, side[index].get(key, Pile())) for read, side in zip(self._readings, piles, strict=True)
                ]
                named = dict((*part.labels, *zip(names, key, strict=True)))
                told.append(self._told(part, tuple((name, named[name]) for name in by), halves))
        return told

    def _told(self, part: Part, group: tuple[tuple[str, str], ...], halves: list[Half]) -> Measurement:
        figure = self._figure(self.kpi.aggregate, part, group, halves)
        read, pile = halves[0]
        if pile.nothing and isinstance(self.kpi.measure, PushedNumbers):
            figure = self._not_pushed(part, self._older(read, part.stretch), figure)
        return self._measurement(part, group, halves, figure)

    def _figure(
        self, aggregate: Aggregate, part: Part, group: tuple[tuple[str, str], ...], halves: list[Half]
    ) -> Figure:
        spans = [label for name, label in group if name in SPANS]
        when = f"in {spans[-1]}" if spans else self._when
        return self._teller.figure(aggregate, halves, part.stretch, when)

    def _measurement(
        self, part: Part, group: tuple[tuple[str, str], ...], halves: Sequence[Half], figure: Figure
    ) -> Measurement:
        kpi, stretch = self.kpi, part.stretch
        scale = units.scale(kpi, kpi.aggregate, self._clock)
        value = self._shown(figure.exact, scale)
        lines: tuple[Line, ...] = ("above", "below") if len(halves) > 1 else ("",)

        def other(aggregate: Aggregate) -> tuple[Fraction | None, units.Scale]:
            its_scale = units.scale(kpi, aggregate, self._clock)
            return self._shown(self._figure(aggregate, part, group, list(halves)).exact, its_scale), its_scale

        return Measurement(
            kpi=kpi.name,
            as_of=self.as_of,
            first=stretch.first,
            last=stretch.last,
            value=value,
            unit=scale.unit,
            reason=figure.reason if value is None else "",
            group=group,
            counted=Counted((read, pile, line) for (read, pile), line in zip(halves, lines, strict=False)),
            left_out=_left_out(halves, lines),
            above=figure.above,
            below=figure.below,
            band="" if group else judging.band(kpi, value, scale, other),
            meets=None if group else judging.holds(kpi.target, value, scale),
            holds=None if group else judging.holds(kpi.keep, value, scale),
        )

    def _shown(self, exact: Fraction | None, scale: units.Scale) -> Fraction | None:
        if exact is None:
            return None
        shown = scale.shown(exact)
        return shown if self.kpi.decimals is None else folds.rounded(shown, self.kpi.decimals)

    # --- time ---

    @cached_property
    def _window(self) -> Window:
        return self.over or self.kpi.window

    @cached_property
    def _when(self) -> str:
        return windows.phrase(self._window)

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar(self.kpi.timezone, self.kpi.week_starts)

    @cached_property
    def _asked_for(self) -> Stretch:
        return self._calendar.stretch(self._window, self.as_of)

    @cached_property
    def _since(self) -> datetime | None:
        """Since when all streams that it reads are completely known."""
        read = {stream for side in sides.sides(self.kpi) for stream in sides.streams(side)}
        return max((self.known.since[stream] for stream in read if stream in self.known.since), default=None)

    @cached_property
    def _stretch(self) -> Stretch:
        return self._asked_for.since(self._since)

    @property
    def _empty(self) -> str:
        """Why no moment of the window is known of."""
        asked, since = self._asked_for, self._since
        if isinstance(self._window, Now):
            unknown = since is not None and self.as_of < since
        elif asked.first >= asked.last:
            return f"the window has not begun by {self._calendar.day(self.as_of)}"
        else:
            unknown = self._stretch.first >= self._stretch.last
        return f"known only since {self._calendar.day(since)}" if unknown and since else ""

    # --- what reads the facts ---

    @cached_property
    def _business(self) -> BusinessClock | None:
        asked = any(isinstance(side, Between) and side.hours == "business" for side in sides.sides(self.kpi))
        return BusinessClock(self.kpi.business, self._calendar) if asked and self.kpi.business else None

    @property
    def _no_hours(self) -> str:
        asked = any(isinstance(side, Between) and side.hours == "business" for side in sides.sides(self.kpi))
        return "nothing says what the business hours are" if asked and not self.kpi.business else ""

    @cached_property
    def _clock(self) -> units.Clock:
        return units.Clock.of(self._business)

    @cached_property
    def _readings(self) -> list[Reading]:
        return [
            reading(side, self._window, Sight(self.as_of, side.stream, self.known.attributed), self._elapsed(side))
            for side in sides.sides(self.kpi)
        ]

    def _elapsed(self, side: Side) -> durations.Elapsed | None:
        if not isinstance(side, Between):
            return None
        business = self._business if side.hours == "business" else None
        return durations.elapsed(side, self._calendar, business, self._clock)

    @cached_property
    def _teller(self) -> Teller:
        return Teller(self.kpi, self._calendar, self._clock, isinstance(self._window, Now))

    def _older(self, read: Reading, stretch: Stretch) -> datetime | None:
        """When a number was pushed last before a stretch of time."""
        matches = read.matches or (lambda _: True)
        facts = self.known.facts[read.side.stream]
        times = (at for fact in facts if (at := read.anchor(fact)) and matches(fact) and not read.deleted(fact))
        return max((at for at in times if at < stretch.first), default=None)

    def _not_pushed(self, part: Part, newest: datetime | None, figure: Figure) -> Figure:
        """Before the first number nothing is known, and a number that is too old says so."""
        if newest is None:
            return Figure(None, "no value was pushed yet")
        if figure.exact is not None:
            return figure
        window = self._window
        too_old = f"before {self._calendar.day(part.stretch.first)}"
        if isinstance(window, Rolling) and part.stretch == self._stretch:
            too_old = f"older than {windows.counted(window.number, window.unit)}"
        return Figure(None, f"the last value is of {self._calendar.day(newest)}, {too_old}")


def _left_out(halves: Sequence[Half], lines: Sequence[Line]) -> Sequence[LeftOut]:
    return [one for (_, pile), line in zip(halves, lines, strict=False) for one in left_out(pile, line)]
