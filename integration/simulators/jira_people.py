"""What people do, over HTTP, for demos and tests in which the simulator is another process.

    POST /_simulator/create_issue   {"project": "SHOP", "issue_type": "Story", "summary": "Pay by card", "by": "Dana Ortiz"}
    POST /_simulator/edit           {"issue": "SHOP-1", "fields": {"Story Points": 5}}
    POST /_simulator/transition     {"issue": "SHOP-1", "to": "Done"}
    GET  /_simulator/issues/SHOP-1  what it shows, by the names of fields
    GET  /_simulator/state          writes, unmodelled, emails

Each action takes the arguments of the method of that name, an issue as "issue", and answers with the id (and key) of
what it made or changed. Nobody signs in here: the simulator listens on loopback only.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from integration.simulators.jira_kinds import said
from integration.simulators.jira_refusals import Refused
from integration.simulators.jira_site import NotFound

if TYPE_CHECKING:
    from integration.simulators.jira_simulated import SimulatedJira


def people(jira: "SimulatedJira") -> Blueprint:
    """The routes above."""
    routes = Blueprint("people", __name__, url_prefix="/_simulator")
    made: tuple[Callable[..., Any], ...] = (
        *(jira.create_issue, jira.edit, jira.transition, jira.comment, jira.delete, jira.move, jira.link, jira.unlink),
        *(jira.set_parent, jira.add_label, jira.remove_label, jira.create_version, jira.release_version),
        *(jira.create_sprint, jira.start_sprint, jira.close_sprint),
        *(jira.add_project, jira.add_field, jira.change_field, jira.remove_field, jira.allow, jira.forbid),
    )
    actions = {action.__name__: action for action in made}

    @routes.post("/<action>")
    def act(action: str) -> ResponseReturnValue:
        if action not in actions:
            return {"error": f"no such action; there are {', '.join(actions)}"}, 404
        arguments = request.get_json()
        if "issue" in arguments:
            arguments["which"] = arguments.pop("issue")
        try:
            result = actions[action](**arguments)
        except (Refused, NotFound, TypeError, KeyError) as error:
            return {"error": str(error)}, 400
        return {name: getattr(result, name) for name in ("id", "key") if hasattr(result, name)}

    @routes.get("/issues/<which>")
    def show(which: str) -> ResponseReturnValue:
        with jira.site.lock:
            try:
                issue = jira.site.issue(which)
            except NotFound as error:
                return {"error": str(error)}, 404
            fields = {one.name: said(jira.site, one, issue.values) for one in jira.site.fields.values()}
            links = list(issue.remote_links.values())
            return {"id": issue.id, "key": issue.key, "fields": fields, "remote_links": links}

    @routes.get("/state")
    def state() -> ResponseReturnValue:
        writes = [asdict(one) for one in jira.writes]
        return {"writes": writes, "unmodelled": jira.unmodelled, "emails": jira.emails}

    @routes.post("/webhooks")
    def register() -> ResponseReturnValue:
        jira.webhooks.register(**request.get_json())
        return {}, 201

    return routes
