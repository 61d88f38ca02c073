"""`okrlink check --online`: names in a mapping that its trackers do not know, each with its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from tests.webhooks.typing_commands import run

MAPPING = """\
version: 1
cycle: 2026-Q4
connections:
  jira:
    tracker: jira
    url: {jira}
    user: env/JIRA_USER
    token: env/JIRA_TOKEN
    projects: [SHOP]
  ado:
    tracker: azure-devops
    url: {ado}
    token: env/ADO_TOKEN
    projects: [Shop]
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {{title: It is built, work: Story Points}}
      bugs:
        title: Few bugs
        count: {{type: Bug, status: To Do, connection: jira}}
        start: 9
        target: 3
links:
  - field: Key Result
write_back:
  jira:
    to: Epic
    fields: {{KR Progress: percent}}
  ado:
    fields: {{KR Summary: summary}}
"""

BUILT = "okr.yaml:19:41: objectives.checkout.key_results.built"
COUNTED = "okr.yaml:22:36: objectives.checkout.key_results.bugs.count"
SHOWN = "okr.yaml:30:14: write_back.jira.fields"


@pytest.fixture
def jira() -> Iterator[JiraSimulator]:
    with JiraSimulator(projects={"SHOP": "Bookshop", "PAY": "Payments"}) as site:
        yield site
        assert site.writes == []


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator() as sim:
        sim.add_field("KR Summary")
        yield sim
        sim.assert_readonly()


@pytest.fixture
def said(jira: JiraSimulator, ado: AzureDevOpsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Said":
    monkeypatch.chdir(tmp_path)
    for name, value in (("JIRA_USER", jira.email), ("JIRA_TOKEN", jira.token), ("ADO_TOKEN", ado.token)):
        monkeypatch.setenv(name, value)
    return Said(tmp_path, MAPPING.format(jira=jira.url, ado=ado.url))


class Said:
    """What the command says of a mapping that was changed here and there."""

    def __init__(self, folder: Path, mapping: str) -> None:
        self._folder = folder
        self._mapping = mapping

    def of(self, *changes: tuple[str, str]) -> tuple[int, list[str]]:
        mapping = self._mapping
        for old, new in changes:
            assert old in mapping
            mapping = mapping.replace(old, new)
        (self._folder / "okr.yaml").write_text(mapping)
        result = run("check", "--online")
        return result.exit_code, result.stderr.splitlines()


def test_a_mapping_whose_names_are_all_known(said: Said) -> None:
    assert said.of() == (0, [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("projects: [SHOP]", "projects: [SHOP, OPS]"),
            "okr.yaml:9:22: connections.jira.projects[1]: the account sees no project 'OPS'; it sees SHOP, PAY",
        ),
        (
            ("projects: [Shop]", "projects: [Shops]"),
            "okr.yaml:14:16: connections.ado.projects[0]: the account sees no project 'Shops'; did you mean Shop?",
        ),
        (
            ("field: Key Result", "field: Key Outcome"),
            "okr.yaml:26:12: links[0].field: neither SHOP nor Shop has a field called 'Key Outcome'",
        ),
        (
            ("work: Story Points", "work: field Effort Days"),
            f"{BUILT}.work: neither SHOP nor Shop has a field called 'Effort Days'",
        ),
        (
            ("KR Progress: percent", "KR Progres: percent"),
            f"{SHOWN}.KR Progres: SHOP has no field called 'KR Progres'; did you mean KR Progress?",
        ),
        (
            ("KR Progress: percent", "KR Progress: summary"),
            f"{SHOWN}.KR Progress: is a number field, and summary is text; write percent, score, current, target, pace",
        ),
        (
            ("type: Bug", "type: Epics"),
            "okr.yaml:22:23: objectives.checkout.key_results.bugs.count.type: SHOP has no type 'Epics'; did you mean Epic?",
        ),
        (
            ("status: To Do", "status: Waiting"),
            f"{COUNTED}.status: no workflow of SHOP has a status 'Waiting'; it has To Do, In Progress, ",
        ),
        (
            ("to: Epic", "to: Saga"),
            "okr.yaml:29:9: write_back.jira.to: SHOP has no type 'Saga'; it has Epic, Story, Task, Bug",
        ),
        (
            ("token: env/ADO_TOKEN", "token: env/NO_TOKEN"),
            "okr.yaml:13:12: connections.ado.token: the environment has no NO_TOKEN",
        ),
    ],
    ids=["project", "near project", "read field", "unit", "field", "type of field", "type", "status", "to", "secret"],
)
def test_a_name_that_no_tracker_knows(said: Said, change: tuple[str, str], message: str) -> None:
    status, lines = said.of(change)

    assert status == 2
    assert [line[: len(message)] for line in lines] == [message]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("changes: [{connection: jira, started: In Progress}]", None),
        ("changes: [{connection: jira, started: entered In Progress, done: done}]", None),
        (
            "changes: [{connection: jira, started: In Work}]",
            "okr.yaml:34:41: delivery.changes[0].started: no workflow of SHOP has a status 'In Work'; it has To Do, ",
        ),
        (
            "changes: [{connection: jira, done: left In Work}]",
            "okr.yaml:34:38: delivery.changes[0].done: no workflow of SHOP has a status 'In Work'; it has To Do, ",
        ),
        (
            "deployments: [{connection: jira, reaches: Life}]",
            "okr.yaml:34:45: delivery.deployments[0].reaches: no workflow of SHOP has a status 'Life'; it has To Do, ",
        ),
        (
            "incidents: [{connection: jira, opened: field Outage}]",
            "okr.yaml:34:42: delivery.incidents[0].opened: SHOP has no field called 'Outage'",
        ),
    ],
    ids=["a status", "entered", "no status", "left", "reached", "field"],
)
def test_moments_of_deliveries(said: Said, rule: str, message: str | None) -> None:
    status, lines = said.of(("summary}\n", f"summary}}\ndelivery:\n  {rule}\n"))

    assert status == (2 if message else 0)
    wrong = [line for line in lines if "warning" not in line]
    assert [line[: len(message or "")] for line in wrong] == ([message] if message else [])


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("connection: jira, saved_query: Our bugs", None),
        ("connection: ado, saved_query: Team/All bugs", None),
        ("connection: jira, query: issuetype = Bug ORDER BY created", None),
        (
            "connection: jira, saved_query: Our bug",
            "saved_query: SHOP does not answer it: HTTP 400: The value 'Our bug' does not exist for the field 'filter'.",
        ),
        (
            "connection: ado, saved_query: Every bug",
            "saved_query: Shop does not answer it: none of the connection's projects has a shared query of that name",
        ),
        ("connection: jira, query: issuetype = = Bug", "query: SHOP does not answer it: HTTP 400: "),
        ("connection: ado, query: \"[No.Such] = 'Bug'\"", "query: Shop does not answer it: HTTP 400: "),
    ],
    ids=["filter", "shared query", "JQL", "no filter", "no shared query", "bad JQL", "bad WIQL"],
)
def test_queries_are_asked(
    said: Said, jira: JiraSimulator, ado: AzureDevOpsSimulator, selector: str, message: str | None
) -> None:
    jira.save_filter("Our bugs", "issuetype = Bug")
    ado.save_query("Shared Queries/Team/All bugs", "SELECT [System.Id] FROM WorkItems")
    status, lines = said.of(("count: {type: Bug, status: To Do, connection: jira}", f"count: {{{selector}}}"))

    assert status == (2 if message else 0), lines
    where = "objectives.checkout.key_results.bugs.count"
    assert [line.partition(f"{where}.")[2][: len(message or "")] for line in lines] == ([message] if message else [])


def test_two_fields_of_one_name(said: Said, jira: JiraSimulator) -> None:
    jira.site.projects.popitem()
    other = jira.add_field("KR Progress", "text")
    status, [line] = said.of()

    assert status == 2
    assert f"has two fields of this name; write customfield_10051 (number) or {other.id} (text)" in line


def test_patterns_and_all_projects(said: Said) -> None:
    assert said.of(("projects: [SHOP]", 'projects: "*"'), ("type: Bug", "type: B*"))[0] == 0


def test_a_tracker_that_is_not_reached(said: Said, ado: AzureDevOpsSimulator) -> None:
    assert said.of((ado.url, "http://127.0.0.1:9/bookshop")) == (3, ["ado: 127.0.0.1 cannot be reached"])


def test_a_token_that_opens_nothing(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "it is another")
    status, [line] = said.of()

    assert status == 3
    assert line.startswith("jira: HTTP 401")
    assert line.endswith("; okrlink doctor jira tells more")


@pytest.mark.parametrize(
    ("kpi", "message"),
    [
        ("use: quality/bug-resolution-time, measure: {of: {type: Defect}}", "measure.of.type: warning: SHOP and Shop have no type 'Defect'"),
        ("use: flow/wip, where: {status: Waiting}", "where.status: warning: no workflow of SHOP and Shop has a status 'Waiting'"),
        ("use: flow/wip, where: {not: {Seveerity: High}}", "where.not.Seveerity: warning: neither SHOP nor Shop has a field called 'Seveerity'"),
        ("use: sla/time-to-resolve, measure: {paused_in: On Hold}", "measure.paused_in: warning: no workflow of SHOP and Shop has a status 'On Hold'"),
        ("measure: {between: [entered Reviewing, done], of: items}", "measure.between[0]: warning: no workflow of SHOP and Shop has a status 'reviewing'"),
        ("measure: {between: [field Begun, done], of: items}", "measure.between[0]: warning: neither SHOP nor Shop has a field called 'begun'"),
    ],
    ids=["type", "status", "field", "pause", "status entered", "field of a time"],
)  # fmt: skip
def test_words_of_a_kpi_that_no_tracker_has_are_advice(said: Said, kpi: str, message: str) -> None:
    code, (line,) = said.of(("links:", f"kpis:\n  speed: {{{kpi}, review: monthly}}\nlinks:"))

    assert code == 0
    assert f": kpis.speed.{message}" in line


def test_what_some_tracker_has_is_no_advice(said: Said) -> None:
    kpis = """kpis:
  defaults: {review: monthly}
  density: {use: quality/defect-density}
  wip: {use: flow/wip, where: {status: In Pro*, Story Points: ">= 3", label: shop, service: shop}}
  happy: {measure: {pushed: true}, where: {mood: good}}
"""
    assert said.of(("links:", f"{kpis}links:")) == (0, [])
