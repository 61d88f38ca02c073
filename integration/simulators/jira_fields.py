"""The REST interface by which administrators look after fields: making them, their contexts, and screens. [doc]

Each company-managed project has one screen of its own, with one tab, for all types and uses.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_gate import Gate, body_of, page_of
from integration.simulators.jira_refusals import Refused, Unmodelled
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import CUSTOM_TYPES, MAKEABLE, Field, Project

# [doc] the searchers that each type takes
_SEARCHERS = {
    "number": ("exactnumber", "numberrange"),
    "text": ("textsearcher",),
    "textarea": ("textsearcher",),
    "url": ("exacttextsearcher",),
    "option": ("multiselectsearcher",),
    "date": ("daterange",),
}
_PAGE = 50


def fields(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """The routes. All of them are for administrators only."""
    routes = Blueprint("fields", __name__, url_prefix="/rest/api/3")
    gate.guard(routes)

    @routes.before_request
    def demand_administrator() -> None:
        if not gate.allows("ADMINISTER"):  # [doc] the permission, [3p] the words
            raise Refused(403, ("Only Jira administrators can perform this operation.",))

    _field_routes(routes, site, shapes)
    _context_routes(routes, site, gate)
    _scheme_routes(routes, site, gate)
    _screen_routes(routes, site, gate)
    return routes


def data_center_fields(site: Site, shapes: Shapes, gate: Gate) -> Blueprint:
    """Data Center's: it makes fields, and puts them on the Default Screen, which projects use that have none of their own."""
    routes = Blueprint("data_center_fields", __name__, url_prefix="/rest/api/2")
    gate.guard(routes)

    @routes.before_request
    def demand_administrator() -> None:
        if not gate.allows("ADMINISTER"):  # [doc] the permission, [3p] the words
            raise Refused(403, ("Only Jira administrators can perform this operation.",))

    _field_routes(routes, site, shapes)

    @routes.post("/screens/addToDefault/<field_id>")
    def add_to_default(field_id: str) -> ResponseReturnValue:
        with site.lock:
            field = site.fields.get(field_id)
            if field is None:
                raise Refused(404, (f"Field with id '{field_id}' does not exist.",))  # [inf] the words
            sharing = frozenset(site.projects) - site.own_screens
            if field.on_screens or field_id in site.default_screen:
                raise Refused(messages=(f"The field with id '{field_id}' already exists on the screen.",))  # [3p]
            site.default_screen.add(field_id)
            site.change_field(field_id, shown_in=field.shown_in | sharing)
        return {}

    return routes


def _field_routes(routes: Blueprint, site: Site, shapes: Shapes) -> None:
    @routes.post("/field")
    def create_field() -> ResponseReturnValue:
        body = body_of(("name", "description", "type", "searcherKey"))
        kind = next((kind for kind, custom in MAKEABLE.items() if custom == body.get("type")), None)
        if not body.get("name"):
            raise Refused(errors={"name": "The name of the custom field is required."})  # [inf] the words
        if kind is None:
            raise Unmodelled(f"a custom field of type {body.get('type')}")
        searcher = str(body.get("searcherKey", "")).removeprefix(CUSTOM_TYPES)
        if searcher and searcher not in _SEARCHERS[kind]:  # [doc] it must fit the type; [inf] the words
            raise Refused(errors={"searcherKey": f"The searcher {searcher} is not valid for the type {body['type']}."})
        with site.lock:
            made = site.add_field(body["name"], kind)
            shown = site.change_field(made.id, on_screens=False)  # [doc] on no screen; [3p] for all projects
        return shapes.field(shown), 201


def _context_routes(routes: Blueprint, site: Site, gate: Gate) -> None:
    def custom(field_id: str) -> Field:
        if field_id not in site.fields or site.fields[field_id].custom is None:
            raise Refused(404, ("The custom field was not found.",))
        return site.fields[field_id]

    @routes.get("/field/<field_id>/context/projectmapping")
    @gate.asks("contextId", "startAt", "maxResults")
    def project_mappings(field_id: str) -> ResponseReturnValue:
        found: list[dict[str, Any]] = []
        for number, projects in enumerate(custom(field_id).contexts):
            context = str(10000 + number)
            found += [{"contextId": context, "projectId": one} for one in sorted(projects)]
            if not projects:
                found.append({"contextId": context, "isGlobalContext": True})
        return page_of(found, "values", _PAGE)

    @routes.post("/field/<field_id>/context")
    @gate.asks()
    def create_context(field_id: str) -> ResponseReturnValue:
        field, body = custom(field_id), body_of(("name", "description", "projectIds", "issueTypeIds"))
        if body.get("issueTypeIds"):
            raise Unmodelled("a context for some issue types")
        wanted = frozenset(body.get("projectIds") or ())
        if any(wanted & projects or not (wanted or projects) for projects in field.contexts):  # [doc] the status
            raise Refused(409, ("There is a context for some of these projects already.",))
        site.change_field(field.id, contexts=(*field.contexts, wanted))
        number = 10000 + len(field.contexts)
        return {"id": str(number), "issueTypeIds": [], **body}, 201


