"""How fields want their texts: those that people pick from a list as the list spells them, those of HTML escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from integration.core.catalogue import folded
from integration.core.errors import Gone, Permanent, Refused
from integration.core.write_back import FieldValue
from integration.trackers.azure_devops.rest import Rest

_PREVIEW = "-preview"
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_UNKNOWN = "its list has no value '{value}'; add it to the list, or show the value in a text field"


@dataclass(frozen=True, slots=True)
class _Kind:
    """What decides how a field's texts are spelled."""

    picklist: str | None = None
    is_html: bool = False


class Picklists:
    """The lists of one organisation. Of what kind a field is is asked once; what is on its list, whenever a value is not
    known.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._kinds: dict[str, _Kind] = {}
        self._spelled: dict[str, Mapping[str, str]] = {}

    def spelled(self, fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
        """The values, those of lists in the lists' spelling, those for fields of HTML so that they are shown as they are.
        Raises `Permanent` naming the fields whose lists lack theirs.
        """
        chosen = {name: self._value(name, value) for name, value in fields.items()}
        unknown = {
            name: _UNKNOWN.format(value=fields[name])
            for name, value in chosen.items()
            if value is None and fields[name] not in (None, "")
        }
        if unknown:
            raise Permanent("; ".join(f"{name}: {words}" for name, words in unknown.items()), fields=unknown)
        return chosen

    def values(self, name: str) -> Sequence[str]:
        """What the field's list offers; nothing where it has none, or takes other values, too."""
        number = self._kind(name).picklist
        if number is None:
            return ()
        try:
            told = self._rest.get(f"_apis/work/processes/lists/{number}", **{"api-version": self._version})
        except Gone:
            return ()
        if told.get("isSuggested") is True:
            return ()
        return [str(item) for item in told.get("items") or ()]

    @property
    def _version(self) -> str:
        return f"{self._rest.version}{_PREVIEW}"

    def _value(self, name: str, value: FieldValue) -> FieldValue:
        if not isinstance(value, str) or not value:
            return value
        kind = self._kind(name)
        if kind.is_html:
            return escape(value, quote=False)
        if kind.picklist is None:
            return value
        if folded(value) not in self._spelled.get(name, {}):
            offered = self.values(name)
            if not offered:
                return value
            self._spelled[name] = {folded(item): item for item in offered}
        return self._spelled[name].get(folded(value))

    def _kind(self, name: str) -> _Kind:
        if name not in self._kinds:
            try:
                told: Mapping[str, Any] = self._rest.get(f"_apis/wit/fields/{name}")
            except Refused:
                raise
            except Permanent:
                return _Kind()  # there is no such field, as the write will be told, too
            picklist = str(told["picklistId"]) if told.get("isPicklist") and told.get("picklistId") else None
            self._kinds[name] = _Kind(picklist, is_html=told.get("type") == "html")
        return self._kinds[name]


def says(rich: str, plain: str) -> bool:
    """Whether a text of HTML says no more and no less than a plain one, however it is laid out."""
    return "".join(unescape(_TAG.sub("", rich)).split()) == "".join(plain.split())
