"""The REST interface of Data Center where it is not the Cloud's: search by offset, and what the site is made of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.simulators import jira_jql
from integration.simulators.jira_directory import permission
from integration.simulators.jira_gate import PERMISSIONS, Gate, body_of
from integration.simulators.jira_reads import expands_changelog, wanted_fields
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import Issue

_SEARCH = ("jql", "startAt", "maxResults", "fields", "expand", "validateQuery")
MOST = 1000  # [doc] jira.search.views.default.max, which an administrator may change


def offset_searches(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes that find issues."""
    routes = Blueprint("offset_searches", __name__, url_prefix="/rest/api/2")
    gate.guard(routes)

    def search(asked: Mapping[str, Any], names: list[str]) -> ResponseReturnValue:
        wanted = [one for one in names if one] or ["*navigable"]  # [doc]
        start, size = int(asked.get("startAt") or 0), int(asked.get("maxResults", 50))
        with site.lock:
            strict = str(asked.get("validateQuery", "true")).casefold() != "false"
            query = jira_jql.parse(str(asked.get("jql") or ""), site, shapes.zone, bounded=False, strict=strict)
            found = query.run(site.searched()) if gate.allows("BROWSE_PROJECTS") else []
            page = found[start : start + min(size, MOST)]
            issues = [_found(site, shapes, site.issues[one.id], wanted, asked.get("expand")) for one in page]
            return {"startAt": start, "maxResults": min(size, MOST), "total": len(found), "issues": issues}

    @routes.get("/search")
    @gate.asks(*_SEARCH)
    def search_by_get() -> ResponseReturnValue:
        return search(request.args, request.args.get("fields", "").split(","))

    @routes.post("/search")
    @gate.asks(reads="/rest/api/2/search")
    def search_by_post() -> ResponseReturnValue:
        asked = body_of(_SEARCH)
        return search(asked, asked.get("fields") or [])

    return routes


def data_center_directory(site: Site, shapes: Shapes, gate: Gate, version: str) -> Blueprint:
    """The routes about the site as a whole."""
    routes = Blueprint("data_center_directory", __name__, url_prefix="/rest/api/2")
    gate.guard(routes)

    @routes.get("/serverInfo")
    def server_info() -> ResponseReturnValue:
        return {
            "baseUrl": shapes.url,
            "version": version,
            "versionNumbers": [int(part) for part in version.split(".")],
            "deploymentType": "Server",  # [doc] of Data Center, too
            "buildNumber": 912004,
            "serverTime": shapes.moment(site.clock()),
            "serverTitle": "Simulated Jira",
        }

    @routes.get("/project")
    def projects() -> ResponseReturnValue:
        return jsonify([shapes.project(one, 2) for one in site.projects.values()])  # [doc] all, in one page

    @routes.get("/mypermissions")
    @gate.asks("projectKey", "projectId", "issueKey", "issueId")
    def mypermissions() -> ResponseReturnValue:
        if key := request.args.get("projectKey") or request.args.get("projectId"):
            site.project(key)
        if key := request.args.get("issueKey") or request.args.get("issueId"):
            site.issue(key)
        # [doc] always all of them
        return {"permissions": {one: permission(one, has=gate.allows(one)) for one in PERMISSIONS}}

    return routes


def tokens(site: Site, shapes: Shapes, gate: Gate, ends: Mapping[str, datetime | None]) -> Blueprint:
    """The route about personal access tokens; `ends` says by name when each ends. [3p] `ends` is null where none does [inf]"""
    routes = Blueprint("tokens", __name__, url_prefix="/rest/pat/latest")
    gate.guard(routes)

    @routes.get("/tokens")
    def listed() -> ResponseReturnValue:
        def shape(number: int, name: str, end: datetime | None) -> dict[str, Any]:
            made = shapes.moment(site.clock())
            return {"id": number, "name": name, "createdAt": made, "expiringAt": end and shapes.moment(end)}

        return jsonify([shape(number, name, end) for number, (name, end) in enumerate(ends.items(), 1)])

    return routes


def _found(site: Site, shapes: Shapes, issue: Issue, wanted: list[str], expand: str | None) -> dict[str, Any]:
    names = wanted_fields(site, wanted)
    shape = shapes.issue(issue, 2, names)
    if names is not None and "comment" in names:  # [doc] not navigable
        shape["fields"]["comment"] = shapes.comments(issue)  # [inf] all of them
    if expands_changelog(expand):
        shape["changelog"] = shapes.expanded_changelog(issue, len(issue.history))
    return shape