def _scheme_routes(routes: Blueprint, site: Site, gate: Gate) -> None:
    def asked(name: str) -> list[Project]:
        ids = request.args.getlist(name)
        return [one for one in _company_managed(site) if not ids or one.id in ids]

    @routes.get("/issuetypescreenscheme/project")
    @gate.asks("projectId", "startAt", "maxResults")
    def schemes_of_projects() -> ResponseReturnValue:
        def shape(one: Project) -> dict[str, Any]:
            return {"issueTypeScreenScheme": {"id": one.id, "name": f"{one.key} scheme"}, "projectIds": [one.id]}

        return page_of([shape(one) for one in asked("projectId")], "values", _PAGE)

    @routes.get("/issuetypescreenscheme/mapping")
    @gate.asks("issueTypeScreenSchemeId", "startAt", "maxResults")
    def schemes_of_types() -> ResponseReturnValue:
        def shape(one: Project) -> dict[str, Any]:
            return {"issueTypeScreenSchemeId": one.id, "issueTypeId": "default", "screenSchemeId": one.id}

        return page_of([shape(one) for one in asked("issueTypeScreenSchemeId")], "values", _PAGE)

    @routes.get("/screenscheme")
    @gate.asks("id", "startAt", "maxResults")
    def screen_schemes() -> ResponseReturnValue:
        def shape(one: Project) -> dict[str, Any]:
            return {"id": int(one.id), "name": f"{one.key} screens", "screens": {"default": int(one.id)}}

        return page_of([shape(one) for one in asked("id")], "values", _PAGE)

    @routes.get("/screens")
    @gate.asks("id", "startAt", "maxResults")
    def screens() -> ResponseReturnValue:
        found = [{"id": int(one.id), "name": f"{one.key}: Default Issue Screen"} for one in asked("id")]
        return page_of(found, "values", _PAGE)


def _screen_routes(routes: Blueprint, site: Site, gate: Gate) -> None:
    def of(screen: int, tab: int) -> Project:
        found = next((one for one in _company_managed(site) if int(one.id) == screen == tab), None)
        if found is None:
            raise Refused(404, ("The screen or the tab was not found.",))
        return found

    @routes.get("/screens/<int:screen>/tabs")
    @gate.asks("projectKey")
    def tabs(screen: int) -> ResponseReturnValue:
        of(screen, screen)
        return jsonify([{"id": screen, "name": "Field Tab"}])

    @routes.get("/screens/<int:screen>/tabs/<int:tab>/fields")
    @gate.asks("projectKey")
    def tab_fields(screen: int, tab: int) -> ResponseReturnValue:
        project = of(screen, tab)
        return jsonify(_listed(site, lambda one: one.is_shown(project.id)))

    @routes.post("/screens/<int:screen>/tabs/<int:tab>/fields")
    @gate.asks("skipFieldAssociation")
    def add_tab_field(screen: int, tab: int) -> ResponseReturnValue:
        project, field_id = of(screen, tab), str(body_of(("fieldId",)).get("fieldId"))
        if field_id not in site.fields:
            raise Refused(errors={"fieldId": f"Field with id '{field_id}' does not exist."})  # [inf] the words
        field = site.fields[field_id]
        if field.is_shown(project.id):
            raise Refused(messages=(f"The field with id '{field_id}' already exists on the screen.",))  # [3p]
        site.change_field(field_id, shown_in=field.shown_in | {project.id})
        return {"id": field_id, "name": field.name}


def _company_managed(site: Site) -> Iterable[Project]:
    return (one for one in site.projects.values() if not one.team_managed)


def _listed(site: Site, wanted: Callable[[Field], bool]) -> list[dict[str, str]]:
    return [{"id": one.id, "name": one.name} for one in site.fields.values() if wanted(one)]
