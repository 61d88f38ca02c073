"""What an account sees and may do in Azure DevOps.

Scopes of tokens and permissions of people are two things, and no interface tells both. What an account may do to work
items is therefore tried: a change of nothing, that is only to be validated. Source: Microsoft's page on updating work
items (`validateOnly`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import orjson

from integration.core.errors import Gone, Permanent, Refused
from integration.core.examination import Ability, Introduction, Permission, Project, Sighting, TokenEnd, Words
from integration.trackers import http
from integration.trackers.azure_devops.catalogue import every_project
from integration.trackers.azure_devops.history_lists import Lists
from integration.trackers.azure_devops.queries import ids_in_projects
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.azure_devops.scopes import Scope
from integration.trackers.azure_devops.sightings import sightings
from integration.trackers.contract import Connection
from integration.trackers.limits import quota

_TAGS_OF_SERVERS = "_apis/tagging/scopes/{project}/tags", "5.0-preview"
"""Where every release of Server lists a project's tags, and in which version; `wit/tags` came with Server 2020 only."""
MOST_PROJECTS = 20
"""Tags are listed by project, one request each; with more projects, nobody waits for the rest."""
_TITLE = "System.Title"
_REMEDIES: Mapping[Ability, str] = {
    "browse": "let it view the project's work items, with a token of the scope Work items (read)",
    "edit": "let it edit work items in these areas, with a token of the scope Work items (read & write)",
    "link": "let it edit work items in these areas, with a token of the scope Work items (read & write)",
    "write quietly": (
        "allow it 'Suppress notifications for work item updates' in the project's permissions, "
        "or set quiet: false under write_back"
    ),
}


class AzureDevOpsExaminer:
    """Asks one organisation or collection."""

    def __init__(self, connection: Connection) -> None:
        self._rest = Rest(connection)
        self._is_server = connection.tracker == "azure-devops-server"

    def introduce(self) -> Introduction:
        url = f"{self._rest.url}/_apis/connectionData"
        response = self._rest.send("GET", url, query={"api-version": f"{self._rest.version}-preview.1"})
        told = http.decoded(response)
        who = told.get("authenticatedUser") if isinstance(told, dict) else None
        name = who.get("providerDisplayName") or who.get("customDisplayName") if isinstance(who, dict) else None
        limit, left = quota(response.headers)
        return Introduction(str(name or "somebody without a name"), self._rest.answered, limit, left)

    def token_ends(self) -> Sequence[TokenEnd] | None:
        return None  # only to people who are signed in by Entra, and to no token

    def projects(self) -> Sequence[Project]:
        return self._projects

    def permissions(self, project: Project, abilities: Sequence[Ability]) -> Sequence[Permission]:
        try:
            item = self._newest(project)
        except (Refused, Gone) as error:
            if isinstance(error, Refused) and error.scope == "connection":
                raise
            return [Permission(ability, False, _REMEDIES["browse"]) for ability in abilities]
        found = [Permission("browse", True)] if "browse" in abilities else []
        return found + [self._tried(project, item, ability) for ability in abilities if ability != "browse"]

    def words(self) -> Words:
        types: dict[str, None] = {}
        states: dict[str, None] = {}
        for project in self._projects:
            for kind in self._rest.get(f"{project.id}/_apis/wit/workitemtypes").get("value") or ():
                types[str(kind.get("name"))] = None
                states |= {str(state.get("name")): None for state in kind.get("states") or ()}
        return Words(tuple(types), tuple(states))

    def labels(self, projects: Sequence[str]) -> Sequence[str]:
        found: dict[str, None] = {}
        for project in self._meant(projects)[:MOST_PROJECTS]:
            path, version = f"{project.id}/_apis/wit/tags", self._rest.version
            if self._is_server:
                path, version = _TAGS_OF_SERVERS[0].format(project=project.id), _TAGS_OF_SERVERS[1]
            answer = self._rest.get(path, **{"api-version": version})
            found |= {str(each.get("name")): None for each in answer.get("value") or ()}
        return list(found)

    def sightings(self, projects: Sequence[str], since: datetime) -> Sequence[Sighting]:
        scopes = [Scope(one.id, one.name) for one in self._meant(projects)]
        return sightings(Lists(self._rest), scopes, since)

    def count(self, kind: Literal["type", "label"], name: str, projects: Sequence[str], since: datetime) -> int:
        word = {"type": "[System.WorkItemType] =", "label": "[System.Tags] CONTAINS"}[kind]
        quoted = name.replace("'", "''")
        asked = f"{word} '{quoted}' AND [System.CreatedDate] >= '{since:%Y-%m-%d}'"
        names = [one.name for one in self._meant(projects)] if projects else ()
        return sum(len(page) for page in ids_in_projects(self._rest, names, condition=asked))

    def _meant(self, projects: Sequence[str]) -> Sequence[Project]:
        return [one for one in self._projects if not projects or any(map(one.is_called, projects))]

    @cached_property
    def _projects(self) -> Sequence[Project]:
        return [Project(known, name, name) for known, name in every_project(self._rest).items()]

    def _newest(self, project: Project) -> Mapping[str, Any] | None:
        """A work item of the project, with its title; None where there is none."""
        asked = (
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.ChangedDate] DESC"
        )
        answer = self._rest.send(
            "POST",
            f"{self._rest.url}/{project.id}/_apis/wit/wiql",
            query={"api-version": self._rest.version, "$top": "1"},
            headers={"Content-Type": "application/json"},
            data=orjson.dumps({"query": asked}),
        )
        told = http.decoded(answer)
        found = told.get("workItems") if isinstance(told, dict) else None
        return self._rest.get(f"_apis/wit/workitems/{found[0]['id']}") if found else None

    def _tried(self, project: Project, item: Mapping[str, Any] | None, ability: Ability) -> Permission:
        if item is None:
            return Permission(ability, None, f"there is no work item in {project.name} to try it on; look again later")
        query = {"api-version": self._rest.version, "validateOnly": "true"}
        if ability == "write quietly":
            query["suppressNotifications"] = "true"
        patch = [{"op": "add", "path": f"/fields/{_TITLE}", "value": item["fields"][_TITLE]}]
        try:
            self._rest.send(
                "PATCH",
                f"{self._rest.url}/_apis/wit/workitems/{item['id']}",
                query=query,
                headers={"Content-Type": "application/json-patch+json"},
                data=orjson.dumps(patch),
            )
        except Refused as error:
            if error.scope == "connection":
                raise
            return Permission(ability, False, _REMEDIES[ability])
        except Permanent as error:
            # A rule of the process stands in this item's way, say: of the permission nothing is known.
            return Permission(ability, None, f"{item['id']}: {error.reason}")
        return Permission(ability, True)
