"""What is an incident, when it was opened, answered and restored, and what it blames."""

from datetime import timedelta

import pytest

from integration.core.delivery.facts import Incident, WorkItem
from integration.core.delivery.rules import Cause, IncidentRule, ItemRule, Service
from integration.core.facts import LinkAdded, LinkRemoved
from integration.core.kpi.language import Moment
from integration.core.links import Selector
from tests.core.delivery.told import at, days, delivery, derived, item, patterns, said, walked

DONE = {"status": "Done", "state": "done"}
ALL = IncidentRule()


def incidents(facts, *rules, known=None):
    return derived(Incident, facts, Service("", incidents=rules), known or item(**DONE))


class TestMoments:
    def test_by_default_from_its_creation_until_it_is_done(self):
        [one] = incidents([*walked((2, "In Progress"), (4, "Done")), said(3)], ALL)
        assert [days(one.moments[name]) for name in ("opened", "responded", "restored")] == [[1], [3], [4]]

    def test_opened_when_a_field_says_so(self):
        known = item(fields={"customfield_10050": "2026-10-31T12:00:00+00:00"})
        [one] = incidents(walked(), IncidentRule(opened=(Moment("field", "Outage started"),)), known=known)
        assert days(one.moments["opened"]) == [0]

    def test_opened_is_unknown_where_the_field_is_empty(self):
        [one] = incidents(walked(), IncidentRule(opened=(Moment("field", "Outage started"),)))
        assert "opened" not in one.moments

    @pytest.mark.parametrize(
        ("steps", "restored", "undone"),
        [
            pytest.param([(2, "In Progress"), (3, "Restored"), (9, "Done")], [3], [], id="the ticket stays open for what follows"),
            pytest.param([(2, "In Progress"), (3, "Restored"), (4, "In Progress")], [3], [4], id="it broke out again"),
            pytest.param([(2, "In Progress"), (3, "Restored"), (4, "In Progress"), (6, "Restored")], [3, 6], [4], id="restored again"),
            pytest.param([(2, "In Progress"), (9, "Done")], [], [], id="never told that it was"),
        ],
    )  # fmt: skip
    def test_restored_when_it_entered_a_status(self, steps, restored, undone):
        [one] = incidents(walked(*steps), IncidentRule(restored=(Moment("entered", "restored"),)))
        assert (days(one.moments.get("restored", ())), days(one.undone.get("restored", ()))) == (restored, undone)

    def test_not_restored_any_more_once_it_is_reopened(self):
        [one] = incidents(walked((2, "Done"), (3, "In Progress")), ALL)
        assert one.last("restored") is None

    def test_what_two_rules_match_is_one_incident(self):
        assert len(incidents(walked(), ALL, IncidentRule(only=Selector(types=patterns("Story"))))) == 1

    def test_pushed_incidents_and_failed_deployments_are_no_items(self):
        assert incidents(walked(), IncidentRule(pushed=True), IncidentRule(from_failed_deployments=True)) == []


@pytest.mark.parametrize(
    ("only", "known", "expected"),
    [
        pytest.param(Selector(labels=patterns("prod-*")), {"labels": ("prod-incident",)}, 1, id="by label"),
        pytest.param(Selector(labels=patterns("prod-*")), {}, 0, id="without the label"),
        pytest.param(
            Selector(fields={"Affected service": patterns("Shop")}), {"fields": {"customfield_10060": "shop"}}, 1, id="by a field",
        ),
        pytest.param(Selector(priorities=patterns("P1", "P2")), {"priority": "P3"}, 0, id="of another priority"),
        pytest.param(Selector(types=patterns("[System] Incident")), {"type": "[System] Incident"}, 1, id="by type, brackets and all"),
        pytest.param(Selector(excluded=Selector(states=("dropped",))), {"state": "dropped"}, 0, id="but not what turned out to be none"),
    ],
)  # fmt: skip
def test_which_items_are_incidents(only, known, expected):
    assert len(incidents(walked(), IncidentRule(only=only), known=item(**known))) == expected


class TestService:
    RULE = IncidentRule(service_field="Affected service")

    def incidents(self, value, *services):
        fields = {"customfield_10060": value} if value else {}
        return derived(Incident, walked(), delivery(*services), item(fields=fields))

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param("shop", ("shop",), id="by name"),
            pytest.param("The Search", ("search",), id="by title"),
            pytest.param("finder", ("search",), id="by a former name"),
            pytest.param(("Shop", "Search"), ("shop", "search"), id="several"),
        ],
    )
    def test_the_field_decides(self, value, expected):
        services = (
            Service("shop", incidents=(self.RULE,)),
            Service("search", title="The Search", was=("finder",), incidents=(self.RULE,)),
        )
        [one] = self.incidents(value, *services)
        assert one.services == expected

    @pytest.mark.parametrize("value", ["", "Warehouse"], ids=["empty", "a service that nobody knows"])
    def test_an_incident_of_no_known_service_is_one_all_the_same(self, value):
        [one] = self.incidents(
            value, Service("shop", incidents=(self.RULE,)), Service("search", incidents=(self.RULE,))
        )
        assert one.services == ()

    def test_a_service_with_rules_of_its_own_is_not_asked_by_those_of_others(self):
        own = IncidentRule(only=Selector(types=patterns("Bug")))
        assert (
            self.incidents("search", Service("shop", incidents=(self.RULE,)), Service("search", incidents=(own,))) == []
        )

    def test_else_the_keys_of_the_service_decide(self):
        shop = Selector(projects=patterns("SHOP"))
        services = (Service("shop", incidents=(IncidentRule(only=shop),)), Service("pay"))
        [one] = self.incidents("", *services)
        assert one.services == ("shop",)


