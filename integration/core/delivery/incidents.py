"""Incidents drawn from items: when each was opened, answered, planned and restored, and what it blames."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from integration.core.catalogue import folded
from integration.core.delivery.choices import found, united
from integration.core.delivery.facts import Incident
from integration.core.delivery.life import Life
from integration.core.delivery.membership import Membership, by_content
from integration.core.delivery.relations import Relation, linked_by
from integration.core.delivery.rules import Cause, IncidentRule
from integration.core.delivery.vocabulary import Vocabulary
from integration.core.facts import Value
from integration.core.items import Item, field_value
from integration.core.kpi.language import Choice, Moment
from integration.core.links import texts

OPENED: Choice = (Moment("created"),)
RESPONDED: Choice = (Moment("first response"),)
PLANNED: Choice = (Moment("planned"),)
RESTORED: Choice = (Moment("done"),)

_COMMIT = r"([0-9a-f]{7,64})\b"


def rules_for(
    item: Item, membership: Membership, vocabulary: Vocabulary
) -> Mapping[str | None, Sequence[IncidentRule]]:
    """The rules by which the item is an incident, by service; under None those of which it names no service that is known.

    Where a field names the service, it decides alone: an item that names a service with rules of its own is none by
    the others' rules.
    """
    rules: defaultdict[str | None, list[IncidentRule]] = defaultdict(list)
    for service in membership.services:
        for rule in service.incidents:
            if rule.pushed or rule.from_failed_deployments or not rule.only.matches(item, vocabulary.catalogue):
                continue
            if rule.service_field is None:
                rules[service.name].append(rule)
                continue
            named = membership.named(field_value(item, rule.service_field, vocabulary.catalogue))
            if service.name in named:
                rules[service.name].append(rule)
            elif not named and rule not in rules[None]:
                rules[None].append(rule)
    return {service: told for service, told in rules.items() if told}


def incidents(
    item: Item,
    life: Life,
    fields: Mapping[str, Value],
    rules: Mapping[str | None, Sequence[IncidentRule]],
    standing: Sequence[Relation],
    membership: Membership,
    vocabulary: Vocabulary,
) -> Iterator[Incident]:
    """One incident, or one for each service that understands it in another way."""
    known = {name: told for name, told in rules.items() if name is not None}
    made = {name: _incident(item, life, fields, told, standing, vocabulary) for name, told in known.items()}
    yield from by_content(made, membership)
    if not known and None in rules:
        yield _incident(item, life, fields, rules[None], standing, vocabulary)


def _incident(
    item: Item,
    life: Life,
    fields: Mapping[str, Value],
    rules: Sequence[IncidentRule],
    standing: Sequence[Relation],
    vocabulary: Vocabulary,
) -> Incident:
    choices = {
        "opened": [rule.opened or OPENED for rule in rules],
        "responded": [rule.responded or RESPONDED for rule in rules],
        "planned": [rule.planned or PLANNED for rule in rules],
        "restored": [rule.restored or RESTORED for rule in rules],
    }
    told = {name: united(found(one, life, item, vocabulary) for one in each) for name, each in choices.items()}
    moments = {name: times for name, times in life.moments.items() if name not in told}
    undone = {name: times for name, times in life.undone.items() if name not in told}
    causes = [name for rule in rules for name in causes_of(item, rule.cause, standing, vocabulary)]
    return Incident(
        id=str(item.ref),
        moments={**moments, **{name: times for name, (times, _) in told.items() if times}},
        undone={**undone, **{name: times for name, (_, times) in told.items() if times}},
        fields=fields,
        history=life.history,
        item=item.ref,
        causes=tuple(dict.fromkeys(causes)),
        last_deployment=rules[0].cause.last_deployment,
        within=rules[0].cause.within,
    )


def causes_of(item: Item, cause: Cause, standing: Iterable[Relation], vocabulary: Vocabulary) -> Iterator[str]:
    """The names by which it blames a deployment itself, in the order in which they are to be tried."""
    yield from linked_by(cause.links, standing)
    if cause.field is not None:
        yield from map(folded, texts(field_value(item, cause.field, vocabulary.catalogue)))
    if cause.commit is not None:
        before, _, after = (re.escape(folded(part)) for part in cause.commit.partition("*"))
        pattern = re.compile(rf"{before}\s*{_COMMIT}\s*{after}")
        for text in _texts(item):
            yield from (match[1] for match in pattern.finditer(text))


def _texts(item: Item) -> Iterator[str]:
    """Title and fields of text, as far as they are kept: descriptions and comments are not."""
    yield folded(item.title)
    yield from (folded(value) for value in item.fields.values() if isinstance(value, str))
