"""What our receiver is measured against: the same server and threads, and less or another kind of work in them."""

import hmac
import os
import sqlite3
import threading
import time

from flask import Flask, Response, request

from tests.webhooks.receiving import SHOP_SECRET
from webhooks.web import under_granian


def bare() -> Flask:
    """Reads the body and answers."""
    under_granian()
    app = Flask(__name__)

    @app.post("/webhooks/<name>")
    def receive(name: str) -> Response:
        request.get_data(cache=False)
        return Response(status=204)

    return app


def commit_each() -> Flask:
    """Checks the signature, and commits each delivery by itself, with SQLite's own way of waiting for other writers."""
    under_granian()
    app = Flask(__name__)
    of_thread = threading.local()
    path = os.environ["OKRLINK_DATABASE_URL"].removeprefix("sqlite:///")

    def connection() -> sqlite3.Connection:
        if not hasattr(of_thread, "connection"):
            of_thread.connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            of_thread.connection.execute("PRAGMA synchronous = FULL")
        return of_thread.connection

    @app.post("/webhooks/<name>")
    def receive(name: str) -> Response:
        body = request.get_data(cache=False)
        expected = f"sha256={hmac.digest(SHOP_SECRET.encode(), body, 'sha256').hex()}"
        if not hmac.compare_digest(expected, request.headers["X-Hub-Signature"]):
            return Response(status=401)
        row = (name, request.headers["X-Atlassian-Webhook-Identifier"], time.time_ns() // 1000, "{}", body)
        connection().execute(
            "INSERT INTO deliveries (connection, delivery, received_at, headers, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (connection, delivery) DO NOTHING",
            row,
        )
        return Response(status=204)

    return app
