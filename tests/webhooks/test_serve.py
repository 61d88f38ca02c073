"""`okrlink serve`: one process to start, and whatever dies, nothing is left over and the rest comes back."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from integration.store.db import Database
from tests.webhooks.receiving import MAPPING, azure_headers, issue_updated, jira_headers
from tests.webhooks.serving import OKRLINK, Serving, is_running, none_runs, until
from webhooks.cli.serve import Follower
from webhooks.parent import GRACE
from webhooks.work import PATIENCE
from webhooks.worker import ENDING


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """One to kill."""
    with Serving(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One that goes on through several tests."""
    with Serving(tmp_path_factory.mktemp("steady")) as started:
        yield started


def post(serving: Serving, connection: str = "shop") -> int:
    body = issue_updated()
    headers = jira_headers(body) if connection != "print" else azure_headers()
    return requests.post(f"{serving.url}/webhooks/{connection}", data=body, headers=headers, timeout=60).status_code


def answers(serving: Serving, status: int, connection: str = "shop") -> bool:
    try:
        return post(serving, connection) == status
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_receives_and_ends_cleanly(serving: Serving, number: signal.Signals) -> None:
    tree = serving.tree()
    assert (len(serving.webs()), len(serving.servers()), len(serving.workers())) == (1, 2, 1)
    assert post(serving) == 204

    serving.process.send_signal(number)

    assert serving.process.wait(60) == 0
    assert none_runs(tree)
    assert serving.port_is_free()
    assert "Traceback" not in serving.log()
    assert "panic" not in serving.log()


def test_killed_itself_it_takes_all_along(serving: Serving) -> None:
    tree = serving.tree()

    serving.process.kill()

    until(lambda: none_runs(tree), what="the end of all processes")
    assert serving.port_is_free()


@pytest.mark.parametrize("role", ["webs", "servers", "workers"])
def test_what_is_killed_comes_back(serving: Serving, role: str) -> None:
    victim, *others = getattr(serving, role)()
    below = serving.servers() if role == "webs" else []

    os.kill(victim, signal.SIGKILL)

    until(lambda: none_runs([victim, *below]), what="the end of what was below it")
    until(lambda: len(getattr(serving, role)()) == len(others) + 1, what="a successor")
    until(lambda: len(serving.servers()) == 2, what="two server processes")
    until(lambda: answers(serving, 204), what="an answer")
    assert serving.process.poll() is None


def test_a_server_process_ends_with_its_parent_even_if_that_was_killed(serving: Serving) -> None:
    (web,), servers = serving.webs(), serving.servers()
    os.kill(serving.process.pid, signal.SIGSTOP)  # so that nobody starts a successor meanwhile
    os.kill(web, signal.SIGKILL)

    until(lambda: none_runs(servers), what="the end of the server processes")
    assert serving.port_is_free()
    os.kill(serving.process.pid, signal.SIGCONT)


def test_a_second_worker_is_refused(steady: Serving) -> None:
    second = steady.okrlink("work")

    assert second.returncode == 3
    assert second.stderr.splitlines()[-1] == (
        f"another worker works on {steady.folder / 'okrlink.db'}: an SQLite database has one; for several, use PostgreSQL"
    )
    assert is_running(steady.workers()[0])


def test_a_worker_whose_parent_was_killed_ends_before_its_successor_loses_patience() -> None:
    assert ENDING < PATIENCE < GRACE


def test_a_port_that_somebody_has_is_refused(steady: Serving) -> None:
    second = steady.okrlink("serve", "--bind", f"127.0.0.1:{steady.port}")

    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == f"cannot listen on 127.0.0.1:{steady.port}: somebody else does"


def test_a_body_over_the_cap_is_refused_even_in_chunks(steady: Serving) -> None:
    def chunks(number: int) -> Iterator[bytes]:
        yield from (b" " * 1024 for _ in range(number))

    url = f"{steady.url}/webhooks/print"

    assert requests.post(url, data=chunks(2048), headers=azure_headers(), timeout=60).status_code == 204
    with contextlib.suppress(requests.ConnectionError):  # answered and closed while we were still sending
        assert requests.post(url, data=chunks(4096), headers=azure_headers(), timeout=60).status_code == 413
    assert post(steady) == 204


