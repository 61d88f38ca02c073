"""Builds, pipeline runs with their stages and jobs, and classic release deployments -> tracker facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from integration.core.errors import Malformed
from integration.core.facts import RunFinished, TrackerFact
from integration.trackers.azure_devops.payload import (
    Event,
    Json,
    account,
    branch,
    identifier,
    instant,
    number,
    optional_record,
    record,
    records,
    text,
)

_BUILD_STATES = frozenset({"notStarted", "postponed", "inProgress", "cancelling", "completed"})
_SOURCE_PARTS = 3


def build_finished(event: Event) -> Iterator[TrackerFact]:
    """Version 2.0 tells state and result; version 1.0 has the result as `status`, no state, and other gaps."""
    build = event.resource
    run = _id(build.get("id"), "resource.id")
    state, result = text(build.get("status")), text(build.get("result"))
    old = result is None and state not in _BUILD_STATES
    if old:
        state, result = "completed", state
    finished = instant(build.get("finishTime"))
    source_branch, commit = _source(build)
    yield RunFinished(
        at=finished or event.told,
        source=f"build:{run}:{finished.isoformat() if finished else state}",
        actor=account(build.get("requestedFor")) or account(build.get("lastChangedBy")),
        of="build",
        run=run,
        pipeline=text(optional_record(build.get("definition"), "resource.definition").get("name")),
        state=state,
        result=result,
        project=_project(build.get("project"), event),
        branch=source_branch,
        commit=commit,
        started=instant(build.get("startTime")),
        name=text(build.get("buildNumber")),
        exact=not old,
    )


def _source(build: Json) -> tuple[str | None, str | None]:
    """Branch and commit; version 1.0 has them in one text, `LG:refs/heads/main:600c52d`."""
    parts = (text(build.get("sourceGetVersion")) or "").split(":")
    old_branch, old_commit = parts[1:] if len(parts) == _SOURCE_PARTS else (None, None)
    return branch(build.get("sourceBranch") or old_branch), identifier(build.get("sourceVersion") or old_commit)


def run_changed(event: Event) -> Iterator[TrackerFact]:
    """A run that is retried ends twice: its end tells the two apart."""
    run = record(event.resource.get("run"), "resource.run")
    finished = instant(run.get("finishedDate"))
    yield _pipeline_fact(event, "run", run, part=finished.isoformat() if finished else "", at=finished)


def stage_changed(event: Event) -> Iterator[TrackerFact]:
    stage = record(event.resource.get("stage"), "resource.stage")
    yield _pipeline_fact(event, "stage", stage, part=_part(stage), at=_moment(stage))


def job_changed(event: Event) -> Iterator[TrackerFact]:
    job = record(event.resource.get("job"), "resource.job")
    stage = optional_record(event.resource.get("stage"), "resource.stage")
    yield _pipeline_fact(event, "job", job, part=f"{_part(stage)}/{_part(job)}", at=_moment(job))


def _pipeline_fact(event: Event, of: str, told: Json, *, part: str, at: datetime | None) -> RunFinished:
    """What a YAML pipeline tells is alike for a run, a stage and a job; `told` is the one that changed.

    Older versions leave out times and commits, which the list of builds and their timelines have.
    """
    resource = event.resource
    run = optional_record(resource.get("run"), "resource.run")
    run_id = _id(run.get("id"), "resource.run.id")
    pipeline = optional_record(resource.get("pipeline") or run.get("pipeline"), "resource.pipeline")
    stage = optional_record(resource.get("stage"), "resource.stage")
    state = text(told.get("state"))
    attempt = number(told.get("attempt"))
    own = optional_record(
        optional_record(run.get("resources"), "resource.run.resources").get("repositories"), "repositories"
    )
    own = optional_record(own.get("self"), "resource.run.resources.repositories.self")
    commit = identifier(own.get("version"))
    return RunFinished(
        at=at or event.told,
        source=":".join((of, run_id, part, state or "")),
        of=of,
        run=run_id,
        pipeline=text(pipeline.get("name")) or identifier(pipeline.get("id")),
        stage=_title(stage),
        state=state,
        result=text(told.get("result")) if state == "completed" else None,
        attempt=attempt,
        project=event.project,
        branch=branch(own.get("refName")),
        commit=commit,
        started=instant(told.get("startTime")) or instant(told.get("createdDate")),
        name=_title(told),
        exact=at is not None and commit is not None,
    )


def _part(told: Json) -> str:
    """A stage or job by its id, which differs between attempts; by name and attempt where a sample has zeros."""
    return identifier(told.get("id")) or f"{text(told.get('name')) or ''}#{number(told.get('attempt')) or 1}"


def _title(told: Json) -> str | None:
    return text(told.get("displayName")) or text(told.get("name"))


def _moment(told: Json) -> datetime | None:
    return instant(told.get("finishTime" if told.get("state") == "completed" else "startTime"))


def deployment_started(event: Event) -> Iterator[TrackerFact]:
    yield _deployment(event, "started")


def deployment_completed(event: Event) -> Iterator[TrackerFact]:
    yield _deployment(event, "completed")


def _deployment(event: Event, state: str) -> RunFinished:
    """A classic release reached, or is on its way to, one of its stages (which it calls environments).

    An environment has its own words for results, and its own last change: the deployment itself knows better.
    """
    environment = record(event.resource.get("environment"), "resource.environment")
    deployment = optional_record(event.resource.get("deployment"), "resource.deployment")
    release = optional_record(environment.get("release") or deployment.get("release"), "resource.environment.release")
    release_id = identifier(release.get("id")) or identifier(environment.get("releaseId"))
    if release_id is None:
        raise Malformed("resource.environment.release.id: missing")
    definition = optional_record(
        environment.get("releaseDefinition") or release.get("releaseDefinition"), "releaseDefinition"
    )
    attempt = _attempt(event.resource, environment, deployment)
    changed = instant(deployment.get("completedOn")) or instant(environment.get("modifiedOn")) or event.told
    which = attempt or changed.isoformat()
    completed = state == "completed"
    source_branch, commit = _artifact(release)
    precise = instant(deployment.get("completedOn" if completed else "startedOn"))
    return RunFinished(
        at=precise or (changed if completed else event.told),
        source=f"release:{release_id}:{identifier(environment.get('id'))}:{which}:{state}",
        actor=account(deployment.get("requestedFor")) or account(environment.get("owner")),
        of="release deployment",
        run=release_id,
        pipeline=text(definition.get("name")),
        stage=text(environment.get("name")),
        state=state,
        result=(text(deployment.get("deploymentStatus")) or text(environment.get("status"))) if completed else None,
        attempt=attempt,
        project=_project(event.resource.get("project"), event),
        branch=source_branch,
        commit=commit,
        started=instant(deployment.get("startedOn")),
        name=text(release.get("name")),
        exact=precise is not None and bool(deployment.get("deploymentStatus")),
    )


def _attempt(resource: Json, environment: Json, deployment: Json) -> int | None:
    steps = records(environment.get("deploySteps"), "resource.environment.deploySteps")
    told = [resource.get("attemptId"), deployment.get("attempt"), *(step.get("attempt") for step in steps)]
    return max((found for value in told if (found := number(value))), default=None)


def _artifact(release: Json) -> tuple[str | None, str | None]:
    """Branch and commit of the release's primary artifact."""
    for artifact in records(release.get("artifacts"), "resource.environment.release.artifacts"):
        if artifact.get("isPrimary") is True:
            told = optional_record(artifact.get("definitionReference"), "definitionReference")
            refs = [optional_record(told.get(name), name).get("id") for name in ("branch", "sourceVersion")]
            return branch(refs[0]), identifier(refs[1])
    return None, None


def _id(value: object, where: str) -> str:
    found = identifier(value)
    if found is None:
        raise Malformed(f"{where}: missing")
    return found


def _project(value: object, event: Event) -> str | None:
    named = optional_record(value, "resource.project")
    return text(named.get("name")) or identifier(named.get("id")) or event.project
