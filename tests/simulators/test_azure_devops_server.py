"""The simulated Azure DevOps Server: where it is not what Services is."""

import json
from collections.abc import Iterator

import pytest
import requests

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.azure_devops_editions import SERVERS
from integration.simulators.faults import Fault
from tests.simulators.asking_azure_devops import Client, add
from tests.simulators.listening import Listener


@pytest.fixture
def sim() -> Iterator[AzureDevOpsSimulator]:
    with AzureDevOpsSimulator("Bookshop", edition=SERVERS["2020"]) as sim:
        sim.add_field("KR Progress", "double")
        yield sim


@pytest.fixture
def ado(sim: AzureDevOpsSimulator) -> Client:
    return Client(sim)


def test_a_collection_stands_below_tfs_in_any_case_and_nowhere_else(sim, ado):
    assert sim.url.endswith("/tfs/Bookshop")
    assert ado.get("/_apis/projects")["count"] == 1

    for path, status in (("/TFS/bookshop", 200), ("/Bookshop", 404), ("/tfs/Other", 404)):
        answer = ado.session.get(f"http://127.0.0.1:{sim.port}{path}/_apis/projects", timeout=60)
        assert answer.status_code == status, path


@pytest.mark.parametrize("authorization", ["Bearer pat", "Basic OndyZw==", None])
def test_only_a_token_as_basic_password_opens_and_there_is_no_sign_in_page(sim, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    answer = requests.get(f"{sim.url}/_apis/projects", headers=headers, timeout=60)

    assert answer.status_code == 401
    assert "NTLM" in answer.headers["WWW-Authenticate"]
    assert sim.requests == []


@pytest.mark.parametrize(
    ("release", "version", "refusal"),
    [
        ("2019", "5.0", None),
        ("2019", "5.1", "out of range for this server. The latest REST API version this server supports is 5.0."),
        ("2020", "6.0", None),
        ("2020", "6.1-preview.3", None),
        ("2020", "6.1", "under preview"),
        ("2020", "7.1", "The latest REST API version this server supports is 6.1."),
        ("2022", "7.1-preview.3", "The latest REST API version this server supports is 7.0."),
        ("2022.1", "7.1", None),
        ("2022.1", "seven", "not valid"),
    ],
)
def test_a_release_knows_api_versions_up_to_its_own(release, version, refusal):
    with AzureDevOpsSimulator(edition=SERVERS[release]) as sim:
        asked = Client(sim).ask("GET", "/_apis/projects", params={"api-version": version})
        also = Client(sim).ask("GET", "/_apis/projects", headers={"Accept": f"application/json;api-version={version}"})

    assert asked.status_code == also.status_code == (400 if refusal else 200)
    assert (refusal or "") in asked.text


def test_routes_are_listed_with_the_releases_version_and_areas_are_not(ado):
    [items] = [one for one in ado.ask("OPTIONS", "/_apis").json()["value"] if one["resourceName"] == "workItems"]

    assert (items["maxVersion"], items["releasedVersion"]) == (6.1, "6.0")
    assert ado.get("/_apis/resourceAreas")["value"] == []
    assert ado.get("/_apis/connectionData")["deploymentType"] == "onPremises"


def test_people_are_windows_accounts(sim, ado):
    item = sim.create_work_item("Epic", "One", fields={"Assigned To": "Dana Reed <dana.reed@bookshop.example>"})
    assigned = ado.get(f"/_apis/wit/workitems/{item}")["fields"]["System.AssignedTo"]

    assert assigned["uniqueName"] == "BOOKSHOP\\dana.reed"
    assert assigned["descriptor"].startswith("win.Uy0xLTUtMjEt")
    assert sim.organisation.person("BOOKSHOP\\dana.reed").id == assigned["id"]
    assert (
        ado.get("/_apis/connectionData")["authenticatedUser"]["properties"]["Account"]["$value"] == "BOOKSHOP\\okrlink"
    )


def test_a_webhook_says_which_server_it_is_from(sim):
    with Listener() as listener:
        sim.subscribe(listener.url, user="okrlink", password="secret")
        sim.create_work_item("Epic", "One", actor="Dana Reed")
        assert sim.drain()
        [told] = [json.loads(one.body) for one in listener.received]

    containers = told["resourceContainers"]
    assert containers.keys() == {"collection", "server", "project"}
    assert containers["server"]["baseUrl"] == f"http://127.0.0.1:{sim.port}/tfs/"
    assert told["resource"]["fields"]["System.CreatedBy"] == "Dana Reed <BOOKSHOP\\dana.reed>"


def test_jobs_are_no_event_to_subscribe_to(ado):
    offered = [kind["id"] for one in ado.get("/_apis/hooks/publishers")["value"] for kind in one["supportedEvents"]]

    assert "ms.vss-pipelines.stage-state-changed-event" in offered
    assert "ms.vss-pipelines.job-state-changed-event" not in offered


def test_nobody_is_asked_to_slow_down(sim, ado):
    with pytest.raises(ValueError, match="slow down"):
        sim.slow_down()
    with pytest.raises(ValueError, match="'throttle'"):
        sim.faults.add(Fault("throttle"))
    answer = ado.ask("GET", "/_apis/projects")

    assert not [name for name in answer.headers if name.startswith("X-RateLimit")]


def test_a_write_of_a_newer_version_changes_nothing(sim, ado):
    item = sim.create_work_item("Epic", "One")

    refused = ado.patch(item, add("Custom.KRProgress", 5))
    done = ado.patch(item, add("Custom.KRProgress", 7), **{"api-version": "6.0"})

    assert (refused.status_code, done.status_code) == (400, 200)
    assert sim.value(item, "KR Progress") == 7
