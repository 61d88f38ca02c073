"""What pipelines, releases and pull requests left behind, as the lists over REST answer it later.

Each entry is kept from the event that told it, so that a list says what the webhooks said, with more detail.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from integration.simulators.azure_devops_items import Identity, Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_shapes import person, project_body, stamp

Body = dict[str, Any]

# [doc] A deployment has words of its own for what its environment calls rejected and canceled; [inf] which is which.
_DEPLOYMENT_STATUS = {"rejected": "failed", "canceled": "notDeployed"}


class Ledger:
    """Builds by id, stages by run, deployments by id, pull requests by repository and number."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self.builds: dict[int, Body] = {}
        self.stages: dict[int, dict[tuple[str, int], Body]] = {}
        self.deployments: dict[int, Body] = {}
        self.pull_requests: dict[tuple[str, int], Body] = {}

    def build(self, resource: Mapping[str, Any]) -> None:
        """The resource of `build.complete` 2.0 is a build as REST has it [doc]."""
        self.builds[resource["id"]] = {**self.builds.get(resource["id"], {}), **resource}

    def run(self, project: Project, run: Mapping[str, Any]) -> None:
        """A run of a YAML pipeline is a build of the same id [doc]."""
        ended = run["state"] == "completed"
        times = {"queueTime": run["createdDate"], "startTime": run["createdDate"]}
        told: Body = {
            "id": run["id"],
            "buildNumber": run["name"],
            "status": "completed" if ended else "inProgress",
            "definition": {"id": run["pipeline"]["id"], "name": run["pipeline"]["name"], "type": "build"},
            "project": project_body(self._organisation, project),
            **times,
        }
        if ended:
            told |= {"result": run["result"], "finishTime": run["finishedDate"]}
        plain = {"sourceBranch": "refs/heads/main", "sourceVersion": "0" * 39 + "1"}
        self.builds[run["id"]] = {**plain, **self.builds.get(run["id"], {}), **told}

    def stage(self, run: Mapping[str, Any], stage: Mapping[str, Any], attempt: int, started: str, ended: str) -> None:
        """A stage of a run becomes a record of the run's timeline."""
        completed = stage["state"] == "completed"
        attempts = self.stages.setdefault(run["id"], {})
        attempts[stage["name"], attempt] = {
            "previousAttempts": [],
            "id": stage["id"],
            "parentId": None,
            "type": "Stage",
            "name": stage["displayName"] or stage["name"],
            "startTime": started,
            "finishTime": ended if completed else None,
            "state": "completed" if completed else "inProgress",
            "result": stage.get("result"),
            "attempt": attempt,
            "identifier": stage["name"],
            "order": len({name for name, _ in attempts} | {stage["name"]}),
        }

    def deployment(self, actor: Identity, resource: Mapping[str, Any], started: str) -> None:
        """A classic release in one of its environments."""
        environment = resource["environment"]
        step = environment["deploySteps"][0]
        who = person(self._organisation, actor)
        status = environment["status"]
        self.deployments[step["deploymentId"]] = {
            "id": step["deploymentId"],
            "release": {**environment["release"], "artifacts": []},
            "releaseDefinition": environment["releaseDefinition"],
            "releaseEnvironment": {"id": environment["id"], "name": environment["name"]},
            "definitionEnvironmentId": environment["definitionEnvironmentId"],
            "projectReference": dict(resource["project"]),
            "attempt": step["attempt"],
            "reason": step["reason"],
            "deploymentStatus": _DEPLOYMENT_STATUS.get(status, status),
            "operationStatus": "Approved",  # [rec] its words begin with a capital letter
            "requestedBy": who,
            "requestedFor": who,
            "queuedOn": started,
            "startedOn": started,
            "completedOn": environment["modifiedOn"],
            "lastModifiedOn": environment["modifiedOn"],
        }

    def pull_request(self, resource: Mapping[str, Any]) -> None:
        """The resource of `git.pullrequest.*` is a pull request as REST has it [doc]."""
        self.pull_requests[resource["repository"]["id"], resource["pullRequestId"]] = dict(resource)

    def timeline(self, run: int, timeline: str | None) -> Body | None:
        """A run's timeline: the newest attempts of its stages, or one of the timelines of earlier attempts [doc].

        A build of a classic pipeline has jobs only [inf].
        """
        if run not in self.builds:
            return None
        attempts = self.stages.get(run, {})
        newest = {name: max(one for known, one in attempts if known == name) for name, _ in attempts}
        if timeline is None:
            shown = [self._with_attempts(run, name, attempt) for name, attempt in newest.items()]
            return self._timeline(run, self._guid("timeline", run), shown or [self._job(run)])
        earlier = [
            body for (name, attempt), body in attempts.items() if self._guid("timeline", run, name, attempt) == timeline
        ]
        return self._timeline(run, timeline, earlier) if earlier else None

    def _with_attempts(self, run: int, name: str, newest: int) -> Body:
        earlier = [
            {"attempt": attempt, "timelineId": self._guid("timeline", run, name, attempt), "recordId": body["id"]}
            for (known, attempt), body in self.stages[run].items()
            if known == name and attempt < newest
        ]
        return {**self.stages[run][name, newest], "previousAttempts": earlier}

    def _job(self, run: int) -> Body:
        build = self.builds[run]
        record = {"type": "Job", "name": "Agent job 1", "state": "completed", "attempt": 1, "identifier": "Job_1"}
        times = {"startTime": build["startTime"], "finishTime": build.get("finishTime")}
        return {"previousAttempts": [], "id": self._guid("job", run), "parentId": None, **record, **times}

    def _timeline(self, run: int, guid: str, records: Iterable[Body]) -> Body:
        url = f"{self._organisation.url}/_apis/build/builds/{run}/timeline/{guid}"
        return {
            "records": list(records),
            "lastChangedOn": stamp(self._organisation.now()),
            "id": guid,
            "changeId": 1,
            "url": url,
        }

    def _guid(self, *names: object) -> str:
        return self._organisation.guid(*names)
