"""What a mapping says of delivery: what is a deployment, a change, an incident, and the services that have them.

The words are those of `mapping-language.md` (`delivery`, `services`); every default of it is applied before these are
made, so that None means "not narrowed" and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from integration.core.delivery.facts import LastDeployment
from integration.core.kpi.language import Choice
from integration.core.links import Pattern, Selector

Patterns: TypeAlias = tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class ItemRule:
    """What the words of a KPI mean for the items that `only` selects; None leaves the language's own meaning."""

    only: Selector = field(default_factory=Selector)
    planned: Choice | None = None
    started: Choice | None = None
    done: Choice | None = None
    responded: Choice | None = None
    escaped: bool | None = None


@dataclass(frozen=True, slots=True)
class DeploymentRule:
    """What counts as a deployment of a service: exactly one of versions, pipelines, release pipelines, reaches, pushed."""

    only: Selector = field(default_factory=Selector)
    versions: Patterns = ()
    pipelines: Patterns = ()
    release_pipelines: Patterns = ()
    stages: Patterns = ()
    reaches: Patterns = ()
    pushed: bool = False
    environments: Patterns = (Pattern("prod"), Pattern("production"), Pattern("live"))
    """Which are production, where the source names one; none: all that the rule selects."""
    branches: Patterns = ()
    failed: Patterns = ()
    """Results or statuses of a failure, beside `failed` and `timed out`."""
    ignore: Patterns = ()
    rollback: Patterns = ()
    rework: Patterns = ()


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """A unit of work on its way to production: items, or pull requests or commits of repositories instead."""

    only: Selector = field(default_factory=Selector)
    incidents: bool = True
    """Whether an item that is an incident of the service is a change, too."""
    started: Choice | None = None
    done: Choice | None = None
    pull_requests: Patterns = ()
    commits: Patterns = ()
    into: Patterns = ()
    paths: Patterns = ()
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """What blames a deployment for an incident, asked in the order of these fields."""

    links: Patterns = ()
    field: str | None = None
    commit: str | None = None
    """A text with one `*` that stands for the commit: `root cause: *`."""
    last_deployment: LastDeployment = "begun before"
    within: timedelta | None = timedelta(days=7)
    """None is `no limit`."""


@dataclass(frozen=True, slots=True)
class IncidentRule:
    """A failure that users felt: items, or the service's failed deployments themselves, or what is pushed."""

    only: Selector = field(default_factory=Selector)
    opened: Choice | None = None
    responded: Choice | None = None
    planned: Choice | None = None
    restored: Choice | None = None
    from_failed_deployments: bool = False
    service_field: str | None = None
    cause: Cause = field(default_factory=Cause)
    pushed: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """What is deployed, changed and broken as one; the selector narrows its rules."""

    name: str
    title: str = ""
    team: str = ""
    only: Selector = field(default_factory=Selector)
    items: tuple[ItemRule, ...] = ()
    deployments: tuple[DeploymentRule, ...] = ()
    changes: tuple[ChangeRule, ...] = ()
    incidents: tuple[IncidentRule, ...] = ()
    was: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """All services, each with its own rules or those of `delivery`. A file without `services` has one, named by ``."""

    services: Mapping[str, Service] = field(default_factory=dict)

    @property
    def is_one(self) -> bool:
        """Whether the mapping names no service."""
        return set(self.services) == {""}

    def selectors(self) -> Iterator[Selector]:
        """Whatever selects items, or what runs and versions are about."""
        for service in self.services.values():
            yield service.only
            for rules in (service.items, service.deployments, service.changes, service.incidents):
                yield from (rule.only for rule in rules)
