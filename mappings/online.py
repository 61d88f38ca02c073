"""What a mapping says that only the trackers know: projects, fields, types and statuses, by the names that they have there.

The trackers' words are brought; nothing is asked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as FilePath
from typing import TypeVar

from integration.core.catalogue import Catalogue, TrackerField, folded
from integration.core.errors import Problem
from integration.core.examination import Project, Words, unseen
from integration.core.fields import unfit
from integration.core.links import Pattern
from integration.core.queries import Query
from mappings.build import UNITS, unit_of
from mappings.checks.selectors import selector_connections
from mappings.load import read_whole
from mappings.moments import OR, WITH_NAME
from mappings.online_kpis import anywhere, unknown_words
from mappings.schema.delivery import MOMENTS
from mappings.schema.forms import Keys
from mappings.schema.selectors import LinkRule, Narrowing
from mappings.suggestions import did_you_mean
from mappings.tree import Path
from mappings.whole import Said, Whole
from mappings.wording import found

K = TypeVar("K", bound=Keys)

MOMENT_WORDS = frozenset({"created", "first response", "planned", "started", "done"})
"""Moments that are no names of a tracker's."""
MOST_NAMED = 8
"""Names that a message lists; more help nobody."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the account of one connection sees. `called` says where: the projects that the mapping reads."""

    called: str
    projects: Sequence[Project]
    catalogue: Catalogue
    words: Words
    refusals: Mapping[Query, str] = field(default_factory=dict)
    """The mapping's queries, saved ones too, that the tracker does not answer, and its words for why."""


Sights = Mapping[str, Sight]


def online(path: FilePath, sights: Sights) -> Sequence[Problem]:
    """Every name in a mapping without other mistakes that its trackers do not know, in the order of the file.

    Of connections without a sight nothing is said.
    """
    whole = read_whole(path)
    order = {file.document.name: number for number, file in enumerate(whole.files)}
    problems = {problem for check in CHECKS for problem in check(whole, sights)}
    return sorted(problems, key=lambda one: (order.get(one.file, 0), one.line, one.column, one.message))


def _projects(whole: Whole, sights: Sights) -> Iterator[Problem]:
    for connection, sight in _seen(whole.connections(), sights):
        for at, pattern in enumerate(connection.keys.projects):
            if not any(one.is_called(pattern.text) for one in sight.projects):
                yield connection.at_value(unseen(pattern.text, sight.projects), "projects", at)


def _written_fields(whole: Whole, sights: Sights) -> Iterator[Problem]:
    for rule, sight in _seen(whole.write_backs(), sights):
        for name, value in (rule.keys.fields or {}).items():
            known = sight.catalogue.named(name)
            fit = [one for one in known if unfit(one, value) is None]
            if not known:
                yield rule.at_key(_no_field(name, [sight]), "fields", name)
            elif not fit:
                yield rule.at_key(unfit(known[0], value) or "", "fields", name)
            elif len(fit) > 1 and len(sight.projects) == 1:
                yield rule.at_key(_several(sight, fit), "fields", name)


def _read_fields(whole: Whole, sights: Sights) -> Iterator[Problem]:
    """Of a field that is read it is enough that one of the connections knows it, whose items are meant."""
    for selector in whole.selectors():
        meant = _meant(whole, selector, sights)
        if isinstance(selector.keys, LinkRule) and selector.keys.field and _knows_no(selector.keys.field, meant):
            yield selector.at_value(_no_field(selector.keys.field, meant), "field")
        for name in selector.keys.fields or {}:
            if _knows_no(name, meant):
                yield selector.at_key(_no_field(name, meant), "fields", name)
    everywhere = list(sights.values()) if len(sights) == len(whole.names("connections")) else []
    for _, key_result in whole.key_results():
        unit = unit_of(key_result.keys.work) if key_result.keys.work else UNITS[0]
        if unit not in UNITS and _knows_no(unit, everywhere):
            yield key_result.at_value(_no_field(unit, everywhere), "work")
    for connection, sight in _seen(whole.connections(), sights):
        estimate = connection.keys.estimate
        if estimate and _knows_no(estimate, [sight]):
            yield connection.at_value(_no_field(estimate, [sight]), "estimate")


def _selected_types(whole: Whole, sights: Sights) -> Iterator[Problem]:
    for selector in whole.selectors():
        meant = _meant(whole, selector, sights)
        for at, pattern in enumerate(selector.keys.type or ()):
            if meant and not any(_any(pattern, sight.words.types) for sight in meant):
                yield selector.at_value(_no_type(pattern.text, meant), "type", at)


def _named_types(whole: Whole, sights: Sights) -> Iterator[Problem]:
    for rule, sight in _seen(whole.write_backs(), sights):
        for at, name in enumerate(rule.keys.to or ()):
            if not _any(Pattern(name), sight.words.types):
                yield rule.at_value(_no_type(name, [sight]), "to", at)
    for connection, sight in _seen(whole.connections(), sights):
        for at, name in enumerate(connection.keys.sub_tasks or ()):
            if not _any(Pattern(name), sight.words.types):
                yield connection.at_value(_no_type(name, [sight]), "sub_tasks", at)


def _statuses(whole: Whole, sights: Sights) -> Iterator[Problem]:
    for selector in whole.selectors():
        meant = _meant(whole, selector, sights)
        for at, pattern in enumerate(selector.keys.status or ()):
            if meant and not any(_any(pattern, sight.words.statuses) for sight in meant):
                yield selector.at_value(_no_status(pattern.text, meant), "status", at)


