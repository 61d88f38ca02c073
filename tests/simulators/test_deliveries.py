"""The webhook sender: at least once, in order unless told otherwise, and as unreliable as it is told to be."""

import time
from collections.abc import Iterator

import pytest

from integration.simulators.deliveries import AZURE_DEVOPS_RETRIES, Deliveries, Delivery
from tests.simulators.listening import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def deliveries() -> Iterator[Deliveries]:
    deliveries = Deliveries(back_off=0.01)
    yield deliveries
    deliveries.close()


def send(deliveries: Deliveries, listener: Listener, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        deliveries.send(Delivery("event", listener.url, {"X-Id": str(number)}, str(number).encode(), "X-Retry"))


def bodies(listener: Listener) -> list[int]:
    return [int(one.body) for one in listener.received]


def test_deliveries_arrive_once_and_in_order(deliveries, listener):
    send(deliveries, listener, 20)

    assert deliveries.drain(60)
    assert bodies(listener) == list(range(20))
    assert deliveries.counts == {"delivered": 20}


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 503])
def test_what_jira_tries_again_is_tried_again_with_the_number_of_the_retry(deliveries, listener, status):
    listener.answers = [status, status]
    send(deliveries, listener, 1)

    assert deliveries.drain(60)
    assert [one.headers.get("X-Retry") for one in listener.received] == [None, "1", "2"]
    assert [sent.outcome for sent in deliveries.log] == ["retrying", "retrying", "delivered"]


@pytest.mark.parametrize("status", [400, 401, 404, 413])
def test_any_other_refusal_is_final(deliveries, listener, status):
    listener.answers = [status]
    send(deliveries, listener, 1)

    assert deliveries.drain(60)
    assert [(sent.outcome, sent.status) for sent in deliveries.log] == [("refused", status)]


def test_azure_devops_does_not_retry_a_500(listener):
    listener.answers = [500]
    heard = []
    deliveries = Deliveries(
        retry_on=AZURE_DEVOPS_RETRIES, retries=8, on_outcome=lambda delivery, sent: heard.append((delivery, sent))
    )
    send(deliveries, listener, 1)

    assert deliveries.drain(60)
    [(delivery, sent)] = heard
    assert delivery.body == b"0"
    assert (sent.outcome, sent.status) == ("refused", 500)
    deliveries.close()


def test_an_unreachable_receiver_is_tried_until_patience_ends():
    deliveries = Deliveries(retries=2, back_off=0.01)
    deliveries.send(Delivery("event", "http://127.0.0.1:9/hook", {}, b""))

    assert deliveries.drain(60)
    assert [(sent.outcome, sent.status) for sent in deliveries.log] == [
        ("retrying", None),
        ("retrying", None),
        ("given up", None),
    ]
    deliveries.close()


def test_a_share_is_dropped_and_the_log_knows_which(deliveries, listener):
    deliveries.drop(0.5)
    send(deliveries, listener, 40)

    assert deliveries.drain(60)
    counts = deliveries.counts
    assert counts["dropped"] + counts["delivered"] == 40
    assert 5 < counts["dropped"] < 35
    assert len(listener.received) == counts["delivered"]


def test_a_share_is_repeated_with_the_same_headers_and_body(deliveries, listener):
    deliveries.repeat(1.0)
    send(deliveries, listener, 3)

    assert deliveries.drain(60)
    assert bodies(listener) == [0, 0, 1, 1, 2, 2]
    assert {one.headers["X-Id"] for one in listener.received[:2]} == {"0"}


def test_a_window_is_shuffled_and_loses_nothing(deliveries, listener):
    deliveries.reorder(window=10, hold=60)
    send(deliveries, listener, 25)

    assert deliveries.drain(60)
    assert bodies(listener) != list(range(25))
    assert sorted(bodies(listener)[:10]) == list(range(10))
    assert sorted(bodies(listener)) == list(range(25))


def test_a_window_that_never_fills_goes_out_after_a_while(deliveries, listener):
    deliveries.reorder(window=10, hold=0.02)
    send(deliveries, listener, 1)

    patience = time.monotonic() + 60  # nobody drains: time alone must do it
    while not listener.received and time.monotonic() < patience:
        time.sleep(0.01)
    assert bodies(listener) == [0]


def test_while_paused_nothing_leaves(deliveries, listener):
    deliveries.pause()
    send(deliveries, listener, 2)

    assert not deliveries.drain(0.05)
    assert deliveries.pending == 2
    assert listener.received == []

    deliveries.resume()

    assert deliveries.drain(60)
    assert bodies(listener) == [0, 1]
