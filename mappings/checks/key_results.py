"""Key results: one measure each, a way from a start to a target, or a range to hold."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import TypeAlias

from integration.core.errors import Problem
from integration.core.quantities import Quantity, Relative
from mappings.build import UNITS, cycle_of, find_cycle, unit_of
from mappings.schema.okrs import KeyResultKeys, ObjectiveKeys
from mappings.starts import Measured
from mappings.whole import Said, Whole
from mappings.wording import found, one_line

KeyResult: TypeAlias = Said[KeyResultKeys]
Objective: TypeAlias = Said[ObjectiveKeys]

MEASURES = ("kpi", "work", "count")
NEAR_UNIT = 0.85
"""Nearer than a field such as Story point estimate is to story points."""


def none_at_all(whole: Whole) -> Iterator[Problem]:
    for objective in whole.objectives():
        if objective.has("key_results") and not objective.names("key_results") and not objective.keys.key_results:
            yield objective.at_key("has no key results; say below it what tells that it is reached", "key_results")


def measures(whole: Whole) -> Iterator[Problem]:
    for _, each in whole.key_results():
        said = [key for key in each.names() if key in MEASURES]
        for key in said[1:]:
            yield each.at_key(f"is measured by {said[0]} already; a key result has one measure", key)
        if each.has("target") and each.has("keep"):
            yield each.at_key("target is reached, keep is held: choose one, or make two key results", "keep")
        if not said and not any(each.has(key) for key in ("check_in", "start", "target", "keep")):
            yield each.at_key("says nothing to measure; add kpi, work or count, or start and target for check-ins")
        elif "work" not in said and not each.has("target") and not each.has("keep"):
            yield each.at_key("has no target; add target, or keep to hold a range")
        elif not said and each.has("target") and not each.has("start"):
            yield each.at_key("has no start; without one its progress stays unknown", warning=True)


def without_effect(whole: Whole) -> Iterator[Problem]:
    """Keys that only mean something beside another."""
    for _, each in whole.key_results():
        if each.has("where") and not each.has("kpi"):
            yield each.at_key("narrows a kpi, and there is none here", "where", warning=True)
        if each.has("unestimated") and not each.has("work"):
            yield each.at_key(
                "is about the estimates of linked work, and work is not measured here", "unestimated", warning=True
            )


def units(whole: Whole) -> Iterator[Problem]:
    for _, each in whole.key_results():
        work = each.keys.work
        near = _near_unit(work) if work and unit_of(work) not in UNITS and not work.startswith("field ") else None
        if work and near:
            message = f"{found(work)} is not a unit; did you mean {near}? A field of that name is written field {one_line(work)}"
            yield each.at_value(message, "work")


def _near_unit(word: str) -> str | None:
    letters = word.casefold().replace("_", " ").replace("-", " ")
    near = difflib.get_close_matches(letters, UNITS, n=1, cutoff=NEAR_UNIT)
    return near[0] if near else None


def ways(whole: Whole) -> Iterator[Problem]:
    """From start to target there must be a way, in one unit."""
    for _, each in whole.key_results():
        start, target = each.keys.start, each.keys.target
        if isinstance(target, Relative) and target.number == 0:
            yield each.at_value("is no way from the start; there is no way to go", "target")
        elif isinstance(target, Relative) and target.percent and _begins_at_zero(each):
            yield each.at_value("counts from the start, which is 0; write the number to reach", "target")
        if not isinstance(start, Quantity) or not isinstance(target, Quantity):
            continue
        if start.unit and target.unit and start.unit != target.unit:
            yield each.at_value(f"is in {target.unit}, and its start in {start.unit}; write both in one unit", "target")
        elif start.number == target.number:
            yield each.at_value(f"equals its start ({each.written('start')}); there is no way to go", "target")


def counts(whole: Whole) -> Iterator[Problem]:
    """A count is a number of items, from wherever it begins."""
    for _, each in whole.key_results():
        keep = each.keys.keep
        ends = {"start": each.keys.start, "target": each.keys.target, "keep": keep.quantity if keep else None}
        for key, said in ends.items():
            if each.has("count") and isinstance(said, Quantity) and said.unit == "%":
                signed = "; a share of its start has a sign, as in -30 %" if key == "target" else ""
                yield each.at_value(f"is in %, and a count is a number of items{signed}", key)


def _begins_at_zero(each: KeyResult) -> bool:
    """Said so, or work, which begins with nothing done."""
    start = each.keys.start
    if isinstance(start, Quantity):
        return start.number == 0
    return each.has("work") and not any(each.has(key) for key in ("start", "kpi", "count"))


def works(whole: Whole) -> Iterator[Problem]:
    """Work is measured in percent of it, from wherever it begins."""
    for _, each in whole.key_results():
        start, keep = each.keys.start, each.keys.keep
        if not each.has("work"):
            continue
        for key, said in (("start", start), ("keep", keep.quantity if keep else None)):
            if isinstance(said, Quantity) and said.unit not in ("", "%"):
                yield each.at_value(f"is in {said.unit}; work is measured in percent of it that is done", key)
        if isinstance(start, Quantity) and start.number == 100 and not (each.has("target") or keep):
            yield each.at_value("is all of the work, which is the target; there is no way to go", "start")


def milestones(whole: Whole) -> Iterator[Problem]:
    """A milestone is a value on the way, in the unit of its ends, and no share of the way."""
    for _, each in whole.key_results():
        ends = (each.keys.start, each.keys.target)
        units = ["%"] if each.has("work") else [end.unit for end in ends if isinstance(end, Quantity) and end.unit]
        for day, value in (each.keys.milestones or {}).items():
            if value.unit and units and value.unit not in units:
                message = f"is in {value.unit}, and what it leads to in {units[0]}; write both in one unit"
                yield each.at_value(message, "milestones", str(day))
            elif value.unit == "%" and not units and not each.has("kpi"):
                message = "is no share of the way, but the value to be seen on that day; write it without %"
                yield each.at_value(message, "milestones", str(day))


def shares(whole: Whole) -> Iterator[Problem]:
    """0.5 where percent are meant, and other units of what is a share."""
    kpis = {kpi.name: kpi for kpi in whole.kpis()}
    for _, each in whole.key_results():
        target, start = each.keys.target, each.keys.start
        if not isinstance(target, Quantity):
            continue
        kpi = kpis.get(each.keys.kpi or "")
        in_percent = (
            each.has("work") or (kpi and kpi.keys.unit == "%") or (isinstance(start, Quantity) and start.unit == "%")
        )
        if in_percent and not target.unit and 0 < abs(target.number) < 1:
            share = f"{(target.number * 100).normalize():f}"
            yield each.at_value(
                f"{target.number} is {target.number} %; did you mean {share} %?", "target", warning=True
            )
        if each.has("work") and target.unit not in ("", "%"):
            yield each.at_value(f"is in {target.unit}; work is measured in percent of it that is done", "target")


def starts(whole: Whole) -> Iterator[Problem]:
    """A measured start is measured before the cycle, by a KPI or a count."""
    for objective, each in whole.key_results():
        start, cycle = each.keys.start, cycle_of(whole, objective)
        if not isinstance(start, Measured):
            continue
        if not each.has("kpi") and not each.has("count"):
            yield each.at_value("only what a kpi or a count measures has a measured start; write the number", "start")
            continue
        measured = find_cycle(whole, start.cycle) if start.cycle else None
        if start.cycle and measured is None:
            yield each.at_value(
                f"{found(start.cycle)} is no cycle; write measured 2026-Q3, or two dates with .. between", "start"
            )
        last = start.days[1] if start.days else measured.last if measured else None
        if cycle and last and last >= cycle.first:
            yield each.at_value(f"measures days of the cycle itself; it must end before {cycle.first}", "start")


def deadlines(whole: Whole) -> Iterator[Problem]:
    for objective, each in whole.key_results():
        cycle = cycle_of(whole, objective)
        if cycle and each.keys.by and each.keys.by < cycle.first:
            yield each.at_value(f"is before its cycle begins ({cycle.first})", "by")
        for day in each.keys.milestones or {}:
            end = max(each.keys.by or cycle.last, cycle.first) if cycle else day
            if cycle and not cycle.first <= day <= end:
                message = f"is not between {cycle.first} and {end}, where progress is expected"
                yield each.at_key(message, "milestones", str(day))


def weights(whole: Whole) -> Iterator[Problem]:
    for _, each in whole.key_results():
        if each.keys.weight is not None and each.keys.weight < 0:
            yield each.at_value(f"{found(each.written('weight'))} is below 0; a weight is a share", "weight")
        for at, linked in enumerate(each.keys.linked):
            if linked.weight is not None and linked.weight < 0:
                message = f"{found(each.written('linked', at, 'weight'))} is below 0; a weight is a share"
                yield each.at_value(message, "linked", at, "weight")


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    none_at_all,
    measures,
    without_effect,
    units,
    ways,
    works,
    counts,
    milestones,
    shares,
    starts,
    deadlines,
    weights,
)
