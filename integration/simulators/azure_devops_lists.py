"""The lists over REST of what the ledger holds: builds and their timelines, deployments, pull requests."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify

from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, project, query
from integration.simulators.azure_devops_ledger import Body
from integration.simulators.azure_devops_refusals import NotModelled, Refused

_MOST_BUILDS = 5000  # [3p]
_MOST_DEPLOYMENTS = 100  # [3p]
_MOST_PULL_REQUESTS = 1000  # [3p] without $top 101
_DEFAULT_PULL_REQUESTS = 101


def add_lists(entrance: Entrance) -> None:
    """The routes under `build/`, `release/` and `git/`."""
    _add_builds(entrance)
    _add_deployments(entrance)
    _add_pull_requests(entrance)


def _add_builds(entrance: Entrance) -> None:
    ledger = entrance.service.actions.ledger

    @entrance.route("build/builds")
    def builds() -> Answer:
        words = _words("mintime", "statusfilter", "queryorder", "$top", "continuationtoken")
        if words.get("queryorder") != "finishTimeAscending" or words.get("statusfilter") != "completed":
            raise NotModelled("a list of builds that are not completed, or in another order than of their ends")
        ended = [body for body in _here(ledger.builds.values()) if body["status"] == "completed"]
        found = _since(ended, words.get("mintime"), lambda body: body["finishTime"])
        found.sort(key=_end)
        if after := words.get("continuationtoken"):
            found = [body for body in found if "/".join(map(str, _end(body))) > after]
        page = found[: min(int(words.get("$top", 1000)), _MOST_BUILDS)]
        more = "/".join(map(str, _end(page[-1]))) if len(found) > len(page) else None
        if entrance.service.settings.is_going_in_circles and words.get("continuationtoken"):
            more = words["continuationtoken"]
        return _page(page, more)

    @entrance.route("build/builds/<int:build_id>/timeline")
    def timeline(build_id: int) -> Answer:
        return _timeline(build_id, None)

    @entrance.route("build/builds/<int:build_id>/timeline/<guid>")
    def earlier_timeline(build_id: int, guid: str) -> Answer:
        return _timeline(build_id, guid)

    def _timeline(build_id: int, guid: str | None) -> Answer:
        found = ledger.timeline(build_id, guid)
        if found is None:
            raise Refused(404, f"TF246014: The build {build_id} was not found.", "BuildNotFoundException")  # [inf]
        return found


def _end(body: Body) -> tuple[str, str]:
    return body["finishTime"], f"{body['id']:012d}"


def _add_deployments(entrance: Entrance) -> None:
    ledger = entrance.service.actions.ledger

    @entrance.route("release/deployments")
    def deployments() -> Answer:
        words = _words("minmodifiedtime", "queryorder", "$top", "continuationtoken")
        if words.get("queryorder") != "ascending":
            raise NotModelled("a list of deployments with the newest first")
        found = _since(
            _here(ledger.deployments.values(), lambda body: body["projectReference"]["id"]),
            words.get("minmodifiedtime"),
            lambda body: body["lastModifiedOn"],
        )
        found = sorted(
            (body for body in found if body["id"] >= int(words.get("continuationtoken", 0))),
            key=lambda body: body["id"],
        )
        page = found[: min(int(words.get("$top", 50)), _MOST_DEPLOYMENTS)]
        more = str(found[len(page)]["id"]) if len(found) > len(page) else None  # [3p] the first of the next page
        return _page(page, more)


def _add_pull_requests(entrance: Entrance) -> None:
    ledger = entrance.service.actions.ledger

    @entrance.route("git/pullrequests")
    def pull_requests() -> Answer:
        criteria = ("status", "mintime", "querytimerangetype")
        words = _words(*(f"searchcriteria.{name}" for name in criteria), "$top", "$skip")
        if words.get("searchcriteria.status") != "all":
            raise NotModelled("a list of pull requests by their state")
        date = "closedDate" if words.get("searchcriteria.querytimerangetype") == "closed" else "creationDate"
        here = _here(ledger.pull_requests.values(), lambda body: body["repository"]["project"]["id"])
        dated = [body for body in here if date in body]
        found = _since(dated, words.get("searchcriteria.mintime"), lambda body: body[date])
        found.sort(key=lambda body: body["pullRequestId"], reverse=True)  # [3p] the newest first, and no other order
        skip = int(words.get("$skip", 0))
        most = min(int(words.get("$top", _DEFAULT_PULL_REQUESTS)), _MOST_PULL_REQUESTS)
        return listing(found[skip : skip + most])


def _words(*modelled: str) -> dict[str, str]:
    """The query's parameters. Raises `NotModelled` for any but these."""
    words = query()
    for name in words:
        if name not in (*modelled, "api-version"):
            raise NotModelled(f"the parameter {name}")
    return words


def _here(
    bodies: Iterable[Body], project_of: Callable[[Body], str] = lambda body: body["project"]["id"]
) -> Sequence[Body]:
    """Those of the project in the path, which has to be there [doc]."""
    scope = project()
    if scope is None:
        raise NotModelled("such a list without a project")
    return [body for body in bodies if project_of(body) == scope.id]


def _since(bodies: Iterable[Body], start: str | None, time_of: Callable[[Body], str]) -> list[Body]:
    # [inf] a time that is equal counts as later
    return [body for body in bodies if not start or _moment(time_of(body)) >= _moment(start)]


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _page(page: list[Any], more: str | None) -> Response:
    answer: Response = jsonify(listing(page))
    if more:
        answer.headers["x-ms-continuationtoken"] = more  # [3p] the way on stands in a header only
    return answer
