"""`okrlink import`: what a file brings, what is refused with its line, and that the same file again changes nothing."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result

from integration.pushed import importing
from integration.store import pushed
from integration.store.db import Database
from tests.pushed.telling import BUILD, DEPLOYMENT, EVERY, MEASUREMENT, Told
from tests.webhooks.typing_commands import run

CSV = """\
Key;Created;Restored;Severity;Service;Region
INC-1;2026-11-02 09:00;2026-11-02T10:00:00Z;1;shop, search;007
INC-2;2026-11-03 09:00;;2;shop;7.5

INC-3;2026-11-03
"""
COLUMNS = ("Key=id", "Created=opened", "Region=fields.Region")
JUNIT = """\
<testsuites>
  <testsuite name="unit" timestamp="2026-11-02T09:00:00" time="1,202.5">
    <testcase name="a"/><testcase name="b"><failure/></testcase>
    <testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase>
    <testsuite name="inner"><testcase name="e"/></testsuite>
  </testsuite>
  <testsuite name="empty" timestamp="2026-11-02T09:00:00Z"/>
  <testsuite name="whole" timestamp="2026-11-02T10:00:00+01:00" time="60"><testcase name="a"/></testsuite>
</testsuites>
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(name: str, told: Sequence[Told]) -> None:
    Path(name).write_text("".join(json.dumps(one) + "\n" for one in told))


def imported(*words: str) -> dict[str, int]:
    result = run("import", *words, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == (2 if told["refused"] else 0)
    return {name: told[name] for name in ("accepted", "updated", "unchanged", "deleted", "refused") if told[name]}


def kept(database: Database) -> dict[str, Told]:
    with database.read() as connection:
        return {one.id: json.loads(one.data) for one in pushed.after(connection)}


def since(database: Database, kind: str, whose: str) -> str | None:
    with database.read() as connection:
        at = pushed.since(connection, [(kind, whose)]).get((kind, whose))
    return at.isoformat() if at else None


def test_every_kind_is_brought_once(database: Database) -> None:
    lines("facts.jsonl", EVERY)

    assert imported("facts.jsonl") == {"accepted": 6}
    assert imported("facts.jsonl") == {"unchanged": 6}
    assert kept(database)["shop-481"] == DEPLOYMENT


def test_a_corrected_line_corrects_the_fact(database: Database) -> None:
    lines("facts.jsonl", [DEPLOYMENT, BUILD])
    run("import", "facts.jsonl")
    lines("facts.jsonl", [{**DEPLOYMENT, "result": "failed"}, BUILD])

    assert imported("facts.jsonl") == {"updated": 1, "unchanged": 1}
    assert kept(database)["shop-481"]["result"] == "failed"


def test_a_refused_line_is_named_and_the_others_are_kept(database: Database) -> None:
    Path("facts.jsonl").write_text(f"{json.dumps(BUILD)}\n\n{{nonsense\n" + json.dumps({**BUILD, "id": 7}) + "\n")

    result = run("import", "facts.jsonl")

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "facts.jsonl:3: no JSON: unexpected character, expected a string key at column 2",
        "facts.jsonl:4: id: expected a text, got 7",
    ]
    assert result.stdout.splitlines()[0] == "facts.jsonl: 3 facts: 1 accepted, 2 refused"
    assert list(kept(database)) == ["b-1"]


def test_a_dry_run_says_what_would_change_and_changes_nothing(database: Database) -> None:
    lines("facts.jsonl", [DEPLOYMENT])
    run("import", "facts.jsonl")
    lines("facts.jsonl", [{**DEPLOYMENT, "result": "failed"}, BUILD])

    assert imported("facts.jsonl", "--dry-run") == {"accepted": 1, "updated": 1}
    assert kept(database) == {"shop-481": DEPLOYMENT}
    assert since(database, "build", "") is None


