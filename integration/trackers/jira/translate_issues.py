"""Events about issues and their comments -> tracker facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from integration.core.errors import Malformed
from integration.core.facts import ItemDeleted, ItemSeen, TrackerFact, Value
from integration.trackers.jira import changelog, issue
from integration.trackers.jira.payload import Json, identifier, is_person, moment, record


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery, opened: its kind, its body, when Jira told it (by Jira's clock, if readable), when it came, by whom."""

    kind: str
    body: Json
    told: datetime | None
    received: datetime
    actor: str | None


def issue_updated(event: Event) -> Iterator[TrackerFact]:
    """Edits, transitions, moves and, on servers, comments: all arrive as one kind."""
    shown = issue_in(event.body)
    yield from _changed(event, shown, _at(event, shown, None), {})


def issue_created(event: Event) -> Iterator[TrackerFact]:
    shown = issue_in(event.body)
    at = _at(event, shown, issue.raw_fields(shown).get("created"))
    born = issue.created(shown, at=at, actor=event.actor)
    yield born
    yield from _changed(event, shown, at, {"status_changed": born.at.isoformat()})


def issue_deleted(event: Event) -> Iterator[TrackerFact]:
    """The body shows the issue as it was; `updated` is older than its end, so Jira's word about the event counts."""
    shown = issue_in(event.body)
    last = _at(event, shown, None)
    at = max(last, event.told or last)
    number = identifier(shown.get("id"), "issue.id")
    yield issue.seen(shown, at=at, actor=event.actor, more={"deleted": True})
    yield ItemDeleted(at=at, source=number, actor=event.actor, item=number)


def comment_told(event: Event) -> Iterator[TrackerFact]:
    """A comment was written or edited: the same fact, since it was written at one time only."""
    number = _commented_issue(event.body)
    if event.body.get("issue") is not None:
        yield _partly_seen(event)
    yield from _commented(event, number)


def comment_deleted(event: Event) -> Iterator[TrackerFact]:
    """What was said stays said; the body still shows six of the issue's fields."""
    if event.body.get("issue") is not None:
        yield _partly_seen(event)


def issue_in(body: Json) -> Json:
    """The issue a body is about: under `issue`, or the body itself, as automation rules send it."""
    shown = body.get("issue")
    if shown is None and "fields" in body:
        shown = body
    return record(shown, "issue")


def issue_of_comment(comment: Json) -> str | None:
    """Servers tell the issue of a comment only in the comment's address: `.../issue/10013/comment/10082`."""
    address = comment.get("self")
    if not isinstance(address, str):
        return None
    before, found, _ = address.partition("/comment/")
    return before.rpartition("/issue/")[2] or None if found else None


def _partly_seen(event: Event) -> ItemSeen:
    shown = issue_in(event.body)
    comment = event.body.get("comment")
    told = comment.get("updated") if isinstance(comment, dict) else None
    return issue.seen(shown, at=_at(event, shown, told), actor=event.actor)


def _changed(event: Event, shown: Json, at: datetime, known: Mapping[str, Value]) -> Iterator[TrackerFact]:
    number = identifier(shown.get("id"), "issue.id")
    history = event.body.get("changelog")
    if history is None:
        yield issue.seen(shown, at=at, actor=event.actor, more=known)
    else:
        entry = changelog.entry_of(record(history, "changelog"), item=number, at=at, actor=event.actor)
        told = {**known, **changelog.told_fields(entry)}
        yield issue.seen(shown, at=at, order=entry.order, actor=event.actor, more=told)
        fields = issue.raw_fields(shown)
        yield from changelog.facts_of(entry, lambda field: is_person(fields.get(field)))
    if event.body.get("comment") is not None:
        yield from _commented(event, number)


def _at(event: Event, shown: Json, other: object) -> datetime:
    """When it was so: the issue's own time, else Jira's of the event, else that of what it is about, else of its arrival."""
    return issue.updated(shown) or event.told or moment(other) or event.received


def _commented_issue(body: Json) -> str:
    comment = record(body.get("comment"), "comment")
    shown = body.get("issue")
    number = (
        identifier(record(shown, "issue").get("id"), "issue.id") if shown is not None else issue_of_comment(comment)
    )
    if number is None:
        raise Malformed("comment: does not tell its issue")
    return number


def _commented(event: Event, number: str) -> Iterator[TrackerFact]:
    comment = record(event.body.get("comment"), "comment")
    yield issue.commented(comment, item=number, at=event.told or event.received, actor=event.actor)
