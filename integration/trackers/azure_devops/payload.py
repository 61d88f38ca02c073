"""The values of Azure DevOps' JSON as it spells them, in webhooks and in REST answers: one reader per spelling.

Readers return None for what is absent or says nothing (the year 9999, an id of zeros), and raise `Malformed` with the
place where a value has a shape that cannot be understood. Names of people and mail addresses are never read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, TypeAlias

from integration.core.errors import Malformed
from integration.core.facts import Scalar

Json: TypeAlias = Mapping[str, Any]

LONGEST_TEXT = 255
"""Single-line text fields hold no more. What is longer is prose, and prose is not kept."""
_LARGEST_INTEGER = 2**53
_DIGITS_OF_IDS = 18
_NEVER_FROM, _NEVER_TO = 1900, 9000
"""Azure DevOps says "not set" as year 1 and "not yet" as year 9999."""
_PERSON = re.compile(r"<[^<>]*[@\\][^<>]*>\s*$|^\S+@\S+\.\S+$")
_IDENTITY_KEYS = frozenset({"displayName", "uniqueName", "descriptor"})


class Dropped(Enum):
    """Stands for a value that is not kept: prose, a person without an id, a structure."""

    DROPPED = 0


DROPPED: Literal[Dropped.DROPPED] = Dropped.DROPPED


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery, opened: its kind, its own id, its resource, when it was told, and the id of the project it is from."""

    kind: str
    id: str | None
    resource: Json
    told: datetime
    project: str | None


def record(value: object, where: str) -> Json:
    """A JSON object that has to be there."""
    if isinstance(value, dict):
        return value
    raise Malformed(f"{where}: expected an object, got {_spoken(value)}")


def optional_record(value: object, where: str) -> Json:
    """A JSON object, empty where it is absent."""
    return {} if value is None else record(value, where)


def records(value: object, where: str) -> Sequence[Json]:
    """A JSON array of objects, empty where it is absent."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Malformed(f"{where}: expected an array, got {_spoken(value)}")
    return [record(each, f"{where}[{index}]") for index, each in enumerate(value)]


def text(value: object) -> str | None:
    """A text with something in it."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> int | None:
    """An integer, also where it comes as text (`System.Rev` does both)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_INTEGER else None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS_OF_IDS:
        return int(value)
    return None


def identifier(value: object) -> str | None:
    """A number or a GUID as text; None where it is absent, no id, or made of zeros, as test deliveries have them."""
    if isinstance(value, int):
        found = number(value)
        return str(found) if found else None
    return value if isinstance(value, str) and value.strip("0-") and len(value) <= LONGEST_TEXT else None


def instant(value: object) -> datetime | None:
    """A time in UTC; fractions have 0 to 7 digits, and some times come without a zone, which then is UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if not _NEVER_FROM < moment.year < _NEVER_TO:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def instant_text(value: object) -> str | None:
    """A time as the text that facts keep."""
    moment = instant(value)
    return moment.isoformat() if moment else None


def account(value: object) -> str | None:
    """An account's own id. Where an identity is only a name or a mail address, nobody is named."""
    if not isinstance(value, dict):
        return None
    for key in ("id", "descriptor"):
        found = identifier(value.get(key))
        if found and "@" not in found:
            return found
    return None


def branch(value: object) -> str | None:
    """A branch by the name that people use; tags and pull requests keep their full ref."""
    ref = text(value)
    return ref.removeprefix("refs/heads/") if ref else None


def scalar(value: object) -> Scalar | Dropped:
    """A field's value as facts keep it, or `DROPPED`."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _LARGEST_INTEGER else DROPPED
    if isinstance(value, float):
        return value if math.isfinite(value) else DROPPED
    if isinstance(value, str):
        return DROPPED if _is_prose(value) or _names_somebody(value) else value
    if isinstance(value, dict) and not _IDENTITY_KEYS.isdisjoint(value):
        return account(value) or DROPPED
    return DROPPED


def _is_prose(value: str) -> bool:
    return len(value) > LONGEST_TEXT or (value[:1] == "<" and value.rstrip()[-1:] == ">")


def _names_somebody(value: str) -> bool:
    # Looking for the two characters first spares most texts the pattern.
    return ("@" in value or "<" in value) and _PERSON.search(value) is not None


def _spoken(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "an array",
        dict: "an object",
    }
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
