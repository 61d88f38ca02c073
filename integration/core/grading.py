"""How progress against what was expected becomes one word."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from integration.core.scorecard import Grading, Kind

Status: TypeAlias = Literal["done", "on track", "behind", "at risk", "not started", "missed", "unknown"]
Phase: TypeAlias = Literal["before", "during", "after"]
"""Where a moment is relative to the days of a key result."""


class Grades(NamedTuple):
    """The least shares of expected progress that are on track, and behind; what is below is at risk."""

    on_track: Fraction
    behind: Fraction
    above: bool = False
    """On track is only what lies above its share, not on it."""


GRADES: Mapping[Grading, Grades] = {
    # Microsoft Viva Goals, automatic status: expected or more is on track, up to 25 % less than expected is behind.
    "viva": Grades(Fraction(1), Fraction(3, 4)),
    # Google (re:Work, "Measure What Matters"): 0.7 and more is green, 0.4 and more yellow. Of what may be expected by
    # now: Google itself grades at the end of a cycle only, when all is expected.
    "google": Grades(Fraction(7, 10), Fraction(4, 10)),
    # Atlassian's team playbook scores key results 0 to 1 with the same bounds.
    "atlassian": Grades(Fraction(7, 10), Fraction(4, 10)),
    # Tability: above 70 % of the growth expected by now is on track, 50 to 70 % is at its middle grade.
    "tability": Grades(Fraction(7, 10), Fraction(1, 2), above=True),
}

SUCCESS: Mapping[Kind, Fraction] = {"committed": Fraction(1), "aspirational": Fraction(7, 10)}
"""The progress that is success at the end, and so what is expected by then."""


def graded(progress: Fraction, expected: Fraction, grading: Grading) -> Status:
    """On track, behind or at risk. What is expected is on track under every grading, also where nothing is expected yet."""
    grades = GRADES[grading]
    if progress >= expected or progress > grades.on_track * expected:
        return "on track"
    if progress == grades.on_track * expected and not grades.above:
        return "on track"
    return "behind" if progress >= grades.behind * expected else "at risk"


def status_of(
    progress: Fraction | None,
    expected: Fraction | None,
    grading: Grading,
    kind: Kind,
    phase: Phase = "during",
    *,
    holds: bool = False,
) -> Status:
    """One word for where a key result stands.

    Before its first day it is not started. Without progress it is unknown. It is done as soon as its target is reached,
    unless it holds a range (`holds`), which takes until the end; at the end success by its kind will do, and anything
    less is missed.
    """
    if phase == "before":
        return "not started"
    if progress is None or expected is None:
        return "unknown"
    if phase == "after":
        return "done" if progress >= SUCCESS[kind] else "missed"
    if progress >= 1 and not holds:
        return "done"
    return graded(progress, expected, grading)
