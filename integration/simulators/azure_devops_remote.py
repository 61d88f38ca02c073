"""The actions over HTTP, for demos and tests in which the simulator is another process.

POST /_simulator/work-items                  {"type", "title", "actor"?, "project"?, "fields"?, "tags"?, "parent"?}
GET  /_simulator/work-items[/{id}]           items in a few words
POST /_simulator/work-items/{id}/{action}    edit, set-state, add-tag, remove-tag, set-parent, add-relation, remove-relation,
                                             comment, delete, restore; the body holds the action's words and `actor`
POST /_simulator/events/{kind}               build, run, stage, deployment, push, pull-request
GET | POST /_simulator/subscriptions         POST takes {"url", "events"?, "user"?, "password"?, "headers"?, "project"?}
POST /_simulator/subscriptions/{id}          {"status": "enabled"}
GET  /_simulator/journal                     writes, e-mails, and what was asked for and is not modelled
POST /_simulator/settings                    any of `Settings`
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, request

from integration.simulators.azure_devops_actions import item_state
from integration.simulators.azure_devops_hooks import Subscription
from integration.simulators.azure_devops_service import Service

_TIMES = ("started", "finished", "created", "closed")


def remote(service: Service) -> Blueprint:
    """The routes above."""
    routes = Blueprint("remote", __name__, url_prefix="/_simulator")
    _add_items(routes, service)
    _add_events(routes, service)
    _add_subscriptions(routes, service)

    @routes.get("/journal")
    def journal() -> dict[str, Any]:
        return service.journal.state()

    @routes.post("/settings")
    def settings() -> dict[str, Any]:
        for name, value in request.get_json().items():
            setattr(service.settings, name, value)
        return asdict(service.settings)

    @routes.errorhandler(TypeError)
    @routes.errorhandler(ValueError)
    @routes.errorhandler(AttributeError)
    @routes.errorhandler(KeyError)
    def misspelt(error: Exception) -> tuple[dict[str, str], int]:
        return {"error": str(error)}, 400

    return routes


def _add_items(routes: Blueprint, service: Service) -> None:
    actions, organisation = service.actions, service.organisation
    known: dict[str, Callable[..., None]] = {
        "edit": actions.edit,
        "set-state": actions.set_state,
        "add-tag": lambda at, tags, **words: actions.add_tag(at, *tags, **words),
        "remove-tag": lambda at, tags, **words: actions.remove_tag(at, *tags, **words),
        "set-parent": actions.set_parent,
        "add-relation": actions.add_relation,
        "remove-relation": actions.remove_relation,
        "comment": actions.comment,
        "delete": actions.delete,
        "restore": actions.restore,
    }

    @routes.get("/work-items")
    def items() -> list[dict[str, Any]]:
        with organisation.lock:
            return [item_state(organisation, item) for item in organisation.items.values()]

    @routes.get("/work-items/<int:work_item_id>")
    def item(work_item_id: int) -> dict[str, Any]:
        with organisation.lock:
            return item_state(organisation, organisation.item(work_item_id, deleted=True))

    @routes.post("/work-items")
    def create() -> tuple[dict[str, Any], int]:
        with organisation.lock:
            made = organisation.item(actions.create_work_item(**request.get_json()))
            return item_state(organisation, made), 201

    @routes.post("/work-items/<int:work_item_id>/<action>")
    def act(work_item_id: int, action: str) -> tuple[dict[str, Any], int]:
        if action not in known:
            return {"error": f"{action} is no action; one of {', '.join(known)}"}, 404
        with organisation.lock:
            known[action](work_item_id, **(request.get_json(silent=True) or {}))
            return item_state(organisation, organisation.item(work_item_id, deleted=True)), 200


def _add_events(routes: Blueprint, service: Service) -> None:
    actions = service.actions
    kinds: dict[str, Callable[..., None]] = {
        "build": actions.complete_build,
        "run": actions.change_run,
        "stage": actions.change_stage,
        "deployment": actions.complete_deployment,
        "push": actions.push,
        "pull-request": actions.change_pull_request,
    }

    @routes.post("/events/<kind>")
    def send(kind: str) -> tuple[dict[str, Any], int]:
        if kind not in kinds:
            return {"error": f"{kind} is no kind of event; one of {', '.join(kinds)}"}, 404
        words = {
            name: datetime.fromisoformat(value) if name in _TIMES and value else value
            for name, value in request.get_json().items()
        }
        kinds[kind](**words)
        return {"sent": kind}, 202


def _add_subscriptions(routes: Blueprint, service: Service) -> None:
    hooks = service.hooks

    @routes.get("/subscriptions")
    def subscriptions() -> list[dict[str, Any]]:
        return [_state(one) for one in hooks.subscriptions.values()]

    @routes.post("/subscriptions")
    def subscribe() -> tuple[dict[str, Any], int]:
        words = dict(request.get_json())
        return _state(hooks.subscribe(words.pop("url"), *words.pop("events", ()), **words)), 201

    @routes.post("/subscriptions/<subscription_id>")
    def switch(subscription_id: str) -> dict[str, Any]:
        return _state(hooks.switch(subscription_id, request.get_json()["status"]))


def _state(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "url": subscription.url,
        "events": sorted(subscription.events),
        "status": subscription.status,
        "notifications": subscription.notifications,
        "lost": subscription.lost,
        "tries": subscription.tries,
    }
