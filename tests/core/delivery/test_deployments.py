"""What is a deployment, what is none, and how it ended: runs, stages, classic releases, versions, items."""

import pytest

from integration.core.delivery.facts import Build, Deployment
from integration.core.delivery.rules import DeploymentRule, Service
from integration.core.facts import ItemDeleted
from integration.core.links import Selector
from tests.core.delivery.told import ADO, at, days, delivery, derived, ended, item, patterns, released, walked


def rule(**said):
    told = {"environments": ()} | {
        name: patterns(*([value] if isinstance(value, str) else value)) if name != "only" else value
        for name, value in said.items()
    }
    return DeploymentRule(**told)


STAGES = rule(pipelines="shop-*", stages="prod*")
RUNS = rule(pipelines="shop-*")
RELEASES = rule(release_pipelines="Gateway", environments=("prod", "production", "live"))


def deployments(facts, *rules, connection=ADO):
    return derived(Deployment, facts, Service("", deployments=rules), connection=connection)


def told(found):
    return [(days(one.moments["finished"])[0], one.fields["result"]) for one in found]


@pytest.mark.parametrize(
    ("facts", "said", "expected"),
    [
        pytest.param([ended(3)], STAGES, [(3, "success")], id="a stage that matches"),
        pytest.param([ended(3, stage="test")], STAGES, [], id="a stage of another name"),
        pytest.param([ended(3, pipeline="blog-cd")], STAGES, [], id="a pipeline of another name"),
        pytest.param([ended(3, "job", stage="prod")], STAGES, [], id="a job is part of its stage, whatever its name"),
        pytest.param([ended(3, "build")], STAGES, [], id="a rule of stages says nothing of the whole run"),
        pytest.param([ended(3, result="skipped")], STAGES, [], id="a skipped stage never counts"),
        pytest.param([ended(3, result="canceled")], STAGES, [], id="a cancelled stage never counts"),
        pytest.param([ended(3, result=None, state="inProgress")], STAGES, [], id="a stage on its way"),
        pytest.param([ended(3, result="failed")], STAGES, [(3, "failed")], id="a failed stage"),
        pytest.param([ended(3, result="abandoned")], STAGES, [], id="a word that is neither a success nor a failure"),
        pytest.param([ended(3, result="succeededWithIssues")], STAGES, [(3, "success")], id="with issues that the pipeline lets pass"),
        pytest.param([ended(3, "build", "partiallySucceeded")], RUNS, [(3, "success")], id="a run that partially succeeded"),
        pytest.param(
            [ended(3, "build", "partiallySucceeded")], rule(pipelines="shop-*", failed="partiallySucceeded"), [(3, "failed")],
            id="a rule can call that a failure",
        ),
        pytest.param(
            [ended(3, result="skipped")], rule(pipelines="shop-*", stages="*", failed="*"), [],
            id="no rule makes a failure of what was skipped",
        ),
        pytest.param(
            [ended(3, stage="prod-eu"), ended(4, stage="prod-us")], STAGES, [(4, "success")],
            id="several stages of a run are one deployment, dated by the last",
        ),
        pytest.param(
            [ended(3, stage="prod-eu"), ended(4, stage="prod-us", result="failed")], STAGES, [(4, "failed")],
            id="which failed where one of them did",
        ),
        pytest.param(
            [ended(3, stage="prod-eu"), ended(4, stage="prod-us", result="skipped")], STAGES, [(3, "success")],
            id="a skipped stage leaves the others",
        ),
        pytest.param(
            [ended(3, result="failed"), ended(4, attempt=2)], STAGES, [(3, "failed"), (4, "success")],
            id="a stage that is retried is another attempt",
        ),
        pytest.param(
            [ended(3, result="failed", attempt=None), ended(4, attempt=None)], STAGES, [(3, "failed"), (4, "success")],
            id="attempts that nobody counts go by their time",
        ),
        pytest.param(
            [ended(3, "build", "failed"), ended(5, "build")], RUNS, [(3, "failed"), (5, "success")],
            id="a run that is retried ends twice",
        ),
        pytest.param(
            [ended(3, "build"), ended(3.01, "run", stage=None)], RUNS, [(3, "success")],
            id="its build and the run itself tell one end",
        ),
        pytest.param(
            [ended(3, "run", stage=None)], RUNS, [(3, "success")], id="where only the run tells",
        ),
        pytest.param(
            [ended(3, branch="feature/x")], rule(pipelines="*", stages="*", branches=("main", "hotfix/*")), [],
            id="a branch that does not count",
        ),
        pytest.param(
            [ended(3, branch=None)], rule(pipelines="*", stages="*", branches="main"), [],
            id="a branch that nobody told matches nothing",
        ),
        pytest.param(
            [ended(3, "build", name="2026.11 dry-run")], rule(pipelines="*", ignore="*dry-run*"), [],
            id="a dry run by its name",
        ),
        pytest.param(
            [ended(3, branch="dry-run/1")], rule(pipelines="*", stages="*", ignore="dry-run/*"), [],
            id="a dry run by its branch",
        ),
        pytest.param(
            [ended(3)], rule(pipelines="*", stages="*", only=Selector(projects=patterns("Elsewhere"))), [],
            id="of another project",
        ),
        pytest.param(
            [ended(3)], rule(pipelines="*", stages="*", only=Selector(connections=("jira",))), [], id="of another connection",
        ),
        pytest.param(
            [ended(3)], rule(pipelines="*", stages="*", only=Selector(excluded=Selector(projects=patterns("Bookshop")))), [],
            id="of a project that is excluded",
        ),
    ],
)  # fmt: skip
def test_runs(facts, said, expected):
    assert told(deployments(facts, said)) == expected


