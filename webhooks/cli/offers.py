"""What `okrlink init` offers as deployments and incidents, from what a look at the tracker showed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from integration.core.examination import Sighting
from mappings.first_delivery import Rule

Kind: TypeAlias = Literal["type", "label"]
MOST_OFFERED = 12
"""Lines that somebody reads; anything else can be said in words."""
_LIKE_PRODUCTION = re.compile(
    r"(?<![a-z])(?<!pre[-_ ])(?<!non[-_ ])(?:prod(?:uction)?|prd|live)(?![a-z])", re.IGNORECASE
)
_LIKE_DEPLOYING = re.compile(r"deploy|releas|publish|roll-?out|(?<![a-z])cd(?![a-z])", re.IGNORECASE)
_LIKE_INCIDENT = re.compile(
    r"incident|outage|(?<![a-z])(?:prod(?:uction)?|live)[-_ :]?(?:bug|defect|issue)", re.IGNORECASE
)
_LIKE_BUG = re.compile(r"(?<![a-z])(?:bug|defect|fault|problem)s?(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """A rule that would find so many things, in the words in which it can be answered, too."""

    words: str
    rule: Rule
    times: int
    likely: bool
    """Whether its name alone says what it is: such rules are the default."""


def of_deployments(sightings: Sequence[Sighting]) -> Sequence[Offer]:
    """The likely ones first: versions, stages named like production; then classic stages, then pipelines that deploy."""
    stages = [one for one in sightings if one.stage]
    production = [one for one in stages if _LIKE_PRODUCTION.search(one.stage)]
    known = {one.name for one in production}
    others = [one for one in stages if one.of == "release pipeline" and one not in production]
    deploying = [
        one
        for one in sightings
        if one.of == "pipeline" and not one.stage and one.name not in known and _LIKE_DEPLOYING.search(one.name)
    ]
    offers = [*_versions(sightings), *(_run(one, likely=True) for one in production)]
    offers += [_run(one, likely=False) for one in others]
    offers += [_run(one, likely=not offers) for one in deploying]
    return offers[:MOST_OFFERED]


def _versions(sightings: Sequence[Sighting]) -> Iterator[Offer]:
    """Versions by what their names begin with: `Shop 4.2` and `Shop 4.3` are `Shop *`."""
    patterns = Counter(_pattern(one.name) for one in sightings if one.of == "version")
    for pattern, times in patterns.most_common():
        yield Offer(f"version {pattern}", {"version": pattern}, times, likely=True)


def _pattern(version: str) -> str:
    """What stands before the first digit, or nothing where there is none; a text between slashes would be an expression."""
    before, digit, _ = re.sub(r"\d", "\0", version).partition("\0")
    return f"{before}*" if digit and not before.startswith("/") and not re.search(r"[*?,]", before) else "*"


def _run(one: Sighting, *, likely: bool) -> Offer:
    key = one.of.replace(" ", "_")
    words = "release" if one.of == "release pipeline" else "pipeline"
    if not one.stage:
        return Offer(f"{words} {one.name}", {key: one.name}, one.times, likely)
    return Offer(f"{words} {one.name} / {one.stage}", {key: one.name, "stage": one.stage}, one.times, likely)


def candidates(types: Sequence[str], labels: Sequence[str]) -> Sequence[tuple[Kind, str]]:
    """Types and labels that may stand for incidents, the likely ones first: each is worth counting."""
    named: list[tuple[Kind, str]] = [*(("type", name) for name in types), *(("label", name) for name in labels)]
    likely = [one for one in named if _LIKE_INCIDENT.search(one[1])]
    bugs = [one for one in named if one[0] == "type" and one not in likely and _LIKE_BUG.search(one[1])]
    return [*likely, *bugs][:MOST_OFFERED]


def of_incidents(counts: Mapping[tuple[Kind, str], int]) -> Sequence[Offer]:
    """What was counted, the likely ones first. A bug alone is no incident: most are found before any user meets them."""
    offers = [
        Offer(f"{kind} {name}", {kind: name}, times, likely=bool(_LIKE_INCIDENT.search(name)))
        for (kind, name), times in counts.items()
    ]
    return sorted(offers, key=lambda one: (not one.likely, -one.times))
