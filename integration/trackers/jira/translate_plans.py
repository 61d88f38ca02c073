"""Events about what stands beside issues, links, versions and sprints -> tracker facts.

None of them has a changelog id. A link has an id of its own and is added once and removed once. What a version or a
sprint is now (released, started, …) it became at one time, which Jira's own list tells, too; any other change of theirs
is known by the time of its event.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from integration.core.facts import LinkAdded, LinkRemoved, SprintChanged, TrackerFact, VersionChanged
from integration.trackers.jira.payload import Json, identifier, moment, optional_identifier, record, text
from integration.trackers.jira.translate_issues import Event


def link_changed(event: Event) -> Iterator[TrackerFact]:
    """`sourceIssueId` says the outward words to `destinationIssueId`: the source blocks the destination."""
    link = record(event.body.get("issueLink"), "issueLink")
    kind = link.get("issueLinkType")
    fact = LinkAdded if event.kind.endswith("_created") else LinkRemoved
    yield fact(
        at=event.told or event.received,
        source=identifier(link.get("id"), "issueLink.id"),
        actor=event.actor,
        item=identifier(link.get("sourceIssueId"), "issueLink.sourceIssueId"),
        other=identifier(link.get("destinationIssueId"), "issueLink.destinationIssueId"),
        link=(text(kind.get("name")) if isinstance(kind, dict) else None) or "",
    )


_REPEATED = frozenset({"updated", "moved"})


def version_changed(event: Event) -> Iterator[TrackerFact]:
    """A merge arrives as a deletion that tells where the version's issues went."""
    version = record(event.body.get("version"), "version")
    merged_into = _merged_into(event.body.get("mergedTo")) or _merged_into(version.get("mergedTo"))
    action = "merged" if merged_into else event.kind.rpartition("_")[2]
    # `releaseDate` is a date without a time of day; `userReleaseDate` is the same in the words of one person's language.
    at = event.told or moment(version.get("releaseDate")) or event.received
    yield version_fact(version, action, at, actor=event.actor, merged_into=merged_into)


def version_fact(
    version: Json,
    action: str,
    at: datetime,
    *,
    actor: str | None = None,
    merged_into: str | None = None,
    exact: bool = True,
) -> VersionChanged:
    """What became of a version that Jira shows, in a webhook or in a list."""
    number = identifier(version.get("id"), "version.id")
    return VersionChanged(
        at=at,
        source=_once(number, action, at),
        actor=actor,
        exact=exact,
        action=action,
        version=number,
        name=text(version.get("name")),
        project=optional_identifier(version.get("projectId")),
        release_date=text(version.get("releaseDate")),
        merged_into=merged_into,
    )


_SPRINT_TIMES = {"started": ("activatedDate", "startDate"), "closed": ("completeDate", "endDate")}


def sprint_changed(event: Event) -> Iterator[TrackerFact]:
    sprint = record(event.body.get("sprint"), "sprint")
    action = event.kind.rpartition("_")[2]
    own_times = (moment(sprint.get(name)) for name in _SPRINT_TIMES.get(action, ()))
    at = event.told or next(filter(None, own_times), event.received)
    yield sprint_fact(sprint, action, at, actor=event.actor)


def sprint_fact(
    sprint: Json, action: str, at: datetime, *, actor: str | None = None, exact: bool = True
) -> SprintChanged:
    """What became of a sprint that Jira shows, in a webhook or in a list."""
    number = identifier(sprint.get("id"), "sprint.id")
    return SprintChanged(
        at=at,
        source=_once(number, action, at),
        actor=actor,
        exact=exact,
        action=action,
        sprint=number,
        name=text(sprint.get("name")),
        board=optional_identifier(sprint.get("originBoardId")),
        starts=text(sprint.get("startDate")),
        ends=text(sprint.get("endDate")),
    )


def _once(number: str, action: str, at: datetime) -> str:
    return f"{number}:{action}:{at.isoformat()}" if action in _REPEATED else f"{number}:{action}"


def _merged_into(value: object) -> str | None:
    return optional_identifier(value.get("id") if isinstance(value, dict) else value)
