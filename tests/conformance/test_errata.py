"""The documents' known errors are still there, still met, and not a way around the documents."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from tests.conformance import azure_devops, jira
from tests.conformance.description import Erratum, Exchange
from tests.conformance.recorder import Recorder, wrong

VENDORS = (jira, azure_devops)


PATCH = [{"op": "add", "path": "/fields/System.Title", "value": "Pay by any card"}]
PATCHED = {"Content-Type": "application/json-patch+json"}


def ask_jira() -> None:
    with JiraSimulator() as site, requests.Session() as asking:
        epic = site.create_issue("SHOP", "Epic", "The new checkout")
        site.transition(epic, "Done")
        asking.auth = (site.email, site.token)
        asking.get(f"{site.url}/rest/api/3/issue/{epic.key}/remotelink")
        asking.post(f"{site.url}/rest/api/3/changelog/bulkfetch", json={"issueIdsOrKeys": [epic.key]})
        asking.get(f"{site.url}/rest/webhooks/1.0/webhook")


def ask_azure_devops() -> None:
    with AzureDevOpsSimulator() as sim, requests.Session() as asking:
        epic = sim.create_work_item("Epic", "The new checkout")
        item = sim.create_work_item("Product Backlog Item", "Pay by card", parent=epic)
        sim.complete_deployment(deployment_id=7, release="Release-3", environment="Production")
        asking.auth = ("", sim.token)
        asking.params = {"api-version": "7.1"}
        api = f"{sim.url}/_apis"
        at = f"/_apis/wit/workitems/{item}"
        asking.options(api)
        asking.get(f"{api}/connectionData")
        asking.get(f"{api}/resourceAreas")
        asking.get(f"{api}/tagging/scopes/{sim.organisation.project('Shop').id}/tags")
        asking.patch(f"{sim.url}{at}", headers=PATCHED, json=PATCH)
        batched = {"method": "PATCH", "uri": f"{at}?api-version=7.1", "headers": PATCHED, "body": PATCH}
        asking.patch(f"{api}/wit/$batch", json=[batched])
        asking.get(f"{sim.url}{at}", params={"$expand": "relations"})
        asking.get(f"{sim.url}{at}/updates")
        asking.get(f"{api}/wit/reporting/workitemrevisions")
        asking.get(f"{api}/wit/reporting/workitemlinks")
        asking.get(f"{sim.url}/Shop/_apis/release/deployments", params={"queryOrder": "ascending"})


@pytest.fixture(scope="module")
def exchanges() -> list[tuple[Any, Exchange]]:
    """Whatever meets the errors, as if okrlink had asked it."""
    with Recorder().listening() as recorder:
        ask_jira()
        ask_azure_devops()
    assert [f"{each.method} {each.path}: {each.status}" for each in recorder.heard if each.status >= 400] == []
    return [(each.vendor, replace(each.exchange, ours=True)) for each in recorder.heard]


@pytest.mark.parametrize(
    ("vendor", "erratum"),
    [
        pytest.param(vendor, each, id=f"{each.document.partition('.')[0]}-{'-'.join(each.at[-3:])}")
        for vendor in VENDORS
        for each in vendor.ERRATA
    ],
)
def test_without_the_erratum_something_that_is_right_would_be_wrong(
    corpus: Path, exchanges: list[tuple[Any, Exchange]], vendor: Any, erratum: Erratum
) -> None:
    others = tuple(each for each in vendor.ERRATA if each != erratum)
    met = [one for known, one in exchanges if known is vendor]

    assert any(found for one in met for found in wrong(corpus, vendor, one, errata=others))
    assert not [found for one in met for found in wrong(corpus, vendor, one)]


def test_what_is_undescribed_is_asked_for_and_in_no_document(
    corpus: Path, exchanges: list[tuple[Any, Exchange]]
) -> None:
    for vendor in VENDORS:
        asked = [(one.method, one.path.lower()) for known, one in exchanges if known is vendor]
        for known in vendor.UNDESCRIBED:
            met = [(method, path) for method, path in asked if known.covers(method, path)]
            assert met, f"nobody asks for {known.path}: take it out"
            described = [one for one in met if vendor.description(corpus).find(*one)]
            assert not described, f"described by now: {described}"


def test_an_error_that_is_mended_in_the_document_has_to_go(corpus: Path) -> None:
    stale = replace(jira.ERRATA[0], says={"type": "string"})

    with pytest.raises(AssertionError, match="out of date"):
        jira.description(corpus, errata=(stale,))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"path": "/rest/api/3/issues/SHOP-1"}, ["is in no document"]),
        ({"method": "PATCH"}, ["is in no document"]),
        ({"query": {"updateHistory": "maybe"}}, ["the parameter updateHistory: maybe is no boolean"]),
        ({"query": {"mail": "no"}}, ["there is no parameter mail"]),
        ({"query": {"mail": "no"}, "ours": False}, []),
        ({"body": {}}, ["there is a body, where none is described"]),
        ({"status": 206}, ["206 is not described"]),
        ({"status": 500}, []),
        ({"answer": {"key": 1}}, ["the answer tells 1 at key, not type 'string'"]),
        (
            {"answer": {"name": "SHOP-1"}},
            ["the answer tells {'name': 'SHOP-1'} at its root, not additionalProperties False"],
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_what_the_documents_do_not_allow_is_found(corpus: Path, change: dict[str, Any], found: list[str]) -> None:
    good = Exchange("GET", "/rest/api/3/issue/SHOP-1", {"fields": "summary"}, None, 200, {"key": "SHOP-1"}, ours=True)

    assert list(wrong(corpus, jira, replace(good, **change))) == found
