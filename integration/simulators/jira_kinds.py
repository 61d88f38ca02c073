"""Every kind of Jira field by name: the plain ones, and those whose values are other things of the site."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from integration.simulators.jira_site import NotFound, Site
from integration.simulators.jira_things import Change, Field
from integration.simulators.jira_values import (
    Day,
    Invalid,
    Kind,
    Labels,
    Line,
    Logged,
    Number,
    Option,
    Text,
    change_of,
    list_of,
    one_of,
)

if TYPE_CHECKING:
    from integration.simulators.jira_shapes import Shapes


class Reference(Kind):
    """Something of the site, by its id: a status, a type, a user, a parent, …"""

    def __init__(
        self,
        kind: str,
        keys: Sequence[str],
        find: Callable[[Site, str], tuple[str, str]],
        shape: "Callable[[Shapes, str, int], Any]",
    ) -> None:
        self._keys = keys
        self._find = find
        self._shape = shape
        self.schema = {"type": kind}

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        return one_of(raw, *self._keys)

    def read(self, site: Site, field: Field, said: Any) -> Any:
        if said is None:
            return None
        try:
            return self._find(site, str(said))[0]
        except NotFound:
            raise Invalid(f"Specify a valid value for {field.name}") from None

    def logged(self, site: Site, value: Any) -> Logged:
        return (None, None) if value is None else self._find(site, value)

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        return None if value is None else self._shape(shapes, value, api)


class Person(Reference):
    """A user, told by account id on the Cloud, and by name or key elsewhere. [doc]"""

    def unwrap(self, raw: Any, api: int) -> Any:
        return one_of(raw, *(("name", "key") if api == 2 else ("accountId", "id")))


class Epic(Reference):
    """The epic an issue hangs on outside the Cloud, told by its key. [rec]"""

    def unwrap(self, raw: Any, api: int) -> Any:
        return Kind.unwrap(self, raw, api)


class Versions(Kind):
    """The versions of the project that fix the issue; history has one item for each that came or went. [rec]"""

    schema = MappingProxyType({"type": "array", "items": "version"})
    empty = ()

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        return [one_of(one, "id", "name") for one in list_of(raw, "data was not an array")]

    def read(self, site: Site, field: Field, said: Any) -> Any:
        try:
            return tuple(site.version(one).id for one in said or ())
        except NotFound as error:
            raise Invalid(f"{field.name}: {error} is not valid") from None

    def changes(self, site: Site, field: Field, before: Any, after: Any) -> Sequence[Change]:
        def logged(version: str) -> Logged:
            return version, site.versions[version].name

        gone = [change_of(field, logged(one), (None, None)) for one in before if one not in after]
        return [*gone, *(change_of(field, (None, None), logged(one)) for one in after if one not in before)]

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        return [shapes.version(shapes.site.versions[one], api) for one in value]


class Sprints(Kind):
    """The sprints an issue is or was in."""

    schema = MappingProxyType({"type": "array", "items": "json"})
    empty = ()

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        if not isinstance(raw, int):
            raise Invalid("Number value expected as the Sprint id.")
        return [raw]

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002
        if missing := [one for one in said or () if one not in site.sprints]:
            raise Invalid(f"Sprint with id {missing[0]} does not exist")
        return tuple(said or ())

    def logged(self, site: Site, value: Any) -> Logged:
        return ", ".join(map(str, value)), ", ".join(site.sprints[one].name for one in value)  # [rec]

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        return [shapes.sprint_value(shapes.site.sprints[one]) for one in value] or None


def _one(noun: str, *keys: str) -> Reference:
    """Things that the site finds, and the shapes show, under the same name."""

    def find(site: Site, said: str) -> tuple[str, str]:
        thing = getattr(site, noun)(said)
        return thing.id, thing.name

    def shape(shapes: "Shapes", value: str, api: int) -> Any:
        return getattr(shapes, noun)(getattr(shapes.site, noun)(value), api)

    return Reference(noun.replace("_", ""), keys, find, shape)


def _person(site: Site, who: str) -> tuple[str, str]:
    user = site.user(who)
    return user.account_id, user.name


def _parent(site: Site, which: str) -> tuple[str, str]:
    issue = site.issue(which)
    return issue.id, issue.key


KINDS: dict[str, Kind] = {
    "text": Line(),
    "url": Kind(),
    "textarea": Text(),
    "number": Number(),
    "date": Day(),
    "labels": Labels(),
    "option": Option(),
    "versions": Versions(),
    "sprints": Sprints(),
    "type": _one("issue_type", "name", "id"),
    "status": _one("status", "name", "id"),
    "priority": _one("priority", "name", "id"),
    "resolution": _one("resolution", "name", "id"),
    "project": _one("project", "key", "id"),
    "user": Person("user", (), _person, lambda shapes, value, api: shapes.user(shapes.site.user(value), api)),
    "epic": Epic("any", (), _parent, lambda shapes, value, api: shapes.site.issue(value).key),  # noqa: ARG005
    "parent": Reference(
        "issuelink", ("key", "id"), _parent, lambda shapes, value, api: shapes.brief(shapes.site.issue(value), api)
    ),
}


def kind_of(field: Field) -> Kind:
    """The kind of a field's values."""
    return KINDS[field.kind]


def said(site: Site, field: Field, values: Mapping[str, Any]) -> Any:
    """What an issue with these values shows in the field, as a person would say it."""
    kind = kind_of(field)
    value = values.get(field.id, kind.empty)
    if isinstance(kind, Reference | Option):
        return kind.logged(site, value)[1]
    if isinstance(kind, Versions):
        return [site.versions[one].name for one in value]
    if isinstance(kind, Sprints):
        return [site.sprints[one].name for one in value]
    return list(value) if isinstance(value, tuple) else value
