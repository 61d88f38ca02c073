"""How the service is doing: what waits and since when, what failed and why, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from integration.core.catalogue import Catalogue
from integration.core.facts import ItemRef
from integration.core.items import item_of, load
from integration.core.links import unknown_tags
from integration.core.scorecard import Scorecard
from integration.core.write_back import FieldValue
from integration.store import applied, budgets, check_ins, deliveries, items, marks, outbox, reads, streams, written
from integration.store.budgets import Asked
from integration.store.deliveries import Count, Outcome
from integration.store.outbox import BADGE, Wish
from integration.store.reads import Read
from integration.store.streams import ALL_PROJECTS, ITEMS, STANDING, WHOLE, Stream
from webhooks.kpis.guardrails import Guarding, guarding
from webhooks.overview import guardrail_as_json

NO_CATALOGUE = Catalogue()
HELD = "changed by a person; empty the field in the tracker (an emptied one: type something first), and okrlink writes again"


@dataclass(frozen=True, slots=True)
class Held:
    """A field of ours that a person changed, and what they wrote."""

    ref: ItemRef
    field: str
    value: FieldValue


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A tag that names no key result, and the one that may be meant."""

    ref: ItemRef
    tag: str
    suggestion: str | None


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything that `okrlink status` tells."""

    revision: int | None
    applied_at: datetime | None
    counts: Sequence[Count]
    """Of the deliveries that are still kept; `retention` throws old ones away."""
    counted_since: datetime | None
    dead_since: datetime | None
    """When the oldest one came that was read, and the oldest that was not understood and is kept longer."""
    deliveries_since: datetime | None
    dead_deliveries: Sequence[Outcome]
    marks: Mapping[str, int]
    marks_since: datetime | None
    reads: Sequence[Read]
    waiting: Sequence[Wish]
    dead_writes: Sequence[Wish]
    held: Sequence[Held]
    notices: Sequence[tuple[str, str, str, datetime]]
    unknown_tags: Sequence[UnknownTag]
    unknown_key_results: Mapping[str, str]
    guardrails: Sequence[Guarding]
    """Of the objectives that are pursued today."""
    streams: Sequence[Stream]
    """How far backfills and rescans have come."""
    requests: Sequence[Asked]
    """What trackers were asked today, in the mapping's time zone."""
    projects: Mapping[str, Sequence[str]]
    """What the mapping in force names of each connection, to be read."""
    keys: Mapping[ItemRef, str]
    """How people call the items that are named above."""
    fields: Mapping[tuple[str, str], str]
    """(connection, field id) -> its name on screen."""

    def key(self, ref: ItemRef) -> str:
        return self.keys.get(ref, ref.id)

    def asked(self, read: Read) -> str:
        """What a read is about."""
        if read.kind == "catalogue":
            return f"the fields and states of {read.ref.connection}"
        return f"{self.key(read.ref)} and what is below it" if read.kind == "subtree" else self.key(read.ref)

    def waiting_deliveries(self) -> int:
        return sum(one.count for one in self.counts if one.state == "new")

    def rescans(self) -> Mapping[str, Sequence[Stream]]:
        """What each connection is asked for every so often."""
        found: dict[str, list[Stream]] = {}
        for one in self.streams:
            if one.scope == STANDING:
                found.setdefault(one.connection, []).append(one)
        return found

    def unread(self, name: str) -> Sequence[str]:
        """Of which of a connection's projects the past was never read to its end; `*` stands for all that there are."""
        ends = [one for one in self.streams if one.connection == name and one.scope.startswith(WHOLE)]
        lacking = [one.lacks(self.projects.get(name, ())) for one in ends if one.name in ITEMS and one.reached_at]
        return min(lacking, key=len, default=(ALL_PROJECTS,))

    def targets(self, wish: Wish) -> Sequence[str]:
        """What a write is about, as people see it."""
        return [self.field(wish.ref.connection, target) for target in sorted(wish.desired)]

    def field(self, name: str, target: str) -> str:
        return "remote link" if target == BADGE else self.fields.get((name, target), target)


def condition(connection: Connection, scorecard: Scorecard | None, now: datetime) -> Condition:
    """`scorecard` is that of the mapping in force."""
    newest = applied.newest(connection)
    names = list(reads.catalogue_dates(connection))
    catalogues = {name: reads.load_catalogue(connection, name) or NO_CATALOGUE for name in names}
    waiting, dead = outbox.wishes(connection, "wanted"), outbox.wishes(connection, "dead")
    fields = {(name, one.id): one.name for name, told in catalogues.items() for one in told.fields}
    held = [
        Held(ref, fields.get((ref.connection, target), target), value)
        for ref, target, value in written.held(connection)
    ]
    questions = reads.open_reads(connection)
    strays = _unknown_tags(connection, scorecard, catalogues) if scorecard else []
    named = {
        *(one.ref for one in (*waiting, *dead)),
        *(one.ref for one in held),
        *(one.ref for one in questions),
        *(one.ref for one in strays),
    }
    return Condition(
        revision=newest.revision if newest else None,
        applied_at=newest.applied_at if newest else None,
        counts=deliveries.counts(connection),
        counted_since=deliveries.kept_since(connection, dead=False),
        dead_since=deliveries.kept_since(connection, dead=True),
        deliveries_since=deliveries.waiting_since(connection),
        dead_deliveries=deliveries.dead(connection),
        marks=marks.pending(connection),
        marks_since=marks.waiting_since(connection),
        reads=questions,
        waiting=waiting,
        dead_writes=dead,
        held=held,
        notices=applied.shown(connection),
        unknown_tags=strays,
        unknown_key_results=_unknown(connection, scorecard) if scorecard else {},
        guardrails=guarding(connection, scorecard, now.astimezone(scorecard.timezone).date()) if scorecard else (),
        streams=streams.every(connection),
        projects={name: rule.projects for name, rule in scorecard.connections.items()} if scorecard else {},
        requests=budgets.asked(connection, _midnight(now, scorecard)),
        keys={ref: row.key for ref, row in items.rows(connection, named).items()},
        fields=fields,
    )


