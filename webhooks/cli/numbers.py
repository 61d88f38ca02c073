"""`okrlink okrs`: objectives and key results, with progress, pace and status."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.console import Group as Lines
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from integration.core.cards import Shown
from integration.core.grading import Status
from integration.preview import Preview
from integration.store import applied
from integration.trackers.budget import asking
from webhooks.cli.mapped import FileClients, mapped
from webhooks.cli.opened import NOTHING_APPLIED, open_service
from webhooks.kpis.guardrails import Guardrail, guarded
from webhooks.overview import Group, Told, objective_as_json, overview
from webhooks.phrases import notes, percent, points, said, way

COLOURS: dict[Status, str] = {
    "done": "bold green",
    "on track": "green",
    "behind": "yellow",
    "at risk": "red",
    "missed": "bold red",
    "not started": "dim",
    "unknown": "dim",
}
BAR = 20
WIDE = 110


@click.command()
@click.option(
    "--mapping",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Measure by this mapping, applied or not.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def okrs(*, file: Path | None, as_json: bool) -> None:
    """Show objectives and key results: progress, pace, status.

    In a bar, | is where progress is expected to be today. Pace is the difference, in percentage points. A guardrail is a
    KPI that must hold meanwhile; one that is broken puts its objective at risk.

    The mapping in force is shown as last measured. By one that is not in force (--mapping FILE, or okr.yaml while nothing
    is applied) everything is measured now, from what the database knows and from what the trackers tell.
    """
    with open_service() as service:
        with service.database.read() as connection:
            newest = applied.newest(connection)
        revision = newest.revision if newest and file is None else None
        told = mapped(service, file, NOTHING_APPLIED)
        scorecard, now = told.loaded.scorecard, datetime.now(UTC)
        made = None if revision else Preview(service.database, scorecard, FileClients(told), now)
        if made:
            with asking("look"):
                made.measured()
        with service.database.read() as connection:
            groups = overview(connection, scorecard, now, made.standings if made else None)
    for (name, _), line in (made.problems if made else {}).items():
        click.echo(f"{name}: {line}", err=True)
    if as_json:
        shown = {"revision": revision, "objectives": [objective_as_json(group) for group in groups]}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    elif not groups:
        click.echo("The mapping has no objectives yet.")
    elif sys.stdout.isatty():
        console = Console()
        console.print(table(groups, console.width))
    else:
        for group in groups:
            for line in plain_lines(group):
                click.echo(line)


def table(groups: Sequence[Group], width: int, *, brief: bool = False) -> RenderableType:
    """All objectives, for a terminal of that width; columns stand under each other over all of them.

    `brief` is a line a key result. A narrow terminal has no column for amounts; unless brief, they stand below.
    """
    amounts = max((len(way(told.shown)) for group in groups for told in group.key_results), default=0)
    wide = width >= WIDE
    parts: list[RenderableType] = []
    for group in groups:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(min_width=BAR, no_wrap=True)
        grid.add_column(min_width=5, justify="right", no_wrap=True)
        grid.add_column(min_width=3, justify="right", no_wrap=True)
        grid.add_column(min_width=11, no_wrap=True)
        grid.add_column(min_width=min(amounts, 30) if wide else 0)
        grid.add_column(ratio=1, no_wrap=brief, overflow="ellipsis" if brief else "fold")
        for told in group.key_results:
            standing = told.shown.standing
            grid.add_row(
                Text(bar(standing.score, standing.expected), style=COLOURS[standing.status]),
                percent(standing.progress),
                points(standing.pace),
                Text(standing.status, style=COLOURS[standing.status]),
                way(told.shown) if wide else "",
                _named(told.shown, brief=brief),
            )
            lines = [*([] if wide or not way(told.shown) else [way(told.shown)]), *remarks(told)]
            for line in () if brief else lines:
                grid.add_row("", "", "", "", "", Text(line, style="dim"))
        guards = [] if brief else [_guarded(one) for one in group.guardrails]
        parts += [_heading(group), Padding(grid, (0, 0, 0 if guards else 1, 2))]
        parts += [Padding(Lines(*guards), (0, 0, 1, 2))] if guards else []
    return Lines(*parts)


def _guarded(one: Guardrail) -> Text:
    return Text(f"guardrail {guarded(one)}", style={True: "green", False: "red", None: "dim"}[one.holds])


def _named(shown: Shown, *, brief: bool) -> Text:
    title, name = shown.key_result.title, shown.key_result.id
    return Text(title) if brief else Text.assemble(title, "  ", (name, "dim"))


def _heading(group: Group) -> Text:
    standing, objective = group.standing, group.objective
    whose = " · ".join(part for part in (objective.cycle.name, objective.owner) if part)
    return Text.assemble(
        (objective.title, "bold"),
        "  ",
        (standing.status, COLOURS[standing.status]),
        f"  {percent(standing.score)}",
        (f"  {whose}", "dim"),
    )


def plain_lines(group: Group) -> Sequence[str]:
    """The same for pipes and logs: a line an objective, a line a key result, no colour."""
    standing, objective = group.standing, group.objective
    head = f"{objective.title}: {standing.status}, {percent(standing.score)}, expected {percent(standing.expected)}"
    lines = [head]
    if standing.unmeasured and standing.status != "not started":
        lines.append(f"  without {', '.join(standing.unmeasured)}")
    for told in group.key_results:
        lines.append(f"  {plain_line(told.shown)}")
        lines += [f"    {line}" for line in remarks(told)]
    lines += [f"  guardrail {guarded(one)}" for one in group.guardrails]
    return lines


def plain_line(shown: Shown) -> str:
    standing = shown.standing
    parts = [
        f"[{bar(standing.score, standing.expected, filled='#', empty='.')}]",
        f"{percent(standing.progress):>5}",
        f"{points(standing.pace):>4}",
        f"{standing.status:11}",
        shown.key_result.id,
        f"({way(shown)})" if way(shown) else "",
        shown.key_result.title,
    ]
    return "  ".join(part for part in parts if part)


def remarks(told: Told) -> Sequence[str]:
    word = said(told.last_word) if told.last_word else ""
    return [*notes(told.shown), *([word] if word else [])]


def bar(
    score: Fraction | None, expected: Fraction | None, width: int = BAR, *, filled: str = "█", empty: str = "░"
) -> str:
    """Progress as text, with a mark where it is expected to be; without a number only the empty bar."""
    if score is None:
        return empty * width
    full = round(score * width)
    cells = [filled] * full + [empty] * (width - full)
    if expected is not None and 0 < expected < 1:
        cells[min(round(expected * width), width - 1)] = "|"
    return "".join(cells)
