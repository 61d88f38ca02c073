"""Many samples, one number: sums, means, percentiles, parts. Exact, and the same whatever the order of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

Exact: TypeAlias = int | Fraction


def mean(values: Sequence[Exact]) -> Fraction:
    return Fraction(sum(values)) / len(values)


def percentile(values: Sequence[Exact], rank: Fraction, *, nearest: bool) -> Fraction:
    """The value below which a part (`rank`, 0 to 1) of the values lies.

    Interpolated between neighbours at (n-1)·rank, counted from 0; `nearest` takes the ⌈n·rank⌉-th value.
    """
    ordered = sorted(values)
    if nearest:
        return Fraction(ordered[max(-(-len(ordered) * rank.numerator // rank.denominator) - 1, 0)])
    below, rest = divmod((len(ordered) - 1) * rank.numerator, rank.denominator)
    lower = ordered[below]
    if not rest:
        return Fraction(lower)
    return lower + Fraction(rest, rank.denominator) * (ordered[below + 1] - lower)


def rounded(value: Fraction, decimals: int) -> Fraction:
    """To so many decimals, half up."""
    power = 10**decimals
    return Fraction((value * power + Fraction(1, 2)).__floor__(), power)