def test_an_import_can_be_taken_back(database: Database) -> None:
    lines("facts.jsonl", EVERY)
    run("import", "facts.jsonl")

    assert imported("facts.jsonl", "--delete") == {"deleted": 6}
    assert kept(database) == {}


def test_what_facts_do_not_say_can_be_said_for_all(database: Database) -> None:
    lines(
        "facts.jsonl", [{"id": "b-1", "finished": "2026-11-02T08:00:00Z", "result": "success"}, {**BUILD, "id": "b-2"}]
    )

    assert imported("facts.jsonl", "--kind", "build", "--service", "shop") == {"accepted": 2}
    assert [one["service"] for one in kept(database).values()] == ["shop", "shop"]


def test_a_file_is_complete_since_its_first_fact_or_as_it_says(database: Database) -> None:
    lines("facts.jsonl", [DEPLOYMENT, {**DEPLOYMENT, "id": "older", "finished": "2026-10-02T09:00:00Z"}, MEASUREMENT])

    result = run("import", "facts.jsonl")

    assert since(database, "deployment", "shop") == "2026-10-02T09:00:00+00:00"
    assert since(database, "measurement", "team-happiness") == "2026-09-01T00:00:00+00:00"
    assert "Taken to be complete since 2026-09-01: deployments of shop" in result.stdout
    run("import", "facts.jsonl", "--since", "2026-01-01")
    assert since(database, "deployment", "shop") == "2026-01-01T00:00:00+00:00"


def test_a_table_is_read_as_its_keys_want_it(database: Database) -> None:
    Path("incidents.csv").write_text(CSV)
    columns = [word for one in COLUMNS for word in ("--column", one)]

    result = run("import", "incidents.csv", "--kind", "incident", "--timezone", "Europe/Berlin", *columns)

    assert result.stderr == "incidents.csv:5: 2 cells under a header of 6\n"
    assert kept(database) == {
        "INC-1": {
            "kind": "incident",
            "id": "INC-1",
            "opened": "2026-11-02T09:00:00+01:00",
            "restored": "2026-11-02T10:00:00Z",
            "severity": "1",
            "service": ["shop", "search"],
            "fields": {"Region": "007"},
        },
        "INC-2": {
            "kind": "incident",
            "id": "INC-2",
            "opened": "2026-11-03T09:00:00+01:00",
            "severity": "2",
            "service": ["shop"],
            "fields": {"Region": 7.5},
        },
    }


def test_numbers_truths_and_lists_of_a_table(database: Database) -> None:
    Path("d.csv").write_text(
        "\N{BYTE ORDER MARK}kind,ID,environment,finished,result,commits,roll_back,kpi,at,value,deleted\r\n"
        'deployment,d-1,production,2026-11-02T09:00:00Z,success,"a b;c",yes,,,,no\r\n'
        "measurement,m-1,,,,,,happiness,2026-11-02T09:00:00Z,7.4,\r\n"
        "build,b-9,,,,,,,,,true\r\n"
    )

    assert imported("d.csv") == {"accepted": 2, "unchanged": 1}
    told = kept(database)
    assert (told["d-1"]["commits"], told["d-1"]["rollback"], told["m-1"]["value"]) == (["a", "b", "c"], True, 7.4)


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (
            "id,Deployed at\n",
            [],
            "t.csv: header: column 'Deployed at' is no key of a fact; did you mean finished?; say which with --column 'Deployed at=KEY', keep it with --column 'Deployed at=fields.Deployed at', leave it out with --column 'Deployed at='",
        ),
        ("id,ID\n", [], "t.csv: header: two columns hold 'id'; leave one out with --column 'NAME='"),
        ("id\n", ["--column", "x=id"], "t.csv: header: there is no column 'x'; the header says id"),
        ("id\n", ["--column", "x"], "--column x: write HEADER=KEY, such as 'Created=opened'; HEADER= leaves it out"),
        (
            "id\n",
            ["--timezone", "Mars"],
            "--timezone Mars: no time zone is called so; write one such as Europe/Berlin or UTC",
        ),
        ("id\n", ["--since", "soon"], "--since soon: write a time such as 2026-11-02T09:00:00Z"),
        ("id\n", ["--since", "2026-11-02T09:00"], "--since 2026-11-02T09:00: add an offset, Z or one such as +01:00"),
    ],
)
def test_mistakes_in_a_table_are_told_with_the_remedy(text: str, words: list[str], message: str) -> None:
    Path("t.csv").write_text(text)

    result = run("import", "t.csv", *words)

    assert (result.exit_code, result.stderr) == (2, f"{message}\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.jsonl", b"[{}]", "f.jsonl: this is a JSON list; write one fact a line (jq -c '.[]')"),
        ("f.csv", b"id\n\xff\n", "f.csv: the file is no UTF-8; save it as that"),
        ("f.xml", b"<a", "f.xml: the file is no XML: unclosed token: line 1, column 0"),
        ("f.xml", b"<a/>", "f.xml: the file is no JUnit XML; its root must be testsuites or testsuite"),
        ("f.xml", b"<testsuites/>", "f.xml: the file holds no test case"),
        ("f.txt", b"", "f.txt: what format is this? name it .jsonl, .csv or .xml, or say --format"),
    ],
)
def test_a_file_of_another_kind_is_told(name: str, content: bytes, message: str) -> None:
    Path(name).write_bytes(content)

    result = run("import", name)

    assert (result.exit_code, result.stderr) == (2, f"{message}\n")


