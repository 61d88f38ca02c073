"""Changes drawn from items, from pull requests and from pushed commits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from integration.core.delivery.choices import found, united
from integration.core.delivery.facts import Change, Times
from integration.core.delivery.life import Life
from integration.core.delivery.membership import Membership, any_of, by_content, is_about
from integration.core.delivery.rules import ChangeRule
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.delivery.work import with_moments
from integration.core.facts import CommitsPushed, PullRequestChanged, Value
from integration.core.items import Item


def rules_for(
    item: Item, incident_in: frozenset[str | None], membership: Membership, vocabulary: Vocabulary
) -> Mapping[str, Sequence[ChangeRule]]:
    """The rules by which the item is a change, by service. `incident_in` are the services in which it is an incident."""
    rules: defaultdict[str, list[ChangeRule]] = defaultdict(list)
    for service in membership.services:
        for rule in service.changes:
            of_items = not (rule.pull_requests or rule.commits or rule.pushed)
            allowed = rule.incidents or service.name not in incident_in
            if of_items and allowed and rule.only.matches(item, vocabulary.catalogue):
                rules[service.name].append(rule)
    return rules


def of_item(
    item: Item,
    life: Life,
    fields: Mapping[str, Value],
    rules: Mapping[str, Sequence[ChangeRule]],
    names: tuple[str, ...],
    membership: Membership,
    vocabulary: Vocabulary,
) -> Iterator[Change]:
    """One change, or one for each service that understands it in another way."""
    made: dict[str, Change] = {}
    for service, told in rules.items():
        said = {
            "started": [rule.started for rule in told if rule.started],
            "done": [rule.done for rule in told if rule.done],
        }
        meant = {
            name: united(found(choice, life, item, vocabulary) for choice in choices)
            for name, choices in said.items()
            if choices
        }
        lived = with_moments(life, meant)
        made[service] = Change(
            id=str(item.ref),
            moments=lived.moments,
            undone=lived.undone,
            fields=fields,
            history=lived.history,
            item=item.ref,
            names=names,
        )
    yield from by_content(made, membership)


def of_pull_request(
    told: Sequence[PullRequestChanged], membership: Membership, vocabulary: Vocabulary
) -> Iterator[Change]:
    """A pull request from its opening on; one that was abandoned is on its way no more.

    The trackers tell neither its commits nor when they were made: its work is `started` when it is opened, `done` when it
    is merged.
    """
    facts = sorted(told, key=lambda fact: (fact.at, fact.source))
    merged = min((fact.at for fact in facts if fact.action == "merged"), default=None)
    turns = [fact for fact in facts if fact.action != "commented"]
    newest = max(turns, key=lambda fact: (fact.at, fact.action == "abandoned"), default=None)
    if merged is None and newest is not None and newest.action == "abandoned":
        return
    beginnings = [at for fact in facts for at in (fact.opened, fact.at if fact.action == "opened" else None)]
    opened = min((at for at in beginnings if at is not None), default=None)
    author = next((fact.actor for fact in facts if fact.action == "opened" and fact.actor), None)
    reviewed = [
        fact.at for fact in facts if fact.action == "commented" and author and fact.actor and fact.actor != author
    ]
    at = {"opened": opened, "started": opened, "first response": min(reviewed, default=None)}
    at |= {"merged": merged, "done": merged, "closed": merged}
    repository = _last(facts, "repository")
    into, source, project = _last(facts, "target_branch"), _last(facts, "source_branch"), _last(facts, "project")
    services = [
        service.name
        for service in membership.services
        for rule in service.changes
        if any_of(rule.pull_requests, (repository,))
        and _comes_into(rule, into)
        and is_about(rule.only, vocabulary.connection, vocabulary.project_names(project or None))
    ]
    if services:
        commits = tuple(dict.fromkeys(fact.merge_commit.lower() for fact in facts if fact.merge_commit))
        fields = {"repository": repository, "branch": into, "source branch": source, "project": project}
        yield Change(
            id=f"{vocabulary.connection}:pull request {facts[0].pull_request}",
            moments=_known(at),
            fields={**{name: value for name, value in fields.items() if value}, **membership.fields(services)},
            names=commits,
        )


def of_push(push: CommitsPushed, membership: Membership, vocabulary: Vocabulary) -> Iterator[Change]:
    """Each commit of a push that came into a branch that counts.

    When it was made is not told, so that its first moment is that of the push. A commit that comes into two such branches
    is told by two pushes, as one change with one id: the earlier push stands.
    """
    services = [
        service.name
        for service in membership.services
        for rule in service.changes
        if any_of(rule.commits, (push.repository,))
        and _comes_into(rule, push.branch or "")
        and is_about(rule.only, vocabulary.connection, vocabulary.project_names(push.project))
    ]
    if not services:
        return
    told = {"repository": push.repository, "branch": push.branch, "project": push.project}
    fields = {**{name: value for name, value in told.items() if value}, **membership.fields(services)}
    at = {"first commit": push.at, "started": push.at, "merged": push.at, "done": push.at}
    for commit in dict.fromkeys(push.commits):
        yield Change(
            id=f"{vocabulary.connection}:commit {push.repository}/{commit.lower()}",
            moments=_known(at),
            fields=fields,
            names=(commit.lower(),),
        )


def _comes_into(rule: ChangeRule, branch: str) -> bool:
    """No tracker tells which files were touched: where a rule asks for some, only what is pushed can say so.

    A changeset of the older version control comes into no branch, and counts.
    """
    return not rule.paths and (not rule.into or not branch or any_of(rule.into, (branch,)))


def _known(at: Mapping[str, datetime | None]) -> Mapping[str, Times]:
    return {name: (time,) for name, time in at.items() if time is not None}


def _last(facts: Sequence[PullRequestChanged], name: str) -> str:
    """What was told of it last; the more precise telling first."""
    told = [fact for fact in facts if getattr(fact, name)]
    newest = max(told, key=lambda fact: (fact.exact, fact.at, fact.source), default=None)
    return "" if newest is None else str(getattr(newest, name))
