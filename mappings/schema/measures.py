"""Measure what: a count, a number, a time between two moments, a share; such a total per time or per another; pushed numbers."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from integration.core.kpi.language import Choice
from mappings import moments
from mappings.schema.filters import FilterKeys, Of
from mappings.schema.forms import WORDS, Bool, Bound, Keys, Patterns, Text, about, form, one_or_many, word
from mappings.schema.word_or_keys import WordOrKeys
from mappings.suggestions import did_you_mean
from mappings.wording import found

PerSpan: TypeAlias = Literal["day", "week", "month"]
SPANS: tuple[PerSpan, ...] = ("day", "week", "month")

Moment = Annotated[Choice, form(moments.of_kpi), WithJsonSchema(WORDS)]
Moments = Annotated[
    tuple[Moment, ...],
    BeforeValidator(one_or_many),
    WithJsonSchema({"type": [*WORDS["type"], "array"], "items": WORDS}),
]


def _two(value: object) -> object:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("is the time between two moments; write it like [created, done]")
    return value


Ends = Annotated[
    tuple[Moment, ...],
    BeforeValidator(_two),
    WithJsonSchema({"type": "array", "minItems": 2, "maxItems": 2, "items": WORDS}),
]


class SideKeys(Keys):
    """One number of each fact, and of which facts; exactly one of count, number, between, share."""

    count: Of | None = about("1 for each of these facts", "deployments", {"type": "Bug"})
    number: Text | None = about("the number in this field, of the facts in `of`", "Story Points", "passed")
    between: Ends | None = about("the time between two moments, of the facts in `of`", ["created", "done"])
    share: FilterKeys | None = about("the part of the facts in `of` that matches", {"result": "failed"})
    of: Of | None = about("of which facts: a stream, or a filter of items", "changes", {"type": "Bug"})
    where: FilterKeys | None = about("only facts like these, on this side", {"service": "shop"})
    at: Moments | None = about("by which moment facts are in the window", "done", ["opened", "restored"])
    hours: Annotated[Literal["calendar", "business"], BeforeValidator(word)] | None = about(
        "elapsed time, or the part of it within business_hours", default="calendar"
    )
    paused_in: Patterns | None = about("statuses in which the clock stands still", ["Waiting for customer"])
    whole: Annotated[Literal["minutes", "hours", "days"], BeforeValidator(word)] | None = about(
        "cut each duration to whole ones; days subtract dates", "days"
    )
    only: Bound | None = about("only durations within this bound", ">= 1 min")


def _span(written: str) -> PerSpan:
    for span in SPANS:
        if written.casefold() == span:
            return span
    raise ValueError(f"{found(written)} is not one of day, week, month{did_you_mean(written, SPANS)}")


Per = Annotated[
    PerSpan | SideKeys, WordOrKeys(SideKeys, _span, r"^(day|week|month)$", "day, week or month; or a side of its own")
]


class MeasureKeys(SideKeys):
    """Of which facts, measure what."""

    per: Per | None = about("per time, or divided by another total", "week", {"count": "deployments"})
    pushed: Bool | None = about("numbers pushed, imported or typed in under the KPI's name", True)


def kinds_of(keys: Any) -> tuple[str, ...]:
    """What a side says it measures; it should be one thing."""
    return tuple(kind for kind in ("count", "number", "between", "share", "pushed") if getattr(keys, kind, None))
