"""What a run, a version or an item tells of one deployment, judged by the rules: whether it is one, how it ended, and where.

| A tracker's own word | Means |
|---|---|
| succeeded, partially succeeded, succeeded with issues | success: it is there, and the pipeline lets such trouble pass |
| failed, timed out, rejected (a classic environment's word for both a failure and a refusal) | failed |
| canceled, skipped, not deployed, abandoned, and any other | no deployment |

A rule's `failed` turns any word but those for cancelled and skipped into a failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from integration.core.catalogue import folded
from integration.core.delivery.membership import any_of
from integration.core.delivery.rules import DeploymentRule

Result: TypeAlias = Literal["success", "failed"]

_SUCCESS = frozenset({"success", "succeeded", "partially succeeded", "succeeded with issues"})
_FAILED = frozenset({"failed", "timed out", "rejected"})
_NEVER = frozenset({"canceled", "cancelled", "skipped", "not deployed"})
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def word(told: str) -> str:
    """`partiallySucceeded` as people say it: `partially succeeded`."""
    return folded(_WORDS.sub(" ", told))


def result_of(told: str | None, rule: DeploymentRule) -> Result | None:
    """How it ended; None where it is no deployment, or has not ended."""
    if not told or (said := word(told)) in _NEVER:
        return None
    if any_of(rule.failed, (said, told)) or said in _FAILED:
        return "failed"
    return "success" if said in _SUCCESS else None


class Judged(NamedTuple):
    """One thing that ended, as one rule judges it. None: the rule says nothing of it."""

    result: Result
    production: bool
    rollback: bool | None
    rework: bool | None


def judged(
    told: str | None, environment: str | None, names: Iterable[str | None], rule: DeploymentRule
) -> Judged | None:
    """What the rule makes of it; None where it is no deployment by this rule.

    `names` are all by which people tell it from others: names, titles, branches, labels.
    """
    called = [name for name in names if name]
    result = result_of(told, rule)
    if result is None or any_of(rule.ignore, called):
        return None
    return Judged(
        result,
        production=not rule.environments or environment is None or any_of(rule.environments, (environment,)),
        rollback=any_of(rule.rollback, called) if rule.rollback else None,
        rework=any_of(rule.rework, called) if rule.rework else None,
    )


def together(several: Iterable[Judged]) -> Judged:
    """One deployment of all of them: it failed if one did; of rules that contradict each other the one that says yes holds."""
    told = tuple(several)
    return Judged(
        "failed" if any(one.result == "failed" for one in told) else "success",
        any(one.production for one in told),
        _either(one.rollback for one in told),
        _either(one.rework for one in told),
    )


def _either(several: Iterable[bool | None]) -> bool | None:
    said = [one for one in several if one is not None]
    return any(said) if said else None


def fields_of(one: Judged) -> dict[str, str | bool]:
    """As a deployment has them; what no rule says is missing."""
    told = {"result": one.result, "production": one.production, "rollback": one.rollback, "rework": one.rework}
    return {name: value for name, value in told.items() if value is not None}


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)
