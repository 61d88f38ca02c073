"""What an answer says about limits, and what a request is counted by."""

from datetime import UTC, datetime

import pytest
from requests.structures import CaseInsensitiveDict

from integration.trackers.limits import Wish, endpoint, seconds_to_wait, wish

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Sat, 21 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"X-RateLimit-Reset": "2026-11-21T12:01:00Z"}, 60.0),
        ({"X-RateLimit-Reset": "2026-11-21T12:01Z"}, 60.0),
        ({"X-RateLimit-Reset": "2026-11-21T11:00:00Z"}, 0.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 90)}, 90.0),
        ({"Retry-After": "1e30"}, 86_400.0),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp() * 1000))}, 86_400.0),
        ({"Retry-After": "5", "X-RateLimit-Reset": "2026-11-21T13:00:00Z"}, 5.0),
    ],
)
def test_the_trackers_wish(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_to_wait(headers, NOW) == seconds


HOUR = {"X-RateLimit-Reset": "2026-11-21T13:00:00Z"}
FULL = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "180"}
NEAR = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "39"}


@pytest.mark.parametrize(
    ("status", "headers", "wanted"),
    [
        pytest.param(200, {}, Wish(), id="a plain answer wants nothing"),
        pytest.param(429, HOUR | {"RateLimit-Reason": "jira-quota-tenant-based"}, Wish(connection=3600), id="quota"),
        pytest.param(
            429, HOUR | {"RateLimit-Reason": "jira-quota-global-based"}, Wish(connection=3600), id="all sites"
        ),
        pytest.param(429, {"RateLimit-Reason": "jira-burst-based", "Retry-After": "2"}, Wish(endpoint=2), id="burst"),
        pytest.param(429, {"RateLimit-Reason": "jira-burst-based"}, Wish(endpoint=1), id="burst without a time"),
        pytest.param(429, {"RateLimit-Reason": "jira-per-issue-on-write", "Retry-After": "2"}, Wish(), id="one issue"),
        pytest.param(429, {"Retry-After": "30"}, Wish(connection=30), id="no reason: all of it"),
        pytest.param(429, {}, Wish(), id="neither reason nor time"),
        pytest.param(503, {"Retry-After": "60"}, Wish(connection=60), id="an outage with an end"),
        pytest.param(503, {}, Wish(), id="an outage without one"),
        pytest.param(200, {"Retry-After": "3"}, Wish(connection=3), id="Azure DevOps: wait before the next call"),
        pytest.param(200, FULL | {"Retry-After": "0"}, Wish(), id="Data Center: 0 with every good answer"),
        pytest.param(200, FULL | HOUR, Wish(), id="a reset alone is no reason to wait"),
        pytest.param(200, NEAR | HOUR, Wish(patient=3600), id="near: whoever can wait does, until it starts anew"),
        pytest.param(200, NEAR | {"X-RateLimit-Interval-Seconds": "10"}, Wish(patient=10), id="near, Data Center"),
        pytest.param(200, {"X-RateLimit-NearLimit": "true"}, Wish(patient=3600), id="near: Jira's hour"),
        pytest.param(200, {"X-RateLimit-NearLimit": "false"}, Wish(), id="not near"),
        pytest.param(200, {"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "0"}, Wish(), id="unreadable"),
    ],
)
def test_what_an_answer_wants(status: int, headers: dict[str, str], wanted: Wish) -> None:
    assert wish(status, CaseInsensitiveDict(headers), NOW) == wanted


@pytest.mark.parametrize(
    ("method", "url", "counted_by"),
    [
        ("get", "https://s.example/rest/api/3/issue/10001/changelog?startAt=0", "GET /rest/api/*/issue/*/changelog"),
        ("PUT", "https://s.example/rest/api/3/issue/SHOP-12", "PUT /rest/api/*/issue/*"),
        ("GET", "https://s.example/rest/api/3/project/SHOP/version", "GET /rest/api/*/project/*/version"),
        ("POST", "https://s.example/rest/api/3/search/jql", "POST /rest/api/*/search/jql"),
    ],
)
def test_an_endpoint_is_the_same_for_all_issues(method: str, url: str, counted_by: str) -> None:
    assert endpoint(method, url) == counted_by
