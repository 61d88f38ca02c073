"""Fields whose values people pick from a list: which values there are, and how the list spells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from integration.core.catalogue import folded
from integration.core.errors import Gone, Permanent, Refused
from integration.core.write_back import FieldValue
from integration.trackers.azure_devops.rest import Rest

_PREVIEW = "-preview"
_UNKNOWN = "its list has no value '{value}'; add it to the list, or show the value in a text field"


class Picklists:
    """The lists of one organisation. Which list a field has is asked once; what is on it, whenever a value is not known."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._lists: dict[str, str | None] = {}
        self._spelled: dict[str, Mapping[str, str]] = {}

    def spelled(self, fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
        """The values, those of lists in the lists' spelling. Raises `Permanent` naming the fields whose lists lack theirs."""
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
        number = self._list_of(name)
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
        if not isinstance(value, str) or not value or self._list_of(name) is None:
            return value
        if folded(value) not in self._spelled.get(name, {}):
            offered = self.values(name)
            if not offered:
                return value
            self._spelled[name] = {folded(item): item for item in offered}
        return self._spelled[name].get(folded(value))

    def _list_of(self, name: str) -> str | None:
        if name not in self._lists:
            try:
                told: Mapping[str, Any] = self._rest.get(f"_apis/wit/fields/{name}")
            except Refused:
                raise
            except Permanent:
                return None  # there is no such field, as the write will be told, too
            self._lists[name] = str(told["picklistId"]) if told.get("isPicklist") and told.get("picklistId") else None
        return self._lists[name]
