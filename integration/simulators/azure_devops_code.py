"""Events of pushes and pull requests, in the shapes of recorded deliveries [rec] and Microsoft's events page [doc]."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from integration.simulators.azure_devops_hooks import Event
from integration.simulators.azure_devops_items import Identity, Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_shapes import person, project_body, stamp

PullRequestVerb = Literal["created", "updated", "merged"]


def pushed(
    organisation: Organisation,
    project: Project,
    actor: Identity,
    *,
    push_id: int,
    repository: str,
    commits: Sequence[Mapping[str, str]],
    branch: str = "refs/heads/main",
) -> Event:
    """`git.push`; each commit needs an `id` and a `comment`, and may have a `date`."""
    now = stamp(organisation.now())
    repo = _repository(organisation, project, repository)
    written = [
        {
            "commitId": commit["id"],
            "author": {"name": actor.name, "email": actor.mail, "date": commit.get("date", now)},
            "committer": {"name": actor.name, "email": actor.mail, "date": commit.get("date", now)},
            "comment": commit["comment"],
            "url": f"{repo['url']}/commits/{commit['id']}",
        }
        for commit in commits
    ]
    newest = commits[0]["id"] if commits else "0" * 40
    resource = {
        "commits": written,
        "refUpdates": [{"name": branch, "oldObjectId": "0" * 40, "newObjectId": newest}],
        "repository": repo,
        "pushedBy": person(organisation, actor),
        "pushId": push_id,
        "date": now,
        "url": f"{repo['url']}/pushes/{push_id}",
    }
    text = f"{actor.name} pushed updates to {repository}:{branch.rpartition('/')[2]}"
    return Event("git.push", project, text, resource)


def pull_request(
    organisation: Organisation,
    project: Project,
    actor: Identity,
    *,
    verb: PullRequestVerb,
    pull_request_id: int,
    repository: str,
    title: str,
    status: str = "active",
    created: datetime | None = None,
    closed: datetime | None = None,
    source: str = "refs/heads/topic",
    target: str = "refs/heads/main",
    merge_status: str = "succeeded",
) -> Event:
    """`git.pullrequest.created | updated | merged`; merged is a merge attempt, `status` completed is the merge [doc]."""
    repo = _repository(organisation, project, repository)
    resource: dict[str, Any] = {
        "repository": repo,
        "pullRequestId": pull_request_id,
        "status": status,
        "createdBy": person(organisation, actor),
        "creationDate": stamp(created or organisation.now()),
        **({"closedDate": stamp(closed)} if closed else {}),
        "title": title,
        "sourceRefName": source,
        "targetRefName": target,
        "mergeStatus": merge_status,
        "mergeId": organisation.guid("merge", pull_request_id),
        "reviewers": [],
        "url": f"{repo['url']}/pullRequests/{pull_request_id}",
    }
    if status == "completed":
        commit = organisation.guid("commit", pull_request_id).replace("-", "").ljust(40, "0")
        resource["lastMergeCommit"] = {"commitId": commit, "url": f"{repo['url']}/commits/{commit}"}
    text = f"{actor.name} {verb} pull request {pull_request_id} ({title})"
    return Event(f"git.pullrequest.{verb}", project, text, resource)


def _repository(organisation: Organisation, project: Project, name: str) -> dict[str, Any]:
    guid = organisation.guid("repository", name)
    return {
        "id": guid,
        "name": name,
        "url": f"{organisation.url}/_apis/git/repositories/{guid}",
        "project": project_body(organisation, project),
        "defaultBranch": "refs/heads/main",
        "remoteUrl": f"{organisation.url}/{project.name}/_git/{name}",
    }
