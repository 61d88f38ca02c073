"""Linked work, counted for one key result: which items count, each once, how big they are, and what is done of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from integration.core.errors import ServiceError
from integration.core.facts import ItemRef
from integration.core.items import Item
from integration.core.links import Link
from integration.core.scorecard import Cycle, KeyResult, Work
from integration.core.standing import WorkCount


class Uncountable(ServiceError):
    """The work cannot be counted yet; the message is the reason that people read."""


class Tally(NamedTuple):
    """Linked work, counted, and how much of it was done on each local day, as far as the tracker tells when."""

    work: WorkCount
    done_on: Mapping[date, Fraction]


def tally(
    key_result: KeyResult,
    cycle: Cycle,
    direct: Mapping[ItemRef, Link],
    items: Mapping[ItemRef, Item],
    estimates: Callable[[Item], Decimal | None],
    *,
    timezone: tzinfo,
    counted_elsewhere: Container[ItemRef] = frozenset(),
    scope_at_start: Fraction | None = None,
) -> Tally:
    """How much is done of how much, over the `leaves`; the key result is one that is measured by work.

    `direct` are the key result's links, one an item; `items` all of these and what descends from them. `scope_at_start`
    is what this once returned in the cycle; without it today's scope is the first. Raises `Uncountable` while the
    tracker has not told the category of a counted item's status.
    """
    if not isinstance(key_result.measure, Work):
        raise TypeError(f"{key_result.id} is not measured by work")
    counted = leaves(cycle, direct, items, timezone)
    _refuse_undecided([items[ref] for ref in counted])
    known = _known_sizes(key_result.measure, counted, items, estimates)
    assumed = None if len(known) == len(counted) else _assumed_size(key_result.measure, known.values())
    sizes = {ref: known.get(ref, assumed or Fraction(0)) for ref in counted}
    done = {ref for ref in counted if items[ref].state == "done"}
    scope = sum(sizes.values(), Fraction(0))
    work = WorkCount(
        done=sum((sizes[ref] for ref in done), Fraction(0)),
        scope=scope,
        items=len(counted),
        items_done=len(done),
        unestimated=len(counted) - len(known),
        estimate=assumed,
        scope_at_start=scope if scope_at_start is None else scope_at_start,
        double=tuple(sorted(items[ref].key for ref in counted if ref in counted_elsewhere)),
        undated=sum(items[ref].done_at is None for ref in done),
    )
    done_on: dict[date, Fraction] = {}
    for ref in done:
        at = items[ref].done_at
        if at is not None:
            day = at.astimezone(timezone).date()
            done_on[day] = done_on.get(day, Fraction(0)) + sizes[ref]
    return Tally(work, done_on)


def leaves(
    cycle: Cycle, direct: Mapping[ItemRef, Link], items: Mapping[ItemRef, Item], timezone: tzinfo
) -> Mapping[ItemRef, Link]:
    """The items that count, each with the link it counts through: its own, else that of its nearest linked ancestor.

    An item counts unless it is a part of another (a sub-task), deleted, dropped, or was done before the cycle's first
    local day. A done item of which nobody knows when counts here: it is linked here, and no other cycle could claim it.
    An item with counting descendants counts through them only.
    """
    parents = _parents(items)
    nearest = _nearest(direct, items, parents)
    counting = {ref: link for ref, link in nearest.items() if _counts(items[ref], cycle, timezone)}
    counted_through: set[ItemRef] = set()
    for ref in counting:
        above = parents.get(ref)
        while above is not None and above not in counted_through:
            counted_through.add(above)
            above = parents.get(above)
    return {ref: link for ref, link in counting.items() if ref not in counted_through}


def _refuse_undecided(counted: Collection[Item]) -> None:
    undecided = sorted((item.key, item.status) for item in counted if item.state is None)
    if undecided:
        key, status = undecided[0]
        more = f", nor of {len(undecided) - 1} more" if len(undecided) > 1 else ""
        raise Uncountable(f"the tracker has not told the category of status '{status}' of {key}{more}")


def _counts(item: Item, cycle: Cycle, timezone: tzinfo) -> bool:
    done_before = (
        item.state == "done"
        and item.done_at is not None
        and item.done_at.astimezone(timezone).date() < cycle.first  # tags outlive quarters
    )
    return not (item.deleted or item.state == "dropped" or item.level == "subtask" or done_before)


def _parents(items: Mapping[ItemRef, Item]) -> Mapping[ItemRef, ItemRef]:
    """Who descends from whom. A deleted item passes nothing on; a circle is cut above its least item."""
    by_key = {(ref.connection, item.key): ref for ref, item in items.items()}
    parents: dict[ItemRef, ItemRef] = {}
    for ref, item in items.items():
        if item.parent is None or item.deleted:
            continue
        named = ItemRef(ref.connection, item.parent)
        parent = named if named in items else by_key.get((ref.connection, item.parent))
        if parent is not None and not items[parent].deleted:
            parents[ref] = parent
    checked: set[ItemRef] = set()
    for start in items:
        path: list[ItemRef] = []
        ref = start
        while ref in parents and ref not in checked:
            checked.add(ref)
            path.append(ref)
            ref = parents[ref]
        if ref in path:
            del parents[min(path[path.index(ref) :])]
    return parents


def _nearest(
    direct: Mapping[ItemRef, Link], items: Mapping[ItemRef, Item], parents: Mapping[ItemRef, ItemRef]
) -> Mapping[ItemRef, Link]:
    """Each item's link: its own, else that of its nearest linked ancestor; items without one are left out."""
    found: dict[ItemRef, Link | None] = {ref: link for ref, link in direct.items() if ref in items}
    for start in items:
        path: list[ItemRef] = []
        ref: ItemRef | None = start
        while ref is not None and ref not in found:
            path.append(ref)
            ref = parents.get(ref)
        found |= dict.fromkeys(path, found[ref] if ref is not None else None)
    return {ref: link for ref, link in found.items() if link is not None}


def _known_sizes(
    measure: Work,
    counted: Mapping[ItemRef, Link],
    items: Mapping[ItemRef, Item],
    estimates: Callable[[Item], Decimal | None],
) -> Mapping[ItemRef, Fraction]:
    if measure.unit == "items":
        return dict.fromkeys(counted, Fraction(1))
    if measure.unit == "weight":
        return {ref: Fraction(link.weight) for ref, link in counted.items()}
    told = {ref: estimates(items[ref]) for ref in counted}
    return {ref: Fraction(size) for ref, size in told.items() if size is not None}


def _assumed_size(measure: Work, known: Collection[Fraction]) -> Fraction:
    """What an unestimated item counts as. Where nothing is estimated there is no median, and every item counts as 1."""
    if measure.unestimated == "zero":
        return Fraction(0)
    if isinstance(measure.unestimated, Decimal):
        return Fraction(measure.unestimated)
    return median(known) if known else Fraction(1)
