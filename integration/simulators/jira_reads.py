"""The REST interface, reading one issue: its fields, what of it may be edited, its history and its remote links."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import Gate, page_of
from integration.simulators.jira_kinds import kind_of
from integration.simulators.jira_refusals import Refused, Unmodelled
from integration.simulators.jira_shapes import UNUSED, Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import Field, Issue

_EVERYTHING = {"*all", "*navigable"}
_COMPUTED = (
    *("created", "updated", "creator", "resolutiondate", "statuscategorychangedate"),
    *("subtasks", "issuelinks", "comment", "watches", "votes"),
)


def reads(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes that show an issue."""
    routes = Blueprint("reads", __name__, url_prefix=f"/rest/api/{shapes.api}")
    gate.guard(routes)
    _comment_routes(routes, site, shapes, gate)

    @routes.get("/issue/<which>")
    @gate.asks("fields", "expand", "properties", "fieldsByKeys", "updateHistory", "failFast")
    def get_issue(which: str) -> ResponseReturnValue:
        with site.lock:
            issue = visible(site, gate, which)
            wanted = wanted_fields(site, request.args.get("fields", "*all").split(","))
            shape = shapes.issue(issue, shapes.api, wanted)
            if wanted is None or "comment" in wanted:
                shape["fields"]["comment"] = shapes.comments(issue)  # [rec] all of them
            if expands_changelog(request.args.get("expand")):
                shape["changelog"] = shapes.expanded_changelog(issue, 100)  # [3p]
            return shape

    @routes.get("/issue/<which>/editmeta")
    @gate.asks("overrideScreenSecurity", "overrideEditableFlag")
    def editmeta(which: str) -> ResponseReturnValue:
        project = visible(site, gate, which).values["project"]
        listed = (one for one in site.fields.values() if one.editable and one.is_on(project) and one.is_shown(project))
        return {"fields": {one.id: _editable(shapes, one) for one in listed}}

    @routes.get("/issue/<which>/remotelink")
    @gate.asks("globalId")
    def remote_links(which: str) -> ResponseReturnValue:
        issue = visible(site, gate, which)
        demand_linking(site)
        links = [_remote_link(shapes, issue, key, link) for key, link in issue.remote_links.items()]
        if (wanted := request.args.get("globalId")) is None:
            return jsonify(links)
        found = next((link for link in links if link.get("globalId") == wanted), None)
        if found is None:
            raise Refused(404, ("No remote link with the given globalId.",))
        return found  # [doc] one object, not a list

    return routes


def _comment_routes(routes: Blueprint, site: Site, shapes: Shapes, gate: Gate) -> None:
    @routes.get("/issue/<which>/comment")
    @gate.asks("startAt", "maxResults", "orderBy")
    def comments(which: str) -> ResponseReturnValue:
        with site.lock:
            issue = visible(site, gate, which)
            if (order := request.args.get("orderBy", "created")) not in ("created", "+created"):
                raise Unmodelled(f"orderBy={order} of comments")
            page = page_of([shapes.comment(issue, one, shapes.api) for one in issue.comments], "comments", 100)  # [3p]
            del page["isLast"]  # [doc]
            return page


def demand_linking(site: Site) -> None:
    """[doc] reading and writing remote links requires issue linking to be active; [inf] the status."""
    if not site.linking:
        raise Refused(403, ("Issue linking is currently disabled.",))


def wanted_fields(site: Site, names: Collection[str]) -> set[str] | None:
    """The ids of the fields a client asked for; None for all of them."""
    plain = {name for name in names if not name.startswith("-")}
    left_out = {name[1:] for name in names if name.startswith("-")}
    if not left_out and plain & _EVERYTHING:
        return None
    if left_out:
        return {*site.fields, *_COMPUTED, *UNUSED} - left_out
    return plain


def expands_changelog(said: str | None) -> bool:
    """Whether `expand` asks for the changelog; nothing else can be expanded."""
    expansions = {one for one in (said or "").split(",") if one}
    if unknown := expansions - {"changelog"}:
        raise Unmodelled(f"expand={', '.join(sorted(unknown))}")
    return bool(expansions)


def visible(site: Site, gate: Gate, which: str) -> Issue:
    """The issue, if the one who asks may see it."""
    if not gate.allows("BROWSE_PROJECTS"):
        raise Refused(404, ("Issue does not exist or you do not have permission to see it.",))
    return site.issue(which)


def _remote_link(shapes: Shapes, issue: Issue, key: str, link: Mapping[str, Any]) -> dict[str, Any]:
    address = shapes.address(f"issue/{issue.key}/remotelink/{link['id']}", shapes.api)
    return {"id": link["id"], "self": address, "globalId": key, "application": {}, **link}


def _editable(shapes: Shapes, field: Field) -> dict[str, Any]:
    several = isinstance(kind_of(field).empty, tuple)
    options = [
        {"self": shapes.address(f"customFieldOption/{one.id}", 3), "value": one.name, "id": one.id}
        for one in field.options
    ]
    return {
        **({"allowedValues": options} if field.kind == "option" else {}),
        "required": field.id == "summary",
        "schema": shapes.schema(field),
        "name": field.name,
        "key": field.id,
        "operations": ["add", "set", "remove"] if several else ["set"],
        "hasDefaultValue": False,
    }
