"""All files of a mapping side by side, as the checks and the build see them: every thing with the place it was said at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from integration.core.errors import Problem
from mappings.schema import MainFile, TeamFile
from mappings.schema.connections import ConnectionKeys
from mappings.schema.delivery import Delivery, ServiceKeys
from mappings.schema.forms import Keys
from mappings.schema.kpis import KpiKeys
from mappings.schema.okrs import CycleKeys, KeyResultKeys, ObjectiveKeys
from mappings.schema.selectors import Narrowing
from mappings.schema.write_back import WriteBackKeys
from mappings.tree import Document, Path

K_co = TypeVar("K_co", bound=Keys, covariant=True)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its tree with places, and its keys as far as their shape is right."""

    document: Document
    keys: TeamFile


@dataclass(frozen=True, slots=True)
class Said(Generic[K_co]):
    """A thing that a file says: where, and its keys."""

    file: File
    path: Path
    keys: K_co

    @property
    def name(self) -> str:
        return str(self.path[-1])

    @property
    def place(self) -> str:
        """`okr.yaml:20`."""
        return f"{self.file.document.name}:{self.file.document.key_place(self.path).line}"

    def has(self, *steps: str | int) -> bool:
        """Whether the file says it at all, in whatever shape."""
        return self.file.document.said((*self.path, *steps))

    def names(self, *steps: str | int) -> tuple[str, ...]:
        return self.file.document.keys((*self.path, *steps))

    def written(self, *steps: str | int) -> str:
        return self.file.document.text((*self.path, *steps))

    def at_key(self, message: str, *steps: str | int, warning: bool = False) -> Problem:
        return self.file.document.problem((*self.path, *steps), message, at_key=True, warning=warning)

    def at_value(self, message: str, *steps: str | int, warning: bool = False) -> Problem:
        return self.file.document.problem((*self.path, *steps), message, warning=warning)


@dataclass(frozen=True, slots=True)
class Whole:
    """The united files. The first is the main one."""

    main: File
    settings: MainFile
    included: tuple[File, ...]

    @property
    def files(self) -> tuple[File, ...]:
        return (self.main, *self.included)

    def top(self) -> Said[MainFile]:
        return Said(self.main, (), self.settings)

    def connections(self) -> Iterator[Said[ConnectionKeys]]:
        return _named(self.main, self.settings.connections, "connections")

    def write_backs(self) -> Iterator[Said[WriteBackKeys]]:
        return _named(self.main, self.settings.write_back, "write_back")

    def cycles(self) -> Iterator[Said[CycleKeys]]:
        for file in self.files:
            yield from _named(file, file.keys.cycles, "cycles")

    def objectives(self) -> Iterator[Said[ObjectiveKeys]]:
        for file in self.files:
            yield from _named(file, file.keys.objectives, "objectives")

    def key_results(self) -> Iterator[tuple[Said[ObjectiveKeys], Said[KeyResultKeys]]]:
        for objective in self.objectives():
            for name, keys in objective.keys.key_results.items():
                yield objective, Said(objective.file, (*objective.path, "key_results", name), keys)

    def kpis(self) -> Iterator[Said[KpiKeys]]:
        """All KPIs; `defaults` is none."""
        for file in self.files:
            yield from (kpi for kpi in _named(file, file.keys.kpis, "kpis") if kpi.name != "defaults")

    def services(self) -> Iterator[Said[ServiceKeys]]:
        for file in self.files:
            yield from _named(file, file.keys.services, "services")

    def deliveries(self) -> Iterator[Said[Delivery]]:
        """Whatever holds rules of delivery: `delivery`, and each service."""
        if self.settings.delivery is not None:
            yield Said(self.main, ("delivery",), self.settings.delivery)
        yield from self.services()

    def names(self, section: str) -> dict[str, File]:
        """The names in a section of any file, whatever is wrong below them, and the first file that says each."""
        names: dict[str, File] = {}
        for file in self.files:
            for name in file.document.keys((section,)):
                names.setdefault(name, file)
        return names

    def selectors(self) -> Iterator[Said[Narrowing]]:
        """Whatever selects items, wherever it stands, with what it excludes."""
        for file in self.files:
            yield from _selectors(file, (), file.keys)


def _named(file: File, keys: Mapping[str, K_co], section: str) -> Iterator[Said[K_co]]:
    for name, value in keys.items():
        yield Said(file, (section, name), value)


def _selectors(file: File, path: Path, value: object) -> Iterator[Said[Narrowing]]:
    """Walks the models: a new place that takes a selector is found here by itself."""
    if isinstance(value, Narrowing):
        yield Said(file, path, value)
    if isinstance(value, Keys):
        for name, field in type(value).model_fields.items():
            yield from _selectors(file, (*path, field.alias or name), getattr(value, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _selectors(file, (*path, str(name)), inner)
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _selectors(file, (*path, index), inner)
