"""An Azure DevOps delivery -> tracker facts, by the kind of event. `message` is never read: it is written for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from integration.core.errors import Malformed, Unsupported
from integration.core.facts import TrackerFact
from integration.trackers.azure_devops import code, runs, work_items
from integration.trackers.azure_devops.payload import Event, identifier, instant, optional_record, record, text
from integration.trackers.azure_devops.revisions import item_id
from integration.trackers.contract import Translation

HANDLERS: Mapping[str, Callable[[Event], Iterable[TrackerFact]]] = {
    "workitem.created": work_items.created,
    "workitem.updated": work_items.updated,
    "workitem.commented": work_items.commented,
    "workitem.deleted": work_items.deleted,
    "workitem.restored": work_items.restored,
    "git.push": code.pushed,
    "tfvc.checkin": code.checked_in,
    "git.pullrequest.created": code.pull_request_opened,
    "git.pullrequest.updated": code.pull_request_changed,
    "git.pullrequest.merged": code.pull_request_changed,
    "ms.vss-code.git-pullrequest-comment-event": code.pull_request_commented,
    "build.complete": runs.build_finished,
    "ms.vss-pipelines.run-state-changed-event": runs.run_changed,
    "ms.vss-pipelines.stage-state-changed-event": runs.stage_changed,
    "ms.vss-pipelines.job-state-changed-event": runs.job_changed,
    "ms.vss-release.deployment-started-event": runs.deployment_started,
    "ms.vss-release.deployment-completed-event": runs.deployment_completed,
}

_APPROVAL = "somebody may or may not go on; what then happens has its own event"
_REPOSITORY = "a repository's own life says nothing about the work in it"
IGNORED: Mapping[str, str] = {
    "ms.vss-pipelinechecks-events.approval-pending": _APPROVAL,
    "ms.vss-pipelinechecks-events.approval-completed": _APPROVAL,
    "ms.vss-release.deployment-approval-pending-event": _APPROVAL,
    "ms.vss-release.deployment-approval-completed-event": _APPROVAL,
    "ms.vss-release.release-created-event": "a release counts when it is deployed",
    "ms.vss-release.release-abandoned-event": "a release that will not be deployed any more; past deployments stand",
    "git.repo.created": _REPOSITORY,
    "git.repo.deleted": _REPOSITORY,
    "git.repo.forked": _REPOSITORY,
    "git.repo.renamed": _REPOSITORY,
    "git.repo.statuschanged": _REPOSITORY,
    "message.posted": "a message in a team room, which Azure DevOps has no more",
}


def recognises(body: object) -> bool:
    """No other tracker's events have a type, and a publisher or a resource."""
    return isinstance(body, dict) and "eventType" in body and ("publisherId" in body or "resource" in body)


def translate(body: Any, received: datetime) -> Translation:
    """Raises `Malformed` or `Unsupported`, and nothing else."""
    delivery = record(body, "body")
    kind = text(delivery.get("eventType"))
    if kind is None:
        raise Malformed("eventType: missing")
    if kind in IGNORED:
        return Translation(kind, (), items_in(body), IGNORED[kind])
    handler = HANDLERS.get(kind)
    if handler is None:
        raise Unsupported(kind)
    containers = optional_record(delivery.get("resourceContainers"), "resourceContainers")
    event = Event(
        kind=kind,
        id=identifier(delivery.get("id")),
        resource=record(delivery.get("resource"), "resource"),
        told=instant(delivery.get("createdDate")) or received,
        project=identifier(optional_record(containers.get("project"), "resourceContainers.project").get("id")),
    )
    return Translation(kind, tuple(handler(event)), items_in(body))


def event_in(body: object) -> str | None:
    """The kind of event that a body claims to be, whether or not it can be understood."""
    return text(body.get("eventType")) if isinstance(body, dict) else None


def items_in(body: object) -> tuple[str, ...]:
    """The ids of the work items that a body names, whether or not anything else in it can be understood."""
    resource = body.get("resource") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(resource, dict):
        return ()
    if str(body.get("eventType")).startswith("workitem."):
        named = [item_id(resource)]
    else:
        references = resource.get("workItemRefs")
        found = references if isinstance(references, list) else ()
        named = [identifier(each.get("id")) for each in found if isinstance(each, dict)]
    return tuple(dict.fromkeys(item for item in named if item))
