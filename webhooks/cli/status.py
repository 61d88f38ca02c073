"""`okrlink status`: what waits, what failed and why, what to do; and `okrlink replay`, which tries failed things again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import click

from integration.rescan import SWEEP
from integration.store import applied, deliveries, outbox, reads
from integration.store.streams import ALL_PROJECTS, Stream
from mappings import load_texts
from webhooks import condition
from webhooks.cli.opened import NOTHING_APPLIED, open_service
from webhooks.condition import Condition
from webhooks.kpis.guardrails import Guarding, guarded
from webhooks.phrases import ago, field_value, many

LARGEST_ID = 2**63 - 1
"""No database counts further."""
PURPOSES = {
    "write": "to write",
    "look": "to look before writing",
    "read": "to read items",
    "catalogue": "for fields and states",
    "history": "for the past",
    "check": "to check",
    "sign-in": "to sign in",
    "other": "for other things",
}
"""What requests are made for (`trackers.contract.Purpose`), in words."""
AT_MOST = 20
"""Lines of one kind; the rest is counted, and --json has all."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, as_json: bool) -> None:
    """Show what waits and since when, what failed and why, and what to do about it."""
    with open_service() as service, service.database.read() as connection:
        newest = applied.newest(connection)
        scorecard = load_texts(newest.files, next(iter(newest.files))).scorecard if newest else None
        now = datetime.now(UTC)
        told = condition.condition(connection, scorecard, now)
    if as_json:
        click.echo(json.dumps(condition.as_json(told), indent=2, ensure_ascii=False))
        return
    for name, line in _summary(told, now):
        click.echo(f"{click.style(f'{name:9}', bold=True)} {line}")
    for title, remedy, lines in _sections(told, now):
        if not lines:
            continue
        click.echo(f"\n{click.style(title, bold=True)}")
        for line in lines[:AT_MOST]:
            click.echo(f"  {line}")
        if len(lines) > AT_MOST:
            click.echo(f"  and {len(lines) - AT_MOST} more; --json has all")
        if remedy:
            click.echo(f"  → {remedy}")


@click.command()
@click.argument("ids", nargs=-1, type=click.IntRange(1, LARGEST_ID))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(ids: Sequence[int], *, as_json: bool) -> None:
    """Try again what was given up: the deliveries named by IDS, or all deliveries, reads and writes."""
    with open_service() as service:
        with service.database.write() as connection:
            now = datetime.now(UTC)
            again = {"deliveries": deliveries.replay(connection, list(ids) or None)}
            again["reads"] = 0 if ids else reads.replay(connection, now)
            again["writes"] = 0 if ids else outbox.replay(connection, now)
        service.wakeup.send()
    if as_json:
        click.echo(json.dumps(again, indent=2))
    elif ids and not any(again.values()):
        click.echo("None of these deliveries was given up; okrlink status names those that were.")
    elif not any(again.values()):
        click.echo("Nothing was given up: there is nothing to try again.")
    else:
        nouns = {"deliveries": "delivery", "reads": "read", "writes": "write"}
        told = ", ".join(many(count, nouns[kind]) for kind, count in again.items() if count)
        click.echo(f"Trying again: {told}.")


def _summary(told: Condition, now: datetime) -> Iterator[tuple[str, str]]:
    if told.revision is None or told.applied_at is None:
        yield "Mapping", NOTHING_APPLIED
    else:
        yield "Mapping", f"revision {told.revision}, applied {ago(told.applied_at, now)}"
    yield "Webhooks", "; ".join([*_received(told), *_waiting_deliveries(told, now)]) or "none yet"
    pending = sum(told.marks.values())
    since = f", the oldest from {ago(told.marks_since, now)}" if told.marks_since and told.marks_since < now else ""
    yield "Measuring", f"{many(pending, 'mark')} to follow{since}" if pending else "nothing waits"
    asking = [one for one in told.reads if one.state == "wanted"]
    yield "Reading", f"{many(len(asking), 'read')} to make" if asking else "nothing waits"
    oldest = min((one.since for one in told.waiting if one.since), default=None)
    if oldest is None:
        yield "Writing", "nothing waits"
    else:
        yield "Writing", f"{many(len(told.waiting), 'item')} to write, the oldest from {ago(oldest, now)}"
    yield "Rescans", _rescans(told, now)
    yield "Requests", f"{sum(one.made for one in told.requests):,} today" if told.requests else "none today"


def _received(told: Condition) -> Iterator[str]:
    """How many deliveries became what, and since when: those that came earlier are thrown away."""
    states = Counter[str]()
    for count in told.counts:
        states[count.state] += count.count
    words = {"done": "read", "ignored": "ignored", "unsupported": "of unknown kind"}
    said = [f"{states[state]:,} {word}" for state, word in words.items() if states[state]]
    if told.counted_since:
        yield f"{', '.join(said)} since {told.counted_since:%Y-%m-%d}"
    if told.dead_since:
        yield f"{states['dead']:,} not understood since {told.dead_since:%Y-%m-%d}"


