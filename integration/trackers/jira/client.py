"""Jira Cloud over REST: read, search, write. The only file that knows Atlassian's library.

The library chooses addresses and parameters; it never retries, never sleeps and never judges an answer here
(`advanced_mode`): by its defaults it would block a worker for half an hour on a 429, and turn HTML under a 200 into a
text. Time limits are `trackers.http.Session`'s; what an answer means is decided by `rest`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integration.core.catalogue import Catalogue, TrackerField
from integration.core.errors import Gone, Refused
from integration.core.facts import TrackerFact
from integration.core.queries import Query
from integration.core.write_back import Badge, Edit, FieldValue
from integration.trackers import http
from integration.trackers.contract import Connection, Current, HistoryPage
from integration.trackers.jira import issue, values
from integration.trackers.jira.gateway import session
from integration.trackers.jira.history import PAGE, IssueHistory, following
from integration.trackers.jira.payload import Json, account, identifier, record, records, text
from integration.trackers.jira.plans import Plans
from integration.trackers.jira.rest import Rest, understood
from integration.trackers.jira.vocabulary import field_of, levels_of, projects_of, states_of

ALL_FIELDS = "*all,-description,-environment,-comment,-worklog,-attachment,-issuelinks"
PERMISSION_GOOD_FOR = timedelta(minutes=10).total_seconds()

_ADMINISTRATORS = ("ADMINISTER", "ADMINISTER_PROJECTS")
"""Of all, and of one project."""


def connect(connection: Connection) -> JiraClient:
    """A client for the connection. Nothing is asked of Jira yet."""
    return JiraClient(*libraries(connection), connection)


def libraries(connection: Connection) -> tuple[Any, Any]:
    """The vendor's libraries of the platform and of Jira Software; each call makes one request and returns its answer."""
    from atlassian.jira import JiraCloud, JiraSoftware

    # At debug level the library logs whole answers, with the names and texts in them.
    logging.getLogger("atlassian").setLevel(logging.INFO)
    token = connection.token.reveal() if connection.token else ""
    asking: dict[str, Any] = {
        "username": connection.user,
        "password": token,
        "token": token,  # used where no user is named: service accounts send theirs alone
        "session": session(connection),
        "advanced_mode": True,
        "retry_with_header": False,
        "backoff_and_retry": False,
    }
    return JiraCloud(connection.url, **asking), JiraSoftware(connection.url, **asking)