@pytest.mark.parametrize(
    ("header", "sent", "status"),
    [
        ("Content-Length: 1000", '{"id": "ha', 408),
        ("Transfer-Encoding: chunked", "", 408),
        ("Transfer-Encoding: chunked", 'a\r\n{"id": "ha\r\n', 408),
        ("Transfer-Encoding: chunked", '14\r\n{"id": "ha', 408),
        ("Transfer-Encoding: chunked", '9\r\n{"a": {}}\r\n0\r\n\r\n', 204),
        ("Transfer-Encoding: chunked", "9\r\nno JSON }\r\n0\r\n\r\n", 204),
    ],
    ids=["of a length", "no chunk", "between chunks", "in a chunk", "whole", "no JSON"],
)
def test_a_body_that_broke_off_is_not_kept(steady: Serving, header: str, sent: str, status: int) -> None:
    """Azure DevOps signs no body, so that nothing else tells half of one from a whole one."""
    headers = (*(f"{name}: {value}" for name, value in azure_headers().items()), "Host: okrlink", header)
    with socket.create_connection(("127.0.0.1", steady.port), timeout=60) as half:
        half.sendall("\r\n".join(("POST /webhooks/print HTTP/1.1", *headers, "", sent)).encode())
        if status == 408:
            half.shutdown(socket.SHUT_WR)
        assert half.recv(100).startswith(b"HTTP/1.1 %d " % status)


def test_a_changed_mapping_is_applied_and_a_broken_one_is_not(steady: Serving) -> None:
    assert post(steady, "store") == 404
    steady.mapping.write_text(MAPPING.replace("shop:", "store:"))
    until(lambda: answers(steady, 204, "store"), what="the new connection")

    steady.mapping.write_text(MAPPING.replace("title:", "titel:"))

    until(lambda: steady.said("what was in force stays so"), what="the mistakes")
    assert "objectives.checkout.titel: not a known key; did you mean title?" in steady.log()
    assert post(steady, "store") == 204

    steady.mapping.write_text(MAPPING)
    os.kill(steady.process.pid, signal.SIGHUP)
    until(lambda: answers(steady, 204, "shop"), what="the old connection")


def test_a_mapping_that_changed_while_the_database_was_gone_is_applied_when_it_is_back(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And whatever the database says meanwhile, nobody is taken down by it."""
    mapping = tmp_path / "okr.yaml"
    mapping.write_text(MAPPING)
    follower = Follower(database, mapping, "http://127.0.0.1:8080")
    follower.begin()
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE mappings RENAME TO gone")
    mapping.write_text(MAPPING.replace("shop:", "store:"))

    for _ in range(3):
        follower.look()
    assert capsys.readouterr().err.count("is not applied yet") == 1
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO mappings")
    follower.look()

    assert "is applied as revision 2" in capsys.readouterr().err


def test_web_only_has_no_worker(tmp_path: Path) -> None:
    with Serving(tmp_path, "--web-only", "--processes", "1") as serving:
        assert (len(serving.servers()), serving.workers()) == (1, [])
        assert post(serving) == 204
        # so that a worker may run apart
        with subprocess.Popen((*OKRLINK, "work"), cwd=tmp_path, env=serving.environment) as worker:
            until((tmp_path / "okrlink.db.worker").exists, what="the worker")
            worker.terminate()
            assert worker.wait(60) in (0, -signal.SIGTERM)


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run((*OKRLINK, *arguments), cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr or done.stdout


def test_other_machines_are_not_let_in_by_accident(tmp_path: Path) -> None:
    status, said = run(tmp_path, "serve", "--bind", "0.0.0.0:0")

    assert status == 2
    assert "okrlink speaks plain HTTP" in said
    assert "--behind-proxy" in said


@pytest.mark.parametrize("bind", ["8080", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:80800", ":8080"])
def test_what_is_no_address_is_said_so(tmp_path: Path, bind: str) -> None:
    status, said = run(tmp_path, "serve", "--bind", bind)

    assert (status, said) == (2, f"'{bind}' is no address to listen on; write HOST:PORT, as in 127.0.0.1:8080\n")


def test_a_first_mapping_with_mistakes_is_not_served(tmp_path: Path) -> None:
    (tmp_path / "okr.yaml").write_text(MAPPING.replace("title:", "titel:"))

    status, said = run(tmp_path, "serve", "--bind", "127.0.0.1:0", "--apply", "okr.yaml")

    assert status == 2
    assert "did you mean title?" in said


def test_workers_alone_ask_for_the_tables_first(tmp_path: Path) -> None:
    assert run(tmp_path, "work") == (3, "the database is empty: run `okrlink migrate`\n")
    assert run(tmp_path, "migrate") == (0, "The database has a new shape now.\n")
    assert run(tmp_path, "migrate") == (0, "The database has the shape this version needs.\n")


def test_a_port_is_held_by_us_alone(steady: Serving) -> None:
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", steady.port))
