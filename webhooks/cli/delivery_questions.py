"""What `okrlink init` asks about delivery: what counts as a deployment and as an incident."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from mappings.first import wrong_with_rule
from mappings.first_delivery import PUSHED, USUAL_INCIDENT, Rule
from mappings.schema.connections import TrackerName
from webhooks.cli.asking import Asking
from webhooks.cli.offers import Offer

LOOKED_BACK = 90
"""Days."""
_OWN_TOOL = "ci"
_FAILURES = "failed deployments"
_DEPLOYMENT = re.compile(
    r"version (?P<version>.+)|status (?P<reaches>.+)"
    r"|(?:pipeline (?P<pipeline>.+?)|release (?P<release_pipeline>.+?))(?: / (?P<stage>.+))?",
    re.IGNORECASE,
)
_INCIDENT = re.compile(
    r"(?=.)(?:type (?P<type>(?:(?! (?:label|tag) ).)+))?(?: ?(?:label|tag) (?P<label>\S+))?", re.IGNORECASE
)
_OF_JIRA = {"version NAME": "a version of this name is released", "status NAME": "an item enters this status"}
_OF_AZURE = {
    "pipeline NAME / STAGE": "this stage of a YAML pipeline ends; without a stage the whole run",
    "release NAME / STAGE": "this stage of a classic release ends",
    "status NAME": "an item enters this status",
}
_BY_CI = {_OWN_TOOL: "your CI will tell"}
_OF_INCIDENTS = {
    "type NAME": "each item of this type",
    "label NAME": "each item with this label or tag",
    "type NAME label NAME": "each item with both",
    _FAILURES: "from the first failure in a row to the next success",
    _OWN_TOOL: "another program will tell",
}


def rules_of_deployments(asking: Asking, tracker: TrackerName, offers: Sequence[Offer]) -> tuple[Rule, ...]:
    """What was seen first; where nothing was, whatever the team's CI will tell."""
    forms = {**(_OF_AZURE if tracker.startswith("azure") else _OF_JIRA), **_BY_CI}
    default = _listed(asking, offers, forms) or _OWN_TOOL
    return asking.ask(_question(offers), default, _rules(tracker, "deployments", offers, _deployment))


def rules_of_incidents(asking: Asking, tracker: TrackerName, offers: Sequence[Offer]) -> tuple[Rule, ...]:
    """What was seen first; where nothing was, a label that people can use from today on."""
    default = _listed(asking, offers, _OF_INCIDENTS) or f"label {USUAL_INCIDENT['label']}"
    return asking.ask(_question(offers), default, _rules(tracker, "incidents", offers, _incident))


def _listed(asking: Asking, offers: Sequence[Offer], forms: Mapping[str, str]) -> str:
    """Shows the offers, and what else can be said; the numbers of the likely offers."""
    for number, offer in enumerate(offers, start=1):
        asking.say(f"   {number:3}  {offer.words}  {offer.times:,} in {LOOKED_BACK} days")
    for form, says in forms.items():
        asking.say(f"     {'or' if offers else '· '} {form}: {says}")
    return ", ".join(str(number) for number, offer in enumerate(offers, start=1) if offer.likely)


def _question(offers: Sequence[Offer]) -> str:
    return f"{'By number or in such words' if offers else 'In such words'}, with commas between; NAME may hold *"


def _rules(
    tracker: TrackerName,
    section: Literal["deployments", "incidents"],
    offers: Sequence[Offer],
    said: Callable[[str], Rule | None],
) -> Callable[[str], tuple[Rule, ...]]:
    numbered = {str(number): offer.rule for number, offer in enumerate(offers, start=1)}

    def each(answer: str) -> Iterator[Rule]:
        for part in filter(None, (" ".join(part.split()) for part in answer.split(","))):
            rule = numbered.get(part) or said(part)
            if rule is None:
                raise ValueError(f"'{part}' is none of these")
            if wrong := wrong_with_rule(tracker, section, rule):
                raise ValueError(wrong)
            yield rule

    def understood(answer: str) -> tuple[Rule, ...]:
        rules: list[Rule] = []
        for rule in each(answer):
            if rule not in rules:
                rules.append(rule)
        if not rules:
            raise ValueError("at least one of them")
        return tuple(rules)

    return understood


def _deployment(words: str) -> Rule | None:
    return PUSHED if words.casefold() == _OWN_TOOL else _told(_DEPLOYMENT, words)


def _incident(words: str) -> Rule | None:
    if words.casefold() == _FAILURES:
        return {"from": _FAILURES}
    return PUSHED if words.casefold() == _OWN_TOOL else _told(_INCIDENT, words)


def _told(form: re.Pattern[str], words: str) -> Rule | None:
    found = form.fullmatch(words)
    return {key: value for key, value in found.groupdict().items() if value} if found else None
