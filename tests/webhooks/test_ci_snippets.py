"""The README's steps for CI servers, run by bash and curl as a CI would run them, against `okrlink serve`."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.pushed.meaning import fact_of
from integration.store import pushed
from integration.store.db import Database
from tests.need import need
from tests.webhooks.serving import Serving

README = (Path(__file__).parents[2] / "README.md").read_text()
GITHUB = {
    "GITHUB_REPOSITORY": "bookshop/shop",
    "GITHUB_RUN_ID": "481",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_SHA": "9f2c1e0",
    "GITHUB_SERVER_URL": "https://github.example",
    "RESULT": "success",
}
AZURE = {
    "SYSTEM_DEFINITIONID": "12",
    "BUILD_BUILDID": "77",
    "SYSTEM_JOBATTEMPT": "1",
    "AGENT_JOBSTATUS": "Failed",
    "BUILD_SOURCEVERSION": "77ab310",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.example/bookshop/",
    "SYSTEM_TEAMPROJECTID": "p-1",
}


def script(key: str) -> str:
    """What the step that has this key gives to bash."""
    steps = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(- .*?)```", README, re.DOTALL)]
    return next(str(step[0][key]) for step in steps if key in step[0])


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    need(shutil.which("curl") is not None, "curl")
    folder = tmp_path_factory.mktemp("ci")
    with Serving(folder, environment={"OKRLINK_DATABASE_URL": f"sqlite:///{folder / 'okrlink.db'}"}) as running:
        yield running


@pytest.fixture(scope="module")
def token(serving: Serving) -> str:
    return serving.okrlink("token", "create", "ci", "--scope", "facts:write").stdout.strip()


def step(serving: Serving, key: str, token: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", script(key)],
        env={"PATH": os.environ["PATH"], "OKRLINK_URL": serving.url, "OKRLINK_TOKEN": token, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def kept(serving: Serving, id_: str) -> Any:
    database = Database.open(serving.environment["OKRLINK_DATABASE_URL"])
    with database.read() as connection:
        found = [fact_of("deployment", one.data) for one in pushed.get(connection, "deployment", [id_])]
    database.close()
    return found[0] if found else None


@pytest.mark.parametrize(
    ("key", "environment", "id_", "result", "commit", "url"),
    [
        (
            "run",
            GITHUB,
            "bookshop/shop/481/2",
            "success",
            "9f2c1e0",
            "https://github.example/bookshop/shop/actions/runs/481",
        ),
        (
            "bash",
            AZURE,
            "azure/12/77/1",
            "failed",
            "77ab310",
            "https://dev.azure.example/bookshop/p-1/_build/results?buildId=77",
        ),
    ],
    ids=["GitHub Actions", "Azure Pipelines"],
)
def test_the_step_tells_a_deployment(
    serving: Serving, token: str, key: str, environment: Mapping[str, str], id_: str, result: str, commit: str, url: str
) -> None:
    done = step(serving, key, token, environment)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"] == 1
    told = kept(serving, id_)
    assert (told.services, told.fields["environment"], told.fields["result"]) == (("shop",), "production", result)
    assert (told.names, told.url) == ((commit,), url)
    assert told.finished is not None


@pytest.mark.parametrize(("key", "environment"), [("run", GITHUB), ("bash", AZURE)])
def test_the_step_fails_where_nobody_lets_it_in(serving: Serving, key: str, environment: Mapping[str, str]) -> None:
    done = step(serving, key, "okrl_wrong", environment)

    assert done.returncode != 0
    assert json.loads(done.stdout)["status"] == 401


def test_the_token_is_in_no_log_and_no_file(serving: Serving, token: str) -> None:
    assert step(serving, "run", token, {**GITHUB, "GITHUB_RUN_ID": "482"}).returncode == 0

    secret = token.split("_", 2)[2]
    assert secret not in serving.log()
    for file in serving.folder.iterdir():
        assert not file.is_file() or secret.encode() not in file.read_bytes()
