"""Faults and deliveries over HTTP, for tests and demos in which the simulator is another process.

    GET | POST | DELETE  /_simulator/faults
    GET | POST           /_simulator/deliveries
    POST                 /_simulator/drain

Posted to `faults` are the fields of `Fault`, as in {"kind": "throttle", "times": 2}; to `deliveries` any of
{"drop": 0.1, "repeat": 0.1, "reorder": 10, "paused": true}; to `drain` {"timeout": 5}, answered with {"drained": true}.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request

from integration.simulators.deliveries import Deliveries
from integration.simulators.faults import Fault, Faults


def control(faults: Faults, deliveries: Deliveries) -> Blueprint:
    """The routes above, as a blueprint to register with the simulator's application."""
    routes = Blueprint("control", __name__, url_prefix="/_simulator")
    steer: dict[str, Callable[[Any], None]] = {
        "drop": deliveries.drop,
        "repeat": deliveries.repeat,
        "reorder": deliveries.reorder,
        "paused": lambda paused: deliveries.pause() if paused else deliveries.resume(),
    }

    @routes.get("/faults")
    def show_faults() -> dict[str, Any]:
        return faults.state()

    @routes.post("/faults")
    def add_fault() -> tuple[dict[str, Any], int]:
        try:
            faults.add(Fault(**request.get_json()))
        except (TypeError, ValueError) as error:
            return {"error": str(error)}, 400
        return faults.state(), 201

    @routes.delete("/faults")
    def clear_faults() -> dict[str, Any]:
        faults.clear()
        return faults.state()

    @routes.get("/deliveries")
    def show_deliveries() -> dict[str, Any]:
        return deliveries.state()

    @routes.post("/deliveries")
    def steer_deliveries() -> dict[str, Any]:
        for wish, value in request.get_json().items():
            steer[wish](value)
        return deliveries.state()

    @routes.post("/drain")
    def drain() -> dict[str, Any]:
        timeout = (request.get_json(silent=True) or {}).get("timeout", 10.0)
        return {"drained": deliveries.drain(timeout), **deliveries.state()}

    return routes
