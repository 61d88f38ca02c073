"""What the rules of a mapping make of facts that were pushed."""

from datetime import UTC, datetime

from integration.core.delivery.attribution import attribute
from integration.core.delivery.facts import Deployment, Incident
from integration.core.delivery.pushed import as_ruled
from integration.core.delivery.rules import Delivery, DeploymentRule, Service
from integration.core.links import Pattern

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def deployment(**fields: object) -> Deployment:
    return Deployment(id="d", moments={"finished": (NOON,)}, fields=fields, pushed=True)


def one_service(**rule: object) -> Delivery:
    return Delivery({"": Service("", deployments=(DeploymentRule(pushed=True, **rule),))})


def test_the_rule_says_what_is_production_and_a_failure_and_none_at_all() -> None:
    rules = one_service(ignore=(Pattern("*-dry"),), failed=(Pattern("degraded"),))

    assert as_ruled(deployment(environment="prod", result="success"), rules).fields["production"] is True
    assert as_ruled(deployment(environment="test", result="success"), rules).fields["production"] is False
    assert as_ruled(deployment(environment="prod", result="degraded"), rules).fields["result"] == "failed"
    assert as_ruled(deployment(environment="prod", result="cancelled"), rules) is None
    assert as_ruled(deployment(environment="prod", result="success", version="1.4-dry"), rules) is None


def test_where_the_mapping_knows_one_service_it_is_deployed_whatever_the_sender_calls_it() -> None:
    told = as_ruled(deployment(environment="prod", result="success", service=("shop",)), one_service())
    incident = Incident(id="i", moments={"opened": (NOON.replace(hour=13),)})

    assert told.fields["service"] == ("", "shop")
    assert attribute([told], [], [incident]).causes["i"].id == "d"


def test_a_service_that_the_mapping_does_not_know_keeps_its_name() -> None:
    told = as_ruled(
        deployment(environment="prod", result="success", service=("other",)),
        Delivery({"shop": Service("shop"), "mail": Service("mail")}),
    )
    assert told.fields["service"] == ("other",)
