"""A person at a terminal, in a database of their own, with a small mapping applied."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from integration.core.scorecard import Scorecard
from integration.store.db import Database
from mappings import load_texts
from webhooks.applying import apply_file
from webhooks.cli import main

MAPPING = """\
version: 1
cycle: always
cycles: {always: {from: 2020-01-01, to: 2099-12-31}}
connections:
  jira:
    tracker: jira
    url: https://bookshop.jira.example
    user: env/TEST_JIRA_USER
    token: env/TEST_JIRA_TOKEN
    projects: [SHOP]
  ado:
    tracker: azure-devops
    url: https://dev.azure.example/bookshop
    token: env/TEST_ADO_TOKEN
    projects: [App]
objectives:
  checkout:
    title: Buying a book takes less than a minute
    owner: Dana Ortiz
    key_results:
      rebuilt: {title: The new checkout is built, work: story points}
      abandoned: {title: Fewer baskets are left standing, check_in: weekly, start: 68 %, target: 55 %}
  trust:
    title: Readers trust us
    key_results:
      answers: {title: Questions are answered, check_in: weekly, start: 10, target: 20}
links:
  - label: kr:*
write_back:
  jira: {fields: {KR Progress: percent}}
"""


@dataclass(frozen=True)
class Terminal:
    """Runs commands and keeps what they said apart: `stdout`, `stderr`, `exit_code`."""

    database: Database
    scorecard: Scorecard

    def __call__(self, *words: str) -> Result:
        return run(*words)

    def json(self, *words: str) -> Any:
        result = run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)


def run(*words: str) -> Result:
    result = CliRunner().invoke(main, words, prog_name="okrlink")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def sit_down(
    database: Database, database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, mapping: str = MAPPING
) -> Terminal:
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
    file = folder / "okr.yaml"
    file.write_text(mapping)
    apply_file(database, file)
    return Terminal(database, load_texts({"okr.yaml": mapping}, "okr.yaml").scorecard)
