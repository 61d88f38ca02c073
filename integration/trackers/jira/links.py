"""Links between issues, as an issue shows them at one of their ends, and when each was added, as far as changelogs tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integration.trackers.jira import changelog, issue
from integration.trackers.jira.payload import Json, identifier, moment, optional_identifier, record, records, text
from integration.trackers.jira.place import Link


def links_of(number: str, shown: Json, at: datetime) -> Iterator[Link]:
    """The links of an issue that was updated last at that time. One end shows where it points to, the other where it
    comes from.
    """
    born = moment(issue.raw_fields(shown).get("created")) or at
    for raw in records(issue.raw_fields(shown).get("issuelinks"), "issue.fields.issuelinks"):
        kind = raw.get("type")
        name = (text(kind.get("name")) if isinstance(kind, dict) else None) or ""
        for end in ("outwardIssue", "inwardIssue"):
            if (told := raw.get(end)) is None:
                continue
            there = record(told, end)
            other = identifier(there.get("id"), f"{end}.id")
            source, target = (number, other) if end == "outwardIssue" else (other, number)
            key = optional_identifier(there.get("key")) or ""
            yield Link(identifier(raw.get("id"), "issuelink.id"), source, target, name, key, born)


def dated(links: Sequence[Link], entries: Sequence[changelog.Entry]) -> list[Link]:
    """The links with the times at which the changelog tells that one with that key was added, where it does."""
    added = {
        text(change.get("to")): entry.at
        for entry in entries
        for change in entry.changes
        if changelog.field_of(change).casefold() == "link" and text(change.get("to"))
    }
    return [link.added(added[link.key]) if link.key in added else link for link in links]
