"""`okrlink link` and `okrlink unlink`, beside a running service and simulated trackers."""

import pytest

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from integration.store import items
from tests.living import living_jira, until
from tests.webhooks.typing_commands import MAPPING, run, sit_down


@pytest.fixture
def jira():
    with JiraSimulator(write_limits=()) as simulator:
        yield simulator


@pytest.fixture
def ado():
    with AzureDevOpsSimulator(project="App") as simulator:
        yield simulator


@pytest.fixture
def living(jira, sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("OKRLINK_DATABASE_URL", sqlite_url)
    with living_jira(sqlite_url, tmp_path, monkeypatch, jira) as living:
        yield living


@pytest.fixture
def terminal(jira, ado, database, database_url, tmp_path, monkeypatch):
    """Both trackers answer, but none has told anything yet."""
    for name, value in (("JIRA_USER", jira.email), ("JIRA_TOKEN", jira.token), ("ADO_TOKEN", ado.token)):
        monkeypatch.setenv(f"TEST_{name}", value)
    here = MAPPING.replace("https://bookshop.jira.example", jira.url)
    here = here.replace("https://dev.azure.example/bookshop", ado.url)
    return sit_down(database, database_url, tmp_path, monkeypatch, here)


def test_a_linked_item_shows_its_key_result_until_it_is_unlinked(living, jira):
    """Whatever is below it counts with it, and the service follows without being told."""
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")
    story = jira.create_issue("SHOP", "Story", "Guests", {"parent": epic.key})
    assert jira.deliveries.drain()
    living.settle()

    linked = run("link", "shop-1", "built")
    until(lambda: jira.value(epic, "KR Progress") == 0, what="the field of the linked epic")
    jira.transition(story, "Done")
    until(lambda: jira.value(epic, "KR Progress") == 100, what="the progress of the work below it")
    unlinked = run("unlink", "SHOP-1", "built")
    until(lambda: jira.value(epic, "KR Progress") is None, what="the cleared field")

    assert linked.stdout.splitlines() == [
        "SHOP-1 is linked to checkout.built (The new checkout is built).",
        "Undo: okrlink unlink SHOP-1 checkout.built",
    ]
    assert unlinked.stdout.splitlines() == [
        "SHOP-1 is not linked to checkout.built by hand any more.",
        "Undo: okrlink link SHOP-1 checkout.built",
    ]


@pytest.mark.parametrize("said", ["SHOP-1", "jira:SHOP-1"])
def test_an_item_that_was_never_seen_is_asked_for(terminal, jira, said):
    epic = jira.create_issue("SHOP", "Epic", "The new checkout")

    told = terminal.json("link", said, "rebuilt")

    assert told == {
        "connection": "jira",
        "id": epic.id,
        "key": "SHOP-1",
        "key_result": "checkout.rebuilt",
        "changed": True,
    }
    with terminal.database.read() as connection:
        linked = items.by_hand(connection, [items.ItemRef("jira", epic.id)])
    assert list(linked.values()) == [("checkout.rebuilt",)]
    assert terminal.json("link", said, "rebuilt")["changed"] is False


def test_an_azure_devops_item_goes_by_its_number(terminal, ado):
    feature = ado.create_work_item("Feature", "One tap")

    assert terminal.json("link", str(feature), "rebuilt")["connection"] == "ado"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("SHOP-99", "jira knows no item SHOP-99, or its account may not see it"),
        ("OPS-1", "no connection has items like OPS-1; write SHOP-12 for Jira, 4711 for Azure DevOps"),
        ("jra:SHOP-1", "no connection is called 'jra'; known here: jira, ado"),
    ],
)
def test_an_item_that_nobody_knows_is_not_linked(terminal, item, message):
    result = terminal("link", item, "rebuilt")

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{message}\n")


def test_a_tracker_that_cannot_be_asked_is_named(terminal, jira, monkeypatch):
    jira.create_issue("SHOP", "Epic", "The new checkout")
    monkeypatch.delenv("TEST_JIRA_TOKEN")

    result = terminal("link", "SHOP-1", "rebuilt")

    assert result.exit_code == 3
    assert result.stderr.startswith("SHOP-1 was never seen here, and jira cannot be asked")


def test_a_link_that_a_tag_makes_is_not_taken_back_here(living, jira):
    jira.create_issue("SHOP", "Epic", "The new checkout", {"labels": ["kr:built"]})
    assert jira.deliveries.drain()
    living.settle()

    result = run("unlink", "SHOP-1", "built")

    assert result.exit_code == 2
    assert "it is linked by label kr:built: change that in the tracker or in the mapping" in result.stderr
