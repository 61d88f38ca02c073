"""Jira Data Center over REST, version 2: where it is asked otherwise than the Cloud.

Search pages by offset and tells changelogs with issues; stories hang on epics by a field; history knows fields by name;
who may not write quietly is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from requests import Response

from integration.core.facts import TrackerFact
from integration.core.write_back import FieldValue
from integration.trackers.contract import Connection, ItemOutcome
from integration.trackers.jira import values
from integration.trackers.jira.client import credentials
from integration.trackers.jira.history import PAGE, entry_of, status_changed, status_since
from integration.trackers.jira.offsets import OffsetHistory, changelog_in
from integration.trackers.jira.payload import Json, identifier, records
from integration.trackers.jira.rest import total_of, understood
from integration.trackers.jira.site import ALL_FIELDS, JiraSite


def connect(connection: Connection) -> JiraDataCenterClient:
    """A client for the connection. Nothing is asked of Jira yet."""
    return JiraDataCenterClient(library(connection), connection)


def library(connection: Connection) -> DataCenterLibrary:
    """The vendor's library, by the names of its library for the Cloud."""
    return DataCenterLibrary(plain_library(connection))


def plain_library(connection: Connection) -> Any:
    """The vendor's library: with a user it signs in by basic authentication, without one by the token alone."""
    from atlassian.jira import Jira

    return Jira(connection.url, cloud=False, **credentials(connection))


class DataCenterLibrary:
    """The vendor's library for servers, by the names of its library for the Cloud where both ask the same."""

    def __init__(self, jira: Any) -> None:
        self._jira = jira
        self.get_current_user: Callable[[], Response] = jira.myself
        self.get_fields: Callable[[], Response] = jira.get_all_fields
        self.get_statuses: Callable[[], Response] = jira.get_all_statuses
        self.get_issue_all_types: Callable[[], Response] = jira.get_issue_types
        self.get_projects: Callable[[], Response] = jira.projects
        self.get_remote_issue_links: Callable[..., Response] = jira.get_issue_remote_links
        self.search: Callable[..., Response] = jira.jql
        self.enhanced_jql: Callable[..., Response] = jira.jql
        self.get: Callable[..., Response] = jira.get
        self.post: Callable[..., Response] = jira.post
        self.put: Callable[..., Response] = jira.put
        self.delete: Callable[..., Response] = jira.delete

    def create_custom_field(self, *, data: Mapping[str, Any]) -> Response:
        # The library's own function knows no description.
        return self._answer(self._jira.post(self._jira.resource_url("field"), data=data))

    def add_field_to_default_screen(self, field: str) -> Response:
        return self._answer(self._jira.post(self._jira.resource_url(f"screens/addToDefault/{field}")))

    def get_issue(self, item: str, *, fields: str, expand: str | None = None) -> Response:
        return self._answer(self._jira.get_issue(item, fields=fields, update_history=False, expand=expand))

    def get_server_info(self) -> Response:
        return self._answer(self._jira.get(self._jira.resource_url("serverInfo")))

    def get_edit_issue_meta(self, item: str) -> Response:
        return self._answer(self._jira.get(self._of_issue(item, "editmeta")))

    def edit_issue(self, item: str, *, notify_users: str | None, data: Mapping[str, Any]) -> Response:
        loud = notify_users != "false"
        return self._answer(self._jira.update_issue_field(item, data["fields"], notify_users=loud))

    def create_or_update_remote_issue_link(self, item: str, *, data: Mapping[str, Any]) -> Response:
        # The library's own function leaves out the summary, which Jira then forgets.
        return self._answer(self._jira.post(self._of_issue(item, "remotelink"), data=data))

    def delete_remote_issue_link_by_global_id(self, item: str, *, global_id: str) -> Response:
        return self._answer(self._jira.delete(self._of_issue(item, "remotelink"), params={"globalId": global_id}))

    def get_my_permissions(self, *, project_key: str | None, permissions: str) -> Response:
        del permissions  # it always tells all of them
        asked = {"projectKey": project_key} if project_key else {}
        return self._answer(self._jira.get(self._jira.resource_url("mypermissions"), params=asked))

    def get_comments(self, item: str, *, start_at: int, max_results: int, order_by: str) -> Response:
        asked = {"startAt": start_at, "maxResults": max_results, "orderBy": order_by}
        return self._answer(self._jira.get(self._of_issue(item, "comment"), params=asked))

    def get_project_versions_paginated(self, project: str, *, start_at: int, max_results: int) -> Response:
        return self._answer(self._jira.get_project_versions_paginated(project, start=start_at, limit=max_results))

    def get_all_boards(self, *, start_at: int, max_results: int, project_key_or_id: str) -> Response:
        return self._answer(
            self._jira.get_all_agile_boards(project_key=project_key_or_id, start=start_at, limit=max_results)
        )

    def get_all_sprints(self, board: str, *, start_at: int, max_results: int) -> Response:
        return self._answer(self._jira.get_all_sprints_from_board(board, start=start_at, limit=max_results))

    def _of_issue(self, item: str, what: str) -> str:
        return f"{self._jira.resource_url('issue')}/{item}/{what}"

    @staticmethod
    def _answer(answer: Any) -> Response:
        """What the library returns is an answer as it came; its own types promise less."""
        response: Response = answer
        return response


