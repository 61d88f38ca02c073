"""What a tracker's names stand for: fields by the name on screen, states by category. Read from the tracker, kept by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from unicodedata import normalize

State: TypeAlias = Literal["to do", "in progress", "done", "dropped"]
"""What a status means, by the tracker's own category; `dropped` will never be done (removed, won't do, duplicate)."""
Level: TypeAlias = Literal["portfolio", "item", "subtask"]
FieldType: TypeAlias = Literal["number", "whole number", "text", "rich text", "option", "date", "other"]


@dataclass(frozen=True, slots=True)
class TrackerField:
    """A field: the tracker's id, the name on screen, what it holds, and what it means where the tracker tells (`role`)."""

    id: str
    name: str
    type: FieldType = "other"
    role: Literal["story points", "epic link", "sprint", ""] = ""
    writable: bool = True


def folded(name: str) -> str:
    """Names of trackers and people compare without case and surplus spaces, and however their accents were typed."""
    return " ".join((name if name.isascii() else normalize("NFC", name)).split()).casefold()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One connection's vocabulary. `account` is the id of the account we act as.

    `states` maps a status to its category, keyed by `status id` or by `type/status` (folded), or `status` (folded)
    where it is the same for all types; by `project/type/status` (folded) in a project that sees it differently.
    `levels` maps a type's folded name to its level; types it lacks are `item`.
    """

    account: str = ""
    fields: tuple[TrackerField, ...] = ()
    states: Mapping[str, State] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    projects: Mapping[str, str] = field(default_factory=dict)
    """Project key or id -> name."""

    def named(self, name: str) -> tuple[TrackerField, ...]:
        """The fields that people mean by `name`: by id if one has it, else all of that name on screen."""
        wanted = folded(name)
        by_id = tuple(known for known in self.fields if known.id.casefold() == wanted)
        return by_id or tuple(known for known in self.fields if folded(known.name) == wanted)

    def with_role(self, role: str) -> tuple[TrackerField, ...]:
        return tuple(known for known in self.fields if known.role == role)

    def state_of(self, item_type: str, status: str, status_id: str | None = None, project: str = "") -> State | None:
        """The category of a status, or None where the tracker has not told it."""
        of_type = f"{folded(item_type)}/{folded(status)}"
        for key in (status_id, f"{folded(project)}/{of_type}", of_type, folded(status)):
            if key and key in self.states:
                return self.states[key]
        return None
