"""What kind of value a KPI has, and the units that bounds of it may be written in."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from integration.core.kpi.language import Aggregate, Between, Fold, Kpi, Measure, Rate, Ratio, Share
from integration.core.quantities import Bound, Quantity
from mappings.quantities import SECONDS, SPELLINGS
from mappings.wording import found

Kind: TypeAlias = Literal["number", "duration", "share", "rate", "ratio"]

WORDS = {"number": "a plain number", "duration": "a duration", "share": "a share", "rate": "a rate", "ratio": "a ratio"}
PERS = ("day", "week", "month")


def of_samples(measure: Measure) -> Kind:
    match measure:
        case Between():
            return "duration"
        case Share():
            return "share"
        case Rate():
            return "rate"
        case Ratio():
            return "ratio"
    return "number"


def of_value(measure: Measure, aggregate: Aggregate) -> Kind:
    kind = _folded(of_samples(measure), aggregate.fold)
    return _folded(kind, aggregate.outer) if aggregate.outer else kind


def _folded(kind: Kind, fold: Fold) -> Kind:
    if fold.name == "share":
        return "share"
    return "number" if fold.name in ("count", "active") else kind


def of_unit(unit: str) -> Kind | None:
    """What a number with this unit is; None for a unit of one's own (`USD`), which is a number."""
    if unit == "%":
        return "share"
    if unit.startswith("/") or ("/" in unit and unit.rpartition("/")[2].strip().casefold() in PERS):
        return "rate"
    if is_time(unit):
        return "duration"
    return None if unit else "number"


def is_time(unit: str) -> bool:
    word = unit.casefold()
    word = word if word in SECONDS else word.removesuffix("s")
    return SPELLINGS.get(word, word) in SECONDS


def fits(unit: str, kind: Kind) -> bool:
    """Whether values of the kind can be shown in the unit."""
    told = of_unit(unit)
    if kind in ("share", "rate", "duration"):
        return told == kind
    return told is None or told == "number" or (unit == "%")


def wrong_with_bound(bound: Bound, kind: Kind, unit: str, per: str = "week") -> str | None:
    """Why a bound cannot be held against values of that kind, shown in that unit; or None."""
    written, said = _written(bound), bound.quantity.unit
    told = of_unit(said)
    if kind == "ratio" and unit == "%":
        kind = "share"
    if kind == "rate" and told == "rate" and said.removeprefix("/").strip().casefold() not in PERS:
        return f"{found(written)} is per {said.removeprefix('/').strip()}; write per day, week or month"
    if told == kind or (kind in ("number", "ratio") and (told == "number" or _own_unit(said, unit))):
        return None
    suffix = {"rate": f" / {per}", "duration": f" {unit if is_time(unit) else 'h'}", "share": " %"}.get(kind, "")
    if kind in ("number", "ratio") and told is None:
        return f"{found(written)} is in {said}, the KPI in {unit}; write both in one unit"
    if kind == "share" and told == "number" and 0 < abs(bound.quantity.number) < 1:
        bound = replace(bound, quantity=replace(bound.quantity, number=(bound.quantity.number * 100).normalize()))
    is_what = WORDS[told] if told else f"in {said}"
    return f'{found(written)} is {is_what}, the KPI is {WORDS[kind]}; write "{_plain(bound)}{suffix}"'


def wrong_with_quantity(number: Quantity, kind: Kind, unit: str) -> str | None:
    """Why a number cannot be a value of that kind. Without a unit it is in the KPI's own, whatever that is."""
    told = of_unit(number.unit)
    if kind == "ratio" and unit == "%":
        kind = "share"
    if not number.unit or told == kind or (kind in ("number", "ratio") and _own_unit(number.unit, unit)):
        return None
    return f"is {WORDS[told] if told else f'in {number.unit}'}, and the KPI {WORDS[kind]}"


def _own_unit(said: str, unit: str) -> bool:
    """Whether the unit is the KPI's own, or the KPI has none and takes any that is no other kind."""
    if unit:
        return said.casefold() == unit.casefold()
    return of_unit(said) is None


def _plain(bound: Bound) -> str:
    return f"{bound.comparison} {bound.quantity.number:f}"


def _written(bound: Bound) -> str:
    return f"{_plain(bound)} {bound.quantity.unit}".strip()


def per_of(kpi: Kpi) -> str:
    return kpi.measure.per if isinstance(kpi.measure, Rate) else "week"
