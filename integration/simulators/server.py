"""One WSGI application on a loopback port, in a daemon thread, for as long as somebody wants it."""

import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class _Quiet(WSGIRequestHandler):
    disable_nagle_algorithm = True  # headers and body are two writes; Nagle would hold the second

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        pass


def _by(clock: Callable[[], datetime]) -> type[WSGIRequestHandler]:
    """Answers carry the date of that clock."""

    class Dated(_Quiet):
        def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
            return http_date(clock())

    return Dated


class Server:
    """A running HTTP server: `url` answers from construction on, until `close()`. `clock` dates the answers.

    Werkzeug closes each connection after its answer, so a client's pool never meets a stale one.
    """

    def __init__(self, app: "WSGIApplication", *, port: int = 0, clock: Callable[[], datetime] | None = None) -> None:
        handler = _by(clock) if clock else _Quiet
        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=handler)
        self.port = self._server.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.01},
            name=f"simulator:{self.port}",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening; requests under way may still finish. Closing twice is harmless."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
