"""`okrlink init` beside a tracker: what it finds there to choose from, and that it goes on without where it cannot look."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from webhooks.cli import main

COMMAND = (sys.executable, "-c", "from webhooks.cli import main; main()", "init")
GOES_ON = "The questions go on without a look."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    monkeypatch.setenv("OKRLINK_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("JIRA_USER", "okrlink@bookshop.example")
    monkeypatch.setenv("JIRA_TOKEN", "simulated-token")
    monkeypatch.setenv("ADO_TOKEN", "pat")
    for name in ("JIRA_WEBHOOK_SECRET", "ADO_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert not site.writes
        assert not site.unmodelled


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as site:
        yield site
        site.assert_readonly()
        assert not site.unmodelled


def init(*answers: str) -> Result:
    """What is not answered is answered by Enter."""
    return piped(*answers, *[""] * 20)


def piped(*answers: str) -> Result:
    return CliRunner().invoke(main, ["init"], input="".join(f"{answer}\n" for answer in answers))


def at_jira(jira: JiraSimulator, *answers: str) -> Result:
    """The address, which tells no tracker here, and the variables by default."""
    return init(jira.url, "jira", "", "", "", *answers)


def at_azure_devops(ado: AzureDevOpsSimulator, *answers: str) -> Result:
    return init(ado.url, "azure-devops", "", "", *answers)


def written(folder: Path) -> str:
    return (folder / "okr.yaml").read_text(encoding="utf-8")


def test_jira_tells_what_there_is_to_choose_from(folder: Path, jira: JiraSimulator) -> None:
    for label in ("okr-paid", "KR:built", "kr:faster", "shop"):
        jira.create_issue("SHOP", "Epic", "Something", {"labels": [label]})
    result = at_jira(jira, "2, bookshop")

    assert result.exit_code == 0, result.output
    assert "   You are okrlink · okrlink@bookshop.example there.\n" in result.stdout
    assert "     1  SHOP  Bookshop\n     2  PAY  Payments\n" in result.stdout
    assert "   Work can be estimated there, in Story point estimate and Story Points\n" in result.stdout
    assert "   kr:* fits KR:built, kr:faster\n   okr-* fits okr-paid\n" in result.stdout
    assert "   KR Progress is there\n   KR Status is there\n   KR Summary is there\n" in result.stdout
    for words in ("projects: [PAY, SHOP] ", "work: story points ", "- label: kr:* ", "KR Summary: summary "):
        assert words in written(folder)


def test_azure_devops_tells_what_there_is_to_choose_from(folder: Path, ado: AzureDevOpsSimulator) -> None:
    ado.add_project("Pay & Ship")
    ado.add_field("KR Progress", "double")
    ado.create_work_item("Epic", "Pay by card", tags=["okr-paid"], project="Pay & Ship")
    ado.create_work_item("Epic", "Elsewhere", tags=["kr:built", "kr:faster"])
    result = at_azure_devops(ado, "pay & ship")

    assert result.exit_code == 0, result.output
    assert "   You are okrlink service there.\n     1  Shop\n     2  Pay & Ship\n" in result.stdout
    assert "   okr-* fits okr-paid\n" in result.stdout
    assert "   KR Progress is there\n   KR Status is not there yet\n   KR Summary is not there yet\n" in result.stdout
    for words in ("projects: [Pay & Ship] ", "work: story points ", "- tag: okr-* ", "remote_link: true "):
        assert words in written(folder)


def test_a_data_center_is_looked_at_with_a_token_alone(folder: Path) -> None:
    with JiraDataCenterSimulator() as jira:
        result = CliRunner().invoke(main, ["init"], input=f"{jira.url}\njira-data-center" + "\n" * 20)

        assert result.exit_code == 0, result.output
        assert "     1  SHOP  Bookshop\n" in result.stdout
        assert "   Key Result is a field\n" in result.stdout
        assert not jira.unmodelled
    assert "user:" not in written(folder)


def test_jira_tells_what_may_be_deployments_and_incidents(folder: Path, jira: JiraSimulator) -> None:
    for name in ("Shop 4.1", "Shop 4.2", "v9"):
        jira.create_version("SHOP", name)
        jira.release_version(name)
    jira.create_version("SHOP", "Shop 5.0")
    jira.create_version("PAY", "Elsewhere 1")
    jira.release_version("Elsewhere 1")
    jira.create_issue("SHOP", "Bug", "Nothing can be paid", {"labels": ["prod-incident"]})
    jira.create_issue("SHOP", "Bug", "A typo")
    result = at_jira(jira, "SHOP")

    assert result.exit_code == 0, result.output
    assert "     1  version Shop *  2 in 90 days\n     2  version v*  1 in 90 days\n" in result.stdout
    assert "     1  label prod-incident  1 in 90 days\n     2  type Bug  2 in 90 days\n" in result.stdout
    for words in ("    - version: Shop * ", "    - version: v* ", "    - label: prod-incident "):
        assert words in written(folder)
    assert "type: Bug" not in written(folder)
    assert "Tell okrlink" not in result.stdout


def test_azure_devops_tells_what_may_be_deployments_and_incidents(folder: Path, ado: AzureDevOpsSimulator) -> None:
    for number, stage in enumerate(("Test", "Production"), start=1):
        ado.change_stage(run_id=1, pipeline="Shop deploy", stage=stage)
        ado.complete_deployment(deployment_id=number, release="Release-1", environment=f"{stage} EU", definition="Shop")
    ado.change_run(run_id=1, pipeline="Shop deploy")
    ado.complete_build(build_id=2, definition="Shop CI")
    ado.complete_build(build_id=3, definition="Publish docs")
    ado.create_work_item("Bug", "Nothing can be paid", tags=["outage"])
    ado.create_work_item("Bug", "A typo")
    result = at_azure_devops(ado)

    assert result.exit_code == 0, result.output
    for words in (
        "     1  release Shop / Production EU  1 in 90 days\n     2  pipeline Shop deploy / Production  1 in 90 days\n",
        "     3  release Shop / Test EU  1 in 90 days\n     4  pipeline Publish docs  1 in 90 days\n",
        "     1  label outage  1 in 90 days\n     2  type Bug  2 in 90 days\n",
    ):
        assert words in result.stdout
    for words in ("- pipeline: Shop deploy ", "  stage: Production ", "- release_pipeline: Shop ", "- label: outage "):
        assert words in written(folder)
    for words in ("Test EU", "docs"):
        assert words not in written(folder)


def test_what_was_seen_is_chosen_by_number_beside_words(folder: Path, ado: AzureDevOpsSimulator) -> None:
    ado.complete_build(build_id=3, definition="Publish docs")
    ado.create_work_item("Bug", "A typo")
    result = at_azure_devops(ado, *[""] * 10, "1, pipeline Shop / Live, 1", "1")

    assert result.exit_code == 0, result.output
    assert written(folder).count("- pipeline: Publish docs ") == 1
    assert "- pipeline: Shop " in written(folder)
    assert "- type: Bug " in written(folder)


def test_a_data_center_tells_what_may_be_deployments_and_incidents(folder: Path) -> None:
    with JiraDataCenterSimulator() as jira:
        jira.create_version("SHOP", "2026.11")
        jira.release_version("2026.11")
        jira.create_issue("SHOP", "Bug", "A typo")
        result = CliRunner().invoke(main, ["init"], input=f"{jira.url}\njira-data-center" + "\n" * 20)

        assert result.exit_code == 0, result.output
        assert "     1  version *  1 in 90 days\n" in result.stdout
        assert "     1  type Bug  1 in 90 days\n" in result.stdout
        assert not jira.unmodelled
    assert '    - version: "*" ' in written(folder)
    assert "    - label: incident " in written(folder)


def test_a_list_that_cannot_be_read_ends_no_look(folder: Path, ado: AzureDevOpsSimulator) -> None:
    ado.complete_deployment(deployment_id=1, release="Release-1", environment="Live", definition="Shop")
    ado.create_work_item("Bug", "A typo", tags=["outage"])
    ado.faults.add(Fault("html", path="/_apis/release/deployments", times=None))
    ado.faults.add(Fault("unavailable", path="/_apis/wit/wiql", times=None))
    result = at_azure_devops(ado)

    assert result.exit_code == 0, result.output
    assert GOES_ON not in result.stderr
    assert "The plan" in result.stdout
    for words in ("    - pushed: true ", "    - label: incident "):
        assert words in written(folder)


def test_the_end_shows_the_plan_and_names_what_comes_next(jira: JiraSimulator) -> None:
    result = at_jira(jira)

    assert "Written and checked. okr.yaml: 1 objective, 1 key result, 1 connection, no mistakes." in result.stdout
    assert "\nThe plan:\n\n  Nothing to write: okrlink knows no items yet." in result.stdout
    _, _, following = result.stdout.partition("\nNext:\n")
    assert [line for line in following.partition("\n\n")[0].splitlines() if "token create" not in line] == [
        "  put JIRA_WEBHOOK_SECRET into the environment",
        "  okrlink backfill",
    ]


def test_fields_that_are_to_be_made_come_next(folder: Path, ado: AzureDevOpsSimulator) -> None:
    result = at_azure_devops(ado, *[""] * 12, "fields")

    assert result.exit_code == 0, result.output
    assert "KR Status: status " in written(folder)
    assert "\n  okrlink fields create\n  okrlink backfill\n" in result.stdout


def test_a_project_is_chosen_until_it_is_one_that_is_seen(folder: Path, jira: JiraSimulator) -> None:
    result = at_jira(jira, "SHPO", "3", "pay")

    assert "   → the account sees no project 'SHPO'; did you mean SHOP?\n" in result.stdout
    assert "   → the account sees no project '3'\n" in result.stdout
    assert "projects: [PAY] " in written(folder)


def test_the_only_project_is_the_default(folder: Path) -> None:
    with JiraSimulator() as jira:
        at_jira(jira)

    assert "projects: [SHOP] " in written(folder)


def test_without_a_field_for_points_work_is_counted(folder: Path, jira: JiraSimulator) -> None:
    for name in ("Story Points", "Story point estimate"):
        del jira.site.fields[jira.site.field(name).id]
    result = at_jira(jira, *[""] * 8, "story points", "items")

    assert "   → one of: items, kpi, number\n" in result.stdout
    assert "work: items " in written(folder)


def test_a_field_made_for_key_results_is_the_default_where_no_label_is(folder: Path, jira: JiraSimulator) -> None:
    jira.create_issue("SHOP", "Epic", "Something", {"labels": ["shop"]})
    result = at_jira(jira)

    assert "   Key Result is a field\n" in result.stdout
    assert "- field: Key Result " in written(folder)


def test_a_field_that_is_not_there_is_told_of_and_taken(folder: Path, jira: JiraSimulator) -> None:
    result = at_jira(jira, *[""] * 9, "Key Rsult")

    assert "There is no field Key Rsult yet: make it there" in result.stderr
    assert "Or is Key Result meant?" in result.stderr
    assert "- field: Key Rsult " in written(folder)
    assert "\nNot there yet:\n\n  okr.yaml:" in result.stdout
    assert "has no field called 'Key Rsult'; did you mean Key Result?\n" in result.stdout


def test_a_field_that_cannot_show_progress_is_left_out(folder: Path, jira: JiraSimulator) -> None:
    jira.site.change_field("KR Status", editable=False, kind="date")
    result = at_jira(jira)

    assert "   KR Status " in result.stdout
    assert "; it is left out\n" in result.stdout
    assert "KR Progress: percent " in written(folder)
    assert "KR Status" not in written(folder)


def test_a_token_that_is_not_set_is_said_with_the_remedy(folder: Path, jira: JiraSimulator, monkeypatch) -> None:
    monkeypatch.delenv("JIRA_TOKEN")
    result = at_jira(jira, "SHOP")

    assert result.exit_code == 0
    assert "JIRA_TOKEN is not in the environment, so there is no look at the tracker." in result.stderr
    assert "export JIRA_TOKEN=…, and okrlink init again. Or go on without." in result.stderr
    assert jira.requests == []
    assert "projects: [SHOP] " in written(folder)
    assert "  put JIRA_TOKEN and JIRA_WEBHOOK_SECRET into the environment\n" in result.stdout
    assert "\n  okrlink plan\n" in result.stdout


@pytest.mark.parametrize("tracker", ["jira", "azure-devops"])
def test_a_wrong_token_is_said_with_the_remedy_and_not_repeated(
    folder: Path, jira: JiraSimulator, ado: AzureDevOpsSimulator, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    variable = "JIRA_TOKEN" if tracker == "jira" else "ADO_TOKEN"
    monkeypatch.setenv(variable, "hunter2")
    result = at_jira(jira) if tracker == "jira" else at_azure_devops(ado)

    assert result.exit_code == 0
    assert "The tracker refused: HTTP " in result.stderr
    assert f"Check that the token in {variable} is right and not expired" in result.stderr
    assert GOES_ON in result.stderr
    assert "The plan" not in result.stdout
    assert "hunter2" not in result.output + written(folder)


def test_a_host_that_does_not_answer_is_said(folder: Path) -> None:
    result = init("http://127.0.0.1:9", "jira")

    assert result.exit_code == 0
    assert "cannot be reached. Check the address. The questions go on without a look." in result.stderr
    assert "tracker: jira\n" in written(folder)


def test_a_tracker_that_goes_away_in_between_ends_the_look(folder: Path, jira: JiraSimulator) -> None:
    jira.faults.add(Fault("unavailable", path="/rest/api/3/field"))
    result = at_jira(jira, "SHOP")

    assert GOES_ON in result.stderr
    assert "projects: [SHOP] " in written(folder)
    assert "The plan" not in result.stdout


def test_an_account_that_sees_no_project_is_told_so(folder: Path, jira: JiraSimulator) -> None:
    jira.forbid("BROWSE_PROJECTS")
    result = at_jira(jira, "SHOP")

    assert "The account sees no project; let it browse those that matter" in result.stderr
    assert "projects: [SHOP] " in written(folder)


def test_many_projects_are_not_all_listed_and_can_all_be_named(folder: Path) -> None:
    with JiraSimulator(projects={f"P{number:03}": f"Project {number}" for number in range(60)}) as jira:
        result = at_jira(jira, "P059, 1")

    assert "        … and 20 more, by key or name\n" in result.stdout
    assert "P059" not in result.stdout.partition("… and")[0]
    assert "projects: [P059, P000] " in written(folder)


class AtTerminal:
    """A person at a terminal of so many columns."""

    def __init__(self, columns: int) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self.shown = ""

    def read_until(self, words: str) -> None:
        while words not in self.shown:
            self.shown += os.read(self._ours, 4096).decode()

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def interrupt(self) -> int:
        """Presses Ctrl-C until it is heard: a prompt is seen a moment before its answer is waited for."""
        while True:
            self.process.send_signal(signal.SIGINT)
            try:
                return self.process.wait(timeout=1)
            except subprocess.TimeoutExpired:
                continue

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


@pytest.fixture
def narrow() -> Iterator[AtTerminal]:
    terminal = AtTerminal(columns=40)
    yield terminal
    terminal.close()


def test_a_pipe_that_ends_takes_as_defaults_what_the_tracker_shows(folder: Path, jira: JiraSimulator) -> None:
    result = piped(jira.url, "jira", "", "", "")

    assert result.exit_code == 0
    assert "There are no more answers; the rest are defaults." in result.stdout
    assert "The plan:" in result.stdout
    for words in ('projects: ["*"] ', "work: story points ", "KR Progress: percent "):
        assert words in written(folder)


def test_a_narrow_terminal_gets_short_lines_and_ctrl_c_leaves_nothing(
    folder: Path, narrow: AtTerminal, jira: JiraSimulator
) -> None:
    for prompt, answer in (
        (".net]:", jira.url),
        ("[jira]:", "jira"),
        ("_USER]:", ""),
        ("_TOKEN]:", ""),
        ("SECRET]:", ""),
    ):
        narrow.read_until(prompt)
        narrow.type(answer)
    narrow.read_until("all [*]:")

    lines = [line for line in narrow.shown.replace("\r", "").split("\n") if jira.url not in line]
    assert max(map(len, lines)) < 40
    assert narrow.interrupt() in (1, -signal.SIGINT)  # the latter where a second one met the end of the first
    assert list(folder.glob("okr*.yaml")) == []
