"""Where people look at what facts are about, as the recorded payloads of the trackers write it."""

import pytest

from integration.core.catalogue import Catalogue
from integration.core.delivery.derive import Derivation
from integration.core.delivery.rules import Delivery, DeploymentRule, Service
from integration.core.delivery.subjects import Subject
from integration.core.links import Pattern
from integration.trackers import TRACKERS
from tests.core.delivery.told import ADO, CATALOGUE, JIRA, born, ended, item, released


@pytest.mark.parametrize(
    ("tracker", "kind", "number", "told", "expected"),
    [
        ("jira", "item", "10042", {"key": "SHOP-12", "project": "SHOP"}, "/browse/SHOP-12"),
        ("jira", "version", "10100", {"project": "SHOP"}, "/projects/SHOP/versions/10100"),
        ("jira", "version", "10100", {}, ""),
        ("azure-devops", "item", "42", {"project": "My shop"}, "/My%20shop/_workitems/edit/42"),
        ("azure-devops", "run", "7", {"project": "Shop"}, "/Shop/_build/results?buildId=7&view=results"),
        ("azure-devops", "release", "18", {"project": "Shop"}, "/Shop/_release?releaseId=18&_a=release-summary"),
        ("azure-devops", "pull request", "8", {"project": "Shop", "repository": "app"}, "/Shop/_git/app/pullrequest/8"),
        ("azure-devops", "pull request", "8", {"project": "Shop"}, ""),
        ("azure-devops", "push", "push:a:9:main", {"project": "Shop", "repository": "app"}, "/Shop/_git/app/pushes"),
        ("azure-devops", "run", "7", {}, ""),
        ("azure-devops-server", "run", "7", {"project": "Shop"}, "/Shop/_build/results?buildId=7&view=results"),
        ("jira-data-center", "item", "10042", {"key": "SHOP-12"}, "/browse/SHOP-12"),
    ],
)
def test_addresses(tracker, kind, number, told, expected):
    assert TRACKERS[tracker].address(Subject("shop", kind, number), told) == expected


def test_what_is_derived_can_be_looked_at():
    rule = DeploymentRule(versions=(Pattern("*"),), environments=())
    rules = Delivery({"": Service("", deployments=(rule,))})
    jira = Derivation(JIRA, CATALOGUE, rules, address=TRACKERS["jira"].address)
    ado = Derivation(ADO, CATALOGUE, rules, address=TRACKERS["azure-devops"].address)

    found = [*jira.derive([born()], item()), *jira.derive([released(3)]), *ado.derive([ended(3, "build")])]

    assert {fact.url for fact in found} == {
        "https://shop.example/browse/SHOP-1",
        "https://shop.example/projects/SHOP/versions/7",
        "https://dev.azure.com/shop/Bookshop/_build/results?buildId=12&view=results",
    }


def test_without_addresses_facts_have_none():
    [fact, *_] = Derivation(JIRA, Catalogue(), Delivery()).derive([born()], item())
    assert fact.url == ""
