"""A simulator answers badly when told to, and only where told to."""

import time
from datetime import datetime

import pytest
import requests

from integration.simulators.faults import Fault
from integration.simulators.jira import JiraSimulator
from tests.simulators.asking_jira import PROGRESS, Client


class TestFaults:
    def test_throttling_says_why_and_until_when(self, jira, client):
        jira.faults.add(Fault("throttle", times=2, retry_after=3, reason="jira-burst-based"))
        answers = [client("GET", "myself") for _ in range(3)]

        assert [answer.status_code for answer in answers] == [429, 429, 200]
        assert answers[0].headers["Retry-After"] == "3"
        assert answers[0].headers["RateLimit-Reason"] == "jira-burst-based"
        assert datetime.fromisoformat(answers[0].headers["X-RateLimit-Reset"])

    @pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("error", 500)])
    def test_a_fault_can_be_meant_for_some_requests_only(self, jira, client, kind, status):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.faults.add(Fault(kind, method="PUT", path=r"/issue/"))

        assert client("GET", f"issue/{epic.key}").status_code == 200
        assert client.edit(epic.key, {PROGRESS: 1}).status_code == status
        assert jira.value(epic, "KR Progress") is None
        assert client.edit(epic.key, {PROGRESS: 1}).status_code == 204

    @pytest.mark.parametrize("kind", ["html", "broken json"])
    def test_garbage_is_200_and_no_json(self, jira, client, kind):
        jira.faults.add(Fault(kind))
        answer = client("GET", "myself")

        assert answer.status_code == 200
        with pytest.raises(requests.JSONDecodeError):
            answer.json()

    @pytest.mark.parametrize(
        ("kind", "done"), [("work then cut", 62), ("work then hang", 62), ("cut", None), ("hang", None)]
    )
    def test_a_cut_connection_may_or_may_not_have_done_the_work(self, jira, client, kind, done):
        epic = jira.create_issue("SHOP", "Epic", "The new checkout")
        jira.faults.add(Fault(kind, method="PUT", seconds=0.05))

        with pytest.raises(requests.ConnectionError):
            client.edit(epic.key, {PROGRESS: 62})
        assert jira.value(epic, "KR Progress") == done

    def test_a_hang_outlasts_the_clients_patience(self, jira):
        jira.faults.add(Fault("hang", seconds=30))
        began = time.monotonic()

        with pytest.raises(requests.Timeout):
            requests.get(f"{jira.url}/rest/api/3/myself", timeout=0.1)
        assert time.monotonic() - began < 5

    def test_a_share_of_requests_fails_the_same_way_each_time(self, clock):
        def run() -> list[int]:
            with JiraSimulator(clock=clock, seed=7) as jira:
                jira.faults.add(Fault("unavailable", times=None, share=0.5))
                client = Client(jira)
                return [client("GET", "myself").status_code for _ in range(20)]

        first = run()
        assert set(first) == {200, 503}
        assert first == run()

    def test_another_process_can_ask_for_them(self, jira, client):
        told = requests.post(f"{jira.url}/_simulator/faults", json={"kind": "throttle", "times": 1}, timeout=60)
        assert told.status_code == 201
        assert client("GET", "myself").status_code == 429
        assert requests.get(f"{jira.url}/_simulator/faults", timeout=60).json()["hits"] == [
            {"kind": "throttle", "method": "GET", "path": "/rest/api/3/myself"}
        ]

        assert (
            requests.post(f"{jira.url}/_simulator/faults", json={"kind": "earthquake"}, timeout=60).status_code == 400
        )
