"""Reads and writes of one organisation: reads through the SDK, writes by hand, both by one way of calling."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from integration.core.catalogue import Catalogue, folded
from integration.core.errors import Conflict, Gone, NotQuiet, Permanent, Refused
from integration.core.facts import TrackerFact, Value
from integration.core.queries import Query
from integration.core.write_back import Badge, Edit, FieldValue
from integration.trackers import http
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.asked import Asked
from integration.trackers.azure_devops.badges import Hyperlink, Operation, badge_changes, comment_of, hyperlinks
from integration.trackers.azure_devops.catalogue import emptiable_of_types, read_catalogue
from integration.trackers.azure_devops.history import STREAMS, History
from integration.trackers.azure_devops.payload import account, instant
from integration.trackers.azure_devops.picklists import Picklists, says
from integration.trackers.azure_devops.queries import too_large
from integration.trackers.azure_devops.relations import children, listed_parent
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.revisions import known_revision
from integration.trackers.azure_devops.sdk import Wiql, WorkItemBatchGetRequest, reading, work_item_tracking
from integration.trackers.contract import Connection, Current, HistoryPage, ItemOutcome

MOST_IDS = 200
PAGE_OF_UPDATES = 200
_REMEDY = "Let the account suppress notifications for work item updates, or set quiet: false under write_back"
_DESCENDANTS = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.Id] = {item} "
    "AND [System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' MODE (Recursive)"
)


class AzureDevOpsClient:
    """One organisation or collection."""

    streams: Sequence[str] = STREAMS
    most_items = MOST_IDS

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = Rest(connection)
        self._wit = work_item_tracking(self._rest)
        self._history = History(connection, self._rest)
        self._asked = Asked(connection, self._rest)
        self._picklists = Picklists(self._rest)
        self._emptiable: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self._looked: tuple[str, int, Sequence[Hyperlink]] = ("", 0, ())

    def catalogue(self) -> Catalogue:
        return read_catalogue(self._connection, self._rest, self._wit)

    def item(self, item: str) -> Sequence[TrackerFact]:
        return tuple(self._facts(self._read(item)))

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        numbers = [int(item) for item in items if _is_number(item)]
        there = self._read_batch(numbers) if numbers else ()
        found = {str(each.id): tuple(self._facts(each)) for each in there}
        return {item: found.get(item) or _absent(item) for item in items}

    def subtree(self, item: str) -> Iterator[Sequence[TrackerFact]]:
        try:
            ids = self._descendants(_number(item))
        except Permanent as refusal:
            if not too_large(refusal):
                raise
            yield from self._level_by_level(_number(item))
            return
        if not ids:
            raise _absent(item)
        for start in range(0, len(ids), MOST_IDS):
            yield [fact for each in self._read_batch(ids[start : start + MOST_IDS]) for fact in self._facts(each)]

    def current(self, item: str, fields: Sequence[str], *, badge: bool) -> Current:
        read = self._read(item)
        links = hyperlinks(read.relations)
        self._looked = (item, read.rev, links)
        ours = next((link for link in links if link.is_ours()), None) if badge else None
        held = {name: _field_value(read.fields.get(name)) for name in fields}
        return Current(held, badge=ours.badge() if ours else None, revision=read.rev, key=item)

    def last_edit(self, item: str, field: str) -> Edit | None:
        """Reads the history from its end, a page at a time: updates are numbered upwards, and there are no fewer of
        them than revisions.
        """
        end: int | None = None
        looked, rev, _ = self._looked
        start = max(0, (rev if looked == item else self._read(item).rev) - PAGE_OF_UPDATES)
        while True:
            for update in reversed(list(self._updates(item, start, end))):
                change = (update.fields or {}).get(field)
                if change is not None and change.old_value != change.new_value:
                    return Edit(account(_identity(update.revised_by)), _field_value(change.new_value))
            if start == 0:
                return None
            end, start = start, max(0, start - PAGE_OF_UPDATES)

    def write(
        self,
        item: str,
        fields: Mapping[str, FieldValue],
        *,
        badge: Badge | None = None,
        remove_badge: bool = False,
        revision: int | None = None,
        quiet: bool = True,
    ) -> None:
        changes = [_field_change(name, value) for name, value in self._picklists.spelled(fields).items()]
        if badge or remove_badge:
            revision, links = self._links_at(item, revision)
            changes += badge_changes(links, badge)
        if not changes:
            return
        guard: list[Operation] = [] if revision is None else [{"op": "test", "path": "/rev", "value": revision}]
        query = {"api-version": self._rest.version}
        if quiet:
            query["suppressNotifications"] = "true"
        url = f"{self._rest.url}/_apis/wit/workitems/{_number(item)}"
        kind = {"Content-Type": "application/json-patch+json"}
        try:
            answer = self._rest.send("PATCH", url, query=query, headers=kind, data=orjson.dumps(guard + changes))
        except Refused as refusal:
            if quiet and "suppress" in refusal.reason:
                raise NotQuiet(f"{refusal.reason} {_REMEDY}") from refusal
            raise
        http.decoded(answer)  # a page of a proxy's is no written item

    def why_not_quiet(self, project: str) -> str | None:
        """Nothing is known beforehand: an account that may not suppress notifications is refused, and writes nothing."""
        del project
        return None

    def asked_to_wait(self) -> float:
        return self._rest.asked_to_wait()

    def same(self, field_type: str, ours: FieldValue, theirs: FieldValue) -> bool:
        if ours in (None, "") or theirs in (None, ""):
            return ours in (None, "") and theirs in (None, "")
        if field_type in ("number", "whole number"):
            return _as_number(ours) == _as_number(theirs) is not None
        if field_type == "option":
            return folded(str(ours)) == folded(str(theirs))
        if field_type == "date" and instant(str(ours)):
            return instant(str(ours)) == instant(str(theirs))
        if field_type == "rich text":
            return says(str(theirs), str(ours))
        return str(ours).strip() == str(theirs).strip()

    def same_badge(self, ours: Badge, theirs: Badge) -> bool:
        return (ours.url, comment_of(ours)) == (theirs.url, comment_of(theirs))

    def history(self, stream: str, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        return self._history.read(stream, since, cursor)

    def total(self, stream: str, since: datetime) -> int | None:
        return self._history.total(stream, since)

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        return self._asked.answers(query)

    def present(self) -> Iterator[Sequence[str]]:
        return self._history.present()

    def _descendants(self, item: int) -> Sequence[int]:
        """The item and all below it; none where it is not there."""
        with reading():
            found = self._wit.query_by_wiql(Wiql(query=_DESCENDANTS.format(item=item)))
        return list(dict.fromkeys(link.target.id for link in found.work_item_relations or ()))

    def _level_by_level(self, item: int) -> Iterator[Sequence[TrackerFact]]:
        """What no query can answer at once: each batch of items names its children."""
        ahead, met = deque([item]), {item}
        while ahead:
            batch = self._read_batch([ahead.popleft() for _ in range(min(MOST_IDS, len(ahead)))])
            below = [int(child) for each in batch for child in children(each.relations)]
            ahead.extend(new for new in dict.fromkeys(below) if new not in met)
            met.update(below)
            yield [fact for each in batch for fact in self._facts(each)]

    def _read_batch(self, ids: Sequence[int]) -> Sequence[Any]:
        """Those of the items that are there, with their relations."""
        asked = WorkItemBatchGetRequest(ids=list(ids), expand="Relations", error_policy="Omit")
        with reading():
            return [each for each in self._wit.get_work_items_batch(asked) if each is not None]

    def _links_at(self, item: str, revision: int | None) -> tuple[int, Sequence[Hyperlink]]:
        """The item's hyperlinks, whose places hold for one revision. Mostly it was looked at a moment ago."""
        known_item, known, links = self._looked
        if (known_item, known) != (item, revision):
            read = self._read(item)
            known, links = int(read.rev), hyperlinks(read.relations)
            if revision not in (None, known):
                raise Conflict(f"work item {item} is at revision {known}, not {revision}")
        return known, links

    def _read(self, item: str) -> Any:
        with reading():
            return self._wit.get_work_item(_number(item), expand="Relations")

    def _updates(self, item: str, start: int, end: int | None) -> Iterator[Any]:
        while end is None or start < end:
            top = PAGE_OF_UPDATES if end is None else min(PAGE_OF_UPDATES, end - start)
            with reading():
                page = self._wit.get_updates(_number(item), top=top, skip=start)
            yield from page
            start += len(page)
            if not page:
                return

    def _facts(self, read: Any) -> Iterator[TrackerFact]:
        """The item as it is now, which heals what lost webhooks did not tell: fields that were emptied, and what changes
        without a new revision. The latter is as new as the answer, by the tracker's own clock.
        """
        held = f.folded_in(read.fields)
        known = known_revision(str(read.id), read.rev, read.fields, self._rest.answered)
        empty: dict[str, Value] = {"labels": (), "done_at": None}
        empty |= dict.fromkeys(self._emptiable_of(read.fields.get(f.PROJECT), read.fields.get(f.TYPE)))
        yield known.seen({name: value for name, value in empty.items() if name not in held})
        relations = [relation.as_dict() for relation in read.relations or ()]
        parent = (
            {"parent": held["parent"]} if "parent" in held else listed_parent({"relations": relations}, "relations")
        )
        yield known.later(self._rest.answered, known.version).seen_only({"deleted": False, **parent})
        yield from known.creation()

    def _emptiable_of(self, project: Any, kind: Any) -> tuple[str, ...]:
        if project not in self._emptiable:
            with reading():
                self._emptiable[project] = emptiable_of_types(self._wit.get_work_item_types(project))
        return self._emptiable[project].get(kind, ())


def _number(item: str) -> int:
    """Ids come from facts, which hold nothing but digits here; anything else never was a work item."""
    if not _is_number(item):
        raise Gone(f"{item!r} is no work item of Azure DevOps")
    return int(item)


def _is_number(item: str) -> bool:
    return item.isascii() and item.isdecimal()


def _absent(item: str) -> Gone:
    return Gone(f"work item {item} does not exist, or may not be seen")


def _field_change(name: str, value: FieldValue) -> Operation:
    path = f"/fields/{name}"
    return {"op": "remove", "path": path} if value is None else {"op": "add", "path": path, "value": value}


def _field_value(value: Any) -> FieldValue:
    return value if isinstance(value, str | int | float) else None


def _identity(reference: Any) -> Any:
    return {"id": reference.id, "descriptor": reference.descriptor} if reference else None


def _as_number(value: FieldValue) -> float | None:
    """Six digits after the point are more than anybody writes, and fewer than a double loses on its way."""
    try:
        return round(float(value), 6) if value is not None else None
    except ValueError:
        return None
