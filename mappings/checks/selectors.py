"""Selectors and link rules: projects that some connection reads, one word for labels, one way to tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from integration.core.errors import Problem
from integration.core.links import Pattern
from mappings.build import tracker_of
from mappings.schema.delivery import ServiceKeys
from mappings.schema.selectors import Narrowing, WeighedSelector
from mappings.suggestions import did_you_mean
from mappings.whole import Said, Whole
from mappings.wording import either, found


def projects(whole: Whole) -> Iterator[Problem]:
    """Offline a project is known by what the connections list, as it is written there."""
    listed = {each.name: each.keys.projects for each in whole.connections() if each.keys.projects}
    for selector in whole.selectors():
        asked = [name for name in selector_connections(whole, selector) if name in whole.names("connections")]
        if any(name not in listed for name in asked or whole.names("connections")):
            continue  # what that connection lists is wrong or unknown, so nothing can be said of its projects
        for at, project in enumerate(selector.keys.project or ()):
            message = _wrong_project(project, {name: listed[name] for name in asked or listed}, named=bool(asked))
            if message and listed:
                yield selector.at_value(message, "project", at)


def _wrong_project(project: str, listed: dict[str, tuple[Pattern, ...]], *, named: bool) -> str | None:
    readers = [name for name, patterns in listed.items() if any(pattern.matches(project) for pattern in patterns)]
    if not readers:
        names = [pattern.text for patterns in listed.values() for pattern in patterns]
        who = f"{either(listed)} lists no" if named else "no connection lists"
        return f"{who} project {found(project)}{did_you_mean(project, names)}"
    exact = [name for name in readers if any(_is(pattern, project) for pattern in listed[name])]
    if len(exact) > 1 and not named:
        return f"{found(project)} is a project of {' and of '.join(exact)}; add connection"
    return None


def _is(pattern: Pattern, project: str) -> bool:
    return " ".join(pattern.text.split()).casefold() == " ".join(project.split()).casefold()


def selector_connections(whole: Whole, selector: Said[Narrowing]) -> tuple[str, ...]:
    """The connections that a selector names; a service's rules take those of the service."""
    if selector.keys.connection:
        return selector.keys.connection
    outer = _around(whole, selector)
    return (outer.connection or ()) if outer else ()


def _around(whole: Whole, selector: Said[Narrowing]) -> Narrowing | None:
    """What encloses the selector and narrows it, too: a service around its rules, a selector around its `not`."""
    path = selector.path
    if path[0] == "services" and len(path) > 2:
        service: ServiceKeys | None = selector.file.keys.services.get(str(path[1]))
        return service
    if path[-1] == "not":
        return next(
            (each.keys for each in whole.selectors() if each.file is selector.file and each.path == path[:-1]), None
        )
    return None


def labels(whole: Whole) -> Iterator[Problem]:
    for selector in whole.selectors():
        said = [key for key in selector.names() if key in ("label", "tag")]
        if len(said) == 2:
            yield selector.at_key("label and tag are one thing, here and in every rule; keep one", said[1])


def links(whole: Whole) -> Iterator[Problem]:
    for file in whole.files:
        for at, keys in enumerate(file.keys.links):
            rule = Said(file, ("links", at), keys)
            tagged = next((key for key in ("label", "tag") if rule.has(key)), None)
            if not tagged and not rule.has("field"):
                yield rule.at_value("says no way to tag; add field, label or tag")
            if tagged and rule.has("field"):
                yield rule.at_key("tagging by field and by label are two rules; put `- ` before one of them", tagged)
            yield from _stars(rule)


def _stars(rule: Said[Narrowing]) -> Iterator[Problem]:
    for key in ("label", "tag"):
        label = rule.written(key)
        if label and label.count("*") != 1:
            has = "no *" if "*" not in label else "more than one *"
            meant = f"{label.partition('*')[0] or 'kr:'}*"
            yield rule.at_value(f"{found(label)} has {has}; the * stands for the key result, as in {meant}", key)


def empty(whole: Whole) -> Iterator[Problem]:
    """Linked work and counts that would take every item there is."""
    for selector in whole.selectors():
        if not (isinstance(selector.keys, WeighedSelector) or selector.path[-1] == "count"):
            continue
        if not [key for key in selector.names() if key != "weight"]:
            yield selector.at_value("selects every item there is; say at least a project, a type or a label")


LANGUAGES = {"jira": "JQL", "jira-data-center": "JQL", "azure-devops": "WIQL", "azure-devops-server": "WIQL"}


def queries(whole: Whole) -> Iterator[Problem]:
    """A query is in the language of one kind of tracker, and so are the names of those that are saved there."""
    trackers = {each.name: tracker_of(each) for each in whole.connections()}
    for selector in whole.selectors():
        for key in ("query", "saved_query"):
            asked = {name: LANGUAGES[tracker] for name in _asked(whole, selector) if (tracker := trackers.get(name))}
            if selector.has(key) and len(set(asked.values())) > 1:
                who = " and ".join(f"{name} ({language})" for name, language in asked.items())
                yield selector.at_key(f"would be asked of {who}; add connection", key)


def _asked(whole: Whole, selector: Said[Narrowing]) -> Sequence[str]:
    """The connections that a selector is about: those it names, else those that list a project of it, else all."""
    named = selector_connections(whole, selector)
    outer = _around(whole, selector)
    projects = selector.keys.project or (outer.project if outer else None) or ()
    return [
        each.name
        for each in whole.connections()
        if (not named or each.name in named)
        and (not projects or any(one.matches(project) for one in each.keys.projects for project in projects))
    ]


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (projects, labels, links, empty, queries)
