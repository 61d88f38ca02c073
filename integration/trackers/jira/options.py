"""Select fields: which of an issue's options is meant by a text, by its name as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration.core.catalogue import folded
from integration.core.errors import Permanent
from integration.trackers.jira.payload import record, records, text
from integration.trackers.jira.rest import Rest, understood

_UNKNOWN = "it has no option '{value}'; add it to the field's options in Jira, or show the value in a text field"


class Options:
    """The options of one site's fields, as far as they were met. Which there are depends on an issue's project and type."""

    def __init__(self, api: Any, rest: Rest) -> None:
        self._api = api
        self._rest = rest
        self._spelled: dict[tuple[str, str], str] = {}

    def spelled(self, item: str, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """The texts as the options of these fields are spelled.

        The issue is asked only for texts that were not met before. Raises `Permanent` naming the fields that have no
        such option there. A field that the issue does not list is Jira's to refuse.
        """
        if any((field, folded(value)) not in self._spelled for field, value in wanted.items()):
            self._learn(item, wanted)
        return {field: self._spelled.get((field, folded(value)), value) for field, value in wanted.items()}

    def _learn(self, item: str, wanted: Mapping[str, str]) -> None:
        told = self._rest.told(self._api.get_edit_issue_meta, item)
        unknown: dict[str, str] = {}
        with understood():
            listed = record(told.get("fields"), "fields")
            for field, value in wanted.items():
                shown = listed.get(field)
                if not isinstance(shown, dict) or "allowedValues" not in shown:
                    continue
                names = [text(option.get("value")) for option in records(shown.get("allowedValues"), "allowedValues")]
                self._spelled |= {(field, folded(name)): name for name in names if name}
                if folded(value) not in {folded(name) for name in names if name}:
                    unknown[field] = _UNKNOWN.format(value=value)
        if unknown:
            raise Permanent("; ".join(f"{field}: {words}" for field, words in unknown.items()), fields=unknown)
