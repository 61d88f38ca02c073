"""What an organisation is made of, over REST: projects, fields, work item types and states, subscriptions."""

from typing import Any

from flask import jsonify

from integration.simulators.azure_devops_entrance import Answer, Entrance, listing, project, query
from integration.simulators.azure_devops_items import Project
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_process import Field, State, WorkItemType
from integration.simulators.azure_devops_refusals import Refused, field_missing
from integration.simulators.azure_devops_shapes import project_body

_PROJECTS = 100  # [doc] where nobody says how many


def add_catalogue(entrance: Entrance) -> None:
    """The routes."""
    _add_projects(entrance)
    _add_process(entrance)
    _add_categories(entrance)
    _add_tags(entrance)


def _add_projects(entrance: Entrance) -> None:
    organisation = entrance.service.organisation

    @entrance.route("projects", project=False)
    def projects() -> Answer:
        asked = query()
        first = int(asked.get("$skip", 0))
        last = first + min(int(asked.get("$top", _PROJECTS)), entrance.service.settings.page_of_projects)  # [inf] a cap
        every = list(organisation.projects.values())
        answer = jsonify(listing(project_body(organisation, one) for one in every[first:last]))
        if last < len(every):
            answer.headers["x-ms-continuationtoken"] = str(last)
        return answer

    @entrance.route("projects/<name>", project=False)
    def one_project(name: str) -> Answer:
        found = organisation.project(name)
        if found is None:
            message = f"TF200016: The following project does not exist: {name}."
            raise Refused(404, message, "ProjectDoesNotExistWithNameException")
        return project_body(organisation, found)


def _add_process(entrance: Entrance) -> None:
    organisation = entrance.service.organisation
    process = organisation.process

    def kind(name: str) -> WorkItemType:
        if found := process.type(name):
            return found
        raise Refused(404, f"VS402323: Work item type {name} does not exist.", "WorkItemTypeNotFoundException")  # [3p]

    @entrance.route("wit/fields")
    def fields() -> Answer:
        return listing(_field_body(organisation, field) for field in process.fields.values())

    @entrance.route("wit/fields/<name>")
    def field(name: str) -> Answer:
        found = process.field(name)
        if found is None:
            raise field_missing(name, 404)
        return _field_body(organisation, found)

    @entrance.route("wit/workitemtypes")
    def types() -> Answer:
        return listing(_type_body(organisation, one, project()) for one in process.types.values())

    @entrance.route("wit/workitemtypes/<name>")
    def one_type(name: str) -> Answer:
        return _type_body(organisation, kind(name), project())

    @entrance.route("wit/workitemtypes/<name>/states")
    def states(name: str) -> Answer:
        return listing(_states_body(organisation, kind(name), project()))

    @entrance.route("wit/workitemtypes/<name>/fields")
    def type_fields(name: str) -> Answer:
        return listing(_type_fields(organisation, kind(name)))


def _add_categories(entrance: Entrance) -> None:
    organisation = entrance.service.organisation

    @entrance.route("wit/workitemtypecategories")
    def categories() -> Answer:
        return listing(_category_body(organisation, *category) for category in organisation.process.categories)


def _add_tags(entrance: Entrance) -> None:
    organisation = entrance.service.organisation

    def used_in(asked: Project | None) -> Answer:
        used = (tag for item in organisation.living() if asked in (None, item.project) for tag in item.tags)
        # [doc] a tag is the same in any case
        return listing(_tag_body(organisation, tag) for tag in {tag.lower(): tag for tag in used}.values())

    @entrance.route("tagging/scopes/<scope>/tags", project=False)
    def tags_in_scope(scope: str) -> Answer:
        """[doc] Since version 1.0; a scope is a project's id."""
        found = next((one for one in organisation.projects.values() if one.id == scope), None)
        if found is None:
            raise Refused(404, f"The scope {scope} does not exist.", "TaggingScopeNotFoundException")  # [inf]
        return used_in(found)

    if organisation.edition.has_work_item_tags:

        @entrance.route("wit/tags")
        def tags() -> Answer:
            return used_in(project())


def _field_body(organisation: Organisation, field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "referenceName": field.reference,
        "type": field.type,
        "usage": "workItem",
        "readOnly": field.read_only,
        "isIdentity": field.identity,
        "isPicklist": bool(field.picklist),
        **({"picklistId": organisation.guid("list", field.reference)} if field.picklist else {}),
        "isQueryable": True,
        "canSortBy": True,
        "supportedOperations": [{"referenceName": "SupportedOperations.Equals", "name": "="}],
        "url": f"{organisation.url}/_apis/wit/fields/{field.reference}",
    }


def _tag_body(organisation: Organisation, tag: str) -> dict[str, Any]:
    guid = organisation.guid("tag", tag.lower())
    return {"id": guid, "name": tag, "url": f"{organisation.url}/_apis/wit/tags/{guid}"}


def _type_body(organisation: Organisation, kind: WorkItemType, here: Project | None) -> dict[str, Any]:
    return {
        "name": kind.name,
        "referenceName": kind.reference,
        "color": kind.color,
        "icon": {"id": kind.icon, "url": f"{organisation.url}/_apis/wit/workItemIcons/{kind.icon}"},
        "isDisabled": False,
        "fields": _type_fields(organisation, kind),
        "states": _states_body(organisation, kind, here),
        "url": f"{organisation.url}/_apis/wit/workItemTypes/{kind.name}",
    }


def _category_body(organisation: Organisation, reference: str, types: tuple[str, ...]) -> dict[str, Any]:
    references = [
        {"name": name, "url": f"{organisation.url}/_apis/wit/workItemTypes/{name.replace(' ', '%20')}"}
        for name in types
    ]
    return {
        "name": reference.rpartition(".")[2].removesuffix("Category") + " Category",
        "referenceName": reference,
        "defaultWorkItemType": references[0],
        "workItemTypes": references,
        "url": f"{organisation.url}/_apis/wit/workItemTypeCategories/{reference}",
    }


def _type_fields(organisation: Organisation, kind: WorkItemType) -> list[dict[str, Any]]:
    return [
        {
            "name": field.name,
            "referenceName": field.reference,
            "alwaysRequired": field.reference == "System.Title",
            "url": f"{organisation.url}/_apis/wit/fields/{field.reference}",
        }
        for field in organisation.process.fields.values()
        if field.is_on(kind.name)
    ]


def _states_body(organisation: Organisation, kind: WorkItemType, here: Project | None) -> list[dict[str, str]]:
    def category(state: State) -> str:
        return organisation.categories.get((here.id, kind.name, state.name), state.category) if here else state.category

    return [{"name": state.name, "color": state.color, "category": category(state)} for state in kind.states]
