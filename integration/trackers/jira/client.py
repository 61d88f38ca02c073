"""Jira Cloud over REST: read, search, write. With `data_center` the only file that knows Atlassian's library.

The library chooses addresses and parameters; it never retries, never sleeps and never judges an answer here
(`advanced_mode`): by its defaults it would block a worker for half an hour on a 429, and turn HTML under a 200 into a
text. Time limits are `trackers.http.Session`'s; what an answer means is decided by `rest`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integration.core.errors import Gone, Retryable
from integration.trackers.contract import Connection, ItemOutcome
from integration.trackers.jira.gateway import session
from integration.trackers.jira.history import PAGE, IssueHistory, following
from integration.trackers.jira.payload import Json, identifier, records, text
from integration.trackers.jira.projects import listed_projects
from integration.trackers.jira.rest import understood
from integration.trackers.jira.site import ALL_FIELDS, JiraSite


def connect(connection: Connection) -> JiraClient:
    """A client for the connection. Nothing is asked of Jira yet."""
    return JiraClient(*libraries(connection), connection)


def libraries(connection: Connection) -> tuple[Any, Any]:
    """The vendor's libraries of the platform and of Jira Software; each call makes one request and returns its answer."""
    from atlassian.jira import JiraCloud, JiraSoftware

    asking = credentials(connection)
    return JiraCloud(connection.url, **asking), JiraSoftware(connection.url, **asking)


def credentials(connection: Connection) -> Mapping[str, Any]:
    """How the vendor's library is to ask: as whom, over which session, and without any judgement of its own."""
    # At debug level the library logs whole answers, with the names and texts in them.
    logging.getLogger("atlassian").setLevel(logging.INFO)
    token = connection.token.reveal() if connection.token else ""
    return {
        "username": connection.user,
        "password": token,
        "token": token,  # used where no user is named: service accounts send theirs alone
        "session": session(connection),
        "advanced_mode": True,
        "retry_with_header": False,
        "backoff_and_retry": False,
    }


class JiraClient(JiraSite):
    """One connection to a Jira Cloud site."""

    loud = "send mail for each write"

    def __init__(self, api: Any, software: Any, connection: Connection) -> None:
        super().__init__(api, software, connection, IssueHistory)

    def _read(self, item: str) -> Json:
        return self._rest.told(self._api.get_issue, item, fields=ALL_FIELDS)

    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        page = self._rest.told(
            self._api.bulk_fetch_issues, data={"issueIdsOrKeys": list(items), "fields": ALL_FIELDS.split(",")}
        )
        with understood():
            found = self._outcomes(records(page.get("issues"), "issues"))
            for failed in records(page.get("issueErrors") or [], "issueErrors"):
                why = text(failed.get("errorMessage")) or "Jira could not fetch it together with others"
                found[identifier(failed.get("id"), "issueErrors.id")] = Retryable(why)
        if found.keys() < set(items):
            # With an expired token Jira lets us in as nobody, to whom no issue exists.
            self._rest.asked(self._api.get_current_user)
        return {item: found.get(item, Gone(f"issue {item} does not exist, or may not be seen")) for item in items}

    def _below(self, parents: Mapping[str, str]) -> str:
        return f"parent in ({', '.join(parents)})"

    def _search(self, jql: str) -> Iterator[Sequence[Json]]:
        """Pages of whole issues."""
        token: str | None = None
        while True:
            page = self._rest.told(self._api.enhanced_jql, jql, fields=ALL_FIELDS, nextPageToken=token, limit=PAGE)
            with understood():
                found = records(page.get("issues"), "issues")
            yield found
            token = following(page, token)
            if token is None:
                return

    def _newest_first(self, item: str) -> Iterator[Json]:
        """Entries of the changelog from its end, though Jira pages them oldest first."""
        first = self._history(item, 0)
        total = first.get("total")
        last = (total - 1) // PAGE * PAGE if isinstance(total, int) and total > PAGE else 0
        for start in range(last, -1, -PAGE):
            page = self._history(item, start) if start else first
            with understood():
                entries = records(page.get("values"), "changelog")
            yield from reversed(entries)

    def _history(self, item: str, start: int) -> Json:
        return self._rest.told(self._api.get_change_logs, item, start_at=start, max_results=PAGE)

    def _listed_projects(self, keys: Sequence[str]) -> Sequence[Json]:
        return listed_projects(self._api, self._rest, keys)
