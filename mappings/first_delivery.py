"""What a first mapping says of delivery: what counts as a deployment and as an incident, and the KPIs that come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from mappings.first_words import Line, as_text
from mappings.presets import presets

Rule: TypeAlias = Mapping[str, str]
"""A rule of delivery: its keys and what each is to match."""

PUSHED: Rule = {"pushed": "true"}
USUAL_INCIDENT: Rule = {"label": "incident"}
WATCHED = ("dora/deployment-frequency", "dora/lead-time", "dora/change-failure-rate", "dora/time-to-restore")
"""What every team looks at first."""
SCHOOLS = ("dora", "flow")
"""Whose presets a first key result may be measured by."""

_SAYS: Mapping[str, str] = {
    "version": "a version of Jira is released",
    "pipeline": "a run of this pipeline ends",
    "release_pipeline": "a classic release ends",
    "stage": "only this stage of it",
    "reaches": "an item enters this status",
    "type": "each item of this type, from its creation until it is done",
    "label": "each item with this label, from its creation until it is done",
    "from": "the first failure in a row opens one, the next success ends it",
}


def choices() -> Sequence[str]:
    """The presets that measure one number, by which a key result may be measured."""
    return [name for name, keys in presets().items() if name.partition("/")[0] in SCHOOLS and not keys.by]


def likely_target(preset: str) -> str:
    """A third better than before, in the direction that is better."""
    return "+30 %" if presets()[preset].better == "higher" else "-30 %"


def key_result_lines(preset: str, target: str) -> Iterator[Line]:
    yield Line(f"        kpi: {_name(preset)}", "one of those under kpis")
    yield Line("        start: measured", "what it was before the cycle; okrlink backfill or okrlink import tells it")
    yield Line(f"        target: {as_text(target)}")


def delivery_section(deployments: Sequence[Rule], incidents: Sequence[Rule]) -> Iterator[Line]:
    yield Line("# What a deployment, a change and an incident is. KPIs count these.")
    yield Line("delivery:")
    yield Line("  deployments:")
    for rule in deployments:
        yield from _rule(rule, "your CI tells of each, to /api/v1/facts or by okrlink import")
    yield Line("  changes:")
    yield Line("    - started: started", "each item, from the start of its work to the deployment that ships it")
    yield Line("  incidents:")
    for rule in incidents:
        yield from _rule(rule, "another program tells of each, to /api/v1/facts or by okrlink import")


def kpis_section(preset: str) -> Iterator[Line]:
    """What is watched, the preset among it."""
    yield Line("# What is watched all the time: `okrlink kpis` shows it, and --explain the facts behind a number.")
    yield Line("kpis:")
    yield Line("  defaults: {review: monthly}", "somebody looks at them once a month")
    for name in dict.fromkeys([*WATCHED, *([preset] if preset else [])]):
        yield Line(f"  {_name(name)}: {{use: {name}}}", presets()[name].title or "")


def _rule(rule: Rule, pushed: str) -> Iterator[Line]:
    for number, (key, value) in enumerate(rule.items()):
        said = value if key == "pushed" else as_text(value)
        remark = "and only with this label" if number and key == "label" else _SAYS.get(key, pushed)
        yield Line(f"    {' ' if number else '-'} {key}: {said}", remark)


def _name(preset: str) -> str:
    return preset.partition("/")[2]
