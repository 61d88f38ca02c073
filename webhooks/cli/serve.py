"""`okrlink serve`, `work` and `migrate`: the processes, and the shape of the database under them."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from integration.core.errors import MappingInvalid, PlanTooLarge, ServiceError
from integration.store import applied, migrations
from integration.store.db import Database
from mappings import includes
from mappings.files import Folder
from webhooks.bootstrap import Settings
from webhooks.cli import Mistake
from webhooks.logs import set_up_logs
from webhooks.supervisor import Child, Supervisor

log = logging.getLogger(__name__)

EXPOSED = """\
{host} can be reached from other machines, and okrlink speaks plain HTTP: webhook secrets and tokens would travel in the
clear. Put a proxy that speaks HTTPS before it, and say --behind-proxy as well."""


@click.command()
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where it listens.")
@click.option("--behind-proxy", is_flag=True, help="A proxy with HTTPS stands before it: other machines may connect.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True, help="Server processes.")
@click.option("--web-only", is_flag=True, help="Only receive; `okrlink work` works elsewhere.")
@click.option(
    "--apply",
    "mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put this mapping in force now, when it changes, and at SIGHUP.",
)
def serve(*, bind: str, behind_proxy: bool, processes: int, web_only: bool, mapping: Path | None) -> None:
    """Receive webhooks, and work on them.

    Runs a web server and a worker as its children, starts them again when they die, and ends them with itself.
    """
    set_up_logs()
    host, port = address(bind, behind_proxy=behind_proxy)
    settings = Settings.from_environment(os.environ)
    database = Database.open(settings.database_url)
    migrations.upgrade(database)
    url = os.environ.get("OKRLINK_URL") or f"http://127.0.0.1:{port}"
    follower = Follower(database, mapping, url) if mapping else None
    if follower is not None:
        follower.begin()
    environment = {**os.environ, "OKRLINK_URL": url}
    web = Child("web server", [sys.executable, "-m", "webhooks.web", host, str(port), str(processes)], patience=15)
    worker = Child("worker", [sys.executable, "-m", "webhooks.work"], patience=30)
    children = [web]
    if not web_only:
        _refuse_second_worker(database)
        children.append(worker)
    click.echo(f"okrlink listens on http://{bracketed(host)}:{port}", err=True)
    idle = follower.look if follower else lambda: None
    Supervisor(children, environment, idle=idle, hang_up=follower.apply if follower else None).run()
    database.close()


@click.command()
def work() -> None:
    """Work on what others receive: measure, and write back.

    As many as you like on PostgreSQL, one on SQLite.
    """
    from webhooks.work import work as run

    set_up_logs()
    run(Settings.from_environment(os.environ))


@click.command()
def migrate() -> None:
    """Bring the database to the shape this version needs.

    `okrlink serve` does it by itself. Where web servers and workers run apart, do it once before they start.
    """
    database = Database.open(Settings.from_environment(os.environ).database_url)
    done = migrations.upgrade(database)
    database.close()
    click.echo("The database has a new shape now." if done else "The database has the shape this version needs.")


def address(bind: str, *, behind_proxy: bool) -> tuple[str, int]:
    """Host and free port. Port 0 finds one. Raises `Mistake` for an address that is none, taken, or too public."""
    host, _, digits = bind.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not digits.isdecimal() or int(digits) > 65535:
        raise Mistake(f"'{bind}' is no address to listen on; write HOST:PORT, as in 127.0.0.1:8080")
    if not behind_proxy and not _is_loopback(host):
        raise Mistake(EXPOSED.format(host=host))
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, int(digits), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # The server itself shares its port among its processes, and would share it with a stranger's too.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            return host, probe.getsockname()[1]
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        raise Mistake(f"cannot listen on {bind}: {'somebody else does' if taken else error.strerror}") from error


def bracketed(host: str) -> str:
    """As it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_second_worker(database: Database) -> None:
    from webhooks.work import only_worker

    with only_worker(database):
        pass


class Follower:
    """Applies a mapping file whenever it changes. One with mistakes is told, and leaves in force what was.

    Where it is not the file's fault (the database is gone for a while), it is tried again with every look.
    """

    def __init__(self, database: Database, path: Path, url: str) -> None:
        self._database = database
        self._path = path
        self._url = url
        self._includes: Sequence[str] = ()
        self._seen: object = None
        self._told = ""

    def begin(self) -> None:
        """Raises where the mapping has mistakes and nothing else is in force."""
        with self._database.read() as connection:
            something = applied.revision(connection)
        if something:
            self.apply()
        else:
            self._apply()

    def apply(self) -> None:
        """As somebody asked for, who wants to read what is wrong, although it was said before."""
        self._told = ""
        self._try()

    def look(self) -> None:
        if self._times() != self._seen:
            self._try()

    def _try(self) -> None:
        """Never raises: whoever supervises must outlive whatever is wrong with a mapping."""
        try:
            self._apply()
        except (MappingInvalid, PlanTooLarge) as error:
            self._tell(f"{error}\n{self._path} is not applied; what was in force stays so.")
        except Exception as error:
            self._seen = None
            known = isinstance(error, ServiceError)
            if self._tell(f"{self._path} is not applied yet: {error if known else type(error).__name__}") and not known:
                log.exception("applying %s failed", self._path)
        else:
            self._told = ""

    def _tell(self, words: str) -> bool:
        """Says it, but not every second anew."""
        if words == self._told:
            return False
        click.echo(words, err=True)
        self._told = words
        return True

    def _apply(self) -> None:
        from webhooks.applying import apply_file

        self._includes = includes(self._path)
        self._seen = self._times()
        application = apply_file(self._database, self._path, weigh=self._url)
        if application.new:
            click.echo(f"{self._path} is applied as revision {application.revision}.", err=True)

    def _times(self) -> object:
        """Of all files that are included now: one may come, go, or be the one with the mistake."""
        folder = Folder(self._path)
        names = {folder.main}
        for pattern in self._includes:
            with suppress(ValueError, OSError):  # applying says what is wrong
                names.update(folder.matching(pattern))
        return {name: _changed_at(self._path.parent / name) for name in names}


def _changed_at(file: Path) -> int | None:
    """None where it is not there, or being replaced this very moment."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
