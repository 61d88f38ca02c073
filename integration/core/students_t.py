"""Student's t distribution, for intervals around a line that was fitted to few points."""

from __future__ import annotations

from functools import lru_cache
from math import atan, cos, pi, sin, sqrt, tan


def below(t: float, freedom: int) -> float:
    """The chance that a value of the distribution is at most `t`; `freedom` counts its degrees, at least 1.

    By the finite sums for whole degrees of freedom: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
    and 26.7.4.
    """
    return (1 + _within(atan(t / sqrt(freedom)), freedom)) / 2


@lru_cache(maxsize=1024)
def at_most(chance: float, freedom: int) -> float:
    """The value that is not passed with that chance, which lies between a half and one: the inverse of `below`."""
    low, high = 0.0, pi / 2
    for _ in range(60):  # halving an angle that often leaves nothing that a float could tell
        middle = (low + high) / 2
        if (1 + _within(middle, freedom)) / 2 < chance:
            low = middle
        else:
            high = middle
    return tan(low) * sqrt(freedom)


def _within(angle: float, freedom: int) -> float:
    """The chance of lying between -t and t, by the angle whose tangent is t over the root of the degrees of freedom."""
    odd = freedom % 2
    term = total = (cos(angle) if odd else 1.0) if freedom > 1 else 0.0
    square = cos(angle) ** 2
    for number in range(2 + odd, freedom - 1, 2):
        term *= square * (number - 1) / number
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
