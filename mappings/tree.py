"""A file as a tree of raw texts that know where they stand: what YAML becomes, and where every message finds its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from integration.core.errors import Problem
from mappings.wording import one_line, printable

Path: TypeAlias = tuple[str | int, ...]
Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
"""What models are made from; nothing at all is an empty text."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as written. `text` is None where nothing is written at all."""

    place: Place
    text: str | None = dataclasses.field(repr=False)  # it may turn out to be a secret


@dataclass(frozen=True, slots=True)
class Sequence:
    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping, and what stands under it."""

    key: str
    place: Place
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    place: Place
    entries: tuple[Entry, ...]

    def get(self, key: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.key == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


@dataclass(frozen=True, slots=True)
class Document:
    """One file: the name it is shown by, and its tree."""

    name: str
    root: Node

    def node(self, path: Path) -> Node | None:
        """What stands at the path, or None."""
        node: Node | None = self.root
        for step in path:
            node = _child(node, step)
        return node

    def said(self, path: Path) -> bool:
        return self.node(path) is not None

    def keys(self, path: Path) -> tuple[str, ...]:
        """The keys at the path in the order of the file; none where no keys stand."""
        node = self.node(path)
        return tuple(entry.key for entry in node.entries) if isinstance(node, Mapping) else ()

    def text(self, path: Path) -> str:
        """The text at the path as written; empty where there is none."""
        node = self.node(path)
        return (node.text or "") if isinstance(node, Scalar) else ""

    def known(self, path: Path) -> Path:
        """The path as far as there is something in the file: a word that stands for a list of one has no `[0]`."""
        while path and not self.said(path):
            path = path[:-1]
        return path

    def value_place(self, path: Path) -> Place:
        node = self.node(self.known(path))
        return self.root.place if node is None else node.place

    def key_place(self, path: Path) -> Place:
        """Where the key stands; for an item of a list, the item."""
        path = self.known(path)
        parent = self.node(path[:-1]) if path else None
        entry = parent.get(str(path[-1])) if isinstance(parent, Mapping) else None
        return self.value_place(path) if entry is None else entry.place

    def problem(self, path: Path, message: str, *, at_key: bool = False, warning: bool = False) -> Problem:
        place = self.key_place(path) if at_key else self.value_place(path)
        return Problem(self.name, place.line, place.column, spoken(self.known(path)), printable(message), warning)

    def renamed(self, path: Path, name: str) -> Document:
        """The document with the last key of the path called by another name, at its place."""
        return Document(self.name, _renamed(self.root, path, name))

    def plain(self) -> Plain:
        """The tree as plain values, fresh with every call."""
        return _plain(self.root)


def spoken(path: Path) -> str:
    """`objectives.checkout.guardrails[0]`; what stands in the place of a connection's text stays unsaid."""
    if path[:1] == ("connections",) and any(isinstance(step, str) for step in path[3:]):
        path = path[:3]
    steps = (f"[{step}]" if isinstance(step, int) else f".{one_line(step)}" for step in path)
    return "".join(steps).removeprefix(".")


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(step, str):
        entry = node.get(step)
        return None if entry is None else entry.value
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


def _renamed(node: Node, path: Path, name: str) -> Node:
    step, *rest = path
    if isinstance(node, Mapping):
        entries = [
            entry
            if entry.key != step
            else dataclasses.replace(entry, value=_renamed(entry.value, tuple(rest), name))
            if rest
            else dataclasses.replace(entry, key=name)
            for entry in node.entries
        ]
        return Mapping(node.place, tuple(entries))
    if isinstance(node, Sequence):
        items = [_renamed(item, tuple(rest), name) if at == step else item for at, item in enumerate(node.items)]
        return Sequence(node.place, tuple(items))
    return node


def places(node: Node, path: Path) -> Iterator[tuple[Path, Place]]:
    """Every key and value of the tree with the place at which it begins."""
    yield path, node.place
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield (*path, entry.key), entry.place
            yield from places(entry.value, (*path, entry.key))
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from places(item, (*path, index))


def _plain(node: Node) -> Plain:
    if isinstance(node, Mapping):
        return {entry.key: _plain(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    return node.text or ""
