"""One's turn: waited for in place while it is near, the caller's to keep where it is not, and by whom it is kept."""

from collections import Counter
from collections.abc import Callable

import pytest

from integration.core.errors import Retryable
from integration.trackers.budget import Budget, asking
from integration.trackers.contract import Purpose

ISSUE = "https://bookshop.jira.example/rest/api/3/issue/10001"
OTHER_ISSUE = "https://bookshop.jira.example/rest/api/3/issue/10002"
SEARCH = "https://bookshop.jira.example/rest/api/3/search/jql"


class Held:
    """A ledger on a clock of its own, which passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.until: dict[str, float] = {}
        self.turns: list[float] = []
        self.counted: Counter[Purpose] = Counter()
        self.refused: Counter[Purpose] = Counter()

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def rest(self, part: str, seconds: float) -> None:
        self.until[part] = self.now + seconds

    def rests(self, part: str) -> float:
        return max(0.0, self.until.get(part, 0.0) - self.now)

    def take(self, *, patient: bool) -> float:
        return self.turns.pop(0) if self.turns else 0.0

    def count(self, purpose: Purpose) -> None:
        self.counted[purpose] += 1

    def count_refused(self, purpose: Purpose) -> None:
        self.refused[purpose] += 1


@pytest.fixture
def ledger() -> Held:
    return Held()


@pytest.fixture
def budget(ledger: Held) -> Budget:
    return Budget(ledger, ledger.sleep)


def test_requests_are_counted_by_what_they_are_made_for(budget: Budget, ledger: Held) -> None:
    with asking("history"):
        budget.wait_for_turn("GET", SEARCH)
        with asking("write"):
            budget.wait_for_turn("PUT", ISSUE)
            budget.hear("PUT", ISSUE, 429, {"RateLimit-Reason": "jira-per-issue-on-write"})
        budget.wait_for_turn("GET", SEARCH)
    budget.wait_for_turn("GET", SEARCH)

    assert ledger.counted == {"history": 2, "write": 1, "other": 1}
    assert ledger.refused == {"write": 1}


@pytest.mark.parametrize(("purpose", "patience"), [("write", 10), ("look", 10), ("read", 60), ("history", 60)])
def test_a_rest_is_waited_for_in_place_while_its_end_is_near(
    budget: Budget, ledger: Held, purpose: Purpose, patience: float
) -> None:
    with asking(purpose):
        budget.hear("GET", ISSUE, 200, {"Retry-After": f"{patience}"})
        budget.wait_for_turn("GET", SEARCH)
        assert ledger.now == patience

        budget.hear("GET", ISSUE, 200, {"Retry-After": f"{patience + 1}"})
        with pytest.raises(Retryable) as told:
            budget.wait_for_turn("GET", SEARCH)
    assert (told.value.after, told.value.scope) == (patience + 1, "connection")
    assert budget.asked_to_wait() == patience + 1
    assert ledger.counted.total() == 1


def test_a_burst_slows_down_its_endpoint_and_method_only(budget: Budget, ledger: Held) -> None:
    budget.hear("GET", ISSUE, 429, {"RateLimit-Reason": "jira-burst-based", "Retry-After": "4"})

    budget.wait_for_turn("GET", SEARCH)
    budget.wait_for_turn("PUT", ISSUE)
    assert ledger.now == 0
    budget.wait_for_turn("GET", OTHER_ISSUE)
    assert ledger.now == 4


def test_the_past_waits_where_a_limit_is_near_and_nothing_else_does(budget: Budget, ledger: Held) -> None:
    budget.hear("GET", SEARCH, 200, {"X-RateLimit-NearLimit": "true", "X-RateLimit-Interval-Seconds": "60"})

    with asking("write"):
        budget.wait_for_turn("PUT", ISSUE)
    assert ledger.now == 0
    with asking("history"):
        budget.wait_for_turn("GET", SEARCH)
    assert ledger.now == 60


def test_a_turn_of_our_own_is_asked_for_until_it_comes(budget: Budget, ledger: Held) -> None:
    ledger.turns = [0.25, 0.5, 0.0]
    budget.wait_for_turn("GET", SEARCH)
    assert ledger.now == 0.75

    ledger.turns = [6.0, 6.0]
    with pytest.raises(Retryable, match="requests_per_second") as told:
        budget.wait_for_turn("GET", SEARCH)
    assert (told.value.after, told.value.scope) == (6.0, "item")


def test_who_asks_for_what_does_not_outlast_an_error(budget: Budget, ledger: Held) -> None:
    def failing(call: Callable[[], None]) -> None:
        with asking("write"):
            call()
            raise Retryable("the tracker is in trouble")

    with pytest.raises(Retryable):
        failing(lambda: budget.wait_for_turn("PUT", ISSUE))
    budget.wait_for_turn("GET", SEARCH)

    assert ledger.counted == {"write": 1, "other": 1}
