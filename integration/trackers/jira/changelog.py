"""One entry of an issue's history -> a fact per changed field; by webhook and by REST the same entry gives the same facts.

Jira names a field twice: `fieldId`, missing in about a quarter of the items, and `field`, which is localised. `from` and
`to` hold ids, `fromString` and `toString` what people see. Where what people see is a person or prose, it is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.core.facts import FieldChanged, ItemMoved, ParentChanged, StatusChanged, TrackerFact, Value
from integration.trackers.jira.payload import (
    LONGEST_TEXT,
    Json,
    is_address,
    optional_identifier,
    records,
    text,
)

KEY = "Key"
_PARENTS = frozenset({"parent", "issueparentassociation", "epic link", "parent link"})
"""A parent changes under four names: of a sub-task, of an epic's child on the Cloud, on Data Center, and above epics."""

_IDS_BY_NAME: Mapping[str, str] = {
    "component": "components",
    "fix version": "fixVersions",
    "issue type": "issuetype",
    "issuekey": KEY,
    "key": KEY,
    "parent": "parent",
    "version": "versions",
}
"""What stands in `field` -> the id that stands in `fieldId` where there is one."""
_ONE_WORD = frozenset({"status", "assignee", "reporter", "priority", "resolution", "summary", "labels", "duedate"})
"""Fields whose name is their id, however a server writes its first letter."""
_PROSE = frozenset({"description", "environment", "comment", "link", "remoteissuelink", "attachment", "worklogid"})
"""Their texts quote what people wrote, titles of other items, or names of files."""
_PEOPLE = frozenset({"assignee", "reporter", "creator"})
_ACCOUNT = re.compile(r"[0-9a-f]{24}|\d+:[0-9a-f]{8}-[0-9a-f-]{27}")
_NO_ACCOUNT = re.compile(r"[\[\]\d,.\s-]*|\d{4}-\d\d-\d\d.*|[0-9a-f]{8}-[0-9a-f-]{27}", re.DOTALL)
"""Numbers, several of them, days, and the ids of teams. Any other text that stands for a value is a user's key."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the history of `item`: its id, when it was made, by whom, and the changes as Jira spells them."""

    id: str
    item: str
    at: datetime
    actor: str | None
    changes: Sequence[Json]

    @property
    def order(self) -> int:
        return int(self.id) if self.id.isascii() and self.id.isdecimal() and len(self.id) < 19 else 0


def entry_of(raw: Json, *, item: str, at: datetime, actor: str | None) -> Entry:
    """The entry that a webhook or a REST history tells. Without an id of its own it is known by its issue and time."""
    number = optional_identifier(raw.get("id")) or f"{item}@{at.isoformat()}"
    return Entry(number, item, at, actor, records(raw.get("items"), "changelog.items"))


def facts_of(entry: Entry, holds_people: Callable[[str], bool]) -> Iterator[TrackerFact]:
    """A fact for each change. Jira does not tell by itself whether a field `holds_people`."""
    seen: MutableMapping[str, int] = {}
    for change in entry.changes:
        field = field_of(change)
        nth = seen[field] = seen.get(field, 0) + 1
        source = f"{entry.id}:{field}" if nth == 1 else f"{entry.id}:{field}:{nth}"
        yield _fact(entry, change, field, source, holds_people)


def field_of(change: Json) -> str:
    """The field's id, else its name as Jira shows it: names of custom fields are all there is on old servers."""
    named = text(change.get("fieldId")) or text(change.get("field")) or "?"
    if change.get("fieldtype") == "custom":
        return named
    plain = named.casefold()
    return _IDS_BY_NAME.get(plain, plain if plain in _ONE_WORD else named)


def is_parent(change: Json) -> bool:
    """Whether the change is one of the parent. An epic link has a field id that differs by site, but a name that does not."""
    name = text(change.get("field")) or ""
    return name.casefold() in _PARENTS or field_of(change) == "parent"


def told_fields(entry: Entry) -> MutableMapping[str, Value]:
    """What the entry says about the issue's fields as of its time, for bodies that do not show the fields themselves."""
    told: MutableMapping[str, Value] = {}
    for change in entry.changes:
        field, after, shown = field_of(change), optional_identifier(change.get("to")), text(change.get("toString"))
        if field == "status":
            told.update(status=shown, status_id=after, category=None, status_changed=entry.at.isoformat())
        elif field == "labels":
            told["labels"] = tuple(shown.split()) if shown else ()
        elif field == "summary":
            told["title"] = shown
        elif is_parent(change) and (after is None or after.isdecimal()):
            told["parent"] = after
    return told


def _fact(entry: Entry, change: Json, field: str, source: str, holds_people: Callable[[str], bool]) -> TrackerFact:
    before, after = optional_identifier(change.get("from")), optional_identifier(change.get("to"))
    before_text, after_text = text(change.get("fromString")), text(change.get("toString"))
    if field == "status":
        return StatusChanged(
            at=entry.at,
            source=source,
            actor=entry.actor,
            item=entry.item,
            before=before_text,
            after=after_text,
            before_id=before,
            after_id=after,
        )
    if field == KEY:
        return ItemMoved(
            at=entry.at, source=source, actor=entry.actor, item=entry.item, before=before_text, after=after_text
        )
    if is_parent(change):
        old, new = before or before_text, after or after_text
        return ParentChanged(at=entry.at, source=source, actor=entry.actor, item=entry.item, before=old, after=new)
    if field.casefold() in _PROSE:
        before = after = before_text = after_text = None
    elif _names_people(change, field, holds_people):
        before = optional_identifier(change.get("tmpFromAccountId")) or before
        after = optional_identifier(change.get("tmpToAccountId")) or after
        before_text = after_text = None
    return FieldChanged(
        at=entry.at,
        source=source,
        actor=entry.actor,
        item=entry.item,
        field=field,
        before=_short(before or before_text),
        after=_short(after or after_text),
        before_text=_short(before_text),
        after_text=_short(after_text),
    )


def _names_people(change: Json, field: str, holds_people: Callable[[str], bool]) -> bool:
    """Whether the texts are names of people: Jira does not tell, so the field and the ids are asked."""
    if field in _PEOPLE or "tmpToAccountId" in change or holds_people(field):
        return True
    ids = [told for told in map(optional_identifier, (change.get("from"), change.get("to"))) if told]
    return any(_ACCOUNT.search(told) or not _NO_ACCOUNT.fullmatch(told) for told in ids)


def _short(value: str | None) -> str | None:
    return value if value and len(value) <= LONGEST_TEXT and not is_address(value) else None
