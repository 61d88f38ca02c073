import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from integration.pushed.schema import json_schema
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


def okrlink(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_good_mapping_is_summed_up_in_one_line(folder: Path) -> None:
    (folder / "okr.yaml").write_text(GOOD)

    result = okrlink("check")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "okr.yaml: 1 objective, 2 key results, 1 connection, no mistakes\n"


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
    assert calm.stdout == "okr.yaml: 1 objective, 2 key results, 1 connection, no mistakes, 1 warning\n"
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


@pytest.mark.parametrize(
    ("name", "holds", "says"),
    [
        ("none.yaml", None, "no such file; okrlink init writes a first one"),
        ("empty.yaml", b"", "says nothing; okrlink init writes a first one"),
        (
            "program",
            b"\x7fELF\x02\0\0\xb7",
            "is no text; a mapping is a YAML file, and okrlink init writes a first one",
        ),
        ("latin-1.yaml", "owner: Zoë".encode("latin-1"), "not UTF-8; save the file as UTF-8"),
        ("notepad.yaml", "owner: Zoë".encode("utf-16"), "not UTF-8; save the file as UTF-8"),
    ],
)
def test_what_is_no_mapping_is_a_mistake_in_one_line(folder: Path, name: str, holds: bytes | None, says: str) -> None:
    if holds is not None:
        (folder / name).write_bytes(holds)

    result = okrlink("check", name)

    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{name}:1:")
    assert line.endswith(f": {says}")


def test_a_folder_is_no_mapping(folder: Path) -> None:
    (folder / "goals").mkdir()

    result = okrlink("check", "goals")

    assert result.exit_code == 2
    assert result.stderr == "goals:1:1: is a folder; name the file in it, such as okr.yaml, which okrlink init writes\n"


def test_the_schema_is_a_schema() -> None:
    result = okrlink("schema")

    assert result.exit_code == 0
    jsonschema.Draft7Validator.check_schema(json.loads(result.stdout))


def test_the_schema_of_facts_is_printed():
    result = CliRunner().invoke(main, ["schema", "facts"])

    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert result.stdout == json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
