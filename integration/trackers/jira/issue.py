"""An issue as Jira shows it, in a webhook or a REST answer -> the fields that an `ItemSeen` carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from integration.core.facts import Commented, ItemCreated, ItemSeen, TrackerFact, Value
from integration.trackers.jira.payload import (
    DROPPED,
    Json,
    account,
    identifier,
    moment,
    optional_identifier,
    record,
    reduced,
    required_moment,
    text,
)

CATEGORIES: Mapping[str, str] = {"new": "to do", "indeterminate": "in progress", "done": "done"}
"""Jira's keys of status categories; names of categories are localised, keys are not. `undefined` stays unknown."""

Fields: TypeAlias = MutableMapping[str, Value]

AS_READ = 2**62
"""The order of what is read instead of heard: at the same millisecond it knows of every change that webhooks tell."""

_PARENT = "issue.fields.parent"
_PROSE = frozenset({"description", "environment", "comment", "worklog"})
_STRUCTURE = frozenset({"attachment", "issuelinks", "subtasks"})


def seen(
    issue: Json, *, at: datetime, order: int = 0, actor: str | None = None, more: Mapping[str, Value] | None = None
) -> ItemSeen:
    """What the issue's body says about its fields, and `more` that is known about those the body does not carry."""
    number = identifier(issue.get("id"), "issue.id")
    fields = {**more, **fields_of(issue)} if more else fields_of(issue)
    if "parent" not in fields and is_whole(raw_fields(issue)):
        fields["parent"] = None  # the body shows everything, and there is no parent
    return ItemSeen(
        at=at, source=f"{number}:{order or at.isoformat()}", actor=actor, item=number, order=order, fields=fields
    )


def created(issue: Json, *, at: datetime, actor: str | None = None) -> ItemCreated:
    """The issue's beginning: the same fact from every body that carries `created`."""
    raw = raw_fields(issue)
    number = identifier(issue.get("id"), "issue.id")
    began = moment(raw.get("created")) or at
    return ItemCreated(at=began, source=number, actor=account(raw.get("creator")) or actor, item=number)


def commented(comment: Json, *, item: str, at: datetime, actor: str | None = None) -> Commented:
    """A comment on the issue, written at one time only, however often it is told. `at` and `actor` where it tells none."""
    number = identifier(comment.get("id"), "comment.id")
    return Commented(
        at=moment(comment.get("created")) or at,
        source=number,
        actor=account(comment.get("author")) or actor,
        item=item,
        comment=number,
        seen_by_author=comment.get("jsdPublic") is not False and comment.get("visibility") is None,
    )


def as_it_is(issue: Json) -> Sequence[TrackerFact]:
    """What an issue that was read is now."""
    at = updated(issue) or datetime.now(UTC)
    return [created(issue, at=at), seen(issue, at=at, order=AS_READ)]


def updated(issue: Json) -> datetime | None:
    """When the issue was as its body says, by Jira's clock."""
    return required_moment(raw_fields(issue).get("updated"), "issue.fields.updated")


def raw_fields(issue: Json) -> Json:
    """The body's `fields`; nothing where a body names an issue without showing it."""
    fields = issue.get("fields")
    return {} if fields is None else record(fields, "issue.fields")


def is_whole(raw: Json) -> bool:
    """Whether a body shows all of an issue. Comments come with six of its fields, attachments with one."""
    return "created" in raw and "status" in raw


def fields_of(issue: Json) -> Fields:
    """Every scalar field: what means the same on all trackers by its common name, the rest by Jira's id."""
    raw = raw_fields(issue)
    fields: Fields = {}
    if key := optional_identifier(issue.get("key")):
        fields["key"] = key
        fields["project"] = key.rpartition("-")[0] or None
    for name, value in raw.items():
        reader = _READERS.get(name)
        if reader is not None:
            reader(fields, value)
        elif value is None:
            fields[name] = None  # most fields of most issues
        elif (kept := reduced(value)) is not DROPPED:
            fields[name] = kept
    _when_done(fields)
    return fields


def _when_done(fields: Fields) -> None:
    """`done_at`, by the change of category: a resolution may be set earlier, later, or never."""
    if "status" not in fields:
        return
    category = fields.get("category")
    resolved = fields.get("resolutiondate")
    if category == "done":
        done = fields.get("statuscategorychangedate") or resolved
        if done is not None:
            fields["done_at"] = done
    elif category is not None:
        fields["done_at"] = None
    elif "resolutiondate" in fields:
        fields["done_at"] = resolved  # very old servers tell no category


def _project(fields: Fields, value: object) -> None:
    if value is not None:
        project = record(value, "issue.fields.project")
        fields["project"] = text(project.get("key")) or fields.get("project")
        fields["project_name"] = text(project.get("name"))


def _type(fields: Fields, value: object) -> None:
    if value is None:
        return
    kind = record(value, "issue.fields.issuetype")
    fields["type"] = text(kind.get("name"))
    is_part = kind.get("subtask") is True
    fields["subtask"] = is_part
    level = kind.get("hierarchyLevel")
    if isinstance(level, int) and not isinstance(level, bool):
        fields["hierarchy"] = level
    elif is_part:
        fields["hierarchy"] = -1


def _status(fields: Fields, value: object) -> None:
    if value is None:
        return
    status = record(value, "issue.fields.status")
    category = status.get("statusCategory")
    fields["status"] = text(status.get("name"))
    fields["status_id"] = text(status.get("id"))
    key = text(category.get("key")) if isinstance(category, dict) else None
    fields["category"] = CATEGORIES.get(key) if key else None


def _parent(fields: Fields, value: object) -> None:
    fields["parent"] = value if value is None else identifier(record(value, _PARENT).get("id"), f"{_PARENT}.id")


def _title(fields: Fields, value: object) -> None:
    fields["title"] = text(value)


def _named(name: str) -> Callable[[Fields, object], None]:
    def read(fields: Fields, value: object) -> None:
        kept = reduced(value)
        fields[name] = None if kept is DROPPED else kept

    return read


def _several(name: str) -> Callable[[Fields, object], None]:
    def read(fields: Fields, value: object) -> None:
        kept = reduced(value)
        fields[name] = kept if isinstance(kept, tuple) else ()

    return read


def _dropped(_fields: Fields, _value: object) -> None:
    """Not kept: texts that people write to each other, and structures that have events of their own."""


_READERS: Mapping[str, Callable[[Fields, object], None]] = {
    "summary": _title,
    "project": _project,
    "issuetype": _type,
    "status": _status,
    "parent": _parent,
    "priority": _named("priority"),
    "resolution": _named("resolution"),
    "created": _named("created"),
    "labels": _several("labels"),
    "components": _several("components"),
    "fixVersions": _several("fix_versions"),
    **dict.fromkeys(_PROSE | _STRUCTURE, _dropped),
}
