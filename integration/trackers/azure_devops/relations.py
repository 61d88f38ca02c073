"""Relations of work items: the parent, links to other items, and to commits, pull requests and builds.

The parent is told in four ways, the surest first: a change of the relations, a change of `System.Parent`, the
revision's `System.Parent`, the list of all relations. Only the last can say that there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integration.core.facts import LinkAdded, LinkRemoved, ParentChanged, TrackerFact, Value
from integration.trackers.azure_devops.fields import PARENT
from integration.trackers.azure_devops.payload import Event, Json, instant, number, optional_record, records, text
from integration.trackers.azure_devops.revisions import Revision, item_of_url

TO_PARENT = "System.LinkTypes.Hierarchy-Reverse"
TO_CHILD = "System.LinkTypes.Hierarchy-Forward"
HYPERLINK = "Hyperlink"
_NOT_KEPT = frozenset({HYPERLINK, "AttachedFile"})
"""Addresses and file names that people typed; our own badge is one of them."""


def listed_parent(holder: Json, where: str) -> dict[str, Value]:
    """The parent by the list of all relations, which says by its silence that there is none."""
    relations = holder.get("relations")
    if not isinstance(relations, list):
        return {}
    parents = (item_of_url(each.get("url")) for each in records(relations, where) if each.get("rel") == TO_PARENT)
    return {"parent": next(parents, None)}


def children(relations: Iterable[Any] | None) -> Iterator[str]:
    """The ids of the items below one, by its relations as the SDK reads them."""
    found = (item_of_url(each.url) for each in relations or () if each.rel == TO_CHILD)
    return (child for child in found if child)


def born_with(holder: Json) -> tuple[Json, ...]:
    """The relations that a new item has from the start."""
    relations = holder.get("relations")
    return tuple(records(relations, "resource.relations")) if isinstance(relations, list) else ()


@dataclass(frozen=True, slots=True)
class RelationsChanged:
    """The relations that an update added and removed, and the revision they belong to."""

    known: Revision
    added: tuple[Json, ...]
    removed: tuple[Json, ...]

    def parent(self) -> dict[str, Value]:
        """The parent after the change, if it touched the parent."""
        after, before = self._parent_in(self.added), self._parent_in(self.removed)
        return {"parent": after} if after or before else {}

    def facts(self) -> Iterator[TrackerFact]:
        if self.parent() and PARENT not in self.known.changes:
            before, after = self._parent_in(self.removed), self._parent_in(self.added)
            yield self.known.linked(ParentChanged, PARENT, before=before, after=after)
        yield from self._links(LinkRemoved, self.removed)
        yield from self._links(LinkAdded, self.added)

    @staticmethod
    def _parent_in(relations: tuple[Json, ...]) -> str | None:
        return next((item_of_url(each.get("url")) for each in relations if each.get("rel") == TO_PARENT), None)

    def _links(self, kind: type[LinkAdded | LinkRemoved], relations: tuple[Json, ...]) -> Iterator[TrackerFact]:
        for relation in relations:
            rel, url = text(relation.get("rel")), text(relation.get("url"))
            other = item_of_url(url) or url
            if rel and other and rel != TO_PARENT and rel not in _NOT_KEPT:
                link, outward = rel.removesuffix("-Forward").removesuffix("-Reverse"), not rel.endswith("-Reverse")
                yield self.known.linked(kind, f"{link}:{other}", other=other, link=link, outward=outward)


def relations_changed(event: Event, known: Revision) -> RelationsChanged:
    """Links change without a new revision, at a moment of their own, which the feed of links knows, too."""
    changed: Mapping[str, object] = {}
    if not isinstance(event.resource.get("relations"), list):
        changed = optional_record(event.resource.get("relations"), "resource.relations")
    if changed and not known.changes:
        at = instant(event.resource.get("revisedDate")) or max(known.at, event.told)
        known = replace(known, at=at, version=f"{known.version}.{number(event.resource.get('id')) or at.isoformat()}")
    added, removed = (tuple(records(changed.get(what), f"resource.relations.{what}")) for what in ("added", "removed"))
    return RelationsChanged(known, added, removed)
