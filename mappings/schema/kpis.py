"""KPIs: their names and what must hold of them. The words of their measures are read by a later version."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from mappings.schema.forms import Bound, Keys, Number, Text, Texts, about, text

Anything = Annotated[Any, WithJsonSchema({})]


class KpiKeys(Keys):
    """A measure that is watched all the time: one sentence about facts."""

    title: Text | None = about("what people read; else the name")
    description: Text | None = about("more words")
    use: Text | None = about("the preset it starts from", "dora/lead-time")
    measure: Anything | None = about("of which facts, measure what", {"count": "deployments"}, {"pushed": True})
    aggregate: Text | None = about("said how", "median", "p90", "share <= 4 h")
    where: Anything | None = about("only facts like these", {"service": "shop"})
    window: Text | None = about("over which time", "28 days", "12 whole weeks", default="28 days")
    by: Texts | None = about("split by what", "team", ["service", "week"])
    percentile: Text | None = about("how percentiles are found", "nearest", default="interpolated")
    timezone: Text | None = about("where days begin; else the file's")
    week_starts: Text | None = about("where weeks begin; else the file's")
    unit: Text | None = about("how it is shown", "days", "USD", "%")
    decimals: Number | None = about("digits the value is rounded to", 1)
    better: Annotated[Literal["higher", "lower"], BeforeValidator(text)] | None = about("which way is good")
    target: Text | None = about("where the team wants to be: a bound", "<= 2 days")
    keep: Bound | None = about("what must hold: a bound", "<= 15 %")
    bands: Anything | None = about("words for values: the first bound that holds")
    kind: Text | None = about("delivery, quality, financial, client, team health", "client")
    indicator: Text | None = about("leading or lagging", "leading")
    owner: Text | None = about("who answers for it")
    review: Text | None = about("weekly, monthly, quarterly", "monthly")
    source: Text | None = about("where the definition comes from")
    was: Texts | None = about("former names")
