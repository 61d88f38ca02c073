"""A team's first mapping: answers -> a commented `okr.yaml`. No secret is asked for, so none can be written."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

from integration.core.errors import MappingInvalid, Problem
from integration.core.fields import holds
from integration.core.scorecard import CardValue
from mappings.checks.names import spelled
from mappings.cycles import by_name
from mappings.first_delivery import PUSHED, USUAL_INCIDENT, Rule, delivery_section, key_result_lines, kpis_section
from mappings.first_words import Line, aligned, as_list, as_text, in_quotes
from mappings.load import load_texts
from mappings.schema.connections import TrackerName

MeasuredBy: TypeAlias = Literal["items", "story points", "kpi", "number"]
ShownAs: TypeAlias = Literal["badge", "fields", "nowhere"]

FIELDS: Mapping[str, CardValue] = {"KR Progress": "percent", "KR Status": "status", "KR Summary": "summary"}
LAST_DAYS = timedelta(days=21)
"""Whoever writes a mapping this late in a quarter plans the next one."""
DELIVERY = "delivery: {deployments: [{pushed: true}], incidents: [{pushed: true}]}"
"""Rules by which every preset can be measured."""
LONGEST_NAME = 24
"""Names are typed: three words at most, that fit into this."""
SMALL_WORDS = re.compile(
    r"a|an|all|and|are|as|at|be|by|can|every|for|from|get|has|have|in|is|its?|less|more|most|new|not?|of|on|one|or|our|out|"
    r"than|that|the|their|they|this|to|up|us|we|who|will|with|within|without"
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What `okrlink init` asks, in its order."""

    url: str
    tracker: TrackerName
    user: str
    """The environment variable that holds the account; only Jira Cloud wants one."""
    token: str
    webhook_secret: str
    projects: tuple[str, ...]
    timezone: str
    holidays: str
    cycle: str
    objective: str
    objective_name: str
    key_result: str
    key_result_name: str
    measured_by: MeasuredBy
    start: str
    target: str
    field: str
    """The field by which people tag; else the label."""
    label: str
    shown: ShownAs
    fields: Mapping[str, CardValue] = dataclasses.field(default_factory=lambda: FIELDS)
    """The fields in which progress is shown, if it is shown in fields: as they are called -> what they hold."""
    kpi: str = ""
    """The preset that measures the key result, if a KPI does."""
    deployments: tuple[Rule, ...] = (PUSHED,)
    incidents: tuple[Rule, ...] = (USUAL_INCIDENT,)


def this_and_next_quarter(today: date) -> tuple[str, str]:
    this = f"{today.year}-Q{(today.month + 2) // 3}"
    year, quarter = int(this[:4]), int(this[-1])
    return this, f"{year + quarter // 4}-Q{quarter % 4 + 1}"


def likely_cycle(today: date) -> str:
    """The present quarter, or the next one when that is nearly over."""
    this, following = this_and_next_quarter(today)
    cycle = by_name(this)
    return following if cycle is not None and cycle.last - today < LAST_DAYS else this


def short_name(title: str) -> str:
    """A name that says what the title is about: `Nobody queues on the quay` -> `nobody-queues-quay`."""
    words = spelled(title).split("-")
    telling = [word for word in words if not SMALL_WORDS.fullmatch(word)] or words
    name = telling[0][:LONGEST_NAME]
    for word in telling[1:3]:
        if len(name) + 1 + len(word) > LONGEST_NAME:
            break
        name += f"-{word}"
    return name


def wrong_with_numbers(start: str, target: str) -> str | None:
    """What the language says of a way from one number to another, or None."""
    return _wrong_with(f"start: {as_text(start)}", f"target: {as_text(target)}")


def wrong_with_target(preset: str, target: str) -> str | None:
    """What the language says of a key result that such a KPI shall bring to a target, or None."""
    return _wrong_with(f"kpi: {preset}", f"target: {as_text(target)}")


def wrong_with_rule(tracker: TrackerName, section: Literal["deployments", "incidents"], rule: Rule) -> str | None:
    """What the language says of such a rule beside such a tracker, or None."""
    keys = ", ".join(f"{key}: {value if key == 'pushed' else in_quotes(value)}" for key, value in rule.items())
    connection = (
        f"connections: {{a: {{tracker: {tracker}, url: https://a.example, user: env/A, token: env/A, projects: [A]}}}}"
    )
    return _first_of(f"{connection}\ndelivery: {{{section}: [{{{keys}}}]}}")


def _wrong_with(*said: str) -> str | None:
    lines = ("cycle: 2026", "objectives:", "  a:", "    title: A", "    key_results:", "      b:", "        title: B")
    text = "\n".join((*lines, *(f"        {each}" for each in said), DELIVERY))
    return _first_of(text)


def _first_of(text: str) -> str | None:
    """The first of what the language says of a file."""
    try:
        problems: Sequence[Problem] = load_texts({"": text}, "").warnings
    except MappingInvalid as invalid:
        problems = invalid.problems
    return problems[0].message if problems else None


