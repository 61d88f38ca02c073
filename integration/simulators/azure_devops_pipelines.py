"""Events of builds, YAML pipelines and classic releases, in the shapes of Microsoft's events page [doc]."""

from datetime import datetime
from typing import Any

from integration.simulators.azure_devops_hooks import Event
from integration.simulators.azure_devops_items import Identity, Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_shapes import person, project_body, stamp


def build_completed(
    organisation: Organisation,
    project: Project,
    actor: Identity,
    *,
    build_id: int,
    definition: str,
    result: str = "succeeded",
    number: str | None = None,
    started: datetime | None = None,
    finished: datetime | None = None,
    branch: str = "refs/heads/main",
    commit: str = "0" * 40,
    repository: str = "main",
    resource_version: str = "2.0",
) -> Event:
    """`build.complete`: 2.0 says status completed beside a result, 1.0 puts the result into the status [doc]."""
    now = organisation.now()
    number = number or f"{now:%Y%m%d}.{build_id}"
    url = f"{organisation.url}/{project.id}/_apis/build/Builds/{build_id}"
    who = person(organisation, actor)
    modern = resource_version != "1.0"
    resource: dict[str, Any] = {
        "id": build_id,
        "buildNumber": number,
        "url": url,
        "uri": f"vstfs:///Build/Build/{build_id}",
        "startTime": stamp(started or now),
        "finishTime": stamp(finished or now),
        "reason": "individualCI",
        "definition": {"id": _number(definition), "name": definition, "url": url, "type": "build"},
        "lastChangedBy": who,
    }
    if modern:
        resource |= {
            "status": "completed",
            "result": result,
            "queueTime": stamp(started or now),
            "project": project_body(organisation, project),
            "sourceBranch": branch,
            "sourceVersion": commit,
            "requestedFor": who,
            "requestedBy": who,
            "repository": {"id": organisation.guid("repository", repository), "type": "TfsGit", "name": repository},
        }
    else:
        resource |= {
            "status": result,
            "sourceGetVersion": f"LG:{branch}:{commit}",
            "requests": [{"id": build_id, "url": url, "requestedFor": who}],
        }
    return Event("build.complete", project, f"Build {number} {result}", resource, resource_version)


def run_changed(
    organisation: Organisation,
    project: Project,
    *,
    run_id: int,
    pipeline: str,
    state: str = "completed",
    result: str | None = "succeeded",
    created: datetime | None = None,
    finished: datetime | None = None,
) -> Event:
    """`ms.vss-pipelines.run-state-changed-event` of a YAML pipeline."""
    run = _run(organisation, project, run_id, pipeline, state, result, created, finished)
    resource = {"run": run, "pipeline": run["pipeline"], "repositories": []}
    return Event("ms.vss-pipelines.run-state-changed-event", project, f"Run {run_id} {result or state}.", resource)


def stage_changed(
    organisation: Organisation,
    project: Project,
    *,
    run_id: int,
    pipeline: str,
    stage: str,
    state: str = "completed",
    result: str | None = "succeeded",
    attempt: int = 1,
    created: datetime | None = None,
    finished: datetime | None = None,
) -> Event:
    """`ms.vss-pipelines.stage-state-changed-event`: what a deployment of a YAML pipeline looks like."""
    run = _run(organisation, project, run_id, pipeline, "inProgress", None, created, None)
    if finished:
        run["finishedDate"] = stamp(finished)
    stage_body = {
        "_links": {"web": {"href": f"{organisation.url}/{project.id}/_build/results?buildId={run_id}"}},
        "id": organisation.guid("stage", run_id, stage, attempt),
        "name": stage,
        "displayName": stage,
        "state": state,
        **({"result": result} if state == "completed" else {}),
    }
    resource = {"stage": stage_body, "run": run, "pipeline": run["pipeline"], "repositories": []}
    text = f"Run {run_id} stage {stage} {result if state == 'completed' else state}."
    return Event("ms.vss-pipelines.stage-state-changed-event", project, text, resource)


def deployment_completed(
    organisation: Organisation,
    project: Project,
    actor: Identity,
    *,
    deployment_id: int,
    release: str,
    environment: str,
    definition: str = "Release",
    status: str = "succeeded",
    attempt: int = 1,
    started: datetime | None = None,
    finished: datetime | None = None,
) -> Event:
    """`ms.vss-release.deployment-completed-event` of a classic release."""
    done = stamp(finished or organisation.now())
    step = {
        "id": deployment_id,
        "deploymentId": deployment_id,
        "attempt": attempt,
        "reason": "automated",
        "status": status,
        "operationStatus": "Approved",
        "queuedOn": stamp(started or organisation.now()),
        "lastModifiedOn": done,
    }
    release_id = _number(release)
    resource = {
        "environment": {
            "id": _number(release, environment),
            "releaseId": release_id,
            "name": environment,
            "status": status,
            "variables": {},
            "preDeployApprovals": [],
            "postDeployApprovals": [],
            "deploySteps": [step],
            "rank": 1,
            "definitionEnvironmentId": _number(environment),
            "conditions": [],
            "modifiedOn": done,
            "owner": {"id": actor.id, "displayName": actor.name},
            "releaseDefinition": {"id": _number(definition), "name": definition},
            "release": {
                "id": release_id,
                "name": release,
                "url": f"{organisation.url}/{project.id}/_apis/Release/releases/{release_id}",
            },
        },
        "project": {"id": project.id, "name": project.name},
    }
    text = f"Deployment of release {release} on environment {environment} {status.capitalize()}."
    return Event("ms.vss-release.deployment-completed-event", project, text, resource)


def _run(
    organisation: Organisation,
    project: Project,
    run_id: int,
    pipeline: str,
    state: str,
    result: str | None,
    created: datetime | None,
    finished: datetime | None,
) -> dict[str, Any]:
    number = _number(pipeline)
    base = f"{organisation.url}/{project.id}"
    run: dict[str, Any] = {
        "_links": {"web": {"href": f"{base}/_build/results?buildId={run_id}"}},
        "pipeline": {
            "url": f"{base}/_apis/Pipelines/{number}?revision=1",
            "id": number,
            "revision": 1,
            "name": pipeline,
            "folder": "\\",
        },
        "state": state,
        "createdDate": stamp(created or organisation.now()),
        "url": f"{base}/_apis/Pipelines/{number}/runs/{run_id}",
        "id": run_id,
        "name": str(run_id),
    }
    if state == "completed":
        run |= {"result": result, "finishedDate": stamp(finished or organisation.now())}
    return run


def _number(*names: str) -> int:
    """A small stable number for something that people know by name."""
    return sum(ord(letter) * place for place, letter in enumerate("/".join(names), 1)) % 9973 + 1
