"""What one item shall show under a write-back rule: names of fields become ids, values become what the fields hold.

Pure: the card step draws what it read from the store, a plan what a mapping would make of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import floor

import orjson

from integration.core.cards import PASSENGERS, Shown, badge_of, card_values
from integration.core.catalogue import Catalogue, TrackerField, folded
from integration.core.fields import unfit
from integration.core.items import Item
from integration.core.scorecard import CardValue, WriteBackRule
from integration.core.write_back import FieldValue
from integration.store.outbox import BADGE

Former = Mapping[str, Collection[str]]
"""Field as the mapping names it -> the ids under which it was written before: a field may be renamed in the tracker."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all items of one connection have in common: what is shown on them, and the tracker's fields."""

    rule: WriteBackRule
    catalogue: Catalogue
    inputs: Collection[str] = ()
    """Ids of fields that the mapping reads."""
    former: Former = field(default_factory=dict)


@dataclass(slots=True)
class Drawing:
    """Target -> value for one item, how the mapping calls the targets, and what stands in the way of others."""

    desired: dict[str, FieldValue] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    passengers: set[str] = field(default_factory=set)
    """Targets that are written only along with others."""
    missing: set[str] = field(default_factory=set)
    """Fields of the mapping that cannot be found on this item; what was written to them is left as it is."""
    problems: dict[str, str | None] = field(default_factory=dict)


def shows_on(rule: WriteBackRule, item: Item, *, tagged: bool) -> bool:
    """Whether the rule writes on this item: on the types it names, else on what carries the tag itself."""
    if item.deleted:
        return False
    return folded(item.type) in {folded(name) for name in rule.to} if rule.to else tagged


def draw(site: Site, item: Item, shown: Sequence[Shown], url: str) -> Drawing:
    """What the item shall show of the key results in `shown`; nothing, where that is empty."""
    rule = site.rule
    drawing = Drawing()
    if not shown:
        return drawing
    values = card_values(shown, rule.many, url)
    for name, wanted in rule.fields.items():
        found, why = on_site(name, wanted, site)
        drawing.problems[f"field {name}"] = why
        if found:
            target, why = on_item(found, item)
            drawing.problems[f"field {name} in {item.project} ({item.type})"] = why and f"{name}: {why}"
        if not found or target is None:
            drawing.missing.add(name)
            continue
        drawing.desired[target.id] = held_by(target, wanted, values[wanted])
        drawing.names[target.id] = name
        if wanted in PASSENGERS:
            drawing.passengers.add(target.id)
    if rule.remote_link:
        badge = badge_of(shown, rule.many, url)
        drawing.desired[BADGE] = orjson.dumps(asdict(badge), option=orjson.OPT_SORT_KEYS).decode()
        drawing.names[BADGE] = BADGE
    return drawing


def on_site(name: str, wanted: CardValue, site: Site) -> tuple[Sequence[TrackerField], str | None]:
    """The tracker's fields of that name that can hold the value, and one line on what is in the way."""
    known = site.catalogue.named(name)
    renamed = None
    if not known:
        known = tuple(one for one in site.catalogue.fields if one.id in site.former.get(name, ()))
        if not known:
            return (), f"{name}: there is no field of this name; {_remedy(name, site.catalogue)}"
        renamed = f"{name}: is called '{known[0].name}' in the tracker now; it is written on, but say so in the mapping"
    reasons = {one.id: _read_too(one, site) or unfit(one, wanted) for one in known}
    fit = [one for one in known if reasons[one.id] is None]
    if fit:
        return fit, renamed
    return (), f"{name}: {reasons[known[0].id]}"


def on_item(found: Sequence[TrackerField], item: Item) -> tuple[TrackerField | None, str | None]:
    """Of several fields of one name the item's own, or why it is not known.

    Each team-managed project has a field of its own by the same name; an item's body carries those of its project only.
    """
    if len(found) == 1:
        return found[0], None
    own = [one for one in found if one.id in item.fields]
    if len(own) == 1:
        return own[0], None
    several = "several fields" if own else "no field"
    named = " or ".join(f"{one.id} ({one.type})" for one in own or found)
    return None, f"{several} of this name on {item.type} in {item.project}; write {named} in the mapping"


def _read_too(target: TrackerField, site: Site) -> str | None:
    """`check` knows names only: an id, or a name on screen, may hide that it is one field."""
    if target.id not in site.inputs:
        return None
    return "is read by the mapping, too; a field is read or written, never both: write another"


def held_by(target: TrackerField, wanted: CardValue, value: FieldValue) -> FieldValue:
    """The value as a field of this type holds it."""
    if value is None or target.type == "number":
        return value
    if target.type == "whole number":
        return floor(float(value) + 0.5)  # half up; a percentage is whole already
    return f"{value} %" if wanted in ("percent", "score") else str(value)


def _remedy(name: str, catalogue: Catalogue) -> str:
    near = difflib.get_close_matches(folded(name), [folded(one.name) for one in catalogue.fields], n=1)
    meant = next((one.name for one in catalogue.fields if near and folded(one.name) == near[0]), None)
    return f"did you mean {meant}?" if meant else "create it, or leave it out"
