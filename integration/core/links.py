"""Which items feed which key results: selectors, link rules, and the links they make.

A link is direct (the item itself is tagged, selected or linked by hand). What descends from a directly linked item is
found by `core.rollup`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from integration.core.items import Level, State


@dataclass(frozen=True)
class Pattern:
    """A name as people write it: `*` any text, `?` one character, `/…/` a regular expression; case and spaces fold."""

    text: str

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        if len(self.text) > 1 and self.text.startswith("/") and self.text.endswith("/"):
            return re.compile(self.text[1:-1], re.IGNORECASE)
        wild = {"*": ".*", "?": "."}
        folded = " ".join(self.text.split()).casefold()
        return re.compile("".join(wild.get(char, re.escape(char)) for char in folded) + r"\Z", re.DOTALL)

    def matches(self, name: str) -> bool:
        if self.text.startswith("/") and self.text.endswith("/") and len(self.text) > 1:
            return self._regex.search(name) is not None
        return self._regex.match(" ".join(name.split()).casefold()) is not None


@dataclass(frozen=True, slots=True)
class Selector:
    """Which items: all keys that are said must hold; of one key's patterns any. An empty selector matches every item."""

    connections: tuple[str, ...] = ()
    projects: tuple[Pattern, ...] = ()
    types: tuple[Pattern, ...] = ()
    statuses: tuple[Pattern, ...] = ()
    priorities: tuple[Pattern, ...] = ()
    components: tuple[Pattern, ...] = ()
    labels: tuple[Pattern, ...] = ()
    states: tuple[State, ...] = ()
    levels: tuple[Level, ...] = ()
    open: bool | None = None
    areas: tuple[Pattern, ...] = ()
    keys: tuple[str, ...] = ()
    fields: Mapping[str, tuple[Pattern, ...]] = dataclasses.field(default_factory=dict)
    """Field name as on screen, or id -> patterns."""
    excluded: Selector | None = None


@dataclass(frozen=True, slots=True)
class TagRule:
    """How people tag: a label with one `*` that stands for a key result, or a field that holds one. `only` narrows it."""

    label: str | None = None
    field: str | None = None
    only: Selector = dataclasses.field(default_factory=Selector)


@dataclass(frozen=True, slots=True)
class LinkedWork:
    """Work linked in the mapping itself, beside what people tag; `weight` is its items' weight under `work: weight`."""

    selector: Selector
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One direct link of an item to a key result, and how it came about (`label kr:x`, `field Key Result`, `by hand`, …)."""

    key_result: str
    origin: str
    weight: Decimal = Decimal(1)
