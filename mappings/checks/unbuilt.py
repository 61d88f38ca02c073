"""What the language says and this version does not do: a warning at its place, never silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integration.core.errors import Problem
from mappings.starts import Measured
from mappings.whole import Whole

SECTIONS = {
    "access": "nobody signs in to this version yet",
}
CONNECTION = {
    "was": "a connection's history does not follow it to a new name in this version",
}
WRITE_BACK = {
    "property": "entity properties are not written by this version",
    "dashboard": "dashboards are not kept by this version",
}


def sections(whole: Whole) -> Iterator[Problem]:
    for file in whole.files:
        for section, message in SECTIONS.items():
            if file.document.said((section,)):
                yield file.document.problem((section,), message, at_key=True, warning=True)


def counted_starts(whole: Whole) -> Iterator[Problem]:
    for _, key_result in whole.key_results():
        if key_result.has("count") and isinstance(key_result.keys.start, Measured):
            message = "what was counted before the cycle is not known to this version; it begins with its first count"
            yield key_result.at_value(message, "start", warning=True)


def connections(whole: Whole) -> Iterator[Problem]:
    for connection in whole.connections():
        for key, message in CONNECTION.items():
            if connection.has(key) and connection.written(key) != "false":
                yield connection.at_key(message, key, warning=True)


def write_backs(whole: Whole) -> Iterator[Problem]:
    for rule in whole.write_backs():
        for key, message in WRITE_BACK.items():
            if rule.has(key) and rule.written(key) != "false":
                yield rule.at_key(message, key, warning=True)
        if rule.keys.edits == "check-in":
            message = "edited fields do not become check-ins in this version; they are left alone"
            yield rule.at_value(message, "edits", warning=True)


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    sections,
    counted_starts,
    connections,
    write_backs,
)
