"""`okrlink fields`: the fields in which trackers show key results: making them, and seeing whether they can be written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from integration.core.errors import Permanent, Refused, Retryable
from integration.core.facts import ItemRef
from integration.core.fields import FieldDeed, FieldStanding, FieldStep, check, compare, holds, unfit
from integration.core.scorecard import WriteBackRule
from integration.store import reads
from integration.trackers import TRACKERS
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, FieldKeeper, TrackerClient
from webhooks.bootstrap import Service
from webhooks.cli.mapped import client, mapped
from webhooks.cli.opened import open_service

NO = 1
UNREACHED = 3

DONE: Mapping[FieldDeed, str] = {"keep": "fine", "create": "created", "place": "put in place", "leave": "for people"}
PLANNED: Mapping[FieldDeed, str] = {
    "keep": "fine",
    "create": "would create",
    "place": "would place",
    "leave": "for people",
}

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(slots=True)
class Report:
    """What there is to say of the fields of one connection."""

    connection: str
    steps: Sequence[FieldStep] = ()
    standings: Sequence[FieldStanding] = ()
    failures: dict[str, str] = field(default_factory=dict)
    """Field -> why it could not be made or put in its place, in the tracker's words."""
    by_hand: Sequence[str] = ()
    reason: str | None = None
    """Why nothing could be looked at, or not all of it done."""
    status: int = 0


@click.group()
def fields() -> None:
    """Look after the fields that write_back in the mapping names, in Jira and in Azure DevOps."""


