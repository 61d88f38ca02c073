"""The client against each release of Azure DevOps Server: what it asks is what that release knows."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integration.core.errors import Gone, Permanent, Refused
from integration.core.examination import Ability
from integration.core.facts import ItemSeen
from integration.core.write_back import Badge
from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.trackers.azure_devops import SERVER
from integration.trackers.contract import Connection, FieldKeeper, Reader, Secret

BADGE = Badge("http://okrlink.bookshop.example/kr/rebuilt", "The new checkout is built", "62 % · on track")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(params=SERVERS)
def sim(request: pytest.FixtureRequest) -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator("DefaultCollection", edition=SERVERS[request.param]) as sim:
        sim.add_field("KR Progress", "double")
        epic = sim.create_work_item("Epic", "A faster checkout", tags=["kr:rebuilt"])
        sim.create_work_item("User Story", "Pay by phone", parent=epic, fields={"Assigned To": "Dana Reed"})
        yield sim
        assert not sim.unmodelled


def connect(sim: AzureDevOpsSimulator, *, url: str = "", token: str = "pat") -> Reader:
    client = SERVER.connect(
        Connection("ado", SERVER.name, url or sim.url, projects=("Shop",), token=Secret(token)),
    )
    assert isinstance(client, Reader)
    return client


def test_items_are_read_with_what_is_below_them(sim: AzureDevOpsSimulator) -> None:
    client = connect(sim, url=f"{sim.url}/")

    assert client.catalogue().account == sim.account.id
    seen = [fact for page in client.subtree("1") for fact in page if isinstance(fact, ItemSeen)]
    assert {str(fact.item) for fact in seen} == {"1", "2"}
    dana = sim.organisation.person("Dana Reed")
    assert [fact.fields["System.AssignedTo"] for fact in seen if "System.AssignedTo" in fact.fields] == [dana.id]
    with pytest.raises(Gone):
        client.item("99")


def test_a_collection_may_have_blanks_in_its_name() -> None:
    with AzureDevOpsSimulator("Default Collection", edition=SERVERS["2022"]) as sim:
        sim.create_work_item("Epic", "A faster checkout")
        for url in (sim.url, sim.url.replace(" ", "%20")):
            assert connect(sim, url=url).item("1")


def test_an_address_without_its_collection_is_asked_about(sim: AzureDevOpsSimulator) -> None:
    with pytest.raises(Permanent, match="is the url that of an organisation or collection"):
        connect(sim, url=sim.url.rpartition("/")[0]).item("1")


def test_fields_and_a_badge_are_written_quietly_and_at_that_revision(sim: AzureDevOpsSimulator) -> None:
    client = connect(sim)

    looked = client.current("1", ["Custom.KRProgress"], badge=True)
    client.write("1", {"Custom.KRProgress": 62}, badge=BADGE, revision=looked.revision)

    assert sim.value(1, "KR Progress") == 62
    assert list(sim.hyperlinks(1)) == [BADGE.url]
    assert sim.emails == []
    edit = client.last_edit("1", "Custom.KRProgress")
    assert edit is not None
    assert edit.actor == sim.account.id


def test_the_past_is_read_releases_too_from_the_same_host(sim: AzureDevOpsSimulator) -> None:
    sim.complete_deployment(deployment_id=1, release="Release-1", environment="Production")
    sim.complete_build(build_id=3, definition="Classic", result="failed")
    client = connect(sim)

    told = {
        stream: [fact for page in client.history(stream, LONG_AGO, None) for fact in page.facts]
        for stream in client.streams
    }

    assert {stream for stream, facts in told.items() if facts} == {
        "work items",
        "work item links",
        "builds",
        "releases",
    }
    assert [item for page in client.present() for item in page] == ["1", "2"]
    assert all(path.split(" ")[1].startswith("/tfs/defaultcollection/") for path in map(str.lower, sim.requests))


def test_subscriptions_are_made_of_what_the_release_offers(sim: AzureDevOpsSimulator) -> None:
    assert SERVER.hooks is not None
    connection = Connection(
        "ado", SERVER.name, sim.url, projects=("Shop",), token=Secret("pat"), webhook_secrets=(Secret("it is basic"),)
    )
    keeper = SERVER.hooks(connection)

    for hook in keeper.wanted("http://localhost:8080/webhooks/ado"):
        keeper.create(hook)

    kinds = {kind for hook in keeper.there() for kind in hook.events}
    assert kinds == set(SERVER.translated) - {"ms.vss-pipelines.job-state-changed-event"}


def test_fields_are_made_where_the_collection_inherits_its_process(sim: AzureDevOpsSimulator) -> None:
    keeper = fields_of(sim)
    reference = keeper.create("OKR Share", "percent")
    for place in keeper.places(["Epic"], []):
        keeper.place(reference or "", place)

    [sample] = keeper.samples(["Epic"], {"Custom.OKRShare": "percent"})
    assert (sample.item, sample.refused) == ("1", {})
    sim.assert_readonly()


def test_a_collection_with_processes_in_xml_leaves_fields_to_people(sim: AzureDevOpsSimulator) -> None:
    sim.organisation.process.customization = "custom"
    keeper = fields_of(sim)

    [place] = keeper.places(["Epic"], [])
    assert "witadmin importwitd on a server" in (place.why_not or "")
    with pytest.raises(Permanent, match="defined in XML"):
        keeper.create("OKR Share", "percent")


def test_people_are_sent_to_the_settings_that_a_server_has(sim: AzureDevOpsSimulator) -> None:
    sim.organisation.process.customization = "system"
    [place] = fields_of(sim).places(["Epic"], [])

    assert "under Collection settings, Boards, Process" in (place.why_not or "")
    assert "Collection settings" in "\n".join(fields_of(sim).by_hand({"OKR Share": "percent"}))


def test_the_account_is_examined(sim: AzureDevOpsSimulator) -> None:
    assert SERVER.examiner is not None
    examiner = SERVER.examiner(Connection("ado", SERVER.name, sim.url, projects=("Shop",), token=Secret("pat")))

    assert examiner.introduce().account == sim.account.name
    [shop] = examiner.projects()
    asked: list[Ability] = ["browse", "edit", "write quietly"]
    assert [one.granted for one in examiner.permissions(shop, asked)] == [True] * 3
    assert "Epic" in examiner.words().types
    sim.assert_readonly()


def fields_of(sim: AzureDevOpsSimulator) -> FieldKeeper:
    assert SERVER.fields is not None
    return SERVER.fields(Connection("ado", SERVER.name, sim.url, projects=("Shop",), token=Secret("pat")))


def test_a_token_that_opens_nothing_is_told_of(sim: AzureDevOpsSimulator) -> None:
    client = connect(sim, token="wrong")

    for ask in (client.catalogue, lambda: client.item("1"), lambda: client.write("1", {"Custom.KRProgress": 1})):
        with pytest.raises(Refused, match=r"HTTP 401.*is the token right") as refused:
            ask()
        assert refused.value.scope == "connection"
