"""The feed of revisions -> tracker facts: what changed between two revisions of an item is what its webhook told.

The feed holds full revisions of all items in the order of time, so that an item's last revision before a page may be a
thousand pages away. The newest ones are remembered, packed; what is not, after a restart above all, is asked for as it
was before the page: 200 items a request, and none at all for items that are born within it.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from integration.core.errors import Gone
from integration.core.facts import ItemDeleted, TrackerFact
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.payload import Json, account, number, optional_record, record, records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.revisions import Revision, known_revision
from integration.trackers.azure_devops.scopes import Scope, Step, stamp, understanding
from integration.trackers.azure_devops.work_items import comment, fields_changed

PAGE = 1000
MOST_IDS = 200
MOST_REMEMBERED = 20_000
"""Items whose last revision is remembered: about a kilobyte each."""

_COUNTED = ("LinkCount", "FileCount")
_COMMENTS = "System.CommentCount"
_LONG = frozenset({"html", "plainText", "history"})
"""Types of fields that the feed leaves out, because their texts are long."""
_TICK = timedelta(milliseconds=1)

Values = Mapping[str, Any]


class RevisionFeed:
    """Reads the feed of one organisation."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._remembered = _Remembered()
        self._long: frozenset[str] | None = None

    def read(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """All revisions after the position's, a page at a time, until there are no more at present."""
        del since  # an item's past is told whole
        token = position.get("token")
        query = {"includeDeleted": "true", "includeIdentityRef": "true", "$maxPageSize": str(PAGE)}
        while True:
            after = {"continuationToken": token} if token else {}
            batch = self._rest.get(scope.path("_apis/wit/reporting/workitemrevisions"), **query, **after)
            with understanding():
                token, last = next_token(batch, token)
                told = [_told(each, self._rest.answered) for each in records(batch.get("values"), "values")]
            born = sum(each.rev == 1 for each in told)
            yield Step(tuple(self._facts(told)), {"token": token}, born)
            if last:
                return
            self._rest.pause()

    def _facts(self, told: Sequence[Revision]) -> Iterator[TrackerFact]:
        befores = self._befores(told)
        newest = {each.item: each.rev for each in told}
        for each in told:
            before = befores.get(each.item)
            yield from _facts_of(each, before, newest=each.rev == newest[each.item])
            befores[each.item] = each.values
        for item, rev in newest.items():
            self._remembered.put(item, rev, befores[item])

    def _befores(self, told: Sequence[Revision]) -> dict[str, Values]:
        """By item, its values before its first revision in the page; none for the born, and for what cannot be read."""
        firsts: dict[str, Revision] = {}
        for each in told:
            firsts.setdefault(each.item, each)
        found: dict[str, Values] = {}
        forgotten: list[Revision] = []
        for each in firsts.values():
            known = self._remembered.get(each.item, each.rev - 1)
            if known is not None:
                found[each.item] = known
            elif each.rev > 1:
                forgotten.append(each)
        return found | self._as_they_were(forgotten)

    def _as_they_were(self, revisions: Sequence[Revision]) -> dict[str, Values]:
        if not revisions:
            return {}
        long = self._long_fields()
        moment = min(each.at for each in revisions) - _TICK
        found: dict[str, Values] = {}
        for start in range(0, len(revisions), MOST_IDS):
            some = revisions[start : start + MOST_IDS]
            ids = [int(each.item) for each in some]
            asked = {"ids": ids, "asOf": stamp(moment), "$expand": "Fields", "errorPolicy": "Omit"}
            answer = self._rest.post("_apis/wit/workitemsbatch", asked)
            with understanding():
                known = {str(each["id"]): each for each in answer["value"] if each is not None}
            for each in some:
                # Two changes within the same millisecond fall on both sides of the page's border.
                was = known.get(each.item)
                if was is not None and was["rev"] != each.rev - 1:
                    was = self._one(each.item, each.rev - 1)
                if was is not None:
                    found[each.item] = _without(_reduced(optional_record(was.get("fields"), "fields")), long, each)
        return found

    def _one(self, item: str, rev: int) -> Json | None:
        query = {"$expand": "fields"}
        try:
            return self._rest.get(f"_apis/wit/workItems/{item}/revisions/{rev}", **query)
        except Gone:
            return None

    def _long_fields(self) -> frozenset[str]:
        if self._long is None:
            known = self._rest.get("_apis/wit/fields")
            with understanding():
                listed = records(known.get("value"), "value")
                self._long = frozenset(each["referenceName"] for each in listed if each["type"] in _LONG)
        return self._long


class _Remembered:
    """The last revisions of the items that changed last, packed."""

    def __init__(self) -> None:
        self._packed: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def put(self, item: str, rev: int, values: Values) -> None:
        kept = {name: value for name, value in values.items() if name not in f.BOOKKEEPING and value is not None}
        self._packed[item] = rev, zlib.compress(orjson.dumps(kept), 1)
        self._packed.move_to_end(item)
        if len(self._packed) > MOST_REMEMBERED:
            self._packed.popitem(last=False)

    def get(self, item: str, rev: int) -> Values | None:
        known, packed = self._packed.get(item, (0, b""))
        found: Values | None = orjson.loads(zlib.decompress(packed)) if known == rev > 0 else None
        return found


def next_token(batch: Json, token: str | None) -> tuple[str | None, bool]:
    """From where to go on, and whether that is the end for now. Version 2.0 tells it in the address of the next page."""
    told = batch.get("continuationToken")
    if told is None:
        told = next(iter(parse_qs(urlsplit(str(batch.get("nextLink"))).query).get("continuationToken", ())), None)
    moved = told is not None and str(told) != token
    return (str(told) if told is not None else token), batch.get("isLastBatch") is not False or not moved


def _told(value: Json, answered: datetime) -> Revision:
    values = _reduced(record(value.get("fields"), "values.fields"))
    return known_revision(str(value["id"]), number(value["rev"]) or 0, values, answered)


def _reduced(values: Json) -> dict[str, Any]:
    """People by their ids only: their names and pictures change without a revision."""
    return {
        name: {"id": who, "descriptor": who} if isinstance(value, dict) and (who := account(value)) else value
        for name, value in values.items()
    }


def _without(values: dict[str, Any], long: frozenset[str], told: Revision) -> Values:
    """What the feed would have told of that revision, which leaves out long texts and what is counted from links."""
    return {
        name: value
        for name, value in values.items()
        if name in told.values or not (name in long or name == f.PARENT or name.endswith(_COUNTED))
    }


def _facts_of(told: Revision, before: Values | None, *, newest: bool) -> Iterator[TrackerFact]:
    """What a revision says beside the one before it. The newest of a page stands for what all fields are."""
    deleted = told.values.get(f.DELETED) is True
    if before is None:
        yield told.seen({"deleted": deleted})
        if told.rev == 1:
            yield from told.creation()
        elif deleted:
            yield told.said(ItemDeleted, "deleted")
        return
    emptied = dict.fromkeys(name for name, value in before.items() if value is not None and name not in told.values)
    emptied.pop(f.PARENT, None)
    changes = _changes(before, told.values)
    known = known_revision(told.item, told.rev, {**told.values, **emptied}, told.at, changes=changes)
    if newest:
        yield known.seen({"deleted": deleted})
    elif emptied:
        yield known.seen_only(f.folded_in(emptied))
    yield from fields_changed(known)
    if (number(told.values.get(_COMMENTS)) or 0) > (number(before.get(_COMMENTS)) or 0):
        yield comment(known)


def _changes(before: Values, after: Values) -> dict[str, Json]:
    """By field, what it was and is. Whose parent changed is told by the feed of links, which knows the moment."""
    names = [name for name in {**before, **after} if name not in f.BOOKKEEPING and name != f.PARENT]
    return {
        name: {"oldValue": before.get(name), "newValue": after.get(name)}
        for name in names
        if _told_value(name, before.get(name)) != _told_value(name, after.get(name))
    }


def _told_value(name: str, value: Any) -> Any:
    """No value comes as nothing, and as an empty text; what is not deleted, as nothing, and as false."""
    return value is True if name == f.DELETED else value if value != "" else None
