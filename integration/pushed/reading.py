"""One written fact -> what is kept of it, or why it is refused and what would be right."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, get_args

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from integration.pushed.shapes import LONGEST_ID, SHAPES, Deletion, Kind

LONGEST_SHOWN = 60
MOST_PROBLEMS = 5
KINDS: tuple[Kind, ...] = get_args(Kind)
MEANT: Mapping[str, str] = {
    "commit": "commits",
    "createdat": "opened",
    "date": "at",
    "deployedat": "finished",
    "env": "environment",
    "errors": "failed",
    "failures": "failed",
    "finishedat": "finished",
    "mergedat": "merged",
    "resolved": "restored",
    "resolvedat": "restored",
    "sha": "commits",
    "stage": "environment",
    "startedat": "started",
    "status": "result",
    "time": "at",
    "timestamp": "at",
}
"""What people write for a key that looks nothing like it; offered only where that key is one."""


class Received(NamedTuple):
    """A fact as it is kept. `data` is its JSON, its keys in order, so that equal facts are equal texts."""

    kind: Kind
    id: str
    data: str
    deleted: bool = False
    subjects: tuple[str, ...] = ()
    """Of whom it tells: services, or a KPI; none of a deletion."""
    when: datetime | None = None
    """The moment by which it counts."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A fact that is not kept; each problem names its key."""

    kind: str | None
    id: str | None
    reason: str


def read(told: object) -> Received | Refused:
    """What a decoded JSON value says, if it is a fact."""
    if not isinstance(told, dict):
        return Refused(None, None, f"expected one fact, an object in braces, got {_found(told)}")
    said = told
    if None in told.values():
        said = {key: value for key, value in told.items() if value is not None}
    kind = said.get("kind")
    shape = SHAPES.get(kind) if isinstance(kind, str) else None  # type: ignore[call-overload]  # any text may be asked for
    if shape is None:
        return _refused(said, [_unknown_kind(kind)])
    try:
        if "deleted" in said:
            deletion = Deletion.model_validate_json(orjson.dumps(said))
            return Received(deletion.kind, deletion.id, "", deleted=True)
        data = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        fact = shape.model_validate_json(data)
    except ValidationError as invalid:
        model: type[BaseModel] = Deletion if "deleted" in said else shape
        return _refused(said, [_problem(error, model) for error in invalid.errors(include_url=False)])
    except orjson.JSONEncodeError as error:
        return _refused(said, [str(error)])
    if fact.id:
        return Received(kind, fact.id, data.decode(), subjects=fact.subjects, when=fact.when)  # type: ignore[arg-type]  # it has a shape
    return read({**said, "id": _id_of_number(said, fact.when)})


def _id_of_number(said: Mapping[str, Any], at: datetime | None) -> str:
    """The same for the same KPI, time and fields, so that a corrected number replaces the wrong one."""
    whose = {key: value for key, value in said.items() if key in ("kpi", "service", "fields")}
    digest = hashlib.sha256(orjson.dumps([whose, at], option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"number:{digest[:32]}"


def _refused(said: Mapping[str, Any], problems: Sequence[str]) -> Refused:
    kind, id_ = said.get("kind"), said.get("id")
    unique = list(dict.fromkeys(problems))
    left = f"; and {len(unique) - MOST_PROBLEMS} more" if len(unique) > MOST_PROBLEMS else ""
    return Refused(
        kind[:LONGEST_ID] if isinstance(kind, str) else None,
        id_[:LONGEST_ID] if isinstance(id_, str) else None,
        "; ".join(unique[:MOST_PROBLEMS]) + left,
    )


def _unknown_kind(kind: object) -> str:
    if kind is None:
        return f"kind: is missing; say what it is: {', '.join(KINDS)}"
    near = did_you_mean(str(kind).replace("_", " ").removesuffix("s"), KINDS)
    return f"kind: {_found(kind)} is none of {', '.join(KINDS)}{near}"


def _problem(error: ErrorDetails, shape: type[BaseModel]) -> str:
    """`KEY: what is wrong, and what would be right`; about the whole fact without a key."""
    place = _place(error["loc"], shape)
    return f"{place}: {_words(error, shape)}" if place else _words(error, shape)


def _place(loc: tuple[int | str, ...], shape: type[BaseModel]) -> str:
    """The key as people wrote it: pydantic adds the branches of a choice."""
    if not loc:
        return ""
    head, *rest = (str(part)[:LONGEST_SHOWN] for part in loc)
    if head not in shape.model_fields or not rest:
        return head
    if head == "fields":
        return f"fields.{rest[0]}"
    return f"{head}[{rest[0]}]" if rest[0].isdecimal() else head


def _words(error: ErrorDetails, shape: type[BaseModel]) -> str:
    kind, got = error["type"], error.get("input")
    place = str(error["loc"][0]) if error["loc"] else ""
    if kind == "missing":
        return "is missing" + {"id": "; give it one of your own, so that it can be corrected"}.get(place, "; add it")
    if kind == "extra_forbidden":
        return "not a known key" + (did_you_mean(place, [*shape.model_fields]) or "; what is left goes under fields")
    if kind == "string_pattern_mismatch":
        return "must begin with https:// or http://" if place == "url" else "may hold no control characters"
    if kind in ("string_too_long", "too_long"):
        return f"is too long; at most {error['ctx']['max_length']}"
    if kind == "fields":
        return error["msg"]
    if kind in _PLAIN:
        return _PLAIN[kind]
    expected = _CHOICES.get(place) or next((words for type_, words in _EXPECTED if kind.startswith(type_)), None)
    if expected is not None and got is not None:
        return f"expected {expected}, got {_found(got)}"
    return f"{_found(got)} {error['msg']}" if kind == "no_time" else error["msg"]


_PLAIN: Mapping[str, str] = {
    "string_too_short": "is empty; leave it out, or say what it is",
    "too_short": "is empty; leave it out, or say what it is",
}
_CHOICES: Mapping[str, str] = {
    "deleted": "true",
    "fields": "a text, a number, true or false, or a list of texts",
    "value": "a number",
}
"""Keys whose values may be of several types, of which pydantic names each."""
_EXPECTED: Sequence[tuple[str, str]] = (
    ("a_time", "a time such as 2026-11-02T09:00:00Z"),
    ("string", "a text"),
    ("int", "a whole number"),
    ("greater", "0 or more"),
    ("bool", "true or false"),
    ("tuple", "a text or a list of texts"),
)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`; did you mean finished?`, or nothing."""
    letters = "".join(char for char in word.casefold() if char.isalnum())[:LONGEST_SHOWN]
    meant = MEANT.get(letters)
    if meant not in known:
        plain = {"".join(char for char in one if char.isalnum()): one for one in known}
        meant = next((plain[one] for one in difflib.get_close_matches(letters, plain, n=1, cutoff=0.7)), None)
    return f"; did you mean {meant}?" if meant else ""


def _found(told: object) -> str:
    """Told words on one short line."""
    if isinstance(told, dict | list | tuple):
        return "names with values" if isinstance(told, dict) else "a list"
    if told is None or isinstance(told, bool):
        return "nothing" if told is None else str(told).lower()
    line = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in " ".join(str(told).split()))
    short = line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
    return f"'{short}'" if isinstance(told, str) else short