def linked(day, other, link, *, outward=True, ours=True, kind=LinkAdded):
    here, there = ("1", other) if ours else (other, "1")
    return kind(at=at(day), source=f"link {other}", item=here, other=there, link=link, outward=outward)


class TestCauses:
    @pytest.mark.parametrize(
        ("cause", "facts", "known", "expected"),
        [
            pytest.param(Cause(), [], {}, (), id="nothing is said"),
            pytest.param(
                Cause(links=patterns("is caused by")), [linked(2, "77", "Problem/Incident", ours=False)], {}, ("jira:77",),
                id="the change request says that it causes the incident",
            ),
            pytest.param(
                Cause(links=patterns("is caused by")), [linked(2, "77", "Problem/Incident", outward=False)], {}, ("jira:77",),
                id="the incident says that it is caused by it",
            ),
            pytest.param(
                Cause(links=patterns("is caused by")), [linked(2, "77", "Problem/Incident")], {}, (),
                id="the incident causes something itself",
            ),
            pytest.param(
                Cause(links=patterns("broken by")), [linked(2, "77", "Broken by")], {}, ("jira:77",), id="a site's own type by its name",
            ),
            pytest.param(
                Cause(links=patterns("is caused by")),
                [linked(2, "77", "Problem/Incident", ours=False), linked(3, "77", "Problem/Incident", ours=False, kind=LinkRemoved)],
                {}, (), id="a link that was taken away",
            ),
            pytest.param(
                Cause(field="Found in"), [], {"fields": {"found_in": ("Shop 1.4", "Shop 1.5")}}, ("shop 1.4", "shop 1.5"),
                id="the versions in a field",
            ),
            pytest.param(
                Cause(commit="root cause: *"), [], {"title": "Down again (Root cause:  CAFE1234)"}, ("cafe1234",), id="a commit in the title",
            ),
            pytest.param(Cause(commit="root cause: *"), [], {"title": "root cause: unknown"}, (), id="a word is no commit"),
            pytest.param(
                Cause(links=patterns("is caused by"), field="Found in"), [linked(2, "77", "Problem/Incident", ours=False)],
                {"fields": {"found_in": "1.4"}}, ("jira:77", "1.4"), id="a link before a field",
            ),
        ],
    )  # fmt: skip
    def test_names(self, cause, facts, known, expected):
        [one] = incidents([*walked(), *facts], IncidentRule(cause=cause), known=item(**known))
        assert one.causes == expected

    def test_how_the_last_deployment_is_to_be_blamed_travels_with_it(self):
        cause = Cause(last_deployment="never", within=timedelta(days=3))
        [one] = incidents(walked(), IncidentRule(cause=cause))
        assert (one.last_deployment, one.within) == ("never", timedelta(days=3))


class TestItemRules:
    def work(self, *rules, services=None):
        facts = [*walked((2, "In Progress"), (3, "In Review"), (4, "Done")), said(2.5)]
        return derived(WorkItem, facts, services or Service("", items=rules), item(**DONE))[0]

    def test_words_mean_what_the_rule_says(self):
        rule = ItemRule(planned=(Moment("entered", "In Progress"),), responded=(Moment("entered", "In Review"),))
        one = self.work(rule)
        assert (days(one.moments["planned"]), days(one.moments["first response"])) == ([2], [3])

    def test_a_rule_for_other_items_changes_nothing(self):
        one = self.work(ItemRule(only=Selector(types=patterns("Bug")), started=(Moment("entered", "In Review"),)))
        assert days(one.moments["started"]) == [2]

    def test_escaped_is_known_only_where_a_rule_says_so(self):
        assert "escaped" not in self.work().fields
        assert self.work(ItemRule(escaped=True)).fields["escaped"] is True
        assert self.work(ItemRule(escaped=False)).fields["escaped"] is False

    def test_an_item_belongs_to_the_services_that_select_it(self):
        services = delivery(
            Service("shop", team="Checkout", only=Selector(projects=patterns("SHOP"))),
            Service("pay", only=Selector(projects=patterns("PAY"))),
            Service("silent"),
        )
        one = self.work(services=services)
        assert (one.services, one.fields["team"]) == (("shop",), ("Checkout",))
