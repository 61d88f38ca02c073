"""`okrlink fields`: making the fields that write_back names, and seeing whether they can be written."""

import pytest

from integration.core.facts import ItemRef
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.simulators.jira_data_center import JiraDataCenterSimulator
from integration.store import reads
from tests.living import SECRETS
from tests.webhooks.typing_commands import sit_down

MAPPING = """\
version: 1
cycle: 2026-Q4
connections:
  tracker: {{tracker: {tracker}, url: {url}, {signing}, projects: [{projects}]}}
objectives:
  checkout:
    title: Buying a book takes less than a minute
    key_results:
      built: {{title: The new checkout is built, work: items}}
write_back:
  tracker: {{to: {types}, fields: {fields}}}
"""
JIRA = "user: env/JIRA_USER, token: env/JIRA_TOKEN"
FIELDS = "{OKR share: percent, OKR line: summary}"


@pytest.fixture
def jira():
    with JiraSimulator() as site:
        yield site
        assert not site.unmodelled


@pytest.fixture
def desk(database, database_url, tmp_path, monkeypatch):
    def sit(site, *, tracker="jira", signing=JIRA, projects="SHOP", fields=FIELDS, types="Epic"):
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        said = {"tracker": tracker, "url": site.url, "signing": signing}
        mapping = MAPPING.format(**said, projects=projects, fields=fields, types=types)
        return sit_down(database, database_url, tmp_path, monkeypatch, mapping)

    return sit


def test_fields_are_made_and_then_fine(desk, jira):
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    terminal = desk(jira)
    missing = terminal("fields", "check")
    planned = terminal("fields", "create", "--dry-run")

    assert missing.exit_code == 1
    assert (
        "wrong    OKR share\n           there is no field of this name; okrlink fields create makes it"
        in missing.stdout
    )
    assert "would create  OKR share (number): project SHOP, screen 'SHOP: Default Issue Screen'" in planned.stdout
    assert jira.writes == []

    made = terminal("fields", "create")
    assert made.exit_code == 0
    assert "created       OKR line (text)" in made.stdout
    assert "fine          OKR line (text)" in terminal("fields", "create").stdout
    good = terminal("fields", "check")
    assert good.exit_code == 0
    assert f"fine     OKR share (number): can be written on {epic.key}" in good.stdout


def test_running_workers_are_told(desk, jira):
    terminal = desk(jira)
    with terminal.database.write() as connection:
        for read in reads.open_reads(connection):
            reads.finish(connection, read)
        reads.save_catalogue(connection, "tracker", reads.Catalogue(), read.due_at)
    terminal("fields", "create")

    with terminal.database.read() as connection:
        wanted = [one for one in reads.open_reads(connection) if one.state == "wanted"]
    assert [(one.kind, one.ref) for one in wanted] == [("catalogue", ItemRef("tracker", ""))]


def test_a_field_of_another_type_is_told_of_and_left(desk, jira):
    terminal = desk(jira, fields="{KR Progress: status}")
    result = terminal("fields", "create")

    assert result.exit_code == 1
    assert "for people    KR Progress (text)" in result.stdout
    assert "is a number field, and status is text" in result.stdout
    assert jira.writes == []


def test_what_only_people_can_do_is_said(desk, jira):
    jira.add_project("TEAM", "A team's own", team_managed=True)
    result = desk(jira, projects="SHOP, TEAM")("fields", "create")

    assert result.exit_code == 1
    assert "created       OKR share (number)" in result.stdout
    assert "TEAM is team-managed" in result.stdout


def test_who_may_not_make_fields_reads_what_an_administrator_must_do(desk, jira):
    jira.forbid("ADMINISTER")
    result = desk(jira)("fields", "create")

    assert result.exit_code == 1
    assert "As an administrator of Jira: Settings, Issues, Custom fields" in result.stdout
    assert "OKR share: Number" in result.stdout


def test_without_an_item_to_try_it_on_a_field_is_neither_fine_nor_wrong(desk, jira):
    result = desk(jira, fields="{KR Progress: percent}")("fields", "check")

    assert result.exit_code == 0
    assert "unknown  KR Progress (number)\n           there is no Epic in SHOP to try it on" in result.stdout


