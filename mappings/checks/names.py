"""Names that people give: their letters, that each stands once, and that former ones are gone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

from integration.core.errors import Problem
from mappings.schema.forms import NAME, WIDE_NAME, Keys
from mappings.tree import Path
from mappings.whole import File, Said, Whole
from mappings.wording import found

LABELLED = (
    "a name has small letters, digits and hyphens, as it is typed into labels; write {} and say the rest in title"
)
ADDRESSED = "a name has small letters, digits and hyphens, as it is typed into addresses; write {}"
COMMANDED = "a name has letters, digits, hyphens, _ and ., as it is typed into commands; write {}"
SECTIONS: Mapping[str, tuple[str, str]] = {
    "connections": (NAME, ADDRESSED),
    "cycles": (WIDE_NAME, COMMANDED),
    "objectives": (NAME, LABELLED),
    "services": (WIDE_NAME, COMMANDED),
    "kpis": (NAME, LABELLED),
}
"""Section -> how its names are spelled, and what to say of one that is not."""
SHARED = {"cycles": "cycle", "objectives": "objective", "services": "service", "kpis": "KPI"}
"""Sections that several files may have, and what one name in them is."""


def letters(whole: Whole) -> Iterator[Problem]:
    for file in whole.files:
        for section, (pattern, message) in SECTIONS.items():
            yield from _letters(file, (section,), pattern, message)
        for objective in file.document.keys(("objectives",)):
            yield from _letters(file, ("objectives", objective, "key_results"), NAME, LABELLED)


def _letters(file: File, section: Path, pattern: str, message: str) -> Iterator[Problem]:
    for name in file.document.keys(section):
        if not re.fullmatch(pattern, name):
            better = spelled(name) if pattern == NAME else re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-_.")
            yield file.document.problem((*section, name), message.format(better or "another"), at_key=True)


def spelled(name: str) -> str:
    """`trustedByReaders` -> `trusted-by-readers`."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", plain)
    return "-".join(words).lower() or "another"


def once(whole: Whole) -> Iterator[Problem]:
    """A name stands in one file only; `kpis.defaults` is said for each."""
    for section, thing in SHARED.items():
        first: dict[str, File] = {}
        for file in whole.files:
            for name in file.document.keys((section,)):
                if (section, name) == ("kpis", "defaults"):
                    continue
                if name in first:
                    yield _twice(file, first[name], (section, name), thing)
                first.setdefault(name, file)


def _twice(file: File, first: File, path: tuple[str, str], thing: str) -> Problem:
    line = first.document.key_place(path).line
    another = f"{spelled(PurePath(file.document.name).stem)}-{path[1]}"
    message = f"is also in {first.document.name}:{line}; one name, one {thing}: call this one {another}"
    return file.document.problem(path, message, at_key=True)


def former(whole: Whole) -> Iterator[Problem]:
    """A former name is one that is gone."""
    for things in (
        {each.name: each for each in whole.objectives()},
        {each.name: each for each in whole.connections()},
        {each.name: each for each in whole.cycles()},
        {each.name: each for each in whole.services()},
        {each.name: each for each in whole.kpis()},
    ):
        for thing in things.values():
            for at, name in enumerate(thing.keys.was or ()):
                if name in things:
                    yield _stands(thing, at, name, things[name].place)
    key_results = {f"{objective.name}.{each.name}": each for objective, each in whole.key_results()}
    for objective, key_result in whole.key_results():
        for at, name in enumerate(key_result.keys.was or ()):
            full = name if "." in name else f"{objective.name}.{name}"
            if full in key_results:
                yield _stands(key_result, at, name, key_results[full].place)


def _stands(thing: Said[Keys], at: int, name: str, place: str) -> Problem:
    message = f"{found(name)} still stands in {place}; only a name that is gone can be a former one"
    return thing.at_value(message, "was", at)


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (letters, once, former)
