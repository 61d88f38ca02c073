"""The command line: which commands there are, and how each error ends one.

A command's module is imported only when the command is asked for, so that `okrlink --help` answers at once.

Exit status: 0 done; 1 the answer is no; 2 a mistake in the command or in the mapping; 3 a tracker or the database could
not be reached or will not do it.
"""

from __future__ import annotations

import difflib
import importlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from integration.core.errors import MappingInvalid, PlanTooLarge, ServiceError


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet: where it is, and what the overview says of it."""

    place: str
    says: str


SECTIONS: Mapping[str, Mapping[str, Lazy]] = {
    "First steps": {
        "demo": Lazy("demo:demo", "Play a quarter with simulated trackers; nothing leaves this machine."),
        "init": Lazy("init:init", "Ask what is needed and write a first okr.yaml."),
        "explain": Lazy("explain:explain", "Show what okrlink understands of recorded webhooks."),
    },
    "The mapping": {
        "check": Lazy("check:check", "Find every mistake in a mapping at once."),
        "schema": Lazy("check:schema", "Print a JSON Schema: of mappings, for editors; or of facts."),
        "plan": Lazy("plan:plan_command", "Show what a mapping would write, without writing it."),
        "apply": Lazy("plan:apply_command", "Put a mapping in force."),
    },
    "Running": {
        "serve": Lazy("serve:serve", "Receive webhooks and work on them."),
        "work": Lazy("serve:work", "Work only: measure and write back."),
        "migrate": Lazy("serve:migrate", "Bring the database to the shape this version needs."),
    },
    "History": {
        "backfill": Lazy("backfill:backfill", "Read the past of a connection; may be stopped and goes on."),
        "rescan": Lazy("backfill:rescan", "Ask trackers now what webhooks missed."),
    },
    "Trackers": {
        "doctor": Lazy("doctor:doctor", "Look at each connection: what is wrong with it, and the remedy."),
        "fields": Lazy("fields:fields", "Create the fields that show key results, and check them."),
        "hooks": Lazy("hooks:hooks", "Register webhooks and service hooks, and see that they arrive."),
    },
    "Facts from elsewhere": {
        "import": Lazy("imports:import_command", "Bring facts from a file: JSON Lines, CSV, JUnit XML."),
        "token": Lazy("token:token", "Make, list and revoke tokens by which programs push facts."),
    },
    "Numbers": {
        "kpis": Lazy("kpis:kpis", "Show delivery KPIs: value, trend, target, the facts behind each."),
        "okrs": Lazy("numbers:okrs", "Show objectives and key results: progress, pace, status."),
        "checkin": Lazy("checkin:checkin", "Tell the value of a key result, your confidence, a note."),
        "link": Lazy("link:link", "Link an issue or work item to a key result by hand."),
        "unlink": Lazy("link:unlink", "Take such a link back."),
    },
    "Looking after it": {
        "status": Lazy("status:status", "Show what waits, what failed and why, and what to do."),
        "replay": Lazy("status:replay", "Try again what was given up."),
        "rebuild": Lazy("rebuild:rebuild", "Draw everything anew from what is kept."),
        "forget": Lazy("forget:forget", "Take a person, or a whole connection, out of what is kept."),
        "backup": Lazy("backup:backup", "Copy the database while it is in use."),
    },
}

COMMANDS: Mapping[str, Lazy] = {name: lazy for section in SECTIONS.values() for name, lazy in section.items()}


class Mistake(ServiceError):
    """What was asked for does not exist or makes no sense here; says what would."""


STATUSES: Mapping[type[ServiceError], int] = {PlanTooLarge: 1, MappingInvalid: 2, Mistake: 2}
"""All others mean that somebody else could not be reached or will not do it: 3."""


class Commands(click.Group):
    """Finds commands in `COMMANDS`, and turns our errors into a line on stderr and an exit status, once for all of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            raise Mistake(
                f"no command is called '{cmd_name}'"
                + (f"; did you mean {near[0]}?" if near else "; see okrlink --help")
            )
        module, _, attribute = lazy.place.partition(":")
        command = getattr(importlib.import_module(f"webhooks.cli.{module}"), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, section in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(9), lazy.says) for name, lazy in section.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceError as error:
            click.echo(str(error), err=True)
            status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), 3)
            raise click.exceptions.Exit(status) from error


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit status: 0 done; 1 the answer is no; 2 a mistake in the command or in the mapping; 3 a tracker or the "
        "database could not be reached, or will not do it."
    ),
)
@click.version_option(package_name="okrlink", prog_name="okrlink", message="%(prog)s %(version)s")
def main() -> None:
    """Links the work in Jira and Azure DevOps to key results, and shows their progress where people work.

    \b
    Start with:  okrlink demo
    Then:        okrlink init, doctor, backfill, plan, serve --apply okr.yaml

    The database is OKRLINK_DATABASE_URL, else okrlink.db in this folder; trackers and people reach okrlink at OKRLINK_URL.
    """  # noqa: D301  # \b is click's own mark
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # an old locale has no arrows, and must not end a command for one
