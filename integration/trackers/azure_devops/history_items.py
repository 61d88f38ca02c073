"""The feed of revisions -> tracker facts.

The feed holds full revisions of all items in the order of time, so that an item's last revision before a page may be a
thousand pages away. The newest ones are remembered, packed; what is not, after a restart above all, is asked for as it
was before the page: 200 items a request, and none at all for items that are born within it.

A feed may begin at a moment, and an item that changes after it has a past before it. That is read item by item where
there are few such items; where there are many, the feed is read from its own beginning instead, which costs less.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from integration.core.errors import Gone
from integration.core.facts import TrackerFact
from integration.trackers.azure_devops import fields as f
from integration.trackers.azure_devops.deltas import Before, facts_of, facts_of_all, full_revision
from integration.trackers.azure_devops.payload import Json, identifier, records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.revisions import Revision
from integration.trackers.azure_devops.scopes import Scope, Step, stamp, understanding

PAGE = 1000
PAGE_OF_PAST = 200
MOST_IDS = 200
MOST_PASTS = 200
"""So many pasts are read one by one before the whole feed is: it then tells of a thousand revisions a request."""
MOST_REMEMBERED = 20_000
"""Items whose last revision is remembered: about a kilobyte each."""

_LONG = frozenset({"html", "plainText", "history"})
"""Types of fields that the feed leaves out, because their texts are long."""
_COUNTED = ("LinkCount", "FileCount")
_TICK = timedelta(milliseconds=1)


class RevisionFeed:
    """Reads the feed of one organisation."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._remembered = _Remembered()
        self._long: frozenset[str] | None = None

    def read(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """All revisions after the position's, a page at a time, until there are no more at present."""
        token, pasts = position.get("token"), int(position.get("pasts", 0))
        whole, caught_up = position.get("whole") is True, position.get("caught up") is True
        while True:
            told, next_one, last = self._page(scope, token, None if whole else since)
            befores = self._befores(told)
            firsts = _firsts(told)
            new = [each for each in firsts.values() if _is_new(each, befores.get(each.item), since)]
            olds = [] if whole else [each for each in new if each.rev > 1]
            if not caught_up and pasts + len(olds) > MOST_PASTS:
                token, whole, pasts = None, True, 0
                continue
            facts = [fact for each in olds for fact in self._past(each, befores[each.item])]
            facts += self._facts(told, befores)
            token, pasts, caught_up = next_one, pasts + len(olds), caught_up or last
            yield Step(facts, {"token": token, "whole": whole, "pasts": pasts, "caught up": caught_up}, len(new))
            if last:
                return

    def _page(self, scope: Scope, token: str | None, start: datetime | None) -> tuple[list[Revision], str | None, bool]:
        query = {"includeDeleted": "true", "includeIdentityRef": "true", "$maxPageSize": str(PAGE)}
        if token:
            query["continuationToken"] = token
        elif start:
            query["startDateTime"] = stamp(start)
        batch = self._rest.get(scope.path("_apis/wit/reporting/workitemrevisions"), **query)
        with understanding():
            told = [full_revision(each, self._rest.answered) for each in records(batch.get("values"), "values")]
            return told, *next_token(batch, token)

    def _facts(self, told: Sequence[Revision], befores: dict[str, Before]) -> Iterator[TrackerFact]:
        newest = {each.item: each.rev for each in told}
        for each in told:
            yield from facts_of(each, befores.get(each.item), newest=each.rev == newest[each.item])
            befores[each.item] = Before(each.at, each.values)
        for item, rev in newest.items():
            self._remembered.put(item, rev, befores[item])

    def _befores(self, told: Sequence[Revision]) -> dict[str, Before]:
        """By item, what was before its first revision in the page; none for the born, and for what cannot be read."""
        found: dict[str, Before] = {}
        forgotten: list[Revision] = []
        for each in _firsts(told).values():
            known = self._remembered.get(each.item, each.rev - 1)
            if known is not None:
                found[each.item] = known
            elif each.rev > 1:
                forgotten.append(each)
        return found | self._as_they_were(forgotten)

    def _as_they_were(self, revisions: Sequence[Revision]) -> dict[str, Before]:
        if not revisions:
            return {}
        long = self._long_fields()
        moment = min(each.at for each in revisions) - _TICK
        found: dict[str, Before] = {}
        for start in range(0, len(revisions), MOST_IDS):
            some = revisions[start : start + MOST_IDS]
            ids = [int(each.item) for each in some]
            asked = {"ids": ids, "asOf": stamp(moment), "$expand": "fields", "errorPolicy": "omit"}
            answer = self._rest.post("_apis/wit/workitemsbatch", asked)
            with understanding():
                known = {str(each["id"]): each for each in answer["value"] if each is not None}
                for each in some:
                    was = known.get(each.item)
                    if was is not None and was["rev"] != each.rev - 1:
                        # Two changes within the same millisecond fall on both sides of the page's border.
                        was = self._one(each.item, each.rev - 1)
                    if was is not None:
                        before = full_revision(was, self._rest.answered)
                        found[each.item] = Before(before.at, _as_in_feed(before.values, long, each))
        return found

    def _one(self, item: str, rev: int) -> Json | None:
        try:
            return self._rest.get(f"_apis/wit/workItems/{item}/revisions/{rev}", **{"$expand": "fields"})
        except Gone:
            return None

    def _past(self, first: Revision, before: Before) -> Iterator[TrackerFact]:
        """All revisions of an item before the first that the feed tells, and whose child it was."""
        past: list[Revision] = []
        while len(past) < first.rev - 1:
            query = {"$top": str(PAGE_OF_PAST), "$skip": str(len(past))}
            try:
                answer = self._rest.get(f"_apis/wit/workItems/{first.item}/revisions", **query)
            except Gone:
                break
            with understanding():
                listed = records(answer.get("value"), "value")
                past += [full_revision(each, self._rest.answered) for each in listed]
            if not listed:
                break
        past = [each for each in past if each.rev < first.rev]
        yield from facts_of_all(past)
        if past and f.PARENT in before.values:
            yield past[-1].seen_only({"parent": identifier(before.values[f.PARENT])})

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
        self._packed: OrderedDict[str, tuple[int, float, bytes]] = OrderedDict()

    def put(self, item: str, rev: int, last: Before) -> None:
        kept = {name: value for name, value in last.values.items() if name not in f.BOOKKEEPING and value is not None}
        self._packed[item] = rev, last.at.timestamp(), zlib.compress(orjson.dumps(kept), 1)
        self._packed.move_to_end(item)
        if len(self._packed) > MOST_REMEMBERED:
            self._packed.popitem(last=False)

    def get(self, item: str, rev: int) -> Before | None:
        known, at, packed = self._packed.get(item, (0, 0.0, b""))
        if not known == rev > 0:
            return None
        return Before(datetime.fromtimestamp(at, UTC), orjson.loads(zlib.decompress(packed)))


def next_token(batch: Json, token: str | None) -> tuple[str | None, bool]:
    """From where to go on, and whether that is the end for now. Version 2.0 tells it in the address of the next page."""
    told = batch.get("continuationToken")
    if told is None:
        told = next(iter(parse_qs(urlsplit(str(batch.get("nextLink"))).query).get("continuationToken", ())), None)
    moved = told is not None and str(told) != token
    return (str(told) if told is not None else token), batch.get("isLastBatch") is not False or not moved


def _firsts(told: Sequence[Revision]) -> Mapping[str, Revision]:
    """The first revision of each item."""
    firsts: dict[str, Revision] = {}
    for each in told:
        firsts.setdefault(each.item, each)
    return firsts


def _is_new(first: Revision, before: Before | None, since: datetime) -> bool:
    """Whether the item changes for the first time since then."""
    if first.rev == 1:
        return first.at >= since
    return before is not None and before.at <= since <= first.at


def _as_in_feed(values: Mapping[str, Any], long: frozenset[str], told: Revision) -> Mapping[str, Any]:
    """Without what the feed leaves out: long texts, and what is counted from links."""
    return {
        name: value
        for name, value in values.items()
        if name in told.values or not (name in long or name.endswith(_COUNTED))
    }
