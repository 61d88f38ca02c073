"""Reading an organisation's catalogue: who we are, its projects, fields, states, and what its types are for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from integration.core.catalogue import Catalogue, Level, State, TrackerField, folded
from integration.trackers.azure_devops.payload import account
from integration.trackers.azure_devops.rest import Rest
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
            states |= _states(work_items.get_work_item_types(name))
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
    found: dict[str, str] = {}
    while True:
        query = {"$top": str(PAGE_OF_PROJECTS), "$skip": str(len(found))}
        page = rest.get("_apis/projects", **query).get("value") or ()
        found |= {each["id"]: each["name"] for each in page}
        if len(page) < PAGE_OF_PROJECTS:
            return {known: name for known, name in found.items() if not allowed or folded(name) in allowed}


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
