"""The kinds of values that keys take: how each is read, and how an editor should check it while typing.

Every value arrives as raw text (or a list, or keys): the place decides the type, so each form does its own reading. What
a form refuses, it refuses with the sentence that a person will read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from integration.core import quantities as amounts
from integration.core.links import Pattern
from mappings import quantities
from mappings.secrets import Outside, outside, secret
from mappings.wording import found

T = TypeVar("T")
Json: TypeAlias = dict[str, Any]

SECRET: Json = {
    "type": "string",
    "pattern": r"^(env|file)/.+$",
    "patternErrorMessage": "env/NAME or file/PATH: a secret never stands in the file",
}
UNIT = "s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|months?"
WITH_UNIT = r"( *[^0-9.,].*)?"
"""Behind a number: nothing, or what is no more of the number."""
WORDS: Json = {"type": ["string", "number", "boolean"]}
NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"
WIDE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class Keys(BaseModel):
    """A thing with keys of its own; a key that is not known is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_only(cls, value: object) -> object:
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise ValueError(f"expected keys below it, not {kind(value)}")  # noqa: TRY004 - pydantic reads ValueError only
        return value


def kind(value: object) -> str:
    """What stands there, in a word."""
    return "a list" if isinstance(value, list) else "keys" if isinstance(value, dict) else "text"


def text(value: object) -> str:
    if isinstance(value, str) and not value.strip():
        raise ValueError("says nothing; write it, or leave the key out")
    if isinstance(value, dict):
        message = "expected text, not keys; a text that holds ': ' stands in quotes"
        raise ValueError(message)  # noqa: TRY004 - pydantic reads ValueError only
    if not isinstance(value, str):
        raise ValueError(f"expected text, not {kind(value)}")  # noqa: TRY004 - pydantic reads ValueError only
    return value.strip()


def word(value: object) -> str:
    """A word of the language, in which capitals never matter."""
    return " ".join(text(value).split()).casefold()


def form(read: Callable[[str], Any]) -> PlainValidator:
    """Reads a text by its form."""
    return PlainValidator(lambda value: read(text(value)))


def as_typed(pattern: str, message: str, *, numbers: bool = False) -> WithJsonSchema:
    """What an editor checks of a text with a form."""
    kinds = ["string", "number"] if numbers else "string"
    return WithJsonSchema({"type": kinds, "pattern": pattern, "patternErrorMessage": message})


def one_or_many(value: object) -> object:
    """One word never needs brackets."""
    if isinstance(value, dict):
        raise ValueError("expected a text or a list of texts, not keys")  # noqa: TRY004 - pydantic reads ValueError only
    return value if isinstance(value, list) else [value]


def rule_list(value: object) -> object:
    if value == "":
        return []
    if isinstance(value, dict):
        message = "expected a list of rules; put `- ` before the first key and indent the others under it"
        raise ValueError(message)  # noqa: TRY004 - pydantic reads ValueError only
    if not isinstance(value, list):
        raise ValueError(f"expected a list of rules, not {kind(value)}")  # noqa: TRY004 - pydantic reads ValueError only
    return value


def names(example: str) -> BeforeValidator:
    """A section of names with keys below them."""

    def section(value: object) -> object:
        if value == "":
            return {}
        if isinstance(value, dict):
            return value
        first = next(iter(value[0]), None) if isinstance(value, list) and value and isinstance(value[0], dict) else None
        instead = f"; write `{example}:` instead of `- {first}:`" if first else ""
        raise ValueError(f"expected names with keys below them, not {kind(value)}{instead}")

    return BeforeValidator(section)


def about(meaning: str, *examples: object, default: object = None, needed: bool = False, **more: Any) -> Any:
    """A key: what it means, examples, and the default as people would write it. What the file does not say is None."""
    extra: Json = {} if default is None else {"default": default}
    extra |= more.pop("schema", {})
    shown = list(examples) or None
    value = ... if needed else more.pop("value", None)
    return Field(value, description=meaning, examples=shown, json_schema_extra=extra, **more)


