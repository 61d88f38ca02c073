"""Cycles, objectives, key results: what a team wants, and how it is measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator

from integration.core import quantities as amounts
from integration.core.calendar import Ramp
from integration.core.scorecard import Kind
from mappings import quantities
from mappings.schema.forms import (
    WITH_UNIT,
    Bound,
    Day,
    FieldValues,
    Keys,
    Number,
    Quantity,
    Target,
    Text,
    Texts,
    about,
    as_typed,
    form,
    names,
    rule_list,
    section,
    text,
)
from mappings.schema.selectors import Selector, WeighedSelector
from mappings.starts import Measured, start
from mappings.wording import found

CheckInEvery: TypeAlias = Literal["daily", "weekly", "every 2 weeks", "monthly"]


def _unestimated(written: str) -> Literal["median", "zero"] | Decimal:
    match written:
        case "median" | "zero":
            return written
    try:
        worth = quantities.number(written)
    except ValueError:
        raise ValueError(f"expected median, zero or a number, got {found(written)}") from None
    if worth < 0:
        raise ValueError(f"{found(written)} is below 0; no item is worth less than nothing")
    return worth


def _milestones(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("expected dates with numbers, such as `2026-11-15: 40 %`")  # noqa: TRY004 - read by pydantic
    return value


Start = Annotated[
    amounts.Quantity | Measured,
    form(start),
    as_typed(
        rf"^(measured( .+)?|[+-]?[0-9]+(\.[0-9]+)?{WITH_UNIT})$",
        "a number, measured, measured 2026-Q3, or measured DATE..DATE",
        numbers=True,
    ),
]
Unestimated = Annotated[
    Literal["median", "zero"] | Decimal,
    form(_unestimated),
    as_typed(r"^(median|zero|[0-9]+(\.[0-9]+)?)$", "median, zero or a number", numbers=True),
]


class CycleKeys(Keys):
    """A named span of dates; both days are in it."""

    from_: Day | None = about("first day; by the name for 2026, 2026-H2, 2026-Q4, 2026-10", "2026-09-01", alias="from")
    to: Day | None = about("last day", "2026-12-31")
    was: Texts | None = about("former names")


class KeyResultKeys(Keys):
    """A measure moved from a start to a target; measured by `kpi`, `work` or `count`, by none of them: people check in."""

    title: Text = about("what people read", "The new checkout is built", needed=True)
    description: Text | None = about("more words")
    owner: Text | None = about("who answers for it; else the objective's owner", "dana@acme.example")
    kpi: Text | None = about("measured by this KPI or preset", "lead-time", "dora/lead-time")
    where: FieldValues | None = about("only a part of the KPI", {"team": "Platform"})
    work: Text | None = about(
        "measured by the share of linked work that is done: items, story points, weight, or a number field",
        "items",
        "story points",
    )
    unestimated: Unestimated | None = about("what an item without an estimate counts as", "zero", default="median")
    linked: Annotated[tuple[WeighedSelector, ...], BeforeValidator(rule_list)] = about(
        "work linked here, besides what people tag", [{"project": "PROJ", "label": "scoping"}], value=()
    )
    count: Selector | None = about("measured by how many such items there are", {"type": "Bug", "open": True})
    check_in: Annotated[CheckInEvery, BeforeValidator(text)] | None = about(
        "how often people are asked: the value if nothing measures it, confidence, note", default="weekly"
    )
    start: Start | None = about("where it begins: a number, or `measured`", 42, "measured 2026-Q3")
    target: Target | None = about("the number to reach; with a sign, from the start", 10, "50 %", "-30 %", "+5 points")
    keep: Bound | None = about("instead of a target: a range to hold", ">= 90 %")
    by: Day | None = about("own deadline, also beyond the cycle", "2027-03-31")
    weight: Number | None = about("share in the objective", 2, default=1)
    kind: Annotated[Kind, BeforeValidator(text)] | None = about("what counts as success", default="committed")
    ramp: Annotated[Ramp, BeforeValidator(text)] | None = about("how progress is expected to come", default="linear")
    milestones: Annotated[dict[Day, Quantity], BeforeValidator(_milestones)] | None = about(
        "expected values on the way", {"2026-11-15": "40 %"}
    )
    was: Texts | None = about("former names; objective.name for one that moved")


class ObjectiveKeys(Keys):
    """Where to go, in words, within a cycle."""

    title: Text = about("what people read", "Buying a book takes less than a minute", needed=True)
    description: Text | None = about("more words")
    strategy: Text | None = about("the strategy it serves", "Win on convenience")
    owner: Text | None = about("who answers for it; else the file's owner", "dana@acme.example")
    team: Text | None = about("whose it is; else the file's team", "Checkout")
    cycle: Text | None = about("when; else the file's cycle", "2026-Q4")
    supports: Texts | None = about("the objectives or key results it serves", "loved", "loved.returning")
    guardrails: Texts | None = about("KPIs whose `keep` must hold meanwhile", ["change-failure-rate"])
    key_results: Annotated[dict[str, KeyResultKeys], names("rebuilt")] = section(
        "how it is seen that the objective is reached", needed=True
    )
    was: Texts | None = about("former names")
