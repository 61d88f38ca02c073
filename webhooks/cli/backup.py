"""`okrlink backup`: a copy of the database while it is in use."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from integration.store import backup as store
from integration.store import migrations
from integration.store.db import Database
from webhooks.bootstrap import Settings
from webhooks.cli import Mistake
from webhooks.cli.counting import counting
from webhooks.phrases import many


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup(file: Path, *, as_json: bool) -> None:
    """Copy the database to FILE while it is in use, and verify the copy.

    The copy is of one moment, and one file: to go back to it, stop okrlink and put it in the place of the database.
    Secrets are in neither. On PostgreSQL, use pg_dump: this command prints how.
    """
    settings = Settings.from_environment(os.environ)
    database = Database.open(settings.database_url)
    try:
        source = database.file
        if source is None:
            command = shlex.join(store.dump_command(settings.database_url, file))
            raise Mistake(f"PostgreSQL copies itself, also while it is in use:\n\n    {command}\n\nNothing was copied.")
        _refuse(file, source)
        migrations.check(database)
        with counting("Copying", silent=as_json) as report:
            rows = store.copy(source, file, lambda done, whole: report(done, whole, "pages"))
    finally:
        database.close()
    size = file.stat().st_size
    if as_json:
        click.echo(json.dumps({"file": str(file.absolute()), "bytes": size, "rows": rows}, indent=2))
        return
    click.echo(
        f"{file} holds {many(rows['facts'], 'fact')}, {many(rows['items'], 'item')}, "
        f"{many(rows['check_ins'], 'check-in')} and {many(rows['deliveries'], 'delivery')} "
        f"in {size / 1e6:,.1f} MB, and was verified."
    )


def _refuse(file: Path, source: Path) -> None:
    if not source.exists():
        raise Mistake(f"there is no database at {source}; OKRLINK_DATABASE_URL says where it is")
    if file.exists() or file.is_symlink():
        raise Mistake(f"{file} is there already, and nothing is overwritten: name another file")
    if not file.absolute().parent.is_dir():
        raise Mistake(f"there is no folder {file.absolute().parent}")
