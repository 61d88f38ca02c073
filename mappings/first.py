"""A team's first mapping: answers -> a commented `okr.yaml`. No secret is asked for, so none can be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

from mappings.checks.names import spelled
from mappings.cycles import by_name
from mappings.schema.connections import TrackerName
from mappings.source import read

MeasuredBy: TypeAlias = Literal["items", "story points", "number"]
ShownAs: TypeAlias = Literal["badge", "fields", "nowhere"]

LAST_DAYS = timedelta(days=21)
"""Whoever writes a mapping this late in a quarter plans the next one."""


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
    key_result: str
    measured_by: MeasuredBy
    start: str
    target: str
    field: str
    """The field by which people tag; else the label."""
    label: str
    shown: ShownAs


def likely_cycle(today: date) -> str:
    """The present quarter, or the next one when that is nearly over."""
    this = _quarter(today)
    cycle = by_name(this)
    nearly_over = cycle is not None and cycle.last - today < LAST_DAYS
    return _quarter(cycle.last + timedelta(days=1)) if cycle and nearly_over else this


def _quarter(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def first_mapping(answers: Answers) -> str:
    """The whole file."""
    parts = (_head, _connection, _objective, _links, _write_back)
    return "\n".join("".join(f"{line}\n" for line in part(answers)) for part in parts)


def _head(answers: Answers) -> Iterator[str]:
    yield "# yaml-language-server: $schema=okr.schema.json"
    yield "# What we want, how it is measured, which work feeds it, and where progress is shown."
    yield "# okrlink check finds every mistake in it; okrlink schema > okr.schema.json lets your editor do so while you type."
    yield "version: 1"
    yield f"timezone: {as_text(answers.timezone)}"
    if answers.holidays:
        yield f"holidays: {as_text(answers.holidays)}"
    yield f"cycle: {as_text(answers.cycle)}"


def _connection(answers: Answers) -> Iterator[str]:
    name = connection_name(answers.tracker)
    yield "connections:"
    yield f"  {name}:"
    yield f"    tracker: {answers.tracker}"
    yield f"    url: {as_text(answers.url)}"
    if answers.user:
        yield f"    user: env/{answers.user:<24} # the account's e-mail address, from the environment"
    yield f"    token: env/{answers.token:<23} # secrets stand in the environment or in a file, never here"
    yield f"    webhook_secret: env/{answers.webhook_secret:<14} # any long random text; the tracker's webhooks are told the same"
    yield f"    projects: {as_list(answers.projects)}"


def _objective(answers: Answers) -> Iterator[str]:
    yield "objectives:"
    yield f"  {spelled(answers.objective)[:40].strip('-')}:"
    yield f"    title: {as_text(answers.objective)}"
    yield "    key_results:"
    yield f"      {_key_result_name(answers)}:"
    yield f"        title: {as_text(answers.key_result)}"
    if answers.measured_by == "number":
        yield "        check_in: weekly            # somebody types the number in: okrlink checkin"
        yield f"        start: {as_text(answers.start)}"
        yield f"        target: {as_text(answers.target)}"
    else:
        yield f"        work: {answers.measured_by}    # the share of the linked work that is done"


def _links(answers: Answers) -> Iterator[str]:
    if answers.field:
        yield "# People link work by choosing the key result in a field of the epic (or of any other item)."
        yield "links:"
        yield f"  - field: {as_text(answers.field)}"
        return
    tag = answers.label.replace("*", _key_result_name(answers))
    yield f"# People link work by tagging an epic, or any other item: {tag}. What hangs below it counts."
    yield "links:"
    yield f"  - {'tag' if answers.tracker.startswith('azure') else 'label'}: {as_text(answers.label)}"


def _write_back(answers: Answers) -> Iterator[str]:
    name = connection_name(answers.tracker)
    if answers.shown == "nowhere":
        yield "# Nothing is written into the tracker yet. Later, a badge on each linked item:"
        yield f"# write_back: {{{name}: {{remote_link: true}}}}"
        return
    yield "# Where progress is shown. Nothing is written before the first okrlink apply; okrlink plan shows what would be."
    yield "write_back:"
    yield f"  {name}:"
    if answers.shown == "badge":
        yield "    remote_link: true               # a badge on each linked item; needs no field"
        return
    yield "    fields:"
    yield "      KR Progress: percent          # a number field; make it in the tracker, or write the name of yours"
    yield "      KR Summary: summary           # a text field"


def _key_result_name(answers: Answers) -> str:
    return spelled(answers.key_result)[:40].strip("-")


def connection_name(tracker: TrackerName) -> str:
    return "ado" if tracker.startswith("azure") else "jira"


def as_text(value: str) -> str:
    """The value as YAML text, in quotes where it needs them: where it would not be read back as it is."""
    document, problems = read("", f"key: {value}\n")
    if not problems and document.text(("key",)) == value:
        return value
    return "'" + value.replace("'", "''") + "'"


def as_list(values: tuple[str, ...]) -> str:
    document, problems = read("", f"key: [{', '.join(values)}]\n")
    if not problems and document.plain() == {"key": list(values)}:
        return f"[{', '.join(values)}]"
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    return f"[{', '.join(quoted)}]"
