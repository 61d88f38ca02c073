"""`delivery` and `services`: what the rules of a file become, with every default said."""

from datetime import timedelta
from pathlib import Path

import pytest

import mappings
from integration.core.delivery.rules import Delivery, Service
from integration.core.kpi.language import Moment
from integration.core.links import Pattern, Selector

CONNECTIONS = """
connections:
  jira: {tracker: jira, url: https://bookshop.jira.example/, user: env/U, token: env/T, projects: [SHOP, OPS]}
  ado: {tracker: azure-devops, url: https://dev.azure.com/bookshop, token: env/A, projects: [Platform]}
"""


def delivery(body: str) -> Delivery:
    return mappings.load_texts({"okr.yaml": CONNECTIONS + body}, "okr.yaml").scorecard.delivery


def only(body: str) -> Service:
    [service] = delivery(body).services.values()
    return service


def patterns(*texts: str) -> tuple[Pattern, ...]:
    return tuple(map(Pattern, texts))


def test_a_file_without_services_has_one() -> None:
    service = only("team: Checkout\ndelivery: {incidents: [{type: Bug, label: prod-incident}]}")

    assert (service.name, service.team) == ("", "Checkout")
    assert service.incidents[0].only == Selector(types=patterns("Bug"), labels=patterns("prod-incident"))


def test_a_file_that_says_nothing_of_delivery_has_a_service_without_rules() -> None:
    assert only("") == Service("")


@pytest.mark.parametrize(
    ("rule", "environments"),
    [
        ("{version: Shop *}", ()),
        ("{pipeline: shop-*, stage: prod-eu}", ()),
        ("{pipeline: shop-*, stage: '*', environment: prod*}", ("prod*",)),
        ("{release_pipeline: Gateway}", ("prod", "production", "live")),
        ("{release_pipeline: Gateway, stage: Kiosk}", ()),
        ("{pushed: true}", ("prod", "production", "live")),
        ("{type: Change Request, reaches: Implemented}", ()),
    ],
)
def test_what_is_production_unless_a_rule_says_so(rule: str, environments: tuple[str, ...]) -> None:
    assert only(f"delivery: {{deployments: [{rule}]}}").deployments[0].environments == patterns(*environments)


def test_a_change_is_an_item_that_is_no_incident_unless_the_rule_names_types() -> None:
    plain, typed, code = only(
        "delivery: {changes: [{started: In Progress}, {type: [Epic, Bug]}, {pull_requests: shop}]}"
    ).changes

    assert (plain.only.levels, plain.incidents) == (("item",), False)
    assert (typed.only.levels, typed.incidents) == ((), True)
    assert code.only.levels == ()


def test_moments_of_rules_are_statuses_fields_and_words() -> None:
    [rule] = only(
        "delivery: {incidents: [{opened: field Outage started or created, restored: Service Restored}]}"
    ).incidents

    assert rule.opened == (Moment("field", "outage started"), Moment("created"))
    assert rule.restored == (Moment("entered", "service restored"),)
    assert rule.responded is None, "the language's own meaning"


def test_code_comes_into_the_default_branch() -> None:
    said, unsaid = only("delivery: {changes: [{commits: shop, into: [trunk]}, {commits: shop}]}").changes

    assert (said.into, unsaid.into) == (patterns("trunk"), patterns("main", "master"))


@pytest.mark.parametrize(
    ("caused_by", "last_deployment", "within"),
    [
        ("", "begun before", timedelta(days=7)),
        (", caused_by: {within: no limit, last_deployment: at or before}", "at or before", None),
        (", caused_by: {within: 36 h}", "begun before", timedelta(hours=36)),
    ],
)
def test_the_last_deployment_is_blamed_within_a_week(
    caused_by: str, last_deployment: str, within: timedelta | None
) -> None:
    [rule] = only(f"delivery: {{incidents: [{{type: Bug{caused_by}}}]}}").incidents

    assert (rule.cause.last_deployment, rule.cause.within) == (last_deployment, within)


class TestServices:
    def test_rules_of_delivery_hold_for_each_service_without_own_rules_of_that_kind(self) -> None:
        services = delivery("""
team: Everybody
delivery: {incidents: [{label: incident}], changes: [{started: Doing}]}
services:
  shop: {component: Shop, title: The shop, was: store}
  search: {component: Search, team: Finders, incidents: [{type: Outage}]}
""").services

        shop, search = services["shop"], services["search"]
        assert (shop.title, shop.team, shop.was, search.team) == ("The shop", "Everybody", ("store",), "Finders")
        assert shop.incidents[0].only == Selector(labels=patterns("incident"), components=patterns("Shop"))
        assert search.incidents[0].only == Selector(types=patterns("Outage"), components=patterns("Search"))
        assert [one.changes[0].only.components for one in (shop, search)] == [patterns("Shop"), patterns("Search")]

    def test_what_a_rule_says_itself_wins(self) -> None:
        [service] = delivery("""
services:
  shop:
    connection: jira
    project: SHOP
    fields: {Country: DE, Severity: high}
    incidents: [{project: OPS, fields: {Severity: low}}, {connection: jira}]
""").services.values()

        elsewhere, here = (rule.only for rule in service.incidents)
        assert (elsewhere.connections, elsewhere.projects) == ((), patterns("OPS"))
        assert elsewhere.fields == {"Country": patterns("DE"), "Severity": patterns("low")}
        assert (here.connections, here.projects) == (("jira",), patterns("SHOP"))

    def test_a_project_of_jira_narrows_no_pipelines(self) -> None:
        [service] = delivery("""
services:
  shop: {project: SHOP, deployments: [{pipeline: shop-cd}, {version: Shop *}], changes: [{pull_requests: shop}]}
""").services.values()

        assert [rule.only.projects for rule in service.deployments] == [(), patterns("SHOP")]
        assert service.changes[0].only.projects == ()

    def test_a_field_that_names_the_service_decides_instead_of_its_keys(self) -> None:
        services = delivery("""
delivery: {incidents: [{project: OPS, service_field: Affected service}]}
services: {shop: {component: Shop}, search: {component: Search}}
""").services

        assert [service.incidents[0].only for service in services.values()] == [Selector(projects=patterns("OPS"))] * 2
        assert services["shop"].incidents[0].service_field == "Affected service"


def test_a_query_of_a_rule_is_asked() -> None:
    card = mappings.load_texts(
        {"okr.yaml": CONNECTIONS + "delivery: {incidents: [{project: OPS, query: labels = outage}]}"}, "okr.yaml"
    ).scorecard

    assert {name: {query.text for query in asked} for name, asked in card.queries.items()} == {
        "jira": {"labels = outage"}
    }


def test_every_published_mapping_has_the_services_that_it_says(published: Path) -> None:
    services = {main.stem: mappings.load(main).scorecard.delivery.services for main in published.glob("*.yaml")}

    hybrid = services["04-hybrid"]
    assert {"storefront", "payments", "loyalty", "identity", "gateway"} <= set(hybrid)
    assert hybrid["storefront"].incidents[0].service_field == "Affected service"
    assert hybrid["loyalty"].incidents[0].service_field is None
    assert hybrid["storefront"].deployments[0].only.projects == patterns("SHOP")
    assert services["05-jira-data-center"][""].deployments[0].failed == patterns("Backed Out")