def test_a_run_tells_when_it_began_what_it_brought_and_how_it_can_be_named():
    [one] = deployments(
        [ended(3, stage="prod-eu"), ended(4, stage="prod-us"), ended(4.5, "build", name="2026.11.7")], STAGES
    )
    assert days(one.moments["started"]) == [2.75]
    assert one.fields["version"] == "2026.11.7"
    assert one.fields["environment"] == ("prod-eu", "prod-us")
    assert one.fields["production"] is True
    assert {"2026.11.7", "abc1234", "12"} <= set(one.names)
    assert "rework" not in one.fields, "nothing says what rework is, so that nobody knows"
    assert "rollback" not in one.fields, "without a rule its version tells"


def test_stages_that_are_not_production_are_deployments_of_their_own():
    said = rule(pipelines="*", stages="*", environments="prod*")
    found = deployments([ended(2, stage="test"), ended(3, stage="prod-eu"), ended(4, stage="prod-us")], said)
    assert {(one.fields["environment"], one.fields["production"]) for one in found} == {
        ("test", False),
        (("prod-eu", "prod-us"), True),
    }
    assert len({one.id for one in found}) == 2


def test_two_rules_that_match_one_run_count_it_once():
    eu, us = (rule(pipelines="*", stages=f"prod-{where}") for where in ("eu", "us"))
    assert told(deployments([ended(3, stage="prod-eu"), ended(4, stage="prod-us")], eu, us, RUNS)) == [(4, "success")]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param([ended(3, "release deployment", run="5", pipeline="Gateway", stage="Production")], [(3, "success", True)], id="to production"),
        pytest.param([ended(3, "release deployment", run="5", pipeline="Gateway", stage="Staging")], [(3, "success", False)], id="to staging"),
        pytest.param([ended(3, "release deployment", "rejected", pipeline="Gateway", stage="Live")], [(3, "failed", True)], id="an environment that failed is rejected"),
        pytest.param([ended(3, "release deployment", "notDeployed", pipeline="Gateway", stage="Live")], [], id="refused before it began"),
        pytest.param(
            [ended(3, "release deployment", pipeline="Gateway", stage="Live"), ended(9, "release deployment", pipeline="Gateway", stage="Live", attempt=2)],
            [(3, "success", True), (9, "success", True)], id="deployed again a week later",
        ),
        pytest.param([ended(3, pipeline="Gateway")], [], id="a YAML pipeline of that name is no classic release"),
    ],
)  # fmt: skip
def test_classic_releases(facts, expected):
    found = deployments(facts, RELEASES)
    assert [(*pair, one.fields["production"]) for pair, one in zip(told(found), found, strict=True)] == expected


