"""Whatever the simulators of any test hear and answer over REST, held against the vendors' documents.

Jira Data Center has no such document; what is said to it is said by the same code.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, request

from integration.simulators.azure_devops import AzureDevOpsSimulator
from integration.simulators.jira import JiraSimulator
from tests.conformance import azure_devops, jira
from tests.conformance.description import Erratum, Exchange
from tests.corpus import corpus_folder

_SIGN_IN_PAGE = 203
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)

_VENDORS: Mapping[type, tuple[Any, str, str]] = {
    JiraSimulator: (jira, "_app", "/rest/"),
    AzureDevOpsSimulator: (azure_devops, "_application", "/_apis"),
}
"""By simulator: what is known of the vendor, what makes the application, and what all its REST addresses have in them."""


@dataclass(frozen=True)
class Heard:
    """A request and its answer as they came. Nothing is read while a test goes on, which it would slow."""

    vendor: Any
    method: str
    path: str
    query: Mapping[str, str]
    accept: str
    agent: str
    body: bytes
    status: int
    answer: bytes

    @cached_property
    def exchange(self) -> Exchange:
        version = re.search(r"api-version=([\w.-]+)", self.accept)
        return Exchange(
            self.method,
            self.path,
            {"api-version": version[1], **self.query} if version else self.query,
            _json(self.body),
            self.status,
            _json(self.answer),
            ours=self.agent.startswith("okrlink"),
        )

    def likeness(self) -> int:
        """The same for what differs in digits only, as times, ids and ports do; no document cares for them."""
        told = f"{self.method} {self.path} {self.query} {self.accept} {self.agent} {self.status}".encode()
        return hash(
            (told.translate(_DIGITS_ALIKE), self.body.translate(_DIGITS_ALIKE), self.answer.translate(_DIGITS_ALIKE))
        )


class Recorder:
    """Hears every simulator that is made while it listens."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._right: set[int] = set()

    @contextmanager
    def listening(self) -> Iterator["Recorder"]:
        with pytest.MonkeyPatch.context() as patch:
            for simulator, (vendor, make, where) in _VENDORS.items():
                patch.setattr(simulator, make, self._overheard(getattr(simulator, make), vendor, where))
            yield self

    def _overheard(self, make: Callable[..., Flask], vendor: Any, where: str) -> Callable[..., Flask]:
        def hear(answer: Response) -> Response:
            path = request.environ.get("simulator.path", request.path)
            if where in path:
                accept, agent = (request.headers.get(name, "") for name in ("Accept", "User-Agent"))
                asked = (request.method, path, request.args.to_dict(), accept, agent, request.get_data())
                self.heard.append(Heard(vendor, *asked, answer.status_code, answer.get_data()))
            return answer

        def application(*about: Any) -> Flask:
            app = make(*about)
            app.after_request(hear)
            return app

        return application

    def check(self, corpus: Path | None) -> list[str]:
        """What is wrong with what was heard since the last time; nothing where there are no documents."""
        heard, self.heard = self.heard, []
        found = []
        for each in heard if corpus else ():
            if (likeness := each.likeness()) in self._right:
                continue
            words = list(wrong(corpus, each.vendor, each.exchange))
            found += [f"{each.method} {each.path} ({each.status}): {one}" for one in words]
            if not words:
                self._right.add(likeness)
        return found


def wrong(corpus: Path, vendor: Any, exchange: Exchange, *, errata: tuple[Erratum, ...] | None = None) -> Iterator[str]:
    """What the documents have against okrlink's request, and against the simulator's answer to anybody's."""
    path = vendor.address(exchange.path)
    operation = vendor.description(corpus, vendor.ERRATA if errata is None else errata).find(exchange.method, path)
    if operation is None:
        known = any(one.covers(exchange.method, path) for one in vendor.UNDESCRIBED)
        if not known and (exchange.ours or exchange.status < 400):
            yield "is in no document"
        return
    if exchange.ours:
        yield from operation.wrong_with_request(exchange)
    if exchange.status != _SIGN_IN_PAGE:
        yield from operation.wrong_with_answer(replace(exchange, answer=vendor.told(exchange)))


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


@pytest.fixture(scope="session", autouse=True)
def recorder() -> Iterator[Recorder]:
    """Hears the simulators of all tests."""
    with Recorder().listening() as listening:
        yield listening


@pytest.fixture(autouse=True)
def _as_the_vendors_describe(recorder: Recorder) -> Iterator[None]:
    """A request or an answer that the documents do not allow fails the test in which it was made."""
    yield
    found = recorder.check(corpus_folder())
    assert not found, "\n".join(found[:20])
