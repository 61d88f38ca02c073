"""Moments as people write them: `created`, `first done`, `entered In Review`, `field Outage started`, `A or B`.

KPIs and rules of delivery read the same words. To a KPI any other word is a moment of its stream, which `mappings.kpis`
looks up; to a rule it is the name of a status, and means that the item entered it.
"""

from __future__ import annotations

import re

from integration.core.catalogue import folded
from integration.core.kpi.language import STREAMS, Choice, Moment
from mappings.wording import found

OR = re.compile(r"(?:^|\s+)or(?:\s+|$)", re.IGNORECASE)
WITH_NAME = ("entered", "left", "field")
"""Words with a status or a field behind them; of stays, `entered` and `left` stand alone, too."""
OF_ITEMS = frozenset({"created", "first response", "planned", "started", "done"})
"""What a rule can say of an item beside a status or a field. `Closed` or `Approved` are statuses to it."""
NAMES = frozenset({"now"}).union(*(words.moments for words in STREAMS.values()))
"""Every moment of the language that needs no name behind it."""


def of_kpi(written: str) -> Choice:
    """What a KPI calls a moment. Raises ValueError where no moment is named at all; whether its stream has it is not told."""
    return tuple(_moment(part) or Moment(folded(part)) for part in _parts(written))


def of_rule(written: str) -> Choice:
    """What a rule of delivery calls a moment; any other text is a status that is entered. Raises ValueError for none."""
    return tuple(_of_item(part) or Moment("entered", folded(part)) for part in _parts(written))


def _parts(written: str) -> list[str]:
    parts = OR.split(written.strip())
    words = [word for word in (folded(part) for part in parts) if word]
    if len(words) < len(parts) or folded(written) in ("first", "last"):
        raise ValueError(f"{found(written)} names no moment; write it like done, entered In Review or field Due date")
    if "field" in words:
        raise ValueError(f"{found(written)} does not say which; write field and its name, such as field Due date")
    return parts


def _of_item(part: str) -> Moment | None:
    """The moment of an item, where the words say one; `Closed` and `Now` are statuses here."""
    moment = _moment(part)
    plain = moment is not None and not moment.of and moment.name not in OF_ITEMS
    return None if plain else moment


def _moment(part: str) -> Moment | None:
    """The moment that the words name, or None where they are no words of the language."""
    words = folded(part)
    if words in NAMES:  # `first response` and `first commit` are names themselves
        return Moment(words)
    which, _, rest = words.partition(" ")
    if which in ("first", "last"):
        inner = _plain(rest)
        return None if inner is None else Moment(inner.name, inner.of, "first" if which == "first" else "last")
    return _plain(words)


def _plain(words: str) -> Moment | None:
    word, _, name = words.partition(" ")
    if words in NAMES:
        return Moment(words)
    return Moment(word, name) if name and word in WITH_NAME else None
