"""Rules of delivery: each says something that happens, in a tracker that knows such a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from integration.core.errors import Problem
from mappings import moments
from mappings.build import tracker_of
from mappings.checks.selectors import selector_connections
from mappings.schema.delivery import MOMENTS
from mappings.schema.selectors import Narrowing
from mappings.whole import Said, Whole
from mappings.wording import found

SECTIONS = ("items", "changes", "incidents")
HAPPENS = ("version", "pipeline", "release_pipeline", "reaches", "pushed")


def deployments(whole: Whole) -> Iterator[Problem]:
    for rule in _deployment_rules(whole):
        if rule.has("stage") and not (rule.has("pipeline") or rule.has("release_pipeline")):
            yield rule.at_key("a stage of what? add pipeline or release_pipeline", "stage")
        elif not any(rule.has(key) for key in HAPPENS):
            yield rule.at_value("says nothing that happens; add version, pipeline, release_pipeline, reaches or pushed")
        yield from _one_of(rule, HAPPENS)


def known_to_the_tracker(whole: Whole) -> Iterator[Problem]:
    """Jira has no pipelines, Azure DevOps no versions."""
    for rule in _deployment_rules(whole):
        trackers = _trackers(whole, rule)
        if not trackers:
            continue
        for key in ("pipeline", "release_pipeline"):
            if rule.has(key) and all(tracker.startswith("jira") for tracker in trackers):
                message = "Jira has no pipelines; let your CI push its deployments, or name an Azure DevOps connection"
                yield rule.at_key(message, key)
        if rule.has("version") and not any(tracker.startswith("jira") for tracker in trackers):
            message = "Azure DevOps has no versions; add pipeline or release_pipeline, or name a Jira connection"
            yield rule.at_key(message, "version")


def changes(whole: Whole) -> Iterator[Problem]:
    for rule in _rules(whole, "changes"):
        yield from _one_of(rule, ("pull_requests", "commits", "pushed"))
        trackers = _trackers(whole, rule)
        for key in ("pull_requests", "commits"):
            if rule.has(key) and trackers and all(tracker.startswith("jira") for tracker in trackers):
                message = "Jira has no repositories; let your CI push its changes, or name an Azure DevOps connection"
                yield rule.at_key(message, key)
        if rule.has("path"):
            message = "which files a change touches is not known to this version; the rule finds no changes"
            yield rule.at_key(message, "path", warning=True)


def _one_of(rule: Said[Narrowing], keys: tuple[str, ...]) -> Iterator[Problem]:
    said = [key for key in keys if rule.has(key)]
    if len(said) > 1:
        yield rule.at_key(f"{said[0]} and {said[1]} are two rules; put `- ` before one of them", said[1])


def moments_of_rules(whole: Whole) -> Iterator[Problem]:
    """What a moment says must name one; whether the tracker has such a status or field is asked online."""
    for section in SECTIONS:
        for rule in _rules(whole, section):
            for key in MOMENTS:
                written = getattr(rule.keys, key, None)
                try:
                    moments.of_rule(written or "created")
                except ValueError as error:
                    yield rule.at_value(str(error), key)


def causes(whole: Whole) -> Iterator[Problem]:
    for rule in _rules(whole, "incidents"):
        commit = rule.written("caused_by", "commit")
        if commit and commit.count("*") != 1:
            has = "no *" if "*" not in commit else "more than one *"
            message = f"{found(commit)} has {has}; the * stands for the commit, as in root cause: *"
            yield rule.at_value(message, "caused_by", "commit")


def service_fields(whole: Whole) -> Iterator[Problem]:
    for service in whole.services():
        for at in range(len(service.keys.incidents)):
            if service.has("incidents", at, "service_field"):
                message = "is read under delivery only; these rules are the service's own already"
                yield service.at_key(message, "incidents", at, "service_field")


def _deployment_rules(whole: Whole) -> Iterator[Said[Narrowing]]:
    return _rules(whole, "deployments")


def _rules(whole: Whole, section: str) -> Iterator[Said[Narrowing]]:
    for holder in whole.deliveries():
        for at, keys in enumerate(getattr(holder.keys, section)):
            yield Said(holder.file, (*holder.path, section, at), keys)


def _trackers(whole: Whole, rule: Said[Narrowing]) -> list[str]:
    """The trackers that a rule is for: those of its connections, else of its projects, else all; none if one is unknown."""
    connections = {each.name: each for each in whole.connections()}
    names = [name for name in selector_connections(whole, rule) if name in connections]
    projects = rule.keys.project or ()
    if not names:
        names = [
            name
            for name, each in connections.items()
            if any(pattern.matches(project) for pattern in each.keys.projects for project in projects)
        ]
    trackers = [tracker_of(connections[name]) for name in names or connections]
    return [tracker for tracker in trackers if tracker] if all(trackers) else []


CHECKS: tuple[Callable[[Whole], Iterator[Problem]], ...] = (
    deployments,
    known_to_the_tracker,
    changes,
    moments_of_rules,
    causes,
    service_fields,
)
