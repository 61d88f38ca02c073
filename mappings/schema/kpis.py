"""KPIs: one sentence about facts each, and the words around it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, PlainValidator

from integration.core import quantities as amounts
from integration.core.kpi import language
from mappings import quantities
from mappings.aggregates import aggregate, band
from mappings.schema.filters import FilterKeys
from mappings.schema.forms import Bound, Keys, Text, Texts, about, as_typed, form, text, word
from mappings.schema.measures import MeasureKeys
from mappings.windows import window
from mappings.wording import found

Weekday: TypeAlias = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
AGG = r"(count|sum|mean|median|p[0-9]{1,2}(\.[0-9]{1,3})?|min|max|last|share .+|active (days|weeks|months)|ratio)"

Aggregate = Annotated[
    language.Aggregate,
    form(aggregate),
    as_typed(rf"^{AGG}( over .+ of {AGG})?$", "such as median, p90, share <= 4 h, median over weeks of active days"),
]
Window = Annotated[
    language.Window,
    form(window),
    as_typed(
        r"^([1-9][0-9]*( whole)? (day|week|month|quarter|year)s?|this (week|month|quarter|year)"
        r"|[0-9]{4}-[0-9]{2}-[0-9]{2}\.\.[0-9]{4}-[0-9]{2}-[0-9]{2}|now)$",
        "such as 28 days, 12 whole weeks, this quarter, 2026-07-01..2026-09-30 or now",
    ),
]
Preset = Annotated[str, PlainValidator(text), as_typed(r"^[a-z]+/[a-z-]+$", "a preset such as dora/lead-time")]
BandText = Annotated[
    tuple[amounts.Bound | None, language.Aggregate | None],
    form(band),
    as_typed(r"^(else|(.+ )?(<=|>=|<|>|at most|at least) *[+-]?[0-9].*)$", 'a bound such as ">= 5", or else'),
]


def _target(written: str) -> amounts.Bound:
    word = " ".join(written.split())
    if word[:1] in ("+", "-"):
        message = "is relative to a start, and a KPI has none; give it to a key result, or write a bound"
        raise ValueError(f'{found(word)} {message} such as ">= 5 / week"')
    return quantities.bound(written)


def _decimals(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) == 1):
        raise ValueError(f"expected how many decimals, 0 to 9, got {found(written)}")
    return int(written)


Target = Annotated[
    amounts.Bound,
    form(_target),
    as_typed(r"^(<=|>=|<|>|at most|at least) *[0-9].*$", 'a bound such as ">= 5 / week" or at most 2 days'),
]


class BandsKeys(Keys):
    """Words for values: of the bounds below, the first that holds. Without any, those that were published by this name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, BandText]

    from_: Text | None = about(
        "whose bands, with the year of the report; alone: those it has for the preset", "DORA 2024", alias="from"
    )

    @property
    def labels(self) -> dict[str, tuple[amounts.Bound | None, language.Aggregate | None]]:
        return self.__pydantic_extra__ or {}


class KpiKeys(Keys):
    """A measure that is watched all the time: one sentence about facts."""

    title: Text | None = about("what people read; else the name")
    description: Text | None = about("more words")
    use: Preset | None = about("the preset it starts from", "dora/lead-time", "flow/cycle-time", "sla/time-to-respond")
    measure: MeasureKeys | None = about(
        "of which facts, measure what", {"count": "deployments", "per": "week"}, {"pushed": True}
    )
    aggregate: Aggregate | None = about("said how", "median", "p90", "share <= 4 h", "median over weeks of count")
    where: FilterKeys | None = about("only facts like these", {"service": "shop"})
    window: Window | None = about("over which time", "12 whole weeks", "this quarter", default="28 days")
    by: Texts | None = about("split by what: fields, and day, week, month, quarter", "team", ["service", "week"])
    percentile: Annotated[Literal["interpolated", "nearest"], BeforeValidator(word)] | None = about(
        "how percentiles are found", default="interpolated"
    )
    timezone: Text | None = about("where days begin; else the file's", "UTC")
    week_starts: Annotated[Weekday, BeforeValidator(word)] | None = about("where weeks begin; else the file's")
    unit: Text | None = about("how it is shown", "days", "USD", "%")
    decimals: Annotated[int, form(_decimals), as_typed(r"^[0-9]$", "how many, 0 to 9", numbers=True)] | None = about(
        "digits the value itself is rounded to", 1
    )
    better: Annotated[Literal["higher", "lower"], BeforeValidator(word)] | None = about("which way is good")
    target: Target | None = about("where the team wants to be: a bound", "<= 2 days")
    keep: Bound | None = about("what must hold: a bound", "<= 15 %")
    bands: BandsKeys | None = about(
        "words for values: the first bound that holds", {"from": "DORA 2024", "good": ">= 5 / week", "low": "else"}
    )
    kind: (
        Annotated[Literal["delivery", "quality", "financial", "client", "team health"], BeforeValidator(word)] | None
    ) = about("what it is about", "client")
    indicator: Annotated[Literal["leading", "lagging"], BeforeValidator(word)] | None = about(
        "whether it tells before or after", "leading"
    )
    owner: Text | None = about("who answers for it")
    review: Annotated[Literal["weekly", "monthly", "quarterly"], BeforeValidator(word)] | None = about(
        "how often people look at it", "monthly"
    )
    source: Text | None = about("where the definition comes from")
    was: Texts | None = about("former names")
