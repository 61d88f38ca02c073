"""Which fields can show which values; and what a mapping wants to show, beside the fields that a tracker has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.scorecard import CardValue

Holds: TypeAlias = Literal["number", "text", "link"]
FieldDeed: TypeAlias = Literal["keep", "create", "place", "leave"]

NUMBERS: frozenset[CardValue] = frozenset({"percent", "score", "current", "target", "pace", "confidence"})
"""Card values that are numbers; the others are text and do not fit a number field."""

NUMERIC = ("number", "whole number")


def unfit(target: TrackerField, wanted: CardValue) -> str | None:
    """Why a field cannot show a value, with the remedy."""
    if not target.writable:
        return "may not be written; choose a field that people can edit, too"
    if target.type == "option" and wanted in NUMBERS:
        return f"is a list of options, and {wanted} is a number; write it into a number or a text field"
    if target.type not in (*NUMERIC, "text", "rich text", "option"):
        return "is neither a number nor a text field, nor a list of options; choose one of these"
    if target.type in NUMERIC and wanted not in NUMBERS:
        return f"is a number field, and {wanted} is text; write percent, score, current, target, pace or confidence"
    return None


def holds(wanted: CardValue) -> Holds:
    """What a field that is made for this value should hold."""
    if wanted == "url":
        return "link"
    return "number" if wanted in NUMBERS else "text"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field must be, so that people see it and okrlink can write it: a screen, a project, a form.

    `has` are the ids of the fields that are there.
    """

    id: str
    name: str
    has: frozenset[str] = frozenset()
    why_not: str | None = None
    """Why no program can put a field there, and what to do instead."""


@dataclass(frozen=True, slots=True)
class FieldStep:
    """What to do about one field of the mapping, and what a person must do."""

    deed: FieldDeed
    name: str
    value: CardValue
    id: str | None = None
    places: tuple[Place, ...] = ()
    """Where to put it."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """An item that was looked at for what may be written on it. `item` is None where there is none of these."""

    of: str
    item: str | None
    refused: Mapping[str, str] = field(default_factory=dict)
    """Field id -> why it cannot be written on this item, in the tracker's words where it has any."""


@dataclass(frozen=True, slots=True)
class FieldStanding:
    """Whether one field of the mapping can be written, as far as looking tells."""

    name: str
    value: CardValue
    fields: tuple[TrackerField, ...]
    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """What could not be looked at."""
    editable_on: tuple[str, ...] = ()


def compare(wanted: Mapping[str, CardValue], catalogue: Catalogue, places: Sequence[Place]) -> Sequence[FieldStep]:
    """What makes each wanted field exist, and stand everywhere that people look for it."""
    return [_step(name, value, catalogue, places) for name, value in wanted.items()]


def check(wanted: Mapping[str, CardValue], catalogue: Catalogue, samples: Sequence[Sample]) -> Sequence[FieldStanding]:
    """Whether each wanted field exists, fits, and may be written on the samples."""
    return [_standing(name, value, catalogue, samples) for name, value in wanted.items()]


def _step(name: str, value: CardValue, catalogue: Catalogue, places: Sequence[Place]) -> FieldStep:
    known = catalogue.named(name)
    fit = [one.id for one in known if unfit(one, value) is None]
    if known and not fit:
        return FieldStep("leave", name, value, known[0].id, problems=(unfit(known[0], value) or "",))
    lacking = [place for place in places if not place.has & set(fit)]
    possible = tuple(place for place in lacking if place.why_not is None)
    problems = tuple(dict.fromkeys(place.why_not for place in lacking if place.why_not is not None))
    # A project that keeps its fields to itself may have one of this name: it is of no use elsewhere.
    elsewhere = frozenset[str]().union(*(place.has for place in places if place.why_not is not None))
    own = next((one for one in fit if one not in elsewhere), None)
    if possible or not (places or fit):
        return FieldStep("place" if own else "create", name, value, own, possible, problems)
    return FieldStep("leave" if problems else "keep", name, value, own, problems=problems)


def _standing(name: str, value: CardValue, catalogue: Catalogue, samples: Sequence[Sample]) -> FieldStanding:
    known = catalogue.named(name)
    if not known:
        return FieldStanding(name, value, (), ("there is no field of this name; okrlink fields create makes it",))
    fit = tuple(one for one in known if unfit(one, value) is None)
    if not fit:
        return FieldStanding(name, value, known, (unfit(known[0], value) or "",))
    looked = [sample for sample in samples if sample.item is not None]
    return FieldStanding(
        name,
        value,
        fit,
        problems=tuple(_refusals(fit, looked)),
        unknown=tuple(f"there is no {sample.of} to try it on" for sample in samples if sample.item is None),
        editable_on=tuple(sample.item or "" for sample in looked if _is_editable(fit, sample)),
    )


def _refusals(fit: Sequence[TrackerField], samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        if not _is_editable(fit, sample):
            yield f"{sample.item} ({sample.of}): {sample.refused[fit[0].id]}"


def _is_editable(fit: Sequence[TrackerField], sample: Sample) -> bool:
    return any(one.id not in sample.refused for one in fit)