def test_json_says_the_same(desk, jira):
    terminal = desk(jira, fields="{KR Progress: percent}")
    [created] = terminal.json("fields", "create")["connections"]
    [checked] = terminal.json("fields", "check")["connections"]

    assert created["fields"][0] | {"places": []} == {
        "name": "KR Progress",
        "value": "percent",
        "is": "fine",
        "id": "customfield_10051",
        "places": [],
        "problems": [],
        "reason": None,
    }
    assert checked["fields"][0]["ids"] == ["customfield_10051"]


class TestOnADataCenter:
    @pytest.fixture
    def jira(self):
        with JiraDataCenterSimulator() as site:
            yield site
            assert not site.unmodelled

    @pytest.fixture
    def terminal(self, desk, jira, monkeypatch):
        terminal = desk(jira, tracker="jira-data-center", signing="token: env/JIRA_TOKEN")
        monkeypatch.setenv("JIRA_TOKEN", jira.token)
        return terminal

    def test_fields_are_made_and_can_be_written(self, terminal, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        missing = terminal("fields", "check")
        planned = terminal("fields", "create", "--dry-run")

        assert (missing.exit_code, planned.exit_code) == (1, 0)
        assert "there is no field of this name; okrlink fields create makes it" in missing.stdout
        assert "would create  OKR share (number): the screen of Epic in SHOP" in planned.stdout
        assert jira.writes == []

        made = terminal("fields", "create")
        assert (made.exit_code, terminal("fields", "create").exit_code) == (0, 0)
        assert "created       OKR share (number): the screen of Epic in SHOP" in made.stdout
        assert f"fine     OKR share (number): can be written on {epic.key}" in terminal("fields", "check").stdout
        assert [one.path.rpartition("/")[0] for one in jira.writes] == [
            "/rest/api/2",
            "/rest/api/2/screens/addToDefault",
        ] * 2

    def test_before_there_is_an_issue(self, terminal):
        assert terminal("fields", "create").exit_code == 0
        assert terminal("fields", "create").exit_code == 0
        assert "there is no Epic in SHOP to try it on" in terminal("fields", "check").stdout

    def test_a_project_with_screens_of_its_own_needs_a_person(self, terminal, jira):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.site.own_screens.add(jira.site.project("SHOP").id)
        for _ in range(2):
            result = terminal("fields", "create")
            assert result.exit_code == 1
            assert f"{epic.key} (Epic in SHOP) is edited on another one" in result.stdout
            assert "SHOP, Project settings, Screens, open the screen of Edit Issue" in result.stdout

    def test_who_may_not_make_fields(self, terminal, jira):
        jira.forbid("ADMINISTER")
        result = terminal("fields", "create")

        assert result.exit_code == 1
        assert "Administration, Issues, Custom fields, Add custom field:" in result.stdout
        assert "OKR line: Text Field (single line)" in result.stdout


def test_no_secret_of_webhooks_is_needed(desk, jira, monkeypatch):
    """Only whoever registers or receives them needs it: not whoever looks after fields, or reads the past."""
    terminal = desk(jira, signing=f"{JIRA}, webhook_secret: env/JIRA_SECRET")
    monkeypatch.delenv("JIRA_SECRET")

    assert terminal("fields", "create").exit_code == 0
    assert terminal("backfill").exit_code == 0
    assert terminal("rescan").exit_code == 0
    assert "the environment has no JIRA_SECRET" in terminal("hooks", "list").stderr


def test_a_tracker_that_cannot_be_reached_is_told_of(desk):
    class Nowhere:
        url = "http://127.0.0.1:9"

    result = desk(Nowhere)("fields", "check")

    assert result.exit_code == 3
    assert "cannot be reached" in result.stdout


def test_fields_of_azure_devops_are_made_on_the_types_that_show_them(desk):
    with AzureDevOpsSimulator() as ado:
        epic = ado.create_work_item("Epic", "The new checkout")
        terminal = desk(ado, tracker="azure-devops", signing="token: env/ADO_TOKEN", projects="Shop")
        ado.organisation.process.customization = "system"
        locked = terminal("fields", "create")
        ado.organisation.process.customization = "inherited"
        made = terminal("fields", "create")
        checked = terminal("fields", "check")

    assert "created       OKR share (number): Epic in the process Bookshop Agile" in made.stdout
    assert f"fine     OKR share (number): can be written on {epic}" in checked.stdout
    assert locked.exit_code == 1
    assert "for people    OKR share (number)" in locked.stdout
    assert "create an inherited process from it, move Shop to that" in locked.stdout