def section(meaning: str, *, pattern: str = NAME, needed: bool = False) -> Any:
    """A key whose names people choose."""
    letters = "small letters, digits and hyphens" if pattern == NAME else "letters, digits, hyphens, _ and ."
    allowed = {"pattern": pattern, "patternErrorMessage": f"a name has {letters}"}
    extra: Json = {"propertyNames": allowed}
    if needed:
        return Field(description=meaning, json_schema_extra=extra)
    return Field(default_factory=dict, description=meaning, json_schema_extra=extra)


def listed(meaning: str, *examples: object) -> Any:
    """A key with a list, empty where it is not said."""
    return Field(default=(), description=meaning, examples=list(examples) or None)


def truth(written: str) -> bool:
    if written.casefold() not in ("true", "false"):
        raise ValueError(f"expected true or false, got {found(written)}")
    return written.casefold() == "true"


def pattern(written: str) -> Pattern:
    if written == "//":
        raise ValueError("'//' is an empty expression, which everything matches; write * for that")
    read = Pattern(written)
    try:
        read.matches("")
    except ValueError as error:
        raise ValueError(f"{found(written)} is no regular expression: {error}") from None
    return read


def _words(*allowed: str) -> Json:
    either = "|".join(re.escape(word) for word in allowed)
    message = f"one of {', '.join(allowed)}"
    items = {"type": "string", "enum": list(allowed)}
    return {"type": ["string", "array"], "pattern": f"^({either})$", "patternErrorMessage": message, "items": items}


Text = Annotated[str, PlainValidator(text), WithJsonSchema(WORDS)]
Texts = Annotated[
    tuple[Text, ...], BeforeValidator(one_or_many), WithJsonSchema({"type": [*WORDS["type"], "array"], "items": WORDS})
]
Patterns = Annotated[
    tuple[Annotated[Pattern, form(pattern)], ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"type": [*WORDS["type"], "array"], "items": WORDS}),
]
Bool = Annotated[bool, form(truth), WithJsonSchema({"type": "boolean"})]
Number = Annotated[Decimal, form(quantities.number), WithJsonSchema({"type": "number"})]
Share = Annotated[
    Decimal, form(quantities.percentage), as_typed(r"^[0-9]+(\.[0-9]+)? *%?$", "a share such as 25 %", numbers=True)
]
Quantity = Annotated[
    amounts.Quantity,
    form(quantities.quantity),
    as_typed(
        rf"^[+-]?[0-9]+(\.[0-9]+)?{WITH_UNIT}$",
        "a number, with a unit where it helps: 24, 50 %, 5 / week",
        numbers=True,
    ),
]
Target = Annotated[
    amounts.Quantity | amounts.Relative,
    form(quantities.target),
    as_typed(
        rf"^([0-9]+(\.[0-9]+)?{WITH_UNIT}|[+-][0-9]+(\.[0-9]+)? *(%|percent|points?))$",
        "the number to reach, or how far from the start: 24, 50 %, +50 %, -5 points",
        numbers=True,
    ),
]
Bound = Annotated[
    amounts.Bound,
    form(quantities.bound),
    as_typed(r"^(<=|>=|<|>|at most|at least) *[+-]?[0-9].*$", 'a bound such as ">= 7" or at most 15 %'),
]
Duration = Annotated[
    timedelta,
    form(quantities.duration),
    as_typed(rf"^[0-9]+(\.[0-9]+)? *({UNIT})$", "a duration such as 90 min, 4 h, 3 days"),
]
Day = Annotated[date, form(quantities.day), as_typed(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a date such as 2026-12-31")]
FromOutside = Annotated[Outside, form(outside), WithJsonSchema(WORDS)]
SecretName = Annotated[Outside, form(secret), WithJsonSchema(SECRET)]
SecretNames = Annotated[
    tuple[SecretName, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({**SECRET, "type": ["string", "array"], "items": SECRET}),
]
FieldValues = Annotated[dict[str, Patterns], names("Severity")]
States = Annotated[
    tuple[Literal["to do", "in progress", "done", "dropped"], ...],
    BeforeValidator(one_or_many),
    WithJsonSchema(_words("to do", "in progress", "done", "dropped")),
]
Levels = Annotated[
    tuple[Literal["portfolio", "item", "subtask"], ...],
    BeforeValidator(one_or_many),
    WithJsonSchema(_words("portfolio", "item", "subtask")),
]
