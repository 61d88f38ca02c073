"""A document against its model: every wrong shape as a problem with its place, and what is left without them.

What is wrong is taken out and the rest judged again, so that one mistake never hides another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from integration.core.errors import Problem
from mappings.schema import TeamFile
from mappings.schema.forms import Keys
from mappings.source import Document, Path, Plain
from mappings.suggestions import did_you_mean
from mappings.unknown_keys import unknown_key
from mappings.wording import found, listed, one_line

Model = TypeVar("Model", bound=TeamFile)

MISSING = {
    "title": "has no title; add title: what people read",
    "url": "has no url; add the address that people open",
    "projects": 'has no projects; list what okrlink may read, or "*" for all that the account sees',
    "key_results": "has no key results; add key_results, the numbers that tell whether it is reached",
}
PLACEHOLDERS: Mapping[str, Plain] = {"title": "-", "url": "https://unknown.example", "projects": [], "key_results": {}}
"""What stands in for a missing key while the rest is judged."""


def shaped(document: Document, model: type[Model]) -> tuple[Model, list[Problem]]:
    """The document as its model, without what is wrong with its shape, and the problems with it."""
    plain = document.plain()
    if not isinstance(plain, dict):
        message = "expected keys such as connections and objectives, with what belongs to them below"
        return model.model_validate({}), [document.problem((), message)]
    problems: list[Problem] = []
    while True:
        try:
            return model.model_validate(plain), problems
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        for fault in faults:
            path = tuple(step for step in fault["loc"] if step != "[key]")
            message, at_key = _message(document, model, path, fault)
            place = path[:-1] if fault["type"] == "missing" else path
            problems.append(document.problem(place, message, at_key=at_key or "[key]" in fault["loc"]))
            _take_out(plain, path, instead=PLACEHOLDERS.get(str(path[-1])) if fault["type"] == "missing" else None)


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
        newer = re.fullmatch(r"[2-9]|[1-9][0-9]{1,6}", written)
        update = f"this okrlink reads version 1; the file says {written}: update okrlink"
        return update if newer else f"expected 1, got {found(written)}", False
    if path[0] == "write_back" and path[-2] == "fields" and path[-1] in allowed:
        return f"the field comes first: write `{one_line(written)}: {path[-1]}`", True
    return f"{found(written)} is not one of {listed(allowed)}{did_you_mean(written, allowed)}", False


def _take_out(plain: Plain, path: Path, *, instead: Plain = None) -> None:
    """Removes what stands at the path; of a list all of it, so that the items of other lists stay where they are."""
    holder, last = plain, 0
    for depth, step in enumerate(path):
        if isinstance(plain, dict):
            holder, last = plain, depth
            plain = plain.get(str(step))
        elif isinstance(plain, list) and isinstance(step, int) and step < len(plain):
            plain = plain[step]
        else:
            break
    if isinstance(holder, dict):
        holder.pop(str(path[last]), None)
        if instead is not None:
            holder[str(path[last])] = instead