def _midnight(now: datetime, scorecard: Scorecard | None) -> datetime:
    """When the day began: as people count, where a mapping says how."""
    local = now.astimezone(scorecard.timezone if scorecard else UTC)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _unknown_tags(
    connection: Connection, scorecard: Scorecard, catalogues: Mapping[str, Catalogue]
) -> Sequence[UnknownTag]:
    fields = {
        known.id
        for rule in scorecard.tags
        if rule.field is not None
        for told in catalogues.values()
        for known in told.named(rule.field)
    }
    found = []
    for row in items.tagged(connection, fields):
        rule, told = scorecard.connections.get(row.ref.connection), catalogues.get(row.ref.connection, NO_CATALOGUE)
        item = item_of(load(row.state), row.ref, told, rule)
        found += [UnknownTag(row.ref, tag, near) for tag, near in unknown_tags(item, scorecard, told)]
    return found


def _unknown(connection: Connection, scorecard: Scorecard) -> Mapping[str, str]:
    measured = check_ins.standings_of(connection)
    return {
        key_result.id: measured[key_result.id].standing.reason if key_result.id in measured else "not measured yet"
        for _, key_result in scorecard.key_results()
        if key_result.id not in measured or measured[key_result.id].standing.progress is None
    }


def as_json(told: Condition) -> dict[str, Any]:
    """Every key always there."""
    return {
        "applied": {"revision": told.revision, "at": _time(told.applied_at)} if told.revision else None,
        "deliveries": {
            "waiting": told.waiting_deliveries(),
            "waiting_since": _time(told.deliveries_since),
            "counted_since": _time(told.counted_since),
            "dead_since": _time(told.dead_since),
            "counts": [
                {"connection": one.connection, "event": one.event, "state": one.state, "count": one.count}
                for one in told.counts
            ],
            "dead": [{"id": one.id, "event": one.event, "reason": one.reason} for one in told.dead_deliveries],
        },
        "refresh": {"waiting": dict(told.marks), "waiting_since": _time(told.marks_since)},
        "reads": [
            {
                **_item(told, one.ref),
                "kind": one.kind,
                "state": one.state,
                "attempts": one.attempts,
                "reason": one.reason,
            }
            for one in told.reads
        ],
        "writes": {
            "waiting": [_write(told, one) for one in told.waiting],
            "dead": [_write(told, one) for one in told.dead_writes],
        },
        "streams": [_stream(one) for one in told.streams],
        "requests_today": [
            {"connection": one.connection, "purpose": one.purpose, "made": one.made, "refused": one.refused}
            for one in told.requests
        ],
        "held": [{**_item(told, one.ref), "field": one.field, "value": one.value, "remedy": HELD} for one in told.held],
        "notices": [
            {"connection": name, "topic": topic, "message": message, "since": _time(since)}
            for name, topic, message, since in told.notices
        ],
        "unknown_tags": [
            {**_item(told, one.ref), "tag": one.tag, "suggestion": one.suggestion} for one in told.unknown_tags
        ],
        "unknown_key_results": [
            {"key_result": name, "reason": reason} for name, reason in told.unknown_key_results.items()
        ],
        "guardrails": [
            {
                **guardrail_as_json(one.guardrail),
                "objectives": list(one.objectives),
            }
            for one in told.guardrails
        ],
    }


def _item(told: Condition, ref: ItemRef) -> dict[str, Any]:
    return {"connection": ref.connection, "id": ref.id, "key": told.key(ref)}


def _write(told: Condition, wish: Wish) -> dict[str, Any]:
    return {
        **_item(told, wish.ref),
        "fields": {told.field(wish.ref.connection, target): value for target, value in wish.desired.items()},
        "attempts": wish.attempts,
        "reason": wish.reason,
        "since": _time(wish.since),
    }


def _stream(one: Stream) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "stream": one.name,
        "scope": one.scope or "rescan",
        "since": _time(one.since),
        "reached_at": _time(one.reached_at),
        "due_at": _time(one.due_at) if one.scope == STANDING else None,
        "told": one.told,
        "new_facts": one.new,
        "missed": one.missed if one.scope == STANDING else None,
        "attempts": one.attempts,
        "reason": one.reason,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
