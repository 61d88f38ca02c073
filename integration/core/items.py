"""An item's state, folded from its tracker facts field by field.

The fold is a join: every field keeps the value with the newest version (time, changelog id or revision, hash of the
value), so any order of the same facts, and any repetition, ends in the same state.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from integration.core.catalogue import Catalogue, Level, State, folded
from integration.core.facts import ItemRef, ItemSeen, Value

if TYPE_CHECKING:  # the scorecard knows links, and links know items
    from integration.core.scorecard import ConnectionRule

# fmt: off
DROPPED = frozenset({
    "won't do", "won't fix", "wontfix", "duplicate", "declined", "rejected", "cancelled", "canceled", "abandoned",
    "obsolete", "invalid", "cannot reproduce", "not a bug", "as designed", "incomplete",
})
"""Resolutions (folded) that end an item without its being done: Jira's own defaults and what sites commonly add."""

COMMON = frozenset({
    "key", "project", "project_name", "type", "subtask", "hierarchy", "title", "status", "category", "priority",
    "labels", "components", "parent", "area", "created", "done_at", "status_changed", "deleted",
})
"""Field names that `Item` has an attribute for; all others are kept in `Item.fields`."""
# fmt: on

_STATES: Mapping[str, State] = {"to do": "to do", "in progress": "in progress", "done": "done", "dropped": "dropped"}


@dataclass(frozen=True, slots=True)
class Item:
    """One issue or work item as of its newest facts.

    `state` is None while the tracker has not told the category of its status. `parent` is an item's id, or its key where
    the tracker told only that. `fields` holds everything else by the tracker's field id, or by the common name that
    `ItemSeen` gives it (`resolution`, `fix_versions`, `iteration`, `status_id`).
    """

    ref: ItemRef
    key: str
    title: str = ""
    project: str = ""
    project_name: str = ""
    type: str = ""
    status: str = ""
    state: State | None = None
    level: Level = "item"
    parent: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    priority: str | None = None
    area: str | None = None
    created: datetime | None = None
    done_at: datetime | None = None
    deleted: bool = False
    answers: frozenset[str] = frozenset()
    """The ids of the queries that it answered last (`core.queries`)."""
    fields: Mapping[str, Value] = field(default_factory=dict)


class FieldState(NamedTuple):
    """A field's newest value and since when it is known: `at` is ISO 8601 in UTC with microseconds, and so sorts as text."""

    value: Value
    at: str
    order: int

    def precedes(self, other: FieldState) -> bool:
        """Whether `other` is the newer one. Two values of one moment are told apart by a hash."""
        if (self.at, self.order) != (other.at, other.order):
            return (self.at, self.order) < (other.at, other.order)
        return _digest(self.value) < _digest(other.value)


ItemState: TypeAlias = Mapping[str, FieldState]


def join(state: ItemState, seen: Iterable[ItemSeen]) -> ItemState:
    """The state that knows what was known and what was seen; commutative, associative and idempotent.

    All facts are of one item. Its deletion and its return reach this as the field `deleted`.
    """
    joined = dict(state)
    for fact in seen:
        at = fact.at.astimezone(UTC).isoformat(timespec="microseconds")
        for name, value in fact.fields.items():
            told = FieldState(value, at, fact.order)
            known = joined.get(name)
            if known is None or known.precedes(told):
                joined[name] = told
    return joined


def dump(state: ItemState) -> str:
    """The state as JSON; equal states give equal text."""
    return json.dumps(state, sort_keys=True, separators=(",", ":"))


def load(text: str) -> ItemState:
    """What `dump` wrote."""
    return {
        name: FieldState(tuple(value) if isinstance(value, list) else value, at, order)
        for name, (value, at, order) in json.loads(text).items()
    }


