"""A measurement without the single facts: what is kept, shown in lists, and drawn over time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from fractions import Fraction

from integration.core.kpi.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """As `Measurement`, with the numbers of samples and of facts left out instead of each of them."""

    kpi: str
    as_of: datetime
    first: datetime
    last: datetime
    value: Fraction | None
    unit: str = ""
    reason: str = ""
    samples: int = 0
    left_out: int = 0
    above: Fraction | None = None
    below: Fraction | None = None
    band: str = ""
    meets: bool | None = None
    holds: bool | None = None


_ALIKE = tuple(one.name for one in fields(Summary) if one.name not in ("samples", "left_out"))


def summary(measurement: Measurement) -> Summary:
    alike = {name: getattr(measurement, name) for name in _ALIKE}
    return Summary(**alike, samples=measurement.samples, left_out=len(measurement.left_out))
