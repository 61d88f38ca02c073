"""Which services facts belong to, and whether a rule is for what a run or a version tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from integration.core.catalogue import Catalogue, folded
from integration.core.delivery.facts import DeliveryFact
from integration.core.delivery.rules import Delivery, Service
from integration.core.facts import Value
from integration.core.items import Item
from integration.core.links import Pattern, Selector, texts

EVERY = Selector()

Fact = TypeVar("Fact", bound=DeliveryFact)

_CALLED: tuple[Callable[[Service], tuple[str, ...]], ...] = (
    lambda service: (service.name,),
    lambda service: (service.title,),
    lambda service: service.was,
)
"""What people call a service; a name comes before a title, a title before a former name."""


class Membership:
    """The services of a mapping, by what people call them."""

    def __init__(self, delivery: Delivery) -> None:
        self.services: tuple[Service, ...] = tuple(delivery.services.values())
        self._by_name = delivery.services

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """What a field may hold, folded -> the service's name."""
        names: dict[str, str] = {}
        for called in _CALLED:
            for service in self.services:
                for name in filter(None, called(service)):
                    names.setdefault(folded(name), service.name)
        return names

    def named(self, value: Value) -> tuple[str, ...]:
        """The services that a field's value names; texts that name none are left out."""
        return tuple(dict.fromkeys(known for text in texts(value) if (known := self._names.get(folded(text)))))

    def selecting(self, item: Item, catalogue: Catalogue) -> tuple[str, ...]:
        """The services whose keys select the item. One that says nothing of items has none by itself, unless it is the only
        one.
        """
        only_one = len(self.services) == 1
        return tuple(
            service.name
            for service in self.services
            if (only_one or service.only != EVERY) and service.only.matches(item, catalogue)
        )

    def fields(self, services: Iterable[str]) -> dict[str, Value]:
        """`service` and `team`, where there are any, in the mapping's order."""
        wanted = set(services)
        members = [service for service in self.services if service.name in wanted]
        told: dict[str, Value] = {}
        if members:
            told["service"] = tuple(service.name for service in members)
        teams = tuple(dict.fromkeys(service.team for service in members if service.team))
        return {**told, "team": teams} if teams else told


def is_about(only: Selector, connection: str, projects: frozenset[str]) -> bool:
    """Whether a selector lets in what has no more than a connection and a project: a run, a version, code.

    `projects` are all names of its project. What nobody told matches nothing said of it.
    """
    if only.connections and connection not in only.connections:
        return False
    if only.projects and not any_of(only.projects, projects):
        return False
    without = only.excluded
    return without is None or not _excludes(without, connection, projects)


def _excludes(without: Selector, connection: str, projects: frozenset[str]) -> bool:
    """Whether it is excluded by its project or connection alone. What else is excluded are items."""
    if not (without.projects or without.connections):
        return False
    if without != Selector(connections=without.connections, projects=without.projects):
        return False
    return is_about(without, connection, projects)


def any_of(patterns: Iterable[Pattern], names: Iterable[str]) -> bool:
    """Whether any pattern matches any name."""
    told = tuple(name for name in names if name)
    return any(pattern.matches(name) for pattern in patterns for name in told)


def by_content(contents: Mapping[str, Fact], membership: Membership) -> Sequence[Fact]:
    """One fact where it is the same for all its services; else one for each that differ, told apart by the first of them."""
    groups: list[tuple[Fact, list[str]]] = []
    for service, fact in contents.items():
        same = next((names for known, names in groups if known == fact), None)
        if same is None:
            groups.append((fact, [service]))
        else:
            same.append(service)
    alone = len(groups) == 1
    return [
        replace(
            fact,
            id=fact.id if alone else f"{fact.id} in {names[0]}",
            fields={**fact.fields, **membership.fields(names)},
        )
        for fact, names in groups
    ]
