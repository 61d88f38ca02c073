"""What is read from and written to a Jira in the same way, whatever its edition. Issues are named by their ids."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from integration.core.catalogue import Catalogue, TrackerField, folded
from integration.core.errors import Gone, Refused, Retryable
from integration.core.facts import TrackerFact
from integration.core.queries import Query
from integration.core.write_back import Badge, Edit, FieldValue
from integration.trackers import http
from integration.trackers.contract import Connection, Current, HistoryPage, ItemOutcome
from integration.trackers.jira import issue, values
from integration.trackers.jira.history import IssueHistory
from integration.trackers.jira.options import Options
from integration.trackers.jira.payload import Json, account, identifier, record, records, text
from integration.trackers.jira.plans import Plans
from integration.trackers.jira.projects import Projects
from integration.trackers.jira.rest import Rest, understood
from integration.trackers.jira.vocabulary import field_of, levels_of, projects_of, states_of

ALL_FIELDS = "*all,-description,-environment,-comment,-worklog,-attachment,-issuelinks"
PARENTS = 100
"""So many issues are asked for their children at once."""
PERMISSION_GOOD_FOR = timedelta(minutes=10).total_seconds()

_ADMINISTRATORS = ("ADMINISTER", "ADMINISTER_PROJECTS")
"""Of all, and of one project."""


class JiraSite(ABC):
    """One connection to a Jira. `api` has a function for each request, by the names of the vendor's Cloud library."""

    streams = ("issues", "versions", "sprints")
    most_items = 100
    loud: str
    """What becomes of a write that shall be quiet, where the account may not."""

    def __init__(self, api: Any, software: Any, connection: Connection, history: Callable[..., IssueHistory]) -> None:
        self._api = api
        self._rest = Rest(connection.url, api.get_current_user)
        self._projects = Projects(connection.projects, self._listed_projects)
        self._issues = history(api, self._rest, self._projects)
        self._plans = Plans(api, software, self._rest, self._project_keys)
        self._options = Options(api, self._rest)
        self._known: Mapping[str, TrackerField] = {}
        self._quiet_until: dict[str, float] = {}

    @abstractmethod
    def _below(self, parents: Mapping[str, str]) -> str:
        """The condition in JQL that their children fulfil; `parents` are keys by id."""

    @abstractmethod
    def _search(self, jql: str) -> Iterator[Sequence[Json]]:
        """Pages of whole issues."""

    @abstractmethod
    def _read(self, item: str) -> Json:
        """One whole issue."""

    @abstractmethod
    def items(self, items: Sequence[str]) -> Mapping[str, ItemOutcome]:
        """Each issue as it is now, or why it could not be read."""

    @abstractmethod
    def _newest_first(self, item: str) -> Iterator[Json]:
        """Entries of the issue's changelog from its end."""

    @abstractmethod
    def _listed_projects(self, keys: Sequence[str]) -> Sequence[Json]:
        """The projects of these keys, or, where none is named or nobody can ask for some, all that the account sees."""

    def catalogue(self) -> Catalogue:
        me = self._rest.told(self._api.get_current_user)
        return Catalogue(
            account=account(me) or "",
            fields=self._fields(),
            states=states_of(self._rest.listed(self._api.get_statuses)),
            levels=levels_of(self._rest.listed(self._api.get_issue_all_types)),
            projects=projects_of(self._projects.shown()),
        )

    def item(self, item: str) -> Sequence[TrackerFact]:
        found = self._read(item)
        with understood():
            return self._facts(found)

    def subtree(self, item: str) -> Iterator[Sequence[TrackerFact]]:
        """The issue, then level by level. Search knows a change only a little later; what it misses tells itself."""
        found = self._read(item)
        with understood():
            facts, parents = self._facts(found), _keys([found])
        yield facts
        seen = set(parents)
        while parents:
            children: dict[str, str] = {}
            numbers = list(parents)
            for start in range(0, len(numbers), PARENTS):
                some = {number: parents[number] for number in numbers[start : start + PARENTS]}
                for page in self._search(f"{self._below(some)} ORDER BY id"):
                    with understood():
                        facts, keys = [fact for shown in page for fact in self._facts(shown)], _keys(page)
                    yield facts
                    children |= {number: key for number, key in keys.items() if number not in seen}
                    seen.update(keys)
            parents = children

    def _outcomes(self, page: Sequence[Json]) -> dict[str, ItemOutcome]:
        """The issues of one answer by their ids; one that makes no sense spoils none of the others."""
        found: dict[str, ItemOutcome] = {}
        for shown in page:
            with understood():
                number = identifier(shown.get("id"), "issue.id")
            try:
                with understood():
                    found[number] = self._facts(shown)
            except Retryable as odd:
                found[number] = odd
        return found

    def _facts(self, shown: Json) -> Sequence[TrackerFact]:
        """What an issue is now says what webhooks would have said of it until now."""
        return issue.as_it_is(shown)

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
        names = self._names(field)
        for entry in self._newest_first(item):
            with understood():
                changes = records(entry.get("items"), "changelog.items")
            for change in reversed(changes):
                if (text(change.get("fieldId")) or text(change.get("field"))) in names:
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
            chosen = {name: str(value) for name, value in fields.items() if value and self._type(name) == "option"}
            said = {**fields, **(self._options.spelled(item, chosen) if chosen else {})}
            edit = {"fields": {name: self._for_edit(self._type(name), value) for name, value in said.items()}}
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

    def _for_edit(self, kind: str, value: FieldValue) -> Any:
        return values.for_edit(kind, value)

    def why_not_quiet(self, project: str) -> str | None:
        """Silence is for accounts that administer Jira or the project.

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
            f"Jira would {self.loud} of this account; make it an administrator of the project, "
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
        self._known = {known.id: known for known in fields}
        return fields

    def _field(self, field: str) -> TrackerField | None:
        if field not in self._known:
            self._fields()
        return self._known.get(field)

    def _type(self, field: str) -> str:
        known = self._field(field)
        return known.type if known else "other"

    def _names(self, field: str) -> frozenset[str]:
        """What history calls the field: by id, and, where it tells none, by a name that no other field has."""
        known = self._field(field)
        namesakes = [one for one in self._known.values() if known and folded(one.name) == folded(known.name)]
        return frozenset({field} | ({known.name} if known and len(namesakes) == 1 else set()))

    def _project_keys(self) -> Sequence[str]:
        return [key for each in self._projects.shown() if (key := text(each.get("key")))]

    def _badge(self, item: str) -> Badge | None:
        try:
            link = self._rest.asked(self._api.get_remote_issue_links, item, global_id=_global_id(item))
        except Gone:
            return None  # the issue was there a moment ago; it is the link that is not
        return values.badge_of(http.decoded(link))


def _keys(page: Sequence[Json]) -> dict[str, str]:
    return {identifier(shown.get("id"), "issue.id"): identifier(shown.get("key"), "issue.key") for shown in page}


def _global_id(item: str) -> str:
    """Names our remote link among all of an issue; the same for ever, so that updating never makes a second one."""
    return f"okrlink:{item}"


def _has(permission: object) -> bool:
    return isinstance(permission, dict) and permission.get("havePermission") is True
