"""What a revision says beside the one before it: the facts that a webhook told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integration.core.facts import ItemDeleted, TrackerFact
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.payload import Json, account, number, record
from integration.trackers.azure_devops.revisions import Revision, known_revision
from integration.trackers.azure_devops.work_items import comment, fields_changed

_COMMENTS = "System.CommentCount"


@dataclass(frozen=True, slots=True)
class Before:
    """What an item's fields were in the revision before."""

    at: datetime
    values: Mapping[str, Any]


def full_revision(value: Json, answered: datetime) -> Revision:
    """A revision with all its fields, as feeds and reads hold it. Raises what `understanding` knows."""
    values = reduced(record(value.get("fields"), "fields"))
    return known_revision(str(value["id"]), number(value["rev"]) or 0, values, answered)


def reduced(values: Json) -> dict[str, Any]:
    """People by their ids only: their names and pictures change without a revision."""
    return {
        name: {"id": who, "descriptor": who} if isinstance(value, dict) and (who := account(value)) else value
        for name, value in values.items()
    }


def facts_of_all(revisions: Sequence[Revision]) -> Iterator[TrackerFact]:
    """What an item's revisions say, which follow each other."""
    before: Before | None = None
    for told in revisions:
        yield from facts_of(told, before, newest=told is revisions[-1])
        before = Before(told.at, told.values)


def facts_of(told: Revision, before: Before | None, *, newest: bool) -> Iterator[TrackerFact]:
    """What one revision says. The newest of several stands for what all fields are."""
    deleted = told.values.get(f.DELETED) is True
    if before is None:
        yield told.seen({"deleted": deleted})
        if told.rev == 1:
            yield from told.creation()
        elif deleted:
            yield told.said(ItemDeleted, "deleted")
        return
    was = before.values
    emptied = dict.fromkeys(name for name, value in was.items() if value is not None and name not in told.values)
    emptied.pop(f.PARENT, None)
    values = {**told.values, **emptied}
    known = known_revision(told.item, told.rev, values, told.at, changes=_changes(was, told.values))
    if newest:
        yield known.seen({"deleted": deleted})
    elif emptied:
        yield known.seen_only(f.folded_in(emptied))
    yield from fields_changed(known)
    if (number(told.values.get(_COMMENTS)) or 0) > (number(was.get(_COMMENTS)) or 0):
        yield comment(known)


def _changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Json]:
    """By field, what it was and is. Whose parent changed is told by the feed of links, which knows the moment."""
    names = [name for name in {**was, **now} if name not in f.BOOKKEEPING and name != f.PARENT]
    return {
        name: {"oldValue": was.get(name), "newValue": now.get(name)}
        for name in names
        if _compared(name, was.get(name)) != _compared(name, now.get(name))
    }


def _compared(name: str, value: Any) -> Any:
    """No value comes as nothing, and as an empty text; what is not deleted, as nothing, and as false."""
    if name == f.DELETED:
        return value is True
    return None if value == "" else value