@pytest.mark.parametrize(
    ("said", "name", "expected"),
    [
        pytest.param({"rollback": "*rollback*"}, "Rollback of 12", ("rollback", True), id="a rollback by its name"),
        pytest.param({"rollback": "*rollback*"}, "2026.11.7", ("rollback", False), id="no rollback by the rule that tells them"),
        pytest.param({"rework": "*hotfix*"}, "hotfix 7", ("rework", True), id="rework by its name"),
        pytest.param({"rework": "*hotfix*"}, "2026.11.7", ("rework", False), id="planned"),
    ],
)  # fmt: skip
def test_rollback_and_rework_are_told_by_names(said, name, expected):
    [one] = deployments([ended(3, "build", name=name)], rule(pipelines="*", **said))
    assert one.fields[expected[0]] is expected[1]


@pytest.mark.parametrize(
    ("facts", "said", "expected"),
    [
        pytest.param([released(3)], {}, [(3, "success")], id="released"),
        pytest.param([released(1, "created")], {}, [], id="only created"),
        pytest.param([released(3), released(4, "unreleased")], {}, [], id="taken back"),
        pytest.param([released(6), released(4, "unreleased")], {}, [(6, "success")], id="released again"),
        pytest.param([released(3), released(4, "merged")], {}, [], id="merged into another, which stands for both"),
        pytest.param([released(3), released(4, "deleted")], {}, [(3, "success")], id="deleted later, and released all the same"),
        pytest.param([released(3, name="Blog 2")], {}, [], id="of another name"),
        pytest.param([released(3, name="Shop 1.4 (dry-run)")], {"ignore": "*dry-run*"}, [], id="a dry run"),
        pytest.param([released(3)], {"only": Selector(projects=patterns("SHOP"))}, [(3, "success")], id="of a project by its key"),
        pytest.param([released(3)], {"only": Selector(projects=patterns("Bookshop"))}, [(3, "success")], id="of a project by its name"),
        pytest.param([released(3, project="10001")], {"only": Selector(projects=patterns("SHOP"))}, [], id="of another project"),
    ],
)  # fmt: skip
def test_versions(facts, said, expected):
    found = derived(Deployment, facts, Service("", deployments=(rule(versions="Shop *", **said),)))
    assert told(found) == expected
    assert all({"Shop 1.4", "shop 1.4"} <= set(one.names) for one in found)
    assert all(one.fields["project"] == "SHOP" for one in found)


CHANGE = rule(reaches="Implemented", failed="Backed Out", only=Selector(types=patterns("Change Request")))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(walked((2, "In Progress")), [], id="not there yet"),
        pytest.param(walked((2, "Implemented")), [(2, "success")], id="implemented"),
        pytest.param(walked((2, "Implemented"), (3, "Done")), [(2, "success")], id="closed afterwards"),
        pytest.param(walked((2, "In Progress"), (3, "Backed Out")), [(3, "failed")], id="backed out before it got there"),
        pytest.param(walked((2, "Implemented"), (3, "Backed Out")), [(2, "failed")], id="backed out afterwards is that deployment, failed"),
        pytest.param(
            walked((2, "Backed Out"), (3, "To Do"), (4, "Implemented")), [(2, "failed"), (4, "success")],
            id="tried again",
        ),
        pytest.param(walked((2, "Implemented"), (3, "To Do"), (4, "Implemented")), [(2, "success"), (4, "success")], id="deployed twice"),
    ],
)  # fmt: skip
def test_items_that_reach_a_status(facts, expected):
    known = item(type="Change Request", fields={"fix_versions": ("Core 5.2",)})
    found = derived(Deployment, facts, Service("", deployments=(CHANGE,)), known)
    assert told(found) == expected
    assert len({one.id for one in found}) == len(found)
    assert all({"jira:1", "shop-1", "core 5.2"} <= set(one.names) for one in found)
    assert derived(Deployment, facts, Service("", deployments=(CHANGE,)), item(type="Story")) == []


