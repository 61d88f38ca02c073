"""The web application: which views there are, and which status each error becomes, once for all of them."""

from __future__ import annotations

import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from integration.core.errors import ServiceError, StoreUnusable, Unverified
from webhooks.api import api
from webhooks.bootstrap import Service
from webhooks.health import health
from webhooks.receive import receiver

RETRY_AFTER = "10"

log = logging.getLogger(__name__)


def create_app(service: Service) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(health(service.database, service.senders))
    app.register_blueprint(receiver(service.inbox, service.senders))
    app.register_blueprint(api(service.database, service.wakeup.send))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Unverified, _unverified)
    app.register_error_handler(StoreUnusable, _unusable)
    app.register_error_handler(Exception, _unexpected)
    return app


def _plain(message: str, status: int) -> Response:
    return Response(f"{message}\n", status, content_type="text/plain; charset=utf-8")


def _http(error: HTTPException) -> Response:
    response = _plain(error.description or error.name, error.code or 500)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    return response


def _unverified(_: Unverified) -> Response:
    # The reason is in our log; who could not prove itself need not learn how close it came.
    return _plain("the sender is not verified", 401)


def _unusable(error: StoreUnusable) -> Response:
    log.error("%s", error)
    return _later("the database cannot be used now")


def _unexpected(error: Exception) -> Response:
    """503, not 500: Azure DevOps repeats a delivery after a 503, and stops sending after a 500."""
    known = isinstance(error, ServiceError)
    log.error("a request failed: %s", error, exc_info=None if known else error)
    return _later("this cannot be done now")


def _later(message: str) -> Response:
    response = _plain(message, 503)
    response.headers["Retry-After"] = RETRY_AFTER
    return response
