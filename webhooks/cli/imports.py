"""`okrlink import`: facts from a file, as the API takes them from a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import click

from integration.core.errors import Malformed
from integration.pushed import junit, lines, tables
from integration.pushed.importing import Ask, Brought, bring
from integration.pushed.lines import Row
from integration.pushed.reading import KINDS
from integration.pushed.receiving import Outcome
from mappings.calendars import time_zones
from webhooks.cli import Mistake
from webhooks.cli.counting import counting
from webhooks.cli.opened import open_service
from webhooks.phrases import listed, many

FORMATS: Mapping[str, str] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".xml": "junit",
}
OUTCOMES: Sequence[Outcome] = ("accepted", "updated", "unchanged", "deleted", "refused")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "format_", type=click.Choice(["jsonl", "csv", "junit"]), help="Default: by the file's name.")
@click.option("--kind", type=click.Choice(KINDS), help="What facts are that do not say it.")
@click.option("--service", help="Whose facts are that do not say it.")
@click.option("--column", "columns", multiple=True, metavar="HEADER=KEY", help="CSV: the key that a column holds.")
@click.option("--timezone", metavar="ZONE", help="Where times without an offset were, such as Europe/Berlin.")
@click.option("--at", metavar="TIME", help="JUnit: when suites were run that do not say it.")
@click.option("--since", metavar="DATE", help="The file holds all facts since then. Default: since its first.")
@click.option("--delete", is_flag=True, help="Take back what the file tells.")
@click.option("--dry-run", "dry", is_flag=True, help="Check the file and say what would change.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(file: Path, *, as_json: bool, **asked: Any) -> None:
    """Bring deployments, changes, incidents, builds, test runs and numbers from FILE.

    FILE is JSON Lines, CSV, or JUnit XML (test runs). What a fact looks like: okrlink schema facts. The same fact again
    corrects it; a fact that is refused is named with its line, and the others are kept.

    \b
    Examples:  okrlink import deployments.jsonl --dry-run
               okrlink import incidents.csv --kind incident --column 'Created=opened' --timezone Europe/Berlin
               okrlink import report.xml --service shop
    """  # noqa: D301  # \b is click's own mark
    ask = Ask(asked["kind"], asked["service"], _since(asked["since"]), asked["delete"], asked["dry"])
    with ExitStack() as stack:
        opened = stack.enter_context(file.open("rb"))
        told = _rows(opened, file, asked)
        service = stack.enter_context(open_service())
        report = stack.enter_context(counting("Importing", silent=as_json))
        whole = file.stat().st_size // 1024

        def heard(brought: Brought) -> None:
            report(opened.tell() // 1024, whole, f"kB, {brought.facts:,} facts")

        try:
            brought = bring(service.database, told, ask, heard)
        except Malformed as error:
            raise Mistake(f"{file}: {error}") from error
        finally:
            service.wakeup.send()
    if as_json:
        click.echo(json.dumps(_as_json(file, brought, ask), indent=2, ensure_ascii=False))
    else:
        _show(file, brought, ask, asked["format_"])
    if brought.refused:
        raise click.exceptions.Exit(2)


def _rows(opened: BinaryIO, file: Path, asked: Mapping[str, Any]) -> Iterable[Row]:
    format_ = _format(file, asked["format_"])
    zone = _zone(asked["timezone"])
    if format_ == "csv":
        return tables.rows(opened, _columns(asked["columns"]), zone)
    if asked["columns"]:
        raise Mistake("--column is for CSV")
    if format_ == "junit":
        return junit.rows(opened, zone, _time("--at", asked["at"]))
    if format_ == "jsonl":
        return lines.rows(opened)
    raise Mistake(f"{file}: what format is this? name it .jsonl, .csv or .xml, or say --format")


def _format(file: Path, told: str | None) -> str | None:
    return told or FORMATS.get(file.suffix.casefold())


def _columns(told: Sequence[str]) -> Mapping[str, str]:
    pairs = [one.rpartition("=") for one in told]
    if wrong := [one for one, (_, equals, _) in zip(told, pairs, strict=True) if not equals]:
        raise Mistake(f"--column {wrong[0]}: write HEADER=KEY, such as 'Created=opened'; HEADER= leaves it out")
    return {header.strip(): key.strip() for header, _, key in pairs}


def _zone(name: str | None) -> tzinfo | None:
    if name is None:
        return None
    if name not in time_zones():
        raise Mistake(f"--timezone {name}: no time zone is called so; write one such as Europe/Berlin or UTC")
    return ZoneInfo(name)


def _since(told: str | None) -> datetime | None:
    """A day begins in UTC: facts of several places may stand in one file."""
    return _time("--since", f"{told}T00:00:00Z" if told and len(told) == len("2026-01-01") else told)


def _time(option: str, told: str | None) -> datetime | None:
    if told is None:
        return None
    try:
        at = datetime.fromisoformat(told)
    except ValueError as error:
        raise Mistake(f"{option} {told}: write a time such as 2026-11-02T09:00:00Z") from error
    if at.tzinfo is None:
        raise Mistake(f"{option} {told}: add an offset, Z or one such as +01:00")
    return at.astimezone(UTC)


def _show(file: Path, brought: Brought, ask: Ask, format_: str | None) -> None:
    for place, reason in brought.refused:
        click.echo(f"{file}:{place}: {reason}", err=True)
    refused = brought.counts["refused"]
    if refused > len(brought.refused):
        click.echo(f"… and {refused - len(brought.refused):,} more", err=True)
    if _format(file, format_) != "jsonl" and any("has no offset" in reason for _, reason in brought.refused):
        click.echo("Times without an offset: --timezone says where they were.", err=True)
    counts = ", ".join(f"{brought.counts[one]:,} {one}" for one in OUTCOMES if brought.counts[one])
    click.echo(
        f"{file}: {many(brought.facts, 'fact')}{': ' if counts else ''}{counts}{' (dry run)' if ask.dry else ''}"
    )
    if brought.since and not ask.delete:
        first = min(brought.since.values())
        whose = listed(sorted({f"{kind}s of {whose}" if whose else f"{kind}s" for kind, whose in brought.since}))
        hint = "" if ask.since else "; --since says otherwise"
        click.echo(f"Taken to be complete since {first:%Y-%m-%d}: {whose}{hint}")


def _as_json(file: Path, brought: Brought, ask: Ask) -> Mapping[str, Any]:
    return {
        "file": str(file),
        "dry_run": ask.dry,
        **{one: brought.counts[one] for one in OUTCOMES},
        "problems": [{"place": place, "reason": reason} for place, reason in brought.refused],
        "known_since": [
            {"kind": kind, "of": whose, "since": at.isoformat()} for (kind, whose), at in sorted(brought.since.items())
        ],
    }
