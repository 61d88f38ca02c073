"""What the simulated Jiras have in common: a site, a gate before its REST interface, webhooks, pages, and ways to trouble it."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask

from integration.simulators.control import control
from integration.simulators.deliveries import Deliveries
from integration.simulators.faults import Faults
from integration.simulators.jira_directory import directory
from integration.simulators.jira_gate import Account, Gate, Request
from integration.simulators.jira_jql import parse
from integration.simulators.jira_kinds import said
from integration.simulators.jira_pages import pages
from integration.simulators.jira_people import people
from integration.simulators.jira_plans import boards, versions
from integration.simulators.jira_reads import reads
from integration.simulators.jira_shapes import Shapes
from integration.simulators.jira_site import Site
from integration.simulators.jira_things import Board, Field, Issue, Project, User
from integration.simulators.jira_webhooks import Webhooks
from integration.simulators.jira_work import Which, Work
from integration.simulators.jira_writes import writes
from integration.simulators.server import Server


class SimulatedJira(Work):
    """A site that answers from `serve()` until `close()`. What editions do in their own ways they bring along."""

    def __init__(
        self,
        site: Site,
        shapes: Shapes,
        gate: Gate,
        webhooks: Webhooks,
        deliveries: Deliveries,
        faults: Faults,
        projects: Mapping[str, str] | None,
    ) -> None:
        self.emails: list[str] = []  # the keys of issues whose watchers got a mail because of a REST edit
        self.site = site
        self.gate = gate
        self.webhooks = webhooks
        self.deliveries = deliveries
        self.faults = faults
        somebody = self.add_user("Dana Ortiz", "dana@bookshop.example")
        super().__init__(site, shapes, webhooks.tell, somebody.account_id)
        for key, name in (projects or {"SHOP": "Bookshop"}).items():
            self.add_project(key, name)

    def serve(self, account: Account, routes: Iterable[Blueprint], *, port: int, clock: Callable[[], datetime]) -> None:
        """From now on the account is let in. `routes` are those of the edition."""
        self._account_of_api = account
        self.gate.accounts.append(account)
        self._server = Server(self.faults.around(self._app(routes)), port=port, clock=clock)
        self.url = self._shapes.url = self._server.url

    def _app(self, routes: Iterable[Blueprint]) -> Flask:
        app = Flask(__name__)
        app.json.sort_keys = False  # type: ignore[attr-defined] # of the default provider, which this is
        app.register_blueprint(control(self.faults, self.deliveries))
        app.register_blueprint(people(self))
        app.register_blueprint(pages(self.site, self._shapes))
        for part in (directory, reads, versions, boards):
            app.register_blueprint(part(self.site, self._shapes, self.gate))
        app.register_blueprint(writes(self.site, self._shapes, self, self.gate, self.emails))
        for own in routes:
            app.register_blueprint(own)
        for status in (404, 405):
            app.register_error_handler(status, self.gate.refuse_unknown)
        return app

    def concerns(self, jql: str, shown: Mapping[str, Any]) -> bool:
        """Whether the issue of a webhook's body passes the filter; one that has gone does as its project does [inf]."""
        project = self.site.project(shown["key"].rpartition("-")[0])
        gone = Issue(shown["id"], shown["key"], self.site.clock(), self.site.clock(), "", {"project": project.id})
        return parse(jql, self.site, ZoneInfo("UTC")).matches(self.site.issues.get(shown["id"], gone))

    def add_project(self, key: str, name: str, *, team_managed: bool = False) -> Project:
        """A new project."""
        project = Project(self.site.next_id(), key, name, team_managed)
        self.site.projects[project.id] = project
        return project

    def add_board(self, name: str, kind: Literal["scrum", "kanban"] = "scrum", project: str | None = None) -> Board:
        """A new board, of all projects or of one."""
        board = Board(int(self.site.next_id()), name, kind, project and self.site.project(project).id)
        self.site.boards[board.id] = board
        return board

    def save_filter(self, name: str, jql: str) -> None:
        """Saves a filter that the account may see."""
        self.site.filters[name] = jql

    def lag(self, which: Which, search_lag: timedelta) -> None:
        """Search takes so long for this issue, in a site whose search lags. [inf] not all of an index is of one age"""
        self.site.search_lags[self.site.issue(which).id] = search_lag

    def expire_tokens(self) -> None:
        """No page token that was given out until now is good any more."""
        self.site.generation += 1

    def add_user(self, name: str, email: str | None = None) -> User:
        """A new person, who can be named in `by`, `assignee` and so on."""
        login = name.replace(" ", ".").lower()
        user = self._user(int(self.site.next_id()), name, login, email or f"{login}@bookshop.example")
        self.site.users[user.account_id] = user
        return user

    def _user(self, number: int, name: str, login: str, email: str) -> User:  # noqa: ARG002 - on the Cloud nobody has one
        return User(f"712020:{number:032x}", name, email)

    def add_field(self, name: str, kind: str, options: Collection[str] = ()) -> Field:
        """A new custom field: number, text, textarea, url, option or date."""
        return self.site.add_field(name, kind, options)

    def change_field(self, name_or_id: str, **changes: Any) -> Field:
        """Renames a field (`name=`), takes it off screens (`on_screens=False`), makes it refuse (`editable=False`), or gives
        it to a team-managed project (`project=`, its id).
        """
        return self.site.change_field(name_or_id, **changes)

    def remove_field(self, name_or_id: str) -> None:
        """No such field any more."""
        del self.site.fields[self.site.field(name_or_id).id]

    def allow(self, permission: str) -> None:
        """The API account has this permission (again)."""
        self._account_of_api.permissions.add(permission)

    def forbid(self, permission: str) -> None:
        """The API account lacks this permission, say ADMINISTER_PROJECTS."""
        self._account_of_api.permissions.discard(permission)

    def value(self, which: Which, field: str) -> Any:
        """What an issue shows in a field: a number, a text, a list of texts, or None."""
        with self.site.lock:
            return said(self.site, self.site.field(field), self.site.issue(which).values)

    @property
    def requests(self) -> list[Request]:
        """Every REST request that was answered, oldest first."""
        return list(self.gate.requests)

    @property
    def writes(self) -> list[Request]:
        """Those that could have changed something, refused ones too."""
        return self.gate.writes

    @property
    def unmodelled(self) -> list[str]:
        """What was asked that the simulator does not model."""
        return list(self.gate.unmodelled)

    def assert_readonly(self) -> None:
        """Nobody tried to write."""
        assert not self.writes, self.writes  # noqa: S101 - it is a test's assertion

    def close(self) -> None:
        """Stops answering and sending. Closing twice is harmless."""
        self.faults.release()
        self._server.close()
        self.deliveries.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
