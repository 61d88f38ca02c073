"""Queries whose results are too large to be had at once: WIQL fails above 20,000 items, and has no pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integration.core.errors import Permanent
from integration.trackers.azure_devops.payload import records
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import understanding

MOST_RESULTS = 20_000
_PAGE_OF_IDS = 5_000
_TOO_LARGE = "VS402337"


def too_large(refusal: Permanent) -> bool:
    """Whether a query was refused for the size of its result."""
    return _TOO_LARGE in refusal.reason


def ids_in_projects(
    rest: Rest,
    projects: Sequence[str],
    *,
    changed: datetime | None = None,
    condition: str = "",
    path: str = "_apis/wit/wiql",
) -> Iterator[Sequence[str]]:
    """The ids of all work items of these projects, or of all where none is named, in ascending order; of those only
    that `changed` since a day, and that fulfil a condition. `path` tells which project `@project` means in it.

    Ids are given once, to all projects together: a range of 20,000 ids cannot hold more items than that. Where a
    range turns out to be thinly settled, the next is wider.
    """
    quoted = ", ".join("'{}'".format(name.replace("'", "''")) for name in projects)
    where = f"[System.TeamProject] IN ({quoted}) AND " if projects else ""
    where = f"({condition}) AND {where}" if condition else where
    where += f"[System.ChangedDate] >= '{changed:%Y-%m-%d}' AND " if changed else ""
    start, width = 1, MOST_RESULTS
    while True:
        rest_of_all = _ids(rest, path, f"{where}[System.Id] >= {start}")
        if rest_of_all is not None:
            yield from _pages(rest_of_all)
            return
        found = None
        while found is None:
            found = _ids(rest, path, f"{where}[System.Id] >= {start} AND [System.Id] < {start + width}")
            if found is None:
                width //= 2
        yield from _pages(found)
        start += width
        if len(found) < MOST_RESULTS // 4:
            width *= 2


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _PAGE_OF_IDS] for start in range(0, len(ids), _PAGE_OF_IDS))


def _ids(rest: Rest, path: str, where: str) -> Sequence[str] | None:
    """None where the result would be too large."""
    asked = {"query": f"SELECT [System.Id] FROM WorkItems WHERE {where} ORDER BY [System.Id]"}  # noqa: S608  # numbers, quoted names, and a condition within its parentheses
    try:
        told = rest.post(path, asked)
    except Permanent as refusal:
        if too_large(refusal):
            return None
        raise
    with understanding():
        return [str(each["id"]) for each in records(told.get("workItems"), "workItems")]
