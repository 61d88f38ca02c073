"""A document against its model: every wrong shape as a problem with its place, and what is left without them.

What is wrong is mended where it is clear what was meant, else taken out, and the rest judged again, so that one mistake
never hides another.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from integration.core.errors import Problem
from mappings.schema import TeamFile
from mappings.schema.forms import Keys
from mappings.suggestions import did_you_mean
from mappings.tree import Document, Path, Plain
from mappings.unknown_keys import meant_key, unknown_key
from mappings.wording import found, listed, one_line

Model = TypeVar("Model", bound=TeamFile)

MISSING = {
    "title": "has no title; add title: what people read",
    "url": "has no url; add the address that people open",
    "projects": 'has no projects; list what okrlink may read, or "*" for all that the account sees',
    "key_results": "has no key results; add key_results, the numbers that tell whether it is reached",
}
PLACEHOLDERS: Mapping[str, Plain] = {"title": "-", "url": "https://unknown.example", "projects": [], "key_results": {}}
"""What stands in for a needed key while the rest is judged."""


class Shaped(NamedTuple, Generic[Model]):
    """What a document says, as far as its shape is right."""

    keys: Model
    document: Document
    """With misspelt keys called by the names that were meant."""
    problems: list[Problem]
    misshapen: list[Problem]
    """Those whose place holds nothing that could be judged."""


class TooNew(Exception):
    """The file is of a later version of the language, so nothing else about it can be told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def shaped(document: Document, model: type[Model]) -> Shaped[Model]:
    """The document as its model, without what is wrong with its shape. Raises `TooNew`."""
    plain = document.plain()
    if not isinstance(plain, dict):
        problem = document.problem(
            (), "expected keys such as connections and objectives, with what belongs to them below"
        )
        return Shaped(model.model_validate({}), document, [problem], [])
    problems: list[Problem] = []
    misshapen: list[Problem] = []
    while True:
        try:
            return Shaped(model.model_validate(plain), document, problems, misshapen)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        misspelt = dict(_misspelt(document, model, faults))
        for path, meant in misspelt.items():
            problems.append(document.problem(path, unknown_key(model, path), at_key=True))
            document, plain = document.renamed(path, meant), _renamed(plain, path, meant)
        for fault in () if misspelt else faults:
            path, missing, unknown = _path(fault), fault["type"] == "missing", fault["type"] == "extra_forbidden"
            message, at_key = _message(document, model, path, fault)
            at_key = at_key or "[key]" in fault["loc"]
            problem = document.problem(path[:-1] if missing else path, message, at_key=at_key)
            if missing:
                _fill(plain, path)
            else:
                _take_out(plain, path, needed=not unknown and problem not in problems)
                misshapen.append(problem)
            problems += [] if problem in problems else [problem]


def _misspelt(document: Document, model: type[Keys], faults: list[Any]) -> Iterator[tuple[Path, str]]:
    """Unknown keys of which it is clear what was meant, and what that is. They are judged again under that name."""
    taken: set[Path] = set()
    for fault in faults:
        path = _path(fault)
        meant = meant_key(model, path) if fault["type"] == "extra_forbidden" else None
        if meant and not document.said((*path[:-1], meant)) and (*path[:-1], meant) not in taken:
            taken.add((*path[:-1], meant))
            yield path, meant


def _path(fault: Any) -> Path:
    return tuple(step for step in fault["loc"] if step != "[key]")


def _message(document: Document, model: type[Keys], path: Path, fault: Any) -> tuple[str, bool]:
    """What to say, and whether it is about the key rather than the value."""
    match fault["type"]:
        case "missing":
            return MISSING.get(str(path[-1]), f"has no {path[-1]}"), True
        case "extra_forbidden":
            return unknown_key(model, path), True
        case "literal_error":
            return _not_one_of(document, path, re.findall(r"'([^']*)'", fault["ctx"]["expected"]))
        case "value_error":
            return str(fault["ctx"]["error"]), False
    return str(fault["msg"]), False


def _not_one_of(document: Document, path: Path, allowed: list[str]) -> tuple[str, bool]:
    written = document.text(document.known(path)).strip()
    if path == ("version",):
        if re.fullmatch(r"[2-9]|[1-9][0-9]{1,6}", written):
            message = f"this okrlink reads version 1; the file says {written}: update okrlink"
            raise TooNew(document.problem(path, message))
        return f"expected 1, got {found(written)}", False
    if path[0] == "write_back" and path[-2] == "fields" and path[-1] in allowed:
        return f"the field comes first: write `{one_line(written)}: {path[-1]}`", True
    return f"{found(written)} is not one of {listed(allowed)}{did_you_mean(written, allowed)}", False


def _take_out(plain: Plain, path: Path, *, needed: bool) -> None:
    """Removes what stands at the path; of a list all of it, so that the items of other lists stay where they are.

    What is needed leaves a placeholder, once.
    """
    holder: dict[str, Plain] = {}
    last: str | int = ""
    here: Plain | None = plain
    for step in path:
        if isinstance(here, dict):
            holder, last = here, step
            here = here.get(str(step))
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            break
    holder.pop(str(last), None)
    if needed and last in PLACEHOLDERS:
        holder[str(last)] = copy.copy(PLACEHOLDERS[str(last)])


def _fill(plain: Plain, path: Path) -> None:
    """Puts a placeholder where something needed is missing; a name with nothing below it gets keys for that."""
    *way, key, last = path
    for step in way:
        if isinstance(plain, dict):
            plain = plain[str(step)]
        elif isinstance(plain, list) and isinstance(step, int):
            plain = plain[step]
    if isinstance(plain, dict):
        owner = plain.get(str(key)) or {}
        plain[str(key)] = owner
        if isinstance(owner, dict):
            owner[str(last)] = copy.copy(PLACEHOLDERS[str(last)])


def _renamed(plain: Plain, path: Path, name: str) -> Plain:
    """The values with one key called by another name, in its place among the others."""
    step, *rest = path
    if isinstance(plain, dict):
        if not rest:
            return {name if key == step else key: value for key, value in plain.items()}
        return {key: _renamed(value, tuple(rest), name) if key == step else value for key, value in plain.items()}
    if isinstance(plain, list):
        return [_renamed(value, tuple(rest), name) if at == step else value for at, value in enumerate(plain)]
    return plain
