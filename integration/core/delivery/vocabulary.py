"""One connection's words, looked up once for many items: which fields hold dates and sprints, what is shown by which name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo

from integration.core.catalogue import Catalogue, State, folded
from integration.core.facts import ItemRef, Value
from integration.core.items import Item, field_value

_UTC = ZoneInfo("UTC")
_DIGITS = re.compile(r"(\d+)")
_DAY = len("2026-10-01")


class Vocabulary:
    """What a connection's catalogue says, as derivation asks it. `timezone` is where a day without a time begins."""

    def __init__(self, connection: str, catalogue: Catalogue, timezone: ZoneInfo = _UTC) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.timezone = timezone
        self._states: dict[tuple[str, str, str | None, str], State | None] = {}
        self._shown: dict[str, tuple[str, ...]] = {}

    def shown(self, field: str) -> tuple[str, ...]:
        """By what people name a field in a filter, folded: its id and its name on screen. A common name is both."""
        if field not in self._shown:
            names = (self._names.get(field, field.replace("_", " ")), field)
            self._shown[field] = tuple(dict.fromkeys(map(folded, names)))
        return self._shown[field]

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {known.id: known.name for known in self.catalogue.fields}

    @cached_property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """The fields that hold dates: id, and name on screen, folded."""
        return tuple((known.id, folded(known.name)) for known in self.catalogue.fields if known.type == "date")

    @cached_property
    def sprints(self) -> frozenset[str]:
        """By what facts call the fields into which a sprint is put; servers tell only their name."""
        told = self.catalogue.with_role("sprint") or self.catalogue.named("Sprint")
        return frozenset({"Sprint", *(known.id for known in told)})

    def state_of(self, item: Item, status: str, status_id: str | None) -> State | None:
        """The category of a status of the item's type: the tracker's own word where the item is in that status now."""
        if item.state is not None and _is_status_of(item, status, status_id):
            # Whether an item was dropped by its resolution is told by the resolution, of whatever time.
            return "done" if item.state == "dropped" and not self._is_dropping(item, status, status_id) else item.state
        key = (item.type, status, status_id, item.project)
        if key not in self._states:
            self._states[key] = self.catalogue.state_of(*key)
        return self._states[key]

    def _is_dropping(self, item: Item, status: str, status_id: str | None) -> bool:
        return self.catalogue.state_of(item.type, status, status_id, item.project) == "dropped"

    def moment_in(self, item: Item, name: str) -> datetime | None:
        """The time in a field of the item; None where it holds none."""
        return self.moment(field_value(item, name, self.catalogue))

    def moment(self, value: Value) -> datetime | None:
        """A field's value as a time. A day is its beginning in the time zone."""
        if not isinstance(value, str):
            return None
        try:
            if len(value.strip()) == _DAY:
                day = date.fromisoformat(value.strip())
                return datetime.combine(day, time(), self.timezone).astimezone(UTC)
            read = datetime.fromisoformat(value)
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def project_names(self, told: str | None) -> frozenset[str]:
        """All that a project may be called, by its id, key or name; none where nobody told."""
        if told is None:
            return frozenset()
        projects = self.catalogue.projects
        name = projects.get(told, told)
        return frozenset({told, name, *(key for key, known in projects.items() if known == name)})

    def name_of(self, other: str) -> str:
        """By what another item is named in causes and names: by its ref where its id is told, else by its key."""
        return str(ItemRef(self.connection, other)) if other.isdecimal() else folded(other)


def _is_status_of(item: Item, status: str, status_id: str | None) -> bool:
    present = item.fields.get("status_id")
    if status_id and present:
        return status_id == present
    return folded(status) == folded(item.status)


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Orders texts as people count: `4711:9:State` before `4711:10:State`."""
    return tuple(_counted(text))


def _counted(text: str) -> Iterator[tuple[int, int | str]]:
    for part in _DIGITS.split(text):
        if part:
            yield (0, int(part)) if part.isdecimal() else (1, part)
