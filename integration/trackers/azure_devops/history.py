"""The past of one organisation: feeds of revisions and links, lists of builds, deployments and pull requests.

Whatever is told here has the source that its webhook's fact has. Where the two differ, the more precise one stays:

| What happened | Webhooks tell | History tells |
|---|---|---|
| an item was deleted or restored | when it was told | **when it happened** |
| somebody changed, or is named in, something (bodies of version 1.0) | a name at most | **the account** |
| a build ended (bodies of version 1.0) | without its project and account | **all of it** |
| a stage or run ended, a release was deployed | often without commit and time | **both, and each attempt** |
| a link between items was made or broken | **by whom** | that it was, and when |
| a link to a commit, build, pull request or address | **all of it** | nothing |
| a long text (description) changed | **that it did, if it is short** | nothing |
| a comment was edited or deleted | nothing | nothing |
| a run, stage or deployment began; a job ended | **each** | when it began, with its end |
| a pull request was opened | **with its branches of then** | with its branches of now |
| a pull request was updated, commented on, or abandoned and taken up again | **each time** | nothing |
| commits were pushed | **each push** | nothing |
| an item in the recycle bin changed before a restart of the reading | **each change** | that it is deleted |
| a link was made or broken before the day from which on history is read | **both** | whose child the item was then |

Everything else is the same both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from integration.core.errors import Gone, Permanent, Refused
from integration.trackers.azure_devops.catalogue import read_projects
from integration.trackers.azure_devops.history_items import RevisionFeed
from integration.trackers.azure_devops.history_links import read_links
from integration.trackers.azure_devops.history_lists import Lists
from integration.trackers.azure_devops.queries import ids_in_projects
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import Scope, Step
from integration.trackers.contract import Connection, HistoryPage

ITEMS, LINKS = "work items", "work item links"
STREAMS = (ITEMS, LINKS, "builds", "pipeline runs", "releases", "pull requests")

Reader = Callable[[Scope, datetime, Mapping[str, Any]], Iterator[Step]]


class History:
    """Reads the streams of one connection, project by project. A cursor holds where each project's reading stands."""

    def __init__(self, connection: Connection, rest: Rest) -> None:
        self._connection = connection
        self._rest = rest
        lists = Lists(rest)
        self._readers: Mapping[str, Reader] = {
            ITEMS: RevisionFeed(rest).read,
            LINKS: lambda scope, since, position: read_links(rest, scope, since, position),
            "builds": lists.builds,
            "pipeline runs": lists.runs,
            "releases": lists.deployments,
            "pull requests": lists.pull_requests,
        }

    def read(self, stream: str, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        """What `Historian.history` promises. A project that may not be read holds up no other: it is told of at the end."""
        positions = _positions(cursor)
        refusals: list[Permanent] = []
        for scope in self._scopes(stream):
            try:
                for step in self._readers[stream](scope, since, positions.get(scope.id, {})):
                    positions[scope.id] = step.position
                    yield HistoryPage(step.facts, orjson.dumps(positions).decode(), step.items)
            except (Refused, Gone) as refusal:
                if isinstance(refusal, Refused) and refusal.scope == "connection":
                    raise
                refusals.append(type(refusal)(f"{scope.name or 'all projects'}: {refusal.reason}"))
        if refusals:
            raise refusals[0]

    def total(self, stream: str, since: datetime) -> int | None:
        """How many of today's work items changed since that day; nothing else is counted."""
        if stream != ITEMS:
            return None
        return sum(len(page) for page in ids_in_projects(self._rest, self._connection.projects, changed=since))

    def present(self) -> Iterator[Sequence[str]]:
        """What `Historian.present` promises."""
        return ids_in_projects(self._rest, self._connection.projects)

    def _scopes(self, stream: str) -> Sequence[Scope]:
        """The projects to read. The feeds take a project by its name, and tell of all at once where none is named."""
        if stream in (ITEMS, LINKS):
            return [Scope(quote(name, safe=""), name) for name in self._connection.projects] or [Scope("", "")]
        projects = read_projects(self._connection, self._rest)
        return [Scope(known, name) for known, name in sorted(projects.items())]


def _positions(cursor: str | None) -> dict[str, Mapping[str, Any]]:
    try:
        positions = orjson.loads(cursor) if cursor else {}
    except orjson.JSONDecodeError as exc:
        raise Permanent("the kept place in this history cannot be read; it has to be read from its beginning") from exc
    return dict(positions)
