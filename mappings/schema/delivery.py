"""What is a deployment, a change, an incident; and the services that have them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from mappings.schema.forms import UNIT, Bool, Keys, Patterns, Text, Texts, about, as_typed, form, rule_list, text
from mappings.schema.selectors import Selector
from mappings.within import Within, within

MOMENTS = ("planned", "started", "done", "responded", "opened", "restored")
"""The keys of rules that say when something was."""
LastDeployment = Literal["begun before", "before", "at or before", "never"]
WithinTime = Annotated[
    Within,
    form(within),
    as_typed(rf"^(no limit|[0-9]+(\.[0-9]+)? *({UNIT}))$", "no limit, or a duration such as 3 days"),
]


class ItemRule(Selector):
    """What the words of a KPI mean for these items."""

    planned: Text | None = about("the moment at which it counts as planned: a status, or field NAME", "Diagnosed")
    started: Text | None = about("the moment at which it counts as started", "In Progress")
    done: Text | None = about("the moment at which it counts as done", "Done")
    responded: Text | None = about("the moment at which it counts as responded to", "first response")
    escaped: Bool | None = about("true: found by users")


class DeploymentRule(Selector):
    """What counts as a deployment: one of version, pipeline, release_pipeline, reaches, pushed."""

    version: Patterns | None = about("a Jira version is released", "Shop *")
    pipeline: Patterns | None = about("a YAML pipeline or build ends", "mobile-*")
    release_pipeline: Patterns | None = about("a classic release ends", "Gateway")
    stage: Patterns | None = about("its stage, instead of the whole run", "prod")
    reaches: Texts | None = about("an item enters this status", "Implemented")
    pushed: Bool | None = about("reported through the API or an import", True)
    environment: Patterns | None = about("which are production, where the source names one", "production")
    branch: Patterns | None = about("runs of these branches", "main")
    failed: Patterns | None = about("results or statuses of a failure", "Backed Out")
    ignore: Patterns | None = about("names, titles, branches of runs that are none", ["*dry-run*"])
    rollback: Patterns | None = about("names, titles, branches, labels that tell a rollback", ["*rollback*"])
    rework: Patterns | None = about("names, titles, branches, labels that tell rework", ["*hotfix*"])


class ChangeRule(Selector):
    """A unit of work on its way to production: items, or pull requests or commits instead."""

    started: Text | None = about("the moment at which work began", "In Progress")
    done: Text | None = about("the moment at which work was done", "Done")
    pull_requests: Patterns | None = about("instead of items: pull requests of these repositories", ["mobile-app"])
    commits: Patterns | None = about("instead of items: commits of these repositories", ["mobile-app"])
    into: Patterns | None = about("into these branches; else into main or master", ["main", "hotfix/*"])
    path: Patterns | None = about("touching these files", "apps/shop/*")
    pushed: Bool | None = about("reported through the API or an import", True)


class Cause(Keys):
    """What blames a deployment for an incident, asked in this order."""

    link: Patterns | None = about("an issue link to it", "is caused by")
    field: Text | None = about("a field that names the deployment or a version", "Found In Build")
    commit: Text | None = about("a commit in the text", "root cause: *")
    last_deployment: Annotated[LastDeployment, BeforeValidator(text)] | None = about(
        "the service's last production deployment, by when it happened", default="begun before"
    )
    within: WithinTime | None = about("only within this time", "3 days", "no limit", default="7 days")


class IncidentRule(Selector):
    """A failure that users felt."""

    opened: Text | None = about("the moment at which it began", "field Outage started", default="created")
    responded: Text | None = about("the moment at which somebody answered", default="first response")
    planned: Text | None = about("the moment at which it was known what to do")
    restored: Text | None = about("the moment at which it was over", "Resolved", default="done")
    from_: Annotated[Literal["failed deployments"], BeforeValidator(text)] | None = about(
        "instead of items: the first failure in a row opens, the next success restores", alias="from"
    )
    service_field: Text | None = about("under `delivery`: the field that names the service", "Affected service")
    caused_by: Cause | None = about("what blames a deployment", {"link": "is caused by", "within": "3 days"})
    pushed: Bool | None = about("reported through the API or an import", True)


class Delivery(Keys):
    """Rules for each service that has none of its own of that kind."""

    items: Annotated[tuple[ItemRule, ...], BeforeValidator(rule_list)] = about("what words mean for items", value=())
    deployments: Annotated[tuple[DeploymentRule, ...], BeforeValidator(rule_list)] = about("deployments", value=())
    changes: Annotated[tuple[ChangeRule, ...], BeforeValidator(rule_list)] = about("changes", value=())
    incidents: Annotated[tuple[IncidentRule, ...], BeforeValidator(rule_list)] = about("incidents", value=())


class ServiceKeys(Selector, Delivery):
    """A service; its selector keys narrow its rules, and what a rule says itself wins."""

    title: Text | None = about("what people read")
    team: Text | None = about("whose it is; else the file's team")
    was: Texts | None = about("former names")
