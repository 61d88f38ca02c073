"""Custom fields of an inherited process: making them, adding them to work item types and their forms, trying them.

Processes that Microsoft ships are locked; an inherited one takes fields. A type of it is changed only after it was
derived from the one that it inherits. Processes defined in XML take fields from people alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote

import orjson

from integration.core.catalogue import folded
from integration.core.errors import Gone, Permanent, Refused
from integration.core.fields import Place, Sample, holds
from integration.core.scorecard import CardValue
from integration.trackers.azure_devops.catalogue import read_projects
from integration.trackers.azure_devops.picklists import Picklists
from integration.trackers.azure_devops.rest import Rest
from integration.trackers.contract import Connection

GROUP = "Key result"
"""The group of the form that our fields stand in."""
_SETTINGS: Mapping[str, str] = {"azure-devops": "Organization settings"}
"""Where people find processes; of a server's collection, under the collection's settings."""
_SHOWING = ("Microsoft.EpicCategory", "Microsoft.FeatureCategory", "Microsoft.RequirementCategory")
"""Categories of the types that people tag, where a mapping names no types."""
_NEWEST = (
    "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = '{project}' AND [System.WorkItemType] = '{kind}' "
    "ORDER BY [System.ChangedDate] DESC"
)
_SYSTEM = (
    "{project} uses {process}, a process of Microsoft's that nobody can change: under {settings}, Boards, Process, "
    "create an inherited process from it, move {project} to that, and come back"
)
_XML = (
    "{project} uses a process defined in XML: add a field of this name to the definitions of its work item types "
    "(witadmin importwitd on a server)"
)
_ANY = re.compile(r"[^A-Za-z0-9]+")
_PROBES: Mapping[str, Any] = {"number": 0, "text": "okrlink", "link": "https://okr.example"}


class AzureDevOpsFields:
    """Looks after the fields of one organisation or collection. It needs an account that may edit processes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = Rest(connection)
        self._version = f"{self._rest.version}-preview"
        self._picklists = Picklists(self._rest)
        self._settings = _SETTINGS.get(connection.tracker, "Collection settings")
        self._derived: dict[str, str] = {}
        """Place -> the type that was derived there by us."""

    def places(self, types: Sequence[str], known: Sequence[str]) -> Sequence[Place]:
        del known  # each place tells of all of its fields
        return [place for number, name in self._projects.items() for place in self._places(number, name, types)]

    def create(self, name: str, value: CardValue) -> str:
        reference = "Custom." + (_ANY.sub("", name) or f"Okrlink{_ANY.sub('', value.title())}")
        kind = "double" if holds(value) == "number" else "string"
        field = {"name": name, "referenceName": reference, "type": kind, "usage": "workItem"}
        self._post("_apis/wit/fields", field)
        return reference

    def place(self, field: str, place: Place) -> None:
        of_type = self._own_type(place)
        if field not in self._fields_of(of_type):
            self._post(f"{of_type}/fields", {"referenceName": field, "required": False, "readOnly": False})
        pages = self._get(f"{of_type}/layout").get("pages") or ()
        if field not in _controls(pages):
            group = self._group(of_type, pages)
            control = {"id": field, "visible": True, "readOnly": False}
            self._post(f"{of_type}/layout/groups/{group}/controls", control)

    def samples(self, types: Sequence[str], fields: Mapping[str, CardValue]) -> Sequence[Sample]:
        return [
            self._sample(project, kind, fields)
            for project in self._projects.values()
            for kind in types or self._kinds(project)
        ]

    def by_hand(self, fields: Mapping[str, CardValue]) -> Sequence[str]:
        kinds = {"number": "Decimal", "text": "Text (single line)", "link": "Text (single line)"}
        return [
            f"As somebody who may edit the process: {self._settings}, Boards, Process, the inherited process of "
            + (" and of ".join(self._connection.projects) or "each project"),
            "and on each work item type that shows key results, New field:",
            *(f"  {name}: {kinds[holds(value)]}" for name, value in fields.items()),
        ]

    @cached_property
    def _projects(self) -> Mapping[str, str]:
        return read_projects(self._connection, self._rest)

    @cached_property
    def _processes(self) -> Sequence[Mapping[str, Any]]:
        return self._list("_apis/work/processes", **{"$expand": "projects"})

    def _places(self, number: str, project: str, types: Sequence[str]) -> Iterator[Place]:
        try:
            process = next((each for each in self._processes if number in _projects_of(each)), None)
        except Gone:  # a server whose collection knows no inherited processes has no such address
            process = None
        kind = str((process or {}).get("customizationType", "custom")).casefold()
        if process is None or kind != "inherited":
            why = _SYSTEM if process is not None and kind == "system" else _XML
            why = why.format(project=project, process=(process or {}).get("name"), settings=self._settings)
            yield Place(f"project {number}", project, self._on_all(project, types), why_not=why)
            return
        meant = {folded(name) for name in types or self._kinds(project)}
        of_process = f"_apis/work/processes/{process['typeId']}/workItemTypes"
        for each in self._list(of_process):
            if folded(str(each.get("name"))) in meant:
                of_type = f"{of_process}/{each['referenceName']}"
                on_form = _controls(self._get(f"{of_type}/layout").get("pages") or ())
                has = self._fields_of(of_type) & on_form
                yield Place(of_type, f"{each.get('name')} in the process {process.get('name')}", has)

    def _on_all(self, project: str, types: Sequence[str]) -> frozenset[str]:
        """The fields that all of these types have, whoever gave them to the types."""
        of_types = [
            frozenset(
                str(each.get("referenceName"))
                for each in self._list(f"{quote(project)}/_apis/wit/workitemtypes/{quote(kind)}/fields")
            )
            for kind in types or self._kinds(project)
        ]
        return frozenset.intersection(*of_types) if of_types else frozenset()

    def _own_type(self, place: Place) -> str:
        """The type in the inherited process, derived from the one that it inherits where nobody did so before."""
        if place.id not in self._derived:
            of_process, _, reference = place.id.rpartition("/")
            told = self._get(place.id)
            if str(told.get("customization")).casefold() == "system":
                alike = {name: told.get(name) for name in ("name", "color", "icon", "description")}
                derived = self._post(of_process, {**alike, "inheritsFrom": reference, "isDisabled": False})
                reference = str(derived.get("referenceName"))
            self._derived[place.id] = f"{of_process}/{reference}"
        return self._derived[place.id]

    def _fields_of(self, of_type: str) -> frozenset[str]:
        return frozenset(str(each.get("referenceName")) for each in self._list(f"{of_type}/fields"))

    def _group(self, of_type: str, pages: Sequence[Mapping[str, Any]]) -> str:
        """Our group on the first page that people can change; made at the end of it where there is none yet."""
        page = next((each for each in pages if each.get("pageType") == "custom" and not each.get("locked")), None)
        sections = (page or {}).get("sections") or ()
        if page is None or not sections:
            raise Permanent("the form of this type has no page that takes fields")
        for section in sections:
            for group in section.get("groups") or ():
                if group.get("label") == GROUP:
                    return str(group["id"])
        path = f"{of_type}/layout/pages/{page['id']}/sections/{sections[-1]['id']}/groups"
        return str(self._post(path, {"label": GROUP, "visible": True}).get("id"))

    def _kinds(self, project: str) -> Sequence[str]:
        listed = self._list(f"{quote(project)}/_apis/wit/workitemtypecategories")
        return [
            str(kind.get("name"))
            for each in listed
            if each.get("referenceName") in _SHOWING
            for kind in each.get("workItemTypes") or ()
        ]

    def _sample(self, project: str, kind: str, fields: Mapping[str, CardValue]) -> Sample:
        query = _NEWEST.format(project=_quoted(project), kind=_quoted(kind))
        found = self._post("_apis/wit/wiql", {"query": query}, **{"$top": "1"}).get("workItems") or ()
        of = f"{kind} in {project}"
        if not found:
            return Sample(of, None)
        item = str(found[0]["id"])
        return Sample(of, item, self._refused(item, dict(fields)))

    def _refused(self, item: str, left: dict[str, CardValue]) -> Mapping[str, str]:
        """Asks for a write that is only validated, again without those that were refused."""
        refused: dict[str, str] = {}
        probes = {
            field: next(iter(self._picklists.values(field)), _PROBES[holds(value)]) for field, value in left.items()
        }
        while left:
            patch = [{"op": "add", "path": f"/fields/{field}", "value": probes[field]} for field in left]
            try:
                self._rest.send(
                    "PATCH",
                    f"{self._rest.url}/_apis/wit/workitems/{item}",
                    query={"api-version": self._version, "validateOnly": "true"},
                    headers={"Content-Type": "application/json-patch+json"},
                    data=orjson.dumps(patch),
                )
            except Permanent as error:
                if isinstance(error, Refused) and error.scope == "connection":
                    raise
                named = {field: words for field, words in error.fields.items() if field in left}
                refused |= named or dict.fromkeys(left, error.reason)
                left = {field: value for field, value in left.items() if field not in refused}
            else:
                break
        return refused

    def _get(self, path: str, **query: str) -> Mapping[str, Any]:
        return self._rest.get(path, **{"api-version": self._version, **query})

    def _list(self, path: str, **query: str) -> Sequence[Mapping[str, Any]]:
        found = self._get(path, **query).get("value")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def _post(self, path: str, body: Mapping[str, Any], **query: str) -> Mapping[str, Any]:
        return self._rest.post(path, body, **{"api-version": self._version, **query})


def _projects_of(process: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(each.get("id")) for each in process.get("projects") or ())


def _controls(pages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The ids of all controls of a form: those of fields are the fields' own."""
    return frozenset(
        str(control.get("id"))
        for page in pages
        for section in page.get("sections") or ()
        for group in section.get("groups") or ()
        for control in group.get("controls") or ()
    )


def _quoted(name: str) -> str:
    return name.replace("'", "''")
