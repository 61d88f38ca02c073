"""A decoded Jira webhook -> tracker facts. The raw payload stops here.

`HANDLERS` names every event that says something about an issue, a link, a version or a sprint; `IGNORED` every known
event that does not, and why. Whatever is in neither is `Unsupported`, so that a new kind of event is counted, not missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from integration.core.errors import Unsupported
from integration.core.facts import TrackerFact
from integration.trackers.contract import Translation
from integration.trackers.jira.payload import account, moment, optional_identifier, record, text
from integration.trackers.jira.translate_issues import (
    Event,
    comment_deleted,
    comment_told,
    issue_created,
    issue_deleted,
    issue_of_comment,
    issue_updated,
)
from integration.trackers.jira.translate_plans import link_changed, sprint_changed, version_changed

HANDLERS: Mapping[str, Callable[[Event], Iterator[TrackerFact]]] = {
    "jira:issue_created": issue_created,
    "jira:issue_updated": issue_updated,
    "jira:issue_deleted": issue_deleted,
    "comment_created": comment_told,
    "comment_updated": comment_told,
    "comment_deleted": comment_deleted,
    "issuelink_created": link_changed,
    "issuelink_deleted": link_changed,
    "jira:version_created": version_changed,
    "jira:version_updated": version_changed,
    "jira:version_moved": version_changed,
    "jira:version_released": version_changed,
    "jira:version_unreleased": version_changed,
    "jira:version_deleted": version_changed,
    "jira:version_merged": version_changed,
    "sprint_created": sprint_changed,
    "sprint_updated": sprint_changed,
    "sprint_started": sprint_changed,
    "sprint_closed": sprint_changed,
    "sprint_deleted": sprint_changed,
}

NO_EVENT = "(no webhookEvent)"
"""The event of bodies that only show an issue, as automation rules send them."""

_FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "worklog": ("hours are not measured", ("created", "updated", "deleted")),
    "attachment": ("files are not kept", ("created", "deleted")),
    "issue_property": ("properties belong to apps, not to people", ("set", "deleted")),
    "board": (
        "a board shows issues, it does not change them",
        ("created", "updated", "deleted", "configuration_changed"),
    ),
    "project": (
        "projects are read from Jira itself",
        ("created", "updated", "deleted", "soft_deleted", "restored_deleted", "archived", "restored_archived"),
    ),
    "issuetype": ("types are read from Jira itself", ("created", "updated", "deleted")),
    "filter": ("saved searches are read when they are asked for", ("created", "updated", "deleted")),
    "user": ("people are not kept", ("created", "updated", "deleted")),
    "jira_expression_evaluation": ("concerns the app that owns the expression", ("failed",)),
}
_PREFIXES: Mapping[str, str] = {
    "option_": "site settings do not change issues",
    "app_access_to_objects_": "concerns permissions of other apps",
}
IGNORED: Mapping[str, str] = {
    **{f"{family}_{action}": why for family, (why, actions) in _FAMILIES.items() for action in actions},
    **{f"{prefix}*": why for prefix, why in _PREFIXES.items()},
}
"""Events that say nothing of use, and why; a trailing `*` stands for any ending."""


def recognises(body: object) -> bool:
    """Whether a decoded body looks like a delivery of Jira."""
    return isinstance(body, dict) and (isinstance(body.get("webhookEvent"), str) or _shows_an_issue(body))


def translate(body: object, received: datetime) -> Translation:
    """Everything a delivery says. Raises `Malformed` or `Unsupported`, and nothing else."""
    told = record(body, "body")
    kind = text(told.get("webhookEvent")) or NO_EVENT
    handler = issue_updated if kind == NO_EVENT else HANDLERS.get(kind)
    if handler is None:
        return _ignored(kind, told)
    event = Event(kind, told, _clock(told.get("timestamp")), received, account(told.get("user")))
    facts = tuple(handler(event))
    why = None if facts else "tells nothing about the issue that is not known"
    return Translation(kind, facts, items_of(told), ignored=why)


def event_of(body: object) -> str | None:
    """The event a body claims to be. Never raises."""
    return text(body.get("webhookEvent")) if isinstance(body, dict) else None


def items_of(body: object) -> tuple[str, ...]:
    """The issues a body names, by key, else by id, whatever else is in it. Never raises."""
    if not isinstance(body, dict):
        return ()
    shown = body if _shows_an_issue(body) and "issue" not in body else body.get("issue")
    if isinstance(shown, dict) and (
        name := optional_identifier(shown.get("key")) or optional_identifier(shown.get("id"))
    ):
        return (name,)
    found: list[str | None] = []
    for holder in map(body.get, ("comment", "worklog", "attachment", "issueLink")):
        if isinstance(holder, dict):
            found += map(optional_identifier, (holder.get("issueId"), holder.get("issue")))
            found += (issue_of_comment(holder),)
            found += map(optional_identifier, (holder.get("sourceIssueId"), holder.get("destinationIssueId")))
    return tuple(dict.fromkeys(name for name in found if name))


def _ignored(kind: str, body: Mapping[str, object]) -> Translation:
    why = IGNORED.get(kind) or next((why for prefix, why in _PREFIXES.items() if kind.startswith(prefix)), None)
    if why is None:
        raise Unsupported(kind)
    return Translation(kind, (), items_of(body), ignored=why)


def _shows_an_issue(body: Mapping[str, object]) -> bool:
    shown = body.get("issue", body)
    return isinstance(shown, dict) and "id" in shown and ("key" in shown or "fields" in shown)


def _clock(timestamp: object) -> datetime | None:
    # Logs replace it by a text in an unknown zone (`2018-12-18 11:57:24,746`); that is no time of Jira's.
    return None if isinstance(timestamp, str) else moment(timestamp)