def _waiting_deliveries(told: Condition, now: datetime) -> Iterator[str]:
    if told.deliveries_since:
        yield f"{told.waiting_deliveries():,} to read, the oldest from {ago(told.deliveries_since, now)}"


def _rescans(told: Condition, now: datetime) -> str:
    """Of a connection the stream that was read longest ago counts."""
    said = []
    for name, standing in told.rescans().items():
        ends = [one.reached_at for one in standing if one.name != SWEEP]
        oldest = min((end for end in ends if end), default=None)
        said.append(f"{name} {ago(oldest, now)}" if oldest and None not in ends else f"{name} not yet")
    return ", ".join(said) or "none yet"


def _sections(told: Condition, now: datetime) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Title, what to do, lines."""
    since = min((at for at in (told.counted_since, told.dead_since) if at), default=now)
    yield f"Webhooks by kind, of those kept since {since:%Y-%m-%d}", "", _kinds(told)
    yield "Given up", "okrlink replay tries all of it again", _given_up(told)
    yield (
        "Tried again by itself",
        "",
        [f"reading {told.asked(one)}: {one.reason}" for one in told.reads if one.state == "wanted" and one.reason]
        + [f"writing on {told.key(one.ref)}: {one.reason}" for one in told.waiting if one.reason]
        + [f"asking {one.connection} for {one.name}: {one.reason}" for one in told.streams if one.reason],
    )
    yield (
        "What webhooks missed",
        "",
        [line for name, one in told.rescans().items() for line in _missed(told, name, one)],
    )
    yield "Requests today", "", _requests(told)
    yield "In the way", "", [f"{name}: {line} (since {ago(at, now)})" for name, _, line, at in told.notices]
    yield (
        "Left alone",
        condition.HELD,
        [f"{told.key(one.ref)}  {one.field}: {_shown(one.value)}" for one in told.held],
    )
    yield (
        "Tags that name no key result",
        "",
        [
            f"{told.key(one.ref)}  {one.tag}" + (f"; did you mean {one.suggestion}?" if one.suggestion else "")
            for one in told.unknown_tags
        ],
    )
    yield "Guardrails", "", [line for one in told.guardrails if (line := _guarded(one))]
    yield "Unknown", "", [f"{name}: {reason}" for name, reason in told.unknown_key_results.items()]


def _guarded(one: Guarding) -> str:
    """What is broken, unknown, or holds again; nothing where it has held all along."""
    told = one.guardrail
    return "" if told.holds and told.holds_since is None else f"{', '.join(one.objectives)}: {guarded(told)}"


def _requests(told: Condition) -> Sequence[str]:
    """What each connection was asked for, and how often it was too much for it."""
    lines = []
    for name in dict.fromkeys(one.connection for one in told.requests):
        asked = [one for one in told.requests if one.connection == name]
        purposes = ", ".join(f"{one.made:,} {PURPOSES.get(one.purpose, one.purpose)}" for one in asked)
        refused = sum(one.refused for one in asked)
        lines.append(f"{name}: {purposes}" + (f"; {refused:,} refused as too many" if refused else ""))
    return lines


def _missed(told: Condition, name: str, standing: Sequence[Stream]) -> Iterator[str]:
    """How many facts only a rescan told, and from when on a connection's past is known at all."""
    missed, since = sum(one.missed for one in standing), min(one.since for one in standing)
    if missed:
        yield f"{name}: {many(missed, 'fact')} since {since:%Y-%m-%d}, found by asking"
    if unread := told.unread(name):
        of = "" if ALL_PROJECTS in unread else f"of {', '.join(unread)}, "
        yield f"{name}: {of}whatever was before {since:%Y-%m-%d} is not known; okrlink backfill {name} reads it"


def _kinds(told: Condition) -> Sequence[str]:
    """What became of each kind of event: known ones that were left out, and those this version does not know, too."""
    states: dict[tuple[str, str], dict[str, int]] = {}
    for one in told.counts:
        if one.event is not None:
            states.setdefault((one.connection, one.event), {})[one.state] = one.count
    words = {"done": "read", "ignored": "ignored", "unsupported": "not known to this version", "dead": "not understood"}
    width = max((len(event) for _, event in states), default=0)
    indent = max((len(name) for name, _ in states), default=0)
    lines = []
    for (name, event), counts in sorted(states.items()):
        became = ", ".join(f"{count:,} {words.get(state, state)}" for state, count in counts.items())
        lines.append(f"{name:{indent}}  {event:{width}}  {became}")
    return lines


def _given_up(told: Condition) -> Sequence[str]:
    return [
        *(f"delivery {one.id}: {one.reason}" for one in told.dead_deliveries),
        *(f"reading {told.asked(one)}: {one.reason}" for one in told.reads if one.state == "dead"),
        *(f"writing {', '.join(told.targets(one))} on {told.key(one.ref)}: {one.reason}" for one in told.dead_writes),
    ]


def _shown(value: object) -> str:
    return "emptied" if value in (None, "") else f"“{field_value(value)}”"