def _moments(whole: Whole, sights: Sights) -> Iterator[Problem]:
    """Statuses that items enter or leave, and fields that hold a time, where a rule of delivery says when something was."""
    for rule in whole.selectors():
        meant = _meant(whole, rule, sights)
        said: list[tuple[str, Path]] = [
            (moment, (key,)) for key in MOMENTS for moment in OR.split(getattr(rule.keys, key, None) or "created")
        ]
        said += [(name, ("reaches", at)) for at, name in enumerate(getattr(rule.keys, "reaches", None) or ())]
        for moment, place in said:
            field, status = _named_in(moment)
            if field and _knows_no(field, meant):
                yield rule.at_value(_no_field(field, meant), *place)
            elif status and meant and not any(_any(Pattern(status), sight.words.statuses) for sight in meant):
                yield rule.at_value(_no_status(status, meant), *place)


def _queries(whole: Whole, sights: Sights) -> Iterator[Problem]:
    """Queries, and names of saved ones, as far as they were asked: those of delivery rules are not."""
    for selector in whole.selectors():
        for key, query in (
            ("query", Query(selector.keys.query or "")),
            ("saved_query", Query(selector.keys.saved_query or "", saved=True)),
        ):
            for sight in _meant(whole, selector, sights) if query.text else ():
                if (words := sight.refusals.get(query)) is not None:
                    yield selector.at_value(f"{sight.called} does not answer it: {words}", key)


def _named_in(moment: str) -> tuple[str | None, str | None]:
    """The field, or the status, that a moment is told by."""
    words = " ".join(moment.split())
    which, _, after = words.partition(" ")
    if folded(which) in ("first", "last") and folded(after).partition(" ")[0] in (*WITH_NAME, *MOMENT_WORDS):
        words = after
    if folded(words) in MOMENT_WORDS:
        return None, None
    first, _, rest = words.partition(" ")
    if rest and folded(first) == "field":
        return rest, None
    return None, rest if rest and folded(first) in ("entered", "left") else words


def _kpis(whole: Whole, sights: Sights) -> Iterator[Problem]:
    """Only where all connections were seen: facts of items come from any of them."""
    everywhere = list(sights.values())
    if not everywhere or len(everywhere) < len(whole.names("connections")):
        return
    yield from unknown_words(
        whole,
        no_type=anywhere(
            (name for sight in everywhere for name in sight.words.types), partial(_no_type, meant=everywhere)
        ),
        no_status=anywhere(
            (name for sight in everywhere for name in sight.words.statuses), partial(_no_status, meant=everywhere)
        ),
        no_field=lambda name: _no_field(name, everywhere) if _knows_no(name, everywhere) else None,
    )


CHECKS: tuple[Callable[[Whole, Sights], Iterator[Problem]], ...] = (
    _projects,
    _written_fields,
    _read_fields,
    _selected_types,
    _named_types,
    _statuses,
    _moments,
    _queries,
    _kpis,
)


def _seen(said: Iterable[Said[K]], sights: Sights) -> Iterator[tuple[Said[K], Sight]]:
    """What is said of connections, each with its sight, as far as there is one."""
    for one in said:
        if (sight := sights.get(one.name)) is not None:
            yield one, sight


def _meant(whole: Whole, selector: Said[Narrowing], sights: Sights) -> Sequence[Sight]:
    """The connections whose items a selector may mean; none, where one of them was not seen."""
    names = selector_connections(whole, selector) or tuple(whole.names("connections"))
    if any(name not in sights for name in names):
        return ()
    projects = selector.keys.project or ()
    reading = [
        sights[name]
        for name in names
        if not projects or any(one.is_called(project) for project in projects for one in sights[name].projects)
    ]
    return reading or [sights[name] for name in names]


def _knows_no(field: str, meant: Sequence[Sight]) -> bool:
    """Whether none of them does; of none at all nothing is known."""
    return bool(meant) and not any(sight.catalogue.named(field) for sight in meant)


def _any(pattern: Pattern, names: Sequence[str]) -> bool:
    return any(pattern.matches(name) for name in names)


def _no_field(name: str, meant: Sequence[Sight]) -> str:
    known = [one.name for sight in meant for one in sight.catalogue.fields]
    nobody = (
        f"neither {' nor '.join(one.called for one in meant)} has a" if len(meant) > 1 else f"{meant[0].called} has no"
    )
    return f"{nobody} field called {found(name)}{did_you_mean(name, known)}"


def _no_type(name: str, meant: Sequence[Sight]) -> str:
    known = [each for sight in meant for each in sight.words.types]
    have, they = ("have", "they have") if len(meant) > 1 else ("has", "it has")
    hint = did_you_mean(name, known) or f"; {they} {_some(known)}"
    return f"{_where(meant)} {have} no type {found(name)}{hint}"


def _no_status(name: str, meant: Sequence[Sight]) -> str:
    known = [each for sight in meant for each in sight.words.statuses]
    they_have = "they have" if len(meant) > 1 else "it has"
    return f"no workflow of {_where(meant)} has a status {found(name)}; {they_have} {_some(known)}"


def _several(sight: Sight, fit: Sequence[TrackerField]) -> str:
    named = " or ".join(f"{one.id} ({one.type})" for one in fit)
    return f"{sight.called} has {'two' if len(fit) == 2 else 'several'} fields of this name; write {named}"


def _where(meant: Sequence[Sight]) -> str:
    return " and ".join(sight.called for sight in meant)


def _some(names: Sequence[str]) -> str:
    known = list({folded(name): name for name in names}.values())
    return ", ".join(known[:MOST_NAMED]) + (", …" if len(known) > MOST_NAMED else "")