class JiraDataCenterClient(JiraSite):
    """One connection to a Jira Data Center."""

    loud = "refuse every quiet write"

    def __init__(self, api: DataCenterLibrary, connection: Connection) -> None:
        super().__init__(api, api, connection, OffsetHistory)

    def _read(self, item: str) -> Json:
        return self._rest.told(self._api.get_issue, item, fields=ALL_FIELDS, expand="changelog")

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        """By search, which knows an issue only a little after it was made: what it misses is asked for by itself."""
        numbers = [item for item in items if item.isascii() and item.isdecimal()]
        if not numbers:
            return {}
        # Validated, one id that is not there would spoil the answer for all.
        page = self._rest.told(
            self._api.search,
            f"id in ({', '.join(numbers)})",
            fields=ALL_FIELDS,
            start=0,
            limit=self.most_items,
            expand="changelog",
            validate_query="false",
        )
        with understood():
            return self._outcomes(records(page.get("issues"), "issues"))

    def _facts(self, shown: Json) -> Sequence[TrackerFact]:
        """Also since when its status is what it is: there is no time of its category's change here."""
        number = identifier(shown.get("id"), "issue.id")
        born, *facts = super()._facts(shown)
        moved = status_since(number, [entry_of(raw, number) for raw in changelog_in(shown)])
        return [born, status_changed(number, born.at, 0), *facts, *moved]

    def _below(self, parents: Mapping[str, str]) -> str:
        """Sub-tasks by their parent, and what hangs on an epic by the field for it, which knows keys."""
        if not self._known:
            self._fields()
        keys = ", ".join(f'"{key}"' for key in parents.values())
        links = (known.id for known in self._known.values() if known.role == "epic link")
        by_link = (f"cf[{link.removeprefix('customfield_')}] in ({keys})" for link in links)
        return " OR ".join([f"parent in ({', '.join(parents)})", *by_link])

    def _search(self, jql: str) -> Iterator[Sequence[Json]]:
        """Pages of whole issues."""
        start = 0
        while True:
            page = self._rest.told(
                self._api.search, jql, fields=ALL_FIELDS, start=start, limit=PAGE, expand="changelog"
            )
            with understood():
                found, total = records(page.get("issues"), "issues"), total_of(page)
            yield found
            start += len(found)
            if not found or start >= total:
                return

    def _newest_first(self, item: str) -> Iterator[Json]:
        shown = self._rest.told(self._api.get_issue, item, fields="key", expand="changelog")
        with understood():
            entries = [(entry_of(raw, item), raw) for raw in changelog_in(shown)]
        yield from (raw for _, raw in sorted(entries, key=lambda one: (one[0].at, one[0].order), reverse=True))

    def _listed_projects(self, keys: Sequence[str]) -> Sequence[Json]:
        del keys  # it always tells all of them
        return self._rest.listed(self._api.get_projects)

    def _for_edit(self, kind: str, value: FieldValue) -> Any:
        return values.for_edit(kind, value, documents=False)
