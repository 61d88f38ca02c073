"""What a Jira Cloud shows to somebody who has no mapping yet: whose account it is, its projects, labels in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from integration.trackers.contract import Connection
from integration.trackers.jira.payload import records, text
from integration.trackers.jira.rest import Rest, understood

PAGE_OF_PROJECTS = 50
PAGE_OF_LABELS = 1000
MOST_PAGES = 10
"""Of labels: whoever has more than ten thousand of them waits no longer for the rest."""


class JiraSurvey:
    """Asks one Jira site. `api` is the vendor's library of the platform."""

    def __init__(self, api: Any, connection: Connection) -> None:
        self._api = api
        self._rest = Rest(connection.url, api.get_current_user)

    def account(self) -> str:
        return text(self._rest.told(self._api.get_current_user).get("displayName")) or "somebody without a name"

    def projects(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for page in self._rest.paged(self._api.search_projects, size=PAGE_OF_PROJECTS):
            with understood():
                listed = [(text(each.get("key")), text(each.get("name"))) for each in records(page, "projects")]
            found |= {key: name or key for key, name in listed if key}
        return found

    def labels(self, projects: Sequence[str]) -> Sequence[str]:  # noqa: ARG002  # Jira tells only those of the whole site
        pages = islice(self._rest.paged(self._api.get_all_labels, size=PAGE_OF_LABELS), MOST_PAGES)
        return [label for page in pages for label in page if isinstance(label, str)]
