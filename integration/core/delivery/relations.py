"""What an item is linked to: the items, builds and commits that it names, by links that stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from integration.core.catalogue import folded
from integration.core.delivery.rules import Patterns
from integration.core.delivery.vocabulary import Vocabulary, natural
from integration.core.facts import ItemRef, LinkAdded, LinkRemoved, TrackerFact

_WORDS: Mapping[str, tuple[str, str]] = {
    "problem/incident": ("causes", "is caused by"),
    "causes": ("causes", "is caused by"),
    "blocks": ("blocks", "is blocked by"),
    "cloners": ("clones", "is cloned by"),
    "duplicate": ("duplicates", "is duplicated by"),
    "relates": ("relates to", "relates to"),
    "microsoft.vsts.common.affects": ("affects", "affected by"),
    "system.linktypes.dependency": ("successor", "predecessor"),
    "system.linktypes.duplicate": ("duplicate", "duplicate of"),
    "system.linktypes.related": ("related", "related"),
    "system.linktypes.remote.dependency": ("consumes from", "produces for"),
}
"""Link types as the trackers ship them -> their words on screen: what the source says of the target, and the other way."""

_ARTIFACT = re.compile(r"vstfs:///(?P<kind>Build/Build|Git/Commit)/(?P<id>.+)", re.IGNORECASE)


class Relation(NamedTuple):
    """The item says one of `words` of `name`."""

    words: tuple[str, ...]
    name: str


def relations(facts: Iterable[TrackerFact], ref: ItemRef, vocabulary: Vocabulary) -> Sequence[Relation]:
    """The links that stand, in the order in which they were made, seen from the item."""
    standing: dict[tuple[str, str, bool], Relation] = {}
    told = [fact for fact in facts if isinstance(fact, LinkAdded | LinkRemoved)]
    for fact in sorted(told, key=lambda fact: (fact.at, isinstance(fact, LinkAdded), natural(fact.source))):
        is_ours = fact.item == ref.id
        outward = fact.outward if is_ours else not fact.outward
        other = fact.other if is_ours else fact.item or ""
        key = (fact.link, other, outward)
        if isinstance(fact, LinkRemoved):
            standing.pop(key, None)
        else:
            standing[key] = Relation(_words(fact.link, outward=outward), _name(other, vocabulary))
    return tuple(standing.values())


def linked_by(patterns: Patterns, standing: Iterable[Relation]) -> Iterator[str]:
    """The names of what is linked in these words, or by a link type of this name."""
    for relation in standing:
        if any(pattern.matches(word) for pattern in patterns for word in relation.words):
            yield relation.name


def artifacts(facts: Iterable[TrackerFact], ref: ItemRef, vocabulary: Vocabulary) -> Iterator[str]:
    """The builds and commits that the item is linked to, in one order every time."""
    links = (fact for fact in facts if isinstance(fact, LinkAdded) and fact.item == ref.id)
    yield from sorted({_name(link.other, vocabulary) for link in links if _ARTIFACT.match(link.other)})


def _words(link: str, *, outward: bool) -> tuple[str, ...]:
    """What is said on screen, and the name of the type, unless that is what the other side says."""
    says, hears = _WORDS.get(folded(link), (link, link))
    mine, its = (says, hears) if outward else (hears, says)
    return (mine,) if folded(link) == its else (mine, link)


def _name(other: str, vocabulary: Vocabulary) -> str:
    """A build by its id, a commit by its hash, which stands last in its address; an item as the vocabulary names it."""
    if artifact := _ARTIFACT.match(other):
        return unquote(artifact["id"]).rpartition("/")[2].lower()
    return vocabulary.name_of(other)
