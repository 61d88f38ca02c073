"""How samples become one number: `median`, `share <= 4 h`, `median over weeks of active days`; and bands of such numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, TypeAlias

from integration.core.catalogue import folded
from integration.core.kpi.language import Aggregate, Bucket, Fold
from integration.core.quantities import Bound
from mappings import quantities
from mappings.suggestions import did_you_mean
from mappings.wording import found

Plain: TypeAlias = Literal["count", "sum", "mean", "min", "max", "last", "ratio"]

PLAIN: tuple[Plain, ...] = ("count", "sum", "mean", "min", "max", "last", "ratio")
SPANS: dict[str, Literal["day", "week", "month"]] = {"days": "day", "weeks": "week", "months": "month"}
BUCKETS = {**SPANS, "quarters": "quarter", "items": "items"}
KNOWN = (*PLAIN, "median", "p85", "p90", "p95", *(f"active {span}" for span in SPANS), "share")
PERCENTILE = re.compile(r"p(?P<rank>[0-9]{1,2}(\.[0-9]{1,3})?)")
OVER = re.compile(r"(?P<outer>.+?) over (?P<bucket>.+) of (?P<inner>.+)", re.IGNORECASE)
BAND = re.compile(r"(?:(?P<aggregate>.+) )?(?P<bound>(?:<=|>=|<|>|at most|at least) *[+-]?[0-9].*)", re.IGNORECASE)


def aggregate(written: str) -> Aggregate:
    """`AGG`, or `AGG over BUCKET of AGG`. Raises ValueError for what is none."""
    text = " ".join(written.split())
    match = OVER.fullmatch(text)
    if match is None:
        if re.search(r"\bover\b", text, re.IGNORECASE):
            raise ValueError(f"{found(text)} does not say of what; write it like median over weeks of count")
        return Aggregate(_fold(text))
    return Aggregate(_fold(match["inner"]), _bucket(match["bucket"]), _fold(match["outer"]))


def band(written: str) -> tuple[Bound | None, Aggregate | None]:
    """`[AGG] BOUND`, or `else` for whatever no other band holds. Raises ValueError for what is neither."""
    text = " ".join(written.split())
    if text.casefold() == "else":
        return None, None
    match = BAND.fullmatch(text)
    if match is None:
        raise ValueError(f'expected a bound such as ">= 5", or else, got {found(text)}')
    told = match["aggregate"]
    return quantities.bound(match["bound"]), aggregate(told) if told else None


def _bucket(text: str) -> Bucket:
    word = folded(text)
    plural = word if word in BUCKETS else f"{word}s"
    return BUCKETS.get(plural, word)


def _fold(text: str) -> Fold:
    word = folded(text)
    for name in PLAIN:
        if word == name:
            return Fold(name)
    if word == "median":
        return Fold("percentile", rank=Fraction(1, 2))
    if (percentile := PERCENTILE.fullmatch(word)) and float(percentile["rank"]) > 0:
        return Fold("percentile", rank=Fraction(percentile["rank"]) / 100)
    first, _, rest = word.partition(" ")
    if first == "active" and rest in SPANS:
        return Fold("active", span=SPANS[rest])
    if first == "share" and rest:
        return Fold("share", bound=quantities.bound(text.partition(" ")[2]))
    if first == "share":
        raise ValueError(f"{found(text)} of what? add a bound, as in share <= 4 h")
    raise ValueError(f"{found(text)} is not an aggregate{did_you_mean(word, KNOWN)}")
