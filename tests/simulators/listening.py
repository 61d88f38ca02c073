"""A receiver for the simulators' webhooks: keeps what came, and answers as told."""

import json
import threading
from dataclasses import dataclass
from typing import Any, Self

from flask import Flask, request

from integration.simulators.server import Server


@dataclass(frozen=True)
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Listener:
    """A running receiver. `answers` are used up, one a request; then it is 204."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self._received: list[Received] = []
        self._lock = threading.Lock()
        app = Flask("listener")
        app.post("/hook")(self._receive)
        self._server = Server(app)
        self.url = f"{self._server.url}/hook"

    def _receive(self) -> tuple[str, int]:
        with self._lock:
            self._received.append(Received(dict(request.headers), request.get_data()))
            return "", self.answers.pop(0) if self.answers else 204

    @property
    def received(self) -> list[Received]:
        with self._lock:
            return list(self._received)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()
