"""Versions that were released, and items that reached a status -> deployments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from integration.core.catalogue import folded
from integration.core.delivery.facts import Deployment, Times
from integration.core.delivery.life import Life
from integration.core.delivery.membership import Membership, any_of, by_content, is_about
from integration.core.delivery.outcomes import Judged, fields_of, judged, together
from integration.core.delivery.rules import DeploymentRule
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.delivery.work import names_of
from integration.core.facts import Value, VersionChanged
from integration.core.items import Item


def of_version(facts: Sequence[VersionChanged], membership: Membership, vocabulary: Vocabulary) -> Iterator[Deployment]:
    """A version that is released, dated by its last release.

    One that was taken back is none until it is released again, and one that was merged into another has gone into that. A
    version that was deleted later was released all the same.
    """
    last = {action: max((fact.at for fact in facts if fact.action == action), default=None) for action in _ACTIONS}
    released, taken_back = last["released"], last["unreleased"]
    if released is None or last["merged"] or (taken_back is not None and taken_back > released):
        return
    newest = sorted(facts, key=lambda fact: (fact.at, fact.source), reverse=True)
    name = next((fact.name for fact in newest if fact.name), "")
    project = next((fact.project for fact in newest if fact.project), None)
    projects = vocabulary.project_names(project)
    made: dict[str, Deployment] = {}
    for service in membership.services:
        judgements = [
            one
            for rule in service.deployments
            if any_of(rule.versions, (name,))
            and is_about(rule.only, vocabulary.connection, projects)
            and (one := judged("success", None, (name,), rule))
        ]
        if judgements:
            made[service.name] = Deployment(
                id=f"{vocabulary.connection}:version {facts[0].version}",
                moments={"finished": (released,)},
                fields={"version": name, **_project(project, vocabulary), **fields_of(together(judgements))},
                names=tuple(dict.fromkeys((name, folded(name)))),
            )
    yield from by_content(made, membership)


_ACTIONS = ("released", "unreleased", "merged")


def _project(told: str | None, vocabulary: Vocabulary) -> Mapping[str, Value]:
    """A project by its key, as items have it: versions tell only its id."""
    keys = sorted(name for name in vocabulary.project_names(told) if name in vocabulary.catalogue.projects)
    plain = [key for key in keys if not key.isdecimal()]
    return {"project": (plain or keys or [told])[0]} if told else {}


def of_item(item: Item, life: Life, membership: Membership, vocabulary: Vocabulary) -> Iterator[Deployment]:
    """Each time that the item reached one of a rule's statuses from another, or one of its statuses of failure.

    One that is backed out after it had reached them is that same deployment, failed.
    """
    made: dict[str, dict[str, Deployment]] = {}
    for service in membership.services:
        reached: dict[datetime, list[Judged]] = {}
        for rule in service.deployments:
            if rule.reaches and rule.only.matches(item, vocabulary.catalogue):
                for at, one in _reached(item, life, rule):
                    reached.setdefault(at, []).append(one)
        for number, at in enumerate(sorted(reached), 1):
            deployment = _deployment(item, life, number, at, together(reached[at]))
            made.setdefault(deployment.id, {})[service.name] = deployment
    for contents in made.values():
        yield from by_content(contents, membership)


def _reached(item: Item, life: Life, rule: DeploymentRule) -> Iterator[tuple[datetime, Judged]]:
    names = (item.key, item.title, *item.labels)
    found: list[tuple[datetime, str]] = []
    before = ""
    for stretch in life.stretches:
        reaches = any_of(rule.reaches, (stretch.status,))
        if reaches and not any_of(rule.reaches, (before,)):
            found.append((stretch.entered, "success"))
        elif not reaches and any_of(rule.failed, (stretch.status,)):
            if found and found[-1][1] == "success":
                found[-1] = (found[-1][0], "failed")
            else:
                found.append((stretch.entered, "failed"))
        before = stretch.status
    for at, result in found:
        if one := judged(result, None, names, rule):
            yield at, one


def _deployment(item: Item, life: Life, number: int, at: datetime, one: Judged) -> Deployment:
    gone: Mapping[str, Times] = {name: times for name, times in life.moments.items() if name == "deleted"}
    back: Mapping[str, Times] = {name: times for name, times in life.undone.items() if name == "deleted"}
    versions = item.fields.get("fix_versions")
    version: Mapping[str, Value] = (
        {"version": versions[0]} if isinstance(versions, tuple) and len(versions) == 1 else {}
    )
    told: Mapping[str, Value] = {"key": item.key, "title": item.title, "project": item.project, "type": item.type}
    return Deployment(
        id=f"{item.ref}" + (f"/{number}" if number > 1 else ""),
        moments={"finished": (at,), **gone},
        undone=back,
        fields={**{name: value for name, value in told.items() if value}, **version, **fields_of(one)},
        item=item.ref,
        names=names_of(item),
    )
