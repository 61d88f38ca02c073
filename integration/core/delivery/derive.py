"""From tracker facts to delivery facts: all that one subject means by the rules of a mapping.

A subject's facts and its item are all that is looked at (`core.delivery.subjects` says which they are), so that a store
derives anew what a new fact touches, and nothing else. What facts mean for each other is told by
`core.delivery.attribution`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from integration.core.catalogue import Catalogue
from integration.core.delivery import changes, incidents, releases, runs
from integration.core.delivery.facts import DeliveryFact
from integration.core.delivery.life import life_of
from integration.core.delivery.membership import Membership, any_of
from integration.core.delivery.relations import artifacts, relations
from integration.core.delivery.rules import Delivery
from integration.core.delivery.subjects import Address, Subject, subject_of
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.delivery.work import as_ruled, fields_of, names_of, stays, work_item
from integration.core.facts import CommitsPushed, PullRequestChanged, RunFinished, TrackerFact, VersionChanged
from integration.core.items import Item
from integration.core.links import Pattern

if TYPE_CHECKING:  # the scorecard is made of these rules
    from integration.core.scorecard import ConnectionRule

_UTC = ZoneInfo("UTC")


class Derivation:
    """A connection's words and a mapping's rules, made ready for many subjects of that connection.

    `timezone` is where a date without a time begins. What is outside the connection's projects means nothing: an item that
    was moved there is where it is now. `address` tells where people can look at a subject; without it facts have no `url`.
    """

    def __init__(
        self,
        connection: ConnectionRule,
        catalogue: Catalogue,
        delivery: Delivery,
        timezone: ZoneInfo = _UTC,
        address: Address | None = None,
    ) -> None:
        self._site, self._address = connection.url, address
        self._vocabulary = Vocabulary(connection.name, catalogue, timezone)
        self._membership = Membership(delivery)
        self._projects = tuple(map(Pattern, connection.projects))

    def derive(self, facts: Iterable[TrackerFact], item: Item | None = None) -> tuple[DeliveryFact, ...]:
        """What the facts of one subject mean, in any order of the facts; `item` is the folded item of a subject that is one.

        The same facts give the same ids, so that deriving again replaces what was derived before.
        """
        told = tuple(facts)
        if item is None:
            found = tuple(self._of_rest(told))
        elif self._is_ours(item.project, item.project_name):
            found = tuple(self._of_item(told, item))
        else:
            return ()
        url = self._url(told, item, found[0]) if found else ""
        return tuple(replace(fact, url=url) for fact in found) if url else found

    def _url(self, facts: Sequence[TrackerFact], item: Item | None, fact: DeliveryFact) -> str:
        connection = self._vocabulary.connection
        about = Subject(connection, "item", item.ref.id) if item else subject_of(connection, facts[0])
        if self._address is None or about is None:
            return ""
        told = {
            name: value for name in ("key", "project", "repository") if isinstance(value := fact.fields.get(name), str)
        }
        place = self._address(about, told)
        return f"{self._site}{place}" if place else ""

    def _is_ours(self, *project: str) -> bool:
        return not self._projects or any_of(self._projects, project)

    def _of_item(self, facts: Sequence[TrackerFact], item: Item) -> Iterator[DeliveryFact]:
        membership, vocabulary = self._membership, self._vocabulary
        catalogue = vocabulary.catalogue
        rules = []
        for rule in (rule for service in membership.services for rule in service.items):
            if rule not in rules and rule.only.matches(item, catalogue):
                rules.append(rule)
        life = as_ruled(life_of(facts, item, vocabulary), rules, item, vocabulary)
        is_incident = incidents.rules_for(item, membership, vocabulary)
        is_change = changes.rules_for(item, frozenset(is_incident), membership, vocabulary)
        own = fields_of(item, rules, vocabulary)
        services = {
            *membership.selecting(item, catalogue),
            *is_change,
            *(name for name in is_incident if name is not None),
        }
        fields = {**own, **membership.fields(services)}
        yield work_item(item, life, fields)
        yield from stays(item, life, fields)
        yield from releases.of_item(item, life, membership, vocabulary)
        if is_change:
            names = (*names_of(item), *artifacts(facts, item.ref, vocabulary))
            yield from changes.of_item(item, life, own, is_change, names, membership, vocabulary)
        if is_incident:
            standing = relations(facts, item.ref, vocabulary)
            yield from incidents.incidents(item, life, own, is_incident, standing, membership, vocabulary)

    def _of_rest(self, facts: Sequence[TrackerFact]) -> Iterator[DeliveryFact]:
        membership, vocabulary = self._membership, self._vocabulary
        finished = [fact for fact in facts if isinstance(fact, RunFinished)]
        if finished and self._is_in_projects(finished):
            run = runs.run_of(finished)
            yield from runs.deployments(run, membership, vocabulary)
            if not run.is_release:
                yield from runs.builds(run, membership, vocabulary)
        versions = [fact for fact in facts if isinstance(fact, VersionChanged)]
        if versions and self._is_in_projects(versions):
            yield from releases.of_version(versions, membership, vocabulary)
        pull_requests = [fact for fact in facts if isinstance(fact, PullRequestChanged)]
        if pull_requests and self._is_in_projects(pull_requests):
            yield from changes.of_pull_request(pull_requests, membership, vocabulary)
        for push in facts:
            if isinstance(push, CommitsPushed) and self._is_in_projects((push,)):
                yield from changes.of_push(push, membership, vocabulary)

    def _is_in_projects(
        self, facts: Sequence[RunFinished | VersionChanged | PullRequestChanged | CommitsPushed]
    ) -> bool:
        """Whether it is of a project that is read; of one that nobody told it is."""
        projects = {name for fact in facts for name in self._vocabulary.project_names(fact.project)}
        return not projects or self._is_ours(*projects)
