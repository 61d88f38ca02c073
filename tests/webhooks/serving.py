"""`okrlink serve` as people start it, in a folder of its own, and the tree of processes below it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.webhooks.receiving import MAPPING, SECRETS

OKRLINK = (sys.executable, "-c", "from webhooks.cli import main; main()")
# So that it ends with the tests, too, however they end.
WATCHED = (
    sys.executable,
    "-c",
    "from webhooks.parent import end_with; end_with(0); from webhooks.cli import main; main()",
)
# Beside other tests, one that lets everybody go first would hardly get a turn.
WORKER = (sys.executable, "-c", "from webhooks import work; work.NICENESS = 0; work.main()")


def until(true: Callable[[], Any], timeout: float = 60.0, what: str = "it") -> Any:
    """Waits for something to become true and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        if found := true():
            return found
        assert time.monotonic() < deadline, f"{what} did not come to pass in {timeout} s"
        time.sleep(0.02)


def is_running(process: int) -> bool:
    """Whether a process is there and not a corpse."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def children(process: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process and is_running(int(stat.parent.name)):
            found.append(int(stat.parent.name))
    return found


class Serving:
    """Runs while the block does; at its end nothing of it may be left."""

    def __init__(
        self, folder: Path, *options: str, mapping: str = MAPPING, environment: Mapping[str, str] = {}
    ) -> None:
        self.folder = folder
        self.mapping = folder / "okr.yaml"
        self.mapping.write_text(mapping)
        self._options = options
        self.environment = {**os.environ, **SECRETS, **environment}
        self._log = folder / "serve.log"

    def __enter__(self) -> Self:
        command = (*WATCHED, "serve", "--bind", "127.0.0.1:0", "--apply", str(self.mapping), *self._options)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdin=subprocess.PIPE, stderr=log, process_group=0
            )
        try:
            self._wait_until_it_serves()
        except BaseException:
            self.process.kill()
            self.process.communicate()
            raise
        return self

    def _wait_until_it_serves(self) -> None:
        found = until(lambda: self.said(r"listens on http://127\.0\.0\.1:(\d+)"), what="the first line")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"
        until(self.is_ready, what="an answer of the web server")
        if "--web-only" not in self._options:
            until(self.workers, what="a worker")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tree = self.tree()
        self.process.terminate()
        try:
            self.process.communicate(timeout=60)
        finally:
            for process in filter(is_running, tree):
                os.kill(process, signal.SIGKILL)

    def okrlink(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*OKRLINK, *arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def log(self) -> str:
        return self._log.read_text()

    def said(self, pattern: str) -> re.Match[str] | None:
        assert self.process.poll() is None or pattern == "", self.log()
        return re.search(pattern, self.log())

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=60).status_code == 200
        except requests.RequestException:
            return False

    def tree(self) -> list[int]:
        """All processes, `okrlink serve` itself first."""
        found = [self.process.pid]
        for process in found:
            found.extend(children(process))
        return found

    def webs(self) -> list[int]:
        """The web server's main process."""
        return [process for process in children(self.process.pid) if "webhooks.web" in command_line(process)]

    def servers(self) -> list[int]:
        """The processes that answer."""
        return [
            child for web in self.webs() for child in children(web) if "resource_tracker" not in command_line(child)
        ]

    def workers(self) -> list[int]:
        return [process for process in children(self.process.pid) if "webhooks.work" in command_line(process)]

    def port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
            return True


def none_runs(processes: Sequence[int]) -> bool:
    return not any(is_running(process) for process in processes)
