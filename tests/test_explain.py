"""`okrlink explain`: recorded payloads in, what they say out. No mapping, no database, no exception."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from webhooks.cli.explain import explain

JIRA = Path(__file__).parent / "trackers" / "jira"
DONE = JIRA / "cloud__jira-issue_updated__status_done.json"
KEYS = {"file", "tracker", "event", "outcome", "reason", "items", "facts"}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(explain, [str(argument) for argument in arguments], catch_exceptions=False)


def told(*arguments: object) -> list[dict[str, Any]]:
    result = run("--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_an_object_a_line_with_every_key() -> None:
    [line] = told(DONE)

    assert set(line) == KEYS
    assert line["file"] == str(DONE)
    assert (line["tracker"], line["event"], line["outcome"]) == ("jira", "jira:issue_updated", "translated")
    assert line["reason"] is None
    assert line["items"] == ["SHOP-34"]
    assert [fact["kind"] for fact in line["facts"]] == ["item seen", "field changed", "status changed"]
    assert all(fact["at"] == "2026-10-06T13:03:11.482000Z" for fact in line["facts"])


def test_what_is_ignored_says_why_and_keeps_its_item() -> None:
    [line] = told(JIRA / "cloud__worklog_created__only_an_issue_id.json")

    assert (line["outcome"], line["facts"], line["items"]) == ("ignored", [], ["10034"])
    assert line["reason"] == "hours are not measured"


def test_what_is_new_is_unsupported_and_keeps_its_item() -> None:
    [line] = told(JIRA / "cloud__jira-issue_archived__not_known_yet.json")

    assert (line["outcome"], line["event"], line["items"]) == ("unsupported", "jira:issue_archived", ["SHOP-34"])
    assert line["reason"] == "this version does not know such events"


def test_what_cannot_be_understood_is_malformed() -> None:
    [line] = told(JIRA / "cloud__jira-issue_updated__without_an_issue.json")

    assert (line["tracker"], line["event"], line["outcome"]) == ("jira", "jira:issue_updated", "malformed")
    assert line["reason"] == "issue: expected an object, got nothing"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"null", b'"text"', b"\xff\xfe", b'{"a": NaN}'])
def test_what_is_no_json_object_is_malformed(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "delivery.json"
    file.write_bytes(content)

    [line] = told(file)

    assert set(line) == KEYS
    assert (line["tracker"], line["event"], line["outcome"]) == (None, None, "malformed")
    assert line["reason"]


def test_a_body_of_nobody_has_no_tracker(tmp_path: Path) -> None:
    file = tmp_path / "push.json"
    file.write_text('{"ref": "refs/heads/main"}')

    [line] = told(file)

    assert (line["tracker"], line["outcome"]) == (None, "unsupported")


def test_a_named_tracker_is_not_guessed(tmp_path: Path) -> None:
    file = tmp_path / "push.json"
    file.write_text('{"ref": "refs/heads/main"}')

    [line] = told("--tracker", "jira", file)

    assert (line["tracker"], line["outcome"]) == ("jira", "malformed")


def test_an_editors_byte_order_mark_is_no_part_of_the_payload(tmp_path: Path) -> None:
    file = tmp_path / "saved.json"
    file.write_bytes(b"\xef\xbb\xbf" + DONE.read_bytes())

    assert told(file)[0]["outcome"] == "translated"


def test_a_delivery_is_understood_as_when_it_is_received(tmp_path: Path) -> None:
    """NUL characters are left out, as PostgreSQL keeps none."""
    file = tmp_path / "saved.json"
    file.write_text(DONE.read_text().replace("Pay with one click", "Pay with\\u0000 one click"))

    assert told(file)[0]["facts"][0]["fields"]["title"] == "Pay with one click"


def test_files_below_folders_are_joined_to_the_folder_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b/second.json", "a/first.json", ".hidden.json", ".git/config"):
        (tmp_path / "recorded" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "recorded" / name).write_bytes(DONE.read_bytes())
    monkeypatch.chdir(tmp_path)

    assert [line["file"] for line in told("recorded")] == ["recorded/a/first.json", "recorded/b/second.json"]
    assert [line["file"] for line in told("./recorded/")] == ["./recorded/a/first.json", "./recorded/b/second.json"]


def test_a_file_without_a_readable_time_came_when_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "logged.json"
    file.write_bytes((JIRA / "logged__jira-issue_updated__envelope_of_the_log.json").read_bytes())
    os.utime(file, (1791291791, 1791291791))

    assert {fact["at"] for fact in told(file)[0]["facts"]} == {"2026-10-06T13:03:11Z"}


def test_people_read_headings_facts_and_counts() -> None:
    result = run(DONE, JIRA / "cloud__worklog_created__only_an_issue_id.json")

    assert result.exit_code == 0
    assert "jira · jira:issue_updated · SHOP-34" in result.output
    assert "status changed        In Progress → Done" in result.output
    assert "key SHOP-34 · type Story" in result.output
    assert "ignored: hours are not measured" in result.output
    assert "2 files: 1 translated, 1 ignored" in result.output


def test_columns_of_the_counts_stay_apart(tmp_path: Path) -> None:
    long = f"jira:{'event_' * 11}"
    files = [tmp_path / name for name in ("long.json", "short.json", "none.json")]
    for file, body in zip(files, ({"webhookEvent": long}, {"webhookEvent": "jira:new"}, {}), strict=True):
        file.write_text(json.dumps({"timestamp": 1, **body}))

    counts = run(*files).output.split("\n  unsupported ", 1)[1]

    assert f"jira: {long}  " in counts
    assert "jira: jira:new  " in counts


def test_a_payload_writes_nothing_but_text_on_the_terminal(tmp_path: Path) -> None:
    body = json.loads(DONE.read_bytes())
    body["issue"]["fields"]["summary"] = "Pay\x1b[31m with\none click"
    (tmp_path / "red\x1b[31m.json").write_text(json.dumps(body))
    (tmp_path / "odd.json").write_text(json.dumps({**body, "webhookEvent": "jira:\x1b[2Jodd"}))

    output = run(tmp_path).output

    assert "\x1b" not in output
    assert "title Pay\N{REPLACEMENT CHARACTER}[31m with one click" in output.replace("\n" + " " * 23, " ")


def test_a_path_that_is_not_there_is_a_mistake_in_the_command() -> None:
    result = run("nowhere.json")

    assert result.exit_code == 2
    assert "nowhere.json" in result.output


def named_in(body: Any) -> set[str]:
    """What a person would say the body is about."""
    if not isinstance(body, dict):
        return set()
    if isinstance(body.get("issue"), dict):
        return {body["issue"]["key"]}
    resource = body.get("resource")
    if isinstance(resource, dict) and str(body.get("eventType")).startswith("workitem."):
        # A test button says that work item 0 changed; its revision still shows which one was meant.
        is_zero = resource.get("workItemId") == 0
        return {str(resource["revision"]["id"] if is_zero else resource.get("workItemId", resource.get("id")))}
    return set()


def test_every_recorded_payload_goes_through_and_keeps_its_item(corpus: Path) -> None:
    lines = told(corpus / "webhooks")

    files = [path for path in (corpus / "webhooks").rglob("*") if path.is_file()]
    assert sorted(line["file"] for line in lines) == sorted(map(str, files))
    for line in lines:
        assert set(line) == KEYS
        assert line["outcome"] in {"translated", "ignored", "unsupported", "malformed"}
        assert bool(line["reason"]) == (line["outcome"] != "translated")
        assert all(fact["kind"] and fact["at"] for fact in line["facts"])
        if line["outcome"] == "translated":
            assert line["facts"]
        if line["reason"] is None or "not JSON" not in line["reason"]:
            assert named_in(json.loads(Path(line["file"]).read_bytes())) <= set(line["items"]), line["file"]
    outcomes = Counter(line["outcome"] for line in lines)
    assert outcomes["translated"] > 0.8 * len(lines), outcomes
