"""What is written: fields that nothing reads, dashboards where the tracker lets us have one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from integration.core.errors import Problem
from mappings.build import UNITS, tracker_of, unit_of
from mappings.schema.delivery import MOMENTS, Cause, Delivery
from mappings.schema.selectors import LinkRule
from mappings.tree import Path, spoken
from mappings.whole import File, Whole

TITLES = {
    "jira": "Jira",
    "jira-data-center": "Jira Data Center",
    "azure-devops": "Azure DevOps",
    "azure-devops-server": "Azure DevOps Server",
}


class Reader(NamedTuple):
    """A field that the mapping reads, and where it says so; no connections means all."""

    field: str
    file: File
    path: Path
    connections: tuple[str, ...]


def read_and_written(whole: Whole) -> Iterator[Problem]:
    """A field is an input or an output; as both it would answer itself."""
    readers = list(_readers(whole))
    for rule in whole.write_backs():
        for field in rule.keys.fields or {}:
            for reader in readers:
                if _same(field, reader.field) and (not reader.connections or rule.name in reader.connections):
                    where = "" if reader.file is whole.main else f" in {reader.file.document.name}"
                    message = f"is read by {spoken(reader.path)}{where}; a field is read or written, never both: write another"
                    yield rule.at_key(message, "fields", field)
                    break


def twice(whole: Whole) -> Iterator[Problem]:
    for rule in whole.write_backs():
        fields = list(rule.keys.fields or {})
        for at, field in enumerate(fields):
            if any(_same(field, other) for other in fields[:at]):
                yield rule.at_key(
                    "is the same field as one above it; capitals and spaces do not matter", "fields", field
                )


def _readers(whole: Whole) -> Iterator[Reader]:
    yield from _selecting_readers(whole)
    for _, key_result in whole.key_results():
        unit = unit_of(key_result.keys.work or "items")
        if unit not in UNITS:
            yield Reader(unit, key_result.file, key_result.path, ())
    for connection in whole.connections():
        if connection.keys.estimate:
            yield Reader(connection.keys.estimate, connection.file, connection.path, (connection.name,))
    for holder in whole.deliveries():
        yield from _delivery_readers(holder.file, holder.path, holder.keys)


def _selecting_readers(whole: Whole) -> Iterator[Reader]:
    for selector in whole.selectors():
        connections = selector.keys.connection or ()
        if isinstance(selector.keys, LinkRule) and selector.keys.field:
            yield Reader(selector.keys.field, selector.file, selector.path, connections)
        for field in selector.keys.fields or {}:
            yield Reader(field, selector.file, selector.path, connections)


def _delivery_readers(file: File, path: Path, delivery: Delivery) -> Iterator[Reader]:
    for section in ("items", "changes", "incidents"):
        for at, rule in enumerate(getattr(delivery, section)):
            where, connections = (*path, section, at), rule.connection or ()
            for moment in MOMENTS:
                word, _, field = (getattr(rule, moment, None) or "").partition(" ")
                if word == "field" and field:
                    yield Reader(field, file, where, connections)
            cause = getattr(rule, "caused_by", None)
            if isinstance(cause, Cause) and cause.field:
                yield Reader(cause.field, file, where, connections)
            if service := getattr(rule, "service_field", None):
                yield Reader(service, file, where, connections)


def dashboards(whole: Whole) -> Iterator[Problem]:
    trackers = {each.name: tracker_of(each) for each in whole.connections()}
    for rule in whole.write_backs():
        tracker = trackers.get(rule.name)
        if not rule.has("dashboard") or tracker is None or rule.keys.dashboard is None:
            continue
        if tracker == "jira-data-center":
            message = "Jira Data Center lets no program make dashboards; use remote_link, fields and the pages"
            yield rule.at_key(message, "dashboard")
        if tracker.startswith("azure-devops"):
            missing = next((key for key in ("project", "team") if not rule.has("dashboard", key)), None)
            if missing:
                message = f"has no {missing}; a dashboard of Azure DevOps belongs to a team of a project"
                yield rule.at_value(message, "dashboard")
        elif not rule.has("dashboard", "name") and tracker == "jira":
            yield rule.at_value("has no name", "dashboard")


def properties(whole: Whole) -> Iterator[Problem]:
    trackers = {each.name: tracker_of(each) for each in whole.connections()}
    for rule in whole.write_backs():
        tracker = trackers.get(rule.name)
        if rule.keys.property and tracker and tracker.startswith("azure-devops"):
            yield rule.at_key(f"{TITLES[tracker]} has no entity properties; use fields or remote_link", "property")


def _same(field: str, other: str) -> bool:
    return " ".join(field.split()).casefold() == " ".join(other.split()).casefold()


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (read_and_written, twice, dashboards, properties)
