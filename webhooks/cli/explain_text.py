"""The words in which `okrlink explain` tells people about facts: a heading a file, lines a fact, a table at the end.

Payloads come from anywhere: what is no text for a terminal is replaced.
"""

from __future__ import annotations

import dataclasses
import shutil
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from integration.core.facts import TrackerFact
from mappings.wording import printable
from webhooks.phrases import field_value

_COLOURS = {"translated": "green", "ignored": "bright_black", "unsupported": "yellow", "malformed": "red"}
_KIND_WIDTH = 22
_MARGIN = " " * (2 + len("2026-10-06 13:03:11") + 2)
_WIDEST = 140
_LONGEST_NAME = 64
_GLUE = "\N{NO-BREAK SPACE}"
_ALREADY_SAID = frozenset(
    {"exact", "at", "source", "actor", "item", "order", "before", "after", "before_text", "after_text"}
)
_IDS_OF_NAMES = frozenset({"before_id", "after_id"})
_FIRST = ("key", "type", "status", "category", "parent", "labels", "title")
"""What a mapping mostly asks for stands first; the rest follows as the tracker sent it."""


def heading(file: str, tracker: str | None, event: str | None, items: Sequence[str]) -> str:
    told = " · ".join(part for part in (tracker or "unknown tracker", event, ", ".join(items)) if part)
    return f"\n{click.style(printable(file), bold=True)}\n  {printable(told)}"


def fact_lines(facts: Iterable[TrackerFact]) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    for fact in facts:
        opening = f"  {fact.at:%Y-%m-%d %H:%M:%S}  {fact.kind:<{_KIND_WIDTH}}"
        parts = [printable(part).replace(" ", _GLUE) for part in _told(fact)]  # lines break between parts, not within
        lines = textwrap.fill(
            opening + f"{_GLUE}· ".join(parts),
            width=max(width, len(_MARGIN) + 20),
            subsequent_indent=_MARGIN,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield lines.replace(_GLUE, " ").rstrip()


def summary(counts: Counter[tuple[str, str, str, str]]) -> str:
    """Counts per outcome, tracker, event and reason."""
    totals = Counter[str]()
    for (outcome, *_), count in counts.items():
        totals[outcome] += count
    said = ", ".join(
        click.style(f"{totals[name]} {name}", fg=colour) for name, colour in _COLOURS.items() if totals[name]
    )
    files = totals.total()
    lines = [f"\n{files} {'file' if files == 1 else 'files'}: {said or 'nothing to explain'}"]
    order = list(_COLOURS)
    rows = [
        (outcome, count, printable(_sender(tracker, event)), printable(reason))
        for (outcome, tracker, event, reason), count in sorted(
            counts.items(), key=lambda row: (order.index(row[0][0]), row[0])
        )
    ]
    width = min(max((len(name) for _, _, name, _ in rows), default=0), _LONGEST_NAME)
    lines += [f"  {outcome:<12}{count:>6}  {name:<{width}}  {reason}".rstrip() for outcome, count, name, reason in rows]
    return "\n".join(lines)


def _sender(tracker: str, event: str) -> str:
    return f"{tracker or 'unknown'}: {event}" if event else tracker or "unknown tracker"


def _told(fact: TrackerFact) -> Iterator[str]:
    if hasattr(fact, "before"):
        yield from _change(fact)
    for each in dataclasses.fields(fact):
        value = getattr(fact, each.name)
        if each.name in _ALREADY_SAID or each.name in _IDS_OF_NAMES or _is_empty(value):
            continue
        if isinstance(value, Mapping):
            named = {name: value[name] for name in _FIRST if name in value}
            yield from (f"{name} {_spoken(told)}" for name, told in {**named, **value}.items() if not _is_empty(told))
        elif each.name != "field":
            yield f"{each.name.replace('_', ' ')} {_spoken(value)}"


def _change(fact: TrackerFact) -> Iterator[str]:
    """`labels: checkout → checkout kr-rebuilt`, in the tracker's words where it told words, else its ids."""
    before, after = (getattr(fact, f"{side}_text", None) or getattr(fact, side) for side in ("before", "after"))
    field = getattr(fact, "field", "")
    change = (
        f"{_spoken(before)} → {_spoken(after)}" if before is not None or after is not None else "changed; text not kept"
    )
    yield f"{field}: {change}" if field else change


def _is_empty(value: object) -> bool:
    return value is None or value in ((), "")


def _spoken(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case float():
            return field_value(value)
        case _:
            return str(value)
