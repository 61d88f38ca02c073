"""A measurement opened to its facts: which it counted, with what, and which it left out, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from integration.core.delivery.facts import DeliveryFact
from integration.core.kpi import moments
from integration.core.kpi.business_time import BusinessClock
from integration.core.kpi.language import STREAMS, Between, Choice, Kpi, Side
from integration.core.kpi.measurement import Known, LeftOut, Measurement, Part, Sample
from integration.core.kpi.samples import anchors
from integration.core.kpi.sides import sides
from integration.core.kpi.sight import Sight
from integration.core.kpi.units import SECOND, Clock, Scale, sample_scale
from integration.core.kpi.windows import Calendar
from integration.refresh.delivery import PUSHED
from webhooks.kpis.looks import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One fact and what became of it: the value that it contributed, or the reason why it gave none."""

    fact: str
    """Its id; of a pushed one that of whoever pushed it."""
    stream: str
    key: str = ""
    """By which people know the item that it is of."""
    title: str = ""
    url: str = ""
    part: Part = ""
    at: datetime | None = None
    """The moment that put it into the window."""
    times: Sequence[tuple[str, datetime]] = ()
    """The moments that the KPI asks for, as far as they were known, in order of time."""
    value: Fraction | None = None
    unit: str = ""
    reason: str = ""


def counted(seen: Look) -> Sequence[Traced]:
    """The newest first: of a long list people look at what happened last."""
    trace = _Trace(seen.kpi, seen.known, seen.now)
    return [trace.counted(one) for one in reversed(seen.now.counted)]


def left_out(seen: Look) -> Sequence[Traced]:
    trace = _Trace(seen.kpi, seen.known, seen.now)
    return [trace.left_out(one) for one in seen.now.left_out]


class _Trace:
    """The facts of a measurement by their ids, and how each side shows what one contributed."""

    def __init__(self, kpi: Kpi, known: Known, now: Measurement) -> None:
        told = sides(kpi)
        parts: Sequence[Part] = ("above", "below") if len(told) > 1 else ("",)
        self._sides: Mapping[Part, Side] = dict(zip(parts, told, strict=True))
        self._kpi = kpi
        self._facts = {part: _by_id(known, side) for part, side in self._sides.items()}
        self._sights = {part: Sight(now.as_of, side.stream, known.attributed) for part, side in self._sides.items()}

    def counted(self, one: Sample) -> Traced:
        side = self._sides[one.part]
        scale = _scale(side, self._kpi)
        value = one.value if scale is None else scale.shown(one.value * SECOND)
        unit = scale.unit if scale else ""
        return self._traced(one.fact, one.part, at=one.at, value=value, unit=unit)

    def left_out(self, one: LeftOut) -> Traced:
        return self._traced(one.fact, one.part, reason=one.reason)

    def _traced(
        self,
        ident: str,
        part: Part,
        *,
        at: datetime | None = None,
        value: Fraction | None = None,
        unit: str = "",
        reason: str = "",
    ) -> Traced:
        fact = self._facts[part].get(ident)
        return Traced(
            fact=ident.removeprefix(PUSHED) if fact and fact.pushed else ident,
            stream=self._sides[part].stream,
            key=_text(fact, "key"),
            title=_text(fact, "title"),
            url=fact.url if fact else "",
            part=part,
            at=at,
            times=tuple(self._times(fact, part)) if fact else (),
            value=value,
            unit=unit,
            reason=reason,
        )

    def _times(self, fact: DeliveryFact, part: Part) -> Iterator[tuple[str, datetime]]:
        side, sight = self._sides[part], self._sights[part]
        told = {
            str(moment): at
            for choice in _choices(side)
            for moment in choice
            if moment.name != "now" and (at := moments.reader((moment,), sight)(fact)) is not None
        }
        yield from sorted(told.items(), key=lambda one: one[1])


def _by_id(known: Known, side: Side) -> Mapping[str, DeliveryFact]:
    return {fact.id: fact for fact in known.facts.get(side.stream, ())}


def _choices(side: Side) -> Iterator[Choice]:
    if isinstance(side, Between):
        yield from (side.start, side.end)
    if side.at:
        yield from side.at
    elif not isinstance(side, Between) and STREAMS[side.stream].bold:
        yield from anchors(side)


def _scale(side: Side, kpi: Kpi) -> Scale | None:
    """How a duration is shown; None for numbers, which are shown as they are."""
    if not isinstance(side, Between):
        return None
    calendar = Calendar(kpi.timezone, kpi.week_starts)
    business = BusinessClock(kpi.business, calendar) if side.hours == "business" and kpi.business else None
    return sample_scale(side, kpi, Clock.of(business))


def _text(fact: DeliveryFact | None, name: str) -> str:
    told = fact.fields.get(name) if fact else None
    return told if isinstance(told, str) else ""
