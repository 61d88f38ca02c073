"""Why there is no number, in words that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from integration.core.delivery.facts import Stream
from integration.core.kpi.language import Choice

_ONE: Mapping[Stream, str] = {
    "deployments": "deployment",
    "changes": "change",
    "incidents": "incident",
    "items": "item",
    "stays": "stay",
    "builds": "build",
    "test runs": "test run",
    "pushed": "value",
}
_NOUNS = ("first commit", "first response", "field")
"""Moments that a fact has; the others are what happened to it."""


def start_unknown(start: Choice) -> str:
    return f"start not known ({_words(start)})"


def not_yet(end: Choice) -> str:
    """`not yet restored`, `no first response yet`."""
    words = _words(end)
    return f"no {words} yet" if words.startswith(_NOUNS) else f"not yet {words}"


def _words(choice: Choice) -> str:
    return " or ".join(f"{moment.name} {moment.of}".strip() for moment in choice)


def nothing(stream: Stream, anchors: tuple[Choice, ...], when: str) -> str:
    """`no incident restored in 28 days`."""
    happened = " and ".join(_words(choice) for choice in anchors)
    if stream == "pushed":
        happened = "pushed"
    elif happened.startswith(_NOUNS):
        happened = f"with a {happened}"
    return " ".join(filter(None, (f"no {_ONE[stream]}", happened, when)))


def no_sample(stream: Stream, number: int) -> str:
    """`no sample of 3 changes`."""
    return f"no sample of {number} {_ONE[stream]}{'' if number == 1 else 's'}"


def with_counts(reason: str, left: Iterable[str]) -> str:
    """The reason, and how often each of these: `…; 3 not yet restored`."""
    counts = Counter(left)
    return "; ".join((reason, *(f"{counts[one]} {one}" for one in sorted(counts))))
