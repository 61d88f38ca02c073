"""The REST interface, writing: an issue's fields and its remote links."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import Gate, body_of
from integration.simulators.jira_kinds import kind_of
from integration.simulators.jira_reads import demand_linking
from integration.simulators.jira_refusals import Refused, Unmodelled, cannot_be_set
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import Field, Issue
from integration.simulators.jira_values import Invalid
from integration.simulators.jira_work import Work

_EDIT = ("notifyUsers", "returnIssue", "overrideScreenSecurity", "overrideEditableFlag", "expand")


def writes(site: Site, shapes: Shapes, work: Work, gate: Gate, emails: list[str]) -> Blueprint:
    """The routes that change something; `emails` gets the key of an issue for each edit its watchers hear of by mail."""
    routes = Blueprint("writes", __name__, url_prefix=f"/rest/api/{shapes.api}")
    gate.guard(routes)

    @routes.put("/issue/<which>")
    @gate.asks(*_EDIT)
    def edit_issue(which: str) -> ResponseReturnValue:
        with site.lock:
            issue = site.issue(which)
            if {request.args.get("overrideScreenSecurity"), request.args.get("overrideEditableFlag")} & {"true"}:
                raise Refused(403, ("Only Connect and Forge apps may override screen security.",))  # [doc]
            gate.limit(issue.id)
            silent = gate.silences()
            values = _values(site, shapes, issue, _edit(), may_edit=gate.allows("EDIT_ISSUES"))
            changed = work.change(issue, values, by=g.account.user.account_id)
            if changed and not silent:
                emails.append(issue.key)
            return shapes.issue(issue, shapes.api) if request.args.get("returnIssue") == "true" else ("", 204)

    @routes.post("/issue/<which>/remotelink")
    @gate.asks()
    def set_remote_link(which: str) -> ResponseReturnValue:
        with site.lock:
            issue = _linkable(site, gate, which)
            link = _link()
            made, new = work.set_remote_link(issue, link, by=g.account.user.account_id)
            address = shapes.address(f"issue/{issue.key}/remotelink/{made['id']}", shapes.api)
            return {"id": made["id"], "self": address}, 201 if new else 200

    @routes.delete("/issue/<which>/remotelink")
    @gate.asks("globalId")
    def delete_remote_link(which: str) -> ResponseReturnValue:
        with site.lock:
            if not (global_id := request.args.get("globalId")):
                raise Refused(messages=("The globalId is required.",))
            if not work.remove_remote_link(_linkable(site, gate, which), global_id, by=g.account.user.account_id):
                raise Refused(404, ("No remote link with the given globalId.",))
            return "", 204

    return routes


def _linkable(site: Site, gate: Gate, which: str) -> Issue:
    issue = site.issue(which)
    demand_linking(site)
    if not gate.allows("LINK_ISSUES"):
        raise Refused(403, ("You do not have permission to link issues.",))
    gate.limit(issue.id)
    return issue


def _edit() -> Mapping[str, Mapping[str, Any]]:
    body = body_of(("fields", "update", "historyMetadata", "properties", "transition"))
    if unknown := body.keys() - {"fields", "update"}:
        raise Unmodelled(f"{', '.join(sorted(unknown))} in the body of an edit")
    if both := (body.get("fields") or {}).keys() & (body.get("update") or {}).keys():
        name = min(both)
        raise Refused(errors={name: f"Field '{name}' cannot appear in both 'fields' and 'update'"})
    return {"fields": body.get("fields") or {}, "update": body.get("update") or {}}


def _values(
    site: Site, shapes: Shapes, issue: Issue, edit: Mapping[str, Mapping[str, Any]], *, may_edit: bool
) -> dict[Field, Any]:
    """What the edit sets, or every reason why nothing of it is done."""
    values: dict[Field, Any] = {}
    errors: dict[str, str] = {}
    wishes = {**{name: [{"set": raw}] for name, raw in edit["fields"].items()}, **edit["update"]}
    for name, operations in wishes.items():
        field = site.fields.get(name)
        if field is None or not may_edit or not _may_be_set(site, field, issue):
            errors[name] = cannot_be_set(name)
            continue
        try:
            values[field] = _apply(site, shapes, issue, field, operations)
        except Invalid as error:
            errors[name] = str(error)
    if errors:
        raise Refused(errors=errors)
    return values


def _may_be_set(site: Site, field: Field, issue: Issue) -> bool:
    """[doc] The Cloud looks at no screens any more, Data Center does."""
    project = issue.values["project"]
    shown = not site.checks_screens or field.is_shown(project)
    return field.editable and shown and field.is_on(project)


def _apply(site: Site, shapes: Shapes, issue: Issue, field: Field, operations: list[dict[str, Any]]) -> Any:
    kind = kind_of(field)
    value = issue.values.get(field.id, kind.empty)
    for operation in operations:
        (verb, raw), *_ = operation.items()
        if verb == "set":
            value = kind.read(site, field, kind.unwrap(raw, shapes.api))
        elif field.kind == "labels" and verb in ("add", "remove"):
            kept = [one for one in value if one != raw]
            value = kind.read(site, field, [*kept, raw] if verb == "add" else kept)
        else:
            raise Unmodelled(f"{verb} of the field {field.name}")
    return value


def _link() -> dict[str, Any]:
    body = body_of(("globalId", "application", "relationship", "object"))
    shown = body.get("object") or {}
    errors = {name: f"'{name}' is required." for name in ("title", "url") if not shown.get(name)}  # [doc]
    if len(body.get("globalId") or "") > 255:
        errors["globalId"] = "'globalId' is too long."
    if errors:
        raise Refused(errors=errors)
    return body
