"""What each kind of Jira field holds, how an edit says it, how history logs it, and how it looks in JSON.

Inside, a value is a number, a text, an id, or a tuple of them, and None where the field is empty. `unwrap` takes the
JSON of an edit apart into what a person would say ("High", "SHOP-1", 13); `read` makes a value of that.
"""

import math
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from integration.simulators.jira_document import document, plain_text
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import Change, Field

if TYPE_CHECKING:
    from integration.simulators.jira_shapes import Shapes

Logged = tuple[str | None, str | None]


class Invalid(Exception):
    """An edit's value that Jira refuses, in Jira's words."""


class Kind:
    """A kind of field; the plain one holds any text."""

    schema: Mapping[str, str] = MappingProxyType({"type": "string"})
    empty: Any = None

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        """What the JSON of an edit by version `api` says; refused when it is of the wrong shape."""
        if raw is not None and not isinstance(raw, str):
            raise Invalid("Operation value must be a string")
        return raw

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002 - a plain text needs neither
        """The value of what a person said."""
        return str(said) if said else None

    def logged(self, site: Site, value: Any) -> Logged:  # noqa: ARG002
        """The id and the text that history keeps of a value."""
        return None, value

    def changes(self, site: Site, field: Field, before: Any, after: Any) -> Sequence[Change]:
        """The history items of a change."""
        return [change_of(field, self.logged(site, before), self.logged(site, after))]

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        """The value in JSON, as version `api` of the REST interface (2 also in webhooks) shows it."""
        return value


class Line(Kind):
    """One line of text."""

    def read(self, site: Site, field: Field, said: Any) -> Any:
        if said and len(said) > 255:
            raise Invalid("The entered text is too long. It exceeds the allowed limit of 255 characters.")
        return super().read(site, field, said)


class Text(Kind):
    """Long text: an Atlassian document in version 3, plain in version 2 and in webhooks. [doc]"""

    def unwrap(self, raw: Any, api: int) -> Any:
        if raw is None or api == 2:
            return super().unwrap(raw, api)
        if not isinstance(raw, dict) or raw.get("type") != "doc":
            raise Invalid("Operation value must be an Atlassian Document (see the Atlassian Document Format)")
        return plain_text(raw)

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        return document(value) if value is not None and api == 3 else value


class Number(Kind):
    """A number, kept as a float."""

    schema = MappingProxyType({"type": "number"})

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        if raw is not None and (isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw)):
            raise Invalid("Operation value must be a number")
        return raw

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002
        return None if said is None else float(said)

    def logged(self, site: Site, value: Any) -> Logged:  # noqa: ARG002
        if value is None:
            return None, None
        return None, str(int(value)) if value == int(value) else repr(value)  # [rec] "13", never "13.0"


class Day(Kind):
    """A date without a time."""

    schema = MappingProxyType({"type": "date"})

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002
        if said is not None and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(said)):
            raise Invalid(f"Error parsing date string: {said}")
        return None if said is None else str(said)

    def logged(self, site: Site, value: Any) -> Logged:  # noqa: ARG002
        return value, value and f"{value} 00:00:00.0"  # [rec]


class Labels(Kind):
    """A set of words."""

    schema = MappingProxyType({"type": "array", "items": "string"})
    empty = ()

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        return list_of(raw, "data was not an array")

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002
        for label in said or ():
            if not isinstance(label, str) or re.search(r"\s", label):
                raise Invalid(f"The label '{label}' contains spaces which is invalid.")
        return tuple(sorted(set(said or ())))

    def logged(self, site: Site, value: Any) -> Logged:  # noqa: ARG002
        return None, " ".join(value)  # [rec]

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        return list(value)


class Option(Kind):
    """One of the field's options, by its id."""

    schema = MappingProxyType({"type": "option"})

    def unwrap(self, raw: Any, api: int) -> Any:  # noqa: ARG002
        return one_of(raw, "value", "id")

    def read(self, site: Site, field: Field, said: Any) -> Any:  # noqa: ARG002
        for option in field.options:
            if said in (option.id, option.name):
                return (option.id, option.name)
        if said is None:
            return None
        raise Invalid(f"Option value '{said}' is not valid")

    def logged(self, site: Site, value: Any) -> Logged:  # noqa: ARG002
        return value or (None, None)

    def shape(self, shapes: "Shapes", field: Field, value: Any, api: int) -> Any:  # noqa: ARG002
        if value is None:
            return None
        identity, name = value
        return {"self": shapes.address(f"customFieldOption/{identity}", api), "value": name, "id": identity}


def change_of(field: Field, before: Logged, after: Logged) -> Change:
    """The history item of a change."""
    # [rec] the parent's items carry no fieldId
    identity = None if field.kind == "parent" else field.id
    return Change(field.log_name, "custom" if field.custom else "jira", identity, before, after)


def one_of(raw: Any, *keys: str) -> Any:
    """What an object like {"name": "High"} names, by whichever of the keys it has."""
    if raw is None:
        return None
    if isinstance(raw, dict):
        for key in keys:
            if key in raw:
                return raw[key]
    raise Invalid(f"Specify a valid '{keys[0]}' or '{keys[-1]}'")


def list_of(raw: Any, refusal: str) -> list[Any]:
    """A list, or a refusal in those words."""
    if not isinstance(raw, list):
        raise Invalid(refusal)
    return raw
