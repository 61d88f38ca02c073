"""`okrlink doctor`: everything between us and the trackers, looked at from here; what is not fine, with its remedy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from integration.core.errors import MappingInvalid
from integration.core.examination import Finding, Level
from integration.trackers.budget import asking
from integration.trackers.contract import Connection
from webhooks.bootstrap import Service
from webhooks.cli.mapped import Mapped, mapped
from webhooks.cli.opened import open_service
from webhooks.examining import Examination, Report, by_the_database
from webhooks.phrases import many

NO = 1
UNREACHED = 3
COLOURS: Mapping[Level, str] = {"ok": "green", "warning": "yellow", "failure": "red"}


@click.command()
@click.argument("connection", required=False)
@click.option(
    "--mapping",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Default: the applied mapping, else okr.yaml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(connection: str | None, *, file: Path | None, as_json: bool) -> None:
    """Look at CONNECTION, or at all of them: a line for each thing, ok, warning or failure, with the remedy.

    Is it reached, is the token good and whose is it, may the account do what the mapping needs, are projects and fields
    called so, are webhooks as they should be, is the past read? Nothing is written. The exit status is 1 where something
    fails, 3 where a tracker could not be reached.
    """
    with open_service() as service, asking("check"):
        mapping = mapped(service, file)
        reports = [_examined(service, mapping, name) for name in mapping.names(connection)]
    if as_json:
        click.echo(json.dumps({"connections": [_as_json(one) for one in reports]}, indent=2, ensure_ascii=False))
    else:
        for line in _lines(reports):
            click.echo(line)
    if any(one.is_unreached for one in reports):
        raise click.exceptions.Exit(UNREACHED)
    if any(one.failures() for one in reports):
        raise click.exceptions.Exit(NO)


def _examined(service: Service, mapping: Mapped, name: str) -> Report:
    report = Report(name)
    site = _site(mapping, name, report)
    if site is not None:
        wants_hooks = mapping.secret_place(name) is not None
        Examination(site, mapping.loaded.scorecard, service.settings.url, wants_hooks=wants_hooks).run(report)
        report.findings += by_the_database(service.database, site, datetime.now(UTC))
    return report


def _site(mapping: Mapped, name: str, report: Report) -> Connection | None:
    """The connection with its values. One that lacks no more than its webhook secret can be asked all the same."""
    try:
        return mapping.site(name)
    except MappingInvalid as invalid:
        for problem in invalid.problems:
            remedy = "set it where okrlink runs, or correct what the mapping says"
            report.findings.append(Finding("secrets", "failure", str(problem), remedy))
    try:
        return mapping.site(name, with_webhooks=False)
    except MappingInvalid:
        return None


def _lines(reports: Sequence[Report]) -> Iterator[str]:
    for report in reports:
        yield click.style(report.connection, bold=True)
        width = max((len(one.topic) for one in report.findings), default=0)
        for one in report.findings:
            remedy = f" → {one.remedy}" if one.remedy else ""
            yield f"  {click.style(f'{one.level:7}', fg=COLOURS[one.level])}  {one.topic:{width}}  {one.says}{remedy}"
    failures = sum(report.failures() for report in reports)
    warnings = sum(one.level == "warning" for report in reports for one in report.findings)
    yield f"{many(failures, 'failure')}, {many(warnings, 'warning')}"


def _as_json(report: Report) -> Mapping[str, Any]:
    return {
        "connection": report.connection,
        "findings": [dataclasses.asdict(one) for one in report.findings],
        "failures": report.failures(),
        "reached": not report.is_unreached,
    }
