"""The REST interface, reading plans: the versions of a project, boards, and the sprints of a board."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import Gate, page_of
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import NotFound, Site


def versions(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The route that lists a project's versions, in the order in which they were made. [doc] by sequence"""
    routes = Blueprint("versions", __name__, url_prefix=f"/rest/api/{shapes.api}")
    gate.guard(routes)

    @routes.get("/project/<which>/version")
    @gate.asks("startAt", "maxResults")
    def project_versions(which: str) -> ResponseReturnValue:
        with site.lock:
            try:
                project = site.project(which)
            except NotFound:
                raise Refused(404, (f"No project could be found with key '{which}'.",)) from None
            listed = (one for one in site.versions.values() if one.project_id == project.id)
            # [inf] no more than the documented default at a time
            return page_of(
                [shapes.version(one, shapes.api) | {"projectId": int(project.id)} for one in listed], "values", 50
            )

    return routes


def boards(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes of Jira Software."""
    routes = Blueprint("boards", __name__, url_prefix="/rest/agile/1.0")
    gate.guard(routes)

    @routes.before_request
    def demand_software() -> None:
        if not site.software:
            raise Refused(404, ("Jira Software is not installed.",))  # [inf]

    @routes.get("/board")
    @gate.asks("startAt", "maxResults", "projectKeyOrId", "type")
    def all_boards() -> ResponseReturnValue:
        with site.lock:
            kind, key = request.args.get("type"), request.args.get("projectKeyOrId")
            project = site.project(key).id if key else None
            found = [
                shapes.board(one)
                for one in site.boards.values()
                if kind in (None, one.kind) and (project is None or one.project in (None, project))
            ]
            return page_of(found, "values", 50)  # [doc]

    @routes.get("/board/<int:which>/sprint")
    @gate.asks("startAt", "maxResults")
    def sprints(which: int) -> ResponseReturnValue:
        with site.lock:
            if (board := site.boards.get(which)) is None:
                raise Refused(404, ("Requested board cannot be viewed because it does not exist.",))
            if board.kind != "scrum":
                raise Refused(400, ("The board does not support sprints",))  # [3p]
            return page_of([shapes.sprint(one) for one in site.sprints.values() if one.board == which], "values", 50)

    return routes
