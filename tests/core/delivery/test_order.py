"""Order does not matter: any permutation of the same facts means the same, and every fact has an id of its own."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.core.delivery.derive import Derivation
from integration.core.delivery.rules import Cause, ChangeRule, Delivery, DeploymentRule, IncidentRule, Service
from integration.core.facts import LinkAdded, LinkRemoved, TrackerFact
from tests.core.delivery.test_changes import pull_request
from tests.core.delivery.told import ADO, CATALOGUE, JIRA, at, changed, ended, item, patterns, released, said, walked

RULES = Delivery(
    {
        "shop": Service(
            "shop",
            deployments=(
                DeploymentRule(pipelines=patterns("*"), stages=patterns("prod*"), environments=()),
                DeploymentRule(versions=patterns("*"), environments=()),
                DeploymentRule(reaches=patterns("Implemented"), failed=patterns("Backed Out"), environments=()),
            ),
            changes=(ChangeRule(), ChangeRule(pull_requests=patterns("*"))),
            incidents=(IncidentRule(cause=Cause(links=patterns("is caused by"))),),
        ),
        "search": Service("search", deployments=(DeploymentRule(pipelines=patterns("shop-*"), environments=()),)),
    }
)
FRONT = "vstfs:///Git/Commit/a%2Fb%2FCAFE123"
ITEM: list[TrackerFact] = [
    *walked(
        (2, "In Progress"), (3, "Implemented"), (4, "Backed Out"), (5, "To Do"), (5, "In Progress"), (6, "Implemented")
    ),
    said(2),
    said(3, "reader"),
    changed(3, "Sprint", None, "12"),
    changed(4, "Sprint", "12", None),
    changed(4, "resolution", None, "Won't Do"),
    changed(5, "resolution", "Won't Do", None),
    LinkAdded(at=at(2), source="1", item="77", other="1", link="Problem/Incident"),
    LinkAdded(at=at(2), source="2", item="78", other="1", link="Problem/Incident"),
    LinkRemoved(at=at(3), source="1", item="77", other="1", link="Problem/Incident"),
    LinkAdded(at=at(2), source="3", item="1", other=FRONT, link="ArtifactLink"),
    LinkAdded(at=at(2), source="4", item="1", other="vstfs:///Build/Build/4711", link="ArtifactLink"),
]
RUN: list[TrackerFact] = [
    ended(2, stage="prod-eu"),
    ended(2, stage="prod-us", result="failed"),
    ended(3, stage="prod-us", attempt=2),
    ended(1, result=None, state="inProgress"),
    ended(2.5, "build", "failed", name="2026.11.7"),
    ended(3, "build", name="2026.11.7", commit="BBB7654"),
    ended(3, "run", stage=None),
]
VERSION: list[TrackerFact] = [
    released(1, "created"),
    released(4, name="Shop 1.4"),
    released(3, "unreleased", name="Shop 1"),
]
PULL_REQUEST: list[TrackerFact] = [
    pull_request(1, "opened"),
    pull_request(2, "abandoned"),
    pull_request(3, "updated", target_branch="main"),
    pull_request(4, "commented", "reviewer"),
    pull_request(5, "merged", merge_commit="CAFE123", target_branch="main"),
]


@given(st.data())
@settings(max_examples=60, deadline=timedelta(seconds=5))
def test_any_order_means_the_same(data):
    for told, known, rule in (
        (ITEM, item(status="Implemented", state="in progress"), JIRA),
        (RUN, None, ADO),
        (VERSION, None, JIRA),
        (PULL_REQUEST, None, ADO),
    ):
        derivation = Derivation(rule, CATALOGUE, RULES)
        found = derivation.derive(told, known)
        assert found
        assert derivation.derive(data.draw(st.permutations(told)), known) == found
        assert len({(fact.stream, fact.id) for fact in found}) == len(found)
