"""Reading an organisation's catalogue: who we are, its projects, fields, states, and what its types are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from integration.core.catalogue import Catalogue, Level, State, TrackerField, folded
from integration.trackers import http
from integration.trackers.azure_devops.payload import account, records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import understanding
from integration.trackers.azure_devops.sdk import reading
from integration.trackers.azure_devops.vocabulary import (
    SHIPPED_LEVELS,
    STATES,
    category_level,
    emptiable,
    field_type,
    role,
)
from integration.trackers.contract import Connection

PAGE_OF_PROJECTS = 500


def read_catalogue(connection: Connection, rest: Rest, work_items: Any) -> Catalogue:
    """Of the projects that the connection names, or of all. `work_items` is the SDK's client."""
    projects = read_projects(connection, rest)
    states: dict[str, State] = {}
    levels: dict[str, Level] = {}
    for name in projects.values():
        with reading():
            for key, means in _states(work_items.get_work_item_types(name)).items():
                if states.setdefault(key, means) != means:  # its process has another category for a state of that name
                    states[f"{folded(name)}/{key}"] = means
            levels |= _levels(work_items, name)
    with reading():
        fields = tuple(_field(told) for told in work_items.get_work_item_fields())
    who = rest.get("_apis/connectionData", **{"api-version": f"{rest.version}-preview.1"}).get("authenticatedUser")
    return Catalogue(account=account(who) or "", fields=fields, states=states, levels=levels, projects=projects)


def emptiable_of_types(types: Iterable[Any]) -> Mapping[str, tuple[str, ...]]:
    """By type, the fields whose absence from an item means that they are empty."""
    return {kind.name: emptiable(field.reference_name for field in kind.fields or ()) for kind in types}


def read_projects(connection: Connection, rest: Rest) -> dict[str, str]:
    """The projects that the connection names, or all, by id."""
    allowed = {folded(name) for name in connection.projects}
    return {known: name for known, name in every_project(rest).items() if not allowed or folded(name) in allowed}


def every_project(rest: Rest) -> dict[str, str]:
    """All projects that the account sees, by id. A page may be shorter than was asked for, and have others behind it."""
    found: dict[str, str] = {}
    while True:
        query = {"$top": str(PAGE_OF_PROJECTS), "$skip": str(len(found))}
        response = rest.send("GET", f"{rest.url}/_apis/projects", query={"api-version": rest.version, **query})
        told = http.decoded(response)
        with understanding():
            page = {str(each["id"]): str(each["name"]) for each in records(told.get("value"), "value")}
        is_more = len(page) >= PAGE_OF_PROJECTS or "x-ms-continuationtoken" in response.headers
        if not is_more or page.keys() <= found.keys():
            return found | page
        found |= page


def _states(types: Iterable[Any]) -> dict[str, State]:
    told = ((kind.name, state.name, STATES.get(state.category)) for kind in types for state in kind.states or ())
    return {f"{folded(kind)}/{folded(state)}": means for kind, state, means in told if means}


def _levels(work_items: Any, project: str) -> dict[str, Level]:
    try:
        categories = work_items.get_work_item_type_categories(project)
    except ValueError:  # the SDK's word for a route that the server does not list
        return {folded(name): level for name, level in SHIPPED_LEVELS.items()}
    told = ((kind.name, category_level(each.reference_name)) for each in categories for kind in each.work_item_types)
    return {folded(name): level for name, level in told if level != "item"}


def _field(told: Any) -> TrackerField:
    return TrackerField(
        id=told.reference_name,
        name=told.name,
        type=field_type(told.type, identity=bool(told.is_identity), picklist=bool(told.is_picklist)),
        role=role(told.reference_name),
        writable=not told.read_only,
    )