def first_mapping(answers: Answers) -> str:
    """The whole file."""
    parts = (_settings, _connection, _objective, _links, _delivery, _kpis, _write_back)
    return _HEAD + "\n".join("".join(f"{line}\n" for line in aligned([*part(answers)])) for part in parts)


_HEAD = """\
# yaml-language-server: $schema=okr.schema.json
# What we want, how it is measured, which work feeds it, and where progress is shown.
# `okrlink check` finds every mistake in it; `okrlink schema > okr.schema.json` lets an editor do so while you type.
"""


def _settings(answers: Answers) -> Iterator[Line]:
    yield Line("version: 1")
    yield Line(f"timezone: {as_text(answers.timezone)}", "where days begin")
    if answers.holidays:
        yield Line(f"holidays: {as_text(answers.holidays)}", "days on which no progress is expected")
    else:
        yield Line("# holidays: DE-BE", "days on which no progress is expected, by country or region")
    yield Line(f"cycle: {as_text(answers.cycle)}", _span(answers.cycle))


def _span(name: str) -> str:
    cycle = by_name(name)
    if cycle is None:
        return ""
    first, last = cycle.first, cycle.last
    return f"{first.day} {first:%B} to {last.day} {last:%B} {last.year}; its dates follow from its name"


def _connection(answers: Answers) -> Iterator[Line]:
    name = connection_name(answers.tracker)
    yield Line("connections:")
    yield Line(f"  {name}:", f"its webhooks go to /webhooks/{name}")
    yield Line(f"    tracker: {answers.tracker}")
    yield Line(f"    url: {as_text(answers.url)}")
    if answers.user:
        yield Line(f"    user: env/{answers.user}", "the account's e-mail address, from the environment")
    yield Line(f"    token: env/{answers.token}", "secrets stand in the environment or in a file, never here")
    yield Line(
        f"    webhook_secret: env/{answers.webhook_secret}",
        "any long random text; the tracker's webhooks are told the same",
    )
    yield Line(f"    projects: {as_list(answers.projects)}", "what okrlink may read")


def _objective(answers: Answers) -> Iterator[Line]:
    yield Line("objectives:")
    yield Line(f"  {answers.objective_name}:", "a name, as it is typed; the title is what people read")
    yield Line(f"    title: {as_text(answers.objective)}")
    yield Line("    key_results:")
    yield Line(f"      {answers.key_result_name}:")
    yield Line(f"        title: {as_text(answers.key_result)}")
    if answers.measured_by == "number":
        yield Line(
            "        check_in: weekly", f"somebody types it in: okrlink checkin {answers.key_result_name} NUMBER"
        )
        yield Line(f"        start: {as_text(answers.start)}")
        yield Line(f"        target: {as_text(answers.target)}")
    elif answers.measured_by == "kpi":
        yield from key_result_lines(answers.kpi, answers.target)
    else:
        yield Line(f"        work: {answers.measured_by}", "the share of the linked work that is done")


def _links(answers: Answers) -> Iterator[Line]:
    if answers.field:
        yield Line("# How work is linked: an epic whose field says so counts with all that hangs below it.")
        yield Line("links:")
        yield Line(f"  - field: {as_text(answers.field)}", f"it holds {answers.key_result_name}, or the title")
        return
    key = "tag" if answers.tracker.startswith("azure") else "label"
    tag = answers.label.replace("*", answers.key_result_name)
    yield Line(f"# How work is linked: an epic with the {key} {tag} counts with all that hangs below it.")
    yield Line("links:")
    yield Line(f"  - {key}: {as_text(answers.label)}", "the * stands for a key result")


def _delivery(answers: Answers) -> Iterator[Line]:
    return delivery_section(answers.deployments, answers.incidents)


def _kpis(answers: Answers) -> Iterator[Line]:
    return kpis_section(answers.kpi)


def _write_back(answers: Answers) -> Iterator[Line]:
    connection = connection_name(answers.tracker)
    if answers.shown == "nowhere":
        yield Line("# Nothing is written into the tracker yet. Later, a badge on each linked item:")
        yield Line(f"# write_back: {{{connection}: {{remote_link: true}}}}")
        return
    yield Line(
        "# Where progress is shown. `okrlink plan` tells what would be written; nothing is before `okrlink apply`."
    )
    yield Line("write_back:")
    yield Line(f"  {connection}:")
    if answers.shown == "badge":
        yield Line("    remote_link: true", "a badge on each linked item; needs no field")
        return
    yield Line("    fields:", "as they are called in the tracker; make them there, or write the names of yours")
    for name, value in answers.fields.items():
        yield Line(f"      {as_text(name)}: {value}", f"a {holds(value)} field")


def connection_name(tracker: TrackerName) -> str:
    return "ado" if tracker.startswith("azure") else "jira"
