"""The state of a simulated Jira site and its lookups.

Who may change it, and who is told about a change, is `jira_work`'s.
"""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from integration.simulators.jira_things import (
    CUSTOM_FIELDS,
    EPIC_LINK,
    ISSUE_TYPES,
    MAKEABLE,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    SYSTEM_FIELDS,
    Board,
    Field,
    Issue,
    IssueLink,
    IssueType,
    Named,
    Project,
    Sprint,
    Status,
    User,
    Version,
)


class NotFound(Exception):
    """There is no such thing on this site, or the one who asks may not see it."""


class Site:
    """Everything the site holds, behind one lock: whoever reads or changes more than one thing holds `lock`."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        search_lag: timedelta = timedelta(),
        *,
        fields: Iterable[Field] = (*SYSTEM_FIELDS, *CUSTOM_FIELDS),
        checks_screens: bool = False,
    ) -> None:
        self.clock = clock
        self.search_lag = search_lag
        self.checks_screens = checks_screens
        self.software = True  # a site may have no Jira Software, and so no boards
        self.linking = True  # an administrator may turn issue linking off
        self.own_screens: set[str] = set()  # ids of projects that do not use the Default Screen, where there is one
        self.default_screen: set[str] = set()  # ids of fields that were put there
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.statuses = STATUSES
        self.issue_types = ISSUE_TYPES
        self.priorities = PRIORITIES
        self.resolutions = RESOLUTIONS
        self.fields = {one.id: one for one in fields}
        self.epic_link = next((one.id for one in self.fields.values() if one.custom == EPIC_LINK), "")
        self.projects: dict[str, Project] = {}
        self.versions: dict[str, Version] = {}
        self.filters: dict[str, str] = {}  # name -> its JQL
        self.boards = {8: Board(8, "Bookshop board")}
        self.sprints: dict[int, Sprint] = {}
        self.issues: dict[str, Issue] = {}
        self.links: dict[str, IssueLink] = {}
        self.generation = 0  # of page tokens: those of an earlier one have expired
        self.changes = 0  # how often an issue was made, changed or deleted
        self.search_lags: dict[str, timedelta] = {}  # by issue id, of those that search learns of later than of others
        self._indexed: dict[str, list[tuple[datetime, Issue]]] = {}
        self._keys: dict[str, str] = {}  # every key an issue ever had -> its id
        self._numbers: dict[str, Iterator[int]] = {}
        self._ids = itertools.count(10100)
        self._custom = itertools.count(10060)

    def next_id(self) -> str:
        """A fresh id. One sequence serves all kinds, so that ids of two kinds are never mistaken for each other."""
        return str(next(self._ids))

    def new_key(self, project: Project, issue_id: str) -> str:
        """The project's next key, for this issue from now on; its old keys go on resolving."""
        numbers = self._numbers.setdefault(project.id, itertools.count(1))
        key = f"{project.key}-{next(numbers)}"
        self._keys[key] = issue_id
        return key

    def add_field(self, name: str, kind: str, options: Iterable[str] = ()) -> Field:
        """A new custom field of one of the `MAKEABLE` kinds. As in Jira, names need not be unique."""
        made = Field(
            f"customfield_{next(self._custom)}",
            name,
            kind,
            MAKEABLE[kind],
            options=tuple(Named(self.next_id(), option) for option in options),
        )
        self.fields[made.id] = made
        return made

    def change_field(self, name_or_id: str, **changes: Any) -> Field:
        """The field with, say, another name, or not editable any more."""
        changed = replace(self.field(name_or_id), **changes)
        self.fields[changed.id] = changed
        return changed

    def field(self, name_or_id: str) -> Field:
        """The field of that id, else the first of that name."""
        if found := self.fields.get(name_or_id):
            return found
        return _named(self.fields.values(), name_or_id, "field")

    def issue(self, which: "Issue | str | int") -> Issue:
        """The issue with that id, key or former key."""
        if isinstance(which, Issue):
            which = which.id
        text = str(which)
        if found := self.issues.get(text) or self.issues.get(self._keys.get(text.upper(), "")):
            return found
        raise NotFound(f"issue {text}")

    def index(self, issue: Issue) -> None:
        """Search will know the issue as it is now, `search_lag` from now. [doc] eventually consistent"""
        self.changes += 1
        if self.search_lag:
            self._indexed.setdefault(issue.id, []).append((self.clock(), replace(issue, values=dict(issue.values))))

    def searched(self) -> list[Issue]:
        """The issues as search finds and orders them; what has gone is not shown. [inf]"""
        if not self.search_lag:
            return list(self.issues.values())
        now = self.clock()
        found: list[Issue] = []
        for each in self.issues:
            known = now - self.search_lags.get(each, self.search_lag)
            found += [one for at, one in self._indexed.get(each, ()) if at <= known][-1:]
        return found

    def children(self, issue: Issue) -> list[Issue]:
        """The issues whose parent or epic this is, oldest first."""
        link = self.epic_link
        return [one for one in self.issues.values() if issue.id in (one.values.get("parent"), one.values.get(link))]

    def parent_of(self, issue: Issue) -> str | None:
        """The id of the issue it is a part of, or hangs on."""
        parent: str | None = issue.values.get(self.parent_field(issue))
        return parent

    def parent_field(self, issue: Issue) -> str:
        """The id of the field that holds its parent: outside the Cloud only sub-tasks have one, and others an epic link."""
        return self.epic_link if self.epic_link and self.type_of(issue).level >= 0 else "parent"

    def project(self, key_or_id: str) -> Project:
        """The project of that key or id, or, as JQL has it, name."""
        for project in self.projects.values():
            if key_or_id.casefold() in (project.id, project.key.casefold(), project.name.casefold()):
                return project
        raise NotFound(f"project {key_or_id}")

    def type_of(self, issue: Issue) -> IssueType:
        """The issue's type."""
        return self.issue_type(issue.values["issuetype"])

    def status_of(self, issue: Issue) -> Status:
        """The issue's status."""
        return self.status(issue.values["status"])

    def issue_type(self, name_or_id: str) -> IssueType:
        """The issue type of that name or id."""
        return _named(self.issue_types, name_or_id, "issue type")

    def status(self, name_or_id: str) -> Status:
        """The status of that name or id."""
        return _named(self.statuses, name_or_id, "status")

    def priority(self, name_or_id: str) -> Named:
        """The priority of that name or id."""
        return _named(self.priorities, name_or_id, "priority")

    def resolution(self, name_or_id: str) -> Named:
        """The resolution of that name or id."""
        return _named(self.resolutions, name_or_id, "resolution")

    def version(self, name_or_id: str) -> Version:
        """The version of that name or id."""
        return _named(self.versions.values(), name_or_id, "version")

    def user(self, who: str) -> User:
        """The user of that account id or key, name or address."""
        for user in self.users.values():
            if who in (user.account_id, user.name, user.email, user.login):
                return user
        raise NotFound(f"user {who}")


class _HasName(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...


_T = TypeVar("_T", bound=_HasName)


def _named(things: Iterable[_T], name_or_id: str, noun: str) -> _T:
    for thing in things:
        if name_or_id == thing.id or name_or_id.casefold() == thing.name.casefold():
            return thing
    raise NotFound(f"{noun} {name_or_id}")
