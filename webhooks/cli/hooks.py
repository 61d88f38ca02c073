"""`okrlink hooks`: what trackers shall send us: registering it, seeing whether it is so, and taking it away again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from integration.core.errors import Permanent, Refused, Retryable
from integration.core.hooks import Deed, HookStep, compare, removal, unreachable
from integration.store import deliveries
from integration.store.deliveries import Outcome
from integration.trackers import TRACKERS
from integration.trackers.budget import asking
from integration.trackers.contract import Connection, HookKeeper
from webhooks.bootstrap import Service
from webhooks.cli import Mistake
from webhooks.cli.hooks_text import DONE, FOUND, PLANNED, Report, arrival, as_text
from webhooks.cli.hooks_text import as_json as to_json
from webhooks.cli.mapped import Mapped, mapped
from webhooks.cli.opened import open_service
from webhooks.phrases import many

NO = 1
UNREACHED = 3
LOOK_AGAIN = 0.2
"""Seconds between two looks at what has arrived."""

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def hooks() -> None:
    """Look after what trackers send to okrlink: Jira's webhooks, and subscriptions to Azure DevOps' service hooks.

    They send to OKRLINK_URL, by which the trackers must reach `okrlink serve`.
    """


def _options(command: _Command) -> _Command:
    """What all of them take."""
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


_former = click.option("--moved-from", metavar="URL", help="Hooks that send to this former OKRLINK_URL are ours, too.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@hooks.command("list", short_help="Show them, and in what they are not as they should be.")
@_options
@_former
def list_command(connection: str | None, *, file: Path | None, moved_from: str | None, as_json: bool) -> None:
    """Show the hooks of CONNECTION, or of all connections, and in what they are not as they should be."""

    def look(keeper: HookKeeper, report: Report) -> None:
        former = _at(moved_from, report.connection)
        report.steps = compare(report.url, keeper.wanted(report.url), keeper.there(), former=former)

    _tell(_each(connection, file, look), FOUND, as_json=as_json, everything=True)


@hooks.command(short_help="Create those that are missing, mend the others.")
@_options
@_former
@_dry_run
@click.option("--renew", is_flag=True, help="Write those that are fine again, too: after the secret has changed.")
def register(
    connection: str | None, *, file: Path | None, moved_from: str | None, dry_run: bool, renew: bool, as_json: bool
) -> None:
    """Create the hooks that are missing, mend the others, and switch on again what was disabled or is on probation.

    Done twice it changes nothing. Where the account may not do it, what an administrator must click or send is printed,
    and the exit status is 1.
    """

    def mend(keeper: HookKeeper, report: Report) -> None:
        former = _at(moved_from, report.connection)
        report.steps = compare(report.url, keeper.wanted(report.url), keeper.there(), former=former, renew=renew)
        if not dry_run:
            _carry_out(keeper, report)

    _tell(_each(connection, file, mend, to_register=True), PLANNED if dry_run else DONE, as_json=as_json)


@hooks.command(short_help="Remove ours, and no others.")
@_options
@_former
@_dry_run
def remove(connection: str | None, *, file: Path | None, moved_from: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove the hooks that send to this okrlink, and no others."""

    def take_away(keeper: HookKeeper, report: Report) -> None:
        report.steps = removal(report.url, keeper.there(), former=_at(moved_from, report.connection))
        if not dry_run:
            _carry_out(keeper, report)

    _tell(_each(connection, file, take_away), PLANNED if dry_run else DONE, as_json=as_json)


@hooks.command(short_help="See that a delivery arrives.")
@_options
@click.option("--within", type=click.FloatRange(min=0), default=120.0, show_default=True, help="Seconds to wait.")
def verify(connection: str | None, *, file: Path | None, within: float, as_json: bool) -> None:
    """See that a delivery arrives: sent by the tracker, taken by the running service, kept in the database.

    Azure DevOps is asked for its own test, which says nothing of any work item, and carries the mapping's secret whatever
    subscriptions carry: theirs shows in how their last deliveries went, which is looked at, too. Jira has no test: change an
    issue meanwhile.
    """
    arrived: dict[str, Outcome | None] = {}
    with open_service() as service:

        def wait(keeper: HookKeeper, report: Report) -> None:
            with service.database.read() as reading:
                before = deliveries.last_id(reading)
            words = _provoked(keeper, report)
            if not as_json:
                click.echo(f"{report.connection}: {words}; waiting up to {within:g} seconds at {report.url}")
            arrived[report.connection] = found = _wait(service, report.connection, before, within)
            if found is None:
                report.status = NO
                report.reason = (
                    f"nothing arrived within {within:g} seconds. Is okrlink serve running, does {report.url} lead to it, "
                    "and does its log tell of refused deliveries? okrlink hooks list shows what is registered"
                )
            elif wrong := _not_as_they_should_be(keeper, report):
                report.status, report.reason = NO, wrong

        reports = _for_each(service, mapped(service, file), connection, wait, to_register=True)
    if as_json:
        shown = [to_json(one, FOUND) | {"arrived": arrival(arrived.get(one.connection))} for one in reports]
        click.echo(json.dumps({"connections": shown}, indent=2, ensure_ascii=False))
    for one in () if as_json else reports:
        found = arrived.get(one.connection)
        said = [f"{found.event or 'a delivery'} arrived"] if found else []
        click.echo(f"{one.connection}: {', but '.join([*said, *([one.reason] if one.reason else [])])}.")
    _exit(reports)


