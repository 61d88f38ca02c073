"""`okrlink kpis`: what each KPI is, what it was before, and which facts it is made of."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from integration.core.catalogue import folded
from integration.core.errors import Malformed
from integration.core.kpi.language import Kpi, Span
from integration.core.kpi.windows import Calendar
from integration.core.scorecard import Scorecard
from integration.refresh.policy import Policy
from integration.store import applied
from mappings import load
from mappings.checks.sentences import PEOPLE, no_field_of
from mappings.kpis.layers import field_name
from webhooks.cli import Mistake
from webhooks.cli.kpis_text import explanation, hint, plain_lines, series_lines, table
from webhooks.cli.mapped import DEFAULT, mapped
from webhooks.cli.opened import NOTHING_APPLIED, open_service
from webhooks.kpis.as_json import look_as_json, series_as_json, traced_as_json
from webhooks.kpis.database import StoredFacts
from webhooks.kpis.file import FactsFile
from webhooks.kpis.looks import Asked, Look, history, look
from webhooks.kpis.source import KpiSource
from webhooks.kpis.traced import counted, left_out

MOST_SHOWN = 20
YEARS = range(1990, 2201)
"""Of which anything can be asked: windows reach far back, and calendars end."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """The KPIs of a mapping, and where their facts are."""

    scorecard: Scorecard
    source: KpiSource
    whence: Mapping[str, Any]
    """For programs: which revision, or which files."""


@click.command()
@click.argument("names", nargs=-1, metavar="[KPI]...")
@click.option(
    "--by", type=click.Choice(["day", "week", "month", "quarter"]), help="Show whole days, weeks, … in a row."
)
@click.option(
    "--last", type=click.IntRange(1, 1000), help="With --by: how many.  [default: 28 days, 12 weeks or months]"
)
@click.option(
    "--group", metavar="FIELD", multiple=True, help="Split by service, team or another field; may be repeated."
)
@click.option("--as-of", metavar="TIME", help="Measure as of a time, or as of the end of a day: 2026-11-20.")
@click.option("--explain", is_flag=True, help="List the facts that were counted, and those left out with the reason.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    help=f"With --explain: how many of each.  [default: {MOST_SHOWN}; with --json all]",
)
@click.option(
    "--facts",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FACTS.jsonl",
    help="Compute from this file of pushed facts alone, without a database.",
)
@click.option("--mapping", "file", metavar="FILE", type=click.Path(path_type=Path), help="The KPIs of this mapping.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def kpis(*, names: Sequence[str], as_json: bool, facts: Path | None, file: Path | None, **said: Any) -> None:
    """Show KPIs: value, trend, target, samples; all of them, or those named.

    A value that is not known says why, and is never shown as 0. The trend is against the window before, as it was known
    at its end.

    \b
    Examples:  okrlink kpis lead-time --by week --last 26
               okrlink kpis change-failure-rate --explain
               okrlink kpis --group service
               okrlink kpis --facts facts.jsonl --mapping okr.yaml --as-of 2026-11-20 --json

    A facts file has a fact a line, as okrlink import reads it (okrlink schema facts), and is taken to be complete. With
    --mapping alone, KPIs that are not in force are measured from the database, under the rules of delivery in force.
    """  # noqa: D301  # \b is click's own mark
    if said["last"] and not said["by"]:
        raise Mistake("--last says how many of --by: day, week, month or quarter")
    if said["limit"] and not said["explain"]:
        raise Mistake("--limit is for --explain")
    with _facts_of(facts, file) if facts else _stored(file) as opened:
        chosen = _chosen(opened.scorecard, names)
        group = tuple(field_name(name) for name in said["group"])
        _check_groups(chosen, said["group"])
        asked = Asked(
            _as_of(said["as_of"], opened.scorecard.timezone), cast("Span | None", said["by"]), said["last"], group
        )
        seen = [look(opened.source, kpi, asked) for kpi in chosen]
        if as_json:
            limit = said["limit"] if said["explain"] else 0
            told = {
                "as_of": asked.as_of.isoformat(),
                **opened.whence,
                "kpis": [_as_json(one, asked, limit) for one in seen],
            }
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        else:
            _show(opened, seen, asked, explain=said["explain"], limit=said["limit"] or MOST_SHOWN)
        if chosen and not opened.source.has_facts():
            click.echo(hint(facts), err=True)


# --- where facts are ---


@contextmanager
def _facts_of(facts: Path, file: Path | None) -> Iterator[Opened]:
    chosen = file or DEFAULT
    if file is None and not DEFAULT.exists():
        raise Mistake(f"--facts needs the mapping that has the KPIs: --mapping FILE (there is no {DEFAULT} here)")
    scorecard = load(chosen).scorecard
    try:
        with facts.open("rb") as opened:
            source = FactsFile.read(opened, str(facts), scorecard.delivery)
    except Malformed as error:
        raise Mistake(str(error)) from error
    yield Opened(scorecard, source, {"facts": str(facts), "mapping": str(chosen)})


@contextmanager
def _stored(file: Path | None) -> Iterator[Opened]:
    with open_service() as service:
        with service.database.read() as connection:
            newest = applied.newest(connection)
        if newest is None:
            raise Mistake(f"{NOTHING_APPLIED}; or compute from a file: okrlink kpis --facts FACTS.jsonl --mapping FILE")
        in_force = mapped(service, None).loaded.scorecard
        scorecard = in_force if file is None else load(file).scorecard
        if scorecard.delivery != in_force.delivery:
            raise Mistake(
                f"{file}: its rules of delivery are not those in force, by which the facts were found: okrlink apply {file}"
            )
        with service.database.read() as connection:
            source = StoredFacts(connection, Policy(newest.revision, scorecard, service.settings.url))
            yield Opened(scorecard, source, {"revision": newest.revision, "mapping": str(file) if file else None})


# --- what is asked ---


def _chosen(scorecard: Scorecard, names: Sequence[str]) -> Sequence[Kpi]:
    """Those that are meant by their names, former names or titles; all where none is named. Raises `Mistake`."""
    watched = {**scorecard.kpis, **scorecard.watched}
    if not names:
        return list(watched.values())
    spellings = {
        folded(spelling): kpi for kpi in watched.values() for spelling in (kpi.title, *kpi.was, kpi.name) if spelling
    }
    spellings |= {folded(name): kpi for name, kpi in watched.items()}
    chosen: dict[str, Kpi] = {}
    for name in names:
        kpi = spellings.get(folded(name))
        if kpi is None:
            near = difflib.get_close_matches(folded(name), spellings, n=1)
            raise Mistake(f"no KPI is called '{name}'; " + _instead(spellings[near[0]].name if near else "", watched))
        chosen[kpi.name] = kpi
    return list(chosen.values())


def _instead(near: str, watched: Mapping[str, Kpi]) -> str:
    if near:
        return f"did you mean {near}?"
    return f"there is {', '.join(watched)}" if watched else "the mapping has none"


def _check_groups(chosen: Sequence[Kpi], written: Sequence[str]) -> None:
    for name in written:
        if field_name(name) in PEOPLE:
            raise Mistake(f"--group {name}: KPIs are not grouped by people; group by team or service")
        for kpi in chosen:
            if wrong := no_field_of(kpi, name):
                raise Mistake(f"--group {name}: {kpi.name}: {wrong}")


def _as_of(told: str | None, zone: ZoneInfo) -> datetime:
    """A day means its end, but today means now; a time without an offset is of the mapping's time zone."""
    now = datetime.now(UTC)
    if told is None:
        return now
    at = _moment(told, zone, now)
    if at is None or at.year not in YEARS:
        raise Mistake(f"--as-of {told}: write a day or a time, such as 2026-11-20 or 2026-11-20T12:00:00Z")
    return at


