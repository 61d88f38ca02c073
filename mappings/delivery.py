"""`delivery` and `services` -> the rules by which facts are derived. Every default of the language is applied here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from integration.core.delivery import rules
from integration.core.kpi.language import Choice
from integration.core.links import Pattern, Selector
from integration.core.scorecard import ConnectionRule
from mappings import moments
from mappings.narrowing import Sources, narrowed
from mappings.schema.delivery import Cause, ChangeRule, Delivery, DeploymentRule, IncidentRule, ItemRule, ServiceKeys
from mappings.schema.selectors import Selector as SelectorKeys
from mappings.selecting import selector
from mappings.whole import Said, Whole

PRODUCTION = tuple(map(Pattern, ("prod", "production", "live")))
DEFAULT_BRANCHES = tuple(map(Pattern, ("main", "master")))
"""Facts do not tell which branch is a repository's default; these are what it is called nearly everywhere."""
SPECIFIC = ("type", "level", "key")
"""A change rule that says one of them means what it says; any other means items that are no incidents."""

Kind = Literal["items", "deployments", "changes", "incidents"]


def delivery(whole: Whole, connections: Mapping[str, ConnectionRule]) -> rules.Delivery:
    """The rules of each service: its own of a kind, else those of `delivery`. A file without services has one, named ``."""
    sources = Sources(connections)
    shared = whole.settings.delivery or Delivery()
    said = list(whole.services())
    if not said:
        return rules.Delivery({"": _service("", shared, shared, Selector(), sources, team=whole.settings.team or "")})
    return rules.Delivery({service.name: _of_service(whole, service, shared, sources) for service in said})


def _of_service(whole: Whole, said: Said[ServiceKeys], shared: Delivery, sources: Sources) -> rules.Service:
    keys = said.keys
    return _service(
        said.name,
        keys,
        shared,
        selector(keys),
        sources,
        title=keys.title or "",
        team=keys.team or said.file.keys.team or whole.settings.team or "",
        was=keys.was or (),
    )


def _service(
    name: str,
    own: Delivery,
    shared: Delivery,
    only: Selector,
    sources: Sources,
    *,
    title: str = "",
    team: str = "",
    was: tuple[str, ...] = (),
) -> rules.Service:
    return rules.Service(
        name=name,
        title=title,
        team=team,
        only=only,
        items=tuple(_item(rule, only, sources) for rule in own.items or shared.items),
        deployments=tuple(_deployment(rule, only, sources) for rule in own.deployments or shared.deployments),
        changes=tuple(_change(rule, only, sources) for rule in own.changes or shared.changes),
        incidents=tuple(_incident(rule, only, sources) for rule in own.incidents or shared.incidents),
        was=was,
    )


def _item(keys: ItemRule, service: Selector, sources: Sources) -> rules.ItemRule:
    return rules.ItemRule(
        only=narrowed(service, selector(keys), sources.all),
        planned=_moment(keys.planned),
        started=_moment(keys.started),
        done=_moment(keys.done),
        responded=_moment(keys.responded),
        escaped=keys.escaped,
    )


def _deployment(keys: DeploymentRule, service: Selector, sources: Sources) -> rules.DeploymentRule:
    """Where a rule names a stage, or its source has none, all that it selects is production unless it says otherwise."""
    of_runs = bool(keys.pipeline or keys.release_pipeline)
    known = sources.azure_devops if of_runs else sources.jira if keys.version else sources.all
    names_environments = bool(keys.release_pipeline or keys.pushed) and not keys.stage
    return rules.DeploymentRule(
        only=narrowed(service, selector(keys), known),
        versions=keys.version or (),
        pipelines=keys.pipeline or (),
        release_pipelines=keys.release_pipeline or (),
        stages=keys.stage or (),
        reaches=tuple(map(Pattern, keys.reaches or ())),
        pushed=bool(keys.pushed),
        environments=keys.environment or (PRODUCTION if names_environments else ()),
        branches=keys.branch or (),
        failed=keys.failed or (),
        ignore=keys.ignore or (),
        rollback=keys.rollback or (),
        rework=keys.rework or (),
    )


def _change(keys: ChangeRule, service: Selector, sources: Sources) -> rules.ChangeRule:
    of_code = bool(keys.pull_requests or keys.commits)
    is_specific = any(_says(keys, key) for key in SPECIFIC)
    only = selector(keys)
    merged = narrowed(service, only, sources.azure_devops if of_code else sources.all)
    if not (of_code or is_specific or merged.types or merged.levels or merged.keys):
        merged = replace(merged, levels=("item",))
    return rules.ChangeRule(
        only=merged,
        incidents=is_specific,
        started=_moment(keys.started),
        done=_moment(keys.done),
        pull_requests=keys.pull_requests or (),
        commits=keys.commits or (),
        into=keys.into or (DEFAULT_BRANCHES if of_code else ()),
        paths=keys.path or (),
        pushed=bool(keys.pushed),
    )


def _says(keys: SelectorKeys, key: str) -> bool:
    return bool(getattr(keys, key))


def _incident(keys: IncidentRule, service: Selector, sources: Sources) -> rules.IncidentRule:
    """A rule whose field names the service is for the items of all: the field decides, not the service's keys."""
    own = selector(keys)
    return rules.IncidentRule(
        only=own if keys.service_field else narrowed(service, own, sources.all),
        opened=_moment(keys.opened),
        responded=_moment(keys.responded),
        planned=_moment(keys.planned),
        restored=_moment(keys.restored),
        from_failed_deployments=keys.from_ is not None,
        service_field=keys.service_field,
        cause=_cause(keys.caused_by or Cause()),
        pushed=bool(keys.pushed),
    )


def _cause(keys: Cause) -> rules.Cause:
    usual = rules.Cause()
    within: timedelta | None = usual.within
    if keys.within is not None:
        within = keys.within if isinstance(keys.within, timedelta) else None
    return rules.Cause(
        links=keys.link or (),
        field=keys.field,
        commit=keys.commit,
        last_deployment=keys.last_deployment or usual.last_deployment,
        within=within,
    )


def _moment(written: str | None) -> Choice | None:
    return moments.of_rule(written) if written else None
