"""Jira's custom fields: making them, giving them to projects, putting them on screens, and trying them on an issue.

A field that nobody put on a screen exists and is seen by nobody. A project's screens hang on its types: the scheme of the
project names a scheme for each type, and that names the screens for viewing and editing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import requests

from integration.core.catalogue import folded
from integration.core.errors import Permanent
from integration.core.fields import Holds, Place, Sample, holds
from integration.core.scorecard import CardValue
from integration.trackers.contract import Connection
from integration.trackers.jira.payload import Json, identifier, record, records, text
from integration.trackers.jira.projects import Projects, listed_projects
from integration.trackers.jira.rest import Rest, understood

PAGE = 50
_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
_MADE_OF: Mapping[Holds, tuple[str, str]] = {
    "number": ("float", "exactnumber"),
    "text": ("textfield", "textsearcher"),
    "link": ("url", "exacttextsearcher"),
}
"""What a field holds -> its type, and the searcher without which nobody could search by it."""
_BY_HAND = (
    "{key} is team-managed, and Jira makes fields there for nobody but people: under Project settings, Work types, "
    "add a field of this name to {types}"
)
_NO_SCREEN = (
    "is not on the screen for editing it, or not meant for its project or type; okrlink fields create puts it there"
)


class JiraFields:
    """Looks after the fields of one Jira site. Making fields needs an account that administers Jira; trying them does not."""

    def __init__(self, api: Any, connection: Connection) -> None:
        self._api = api
        self._connection = connection
        self._rest = Rest(connection.url, api.get_current_user)

    def places(self, types: Sequence[str], known: Sequence[str]) -> Sequence[Place]:
        by_hand = [self._team_managed(project, types) for project in self._projects if _is_team_managed(project)]
        company = [project for project in self._projects if not _is_team_managed(project)]
        meant = [self._project(project, known) for project in company]
        return [*by_hand, *meant, *self._screens(company, types)]

    def create(self, name: str, value: CardValue) -> str:
        kind, searcher = _MADE_OF[holds(value)]
        body = {
            "name": name,
            "description": f"Written by okrlink: {value.replace('_', ' ')}",
            "type": f"{_CUSTOM}{kind}",
            "searcherKey": f"{_CUSTOM}{searcher}",
        }
        made = self._rest.told(self._api.create_custom_field, data=body)
        with understood():
            return identifier(made.get("id"), "field.id")

    def place(self, field: str, place: Place) -> None:
        kind, _, number = place.id.partition(" ")
        if kind == "project":
            if number in self._meant_for(field):
                return  # a new field is for all projects
            body = {"name": f"okrlink {place.name}", "projectIds": [number], "issueTypeIds": []}
            self._rest.done(self._api.create_custom_field_context, field, data=body)
        else:
            screen, _, tab = number.partition("/")
            self._rest.done(self._api.add_screen_tab_field, screen, tab, data={"fieldId": field})

    def samples(self, types: Sequence[str], fields: Mapping[str, CardValue]) -> Sequence[Sample]:
        return [
            self._sample(identifier(project.get("key"), "project.key"), kind, fields)
            for project in self._projects
            for kind in types or ("",)
        ]

    def by_hand(self, fields: Mapping[str, CardValue]) -> Sequence[str]:
        kinds = {"number": "Number", "text": "Short text (plain text only)", "link": "URL"}
        return [
            "As an administrator of Jira: Settings, Issues, Custom fields, Create custom field:",
            *(f"  {name}: {kinds[holds(value)]}" for name, value in fields.items()),
            f"and put each on the screens of {', '.join(self._connection.projects) or 'your projects'}.",
        ]

    @cached_property
    def _projects(self) -> Sequence[Json]:
        return Projects(self._connection.projects, partial(listed_projects, self._api, self._rest)).shown()

    @cached_property
    def _fields(self) -> Sequence[Json]:
        return self._rest.listed(self._api.get_fields)

    def _team_managed(self, project: Json, types: Sequence[str]) -> Place:
        number, key = identifier(project.get("id"), "project.id"), text(project.get("key")) or ""
        own = [text(each.get("id")) or "" for each in self._fields if _scope(each) == number]
        why = _BY_HAND.format(key=key, types=" and ".join(types) or "each work type")
        return Place(f"project {number}", key, frozenset(own), why)

    def _project(self, project: Json, known: Sequence[str]) -> Place:
        """The fields among the known ones that are meant for the project: a field's contexts say for which it is."""
        number = identifier(project.get("id"), "project.id")
        has = frozenset(field for field in known if number in self._meant_for(field))
        return Place(f"project {number}", f"project {text(project.get('key'))}", has)

    def _meant_for(self, field: str) -> frozenset[str]:
        """The ids of the connection's projects for which the field is meant."""
        if not field.startswith("customfield_"):
            return frozenset(identifier(project.get("id"), "project.id") for project in self._projects)
        found: set[str] = set()
        for each in self._pages(self._api.get_project_context_mapping, field):
            if each.get("isGlobalContext") is True:
                found |= {identifier(project.get("id"), "project.id") for project in self._projects}
            elif each.get("projectId") is not None:
                found.add(identifier(each.get("projectId"), "projectId"))
        return frozenset(found)

    def _screens(self, projects: Sequence[Json], types: Sequence[str]) -> Iterator[Place]:
        numbers = [identifier(project.get("id"), "project.id") for project in projects]
        if not numbers:
            return
        schemes = [
            identifier(record(each.get("issueTypeScreenScheme"), "scheme").get("id"), "scheme.id")
            for each in self._pages(self._api.get_issue_type_screen_scheme_project_associations, project_id=numbers)
        ]
        mappings = self._pages(self._api.get_issue_type_screen_scheme_mappings, issue_type_screen_scheme_id=schemes)
        wanted = self._schemes_for(mappings, types)
        screens: dict[str, None] = {}
        for scheme in self._pages(self._api.get_screen_schemes, id=sorted(wanted)):
            named = record(scheme.get("screens"), "screens")
            for use in ("edit", "view"):
                screens[identifier(named.get(use, named.get("default")), "screen.id")] = None
        for screen in self._pages(self._api.get_screens, id=list(screens)):
            yield self._screen(screen)

    def _schemes_for(self, mappings: Iterable[Json], types: Sequence[str]) -> set[str]:
        """The schemes for these types, or for all: a type that a scheme does not name has its default."""
        listed = self._rest.listed(self._api.get_issue_all_types)
        meant = {folded(name) for name in types}
        kinds = {text(each.get("id")) for each in listed if not meant or folded(text(each.get("name")) or "") in meant}
        by_scheme: dict[str, dict[str, str]] = {}
        for each in mappings:
            of = by_scheme.setdefault(identifier(each.get("issueTypeScreenSchemeId"), "scheme"), {})
            of[text(each.get("issueTypeId")) or ""] = identifier(each.get("screenSchemeId"), "screenSchemeId")
        return {
            scheme
            for of in by_scheme.values()
            for kind in kinds
            if kind and (scheme := of.get(kind, of.get("default"))) is not None
        }

    def _screen(self, screen: Json) -> Place:
        number = identifier(screen.get("id"), "screen.id")
        tabs = self._rest.listed(self._api.get_all_screen_tabs, number)
        has: set[str] = set()
        for tab in tabs:
            listed = self._rest.listed(self._api.get_all_screen_tab_fields, number, identifier(tab.get("id"), "tab.id"))
            has |= {text(each.get("id")) or "" for each in listed}
        if not tabs:
            raise Permanent(f"the screen {text(screen.get('name'))} has no tab to put a field on")
        first = identifier(tabs[0].get("id"), "tab.id")
        return Place(f"screen {number}/{first}", f"screen '{text(screen.get('name'))}'", frozenset(has))

    def _sample(self, key: str, kind: str, fields: Iterable[str]) -> Sample:
        of = f"{kind or 'issue'} in {key}"
        of_kind = f' AND issuetype = "{kind}"' if kind else ""
        query = f'project = "{key}"{of_kind} ORDER BY created DESC'
        found = self._rest.told(self._api.enhanced_jql, query, fields="key", limit=1)
        with understood():
            issues = records(found.get("issues"), "issues")
        if not issues:
            return Sample(of, None)
        item = identifier(issues[0].get("key"), "issue.key")
        told = self._rest.told(self._api.get_edit_issue_meta, item)
        with understood():
            listed = record(told.get("fields"), "fields")
        return Sample(of, item, {field: _NO_SCREEN for field in fields if field not in listed})

    def _pages(self, call: Callable[..., requests.Response], *about: Any, **asked: Any) -> Iterator[Json]:
        for page in self._rest.paged(call, *about, size=PAGE, **asked):
            with understood():
                yield from records(page, "values")


def _is_team_managed(project: Json) -> bool:
    return project.get("simplified") is True


def _scope(field: Json) -> str | None:
    """The id of the project that keeps the field to itself."""
    scope = field.get("scope")
    project = scope.get("project") if isinstance(scope, dict) else None
    return text(project.get("id")) if isinstance(project, dict) else None
