"""An organisation's own words, and what they mean: field types, state categories, levels of work item types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from integration.core.catalogue import FieldType, Level, State

ESTIMATES = frozenset(
    {
        "Microsoft.VSTS.Scheduling.StoryPoints",  # Agile
        "Microsoft.VSTS.Scheduling.Effort",  # Scrum, and epics and features everywhere
        "Microsoft.VSTS.Scheduling.Size",  # CMMI
    }
)
"""What each process calls its estimate. An item has one of them."""

STATES: Mapping[str, State] = {
    "Proposed": "to do",
    "InProgress": "in progress",
    "Resolved": "in progress",
    "Completed": "done",
    "Removed": "dropped",
}
"""State categories."""

CATEGORY_LEVELS: Mapping[str, Level] = {
    "Microsoft.EpicCategory": "portfolio",
    "Microsoft.FeatureCategory": "portfolio",
    "Microsoft.TaskCategory": "subtask",
}
"""Categories of work item types; all others hold items, but for the portfolio levels that an organisation adds."""

SHIPPED_LEVELS: Mapping[str, Level] = {"Epic": "portfolio", "Feature": "portfolio", "Task": "subtask"}
"""What the processes that Microsoft ships call them, where a server does not list its categories."""

_TYPES: Mapping[str, FieldType] = {
    "double": "number",
    "integer": "whole number",
    "string": "text",
    "plainText": "text",
    "html": "rich text",
    "dateTime": "date",
}


def field_type(kind: str, *, identity: bool, picklist: bool) -> FieldType:
    """What a field holds. An identity comes as a text and is none."""
    if identity:
        return "other"
    return "option" if picklist and kind == "string" else _TYPES.get(kind, "other")


def role(reference_name: str) -> Literal["story points", ""]:
    """What a field means to us, where its reference name tells."""
    return "story points" if reference_name in ESTIMATES else ""


def category_level(reference_name: str) -> Level:
    """The level of a category's types. An added portfolio level has a category of its own, under `Custom.`."""
    return CATEGORY_LEVELS.get(reference_name, "portfolio" if reference_name.startswith("Custom.") else "item")


def emptiable(reference_names: Iterable[str]) -> tuple[str, ...]:
    """Of a type's fields those that people fill in and rules read. An item as it is now leaves out what is empty, so
    that these must be said to be empty where they are missing.
    """
    shipped = ("System.", "Microsoft.", "WEF_")
    return tuple(name for name in reference_names if name in ESTIMATES or not name.startswith(shipped))
