from collections.abc import Iterator

import pytest

from integration.simulators.jira import JiraSimulator
from tests.simulators.asking_jira import SECRET, Client, Clock
from tests.simulators.listening import Listener


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def jira(clock, listener) -> Iterator[JiraSimulator]:
    with JiraSimulator(
        webhook=listener.url, secret=SECRET, clock=clock, projects={"SHOP": "Bookshop", "APP": "App"}
    ) as jira:
        yield jira


@pytest.fixture
def client(jira) -> Client:
    return Client(jira)