def test_from_one_reached_status_to_another_it_is_not_deployed_again():
    said = rule(reaches=("Implemented", "Closed"))
    facts = walked((2, "Implemented"), (3, "Closed"))
    assert told(derived(Deployment, facts, Service("", deployments=(said,)), item())) == [(2, "success")]


def test_a_deployment_goes_with_the_item_that_it_was():
    facts = [*walked((2, "Implemented")), ItemDeleted(at=at(5), source="1", item="1")]
    [one] = derived(Deployment, facts, Service("", deployments=(rule(reaches="Implemented"),)), item(deleted=True))
    assert days(one.moments["deleted"]) == [5]


class TestServices:
    def test_one_run_deploys_two_services_by_stages_of_their_own(self):
        services = delivery(
            Service("shop", deployments=(rule(pipelines="*", stages="prod-shop"),)),
            Service("search", deployments=(rule(pipelines="*", stages="prod-search"),)),
        )
        facts = [ended(3, stage="prod-shop"), ended(4, stage="prod-search", result="failed")]
        found = derived(Deployment, facts, services, connection=ADO)
        assert [(one.services, *pair) for one, pair in zip(found, told(found), strict=True)] == [
            (("shop",), 3, "success"),
            (("search",), 4, "failed"),
        ]
        assert len({one.id for one in found}) == 2

    def test_a_run_that_is_the_same_for_two_services_is_one_deployment_of_both(self):
        services = delivery(
            Service("shop", team="Checkout", deployments=(STAGES,)), Service("search", deployments=(STAGES,))
        )
        [one] = derived(Deployment, [ended(3)], services, connection=ADO)
        assert one.services == ("shop", "search")
        assert one.fields["team"] == ("Checkout",)

    def test_what_no_service_says_anything_of_is_none(self):
        assert derived(Deployment, [ended(3)], delivery(Service("shop"), Service("search")), connection=ADO) == []


class TestBuilds:
    @pytest.mark.parametrize(
        ("result", "expected"),
        [("succeeded", "success"), ("partiallySucceeded", "success"), ("failed", "failed"), ("canceled", "cancelled")],
    )
    def test_a_build_has_a_result(self, result, expected):
        [one] = derived(Build, [ended(3, "build", result)], connection=ADO)
        assert (one.fields["result"], one.fields["branch"], one.fields["pipeline"]) == (expected, "main", "shop-cd")
        assert (days(one.moments["started"]), days(one.moments["finished"])) == ([2.75], [3])

    def test_stages_are_no_builds(self):
        assert derived(Build, [ended(3)], connection=ADO) == []

    def test_classic_releases_are_no_builds(self):
        assert derived(Build, [ended(3, "release deployment")], connection=ADO) == []

    def test_it_belongs_to_the_services_of_its_project_or_pipeline(self):
        services = delivery(
            Service("shop", only=Selector(projects=patterns("Bookshop"))),
            Service("search", deployments=(RUNS,)),
            Service("elsewhere", only=Selector(projects=patterns("Payments"))),
        )
        [one] = derived(Build, [ended(3, "build")], services, connection=ADO)
        assert one.services == ("shop", "search")
