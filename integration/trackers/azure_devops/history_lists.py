"""The lists of builds, deployments and pull requests -> the facts that their webhooks told.

Each is asked for what changed since a moment. The next reading begins where this one began, by the tracker's own clock
and with an overlap: while pages are read, more can end anywhere in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integration.core.errors import Gone, Retryable
from integration.core.facts import TrackerFact
from integration.trackers import http
from integration.trackers.azure_devops import code, runs
from integration.trackers.azure_devops.payload import Event, Json, instant, optional_record, records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import Scope, Step, stamp, understanding

PAGE = 1000
PAGE_OF_RUNS = 50
"""Small, because the timeline of each run is a request of its own, and a restart repeats a page."""
PAGE_OF_DEPLOYMENTS = 100
OVERLAP = timedelta(minutes=5)
_NO_STAGE = "__default"
"""The stage of a YAML pipeline that names none."""
_DEPLOYED = frozenset({"succeeded", "partiallySucceeded", "failed"})
_ENDED_PULL_REQUESTS = frozenset({"completed", "abandoned"})

Answer = tuple[Sequence[Json], str | None]


class Lists:
    """Reads the lists of one organisation."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def builds(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """Builds by their ends."""
        for listed, there in self._pages(since, position, lambda *at: self._builds(scope, PAGE, *at)):
            with understanding():
                facts = [fact for each in listed for fact in runs.build_finished(self._event(scope, each))]
            yield Step(facts, there, len(listed))

    def runs(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """Runs of YAML pipelines with all attempts of their stages, by their ends."""
        for listed, there in self._pages(since, position, lambda *at: self._builds(scope, PAGE_OF_RUNS, *at)):
            yield Step([fact for each in listed for fact in self._run(scope, each)], there, len(listed))

    def deployments(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """Deployments of classic releases by when they changed last."""

        def ask(start: str, token: str | None) -> Answer:
            query = {"minModifiedTime": start, "queryOrder": "ascending", "$top": str(PAGE_OF_DEPLOYMENTS)}
            return self._list(self._rest.releases_url, scope, "release/deployments", query, token)

        for listed, there in self._pages(since, position, ask):
            with understanding():
                facts = [fact for each in listed for fact in self._deployment(scope, each)]
            yield Step(facts, there, len(listed))

    def pull_requests(self, scope: Scope, since: datetime, position: Mapping[str, Any]) -> Iterator[Step]:
        """Pull requests that were opened since, then those that were closed. The list has the newest first: what comes
        in meanwhile moves the rest back, so that some may be told twice and none is missed.
        """
        first = 0

        def ask(start: str, token: str | None) -> Answer:
            nonlocal first
            what, _, skip = (token or "created:0").partition(":")
            criteria = {"status": "all", "queryTimeRangeType": what, "minTime": start}
            query = {f"searchCriteria.{name}": value for name, value in criteria.items()}
            path = scope.path("_apis/git/pullrequests")
            told = self._rest.get(path, **query, **{"$top": str(PAGE), "$skip": skip})
            listed = records(told.get("value"), "value")
            first = sum(what == "created" or _before(each.get("creationDate"), start) for each in listed)
            more = f"{what}:{int(skip) + PAGE}" if len(listed) == PAGE else "closed:0" if what == "created" else None
            return listed, more

        for listed, there in self._pages(since, position, ask):
            with understanding():
                facts = [fact for each in listed for fact in self._pull_request(scope, each)]
            yield Step(facts, there, first)

    def stages(self, scope: Scope, build: str) -> Sequence[str]:
        """The names of a run's stages; of a pipeline that says nothing of stages, none."""
        with understanding():
            told = [each for each in self._timeline(scope, build, None) if each.get("type") == "Stage"]
            names = [str(each.get("name")) for each in told if each.get("identifier") != _NO_STAGE]
        return list(dict.fromkeys(names))

    def _pages(
        self, since: datetime, position: Mapping[str, Any], ask: Callable[[str, str | None], Answer]
    ) -> Iterator[tuple[Sequence[Json], Mapping[str, Any]]]:
        start, began, token = position.get("since") or stamp(since), position.get("began"), position.get("token")
        while True:
            asked = token
            with understanding():
                listed, token = ask(start, asked)
            if token is not None and token == asked:
                raise Retryable("Azure DevOps leads from a page of a list to the same page again")
            began = began or stamp(self._rest.answered - OVERLAP)
            yield listed, {"since": start, "began": began, "token": token} if token else {"since": began}
            if not token:
                return

    def _list(self, base: str, scope: Scope, what: str, query: Mapping[str, str], token: str | None) -> Answer:
        """A page of a list whose way on stands in a header."""
        after = {"continuationToken": token} if token else {}
        versioned = {"api-version": self._rest.version, **query, **after}
        response = self._rest.send("GET", f"{base}/{scope.path(f'_apis/{what}')}", query=versioned)
        told = http.decoded(response)
        return records(told.get("value"), "value"), response.headers.get("x-ms-continuationtoken")

    def _builds(self, scope: Scope, size: int, start: str, token: str | None) -> Answer:
        query = {"minTime": start, "statusFilter": "completed", "queryOrder": "finishTimeAscending", "$top": str(size)}
        return self._list(self._rest.url, scope, "build/builds", query, token)

    def _run(self, scope: Scope, build: Json) -> Iterator[TrackerFact]:
        """A run is a build whose timeline has stages; classic pipelines have none."""
        with understanding():
            stages = list(self._stages(scope, str(build["id"]), None))
            if not stages:
                return
            run = _run_of(build)
            resource = {"run": run, "pipeline": run["pipeline"]}
            told = [*runs.run_changed(self._event(scope, resource))]
            for stage in stages:
                told += runs.stage_changed(self._event(scope, {**resource, "stage": stage}))
        yield from (replace(fact, exact=True) for fact in told)  # nothing tells better, also where there is no commit

    def _stages(self, scope: Scope, build: str, timeline: str | None) -> Iterator[Json]:
        earlier: dict[str, None] = {}
        for each in self._timeline(scope, build, timeline):
            if each.get("type") != "Stage":
                continue
            if each.get("state") == "completed":
                yield {**each, "name": each.get("identifier"), "displayName": each.get("name")}
            attempts = records(each.get("previousAttempts"), "previousAttempts")
            earlier |= {attempt["timelineId"]: None for attempt in attempts}
        if timeline is None:  # the newest knows all that were before
            for known in earlier:
                yield from self._stages(scope, build, known)

    def _timeline(self, scope: Scope, build: str, timeline: str | None) -> Sequence[Json]:
        path = scope.path(f"_apis/build/builds/{build}/timeline") + (f"/{timeline}" if timeline else "")
        try:
            response = self._rest.send("GET", f"{self._rest.url}/{path}", query={"api-version": self._rest.version})
        except Gone:  # thrown away while the build is kept
            return ()
        told = http.decoded(response) if response.content else None
        return records(optional_record(told, "timeline").get("records"), "records")

    def _deployment(self, scope: Scope, told: Json) -> Iterator[TrackerFact]:
        if instant(told.get("completedOn")) is None and told.get("deploymentStatus") not in _DEPLOYED:
            return  # it waits, or is on its way
        known = optional_record(told.get("releaseEnvironment"), "releaseEnvironment")
        environment = {
            **known,
            "release": told.get("release"),
            "releaseDefinition": told.get("releaseDefinition"),
            "modifiedOn": told.get("lastModifiedOn"),
        }
        project = {"id": scope.id, "name": scope.name}
        resource = {"environment": environment, "deployment": told, "project": project}
        yield from runs.deployment_completed(self._event(scope, resource))

    def _pull_request(self, scope: Scope, told: Json) -> Iterator[TrackerFact]:
        for fact in code.pull_request_opened(self._event(scope, {**told, "status": "active"})):
            yield replace(fact, exact=False)  # its branches may have changed since
        if told.get("status") in _ENDED_PULL_REQUESTS:
            yield from code.pull_request_changed(self._event(scope, told))

    def _event(self, scope: Scope, resource: Json) -> Event:
        return Event("", None, resource, self._rest.answered, scope.id)


def _before(told: object, start: str) -> bool:
    at, beginning = instant(told), instant(start)
    return at is not None and beginning is not None and at < beginning


def _run_of(build: Json) -> Json:
    definition = optional_record(build.get("definition"), "definition")
    return {
        "id": build["id"],
        "name": build.get("buildNumber"),
        "pipeline": {"id": definition.get("id"), "name": definition.get("name")},
        "state": "completed",
        "result": build.get("result"),
        "createdDate": build.get("queueTime"),
        "finishedDate": build.get("finishTime"),
        "resources": {
            "repositories": {
                "self": {"refName": build.get("sourceBranch"), "version": build.get("sourceVersion")},
            }
        },
    }
