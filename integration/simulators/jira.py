"""A small working Jira Cloud: issues, fields, history, search, remote links, signed webhooks, and pages to look at.

    with JiraSimulator(webhook="http://127.0.0.1:8080/webhooks/jira", secret="s") as jira:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        story = jira.create_issue("SHOP", "Story", "Pay by card", {"Story Points": 5, "parent": epic.key})
        jira.transition(story, "Done", by="Dana Ortiz")
        assert jira.deliveries.drain()
        assert jira.value(epic, "KR Progress") == 100
        assert not jira.unmodelled

The actions are `Work`'s, and the same over HTTP under `/_simulator/` (see `jira_people`). A client finds version 3 of the
REST interface at `url`, with basic authentication by `email` and `token`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask

from integration.simulators.deliveries import JIRA_RETRIES, Deliveries
from integration.simulators.faults import Faults
from integration.simulators.jira_admin_webhooks import admin_webhooks
from integration.simulators.jira_directory import cloud_directory
from integration.simulators.jira_fields import fields
from integration.simulators.jira_gate import PER_ISSUE, Account, Gate, refusal
from integration.simulators.jira_gateway import add_gateway
from integration.simulators.jira_limits import Limits, Quota
from integration.simulators.jira_search import searches
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_simulated import SimulatedJira
from integration.simulators.jira_site import Site
from integration.simulators.jira_webhooks import Webhooks

CLOUD_ID = "0f2f4a1c-6f43-4b5e-9f5e-5b1a6d7c8e90"


def _now() -> datetime:
    return datetime.now(UTC)


class JiraSimulator(SimulatedJira):
    """A running site; `close()` ends it.

    `clock` may be a demo's. `write_limits` are Jira's, per issue; an empty tuple switches them off. `time_zone` is the
    API account's, in which JQL reads times and REST shows them. `search_lag` is how long search takes to know of a change.
    A `scoped` token opens the site only through the gateway, which is at `url` as well.
    `bursts` and `quota` are off unless given: without a network between, anybody asks faster than anywhere else.
    """

    def __init__(
        self,
        *,
        webhook: str | None = None,
        secret: str | None = None,
        clock: Callable[[], datetime] = _now,
        port: int = 0,
        projects: Mapping[str, str] | None = None,
        email: str = "okrlink@bookshop.example",
        token: str = "simulated-token",  # noqa: S107 - it opens nothing but this simulator
        time_zone: str = "UTC",
        search_lag: timedelta = timedelta(),
        scoped: bool = False,
        write_limits: Collection[tuple[int, float]] = PER_ISSUE,
        bursts: Mapping[str, float] | None = None,
        quota: Quota | None = None,
        threads: int = 1,
        back_off: float = 0.05,
        seed: int = 0,
    ) -> None:
        self.email = email
        self.token = token
        site = Site(clock, search_lag)
        deliveries = Deliveries(retry_on=JIRA_RETRIES, threads=threads, back_off=back_off, seed=seed)
        super().__init__(
            site,
            shapes := Shapes(site, "", ZoneInfo(time_zone)),
            gate := Gate(write_limits, Limits(bursts, quota)),
            Webhooks(deliveries, clock, self.concerns),
            deliveries,
            Faults(only=r"^(/ex/jira/[^/]+)?/rest/", refusal=refusal, seed=seed),
            projects,
        )
        if webhook:
            self.webhooks.register(webhook, secret)
        own = [
            cloud_directory(site, shapes, gate),
            searches(site, shapes, gate),
            fields(site, shapes, gate),
            admin_webhooks(self.webhooks, shapes, gate),
        ]
        account = Account(self.add_user("okrlink", email), token, scoped=scoped)
        self.serve(account, own, port=port, clock=clock)

    def _app(self, routes: Iterable[Blueprint]) -> Flask:
        app = super()._app(routes)
        add_gateway(app, CLOUD_ID)
        return app
