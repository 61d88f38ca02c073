"""`okrlink hooks`: registering, listing, proving and removing what trackers send."""

import threading

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS, SERVICES
from integration.simulators.jira import JiraSimulator
from tests.living import AZURE_DEVOPS, JIRA, OBJECTIVES, SECRETS, Living
from tests.webhooks.typing_commands import run, sit_down

PUBLIC = "https://okr.example"


@pytest.fixture
def jira():
    with JiraSimulator() as site:
        yield site


@pytest.fixture(params=[SERVICES, SERVERS["2022"]], ids=["services", "server"])
def ado(request):
    with AzureDevOpsSimulator(back_off=0.01, edition=request.param) as sim:
        yield sim


def said(template, url):
    tracker = "azure-devops-server" if "/tfs/" in url else "azure-devops"
    return template.format(tracker=tracker, url=url, every="1 s", objectives=OBJECTIVES, cycle="2026-Q4")


@pytest.fixture
def desk(database, database_url, tmp_path, monkeypatch):
    """Sits down with the mapping of one simulated tracker applied, reachable at a public address."""

    def sit(template, url):
        for name, value in SECRETS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("OKRLINK_URL", PUBLIC)
        return sit_down(database, database_url, tmp_path, monkeypatch, said(template, url))

    return sit


def test_what_is_missing_is_registered_once(desk, jira):
    terminal = desk(JIRA, jira.url)
    missing = terminal("hooks", "list")
    planned = terminal("hooks", "register", "--dry-run")

    assert "missing    issues, versions and sprints: is missing" in missing.stdout
    assert "would create  issues, versions and sprints" in planned.stdout
    assert jira.writes == []

    assert "created     issues, versions and sprints" in terminal("hooks", "register").stdout
    assert "1 hook is as it should be" in terminal("hooks", "register").stdout
    assert [one.url for one in jira.webhooks.registered.values()] == [f"{PUBLIC}/webhooks/jira"]
    assert "fine       issues, versions and sprints" in terminal("hooks", "list").stdout


def test_a_disabled_one_is_shown_and_switched_on_again(desk, jira):
    terminal = desk(JIRA, jira.url)
    terminal("hooks", "register")
    [there] = jira.webhooks.registered.values()
    jira.webhooks.change(there.id, enabled=False)

    assert "wrong      issues, versions and sprints: is disabled" in terminal("hooks", "list").stdout
    assert "mended" in terminal("hooks", "register").stdout
    assert jira.webhooks.registered[there.id].enabled


def test_after_a_secret_changed_all_are_written_again(desk, jira, monkeypatch):
    terminal = desk(JIRA, jira.url)
    terminal("hooks", "register")
    monkeypatch.setenv("JIRA_SECRET", "it is another one")
    terminal("hooks", "register", "--renew")

    assert [one.secret for one in jira.webhooks.registered.values()] == ["it is another one"]


def test_a_service_that_moved_takes_its_hooks_along(desk, jira, monkeypatch):
    terminal = desk(JIRA, jira.url)
    terminal("hooks", "register")
    monkeypatch.setenv("OKRLINK_URL", "https://new.example")

    assert (
        f"elsewhere  issues, versions and sprints: sends to {PUBLIC}/webhooks/jira" in terminal("hooks", "list").stdout
    )
    terminal("hooks", "register", "--moved-from", PUBLIC)
    assert [one.url for one in jira.webhooks.registered.values()] == ["https://new.example/webhooks/jira"]


def test_only_ours_are_removed(desk, jira):
    terminal = desk(JIRA, jira.url)
    terminal("hooks", "register")
    jira.webhooks.register("https://chat.example/hook")

    assert "would remove  issues" in terminal("hooks", "remove", "--dry-run").stdout
    assert "removed     issues" in terminal("hooks", "remove").stdout
    assert [one.url for one in jira.webhooks.registered.values()] == ["https://chat.example/hook"]
    assert "there is none" in terminal("hooks", "remove").stdout


def test_who_may_not_register_reads_what_an_administrator_must_do(desk, jira):
    terminal = desk(JIRA, jira.url)
    jira.forbid("ADMINISTER")
    result = terminal("hooks", "register")

    assert result.exit_code == 1
    for words in (
        "HTTP 403",
        f"URL           {PUBLIC}/webhooks/jira",
        "Secret        (the value of env/JIRA_SECRET)",
        'JQL           project in ("SHOP")',
        "Or send: POST ",
    ):
        assert words in result.stdout
    assert SECRETS["JIRA_SECRET"] not in result.stdout


def test_what_may_be_looked_at_but_not_done_is_told_step_by_step(desk, ado, monkeypatch):
    terminal = desk(AZURE_DEVOPS, ado.url)
    monkeypatch.setattr("integration.simulators.azure_devops_subscriptions._VERSIONS", {"build.complete": ("1.0",)})
    result = terminal("hooks", "register")

    assert result.exit_code == 1
    assert "failed      build.complete of Shop: HTTP 400: The resource version 2.0 is not supported" in result.stdout
    assert "created     workitem.updated of Shop" in result.stdout


