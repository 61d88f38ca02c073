"""`okrlink init`: what it asks, what it refuses to be told, and the file it leaves."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from webhooks.cli import main
from webhooks.cli.machine import country_of, time_zone

JIRA_TOKEN = "ATATT3xFfGF0T3s7q9ZbUkV5n8Lw2Rc6Hd1Pm4Xy0Ea=5D2C9A71"
AZURE_TOKEN = "q3zv5ktxw7h2mfb6ydn4rjc8sgpl2aoe5iuq7vkz3xwt6hmb4ndy"
ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
SNIPPETS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "webhooks/snippets").iterdir()}
PASTED = "this looks like a secret, and no answer is one; it was not kept."


def okrlink(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=typed)


def init(*answers: str) -> Result:
    return okrlink("init", "--offline", typed="".join(f"{answer}\n" for answer in answers))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Europe/Lisbon")
    for name in ("JIRA_USER", "JIRA_TOKEN", "JIRA_WEBHOOK_SECRET", "ADO_WEBHOOK_SECRET", "FERRY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_it_asks_and_writes_a_mapping_without_mistakes(folder: Path) -> None:
    result = init(
        "dev.azure.com/harborlight",
        "env/FERRY_TOKEN",
        "",
        "Ferry Booking, Quay",
        "America/Halifax",
        "CA-NS",
        "2026-H2",
        "Nobody queues on the quay",
        "",
        "Minutes to the deck",
        "minutes",
        "number",
        "14 min",
        "6 min",
        "Key Result",
        "pipeline Ferry CD / Production, status Released",
        "type Bug label on-the-quay, failed deployments",
        "fields",
    )

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith(
        "\n\nWritten and checked. okr.yaml: 1 objective, 1 key result, 1 connection, no mistakes.\n\n"
        "Next:\n"
        "  put FERRY_TOKEN and ADO_WEBHOOK_SECRET into the environment\n"
        "  okrlink plan\n"
    )
    written = (folder / "okr.yaml").read_text(encoding="utf-8")
    for words in (
        "url: https://dev.azure.com/harborlight\n",
        "token: env/FERRY_TOKEN ",
        "projects: [Ferry Booking, Quay] ",
        "holidays: CA-NS ",
        "cycle: 2026-H2 ",
        "  nobody-queues-quay: ",
        "      minutes:\n",
        "start: 14 min\n",
        "target: 6 min\n",
        "- field: Key Result ",
        "KR Progress: percent ",
        "    - pipeline: Ferry CD ",
        "      stage: Production ",
        "    - reaches: Released ",
        "    - type: Bug ",
        "      label: on-the-quay ",
        "    - from: failed deployments ",
        "  lead-time: {use: dora/lead-time} ",
    ):
        assert words in written
    assert "user:" not in written
    assert okrlink("check", "--strict").exit_code == 0


def test_it_asks_again_when_an_answer_makes_no_sense() -> None:
    result = init(
        "https://tidegarden.atlassian.net/browse/SEED-1",
        "https://tidegarden.atlassian.net",
        *("my token", "", "", ""),
        *(",", "SEED"),
        *("Europe/Lisabon", ""),
        *("PT-99", "none"),
        *("Q4", ""),
        *("?", "Nobody waits"),
        *("Nobody Waits", "nobody-waits"),
        *("Minutes", ""),
        *("often", "number"),
        *("3,5", "3.5"),
        *(">= 4", "3.5", "1"),
        *("kr", "kr * :", "KR Status", "kr:*"),
        *("production", "1", "pipeline Shop", ",", "version /v(/", "version v*, CI"),
        *("Bug", "type Bug label two words", "type Incident"),
    )

    assert result.exit_code == 0, result.output
    for words in (
        "is the address of a page; write the site's: https://tidegarden.atlassian.net",
        "expected the name of a variable in capitals, such as JIRA_TOKEN; never the secret itself",
        "at least one project, or *",
        "'Europe/Lisabon' is no time zone; did you mean Europe/Lisbon?",
        "PT has no region '99'",
        "2026-Q4, 2026-H2, 2026-10 and 2026 are cycles; others get their dates in the file, under cycles",
        "say it in a few words",
        "a name has small letters, digits and hyphens; such as nobody-waits",
        "one of: items, story points, kpi, number",
        "'3,5' has a decimal comma; write 3.5",
        'a target is one number to reach: write 4; to hold it all the time write `keep: ">= 4"`',
        "equals its start (3.5); there is no way to go",
        "'production' is none of these",
        "'1' is none of these",
        "Jira has no pipelines; let your CI push its deployments, or name an Azure DevOps connection",
        "at least one of them",
        "'/v(/' is no regular expression",
        "'Bug' is none of these",
        "'type Bug label two words' is none of these",
    ):
        assert f"   → {words}" in result.stdout


@pytest.mark.parametrize("secret", [JIRA_TOKEN, AZURE_TOKEN, AZURE_TOKEN.upper(), "hunter2", "Bearer " + JIRA_TOKEN])
@pytest.mark.parametrize("question", [1, 2, 3], ids=["user", "token", "webhook secret"])
def test_a_secret_is_refused_and_neither_written_nor_repeated(folder: Path, secret: str, question: int) -> None:
    result = init("https://tidegarden.atlassian.net", *[""] * (question - 1), secret)

    assert result.exit_code == 0
    assert PASTED in result.stdout or "never the secret itself" in result.stdout
    assert secret not in result.output
    assert secret not in (folder / "okr.yaml").read_text(encoding="utf-8")


def test_a_secret_is_refused_wherever_it_is_pasted(folder: Path) -> None:
    result = init(
        f"https://dana:{JIRA_TOKEN}@tidegarden.atlassian.net", "", "", "", "", JIRA_TOKEN, *[""] * 4, JIRA_TOKEN
    )

    assert result.exit_code == 0
    assert result.stdout.count(PASTED) == 3
    assert JIRA_TOKEN not in result.output + (folder / "okr.yaml").read_text(encoding="utf-8")


def test_variables_in_small_letters_are_taken_where_there_are_such(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("jira_pw", "something")

    result = init("https://tidegarden.atlassian.net", "", "jira_pw")

    assert "token: env/jira_pw " in (folder / "okr.yaml").read_text(encoding="utf-8")
    assert "  put JIRA_USER and JIRA_WEBHOOK_SECRET into the environment\n" in result.stdout


def test_an_address_that_does_not_tell_is_asked_about(folder: Path) -> None:
    result = init("https://tfs.harborlight.example/tfs/Ferries", "azure-devops-s")

    assert "Which tracker is it: jira, azure-devops, azure-devops-server or jira-data-center? [jira]" in result.stdout
    assert "tracker: azure-devops-server\n" in (folder / "okr.yaml").read_text(encoding="utf-8")


def test_defaults_are_taken_when_nobody_answers(folder: Path) -> None:
    asked = okrlink("init", "--offline", "--output", "a.yaml", typed="")
    silent = okrlink("init", "--offline", "--defaults", "--output", "b.yaml")

    assert (asked.exit_code, silent.exit_code) == (0, 0)
    assert (folder / "a.yaml").read_bytes() == (folder / "b.yaml").read_bytes()
    assert "There are no more answers; the rest are defaults." in asked.stdout
    assert silent.stdout == (
        "\nWritten and checked. b.yaml: 1 objective, 1 key result, 1 connection, no mistakes.\n\n"
        "Next:\n"
        "  put your tracker's address into b.yaml, in the place of https://your-site.atlassian.net\n"
        "  put JIRA_USER, JIRA_TOKEN and JIRA_WEBHOOK_SECRET into the environment\n"
        "  okrlink token create ci --scope facts:write, for the step of your CI that is shown below\n"
        "  okrlink plan b.yaml\n"
        "\nThe last step of the job that deploys, for GitHub Actions; the README has it for others:\n\n"
        + "".join(f"  {line}\n" for line in SNIPPETS["github-actions"].splitlines())
    )


def test_the_snippets_are_those_of_the_readme() -> None:
    readme = README.read_text(encoding="utf-8")

    assert set(SNIPPETS) == {"github-actions", "azure-pipelines"}
    for snippet in SNIPPETS.values():
        assert f"```yaml\n{snippet}```" in readme


def test_a_ci_that_will_tell_gets_the_step_of_its_tracker(folder: Path) -> None:
    result = init("dev.azure.com/harborlight", *[""] * 12, "ci", "ci")

    assert result.exit_code == 0, result.output
    assert "The last step of the job that deploys, for Azure Pipelines;" in result.stdout
    assert "  displayName: Tell okrlink\n" in result.stdout
    written = (folder / "okr.yaml").read_text(encoding="utf-8")
    assert written.count("    - pushed: true ") == 2
    assert "another program tells of each" in written


@pytest.mark.parametrize(
    ("chosen", "target", "written"),
    [
        ("", "", ("kpi: lead-time ", "target: -30 %\n")),
        ("flow/throughput", "", ("kpi: throughput ", "target: +30 %\n", "  throughput: {use: flow/throughput} ")),
        ("change-failure-rate", "5 %", ("kpi: change-failure-rate ", "target: 5 %\n")),
        ("1", "2 / day", ("kpi: deployment-frequency ", "target: 2 / day\n")),
    ],
    ids=["default", "name", "end of a name", "number"],
)
def test_a_kpi_of_delivery_measures_the_key_result(
    folder: Path, chosen: str, target: str, written: tuple[str, ...]
) -> None:
    result = init("https://tidegarden.atlassian.net", *[""] * 11, "kpi", chosen, target)

    assert result.exit_code == 0, result.output
    text = (folder / "okr.yaml").read_text(encoding="utf-8")
    for words in (*written, "start: measured "):
        assert words in text
    assert text.count("use: flow/throughput") == (chosen == "flow/throughput")
    assert okrlink("check", "--strict").exit_code == 0


def test_a_kpi_and_its_target_are_asked_for_until_they_make_sense() -> None:
    result = init(
        "https://tidegarden.atlassian.net", *[""] * 11, "kpi", "velocity", "dora/leadtime", "", "many", "15 %"
    )

    for words in (
        "there is no velocity among them",
        "there is no dora/leadtime among them; did you mean dora/lead-time?",
        "expected a number, got 'many'",
        "is a share, and the KPI a duration",
    ):
        assert f"   → {words}" in result.stdout


def test_a_closed_stdin_is_nobody(folder: Path) -> None:
    command = f'exec {sys.executable} -c "from webhooks.cli import main; main()" init --offline <&-'

    result = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert (folder / "okr.yaml").is_file()


def test_without_an_address_nothing_is_looked_at() -> None:
    result = okrlink("init", "--defaults")

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.parametrize("there", ["file", "folder", "dangling link"])
def test_what_is_there_stays_as_it_is(folder: Path, there: str) -> None:
    path = folder / "okr.yaml"
    match there:
        case "file":
            path.write_text("mine")
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("elsewhere.yaml")

    result = okrlink("init", "--offline", "--defaults")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "okr.yaml is there already and stays as it is; okrlink init --output NAME writes another file\n"
    )
    assert not (folder / "elsewhere.yaml").exists()
    assert there != "file" or path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told_before_the_questions(folder: Path) -> None:
    result = okrlink("init", "--output", "goals/okr.yaml", typed="")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "there is no folder goals to write okr.yaml into\n"


@pytest.mark.parametrize(
    ("environment", "link", "zone"),
    [
        ({"TZ": "America/Halifax"}, "/usr/share/zoneinfo/Europe/Warsaw", "America/Halifax"),
        ({"TZ": ":Europe/Oslo"}, None, "Europe/Oslo"),
        ({}, "/usr/share/zoneinfo/Europe/Warsaw", "Europe/Warsaw"),
        ({"TZ": "CET-1CEST"}, "/usr/share/zoneinfo/Europe/Warsaw", "Europe/Warsaw"),
        ({}, "/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ({}, None, "UTC"),
    ],
)
def test_the_machine_tells_its_time_zone(
    tmp_path: Path, environment: dict[str, str], link: str | None, zone: str
) -> None:
    localtime = tmp_path / "localtime"
    if link:
        localtime.symlink_to(link)

    assert time_zone(environment, localtime) == zone


@pytest.mark.parametrize(
    ("zone", "country"), [("Europe/Lisbon", "PT"), ("America/Halifax", "CA"), ("UTC", ""), ("Asia/Nowhere", "")]
)
def test_a_time_zone_tells_the_country(zone: str, country: str) -> None:
    assert country_of(zone) == country