def item_of(state: ItemState, ref: ItemRef, catalogue: Catalogue, rule: ConnectionRule | None) -> Item:
    """What the tracker's words amount to: its category, its level, its parent, and when it was done."""
    told = {name: known.value for name, known in state.items()}
    category = _category(state, catalogue)
    return Item(
        ref=ref,
        key=_text(told, "key") or ref.id,
        title=_text(told, "title"),
        project=_text(told, "project"),
        project_name=_text(told, "project_name"),
        type=_text(told, "type"),
        status=_text(told, "status"),
        state=category,
        level=_level(told, catalogue, rule),
        parent=_parent(told, catalogue),
        labels=_texts(told, "labels"),
        components=_texts(told, "components"),
        priority=_text(told, "priority") or None,
        area=_text(told, "area") or None,
        created=_time(told, "created"),
        done_at=(_time(told, "done_at") or _time(told, "status_changed")) if category == "done" else None,
        deleted=told.get("deleted") is True,
        fields={name: value for name, value in told.items() if name not in COMMON},
    )


def field_value(item: Item, name: str, catalogue: Catalogue) -> Value:
    """What a field holds, by its name on screen or its id; of several fields of that name the first that holds something.

    What the tracker's facts keep under a common name is found by its letters: `Fix Version/s` is `fix_versions`.
    """
    for known in catalogue.named(name):
        if (value := item.fields.get(known.id)) not in (None, "", ()):
            return value
    letters = _letters(name)
    return next((value for known, value in item.fields.items() if _letters(known) == letters), None)


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _category(state: ItemState, catalogue: Catalogue) -> State | None:
    """The tracker's own category of the present status, or None where it has not told it.

    A category told before the present status belongs to another status, so the catalogue answers instead. A resolution
    says how an item ended: it counts only for one that has ended, because many workflows forget to clear it on reopening.
    """
    told = {name: known.value for name, known in state.items()}
    kind, status_id = _text(told, "type"), _text(told, "status_id") or None
    listed = catalogue.state_of(kind, _text(told, "status"), status_id, _text(told, "project"))
    if listed == "dropped":
        return "dropped"
    status, category = state.get("status"), state.get("category")
    fresh = category is not None and (status is None or category.at >= status.at)
    present = (_STATES.get(folded(_text(told, "category"))) if fresh else None) or listed
    if present == "done" and folded(_text(told, "resolution")).replace("\u2019", "'") in DROPPED:
        return "dropped"
    return present


def _level(told: Mapping[str, Value], catalogue: Catalogue, rule: ConnectionRule | None) -> Level:
    """Portfolio, item, or part of an item. The mapping's `sub_tasks`, where said, replace the tracker's own."""
    item_type = folded(_text(told, "type"))
    hierarchy = told.get("hierarchy")
    level: Level = catalogue.levels.get(item_type, "item")
    if isinstance(hierarchy, int) and not isinstance(hierarchy, bool):
        level = "portfolio" if hierarchy > 0 else "subtask" if hierarchy < 0 else level
    if told.get("subtask") is True:
        level = "subtask"
    if rule is None or rule.sub_tasks is None:
        return level
    if item_type in {folded(name) for name in rule.sub_tasks}:
        return "subtask"
    return "item" if level == "subtask" else level


def _parent(told: Mapping[str, Value], catalogue: Catalogue) -> str | None:
    """The parent, else (Data Center) what the epic link field holds."""
    names = ("parent", *(known.id for known in catalogue.with_role("epic link")))
    return next((parent for name in names if (parent := _text(told, name))), None)


def _text(told: Mapping[str, Value], name: str) -> str:
    value = told.get(name)
    return "" if value is None else str(value)


def _texts(told: Mapping[str, Value], name: str) -> tuple[str, ...]:
    value = told.get(name)
    if isinstance(value, tuple):
        return value
    return () if value is None else (str(value),)


def _time(told: Mapping[str, Value], name: str) -> datetime | None:
    """A time as aware UTC; None where none was told, or where the tracker's text is no time.

    The first and the last years of the calendar are placeholders, and not all zones can tell them.
    """
    try:
        time = datetime.fromisoformat(_text(told, name))
    except ValueError:
        return None
    if not MINYEAR < time.year < MAXYEAR:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _digest(value: Value) -> bytes:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=8).digest()
