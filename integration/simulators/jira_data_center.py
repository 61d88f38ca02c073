"""A small working Jira Data Center, with the site, the actions and the pages of the simulated Cloud.

    with JiraDataCenterSimulator(webhook="http://127.0.0.1:8080/webhooks/jira", secret="s", version="9.12.4") as jira:
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.create_issue("SHOP", "Story", "Pay by card", {"Epic Link": epic.key})

A client finds version 2 of the REST interface at `url`; it signs in by `token` alone (a personal access token, sent as
Bearer), or by `login` and `password`. Stories hang on epics by the field Epic Link; only sub-tasks have a parent.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from integration.simulators.deliveries import Deliveries
from integration.simulators.faults import Faults
from integration.simulators.jira_data_center_gate import OFTEN, DataCenterGate, Rate, refusal
from integration.simulators.jira_data_center_hooks import DataCenterWebhooks, registration
from integration.simulators.jira_data_center_routes import data_center_directory, offset_searches, tokens
from integration.simulators.jira_data_center_shapes import DataCenterShapes
from integration.simulators.jira_fields import data_center_fields
from integration.simulators.jira_gate import Account
from integration.simulators.jira_simulated import SimulatedJira
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import CUSTOM_FIELDS, EPIC_LINK, SYSTEM_FIELDS, Comment, Field, Issue, User

# [doc] the parent of a sub-task is no field of an edit; [3p] history calls it so
_PARENT = Field("parent", "Parent", "parent", editable=False, logged="Parent")
# [rec] a field for epics; one for story points, as there are no team-managed projects
FIELDS = (
    *(_PARENT if one.id == "parent" else one for one in SYSTEM_FIELDS),
    *(one for one in CUSTOM_FIELDS if one.name != "Story point estimate"),
    Field("customfield_10014", "Epic Link", "epic", EPIC_LINK),
)


def _now() -> datetime:
    return datetime.now(UTC)


class JiraDataCenterSimulator(SimulatedJira):
    """A running server; `close()` ends it.

    `webhook` is signed with `secret`, or, with a `webhook_user`, opened by both as basic authentication. From version 10
    on several `threads` tell events out of order. `time_zone` and `search_lag` are as the Cloud's; `rate` is the limit that
    an administrator set for everybody, None where it is off, as it is by default. [doc]
    """

    def __init__(
        self,
        *,
        webhook: str | None = None,
        secret: str | None = None,
        webhook_user: str | None = None,
        version: str = "10.3.5",
        clock: Callable[[], datetime] = _now,
        port: int = 0,
        projects: Mapping[str, str] | None = None,
        login: str = "okrlink",
        password: str = "simulated-password",  # noqa: S107 - it opens nothing but this simulator
        token: str = "simulated-token",  # noqa: S107 - neither does this
        time_zone: str = "UTC",
        search_lag: timedelta = timedelta(),
        rate: Rate | None = OFTEN,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        self.login = login
        self.password = password
        self.token = token
        self.token_ends: dict[str, datetime | None] = {"okrlink": None}  # by name; None: never
        site = Site(clock, search_lag, fields=FIELDS, checks_screens=True)
        # [inf] no retry is documented, so nothing is sent twice
        deliveries = Deliveries(retry_on=frozenset(), retries=0, threads=threads, seed=seed)
        super().__init__(
            site,
            shapes := DataCenterShapes(site, "", ZoneInfo(time_zone)),
            gate := DataCenterGate(rate),
            webhooks := DataCenterWebhooks(deliveries, clock, self.concerns, version),
            deliveries,
            Faults(only=r"^/rest/", refusal=refusal, seed=seed),
            projects,
        )
        if webhook:
            webhooks.register(webhook, secret, user=webhook_user)
        own = [
            data_center_directory(site, shapes, gate, version),
            offset_searches(site, shapes, gate),
            data_center_fields(site, shapes, gate),
            tokens(site, shapes, gate, self.token_ends),
            *registration(webhooks, shapes, gate, version),
        ]
        self.serve(Account(self.add_user(login), token, password=password), own, port=port, clock=clock)

    def _user(self, number: int, name: str, login: str, email: str) -> User:
        return User(f"JIRAUSER{number}", name, email, login)  # [rec]

    def _tell_comment(self, action: Literal["created", "deleted"], issue: Issue, comment: Comment) -> None:
        """[rec] Twice: once without the issue, which only the comment's address names, and once as an update of it."""
        self._site.index(issue)
        self._tell(f"comment_{action}", lambda: {"comment": self._shapes.comment(issue, comment)})
        event = "issue_commented" if action == "created" else "issue_comment_deleted"
        more = {"comment": self._shapes.comment(issue, comment)} if action == "created" else {}
        self._tell_issue("jira:issue_updated", event, issue, comment.author, more)
