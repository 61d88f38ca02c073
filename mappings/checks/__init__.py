"""What the words of a mapping mean together: names, measures, rules; and what this version does not do yet.

A check looks at all files at once and yields problems with their places. Checks know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from integration.core.errors import Problem
from mappings.checks import (
    connections,
    delivery,
    key_results,
    kpis,
    names,
    references,
    selectors,
    settings,
    unbuilt,
    write_back,
)
from mappings.whole import Whole

CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    *settings.CHECKS,
    *names.CHECKS,
    *references.CHECKS,
    *connections.CHECKS,
    *key_results.CHECKS,
    *kpis.CHECKS,
    *selectors.CHECKS,
    *delivery.CHECKS,
    *write_back.CHECKS,
    *unbuilt.CHECKS,
)


def problems_of(whole: Whole, misshapen: Iterable[Problem]) -> Iterator[Problem]:
    """Whatever the checks find, but for places whose very shape is wrong: one mistake is told once."""
    wrong = {(problem.file, problem.path) for problem in misshapen}
    for check in CHECKS:
        for problem in check(whole):
            if not any(problem.file == file and _within(problem.path, path) for file, path in wrong):
                yield problem


def _within(path: str, other: str) -> bool:
    return bool(other) and (path == other or path.startswith((f"{other}.", f"{other}[")))
