"""The REST interface, reading what the site is made of: who asks, fields, statuses, types, projects, permissions.

What the Cloud tells in its own way is in `cloud_directory`.
"""

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import PERMISSIONS, Gate, page_of
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site


def directory(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes about the site as a whole."""
    routes = Blueprint("directory", __name__, url_prefix=f"/rest/api/{shapes.api}")
    gate.guard(routes)

    @routes.get("/myself")
    def myself() -> ResponseReturnValue:
        user = g.account.user
        return shapes.user(user, shapes.api) | {"emailAddress": user.email}

    @routes.get("/field")
    def field() -> ResponseReturnValue:
        return jsonify([shapes.field(one) for one in site.fields.values()])

    @routes.get("/status")
    def status() -> ResponseReturnValue:
        return jsonify([shapes.status(one, shapes.api) for one in site.statuses])

    @routes.get("/configuration")
    def configuration() -> ResponseReturnValue:
        # [doc] whoever may use Jira reads it; of its switches only those that are modelled
        return {"issueLinkingEnabled": site.linking, "subTasksEnabled": True}

    @routes.get("/issuetype")
    def issuetype() -> ResponseReturnValue:
        return jsonify([shapes.issue_type(one, shapes.api) for one in site.issue_types])

    return routes


def cloud_directory(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes about the site as a whole that only the Cloud has, or has in this form."""
    routes = Blueprint("cloud_directory", __name__, url_prefix="/rest/api/3")
    gate.guard(routes)
    _permission_routes(routes, site, gate)

    @routes.get("/serverInfo")
    def server_info() -> ResponseReturnValue:
        return {
            "baseUrl": shapes.url,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100300,
            "serverTime": shapes.moment(site.clock()),
            "serverTitle": "Simulated Jira",
        }

    @routes.get("/project/search")
    @gate.asks("startAt", "maxResults", "keys", "id")
    def project_search() -> ResponseReturnValue:
        keys, ids = request.args.getlist("keys"), request.args.getlist("id")
        found = [
            shapes.project(one, 3)
            for one in site.projects.values()
            if (not keys or one.key in keys) and (not ids or one.id in ids) and gate.allows("BROWSE_PROJECTS")
        ]
        return page_of(found, "values", 50)

    @routes.get("/label")
    @gate.asks("startAt", "maxResults")
    def label() -> ResponseReturnValue:
        used = {one for issue in site.issues.values() for one in issue.values.get("labels", ())}
        return page_of(sorted(used), "values", 1000)  # [doc] of the whole site, whoever may see which issue

    return routes


def _permission_routes(routes: Blueprint, site: Site, gate: Gate) -> None:
    @routes.get("/mypermissions")
    @gate.asks("permissions", "projectKey", "projectId", "issueKey", "issueId")
    def mypermissions() -> ResponseReturnValue:
        asked = [one for one in request.args.get("permissions", "").split(",") if one]
        if not asked:  # [doc]
            raise Refused(messages=("The 'permissions' query parameter is required.",))
        if unknown := [one for one in asked if one not in PERMISSIONS]:
            raise Refused(messages=(f"Unrecognized permission: {unknown[0]}",))
        if key := request.args.get("projectKey") or request.args.get("projectId"):
            site.project(key)
        if key := request.args.get("issueKey") or request.args.get("issueId"):
            site.issue(key)
        return {"permissions": {one: permission(one, has=gate.allows(one)) for one in asked}}


def permission(key: str, *, has: bool) -> dict[str, Any]:
    """A permission as `mypermissions` shows it."""
    kind = "GLOBAL" if key == "ADMINISTER" else "PROJECT"
    name = key.replace("_", " ").title()
    return {"id": str(PERMISSIONS.index(key)), "key": key, "name": name, "type": kind, "havePermission": has}
