"""Which items feed which key results: selectors, link rules, and the links they make.

A link is direct (the item itself is tagged, selected or linked by hand). What descends from a directly linked item is
found by `core.rollup`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from integration.core.catalogue import Catalogue, Level, State, folded
from integration.core.expressions import Expression
from integration.core.facts import Value
from integration.core.items import Item, field_value
from integration.core.queries import Query

if TYPE_CHECKING:  # the scorecard is made of selectors and rules
    from integration.core.scorecard import Scorecard

BY_HAND = "by hand"
LINKED = "linked"


@dataclass(frozen=True)
class Pattern:
    """A name as people write it: `*` any text, `?` one character, `/…/` a regular expression; case and spaces fold."""

    text: str

    @cached_property
    def expression(self) -> Expression | None:
        """What stands between the slashes, where it is a regular expression. Raises ValueError for one that is none."""
        slashed = len(self.text) > 1 and self.text.startswith("/") and self.text.endswith("/")
        return Expression(self.text[1:-1]) if slashed else None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        first, *others = (re.escape(piece).replace(r"\?", ".") for piece in folded(self.text).split("*"))
        # Between two stars the first place will do, so no other is tried: many stars would else take for ever.
        middle, last = others[:-1], others[-1:]
        parts = (first, *(f"(?>.*?{piece})" for piece in middle), *(f".*{piece}" for piece in last))
        return re.compile("".join(parts) + r"\Z", re.DOTALL)

    def matches(self, name: str) -> bool:
        if self.expression is not None:
            return self.expression.found_in(name)
        return self._regex.match(folded(name)) is not None


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
    queries: tuple[Query, ...] = ()
    """All of them must be answered by the item."""
    excluded: Selector | None = None

    def matches(self, item: Item, catalogue: Catalogue) -> bool:
        """Whether the item is one of these. What the tracker has not told (a state, a priority) matches nothing said of it."""
        ref, project = item.ref, (item.project, item.project_name or catalogue.projects.get(item.project, ""))
        return (
            (not self.connections or ref.connection in self.connections)
            and _any(self.projects, project)
            and _any(self.types, (item.type,))
            and _any(self.statuses, (item.status,))
            and _any(self.priorities, (item.priority or "",))
            and _any(self.components, item.components)
            and _any(self.labels, item.labels)
            and _any(self.areas, area_and_above(item.area or ""))
            and (not self.states or item.state in self.states)
            and (not self.levels or item.level in self.levels)
            and (self.open is None or item.state in (_OPEN if self.open else _CLOSED))
            and (not self.keys or not {folded(item.key), ref.id}.isdisjoint(map(folded, self.keys)))
            and all(_any(patterns, texts(field_value(item, name, catalogue))) for name, patterns in self.fields.items())
            and all(query.id in item.answers for query in self.queries)
            and (self.excluded is None or not self.excluded.matches(item, catalogue))
        )


_OPEN: frozenset[State] = frozenset({"to do", "in progress"})
_CLOSED: frozenset[State] = frozenset({"done", "dropped"})


def _any(patterns: Iterable[Pattern], names: Iterable[str]) -> bool:
    """Whether any pattern matches any name; no patterns ask for nothing."""
    asked = tuple(patterns)
    return not asked or any(pattern.matches(name) for name in names if name for pattern in asked)


def area_and_above(area: str) -> Iterator[str]:
    r"""An area and all areas around it, both as people write them (`Shop/Checkout`) and as the tracker does (`Shop\Checkout`)."""
    steps = area.replace("\\", "/").strip("/").split("/")
    for length in range(1, len(steps) + 1):
        yield "/".join(steps[:length])
        yield "\\".join(steps[:length])


def texts(value: Value) -> tuple[str, ...]:
    """A field's value as the texts that a pattern or a name is compared with; whole numbers have no decimals."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    return (f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value),)


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


def links_of(item: Item, scorecard: Scorecard, catalogue: Catalogue, manual: Iterable[str]) -> frozenset[Link]:
    """The direct links of an item: by tag, by a selector of the mapping, by hand (`manual`: names of key results).

    All rules that match apply, whatever their order. A deleted item has none.
    """
    if item.deleted:
        return frozenset()
    names = scorecard.names
    tagged = (
        Link(meant, tag.origin)
        for tag in _tags(item, scorecard, catalogue)
        if (meant := names.meant_by(tag.name, titles=tag.titles))
    )
    selected = (
        Link(key_result.id, LINKED, work.weight)
        for _, key_result in scorecard.key_results()
        for work in key_result.linked
        if work.selector.matches(item, catalogue)
    )
    by_hand = (Link(meant, BY_HAND) for name in manual if (meant := names.meant_by(name)))
    return frozenset((*tagged, *selected, *by_hand))


def counted_by(item: Item, scorecard: Scorecard, catalogue: Catalogue) -> frozenset[str]:
    """The key results that count the item: not those of a deleted one, nor of one outside its connection's projects."""
    connection = scorecard.connections.get(item.ref.connection)
    if item.deleted or connection is None:
        return frozenset()
    within = Selector(projects=tuple(map(Pattern, connection.projects)))
    if not within.matches(item, catalogue):
        return frozenset()
    return frozenset(key_result for key_result, selector in scorecard.counts if selector.matches(item, catalogue))


def link_to(key_result: str, links: Iterable[Link]) -> Link | None:
    """The one link through which an item counts for a key result, however many there are.

    One that the mapping makes wins over tags, since only it can carry a weight; of several the heaviest.
    """
    made = (link for link in links if link.key_result == key_result)
    return max(made, key=lambda link: (link.origin == LINKED, link.weight, link.origin), default=None)


def unknown_tags(item: Item, scorecard: Scorecard, catalogue: Catalogue) -> tuple[tuple[str, str | None], ...]:
    """Tags of the item that name no key result, or several, each with the one that may be meant."""
    if item.deleted:
        return ()
    names = scorecard.names
    unknown = {
        tag.text: names.near(tag.name)
        for tag in _tags(item, scorecard, catalogue)
        if names.meant_by(tag.name, titles=tag.titles) is None
    }
    return tuple(sorted(unknown.items()))


class _Tag(NamedTuple):
    """One tag as it stands on an item: all of it, the name in it, and whether that name may be a title."""

    text: str
    name: str
    origin: str
    titles: bool


def _tags(item: Item, scorecard: Scorecard, catalogue: Catalogue) -> Iterator[_Tag]:
    for rule in scorecard.tags:
        if not rule.only.matches(item, catalogue):
            continue
        if rule.field is not None:
            for text in texts(field_value(item, rule.field, catalogue)):
                if text.strip():
                    yield _Tag(text, text, f"field {rule.field}", titles=True)
        if rule.label is not None:
            for label in item.labels:
                if name := _starred(rule.label, label):
                    yield _Tag(label, name, f"label {label}", titles=False)


def _starred(pattern: str, label: str) -> str:
    """What stands for the `*` of the pattern in a label; empty where the label is another one."""
    before, _, after = (part.strip() for part in folded(pattern).partition("*"))
    text = folded(label)
    if len(text) <= len(before) + len(after) or not (text.startswith(before) and text.endswith(after)):
        return ""
    return text[len(before) : len(text) - len(after)].strip()
