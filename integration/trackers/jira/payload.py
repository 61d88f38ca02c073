"""The values of Jira's JSON as Jira spells them, in webhooks and in REST answers: one reader per spelling.

Readers return None for what is absent, and raise `Malformed` with the place where something that has to be understood
has another shape. Names of people and mail addresses are never read, except to see that a value is a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal, TypeAlias

from integration.core.errors import Malformed
from integration.core.facts import Scalar, Value

Json: TypeAlias = Mapping[str, Any]

LONGEST_TEXT = 255
"""Jira's own limit for single-line texts. What is longer is prose, and prose is not kept."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH_OF_A_TIME = len("2024-07-04T01:48:31.971+0300")
_SPRINT_PREFIX = "com.atlassian.greenhopper.service.sprint.Sprint@"
_SPRINT_NAME = re.compile(r"(?>.*?[\[,]name=)(.*?)(?:,\w+=|\]$)", re.DOTALL)
"""Only the first `name=` is tried: a text that somebody made of many would else be searched from each of them."""
_MAIL = re.compile(r"[^\s/:@]+@[^\s/@]+|.*<[^<>\s]+@[^<>\s]+>\s*", re.DOTALL)


class Dropped(Enum):
    """Stands for a value that is not kept: prose, a structure of the user interface, a person without an account."""

    DROPPED = 0


DROPPED: Literal[Dropped.DROPPED] = Dropped.DROPPED


def record(value: object, where: str) -> Json:
    """A JSON object that has to be there."""
    if isinstance(value, dict):
        return value
    raise Malformed(f"{where}: expected an object, got {_spoken(value)}")


def records(value: object, where: str) -> Sequence[Json]:
    """A JSON array of objects, empty where it is absent."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Malformed(f"{where}: expected an array, got {_spoken(value)}")
    return [record(each, f"{where}[{index}]") for index, each in enumerate(value)]


def identifier(value: object, where: str) -> str:
    """An immutable id, which Jira spells as a text or as a number."""
    found = optional_identifier(value)
    if found is None:
        raise Malformed(f"{where}: expected an id, got {_spoken(value)}")
    return found


def optional_identifier(value: object) -> str | None:
    """An id as text; what is longer than a line is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = text(value)
    return found if found and len(found) <= LONGEST_TEXT else None


def text(value: object) -> str | None:
    """A text with something in it."""
    return value if isinstance(value, str) and value else None


def moment(value: object) -> datetime | None:
    """A time in UTC: ISO 8601 with or without a colon in its offset, or milliseconds since 1970. None if it is neither."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        pass
    return None


def required_moment(value: object, where: str) -> datetime | None:
    """A time that may be absent, but not unreadable."""
    read = moment(value)
    if read is None and value is not None:
        raise Malformed(f"{where}: expected a time, got {_spoken(value)}")
    return read


def account(value: object) -> str | None:
    """Who a person is: `accountId` on the Cloud, `key` elsewhere. A mere name, or a mail address for a key, names nobody."""
    if isinstance(value, dict):
        found = text(value.get("accountId")) or text(value.get("key"))
        return None if found and is_address(found) else found
    return None


def is_address(value: str) -> bool:
    """Whether a text is somebody's mail address, alone or behind a name."""
    return "@" in value and len(value) <= LONGEST_TEXT and _MAIL.fullmatch(value) is not None


def is_person(value: object) -> bool:
    """Whether a value is a person, or a list of persons."""
    if isinstance(value, list):
        value = value[0] if value else None
    return isinstance(value, dict) and ("accountId" in value or "displayName" in value or "emailAddress" in value)


def reduced(value: object) -> Value | Dropped:
    """A field's value as facts keep it: a scalar or several texts; options, versions and groups by the name on screen.

    A text that is not kept, for it grew too long or is a mail address, is None: its past must not seem to be its present.
    """
    reader = _REDUCERS.get(value.__class__)
    return reader(value) if reader else DROPPED


def _text_of(value: str) -> str | None:
    # Jira tells times in the zone of whoever asks; in UTC the same time is the same text, by webhook and by REST.
    length = len(value)
    if length == _LENGTH_OF_A_TIME and value[10] == "T" and (read := moment(value)):
        return read.isoformat()
    if length > _LENGTH_OF_A_TIME and value.startswith(_SPRINT_PREFIX):
        named = _SPRINT_NAME.match(value)
        return named[1] if named else None
    return value if length <= LONGEST_TEXT and not is_address(value) else None


def _name_of(value: Json) -> str | Dropped:
    """An object by what people call it: an option's value, the name of a version, group or team, else its key."""
    if is_person(value):
        return account(value) or DROPPED
    if option := text(value.get("value")):
        child = value.get("child")
        inner = text(child.get("value")) if isinstance(child, dict) else None
        name: str | None = f"{option} - {inner}" if inner else option
    else:
        name = text(value.get("name")) or text(value.get("key"))
    return name if name and len(name) <= LONGEST_TEXT and not is_address(name) else DROPPED


def _element(value: object) -> str | None:
    if isinstance(value, str):
        return _text_of(value)
    if isinstance(value, dict):
        name = _name_of(value)
        return None if isinstance(name, Dropped) else name
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def _texts_of(value: Sequence[object]) -> tuple[str, ...] | Dropped:
    texts = tuple(found for found in map(_element, value) if found is not None)
    return texts if texts or not value else DROPPED


def _itself(value: Scalar) -> Scalar:
    return value


_REDUCERS: Mapping[type, Callable[[Any], Value | Dropped]] = {
    type(None): _itself,
    bool: _itself,
    int: _itself,
    float: _itself,
    str: _text_of,
    dict: _name_of,
    list: _texts_of,
}


def _spoken(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
        case _:
            return "an object"
