"""Work item events -> tracker facts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from integration.core.facts import (
    Commented,
    FieldChanged,
    ItemDeleted,
    ItemMoved,
    ItemRestored,
    ParentChanged,
    StatusChanged,
    TrackerFact,
)
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.payload import DROPPED, Event, Json, identifier, optional_record, scalar, text
from integration.trackers.azure_devops.relations import RelationsChanged, born_with, listed_parent, relations_changed
from integration.trackers.azure_devops.revisions import Revision, revision


def created(event: Event) -> Iterator[TrackerFact]:
    known = revision(event)
    yield known.seen(_parent(known, event.resource, "resource.relations"))
    yield from known.creation()
    if known.rev == 1:  # what an item is born with was linked to it then, as the feed of links has it
        yield from RelationsChanged(known, born_with(event.resource), ()).facts()


def commented(event: Event) -> Iterator[TrackerFact]:
    known = revision(event)
    yield known.seen({})
    yield comment(known)


def deleted(event: Event) -> Iterator[TrackerFact]:
    known = revision(event)
    yield known.seen({})
    # Deletion and restore may leave the revision as it was: they happened when they were told, not when it changed.
    # Only the revisions feed knows the moment.
    then = known.later(event.told, known.version)
    yield then.seen_only({"deleted": True})
    yield then.said(ItemDeleted, "deleted", exact=False)


def restored(event: Event) -> Iterator[TrackerFact]:
    known = revision(event)
    yield known.seen({})
    then = known.later(event.told, known.version)
    yield then.seen_only({"deleted": False})
    yield then.said(ItemRestored, "restored", exact=False)


def updated(event: Event) -> Iterator[TrackerFact]:
    known = revision(event)
    changed = relations_changed(event, known)
    inner = optional_record(event.resource.get("revision"), "resource.revision")
    parent = _parent(known, inner, "resource.revision.relations")
    if changed.known.at == known.at:
        yield known.seen(parent | changed.parent())
    else:
        yield known.seen(parent)
        if changed.parent():
            yield changed.known.seen_only(changed.parent())
    yield from fields_changed(known)
    if text(optional_record(known.changes.get(f.HISTORY), "").get("newValue")):
        yield comment(known)
    yield from changed.facts()


def _parent(known: Revision, holder: Json, where: str) -> dict[str, Any]:
    return {} if f.PARENT in known.values else listed_parent(holder, where)


def comment(known: Revision) -> Commented:
    """A comment is a revision too, and goes by its number: its own id is told by newer versions only."""
    return known.said(Commented, f.HISTORY, comment=known.version)


def fields_changed(known: Revision) -> Iterator[TrackerFact]:
    """What the changes of a revision say, by webhook or between two revisions of the feed."""
    for name, change in known.changes.items():
        yield from _field_changed(known, name, change)


def _field_changed(known: Revision, name: str, change: Json) -> Iterator[TrackerFact]:
    before, after = change.get("oldValue"), known.values.get(name)
    if not change or before == after or name in f.BOOKKEEPING or f.DERIVED.fullmatch(name):
        return
    if name == f.STATE:
        yield known.said(StatusChanged, name, before=text(before), after=text(after))
    elif name == f.PARENT:
        yield known.linked(ParentChanged, name, before=identifier(before), after=identifier(after))
    elif name == f.PROJECT:
        yield known.said(ItemMoved, name, before=text(before), after=text(after))
    elif name == f.DELETED:
        yield known.said(ItemDeleted, "deleted") if after is True else known.said(ItemRestored, "restored")
    else:
        yield from _plain_change(known, name, before, after)


def _plain_change(known: Revision, name: str, before: Any, after: Any) -> Iterator[FieldChanged]:
    person = name in f.PEOPLE
    kept = [DROPPED if person and isinstance(value, str) else scalar(value) for value in (before, after)]
    if DROPPED in kept and not person:
        return
    # That somebody was assigned is worth knowing even where the body does not say whom by an id.
    old, new = (None if value is DROPPED else value for value in kept)
    exact = known.exact and DROPPED not in kept
    yield known.said(FieldChanged, name, field=f.shared_name(name), before=old, after=new, exact=exact)
