"""A simulated Azure DevOps organisation or collection: a small stateful HTTP server that forgets everything when it closes.

    with AzureDevOpsSimulator("bookshop", project="Shop", token="pat") as sim:
        sim.add_field("KR Progress", "double")
        sim.subscribe("http://127.0.0.1:8080/webhooks/ado", user="okrlink", password="secret")
        story = sim.create_work_item("User Story", "Pay by phone", tags=["kr:checkout/rebuilt"])
        sim.set_state(story, "Closed", actor="Dana Reed")
        assert sim.drain()
        assert sim.value(story, "KR Progress") == 42.0

`url` is what stands for https://dev.azure.com/bookshop, or with `edition=SERVERS["2022"]` for
http://server/tfs/bookshop. Behaviours carry their source, as the package says.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from flask import Flask

from integration.simulators.azure_devops_actions import Actions
from integration.simulators.azure_devops_editions import SERVICES, Edition
from integration.simulators.azure_devops_entrance import any_case, handle_errors, refusal
from integration.simulators.azure_devops_hooks import Hooks, Subscription
from integration.simulators.azure_devops_items import WorkItem
from integration.simulators.azure_devops_organisation import Organisation
from integration.simulators.azure_devops_pages import pages
from integration.simulators.azure_devops_process import Field, FieldType
from integration.simulators.azure_devops_refusals import field_missing
from integration.simulators.azure_devops_remote import remote
from integration.simulators.azure_devops_rest import rest
from integration.simulators.azure_devops_service import Email, Journal, Service, Settings, Write
from integration.simulators.azure_devops_shapes import wire
from integration.simulators.control import control
from integration.simulators.faults import Faults, Kind
from integration.simulators.server import Server

SERVICE_ACCOUNT = "okrlink service <okrlink@bookshop.example>"


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class AzureDevOpsSimulator(Actions):
    """One organisation on a loopback port, from construction until `close()`. The actions are methods of it.

    `token` opens the REST interface as `account`. `back_off` and `probation_back_off` are the first pauses of service
    hooks, in seconds. `clock` is any source of aware times, for a quarter that passes in a minute. `edition` is
    Services, or a release of Server.
    """

    def __init__(
        self,
        organisation: str = "bookshop",
        *,
        project: str = "Shop",
        token: str = "pat",  # noqa: S107 - opens a simulator
        account: str = SERVICE_ACCOUNT,
        edition: Edition = SERVICES,
        clock: Callable[[], datetime] = _wall_clock,
        port: int = 0,
        back_off: float = 0.05,
        probation_back_off: float = 1.0,
    ) -> None:
        state = Organisation(organisation, clock, edition)
        state.add_project(project)
        super().__init__(state, Hooks(state, back_off=back_off, probation_back_off=probation_back_off))
        self.token = token
        self.account = state.person(account)
        self.deliveries = self.hooks.deliveries
        never: frozenset[Kind] = frozenset({"throttle"}) if edition.is_server else frozenset()
        self.faults = Faults(only=r"(?i)/_apis(/|$)", refusal=refusal, never=never)
        self.tokens = {token: self.account}  # whoever comes with one is let in as that account
        self._service = Service(state, self, self.hooks, self.tokens)
        application = any_case(self._application(), edition.root)
        self._server = Server(self.faults.around(application), port=port, clock=state.now)
        self.port = self._server.port
        self.url = state.url = f"{self._server.url}{edition.root}/{organisation}"

    def close(self) -> None:
        """Stops answering and sending. Closing twice is harmless."""
        self.faults.release()
        self.hooks.close()
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_project(self, name: str) -> str:
        """The id of the project of that name."""
        return self.organisation.add_project(name).id

    def categorise(self, project: str, type_name: str, state: str, category: str) -> None:
        """What that project's own process makes of a state, where it differs from the others'."""
        self.organisation.categories[self.add_project(project), type_name, state] = category

    def save_query(self, path: str, wiql: str, *, project: str = "Shop") -> None:
        """Saves a query, as in `Shared Queries/Team/Open bugs`; its folders are there with it."""
        self.organisation.queries[self.organisation.add_project(project).id, path] = wiql

    def add_field(
        self,
        name: str,
        kind: FieldType = "string",
        *,
        reference: str | None = None,
        types: tuple[str, ...] | None = None,
        read_only: bool = False,
        picklist: tuple[str, ...] = (),
    ) -> str:
        """A custom field, on all types or on these; its reference name is `Custom.` and the name without blanks [doc]."""
        reference = reference or "Custom." + name.replace(" ", "")
        on = None if types is None else frozenset(types)
        self.organisation.process.add_field(
            Field(reference, name, kind, read_only=read_only, types=on, picklist=picklist)
        )
        return reference

    def subscribe(
        self,
        url: str,
        *events: str,
        user: str = "",
        password: str = "",
        headers: Mapping[str, str] | None = None,
        project: str | None = None,
    ) -> Subscription:
        """A service hook to that address; without `events`, for every event."""
        return self.hooks.subscribe(url, *events, user=user, password=password, headers=headers, project=project)

    @property
    def subscriptions(self) -> list[Subscription]:
        """All service hooks, with their status."""
        return list(self.hooks.subscriptions.values())

    def drain(self, timeout: float = 10.0) -> bool:
        """Waits until every webhook was delivered or given up. Retries of a subscription on probation are not waited for."""
        return self.deliveries.drain(timeout)

    def item(self, work_item_id: int) -> WorkItem:
        """The work item itself, deleted or not: for looking at, not for changing."""
        return self.organisation.item(work_item_id, deleted=True)

    def value(self, work_item_id: int, field: str) -> Any:
        """A field's value by reference or display name, as REST writes it; None where there is none."""
        known = self.organisation.process.field(field)
        if known is None:
            raise field_missing(field)
        return wire(self.organisation, self.item(work_item_id).fields.get(known.reference), "object")

    def hyperlinks(self, work_item_id: int) -> dict[str, str]:
        """The item's hyperlinks, address to comment."""
        links = self.item(work_item_id).relations
        return {link.url: str(link.attributes.get("comment", "")) for link in links if link.rel == "Hyperlink"}

    @property
    def settings(self) -> Settings:
        """Limits and switches, to be changed at any time."""
        return self._service.settings

    @property
    def journal(self) -> Journal:
        """What was done to the service over REST."""
        return self._service.journal

    @property
    def writes(self) -> list[Write]:
        """Every attempt to change a work item over REST, oldest first; dry runs are none."""
        return list(self.journal.writes)

    @property
    def emails(self) -> list[Email]:
        """The changes over REST that people got mail about, for want of `suppressNotifications`."""
        return list(self.journal.emails)

    @property
    def requests(self) -> list[str]:
        """Everything that was asked over REST, as `GET /bookshop/_apis/…`, oldest first."""
        return list(self.journal.requests)

    @property
    def unmodelled(self) -> list[str]:
        """What was asked for and answered 501."""
        return list(self.journal.unmodelled)

    def assert_readonly(self) -> None:
        """Fails if anybody tried to change a work item over REST."""
        if self.journal.writes:
            raise AssertionError(f"written to Azure DevOps: {self.journal.writes}")

    def slow_down(self, times: int = 1, *, retry_after: float = 1.0) -> None:
        """The next answers succeed and carry `Retry-After`, as they do before requests are refused [doc]; not at Server."""
        if self.organisation.edition.is_server:
            raise ValueError("Azure DevOps Server asks nobody to slow down")
        self.settings.slow_retry_after = retry_after
        self.settings.slow_answers = times

    def _application(self) -> Flask:
        app = Flask(__name__)
        app.json.sort_keys = False  # type: ignore[attr-defined]  # flask's default provider has it
        app.url_map.strict_slashes = False
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        for routes in (
            control(self.faults, self.deliveries),
            remote(self._service),
            pages(self._service),
            rest(self._service),
        ):
            app.register_blueprint(routes)
        handle_errors(app, self._service)
        return app