def _options(command: _Command) -> _Command:
    """What both of them take."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--mapping",
            "file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Default: the applied mapping, else okr.yaml.",
        ),
        click.argument("connection", required=False),
    ):
        command = option(command)
    return command


@fields.command(short_help="Create those that are missing, where people see them.")
@_options
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def create(connection: str | None, *, file: Path | None, dry_run: bool, as_json: bool) -> None:
    """Create the fields that are missing, and put them where people see them: screens of Jira, forms of Azure DevOps.

    Done twice it changes nothing. A field that exists is never changed. What only people can do is said, and the exit
    status is 1.
    """
    words = PLANNED if dry_run else DONE

    def make(
        service: Service, keeper: FieldKeeper, tracker: TrackerClient, rule: WriteBackRule, report: Report
    ) -> None:
        catalogue = tracker.catalogue()
        known = [
            one.id for name, value in rule.fields.items() for one in catalogue.named(name) if unfit(one, value) is None
        ]
        report.steps = compare(rule.fields, catalogue, keeper.places(rule.to, known))
        if any(step.problems for step in report.steps):
            report.status = NO
        if not dry_run:
            _carry_out(keeper, report)
            _read_again(service, report.connection)

    reports = _each(connection, file, make)
    if as_json:
        click.echo(
            json.dumps({"connections": [_steps_as_json(one, words) for one in reports]}, indent=2, ensure_ascii=False)
        )
    else:
        _echo(reports, lambda report: _step_lines(report, words))
    _exit(reports)


@fields.command("check", short_help="See whether each exists, fits, and can be written.")
@_options
def check_command(connection: str | None, *, file: Path | None, as_json: bool) -> None:
    """Tell of each field whether it exists, whether its type fits, and whether it can be written on an item.

    The newest item of each type in each project is looked at; nothing is written on it.
    """

    def look(
        _service: Service, keeper: FieldKeeper, tracker: TrackerClient, rule: WriteBackRule, report: Report
    ) -> None:
        catalogue = tracker.catalogue()
        known = {one.id: value for name, value in rule.fields.items() for one in catalogue.named(name)}
        report.standings = check(rule.fields, catalogue, keeper.samples(rule.to, known))
        if any(one.problems for one in report.standings):
            report.status = NO

    reports = _each(connection, file, look)
    if as_json:
        click.echo(
            json.dumps({"connections": [_standings_as_json(one) for one in reports]}, indent=2, ensure_ascii=False)
        )
    else:
        _echo(reports, _standing_lines)
    _exit(reports)


def _carry_out(keeper: FieldKeeper, report: Report) -> None:
    """Takes the steps. A field that the tracker refuses does not keep the others from being made."""
    refused: Refused | None = None
    for step in report.steps:
        try:
            made = keeper.create(step.name, step.value) if step.deed == "create" else step.id
            for place in step.places if made else ():
                keeper.place(made or "", place)
        except Permanent as error:
            report.failures[step.name], report.status = error.reason, NO
            refused = refused or (error if isinstance(error, Refused) else None)
    if refused is not None:
        raise refused


def _read_again(service: Service, connection: str) -> None:
    """So that running workers, where there are any, know the new fields at once."""
    with service.database.write() as writing:
        if reads.load_catalogue(writing, connection) is not None:
            reads.want_again(writing, "catalogue", [ItemRef(connection, "")], datetime.now(UTC))
    service.wakeup.send()


_Deal = Callable[[Service, FieldKeeper, TrackerClient, WriteBackRule, Report], None]


def _each(name: str | None, file: Path | None, deal: _Deal) -> Sequence[Report]:
    """`deal` with each connection that shows something in fields. What goes wrong with one does not stop the others."""
    reports = []
    with open_service() as service:
        mapping = mapped(service, file)
        for one, site in mapping.sites(name, with_webhooks=False).items():
            report = Report(one)
            reports.append(report)
            rule = mapping.loaded.scorecard.write_back.get(one)
            if rule is None or not rule.fields:
                report.reason = "the mapping shows nothing in fields there"
                continue
            try:
                keeper = _keeper(site)
                try:
                    with asking("check"):
                        deal(service, keeper, client(site), rule, report)
                except Refused as error:
                    report.reason, report.status = error.reason, NO
                    report.by_hand = keeper.by_hand(rule.fields)
            except (Permanent, Retryable) as error:
                report.reason, report.status = error.reason, UNREACHED
    return reports


def _keeper(site: Connection) -> FieldKeeper:
    tracker = TRACKERS.get(site.tracker)
    if tracker is None or tracker.fields is None:
        raise Permanent(f"this version does not look after the fields of {site.tracker}")
    return tracker.fields(site)


def _exit(reports: Sequence[Report]) -> None:
    if status := max((one.status for one in reports), default=0):
        raise click.exceptions.Exit(status)


def _echo(reports: Sequence[Report], lines: Callable[[Report], Iterator[str]]) -> None:
    for report in reports:
        click.echo(click.style(report.connection, bold=True))
        for line in (*lines(report), *([report.reason] if report.reason else []), *report.by_hand):
            click.echo(f"  {line}")


def _step_lines(report: Report, words: Mapping[FieldDeed, str]) -> Iterator[str]:
    width = max(map(len, words.values()))
    for step in report.steps:
        where = f": {', '.join(place.name for place in step.places)}" if step.places else ""
        failure = report.failures.get(step.name)
        yield f"{'failed' if failure else words[step.deed]:{width}}  {step.name} ({holds(step.value)})" + (
            f": {failure}" if failure else where
        )
        yield from (f"{'':{width}}  {problem}" for problem in step.problems)


def _standing_lines(report: Report) -> Iterator[str]:
    for one in report.standings:
        kinds = ", ".join(dict.fromkeys(known.type for known in one.fields))
        editable = f"can be written on {', '.join(one.editable_on)}" if one.editable_on else ""
        word = "wrong" if one.problems else "fine" if one.editable_on else "unknown"
        yield f"{word:7}  {one.name}" + (f" ({kinds})" if kinds else "") + (f": {editable}" if editable else "")
        yield from (f"{'':7}  {line}" for line in (*one.problems, *one.unknown))


def _steps_as_json(report: Report, words: Mapping[FieldDeed, str]) -> Mapping[str, Any]:
    shown = [
        {
            "name": step.name,
            "value": step.value,
            "is": "failed" if step.name in report.failures else words[step.deed],
            "id": step.id,
            "places": [place.name for place in step.places],
            "problems": list(step.problems),
            "reason": report.failures.get(step.name),
        }
        for step in report.steps
    ]
    return {"connection": report.connection, "fields": shown, "reason": report.reason, "by_hand": list(report.by_hand)}


def _standings_as_json(report: Report) -> Mapping[str, Any]:
    shown = [
        {
            "name": one.name,
            "value": one.value,
            "ids": [known.id for known in one.fields],
            "editable_on": list(one.editable_on),
            "problems": list(one.problems),
            "unknown": list(one.unknown),
        }
        for one in report.standings
    ]
    return {"connection": report.connection, "fields": shown, "reason": report.reason, "by_hand": list(report.by_hand)}