def test_test_runs_are_counted_from_junit_xml(database: Database) -> None:
    Path("r.xml").write_text(JUNIT)

    assert imported("r.xml", "--timezone", "UTC", "--service", "shop") == {"accepted": 2}
    assert imported("r.xml", "--timezone", "UTC", "--service", "shop") == {"unchanged": 2}
    told = {one["suite"]: one for one in kept(database).values()}
    assert {name: (one["passed"], one["failed"], one["skipped"]) for name, one in told.items()} == {
        "unit": (2, 2, 1),
        "whole": (1, 0, 0),
    }
    assert told["whole"]["started"] == "2026-11-02T10:00:00+01:00"
    assert told["whole"]["finished"] == "2026-11-02T10:01:00+01:00"
    assert told["unit"]["service"] == "shop"


def test_suites_without_offset_or_time_say_how_to_tell_it(database: Database) -> None:
    Path("r.xml").write_text(JUNIT.replace(' timestamp="2026-11-02T10:00:00+01:00"', ""))

    result: Result = run("import", "r.xml")

    assert "r.xml:unit: started: has no offset" in result.stderr
    assert "r.xml:whole: finished: is missing; add it\n" in result.stderr
    assert "Times without an offset: --timezone says where they were.\n" in result.stderr
    assert imported("r.xml", "--timezone", "UTC", "--at", "2026-11-02T12:00:00Z") == {"accepted": 2}
    assert {one["suite"]: one["finished"] for one in kept(database).values()}["whole"] == "2026-11-02T12:00:00+00:00"


def test_entities_of_a_file_open_no_other(folder: Path, database: Database) -> None:
    (folder / "secret").write_text("hidden")
    Path("r.xml").write_text(
        f'<!DOCTYPE t [<!ENTITY e SYSTEM "file://{folder}/secret">]>'
        '<testsuite name="&e;" timestamp="2026-11-02T09:00:00Z"><testcase name="a"/></testsuite>'
    )

    result = run("import", "r.xml")

    assert "hidden" not in result.output
    assert kept(database) == {}


def test_a_long_file_is_brought_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 7)
    lines("facts.jsonl", [{**BUILD, "id": f"b-{number}"} for number in range(20)] + [{**BUILD, "id": ""}] * 25)

    result = run("import", "facts.jsonl")

    assert len(kept(database)) == 20
    assert "facts.jsonl: 45 facts: 20 accepted, 25 refused" in result.stdout
    assert result.stderr.splitlines()[-1] == "… and 5 more"
