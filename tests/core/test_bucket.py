"""A token bucket as one moment: how many are there, for whom, and when there are more."""

from datetime import UTC, datetime, timedelta

import pytest

from integration.core.bucket import SKEW, Bucket

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEN = Bucket(10)
"""It holds 5, and the patient leave 5/3."""


def after(**by: float) -> datetime:
    return NOW + timedelta(**by)


@pytest.mark.parametrize(
    ("full_at", "most", "patient", "tokens", "then_full_at"),
    [
        pytest.param(NOW, 1, False, 1, after(seconds=0.1), id="of a full one"),
        pytest.param(after(hours=-1), 1, False, 1, after(seconds=0.1), id="one that was full long ago is no fuller"),
        pytest.param(NOW, 9, False, 5, after(seconds=0.5), id="no more than it holds"),
        pytest.param(after(seconds=0.3), 9, False, 2, after(seconds=0.5), id="what is left"),
        pytest.param(NOW, 9, True, 3, after(seconds=0.3), id="the patient leave the reserve"),
        pytest.param(after(seconds=0.3), 9, True, 0, after(seconds=0.3), id="of what is left, too"),
        pytest.param(after(seconds=0.5), 1, False, 0, after(seconds=0.5), id="an empty one"),
    ],
)
def test_taking(full_at: datetime, most: int, patient: bool, tokens: int, then_full_at: datetime) -> None:
    taken = TEN.take(full_at, NOW, most, patient=patient)

    assert (taken.tokens, taken.full_at) == (tokens, then_full_at)
    assert (taken.wait > 0) == (tokens == 0)


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("rate", [0.1, 0.7, 1, 3, 10, 250])
def test_after_the_wait_that_was_told_there_is_one(rate: float, patient: bool) -> None:
    bucket = Bucket(rate)
    empty = bucket.take(NOW, NOW, 1000, patient=False).full_at

    wait = bucket.take(empty, NOW, 1, patient=patient).wait

    assert bucket.take(empty, NOW + timedelta(seconds=wait), 1, patient=patient).tokens == 1


@pytest.mark.parametrize("rate", [0.1, 1, 3, 10, 250])
def test_the_patient_never_come_before_others(rate: float) -> None:
    """Whoever may take all takes each token as soon as it is there; of the reserve the patient get nothing."""
    bucket, full_at, now = Bucket(rate), NOW, NOW
    for _ in range(100):
        while (taken := bucket.take(full_at, now, 1, patient=False)).tokens:
            full_at = taken.full_at
        assert bucket.take(full_at, now, 1, patient=True).tokens == 0
        now += timedelta(seconds=taken.wait)


def test_a_clock_that_was_wrong_does_not_stop_us_for_long() -> None:
    taken = TEN.take(NOW + SKEW + timedelta(hours=3), NOW, 1, patient=False)

    assert taken.tokens == 0
    assert taken.wait == pytest.approx(0.1)
