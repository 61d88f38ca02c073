"""Pushes, check-ins and pull requests -> tracker facts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import datetime

from integration.core.errors import Malformed
from integration.core.facts import CommitsPushed, PullRequestChanged, TrackerFact
from integration.trackers.azure_devops.payload import (
    Event,
    Json,
    account,
    branch,
    identifier,
    instant,
    optional_record,
    record,
    records,
    text,
)

_COMMENT_URL = re.compile(r"/repositories/([^/]+)/pullRequests/(\d+)/", re.IGNORECASE | re.ASCII)
_ENDED = {"completed": "merged", "abandoned": "abandoned"}


def pushed(event: Event) -> Iterator[TrackerFact]:
    """One fact for each branch of the push. The commits are told for all branches together; they are given to the
    branch whose new head is among them, else to the first.
    """
    resource = event.resource
    repository = record(resource.get("repository"), "resource.repository")
    updates = records(resource.get("refUpdates"), "resource.refUpdates")
    commits = tuple(
        commit
        for each in records(resource.get("commits"), "resource.commits")
        if (commit := identifier(each.get("commitId")))
    )
    push = identifier(resource.get("pushId"))
    heads = [identifier(update.get("newObjectId")) for update in updates]
    holder = next((index for index, head in enumerate(heads) if head in commits), 0)
    for index, update in enumerate(updates):
        ref, head = text(update.get("name")), heads[index]
        yield CommitsPushed(
            at=instant(resource.get("date")) or event.told,
            source=f"push:{_repository_id(repository)}:{push or head}:{ref}",
            actor=account(resource.get("pushedBy")),
            repository=_repository_name(repository),
            branch=branch(ref),
            commits=commits if index == holder else (),
            before=identifier(update.get("oldObjectId")),
            after=head,
            project=_project(repository, event),
        )


def checked_in(event: Event) -> Iterator[TrackerFact]:
    """A changeset of the older version control (TFVC), which has one repository for each project."""
    resource = event.resource
    changeset = identifier(resource.get("changesetId"))
    if changeset is None:
        raise Malformed("resource.changesetId: missing")
    yield CommitsPushed(
        at=instant(resource.get("createdDate")) or event.told,
        source=f"changeset:{changeset}",
        actor=account(resource.get("checkedInBy")) or account(resource.get("author")),
        repository="$/",
        commits=(changeset,),
        after=changeset,
        project=event.project,
    )


def pull_request_opened(event: Event) -> Iterator[TrackerFact]:
    yield _pull_request(event, event.resource, "opened")


def pull_request_changed(event: Event) -> Iterator[TrackerFact]:
    """`git.pullrequest.merged` is an attempt to merge, also after each push: only the status tells that it is done."""
    yield _pull_request(event, event.resource, _ENDED.get(text(event.resource.get("status")) or "", "updated"))


def pull_request_commented(event: Event) -> Iterator[TrackerFact]:
    comment = record(event.resource.get("comment", event.resource), "resource.comment")
    pull_request = event.resource.get("pullRequest")
    if pull_request is None:
        pull_request = _pull_request_of_comment(comment)
    fact = _pull_request(event, record(pull_request, "resource.pullRequest"), "commented")
    thread = optional_record(optional_record(comment.get("_links"), "_links").get("threads"), "_links.threads")
    thread_id = (text(thread.get("href")) or "").rpartition("/")[2]
    at = instant(comment.get("publishedDate")) or fact.at
    yield dataclasses.replace(
        fact,
        at=at,
        source=f"{fact.source}:{thread_id}:{identifier(comment.get('id'))}:{at.isoformat()}",
        actor=account(comment.get("author")),
    )


def _pull_request_of_comment(comment: Json) -> Json:
    """Version 1.0 of the event has no pull request in it, but addresses that name one."""
    own = optional_record(optional_record(comment.get("_links"), "_links").get("self"), "_links.self")
    named = _COMMENT_URL.search(text(own.get("href")) or "")
    if named is None:
        raise Malformed("resource.pullRequest: missing, and no address names it")
    return {"pullRequestId": int(named[2]), "repository": {"id": named[1]}}


def _pull_request(event: Event, pull_request: Json, action: str) -> PullRequestChanged:
    number = identifier(pull_request.get("pullRequestId"))
    if number is None:
        raise Malformed("resource.pullRequestId: missing")
    repository = record(pull_request.get("repository"), "resource.repository")
    opened, closed = instant(pull_request.get("creationDate")), instant(pull_request.get("closedDate"))
    source = f"pr:{_repository_id(repository)}:{number}:{action}"
    at: datetime | None = None
    if action == "opened":
        at = opened
    elif action == "merged":
        at = closed
    elif action == "abandoned":  # it may be reactivated, and abandoned again
        at, source = closed, f"{source}:{(closed or event.told).isoformat()}"
    elif action == "updated":
        source = f"{source}:{event.id or event.told.isoformat()}"
    merged_as = optional_record(pull_request.get("lastMergeCommit"), "resource.lastMergeCommit")
    return PullRequestChanged(
        at=at or event.told,
        source=source,
        actor=account(pull_request.get("createdBy")) if action == "opened" else account(pull_request.get("closedBy")),
        action=action,
        pull_request=number,
        repository=_repository_name(repository),
        status=text(pull_request.get("status")),
        source_branch=branch(pull_request.get("sourceRefName")),
        target_branch=branch(pull_request.get("targetRefName")),
        merge_commit=identifier(merged_as.get("commitId")) if action == "merged" else None,
        opened=opened,
        project=_project(repository, event),
    )


def _repository_id(repository: Json) -> str:
    found = identifier(repository.get("id")) or text(repository.get("name"))
    if found is None:
        raise Malformed("resource.repository: has neither id nor name")
    return found


def _repository_name(repository: Json) -> str:
    return text(repository.get("name")) or _repository_id(repository)


def _project(repository: Json, event: Event) -> str | None:
    named = optional_record(repository.get("project"), "resource.repository.project")
    return text(named.get("name")) or identifier(named.get("id")) or event.project