def _not_as_they_should_be(keeper: HookKeeper, report: Report) -> str | None:
    """What is wrong with the hooks themselves, which a test does not need; None where they may not be looked at."""
    try:
        report.steps = compare(report.url, keeper.wanted(report.url), keeper.there())
    except Refused as error:
        if error.scope == "connection":
            raise
        return None
    wrong = [step for step in report.steps if step.deed in ("create", "mend")]
    if not wrong:
        return None
    of = sum(step.deed in ("create", "mend", "keep") for step in report.steps)
    first = f"{wrong[0].topic} {', '.join(wrong[0].drift)}"
    return (
        f"{len(wrong)} of {many(of, 'hook')} {'is' if len(wrong) == 1 else 'are'} not as wanted ({first}): "
        "okrlink hooks list shows them, hooks register mends them"
    )


def _provoked(keeper: HookKeeper, report: Report) -> str:
    """What will make something arrive."""
    try:
        if keeper.provoke(report.url):
            return "asked for a test"
    except Refused as error:
        if error.scope == "connection":
            raise
        return f"may not ask for a test ({error.reason}): {keeper.occasion} now"
    return f"there is no test: {keeper.occasion} now"


def _wait(service: Service, name: str, after: int, within: float) -> Outcome | None:
    deadline = time.monotonic() + within
    while True:
        with service.database.read() as connection:
            found = deliveries.first_after(connection, name, after)
        if found is not None or time.monotonic() >= deadline:
            return found
        time.sleep(LOOK_AGAIN)


def _carry_out(keeper: HookKeeper, report: Report) -> None:
    """Takes the steps. One that the tracker refuses does not keep the others from being taken."""
    refused: Refused | None = None
    for number, step in enumerate(report.steps):
        try:
            _take(keeper, step)
        except Permanent as error:
            report.failures[number], report.status = error.reason, NO
            refused = refused or (error if isinstance(error, Refused) else None)
        except Retryable as error:
            left = (
                rest for rest in range(number, len(report.steps)) if report.steps[rest].deed not in ("keep", "leave")
            )
            report.failures |= dict.fromkeys(left, error.reason)
            raise
    if refused is not None:
        raise refused


def _take(keeper: HookKeeper, step: HookStep) -> None:
    if step.deed == "create" and step.wanted is not None:
        keeper.create(step.wanted)
    elif step.deed == "mend" and step.there is not None and step.wanted is not None:
        keeper.mend(step.there, step.wanted)
    elif step.deed == "remove" and step.there is not None:
        keeper.remove(step.there)


def _each(
    name: str | None, file: Path | None, deal: Callable[[HookKeeper, Report], None], *, to_register: bool = False
) -> Sequence[Report]:
    with open_service() as service:
        return _for_each(service, mapped(service, file), name, deal, to_register=to_register)


def _for_each(
    service: Service,
    mapping: Mapped,
    name: str | None,
    deal: Callable[[HookKeeper, Report], None],
    *,
    to_register: bool,
) -> Sequence[Report]:
    """`deal` with each connection. What goes wrong with one is in its report, and does not stop the others."""
    reports = []
    sites = mapping.sites(name)
    for site in sites.values() if to_register else ():
        _refuse(mapping, site, service.settings.url)
    for one, site in sites.items():
        report = Report(one, f"{service.settings.url}/webhooks/{one}")
        reports.append(report)
        try:
            keeper = _keeper(site)
            try:
                with asking("check"):
                    deal(keeper, report)
            except Refused as error:
                report.reason, report.status = error.reason, NO
                report.by_hand = keeper.by_hand(report.url, mapping.secret_place(one) or "a secret")
        except (Permanent, Retryable) as error:
            report.reason, report.status = error.reason, UNREACHED
    return reports


def _refuse(mapping: Mapped, site: Connection, url: str) -> None:
    """Before anything is registered: would it arrive, and be taken?"""
    why = unreachable(url, site.url, in_cloud=site.tracker in TRACKERS and TRACKERS[site.tracker].in_cloud)
    if why:
        raise Mistake(f"{why}: set OKRLINK_URL to the address by which {site.name} reaches okrlink serve")
    if mapping.secret_place(site.name) is None:
        raise Mistake(f"the mapping names no webhook_secret for {site.name}: whatever it sends would be refused")


def _keeper(site: Connection) -> HookKeeper:
    tracker = TRACKERS.get(site.tracker)
    if tracker is None or tracker.hooks is None:
        raise Permanent(f"this version does not look after the hooks of {site.tracker}")
    return tracker.hooks(site)


def _at(url: str | None, connection: str) -> str | None:
    return f"{url.rstrip('/')}/webhooks/{connection}" if url else None


def _tell(reports: Sequence[Report], words: Mapping[Deed, str], *, as_json: bool, everything: bool = False) -> None:
    if as_json:
        shown = [to_json(one, words) for one in reports]
        click.echo(json.dumps({"connections": shown}, indent=2, ensure_ascii=False))
    else:
        for report in reports:
            for line in as_text(report, words, everything=everything):
                click.echo(line)
    _exit(reports)


def _exit(reports: Sequence[Report]) -> None:
    if status := max((one.status for one in reports), default=0):
        raise click.exceptions.Exit(status)
