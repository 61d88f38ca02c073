"""What one item shall show under a write-back rule: names of fields become ids, values become what the fields hold.

Pure: the card step draws what it read from the store, a plan what a mapping would make of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import orjson

from integration.core.cards import Shown, badge_of, card_values
from integration.core.catalogue import Catalogue, TrackerField, folded
from integration.core.items import Item
from integration.core.scorecard import CardValue, WriteBackRule
from integration.core.write_back import FieldValue
from integration.store.outbox import BADGE

NUMBERS: frozenset[CardValue] = frozenset({"percent", "score", "current", "target", "pace", "confidence"})
"""Card values that are numbers; the others are text and do not fit a number field."""


@dataclass(slots=True)
class Drawing:
    """Target -> value for one item, which of these go along only, and what stands in the way of the others."""

    desired: dict[str, FieldValue] = field(default_factory=dict)
    shows: dict[str, CardValue] = field(default_factory=dict)
    """Target -> the card value that it shows."""
    problems: dict[str, str] = field(default_factory=dict)
    """Field as the mapping names it -> why it cannot be written, with the remedy."""


def shows_on(rule: WriteBackRule, item: Item, *, tagged: bool) -> bool:
    """Whether the rule writes on this item: on the types it names, else on what carries the tag itself."""
    if item.deleted:
        return False
    return folded(item.type) in {folded(name) for name in rule.to} if rule.to else tagged


def draw(rule: WriteBackRule, item: Item, shown: Sequence[Shown], catalogue: Catalogue, url: str) -> Drawing:
    """What the item shall show of the key results in `shown`, which holds at least one."""
    drawing = Drawing()
    values = card_values(shown, rule.many, url)
    for name, wanted in rule.fields.items():
        target = resolve(name, wanted, catalogue, item)
        if isinstance(target, str):
            drawing.problems[name] = target
            continue
        drawing.desired[target.id] = held_by(target, wanted, values[wanted])
        drawing.shows[target.id] = wanted
    if rule.remote_link:
        badge = badge_of(shown, rule.many, url)
        drawing.desired[BADGE] = orjson.dumps(asdict(badge), option=orjson.OPT_SORT_KEYS).decode()
    return drawing


def resolve(name: str, wanted: CardValue, catalogue: Catalogue, item: Item) -> TrackerField | str:
    """The field that the mapping means on this item, or why there is none that can hold the value."""
    known = catalogue.named(name)
    if not known:
        near = difflib.get_close_matches(folded(name), [folded(one.name) for one in catalogue.fields], n=1)
        meant = next((one.name for one in catalogue.fields if near and folded(one.name) == near[0]), None)
        return f"there is no field called '{name}'" + (
            f"; did you mean {meant}?" if meant else "; create it, or leave it out"
        )
    if len(known) > 1:
        # Each team-managed project has a field of its own by the same name; a body carries those of its project only.
        known = tuple(one for one in known if one.id in item.fields) or known
    if len(known) > 1:
        named = " or ".join(f"{one.id} ({one.type})" for one in known)
        return f"there are several fields of this name; write {named}"
    target = known[0]
    if not target.writable:
        return "may not be written; choose a field that people can edit, too"
    if target.type not in ("number", "text", "rich text"):
        return "is neither a number nor a text field; choose one of these"
    if target.type == "number" and wanted not in NUMBERS:
        return f"is a number field, and {wanted} is text; write percent, score, current, target, pace or confidence"
    return target


def held_by(target: TrackerField, wanted: CardValue, value: FieldValue) -> FieldValue:
    """The value as a field of this type holds it."""
    if value is None or target.type == "number":
        return value
    return f"{value} %" if wanted in ("percent", "score") else str(value)