class JiraClient:
    """One connection to a Jira Cloud site. Issues are named by their ids, which outlive moves."""

    streams = ("issues", "versions", "sprints")

    def __init__(self, api: Any, software: Any, connection: Connection) -> None:
        self._api = api
        self._rest = Rest(connection.url, api.get_current_user)
        self._projects = list(connection.projects)
        self._issues = IssueHistory(api, self._rest, connection.projects)
        self._plans = Plans(api, software, self._rest, self._project_keys)
        self._types: Mapping[str, str] = {}
        self._quiet_until: dict[str, float] = {}

    def catalogue(self) -> Catalogue:
        me = self._rest.told(self._api.get_current_user)
        return Catalogue(
            account=account(me) or "",
            fields=self._fields(),
            states=states_of(self._rest.listed(self._api.get_statuses)),
            levels=levels_of(self._rest.listed(self._api.get_issue_all_types)),
            projects=projects_of(self._shown_projects()),
        )

    def item(self, item: str) -> Sequence[TrackerFact]:
        found = self._rest.told(self._api.get_issue, item, fields=ALL_FIELDS)
        with understood():
            return _facts(found)

    def subtree(self, item: str) -> Iterator[Sequence[TrackerFact]]:
        """The issue, then level by level. Search knows a change only a little later; what it misses tells itself."""
        root = self.item(item)
        yield root
        parents = [number for number in {fact.item for fact in root} if number]
        seen = set(parents)
        while parents:
            children: list[str] = []
            for start in range(0, len(parents), PAGE):
                for page in self._search(f"parent in ({', '.join(parents[start : start + PAGE])}) ORDER BY id"):
                    with understood():
                        facts = [fact for found in page for fact in _facts(found)]
                        numbers = [identifier(found.get("id"), "issue.id") for found in page]
                    yield facts
                    children += [number for number in numbers if number not in seen]
                    seen.update(numbers)
            parents = children

    def current(self, item: str, fields: Sequence[str], *, badge: bool) -> Current:
        found = self._rest.told(self._api.get_issue, item, fields=",".join(fields) or "key")
        with understood():
            there = issue.raw_fields(found)
        current = Current({name: values.shown(there.get(name)) for name in fields}, key=text(found.get("key")) or "")
        if not badge:
            return current
        try:
            return replace(current, badge=self._badge(item))
        except Refused as error:  # where issue linking is turned off, fields are there all the same
            if error.scope == "connection":
                raise
            return replace(current, badge_refused=error.reason)

    def last_edit(self, item: str, field: str) -> Edit | None:
        for entry in self._newest_first(item):
            with understood():
                changes = records(entry.get("items"), "changelog.items")
            for change in reversed(changes):
                if field in (change.get("fieldId"), change.get("field")):
                    return Edit(actor=account(entry.get("author")), value=values.as_told(self._type(field), change))
        return None

    def write(
        self,
        item: str,
        fields: Mapping[str, FieldValue],
        *,
        badge: Badge | None = None,
        remove_badge: bool = False,
        revision: int | None = None,  # noqa: ARG002  # Jira guards writes by nothing; edits are found in its history
        quiet: bool = True,
    ) -> None:
        """One edit for all fields, then the remote link. Repeating it is harmless: equal field values leave no trace in Jira."""
        if fields:
            edit = {"fields": {name: values.for_edit(self._type(name), value) for name, value in fields.items()}}
            # In the query, as a text: in the body it has no effect, and the library would send `False`.
            self._rest.done(self._api.edit_issue, item, notify_users="false" if quiet else None, data=edit)
        if badge is not None:
            link = values.remote_link(_global_id(item), badge)
            self._rest.done(self._api.create_or_update_remote_issue_link, item, data=link)
        elif remove_badge:
            try:
                self._rest.asked(self._api.delete_remote_issue_link_by_global_id, item, global_id=_global_id(item))
            except Gone:
                return  # as wished, whoever removed it

    def why_not_quiet(self, project: str) -> str | None:
        """Jira ignores the wish for silence where the account administers neither Jira nor the project.

        Asked without a project, Jira tells of a permission that it is there in any of them: that is not enough.
        """
        now = time.monotonic()
        if self._quiet_until.get(project, 0.0) > now:
            return None
        enough = _ADMINISTRATORS if project else _ADMINISTRATORS[:1]
        try:
            told = self._rest.told(
                self._api.get_my_permissions, project_key=project or None, permissions=",".join(enough)
            )
        except Gone:
            return f"the account cannot see the project {project}; let it browse and administer it"
        with understood():
            permissions = record(told.get("permissions"), "permissions")
        if any(_has(permissions.get(name)) for name in enough):
            self._quiet_until[project] = now + PERMISSION_GOOD_FOR
            return None
        return (
            "Jira would send mail for each write of this account; make it an administrator of the project, "
            "or set quiet: false under write_back"
        )

    def asked_to_wait(self) -> float:
        """Jira tells how long to wait only when it refuses."""
        return 0.0

    def same(self, field_type: str, ours: FieldValue, theirs: FieldValue) -> bool:
        return values.same(field_type, ours, theirs)

    def same_badge(self, ours: Badge, theirs: Badge) -> bool:
        return ours == theirs

    def history(self, stream: str, since: datetime, cursor: str | None) -> Iterator[HistoryPage]:
        reading = {"issues": self._issues.pages, "versions": self._plans.versions, "sprints": self._plans.sprints}
        return reading[stream](since, cursor)

    def total(self, stream: str, since: datetime) -> int | None:
        return self._issues.total(since) if stream == "issues" else None

    def answers(self, query: Query) -> Iterator[Sequence[str]]:
        return self._issues.answers(query)

    def present(self) -> Iterator[Sequence[str]]:
        return self._issues.present()

    def _fields(self) -> tuple[TrackerField, ...]:
        listed = self._rest.listed(self._api.get_fields)
        fields = tuple(known for raw in listed if (known := field_of(raw)) is not None)
        self._types = {known.id: known.type for known in fields}
        return fields

    def _type(self, field: str) -> str:
        if field not in self._types:
            self._fields()
        return self._types.get(field, "other")

    def _shown_projects(self) -> list[Json]:
        """The connection's projects; all that the account sees where the mapping names none."""
        pages = self._rest.paged(self._api.search_projects, size=PAGE, keys=self._projects or None)
        with understood():
            return [project for page in pages for project in records(page, "projects")]

    def _project_keys(self) -> Sequence[str]:
        return self._projects or [key for each in self._shown_projects() if (key := text(each.get("key")))]

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

    def _badge(self, item: str) -> Badge | None:
        try:
            link = self._rest.asked(self._api.get_remote_issue_links, item, global_id=_global_id(item))
        except Gone:
            return None  # the issue was there a moment ago; it is the link that is not
        return values.badge_of(http.decoded(link))


def _facts(shown: Json) -> list[TrackerFact]:
    """What an issue is now says what webhooks would have said of it until now."""
    at = issue.updated(shown) or datetime.now(UTC)
    return [issue.created(shown, at=at), issue.seen(shown, at=at, order=issue.AS_READ)]


def _global_id(item: str) -> str:
    """Names our remote link among all of an issue; the same for ever, so that updating never makes a second one."""
    return f"okrlink:{item}"


def _has(permission: object) -> bool:
    return isinstance(permission, dict) and permission.get("havePermission") is True
