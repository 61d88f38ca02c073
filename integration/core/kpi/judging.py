"""Whether a value is where the team wants it, and what others call such a value. Unknown is neither good nor bad."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from integration.core.kpi.filters import within
from integration.core.kpi.language import Aggregate, Kpi
from integration.core.kpi.units import Scale
from integration.core.quantities import Bound


def holds(bound: Bound | None, value: Fraction | None, scale: Scale) -> bool | None:
    """Whether a value, as it is shown, is within a bound; None where it is unknown, or no bound is said."""
    return None if bound is None or value is None else within(bound, scale.limit(bound))(value)


def band(
    kpi: Kpi, value: Fraction | None, scale: Scale, other: Callable[[Aggregate], tuple[Fraction | None, Scale]]
) -> str:
    """The first band that holds, or none. `other` says what the samples amount to in another way."""
    if value is None:
        return ""
    for one in kpi.bands:
        told, its_scale = (value, scale) if one.aggregate is None else other(one.aggregate)
        if one.bound is None or holds(one.bound, told, its_scale):
            return one.label
    return ""
