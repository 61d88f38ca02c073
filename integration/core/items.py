"""An item's state, folded from its tracker facts field by field.

The fold is a join: every field keeps the value with the newest version (time, changelog id or revision, hash of the
value), so any order of the same facts, and any repetition, ends in the same state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from integration.core.facts import ItemRef, Value

State: TypeAlias = Literal["to do", "in progress", "done", "dropped"]
Level: TypeAlias = Literal["portfolio", "item", "subtask"]


@dataclass(frozen=True, slots=True)
class Item:
    """One issue or work item as of its newest facts.

    `state` is None while the tracker has not told the category of its status. `fields` holds everything else by the
    tracker's field id.
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
    fields: Mapping[str, Value] = field(default_factory=dict)
