"""KPIs in words: a table for terminals, plain lines for pipes and logs, a calendar, and the facts behind a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import click
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from integration.core.figures import bound, figure
from integration.core.kpi.language import Kpi
from integration.core.kpi.measurement import Measurement
from integration.core.kpi.summary import Summary
from webhooks.kpis.looks import Look
from webhooks.kpis.traced import Traced, counted, left_out
from webhooks.phrases import many

KINDS: Mapping[str, str] = {
    "delivery": "Delivery",
    "quality": "Quality",
    "client": "Client",
    "team health": "Team health",
    "financial": "Financial",
    "": "Others",
}
WIDE = 120
"""Columns from which on there is room for a sparkline."""
LINE = 110
BLOCKS = "▁▂▃▄▅▆▇█"
GAP = " "


def by_kind(seen: Sequence[Look]) -> Iterator[tuple[str, Sequence[Look]]]:
    for kind, title in KINDS.items():
        if of_kind := [one for one in seen if one.kpi.kind == kind]:
            yield title, of_kind


# --- pieces ---


def value(told: Measurement, kpi: Kpi) -> str:
    """`5.75 / week`, or `unknown`."""
    return "unknown" if told.value is None else figure(told.value, told.unit, kpi.decimals)


def trend(seen: Look) -> str:
    """`up from 4.5 / week`: nothing where either is not known."""
    now, before = seen.now.value, seen.before.value if seen.before else None
    if now is None or before is None:
        return ""
    if now == before:
        return "as before"
    return f"{'up' if now > before else 'down'} from {figure(before, seen.now.unit, seen.kpi.decimals)}"


def is_better(seen: Look) -> bool | None:
    """Whether it went the way the team wants; None where nobody says which way that is, or nothing moved."""
    now, before, better = seen.now.value, seen.before.value if seen.before else None, seen.kpi.better
    if now is None or before is None or better is None or now == before:
        return None
    return (now > before) == (better == "higher")


def aims(seen: Look) -> Sequence[tuple[str, bool | None]]:
    """What is wanted of it, with whether it is so: `target >= 5 / week: met`, `keep <= 15 %: broken`."""
    told: list[tuple[str, bool | None]] = []
    if seen.kpi.target:
        met = {True: "met", False: "not met", None: "unknown"}[seen.now.meets]
        told.append((f"target {bound(seen.kpi.target)}: {met}", seen.now.meets))
    if seen.kpi.keep:
        held = {True: "holds", False: "broken", None: "unknown"}[seen.now.holds]
        told.append((f"keep {bound(seen.kpi.keep)}: {held}", seen.now.holds))
    return told


def band(seen: Look) -> str:
    """`high (DORA 2024)`."""
    whose = f" ({seen.kpi.bands_from})" if seen.kpi.bands_from else ""
    return f"{seen.now.band}{whose}" if seen.now.band else ""


def samples(told: Measurement) -> str:
    """How many there are, and how many facts gave none."""
    out = f", {len(told.left_out):,} left out" if told.left_out else ""
    return "" if told.value is None and not told.samples and not out else f"{many(told.samples, 'sample')}{out}"


def sparkline(values: Sequence[Fraction | None]) -> str:
    """A block for each value, from the least to the greatest; what is unknown is a gap."""
    known = [one for one in values if one is not None]
    if not known:
        return ""
    least, most = min(known), max(known)
    span, top = most - least, len(BLOCKS) - 1
    return "".join(
        GAP if one is None else BLOCKS[round((one - least) / span * top) if span else top // 2] for one in values
    )


# --- all of them ---


def table(seen: Sequence[Look], histories: Mapping[str, Sequence[Summary | None]], width: int) -> RenderableType:
    """For a terminal of that width. A sparkline shows the end of each of the last days; days not measured are gaps."""
    wide = width >= WIDE
    parts: list[RenderableType] = []
    for title, of_kind in by_kind(seen):
        grid = Table.grid(padding=(0, 2))
        grid.add_column(min_width=24, overflow="fold")
        grid.add_column(min_width=12, no_wrap=True)
        if wide:
            grid.add_column(no_wrap=True)
        grid.add_column(min_width=18, overflow="fold")
        grid.add_column(ratio=1, overflow="fold")
        for one in of_kind:
            days = [day.value if day else None for day in histories.get(one.kpi.name, ())]
            drawn = [Text(sparkline(days), style="cyan")] if wide else []
            grid.add_row(_name(one), _value(one), *drawn, _trend(one), _words(one))
            for part in one.groups:
                grid.add_row(
                    Text(f"  {_group(part)}", style="dim"),
                    value(part, one.kpi),
                    *([""] if wide else []),
                    "",
                    _why(part),
                )
        parts += [Text(title, style="bold"), Padding(grid, (0, 0, 1, 2))]
    return Lines(*parts)


def _name(seen: Look) -> Text:
    kpi = seen.kpi
    return (
        Text(kpi.name) if not kpi.title or kpi.title == kpi.name else Text.assemble(kpi.name, "\n", (kpi.title, "dim"))
    )


def _value(seen: Look) -> Text:
    style = {True: "bold green", False: "bold red", None: "bold"}[_is_fine(seen)]
    return Text(value(seen.now, seen.kpi), style="dim" if seen.now.value is None else style)


def _is_fine(seen: Look) -> bool | None:
    told = [fine for _, fine in aims(seen) if fine is not None]
    return all(told) if told else None


def _trend(seen: Look) -> Text:
    return Text(trend(seen), style={True: "green", False: "yellow", None: "dim"}[is_better(seen)])


def _words(seen: Look) -> Text:
    colours = {True: "green", False: "red", None: "dim"}
    told: list[tuple[str, str]] = [(text, colours[fine]) for text, fine in aims(seen)]
    told += [(text, "dim") for text in (band(seen), seen.now.reason, samples(seen.now)) if text]
    return Text(" · ", style="dim").join(Text(text, style=style) for text, style in told)


def plain_lines(seen: Sequence[Look]) -> Iterator[str]:
    """The same for pipes and logs: a line a KPI, and one for each of its groups."""
    for title, of_kind in by_kind(seen):
        yield title
        width = max(len(one.kpi.name) for one in of_kind)
        for one in of_kind:
            better = {True: " (better)", False: " (worse)", None: ""}[is_better(one)]
            told = [
                f"{value(one.now, one.kpi)}" + (f": {one.now.reason}" if one.now.reason else ""),
                f"{trend(one)}{better}",
                *(text for text, _ in aims(one)),
                band(one),
                samples(one.now),
            ]
            yield f"  {one.kpi.name:{width}}  {'  '.join(part for part in told if part)}"
            for part in one.groups:
                yield f"    {_group(part)}: {'  '.join(filter(None, (value(part, one.kpi), _why(part))))}"


def _group(told: Measurement) -> str:
    return ", ".join(text or "(none)" for _, text in told.group)


def _why(told: Measurement) -> str:
    return " · ".join(filter(None, (told.reason, samples(told))))


# --- a calendar ---


def series_lines(seen: Look, unit: str, *, drawn: bool) -> Iterator[str]:
    """A line a week (month, …), and for each group a sparkline of all of them."""
    yield f"{seen.kpi.title or seen.kpi.name}, by {unit}"
    if not seen.series:
        yield f"  unknown: {seen.unseen}" if seen.unseen else f"  no {unit} is over yet"
    rows = [(one.group[0][1], ", ".join(text for _, text in one.group[1:]), one) for one in seen.series]
    for group in dict.fromkeys(group for _, group, _ in rows) if drawn else ():
        line = sparkline([one.value for _, its, one in rows if its == group])
        if line:
            yield f"  {line}  {group}".rstrip()
    labels, groups = (max(map(len, told), default=0) for told in ([row[0] for row in rows], [row[1] for row in rows]))
    figures = [value(one, seen.kpi) for _, _, one in rows]
    wide = max(map(len, figures), default=0)
    for (label, group, one), told in zip(rows, figures, strict=True):
        parts = [f"{label:{labels}}", f"{group:{groups}}" if groups else "", f"{told:>{wide}}", _why(one)]
        yield f"  {'  '.join(part for part in parts if part)}"


# --- the facts behind a number ---


def explanation(seen: Look, limit: int) -> Iterator[str]:
    """What was counted and what was left out, the newest first; and of how many more there is no room."""
    kpi, now = seen.kpi, seen.now
    yield ""
    yield f"{kpi.title or kpi.name}: {value(now, kpi)}" + (f": {now.reason}" if now.reason else "")
    if kpi.description:
        yield click.wrap_text(" ".join(kpi.description.split()), LINE, "  ", "  ")
    if kpi.source:
        yield f"  Source: {kpi.source}"
    zone = kpi.timezone
    span = f"{now.first.astimezone(zone):%Y-%m-%d %H:%M} to {now.last.astimezone(zone):%Y-%m-%d %H:%M}"
    yield (
        f"  Window: {span} {zone}"
        if now.first < now.last
        else f"  As of {now.as_of.astimezone(zone):%Y-%m-%d %H:%M} {zone}"
    )
    if now.above is not None and now.below is not None:
        yield f"  {figure(now.above)} of {figure(now.below)}"
    yield from _listed("Counted", counted(seen), limit, kpi)
    yield from _listed("Left out", left_out(seen), limit, kpi)


def _listed(title: str, told: Sequence[Traced], limit: int, kpi: Kpi) -> Iterator[str]:
    yield f"  {title}: {len(told):,}"
    for one in told[:limit]:
        yield f"    {_fact(one, kpi)}"
        if one.url:
            yield f"      {one.url}"
    if len(told) > limit:
        yield f"    … and {len(told) - limit:,} more"


def _fact(one: Traced, kpi: Kpi) -> str:
    named = {one.key: None, one.fact: None} if one.key else {one.fact: None}
    moments = " → ".join(f"{name} {_time(at, kpi)}" for name, at in one.times) or (_time(one.at, kpi) if one.at else "")
    result = one.reason or (figure(one.value, one.unit) if one.value is not None else "")
    where = {"above": "above the line", "below": "below the line"}.get(one.part, "")
    return "  ".join(part for part in (" ".join(named), one.title, moments, result, where) if part)


def _time(at: datetime, kpi: Kpi) -> str:
    return f"{at.astimezone(kpi.timezone):%Y-%m-%d %H:%M}"


# --- nothing there ---


def hint(facts: Path | None) -> str:
    """What to do where nothing is known of delivery yet."""
    if facts is not None:
        return f"{facts} has no facts; okrlink schema facts says what one looks like, a line each."
    return NO_FACTS


NO_FACTS = """\
No delivery facts yet. okrlink backfill reads the past from the trackers, for okrlink serve or okrlink work to measure. A
pipeline tells of its own deployments (okrlink token create makes its token):

  curl --fail-with-body $OKRLINK_URL/api/v1/facts -H "Authorization: Bearer $OKRLINK_TOKEN" -H "Content-Type: application/json" \\
    -d '{"kind": "deployment", "id": "shop-481", "environment": "production", "result": "success",
         "finished": "2026-11-20T12:00:00Z"}'

okrlink import FILE brings them from a file."""
