"""What a look at a site shows of releases: versions, newest last, of which a project may have thousands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from integration.core.errors import Gone, Refused
from integration.core.examination import Project, Sighting
from integration.trackers.jira.payload import Json, records, text
from integration.trackers.jira.plans import released
from integration.trackers.jira.rest import Rest, understood

PAGE = 50
MOST_PROJECTS = 20
"""Each is at least one request; with more projects, nobody waits for the rest."""
NEWEST = 200
"""So many versions at the end of a project's list: who releases more often than that in some months, shows it there."""


def sightings(api: Any, rest: Rest, root: str, projects: Sequence[Project], since: datetime) -> Sequence[Sighting]:
    """The versions that were released since then. A project whose versions may not be read holds up no other."""
    earliest = since.date() - timedelta(days=1)  # whose day a release's date is, nobody says
    found: list[Sighting] = []
    for project in projects[:MOST_PROJECTS]:
        try:
            for version in _newest(api, rest, f"{root}/project/{project.key}/version"):
                with understood():
                    told = any(released(version, earliest))
                if told and (name := text(version.get("name"))):
                    found.append(Sighting("version", name))
        except (Refused, Gone) as refusal:
            if isinstance(refusal, Refused) and refusal.scope == "connection":
                raise
    return found


def _newest(api: Any, rest: Rest, path: str) -> Iterator[Json]:
    start, first = 0, True
    while True:
        page = rest.told(api.get, path, params={"startAt": start, "maxResults": PAGE})
        with understood():
            versions = records(page.get("values"), "values")
        yield from versions
        start += len(versions)
        if page.get("isLast") is not False or not versions:
            return
        total = page.get("total")
        if first and isinstance(total, int):
            start = max(start, total - NEWEST)
        first = False
