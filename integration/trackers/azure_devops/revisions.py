"""One revision of one work item, as far as a body tells it: what everything said about a work item starts from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from integration.core.errors import Malformed
from integration.core.facts import ItemCreated, ItemSeen, TrackerFact, Value
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.payload import (
    Event,
    Json,
    account,
    instant,
    number,
    optional_record,
    record,
)

Fact = TypeVar("Fact", bound=TrackerFact)

_ITEM_URL = re.compile(r"/workitems/(\d{1,18})(?:[/?]|$)", re.IGNORECASE | re.ASCII)


def item_id(resource: Json) -> str | None:
    """The work item's id. `workItemId` of a test delivery is 0 while its revision and its address name the item."""
    if "workItemId" not in resource and "revision" not in resource:
        return _positive(resource.get("id"))
    revision = resource.get("revision")
    named = revision.get("id") if isinstance(revision, dict) else None
    return _positive(resource.get("workItemId")) or _positive(named) or item_of_url(resource.get("url"))


def item_of_url(url: object) -> str | None:
    """The work item that an address of the REST interface points to."""
    match = _ITEM_URL.search(url) if isinstance(url, str) else None
    return match[1] if match else None


def _positive(value: object) -> str | None:
    found = number(value)
    return str(found) if found is not None and found > 0 else None


@dataclass(frozen=True, slots=True)
class Revision:
    """`values` are the fields as of then, `changes` the old and new ones where the body is a change."""

    item: str
    rev: int
    version: str
    """Names this revision within the item, also where a body has no number for it."""
    at: datetime
    actor: str | None
    values: Mapping[str, Any]
    changes: Mapping[str, Json]
    exact: bool = True
    """False where somebody acted who is named without an id, as bodies of version 1.0 do: the revisions feed has ids."""

    def said(self, kind: type[Fact], what: str, **more: Any) -> Fact:
        """A fact of this revision; `what` tells it from the others."""
        return self._fact(kind, f"{self.version}:{what}", more)

    def linked(self, kind: type[Fact], what: str, **more: Any) -> Fact:
        """A fact about a link, told by its moment: the feed of links knows neither revisions nor updates."""
        return self._fact(kind, f"{self.at.isoformat()}:{what}", more)

    def _fact(self, kind: type[Fact], source: str, more: dict[str, Any]) -> Fact:
        said = {"actor": self.actor, "exact": self.exact, **more}
        return kind(at=self.at, source=f"{self.item}:{source}", item=self.item, **said)

    def later(self, at: datetime, version: str) -> Revision:
        """Something that happened to the item without a new revision."""
        return replace(self, at=max(self.at, at), version=version)

    def seen(self, more: Mapping[str, Value]) -> ItemSeen:
        """What all fields were."""
        return self.seen_only({"key": self.item, **f.folded_in(self.values), **more})

    def seen_only(self, fields: Mapping[str, Value]) -> ItemSeen:
        """What these fields were."""
        return self.said(ItemSeen, "fields", order=self.rev, fields=fields)

    def creation(self) -> Iterator[ItemCreated]:
        """That the item was created, if the revision tells when."""
        born = instant(self.values.get(f.CREATED_DATE))
        if born:
            named = self.values.get(f.CREATED_BY)
            maker = account(named)
            exact = bool(maker) or not named
            yield ItemCreated(at=born, source=f"{self.item}:created", actor=maker, item=self.item, exact=exact)


def revision(event: Event) -> Revision:
    """Two shapes arrive. A created, commented, deleted or restored item is itself the resource, with flat fields. An
    update is a change: its `id` counts updates, the item's id is `workItemId`, `fields` holds old and new values, and
    `revision` the item as of then. Where the two disagree the change is right: Azure DevOps has sent stale revisions.
    """
    resource = event.resource
    item = item_id(resource)
    if event.kind == "workitem.updated" or "workItemId" in resource or "revision" in resource:
        inner = optional_record(resource.get("revision"), "resource.revision")
        snapshot = optional_record(inner.get("fields"), "resource.revision.fields")
        changes = _changes(resource.get("fields"))
    else:
        inner, changes = resource, {}
        snapshot = optional_record(resource.get("fields"), "resource.fields")
    if item is None:
        raise Malformed("resource: names no work item (workItemId, revision.id or url of an update; else id)")
    if not snapshot and not changes and not resource.get("relations"):
        raise Malformed("resource.fields: missing; the subscription must send all resource details")
    values = {**snapshot, **{name: _after(name, change, snapshot) for name, change in changes.items() if change}}
    rev = number(resource.get("rev")) or number(inner.get("rev")) or number(values.get(f.REVISION)) or 0
    return known_revision(item, rev, values, event.told, changes=changes, change=resource)


def known_revision(
    item: str,
    rev: int,
    values: Json,
    told: datetime,
    *,
    changes: Mapping[str, Json] | None = None,
    change: Json | None = None,
) -> Revision:
    """A revision from its parts; `change` may tell who and when where the fields do not."""
    change = change or {}
    at = instant(values.get(f.CHANGED_DATE)) or instant(change.get("revisedDate")) or told
    named = values.get(f.CHANGED_BY)
    actor = account(change.get("revisedBy")) or account(named)
    version = str(rev) if rev > 0 else at.isoformat()
    return Revision(item, rev, version, at, actor, values, changes or {}, exact=bool(actor) or not named)


def _changes(value: object) -> Mapping[str, Json]:
    fields = optional_record(value, "resource.fields")
    return {name: record(change, f"resource.fields.{name}") for name, change in fields.items()}


def _after(name: str, change: Json, snapshot: Json) -> Any:
    """A missing `newValue` is an emptied field, unless the revision knows better."""
    return change["newValue"] if "newValue" in change else snapshot.get(name)
