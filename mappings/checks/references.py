"""Words that stand for something said elsewhere: objectives, key results, KPIs, connections, cycles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integration.core.errors import Problem
from mappings.build import find_cycle
from mappings.cycles import by_name
from mappings.presets import presets
from mappings.schema.okrs import ObjectiveKeys
from mappings.suggestions import did_you_mean
from mappings.whole import Said, Whole
from mappings.wording import found, listed


def supports(whole: Whole) -> Iterator[Problem]:
    known = _objectives_and_key_results(whole)
    for objective in whole.objectives():
        for at, name in enumerate(objective.keys.supports or ()):
            if name not in known:
                message = f"no objective or key result is called {found(name)}{did_you_mean(name, known)}"
                yield objective.at_value(message, "supports", at)


def circles(whole: Whole) -> Iterator[Problem]:
    """An objective that supports itself, perhaps through others. Each circle is told once, where it is first entered."""
    objectives = {each.name: each for each in whole.objectives()}
    told: set[frozenset[str]] = set()
    for objective in objectives.values():
        for at, name in enumerate(objective.keys.supports or ()):
            way = _way_back(objectives, objective.name, name.partition(".")[0])
            if way and frozenset(way) not in told:
                told.add(frozenset(way))
                yield objective.at_value(f"supports run in a circle: {' > '.join(way)}", "supports", at)


def _way_back(objectives: dict[str, Said[ObjectiveKeys]], start: str, via: str) -> list[str] | None:
    """The shortest way of supports from `start` over `via` back to it."""
    ways, seen = [[start, via]], {via}
    while ways:
        way = ways.pop(0)
        if way[-1] == start:
            return way
        here = objectives.get(way[-1])
        for name in (here.keys.supports or ()) if here else ():
            following = name.partition(".")[0]
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None


def kpis(whole: Whole) -> Iterator[Problem]:
    known = [name for name in whole.names("kpis") if name != "defaults"]
    for _, key_result in whole.key_results():
        name = key_result.keys.kpi
        if name is not None and name not in known and name not in presets():
            message = f"no KPI is called {found(name)}{did_you_mean(name, [*known, *presets()])}"
            yield key_result.at_value(message, "kpi")


def guardrails(whole: Whole) -> Iterator[Problem]:
    known = [name for name in whole.names("kpis") if name != "defaults"]
    bound = {
        kpi.name for kpi in whole.kpis() if kpi.has("keep") or kpi.file.document.said(("kpis", "defaults", "keep"))
    }
    for objective in whole.objectives():
        for at, name in enumerate(objective.keys.guardrails or ()):
            if name in presets():
                message = (
                    f"{found(name)} has no bound to hold; add a KPI with use and keep under kpis, and name it here"
                )
                yield objective.at_value(message, "guardrails", at)
            elif name not in known:
                yield objective.at_value(f"no KPI is called {found(name)}{did_you_mean(name, known)}", "guardrails", at)
            elif name not in bound:
                message = f'{found(name)} has no bound to hold; add keep to it under kpis, such as `keep: "<= 15 %"`'
                yield objective.at_value(message, "guardrails", at)


def connections(whole: Whole) -> Iterator[Problem]:
    known = list(whole.names("connections"))
    for selector in whole.selectors():
        for at, name in enumerate(selector.keys.connection or ()):
            if name not in known:
                yield selector.at_value(_no_connection(name, known), "connection", at)
    for name in whole.main.document.keys(("write_back",)):
        if name not in known:
            yield whole.main.document.problem(("write_back", name), _no_connection(name, known), at_key=True)


def _no_connection(name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known) or (f"; known here: {listed(known)}" if known else "; none is said here")
    return f"no connection is called {found(name)}{hint}"


def cycles(whole: Whole) -> Iterator[Problem]:
    for file in whole.files:
        if file.keys.cycle and not _is_cycle(whole, file.keys.cycle):
            yield file.document.problem(("cycle",), _no_cycle(whole, file.keys.cycle))
    for objective in whole.objectives():
        name = objective.keys.cycle
        if name and not _is_cycle(whole, name):
            yield objective.at_value(_no_cycle(whole, name), "cycle")
        if not (objective.has("cycle") or objective.file.document.said(("cycle",)) or whole.top().has("cycle")):
            yield objective.at_key("has no cycle; write cycle: 2026-Q4 here, or once at the top of the file")


def _is_cycle(whole: Whole, name: str) -> bool:
    return by_name(name) is not None or name in whole.names("cycles")


def _no_cycle(whole: Whole, name: str) -> str:
    hint = did_you_mean(name, whole.names("cycles"))
    return f"{found(name)} is no cycle{hint or '; 2026-Q4, 2026-H2, 2026-10 and 2026 need no dates, others go under cycles'}"


def dates_of_cycles(whole: Whole) -> Iterator[Problem]:
    for cycle in whole.cycles():
        if find_cycle(whole, cycle.name) is None:
            if not (cycle.has("from") and cycle.has("to")):
                yield cycle.at_key(
                    "needs from and to; only 2026-Q4, 2026-H2, 2026-10 and 2026 have dates by themselves"
                )
            continue
        dated = find_cycle(whole, cycle.name)
        if dated and dated.last < dated.first:
            yield cycle.at_value(f"ends before it begins ({dated.first})", "to" if cycle.has("to") else "from")


def _objectives_and_key_results(whole: Whole) -> list[str]:
    objectives = whole.names("objectives")
    return [
        *objectives,
        *(
            f"{name}.{key_result}"
            for name, file in objectives.items()
            for key_result in file.document.keys(("objectives", name, "key_results"))
        ),
    ]


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    supports,
    circles,
    kpis,
    guardrails,
    connections,
    cycles,
    dates_of_cycles,
)
