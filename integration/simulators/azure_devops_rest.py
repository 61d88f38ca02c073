"""The REST interface, and what of it reads work items: one, some, their history, and queries."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request

from integration.simulators.azure_devops_catalogue import add_catalogue
from integration.simulators.azure_devops_entrance import (
    Answer,
    Entrance,
    flag,
    listing,
    project,
    query,
)
from integration.simulators.azure_devops_items import WorkItem
from integration.simulators.azure_devops_lists import add_lists
from integration.simulators.azure_devops_locations import add_locations
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_processes import add_processes
from integration.simulators.azure_devops_queries import add_queries
from integration.simulators.azure_devops_refusals import Refused, field_missing, work_item_missing
from integration.simulators.azure_devops_reporting import add_reporting
from integration.simulators.azure_devops_service import Service
from integration.simulators.azure_devops_shapes import (
    revision,
    stamp,
    update,
    wire,
    work_item,
)
from integration.simulators.azure_devops_subscriptions import add_subscriptions
from integration.simulators.azure_devops_wiql import answer
from integration.simulators.azure_devops_writes import add_writes

MOST_IDS = 200  # [doc]


def rest(service: Service) -> Blueprint:
    """The REST interface as a blueprint."""
    entrance = Entrance(service)
    add_locations(entrance)
    add_catalogue(entrance)
    add_subscriptions(entrance)
    add_processes(entrance)
    _add_work_items(entrance)
    _add_history(entrance)
    _add_queries(entrance)
    add_queries(entrance)
    add_reporting(entrance)
    add_lists(entrance)
    add_writes(entrance)
    return entrance.blueprint


def _add_work_items(entrance: Entrance) -> None:
    organisation = entrance.service.organisation

    @entrance.route("wit/workitems/<int:work_item_id>")
    def one_item(work_item_id: int) -> Answer:
        item: dict[str, Any] = _read_items(organisation, [work_item_id], query())[0] or {}
        return item

    @entrance.route("wit/workitems")
    def some_items() -> Answer:
        try:
            ids = [int(one) for one in query().get("ids", "").split(",")]
        except ValueError:
            raise Refused(400, "The parameter ids is no list of numbers.", "InvalidParametersException") from None
        return listing(_read_items(organisation, ids, query()))

    @entrance.route("wit/workitemsbatch", "POST")
    def batch() -> Answer:
        body = request.get_json()
        words = {name.lower(): value for name, value in body.items()}
        words["fields"] = ",".join(body.get("fields") or ())
        return listing(_read_items(organisation, [int(one) for one in body.get("ids") or ()], words))

    @entrance.route("wit/recyclebin/<int:work_item_id>")
    def deleted_item(work_item_id: int) -> Answer:
        item = organisation.item(work_item_id, deleted=True)
        if item.deleted_by is None or item.deleted_at is None:
            raise work_item_missing(work_item_id)
        return {
            "id": item.id,
            "type": item.type,
            "name": item.title,
            "project": item.project.name,
            "deletedDate": stamp(item.deleted_at),
            "deletedBy": wire(organisation, item.deleted_by, "text"),
            "url": f"{organisation.url}/_apis/wit/recyclebin/{item.id}",
            "resource": work_item(organisation, item),
        }


def _read_items(organisation: Organisation, ids: list[int], words: Mapping[str, Any]) -> list[Any]:
    if len(ids) > MOST_IDS:
        message = f"VS402625: You requested {len(ids)} work items, which exceeds the limit of {MOST_IDS}."
        raise Refused(
            400, message, "WorkItemTrackingBatchSizeLimitExceededException"
        )  # [3p] the words, [doc] the limit
    moment = _moment(words.get("asof"))
    expand = str(words.get("$expand") or "none").lower()
    names = [name.strip() for name in str(words.get("fields") or "").split(",") if name.strip()]
    if names and expand in ("relations", "all", "fields"):
        message = "The expand parameter can not be used with the fields parameter."
        raise Refused(400, message, "ConflictingParametersException")  # [3p]
    wanted = {_reference(organisation, name) for name in names} or None
    omit = str(words.get("errorpolicy") or "").lower() == "omit"
    found: list[Any] = []
    for work_item_id in ids:
        item = organisation.items.get(work_item_id)
        elsewhere = item is not None and project() not in (None, item.project)
        if item is not None and moment is not None:
            item = _as_of(item, moment)
        if item is None or item.deleted or elsewhere:
            if not omit:
                raise work_item_missing(work_item_id)
            found.append(None)  # [3p] omitted means null, in its place
        else:
            found.append(work_item(organisation, item, expand=expand, wanted=wanted))
    return found


def _moment(text: Any) -> datetime | None:
    if not text:
        return None
    at = datetime.fromisoformat(str(text))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _as_of(item: WorkItem, moment: datetime) -> WorkItem | None:
    """The item as it was [doc]; None where it was not yet. One that is in the recycle bin now stays there [inf]."""
    held = [revision for revision in item.revisions if revision.at <= moment]
    if not held:
        return None
    last = held[-1]
    return replace(item, fields=dict(last.fields), relations=list(last.relations), revisions=held)


def _reference(organisation: Organisation, name: str) -> str:
    found = organisation.process.field(name)
    if found is None:
        raise field_missing(name)
    return found.reference


def _add_history(entrance: Entrance) -> None:
    organisation = entrance.service.organisation

    def page(of: list[Any]) -> list[Any]:
        skip = int(query().get("$skip", 0))
        most = entrance.service.settings.page
        return of[skip : skip + min(int(query().get("$top", most)), most)]

    def nth(of: list[Any], number: int, item: WorkItem) -> Any:
        if not 1 <= number <= len(of):
            message = f"VS402368: Work item {item.id} has no such revision: {number}."
            raise Refused(404, message, "WorkItemRevisionNotFoundException")  # [inf]
        return of[number - 1]

    @entrance.route("wit/workitems/<int:work_item_id>/updates")
    def updates(work_item_id: int) -> Answer:
        item = organisation.item(work_item_id)
        return listing(update(organisation, item, made) for made in page(item.updates))

    @entrance.route("wit/workitems/<int:work_item_id>/updates/<int:number>")
    def one_update(work_item_id: int, number: int) -> Answer:
        item = organisation.item(work_item_id)
        return update(organisation, item, nth(item.updates, number, item))

    @entrance.route("wit/workitems/<int:work_item_id>/revisions")
    def revisions(work_item_id: int) -> Answer:
        item = organisation.item(work_item_id)
        links = query().get("$expand", "").lower() in ("all", "relations")
        return listing(revision(organisation, item, held, links=links) for held in page(item.revisions))

    @entrance.route("wit/workitems/<int:work_item_id>/revisions/<int:number>")
    def one_revision(work_item_id: int, number: int) -> Answer:
        item = organisation.item(work_item_id)
        return revision(organisation, item, nth(item.revisions, number, item))


def _add_queries(entrance: Entrance) -> None:
    service = entrance.service

    @entrance.route("wit/wiql", "POST")
    def wiql() -> Answer:
        scope = project()
        return answer(
            service.organisation,
            str(request.get_json().get("query", "")),
            project=scope.name if scope else None,
            precise=flag("timePrecision"),
            top=int(query()["$top"]) if "$top" in query() else None,
            cap=service.settings.result_cap,
        )
