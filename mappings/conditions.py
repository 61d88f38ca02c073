"""What a field of a fact must hold: a value or pattern, a bound, or a truth."""

from __future__ import annotations

import re

from integration.core.kpi.language import AnyOf, Holds, Is, Test
from integration.core.links import Pattern
from mappings import quantities

BOUND = re.compile(r"\s*(<|>|=<|=>|≤|≥)")
TRUTHS = {"true": True, "false": False}


def condition(written: str, pattern: Pattern) -> Test:
    """`">= 3"`, `true`, or else a pattern that one of its values matches. Raises ValueError for a bound that is none."""
    if BOUND.match(written):
        return Holds(quantities.bound(written))
    truth = TRUTHS.get(written.strip().casefold())
    return AnyOf((pattern,)) if truth is None else Is(truth)
