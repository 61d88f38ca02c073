"""What a mapping's author asks of Azure DevOps: WIQL or a shared query, within the connection's projects."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integration.core.errors import Permanent
from integration.core.queries import Query
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.trackers.azure_devops.asked import condition
from integration.trackers.azure_devops.client import AzureDevOpsClient
from integration.trackers.contract import Connection, Secret

BUGS = "[System.WorkItemType] = 'Bug'"
WHOLE = f"SELECT [System.Id], [System.Title] FROM WorkItems WHERE {BUGS} ORDER BY [System.ChangedDate] DESC"


@pytest.fixture
def ado() -> Iterator[AzureDevOpsSimulator]:
    """Bugs 1 and 3, tasks 2 and 4: the first two in Shop, the others in Warehouse."""
    with AzureDevOpsSimulator() as sim:
        sim.add_project("Warehouse")
        for project in ("Shop", "Warehouse"):
            for kind in ("Bug", "Task"):
                sim.create_work_item(kind, f"A {kind}", project=project)
        yield sim
        assert not sim.unmodelled


def answers(ado: AzureDevOpsSimulator, query: Query, *projects: str) -> list[str]:
    client = AzureDevOpsClient(Connection("ado", "azure-devops", ado.url, projects, token=Secret("pat")))
    return [one for page in client.answers(query) for one in page]


@pytest.mark.parametrize(
    ("query", "projects", "ids"),
    [
        pytest.param(BUGS, ("Shop",), ["1"], id="within the connection's projects"),
        pytest.param(BUGS, (), ["1", "3"], id="or in all, where it names none"),
        pytest.param(f"{BUGS} OR [System.WorkItemType] = 'Task'", ("Shop",), ["1", "2"], id="with an OR"),
        pytest.param(f"WHERE {BUGS}", ("Shop",), ["1"], id="with the word before it"),
        pytest.param(WHOLE, ("Shop",), ["1"], id="a whole query"),
        pytest.param("SELECT [System.Id] FROM WorkItems", ("Shop",), ["1", "2"], id="one without a condition"),
        pytest.param(
            f"[System.TeamProject] = @project AND {BUGS}", ("Shop", "Warehouse"), ["1", "3"], id="of each project"
        ),
    ],
)
def test_the_work_items_that_answer(ado, query: str, projects: tuple[str, ...], ids: list[str]) -> None:
    assert sorted(answers(ado, Query(query), *projects)) == ids


def test_projects_may_have_any_name(ado) -> None:
    name = "O'Neil & Söhne (ÄÖ)"
    ado.add_project(name)
    item = ado.create_work_item("Bug", "Ours", project=name)
    ado.save_query(
        "Shared Queries/Bugs", f"{WHOLE.replace('WHERE', 'WHERE [System.TeamProject] = @project AND')}", project=name
    )

    assert answers(ado, Query(BUGS), name) == [str(item)]
    assert answers(ado, Query("Bugs", saved=True), name) == [str(item)]
    client = AzureDevOpsClient(Connection("ado", "azure-devops", ado.url, (name,), token=Secret("pat")))
    for stream in client.streams:
        told = [fact for page in client.history(stream, datetime(2000, 1, 1, tzinfo=UTC), None) for fact in page.facts]
        assert bool(told) == (stream == "work items")


@pytest.mark.parametrize("name", ["bugs", "Triage/Deep/Bugs", "Shared Queries/Triage/Deep/Bugs"])
def test_a_shared_query_is_found_by_name_or_path_however_deep(ado, name: str) -> None:
    ado.save_query(
        "Shared Queries/Triage/Deep/Bugs", f"{WHOLE[: WHOLE.index(' ORDER')]} AND [System.TeamProject] = @project"
    )
    ado.save_query("My Queries/Bugs", "SELECT [System.Id] FROM WorkItems")

    assert answers(ado, Query(name, saved=True), "Shop") == ["1"]


LINKED = (
    "SELECT [System.Id] FROM WorkItemLinks WHERE [Source].[System.WorkItemType] = 'Epic' "
    "AND ([System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward') "
    "AND ([Target].[System.WorkItemType] <> '') ORDER BY [System.Id] MODE ({mode})"
)


@pytest.mark.parametrize(
    ("mode", "projects", "ids"),
    [
        pytest.param("Recursive", ("Shop",), ["5", "6", "8"], id="a tree, each item once"),
        pytest.param("Recursive", (), ["5", "6", "7", "8"], id="in all projects"),
        pytest.param("Recursive", ("Warehouse",), ["7"], id="of another project below ours"),
        pytest.param("mustContain", ("Shop",), ["5", "6"], id="direct links"),
        pytest.param("MayContain", ("Shop",), ["5", "6", "8"], id="direct links or none"),
        pytest.param("DoesNotContain", ("Shop",), ["8"], id="no links"),
    ],
)
def test_a_query_for_links_finds_what_its_page_shows_each_once(
    ado, monkeypatch, mode: str, projects: tuple[str, ...], ids: list[str]
) -> None:
    monkeypatch.setattr("integration.trackers.azure_devops.asked._IDS_IN_A_QUERY", 2)
    epic = ado.create_work_item("Epic", "The new checkout")
    below = ado.create_work_item("User Story", "Pay by card", parent=epic)
    ado.create_work_item("User Story", "Pack it", parent=epic if mode == "mustContain" else below, project="Warehouse")
    ado.create_work_item("Epic", "Nothing yet")
    wiql = LINKED.format(mode=mode)
    ado.save_query(
        "Shared Queries/Our tree", wiql.replace("WHERE", "WHERE [Source].[System.TeamProject] = @project AND")
    )

    assert sorted(answers(ado, Query(wiql), *projects)) == ids
    if projects == ("Shop",):
        assert sorted(answers(ado, Query("our tree", saved=True), *projects)) == ids


def test_links_between_too_many_items_are_refused_with_a_remedy(ado) -> None:
    ado.settings.result_cap = 1
    for number in range(2):
        ado.create_work_item("Epic", f"Epic {number}")

    with pytest.raises(Permanent, match="more than 20,000 work items; narrow it, or ask for a flat list of work items"):
        answers(ado, Query(LINKED.format(mode="Recursive")), "Shop")


def test_a_shared_query_of_each_project_is_asked_there(ado) -> None:
    for project in ("Shop", "Warehouse"):
        ado.save_query(
            "Shared Queries/Bugs",
            f"{WHOLE.replace('WHERE', 'WHERE [System.TeamProject] = @project AND')}",
            project=project,
        )

    assert sorted(answers(ado, Query("Bugs", saved=True), "Shop", "Warehouse")) == ["1", "3"]


def test_a_result_that_is_too_large_is_asked_for_in_ranges_of_ids(ado) -> None:
    for number in range(30):
        ado.create_work_item("Bug", f"Bug {number}")
    ado.settings.result_cap = 7

    assert answers(ado, Query(BUGS), "Shop") == ["1", *(str(number) for number in range(5, 35))]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (Query("[No.Such] = 1"), "TF51005: The query references a field that does not exist."),
        (Query("Nobody's", saved=True), "none of the connection's projects has a shared query of that name"),
        (Query("twice", saved=True), "write which: Shared Queries/A/Twice and Shared Queries/B/Twice"),
        (Query("SELECT [System.Id] FROM WorkItemLinks WHERE x"), "TF51005: The query references a field"),
        (Query(f"{LINKED} ASOF '2026-01-01'"), "take ASOF out of it"),
        (Query(f"{BUGS} ASOF '2026-01-01'"), "take ASOF out of it"),
        (Query(f"{BUGS} MODE (Recursive)"), "take MODE out of it"),
        (Query(f"SELECT [System.Id] FROM Bugs WHERE {BUGS}"), "and not FROM WorkItems"),
        (Query("SELECT [System.Id] FROM WorkItems WHERE ORDER BY [System.Id]"), "nothing behind its WHERE"),
        (Query(f"{BUGS}) OR (1 = 1"), "its parentheses do not match"),
    ],
)
def test_what_it_refuses_is_told_in_its_words(ado, query: Query, words: str) -> None:
    for folder in "AB":
        ado.save_query(f"Shared Queries/{folder}/Twice", WHOLE)

    with pytest.raises(Permanent) as refused:
        answers(ado, query, "Shop")

    assert words in refused.value.reason


@pytest.mark.parametrize(
    ("wiql", "asked"),
    [
        ("[A] = 'where (' ORDER BY [B]", "[A] = 'where ('"),
        ("select [Where] from workitems where [Order By] = 'it''s'", "[Order By] = 'it''s'"),
        ("[A] IN ('x') AND ([B] = 1 OR [C] = 2)", "[A] IN ('x') AND ([B] = 1 OR [C] = 2)"),
    ],
)
def test_words_within_quotes_and_brackets_are_no_clauses(wiql: str, asked: str) -> None:
    assert condition(wiql) == asked
