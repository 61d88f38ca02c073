"""What an account sees and may do in Jira, by Jira's own word. Cloud and Data Center answer these questions alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import Any, Literal

import requests

from integration.core.errors import Malformed, Permanent, Refused
from integration.core.examination import Ability, Introduction, Permission, Project, Sighting, TokenEnd, Words
from integration.core.queries import Query
from integration.trackers import http
from integration.trackers.contract import Connection
from integration.trackers.jira.jql import Scope, quoted
from integration.trackers.jira.payload import Json, record, records, text
from integration.trackers.jira.rest import Rest, date_of, total_of, understood
from integration.trackers.jira.sightings import sightings
from integration.trackers.limits import quota

PAGE = 50
PAGE_OF_LABELS = 1000
TOKENS = "rest/pat/latest/tokens"
"""Data Center's personal access tokens, from 8.14 on. Which of them is asking it does not tell."""
MOST_PAGES = 10
"""Of labels: with more than ten thousand of them, nobody waits for the rest."""
_ENOUGH: Mapping[Ability, tuple[str, ...]] = {
    "browse": ("BROWSE_PROJECTS",),
    "edit": ("EDIT_ISSUES",),
    "link": ("LINK_ISSUES",),
    "write quietly": ("ADMINISTER_PROJECTS", "ADMINISTER"),
}
"""Any of these permissions will do."""
_REMEDIES: Mapping[Ability, str] = {
    "browse": "give it Browse projects in the project's permissions",
    "edit": "give it Edit issues in the project's permissions",
    "link": "give it Link issues in the project's permissions, or leave remote_link out",
    "write quietly": "make it an administrator of the project, or set quiet: false under write_back",
}
_NO_LINKS = "an administrator must switch issue linking on (Settings, Issues, Issue linking), or leave remote_link out"


class JiraExaminer:
    """Asks one site. `version` is that of its REST interface."""

    def __init__(self, api: Any, connection: Connection, version: str = "3") -> None:
        self._api = api
        self._rest = Rest(connection.url, self._myself)
        self._root = f"rest/api/{version}"
        self._in_cloud = version == "3"
        self._by_token = connection.user is None

    def introduce(self) -> Introduction:
        response = self._rest.done(self._myself)
        with understood():
            me = record(http.decoded(response), "Jira's answer")
        names = [text(me.get(key)) for key in ("displayName", "emailAddress", "name")]
        told = [name for name in dict.fromkeys(names) if name]
        limit, left = quota(response.headers)
        return Introduction(" · ".join(told) or "somebody without a name", date_of(response), limit, left)

    def token_ends(self) -> Sequence[TokenEnd] | None:
        if self._in_cloud or not self._by_token:
            return None
        try:
            told = self._rest.listed(self._api.get, TOKENS)
        except Refused as error:
            if error.scope == "connection":
                raise
            return None
        except Permanent:
            return None  # a version without them, whose token is another plugin's
        with understood():
            return [TokenEnd(text(one.get("name")) or "", _time(one.get("expiringAt"))) for one in told]

    def projects(self) -> Sequence[Project]:
        found = [*self._pages()] if self._in_cloud else self._rest.listed(self._api.get, f"{self._root}/project")
        return [
            Project(text(one.get("id")) or "", text(one.get("key")) or "", text(one.get("name")) or "") for one in found
        ]

    def permissions(self, project: Project, abilities: Sequence[Ability]) -> Sequence[Permission]:
        asked: dict[str, str] = {"projectKey": project.key}
        if self._in_cloud:  # Data Center tells all of them, and takes no list
            asked["permissions"] = ",".join(name for ability in abilities for name in _ENOUGH[ability])
        told = self._rest.told(self._api.get, f"{self._root}/mypermissions", params=asked)
        with understood():
            has = record(told.get("permissions"), "permissions")
        found = [self._permission(ability, has) for ability in abilities]
        if "link" in abilities and not self._has_links:
            found = [Permission("link", False, _NO_LINKS) if one.ability == "link" else one for one in found]
        return found

    def words(self) -> Words:
        types = self._rest.listed(self._api.get, f"{self._root}/issuetype")
        statuses = self._rest.listed(self._api.get, f"{self._root}/status")
        return Words(_names(types), _names(statuses))

    def labels(self, projects: Sequence[str]) -> Sequence[str]:  # noqa: ARG002  # Jira lists those of the whole site
        if not self._in_cloud:
            return ()
        pages = islice(self._paged("label", PAGE_OF_LABELS), MOST_PAGES)
        return [label for page in pages for label in page if isinstance(label, str)]

    def sightings(self, projects: Sequence[str], since: datetime) -> Sequence[Sighting]:
        return sightings(self._api, self._rest, self._root, self._meant(projects), since)

    def count(self, kind: Literal["type", "label"], name: str, projects: Sequence[str], since: datetime) -> int:
        """By search: on the Cloud about as many, as its own name for it says."""
        field = {"type": "issuetype", "label": "labels"}[kind]
        asked = f'{field} = {quoted(name)} AND created >= "{since:%Y-%m-%d}"'
        jql = Scope([one.key for one in self._meant(projects)] if projects else (), None).answering(Query(asked))
        if self._in_cloud:
            told = self._rest.told(self._api.post, f"{self._root}/search/approximate-count", data={"jql": jql})
            count = told.get("count")
            return count if isinstance(count, int) else 0
        told = self._rest.told(self._api.get, f"{self._root}/search", params={"jql": jql, "maxResults": 0})
        with understood():
            return total_of(told)

    def _meant(self, projects: Sequence[str]) -> Sequence[Project]:
        return [one for one in self._visible if not projects or any(map(one.is_called, projects))]

    @cached_property
    def _visible(self) -> Sequence[Project]:
        return self.projects()

    def _permission(self, ability: Ability, has: Json) -> Permission:
        granted = any(_is_had(has.get(name)) for name in _ENOUGH[ability])
        return Permission(ability, granted, "" if granted else _REMEDIES[ability])

    @cached_property
    def _has_links(self) -> bool:
        """For the whole site: an administrator may have switched issue linking off."""
        told = self._rest.told(self._api.get, f"{self._root}/configuration")
        return told.get("issueLinkingEnabled") is not False

    def _myself(self) -> requests.Response:
        response: requests.Response = self._api.get(f"{self._root}/myself")
        return response

    def _pages(self) -> Iterator[Json]:
        for page in self._paged("project/search", PAGE):
            with understood():
                yield from records(page, "projects")

    def _paged(self, path: str, size: int) -> Iterator[Sequence[Any]]:
        def asked(*, start_at: int, max_results: int) -> requests.Response:
            params = {"startAt": start_at, "maxResults": max_results}
            response: requests.Response = self._api.get(f"{self._root}/{path}", params=params)
            return response

        return self._rest.paged(asked, size=size)


def _time(told: object) -> datetime | None:
    """None: nothing ends."""
    if told is None:
        return None
    try:
        return datetime.strptime(str(told), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError as exc:
        raise Malformed("expiringAt: expected a time") from exc


def _is_had(permission: object) -> bool:
    return isinstance(permission, dict) and permission.get("havePermission") is True


def _names(listed: Sequence[Json]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in listed if (name := text(one.get("name")))))
