"""What an organisation shows to somebody who has no mapping yet: whose account it is, its projects, tags in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from integration.trackers.azure_devops.catalogue import read_projects
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.contract import Connection

TAGS_SINCE = "7.0"
"""The interface's first version that tells tags; Server before 2022 does not."""
MOST_PROJECTS = 20
"""Tags are told by project, one request each; whoever has more projects waits no longer for the rest."""


class AzureDevOpsSurvey:
    """Asks one organisation or collection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = Rest(connection)

    def account(self) -> str:
        told = self._rest.get("_apis/connectionData", **{"api-version": "5.1-preview.1"}).get("authenticatedUser")
        name = told.get("providerDisplayName") if isinstance(told, dict) else None
        return name if isinstance(name, str) else "somebody without a name"

    def projects(self) -> Mapping[str, str]:
        return {name: name for name in read_projects(self._connection, self._rest).values()}

    def labels(self, projects: Sequence[str]) -> Sequence[str]:
        found: dict[str, None] = {}
        for project in [*(projects or self.projects())][:MOST_PROJECTS]:
            answer = self._rest.get(f"{quote(project, safe='')}/_apis/wit/tags", **{"api-version": TAGS_SINCE})
            found |= {each["name"]: None for each in answer.get("value") or () if isinstance(each.get("name"), str)}
        return list(found)
