"""What the rules of a mapping make of facts that were pushed or imported, which come without having been judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from integration.core.delivery.facts import Change, DeliveryFact, Deployment, Incident
from integration.core.delivery.outcomes import fields_of, judged, together
from integration.core.delivery.rules import Delivery, DeploymentRule, IncidentRule, Service
from integration.core.facts import Value

_USUAL = DeploymentRule(pushed=True)
_USUAL_INCIDENT = IncidentRule(pushed=True)


def as_ruled(fact: DeliveryFact, delivery: Delivery) -> DeliveryFact | None:
    """The fact as the rules see it; None where they say that it is none: a run to be ignored, one that was cancelled.

    Whoever pushes a fact means it, so it counts without any rule; a rule `pushed: true` of its service says more: which
    environments are production, which results are failures, which are no deployments. It names its service, which it need
    not where there is one only. A deployment whose result nobody told succeeded: it was reported as one.
    """
    services = _services(fact, delivery)
    fields = _with_team(fact, services)
    if isinstance(fact, Deployment):
        return _deployment(fact, services, fields)
    if isinstance(fact, Incident):
        rule = next((rule for rule in _incident_rules(services) if rule.pushed), _USUAL_INCIDENT)
        return replace(fact, fields=fields, last_deployment=rule.cause.last_deployment, within=rule.cause.within)
    if isinstance(fact, Change):
        moments = dict(fact.moments)
        if "done" not in moments and "merged" not in moments and "first commit" in moments:
            # Nobody told when it was ready: it waits for a deployment from its first commit on.
            moments["done"] = moments["first commit"]
        return replace(fact, fields=fields, moments=moments)
    return replace(fact, fields=fields)


def _deployment(fact: Deployment, services: tuple[Service, ...], fields: dict[str, Value]) -> Deployment | None:
    rules = [rule for service in services for rule in service.deployments if rule.pushed] or [_USUAL]
    result, environment = fields.get("result"), fields.get("environment")
    told = str(result) if result is not None else "success"
    names = [str(fields[name]) for name in ("version", "environment", "name", "branch") if fields.get(name)]
    verdicts = [
        verdict
        for rule in rules
        if (verdict := judged(told, None if environment is None else str(environment), [fact.id, *names], rule))
    ]
    if not verdicts:
        return None
    return replace(fact, fields={**fields_of(together(verdicts)), **fields, "result": together(verdicts).result})


def _services(fact: DeliveryFact, delivery: Delivery) -> tuple[Service, ...]:
    """The services that it names, by any name they have or had; the only one there is where it names none."""
    every = tuple(delivery.services.values())
    if not fact.services or delivery.is_one:
        return every if len(every) == 1 else ()
    return tuple(
        service for service in every if not {service.name, service.title, *service.was}.isdisjoint(fact.services)
    )


def _with_team(fact: DeliveryFact, services: tuple[Service, ...]) -> dict[str, Value]:
    fields = dict(fact.fields)
    named = tuple(service.name for service in services) or fact.services
    if fact.services and any(service.name == "" for service in services):
        # The mapping knows one service, of which senders tell more: a deployment is that one's, too, so that what trackers
        # tell, who know of no service, can be blamed on it.
        named = ("", *fact.services) if isinstance(fact, Deployment) else fact.services
    if any(named):
        fields["service"] = named
    teams = tuple(dict.fromkeys(service.team for service in services if service.team))
    return {**fields, "team": teams} if teams and "team" not in fields else fields


def _incident_rules(services: Iterable[Service]) -> Iterator[IncidentRule]:
    for service in services:
        yield from service.incidents
