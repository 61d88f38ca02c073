"""Custom fields of Jira Data Center. Its interface makes fields and puts them on the Default Screen, and no further: it does
not tell which screens a project has. Whether an issue can be edited, it tells; so that decides whether a person must help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from integration.core.catalogue import folded
from integration.core.errors import Permanent, Refused
from integration.core.fields import Place, holds
from integration.core.scorecard import CardValue
from integration.trackers.contract import Connection
from integration.trackers.jira.data_center import DataCenterLibrary
from integration.trackers.jira.fields import JiraFields
from integration.trackers.jira.payload import Json, identifier, text

_ON_ITS_OWN_SCREEN = (
    "it is on the Default Screen, but {item} ({of}) is edited on another one; as an administrator of Jira: {key}, Project "
    "settings, Screens, open the screen of Edit Issue, and add the field there; and under Administration, Issues, Custom "
    "fields see that its context takes in {key}"
)


class JiraDataCenterFields(JiraFields):
    """Looks after the fields of one Data Center. Making fields needs an account that administers Jira."""

    def __init__(self, api: DataCenterLibrary, connection: Connection) -> None:
        super().__init__(api, connection)
        self._on_default_screen: set[str] = set()

    def places(self, types: Sequence[str], known: Sequence[str]) -> Sequence[Place]:
        """What can be seen from here: one issue of each type in each project, and what may be written on it."""
        return [self._place(self._key(project), kind, known) for project in self._projects for kind in types or ("",)]

    def place(self, field: str, place: Place) -> None:
        key, _, kind = place.id.partition("/")
        try:
            self._put_on_default_screen(field)
        except Refused:
            raise
        except Permanent:
            if self._sample(key, kind, (field,)).item is None:
                raise
            # That it is there already is one reason; the issue tells whether it matters.
        sample = self._sample(key, kind, (field,))
        if field in sample.refused:
            raise Permanent(_ON_ITS_OWN_SCREEN.format(item=sample.item, of=sample.of, key=key))

    def by_hand(self, fields: Mapping[str, CardValue]) -> Sequence[str]:
        kinds = {"number": "Number Field", "text": "Text Field (single line)", "link": "URL Field"}
        return [
            "As an administrator of Jira: Administration, Issues, Custom fields, Add custom field:",
            *(f"  {name}: {kinds[holds(value)]}" for name, value in fields.items()),
            f"for all issues, and associate each with the screens of {', '.join(self._connection.projects) or 'your projects'}.",
        ]

    @cached_property
    def _projects(self) -> Sequence[Json]:
        wanted = {folded(name) for name in self._connection.projects}
        listed = self._rest.listed(self._api.get_projects)
        return [
            one
            for one in listed
            if not wanted or wanted & {folded(text(one.get(name)) or "") for name in ("id", "key", "name")}
        ]

    def _place(self, key: str, kind: str, known: Sequence[str]) -> Place:
        """Where no issue tells, a field that exists is taken to be where it belongs: `samples` say that nobody knows."""
        sample = self._sample(key, kind, known)
        return Place(f"{key}/{kind}", f"the screen of {sample.of}", frozenset(known) - frozenset(sample.refused))

    def _put_on_default_screen(self, field: str) -> None:
        if field not in self._on_default_screen:
            self._rest.done(self._api.add_field_to_default_screen, field)
            self._on_default_screen.add(field)

    @staticmethod
    def _key(project: Json) -> str:
        return identifier(project.get("key"), "project.key")
