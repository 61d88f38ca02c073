import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from webhooks.cli import main

GOOD = """\
cycle: 2026-Q4
connections:
  jira: {tracker: jira, url: https://tidegarden.jira.example, user: env/U, token: env/T, webhook_secret: env/W, projects: SEED}
objectives:
  first-harvest:
    title: New growers harvest in their first month
    key_results:
      starter-kit: {title: The starter kit is in the shop, work: items}
      letters: {title: Fewer letters about dead seedlings, start: 120, target: 60}
"""
WARNED = GOOD + "access: {admins: noemi@tidegarden.example}\n"
BAD = GOOD.replace("work: items", "work: itms").replace("connections", "conections")


def okrlink(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=typed)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_mapping_is_summed_up_in_one_line(folder: Path) -> None:
    (folder / "okr.yaml").write_text(GOOD)

    result = okrlink("check")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "okr.yaml: 1 objective, 2 key results, 1 connection: no mistakes\n"


def test_every_mistake_is_told_on_stderr_one_a_line(folder: Path) -> None:
    (folder / "okr.yaml").write_text(BAD)

    result = okrlink("check", "okr.yaml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "okr.yaml:2:1: conections: not a known key; did you mean connections?",
        "okr.yaml:8:66: objectives.first-harvest.key_results.starter-kit.work: 'itms' is not a unit; did you mean items? A field of that name is written field itms",
    ]


def test_warnings_are_mistakes_only_when_asked_to_be(folder: Path) -> None:
    (folder / "okr.yaml").write_text(WARNED)

    calm, strict = okrlink("check"), okrlink("check", "--strict")

    assert (calm.exit_code, strict.exit_code) == (0, 2)
    assert calm.stdout == "okr.yaml: 1 objective, 2 key results, 1 connection: no mistakes, 1 warning\n"
    assert strict.stdout == ""
    assert calm.stderr == strict.stderr == "okr.yaml:10:1: access: warning: nobody signs in to this version yet\n"


def test_programs_get_all_of_it_as_json(folder: Path) -> None:
    (folder / "okr.yaml").write_text(WARNED)
    (folder / "bad.yaml").write_text(BAD)

    good, bad = okrlink("check", "--json"), okrlink("check", "--json", "bad.yaml")

    assert (good.exit_code, bad.exit_code) == (0, 2)
    said = json.loads(good.stdout)
    assert (said["ok"], said["objectives"], said["key_results"], said["connections"]) == (True, 1, 2, 1)
    assert [problem["warning"] for problem in said["problems"]] == [True]
    first = json.loads(bad.stdout)["problems"][0]
    assert (first["file"], first["line"], first["column"], first["path"]) == ("bad.yaml", 2, 1, "conections")


def test_a_file_that_is_not_there_is_a_mistake() -> None:
    result = okrlink("check", "nothing.yaml")

    assert result.exit_code == 2
    assert result.stderr == "nothing.yaml:1:1: no such file; okrlink init writes a first one\n"


def test_the_schema_is_a_schema() -> None:
    result = okrlink("schema")

    assert result.exit_code == 0
    jsonschema.Draft7Validator.check_schema(json.loads(result.stdout))


def test_init_asks_and_writes_a_mapping_without_mistakes(folder: Path) -> None:
    typed = [
        "https://dev.azure.com/harborlight",
        "env/FERRY_TOKEN",
        "",
        "Ferry Booking, Quay",
        "America/Halifax",
        "CA-NS",
        "2026-H2",
        "Nobody queues on the quay",
        "Minutes to the deck",
        "number",
        "14",
        "6",
        "Key Result",
        "fields",
    ]

    result = okrlink("init", "--offline", typed="\n".join(typed) + "\n")

    assert result.exit_code == 0, result.output
    assert "okr.yaml: 1 objective, 1 key result, 1 connection: no mistakes" in result.stdout
    assert result.stdout.endswith(
        "Next: put FERRY_TOKEN, ADO_WEBHOOK_SECRET into the environment, then: okrlink plan\n"
    )
    written = (folder / "okr.yaml").read_text()
    for words in (
        "token: env/FERRY_TOKEN",
        "projects: [Ferry Booking, Quay]",
        "holidays: CA-NS",
        "start: 14",
        "- field: Key Result",
    ):
        assert words in written
    assert okrlink("check").exit_code == 0


def test_init_asks_again_when_an_answer_makes_no_sense(folder: Path) -> None:
    typed = "bookshop\nhttps://tidegarden.atlassian.net/browse/SEED-1\nhttps://tidegarden.atlassian.net\nmy token\n\n\n\n\nEurope/Lisabon\n"

    result = okrlink("init", "--offline", typed=typed)

    assert result.exit_code == 0
    for words in (
        "expected the address of a site",
        "is the address of a page; write the site's: https://tidegarden.atlassian.net",
        "the name of a variable, such as JIRA_TOKEN",
        "'Europe/Lisabon' is no time zone; did you mean Europe/Lisbon?",
    ):
        assert words in result.output


def test_init_takes_defaults_when_nobody_answers(folder: Path) -> None:
    asked, silent = (
        okrlink("init", "--offline", "a.yaml", typed=""),
        okrlink("init", "--offline", "--defaults", "b.yaml"),
    )

    assert (asked.exit_code, silent.exit_code) == (0, 0)
    assert (folder / "a.yaml").read_text() == (folder / "b.yaml").read_text()


def test_init_without_offline_says_that_it_does_not_look(folder: Path) -> None:
    result = okrlink("init", "--defaults")

    assert result.exit_code == 0
    assert "Looking at the tracker is not built into this version" in result.stderr


def test_init_never_writes_over_a_file(folder: Path) -> None:
    (folder / "okr.yaml").write_text("mine")

    result = okrlink("init", "--offline", "--defaults")

    assert result.exit_code == 2
    assert "okr.yaml is there already, and stays as it is" in result.stderr
    assert (folder / "okr.yaml").read_text() == "mine"
