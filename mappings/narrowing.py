"""A service's keys narrow its rules; what a rule says itself wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cached_property
from typing import Any

from integration.core.links import Pattern, Selector
from integration.core.scorecard import ConnectionRule

_UNSAID = Selector()

Connections = Mapping[str, tuple[Pattern, ...]]
"""The connections that know something, each with the projects that it reads."""


class Sources:
    """Which connections know what: versions are Jira's, pipelines and repositories Azure DevOps's."""

    def __init__(self, connections: Mapping[str, ConnectionRule]) -> None:
        self._connections = connections

    @cached_property
    def all(self) -> Connections:
        return {name: tuple(map(Pattern, rule.projects)) for name, rule in self._connections.items()}

    @cached_property
    def jira(self) -> Connections:
        return self._of("jira")

    @cached_property
    def azure_devops(self) -> Connections:
        return self._of("azure-devops")

    def _of(self, tracker: str) -> Connections:
        return {name: self.all[name] for name, rule in self._connections.items() if rule.tracker.startswith(tracker)}


def narrowed(service: Selector, rule: Selector, known: Connections) -> Selector:
    """The rule's selector, with what it leaves out as its service says it.

    A project belongs to its connection: a rule that names a project is not held to the connection of the service, and a
    rule about what only some connections know (`known`) not to projects and connections that know nothing of it.
    """
    taken: dict[str, Any] = {
        one.name: getattr(service, one.name)
        for one in fields(Selector)
        if one.name not in ("connections", "projects", "fields")
        and getattr(rule, one.name) == getattr(_UNSAID, one.name)
    }
    if not rule.projects:
        taken["projects"] = tuple(project for project in service.projects if _is_read(project, known))
    if not (rule.connections or rule.projects):
        taken["connections"] = tuple(name for name in service.connections if name in known)
    return replace(rule, fields={**service.fields, **rule.fields}, **taken)


def _is_read(project: Pattern, known: Connections) -> bool:
    """Whether one of the connections may have it; of one that says no projects nobody knows."""
    return any(not listed or any(one.matches(project.text) for one in listed) for listed in known.values())
