"""What another mapping, another name, or another vocabulary makes of facts that were measured already."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from integration.core.catalogue import Catalogue
from integration.core.delivery.facts import WorkItem
from integration.core.delivery.rules import (
    ChangeRule,
    Delivery,
    DeploymentRule,
    IncidentRule,
    Service,
)
from integration.core.facts import CommitsPushed, ItemRef, TrackerFact, VersionChanged
from integration.core.kpi.language import Kpi
from integration.core.kpi.needs import needs
from integration.core.links import Pattern
from integration.core.scorecard import ConnectionRule, Scorecard
from integration.ingest import keep_pages
from integration.reading import answer_reads
from integration.refresh import Policy, adopt, derive_facts
from integration.store import applied, delivery, measurements, reads
from integration.store.db import Database
from integration.store.delivery import Drawn
from integration.store.delivery_tables import delivery_facts
from integration.store.known import known
from mappings.kpis.resolved import of_preset
from tests.steps import NOW, settle
from tests.test_measuring import BEGAN, PUSHED, deployed, push, stored, values


def in_force(database: Database, card: Scorecard) -> Policy:
    """The scorecard, applied as `okrlink apply` does."""
    with database.write() as connection:
        revision = applied.apply(connection, "digest", {"okr.yaml": ""}, ".", NOW)
        adopt(connection, card, NOW)
    return Policy(revision, card, "https://okr.example")


def card(rules: Delivery, watched: Mapping[str, Kpi], **said: Any) -> Scorecard:
    return Scorecard(timezone=ZoneInfo("UTC"), kpis=watched, delivery=rules, **said)


def shop(*incidents: IncidentRule) -> Delivery:
    return replace(PUSHED, services={"shop": replace(PUSHED.services["shop"], incidents=incidents)})


RESTORE = {"restore": replace(of_preset("dora/time-to-restore"), name="restore")}
FAILED: Sequence[Mapping[str, Any]] = [
    deployed("d1", 14),
    deployed("d2", 20, "failed"),
    deployed("d3", 21),
    deployed("d4", 30, "failed"),
    deployed("d5", 32),
]


class TestFailedDeploymentsAreIncidents:
    def test_as_soon_as_a_mapping_says_so(self, database: Database) -> None:
        push(database, FAILED)
        settle(database, in_force(database, card(shop(IncidentRule(pushed=True)), RESTORE)))
        assert values(database)["restore"][0] is None

        settle(database, in_force(database, card(shop(IncidentRule(from_failed_deployments=True)), RESTORE)))

        assert values(database) == {"restore": (36, "h")}  # one day, and two

    def test_and_none_any_more_when_it_says_otherwise(self, database: Database) -> None:
        push(database, FAILED)
        settle(database, in_force(database, card(shop(IncidentRule(from_failed_deployments=True)), RESTORE)))
        settle(database, in_force(database, card(shop(IncidentRule(pushed=True)), RESTORE)))
        settle(database, in_force(database, card(shop(IncidentRule(pushed=True)), RESTORE)))

        _, blamed, outcomes, _, failures = stored(database)
        assert (blamed, failures) == ({}, set())
        assert {one: told.incidents for one, told in outcomes.items()} == {"pushed d2": (), "pushed d4": ()}
        assert values(database)["restore"][0] is None

    def test_of_the_service_as_it_is_called_now(self, database: Database) -> None:
        push(database, FAILED)
        settle(database, in_force(database, card(shop(IncidentRule(from_failed_deployments=True)), RESTORE)))
        renamed = Delivery({"mail": Service("mail", deployments=(DeploymentRule(pushed=True),))})
        settle(database, in_force(database, card(renamed, RESTORE)))
        assert stored(database)[4] == set()

    def test_one_that_is_corrected_to_a_success_leaves_no_trace_in_history(self, database: Database) -> None:
        policy = in_force(database, card(shop(IncidentRule(from_failed_deployments=True)), RESTORE))
        push(database, FAILED)
        settle(database, policy)
        push(database, [deployed("d2", 20)], NOW + timedelta(minutes=1))
        settle(database, policy, NOW + timedelta(minutes=1))

        with database.read() as connection:
            days = dict(measurements.days(connection, "restore"))
        assert days[(BEGAN + timedelta(days=25)).date()].value is None
        assert values(database) == {"restore": (48, "h")}


def test_a_kpi_that_is_called_otherwise_keeps_its_history(database: Database) -> None:
    frequency = of_preset("dora/deployment-frequency")
    push(database, FAILED)
    settle(database, in_force(database, card(shop(), {"pace": replace(frequency, name="pace")})))
    with database.read() as connection:
        before = measurements.days(connection, "pace")
    with database.write() as connection:  # as if its facts were not kept any more
        connection.execute(delivery_facts.delete())

    adopted = in_force(database, card(shop(), {"speed": replace(frequency, name="speed", was=("pace",))}))

    with database.read() as connection:
        assert measurements.days(connection, "pace") == []
        assert measurements.days(connection, "speed") == [(day, replace(one, kpi="speed")) for day, one in before]
        assert set(measurements.newest(connection)) == {"speed"}
    settle(database, adopted)
    with database.read() as connection:
        assert len(measurements.days(connection, "speed")) == len(before) == 40


def test_a_kpi_that_is_gone_keeps_its_history(database: Database) -> None:
    frequency = of_preset("dora/deployment-frequency")
    push(database, FAILED)
    settle(database, in_force(database, card(shop(), {"pace": frequency, **RESTORE})))
    settle(database, in_force(database, card(shop(), RESTORE)))
    with database.read() as connection:
        assert len(measurements.days(connection, frequency.name)) == 40


def test_an_item_that_was_deleted_since_was_at_work_before(database: Database) -> None:
    """What is open now is found by an index; what was open then, and is deleted now, is found, too."""
    wip = of_preset("flow/wip")
    item = WorkItem(
        id="jira:1",
        moments={"created": (BEGAN,), "started": (BEGAN,), "deleted": (NOW - timedelta(days=1),)},
        fields={"state": "in progress", "level": "item"},
    )
    with database.write() as connection:
        delivery.replace(connection, [Drawn(("jira", "item:1"), [item])], [])
    then = NOW - timedelta(days=3)
    with database.read() as connection:
        assert known(connection, needs(wip, then), {}, {}, {}).facts["items"] == (item,)
        assert known(connection, needs(wip, NOW), {}, {}, {}).facts["items"] == ()


# --- what trackers tell of things that are no items ---


def of_jira(rules: Delivery) -> Scorecard:
    connections = {"jira": ConnectionRule("jira", "jira", "https://jira.example", projects=("SHOP",))}
    watched = {"pace": replace(of_preset("dora/deployment-frequency"), name="pace")}
    return card(rules, watched, connections=connections)


def tell(database: Database, *told: TrackerFact) -> None:
    with database.write() as connection:
        keep_pages(connection, "jira", told, NOW)


def streams_of(database: Database) -> Sequence[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(
            select(delivery_facts.c.stream, delivery_facts.c.fact).order_by(delivery_facts.c.fact)
        )
        return [(row[0], row[1]) for row in rows]


class Vocabulary:
    """A tracker that is only asked for its words."""

    def __init__(self, told: Catalogue) -> None:
        self._told = told

    def catalogue(self) -> Catalogue:
        return self._told

    def asked_to_wait(self) -> float:
        return 0.0


def test_a_version_is_a_deployment_as_soon_as_its_projects_key_is_known(database: Database) -> None:
    rules = Delivery({"": Service("", deployments=(DeploymentRule(versions=(Pattern("Shop *"),)),))})
    policy = in_force(database, of_jira(rules))
    released = VersionChanged(at=NOW, source="1", version="77", name="Shop 1.0", project="10000", action="released")
    tell(database, released)
    settle(database, policy)
    assert streams_of(database) == []

    told: Any = Vocabulary(Catalogue(projects={"10000": "Shop", "SHOP": "Shop"}))
    with database.write() as connection:
        reads.want_again(connection, "catalogue", [ItemRef("jira", "")], NOW)
    answer_reads(database, {"jira": told}, lambda: NOW)
    settle(database, policy)

    assert [stream for stream, _ in streams_of(database)] == ["deployments"]


@pytest.mark.parametrize("at_once", [1, 50])
def test_a_commit_whose_first_push_counts_no_more_is_told_by_its_second(database: Database, at_once: int) -> None:
    """Whichever of the two is derived first by the new rules."""
    first = CommitsPushed(at=NOW, source="b", repository="shop", branch="draft", commits=("a" * 40,))
    second = CommitsPushed(
        at=NOW + timedelta(hours=1), source="a", repository="shop", branch="main", commits=("a" * 40,)
    )
    every = ChangeRule(commits=(Pattern("shop"),))
    settle(database, in_force(database, of_jira(Delivery({"": Service("", changes=(every,))}))))
    tell(database, second, first)
    policy = in_force(database, of_jira(Delivery({"": Service("", changes=(every,))})))
    settle(database, policy)
    assert len(streams_of(database)) == 1

    main = replace(every, into=(Pattern("main"),))
    policy = in_force(database, of_jira(Delivery({"": Service("", changes=(main,))})))
    while derive_facts(database, policy, NOW, at_once):
        pass

    assert len(streams_of(database)) == 1
