"""What Jira tells about itself (fields, statuses, issue types, projects) -> the words of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Literal

from integration.core.catalogue import FieldType, Level, State, TrackerField, folded
from integration.trackers.jira.payload import Json, text

_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
_TYPES: Mapping[str, FieldType] = {
    "number": "number",
    "string": "text",
    "option": "option",
    "date": "date",
    "datetime": "date",
}
_RICH_TEXT = frozenset({"description", "environment"})
_WRITABLE = frozenset({"summary", "description", "environment", "duedate"})
"""System fields that an edit may set and that hold one value. All custom fields are tried; the tracker's word counts."""
_STORY_POINTS = frozenset({"story points", "story point estimate"})
_STATES: Mapping[str, State] = {"new": "to do", "indeterminate": "in progress", "done": "done"}


def field_of(raw: Json) -> TrackerField | None:
    """A field as `GET /field` lists it; None for entries without an id."""
    number, name = text(raw.get("id")), text(raw.get("name"))
    if number is None:
        return None
    told = raw.get("schema")
    schema: Json = told if isinstance(told, dict) else {}
    custom = text(schema.get("custom")) or ""
    kind = _type(number, schema, custom)
    return TrackerField(
        id=number,
        name=name or number,
        type=kind,
        role=_role(name or "", custom, kind),
        writable=bool(custom) or number in _WRITABLE,
    )


def states_of(statuses: Iterable[Json]) -> Mapping[str, State]:
    """Categories by status id, and by name where all statuses of that name agree: team-managed projects bring their own."""
    states: dict[str, State] = {}
    by_name: MutableMapping[str, set[State]] = {}
    for status in statuses:
        category = status.get("statusCategory")
        key = text(category.get("key")) if isinstance(category, dict) else None
        state = _STATES.get(key) if key else None
        number, name = text(status.get("id")), text(status.get("name"))
        if state is None or number is None or name is None:
            continue
        states[number] = state
        by_name.setdefault(folded(name), set()).add(state)
    return {**{name: next(iter(told)) for name, told in by_name.items() if len(told) == 1}, **states}


def levels_of(types: Iterable[Json]) -> Mapping[str, Level]:
    """Levels by the folded name of an issue type; on servers without a hierarchy only sub-tasks and epics are known."""
    levels: dict[str, Level] = {}
    for kind in types:
        name = folded(text(kind.get("name")) or "")
        height = kind.get("hierarchyLevel")
        if isinstance(height, int) and not isinstance(height, bool):
            level: Level = "portfolio" if height > 0 else "subtask" if height < 0 else "item"
        else:
            level = "subtask" if kind.get("subtask") is True else "portfolio" if name == "epic" else "item"
        levels.setdefault(name, level)
    return levels


def projects_of(projects: Iterable[Json]) -> Mapping[str, str]:
    """Names by key and by id."""
    return {
        known: text(project.get("name")) or known
        for project in projects
        for known in (text(project.get("key")), text(project.get("id")))
        if known
    }


def _type(number: str, schema: Json, custom: str) -> FieldType:
    if number in _RICH_TEXT or custom == f"{_CUSTOM}textarea":
        return "rich text"
    return _TYPES.get(text(schema.get("type")) or "", "other")


def _role(name: str, custom: str, kind: FieldType) -> Literal["story points", "epic link", "sprint", ""]:
    """Story points have two names, by kind of project, and only one of them a type of its own."""
    if custom.endswith(":gh-epic-link"):
        return "epic link"
    if custom.endswith(":gh-sprint"):
        return "sprint"
    if custom.endswith(":jsw-story-points") or (kind == "number" and folded(name) in _STORY_POINTS):
        return "story points"
    return ""
