"""WIQL, the part that is modelled: flat queries, and those for links of one type: trees, and items with direct links.

    SELECT … FROM WorkItems WHERE <conditions> [ORDER BY …]
    SELECT … FROM WorkItemLinks WHERE [Source].… AND [System.Links.LinkType] = '…' AND [Target].… MODE (…)

Conditions: = <> < <= > >= IN, NOT IN, CONTAINS, UNDER, with AND, OR, NOT and parentheses; the macros @project and @today.
"""

from collections.abc import Iterable
from typing import Any

from integration.simulators.azure_devops_items import WorkItem
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_refusals import Refused
from integration.simulators.azure_devops_shapes import item_url, stamp
from integration.simulators.azure_devops_wiql_parser import Query, parse

RESULT_CAP = 20_000  # [3p]


def answer(
    organisation: Organisation, text: str, *, project: str | None, precise: bool, top: int | None, cap: int
) -> dict[str, Any]:
    """The result of a query, as `POST …/wit/wiql` answers it. Raises `Refused` and `NotModelled`."""
    query = parse(organisation, text, project=project, precise=precise)
    url = f"{organisation.url}/_apis/wit/fields"
    body: dict[str, Any] = {
        "queryType": "flat" if not query.mode else "tree" if query.mode == "recursive" else "oneHop",
        "queryResultType": "workItemLink" if query.link_type else "workItem",
        "asOf": stamp(organisation.now()),
        "columns": [
            {"referenceName": field.reference, "name": field.name, "url": f"{url}/{field.reference}"}
            for field in query.columns
        ],
    }
    found = [item for item in organisation.living() if query.source(item)]
    if query.link_type is None:
        _admit(len(found), cap)
        body["workItems"] = [_reference(organisation, item) for item in found[:top]]
        return body
    rows_of = _tree if query.mode == "recursive" else _direct
    rows = list(rows_of(organisation, found, query, query.link_type))
    _admit(len(rows), cap)
    return {**body, "workItemRelations": rows[:top]}


def _admit(size: int, cap: int) -> None:
    if size > cap:
        message = (
            f"VS402337: The number of work items returned exceeds the size limit of {cap}. "
            "Change the query to return fewer items."
        )
        raise Refused(
            400, message, "WorkItemTrackingQueryResultSizeLimitExceededException"
        )  # [3p] it fails, never truncates


def _reference(organisation: Organisation, item: WorkItem) -> dict[str, Any]:
    return {"id": item.id, "url": item_url(organisation, item.id)}


def _tree(
    organisation: Organisation, roots: Iterable[WorkItem], query: Query, link_type: str
) -> Iterable[dict[str, Any]]:
    seen: set[int] = set()
    ahead: list[tuple[WorkItem | None, WorkItem]] = [(None, root) for root in roots]
    while ahead:
        source, item = ahead.pop(0)
        if item.id in seen and source is None:
            continue
        row: dict[str, Any] = {"target": _reference(organisation, item)}
        if source:
            row = {"rel": link_type, "source": _reference(organisation, source), **row}
        yield row
        if item.id in seen:
            continue
        seen.add(item.id)
        ahead += [(item, child) for child in _linked(organisation, item, query, link_type)]


def _direct(
    organisation: Organisation, sources: Iterable[WorkItem], query: Query, link_type: str
) -> Iterable[dict[str, Any]]:
    """[doc] Each item, then what it is linked to; by mode those that have such links, have none, or all."""
    for item in sources:
        linked = _linked(organisation, item, query, link_type)
        if query.mode == ("doesnotcontain" if linked else "mustcontain"):
            continue
        source = _reference(organisation, item)
        yield {"target": source}
        yield from ({"rel": link_type, "source": source, "target": _reference(organisation, one)} for one in linked)


def _linked(organisation: Organisation, item: WorkItem, query: Query, link_type: str) -> list[WorkItem]:
    there = [organisation.items[link.target] for link in item.relations if link.target and link.rel == link_type]
    return [one for one in there if not one.deleted and query.target(one)]