def test_a_tracker_that_cannot_be_reached_is_told_of(desk):
    terminal = desk(JIRA, "http://127.0.0.1:9")
    result = terminal("hooks", "list")

    assert result.exit_code == 3
    assert "cannot be reached" in result.stdout


def test_the_cloud_cannot_send_to_this_machine(desk, jira, monkeypatch):
    terminal = desk(JIRA, "https://bookshop.jira.example")
    monkeypatch.delenv("OKRLINK_URL")
    result = terminal("hooks", "register")

    assert result.exit_code == 2
    assert "bookshop.jira.example cannot reach http://127.0.0.1:8080" in result.stderr
    assert "set OKRLINK_URL" in result.stderr


def test_without_a_secret_nothing_is_registered(desk, jira):
    terminal = desk(JIRA.replace("    webhook_secret: env/JIRA_SECRET\n", ""), jira.url)
    result = terminal("hooks", "register")

    assert result.exit_code == 2
    assert "names no webhook_secret for jira" in result.stderr
    assert jira.writes == []


def test_json_says_the_same(desk, ado):
    terminal = desk(AZURE_DEVOPS, ado.url)
    [report] = terminal.json("hooks", "register", "--dry-run")["connections"]

    assert report["url"] == f"{PUBLIC}/webhooks/ado"
    assert {hook["is"] for hook in report["hooks"]} == {"would create"}
    assert report["hooks"][0] == {
        "topic": "workitem.created of Shop",
        "is": "would create",
        "drift": ["is missing"],
        "id": None,
        "reason": None,
    }


class TestVerify:
    @pytest.fixture
    def living(self, database_url, tmp_path, monkeypatch):
        """A running service, which trackers reach at its own address."""

        def start(template, url):
            for name, value in SECRETS.items():
                monkeypatch.setenv(name, value)
            monkeypatch.setenv("OKRLINK_DATABASE_URL", database_url)
            service = Living(database_url, said(template, url), tmp_path)
            monkeypatch.setenv("OKRLINK_URL", service.url)
            return service

        return start

    def test_the_vendors_test_comes_all_the_way(self, living, ado):
        with living(AZURE_DEVOPS, ado.url):
            assert run("hooks", "register").exit_code == 0
            for _ in range(2):
                result = run("hooks", "verify", "--within", "10")
                assert result.exit_code == 0, result.stdout

        assert "asked for a test" in result.stdout
        assert " arrived." in result.stdout

    def test_a_test_that_arrives_does_not_hide_that_nothing_is_registered(self, living, ado):
        with living(AZURE_DEVOPS, ado.url):
            result = run("hooks", "verify", "--within", "10")

        assert result.exit_code == 1
        assert " arrived, but 1" in result.stdout
        assert "are not as wanted (workitem.created of Shop is missing): okrlink hooks list" in result.stdout

    def test_a_test_that_arrives_does_not_hide_a_subscription_with_another_password(self, living, ado, monkeypatch):
        with living(AZURE_DEVOPS, ado.url):
            mine = SECRETS["ADO_SECRET"]
            monkeypatch.setenv("ADO_SECRET", "an older one")
            assert run("hooks", "register").exit_code == 0
            monkeypatch.setenv("ADO_SECRET", mine)
            ado.create_work_item("Epic", "The new checkout")
            assert ado.drain()
            wrong = run("hooks", "verify", "--within", "10")
            assert run("hooks", "register").exit_code == 0
            mended = run("hooks", "verify", "--within", "10")

        assert wrong.exit_code == 1
        assert "1 of " in wrong.stdout
        assert "its last delivery failed: Unauthorized (401)" in wrong.stdout
        assert mended.exit_code == 0, mended.stdout

    def test_where_there_is_no_test_the_next_change_proves_it(self, living, jira):
        with living(JIRA, jira.url):
            assert run("hooks", "register").exit_code == 0
            change = threading.Timer(0.3, jira.create_issue, ("SHOP", "Story", "Pay by card"))
            change.start()
            result = run("hooks", "verify", "jira", "--within", "10")
            change.join()

        assert result.exit_code == 0, result.stdout
        assert "there is no test: change any issue of SHOP now" in result.stdout

    def test_what_does_not_arrive_in_time_is_an_answer_too(self, living, jira):
        with living(JIRA, jira.url):
            result = run("hooks", "verify", "--within", "0")

        assert result.exit_code == 1
        assert "nothing arrived within 0 seconds. Is okrlink serve running" in result.stdout

    def test_who_may_not_ask_for_a_test_waits_for_a_change(self, living, ado):
        ado.settings.may_subscribe = False
        with living(AZURE_DEVOPS, ado.url):
            result = run("hooks", "verify", "--within", "0", "--json")

        assert result.exit_code == 1
        assert '"arrived": null' in result.stdout