def _moment(told: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    try:
        if len(told) == len("2026-11-20"):
            day = date.fromisoformat(told)
            return now if day == now.astimezone(zone).date() else Calendar(zone).midnight(day + _DAY)
        at = datetime.fromisoformat(told)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- what is shown ---


def _as_json(seen: Look, asked: Asked, limit: int | None) -> Mapping[str, Any]:
    """With a limit of 0 no fact is listed, with None all are."""
    told = look_as_json(seen)
    if asked.by:
        told |= {"by": asked.by, "series": series_as_json(seen)}
    if limit != 0:
        told["counted_facts"] = [traced_as_json(one) for one in counted(seen)[:limit]]
        told["left_out_facts"] = [traced_as_json(one) for one in left_out(seen)[:limit]]
    return told


def _show(opened: Opened, seen: Sequence[Look], asked: Asked, *, explain: bool, limit: int) -> None:
    terminal = sys.stdout.isatty()
    if not seen:
        click.echo(NO_KPIS)
    elif asked.by:
        for one in seen:
            for line in series_lines(one, asked.by, drawn=terminal):
                click.echo(line)
    elif terminal and not explain:
        console = Console()
        histories = {one.kpi.name: history(opened.source, one.kpi, asked.as_of) for one in seen}
        console.print(table(seen, histories, console.width))
    else:
        for line in plain_lines(seen):
            click.echo(line)
    for one in seen if explain else ():
        for line in explanation(one, limit):
            click.echo(line)


NO_KPIS = """\
The mapping has no KPIs yet. Name some of the presets in it, and see with okrlink check what is missing for them:

kpis:
  deployment-frequency: {use: dora/deployment-frequency, target: ">= 5 / week"}
  lead-time: {use: dora/lead-time}
  change-failure-rate: {use: dora/change-failure-rate, keep: "<= 15 %"}
delivery:
  deployments: [{pushed: true}]"""
