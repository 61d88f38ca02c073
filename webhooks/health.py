"""For whoever restarts us (`/healthz`: this process answers) and whoever sends us requests (`/readyz`: it can work)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from integration.store import migrations
from integration.store.db import Database
from webhooks.connections import Resolved


def health(database: Database, senders: Callable[[], Resolved]) -> Blueprint:
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def alive() -> Response:
        return Response("alive\n", content_type="text/plain")

    @blueprint.get("/readyz")
    def ready() -> Response:
        """Raises `StoreUnusable`, and so answers 503, where the database is out of reach or has another shape."""
        migrations.check(database)
        return Response(f"ready: {len(senders())} connections\n", content_type="text/plain")

    return blueprint
