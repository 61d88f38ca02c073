"""How `okrlink hooks` tells what it found and did: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from integration.core.hooks import Deed, HookStep
from integration.store.deliveries import Outcome
from webhooks.phrases import many

FOUND: Mapping[Deed, str] = {
    "keep": "fine",
    "create": "missing",
    "mend": "wrong",
    "remove": "extra",
    "leave": "elsewhere",
}
DONE: Mapping[Deed, str] = {
    "keep": "fine",
    "create": "created",
    "mend": "mended",
    "remove": "removed",
    "leave": "left alone",
}
PLANNED: Mapping[Deed, str] = {
    "keep": "fine",
    "create": "would create",
    "mend": "would mend",
    "remove": "would remove",
    "leave": "would leave",
}


@dataclass(slots=True)
class Report:
    """What there is to say of one connection's hooks."""

    connection: str
    url: str
    steps: Sequence[HookStep] = ()
    failures: dict[int, str] = field(default_factory=dict)
    """Number of a step -> why it could not be done, in the tracker's words."""
    by_hand: Sequence[str] = ()
    reason: str | None = None
    """Why nothing could be looked at, or not all of it done."""
    status: int = 0


def as_text(report: Report, words: Mapping[Deed, str], *, everything: bool) -> Iterator[str]:
    """A line for each hook; of those that are fine only their number, unless `everything` is wanted."""
    yield f"{click.style(report.connection, bold=True)} → {report.url}"
    width = max(map(len, words.values()))
    for number, step in enumerate(report.steps):
        if number in report.failures:
            yield f"  {'failed':{width}}  {step.topic}: {report.failures[number]}"
        elif everything or step.deed != "keep":
            yield f"  {words[step.deed]:{width}}  {step.topic}" + (f": {'; '.join(step.drift)}" if step.drift else "")
    fine = sum(step.deed == "keep" for step in report.steps)
    if fine and not everything:
        yield f"  {many(fine, 'hook')} {'is' if fine == 1 else 'are'} as {'it' if fine == 1 else 'they'} should be"
    if not report.steps and not report.reason:
        yield "  there is none"
    if report.reason:
        yield f"  {report.reason}"
    yield from (f"  {line}" for line in report.by_hand)


def as_json(report: Report, words: Mapping[Deed, str]) -> dict[str, Any]:
    return {
        "connection": report.connection,
        "url": report.url,
        "hooks": [
            {
                "topic": step.topic,
                "is": words[step.deed] if number not in report.failures else "failed",
                "drift": list(step.drift),
                "id": step.there.id if step.there else None,
                "reason": report.failures.get(number),
            }
            for number, step in enumerate(report.steps)
        ],
        "reason": report.reason,
        "by_hand": list(report.by_hand),
    }


def arrival(found: Outcome | None) -> Mapping[str, Any] | None:
    return {"delivery": found.id, "state": found.state, "event": found.event} if found else None
