"""The bucket of tokens: no more calls than promised, none refused that was promised, and a bounded memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.errors import InvalidRequest
from planner.service.rate_bucket import Rate, TokenBuckets

GAPS = st.lists(st.floats(0.0, 3.0, allow_nan=False), min_size=1, max_size=60)


@given(st.floats(0.1, 20.0), st.integers(1, 10), GAPS)
def test_no_stretch_of_time_sees_more_than_its_share(per_second: float, burst: int, gaps: list[float]) -> None:
    """In any stretch of time at most burst + rate × length calls are served."""
    buckets, now, served = TokenBuckets(Rate(per_second=per_second, burst=burst)), 100.0, []
    for gap in gaps:
        now += gap
        if buckets.take("c", now) == 0.0:
            served.append(now)
    for first in range(len(served)):
        for last in range(first, len(served)):
            most = burst + per_second * (served[last] - served[first])
            assert last - first + 1 <= most + 1e-6


@given(st.floats(0.1, 20.0), st.integers(1, 10), GAPS)
def test_who_waits_as_long_as_told_is_served(per_second: float, burst: int, gaps: list[float]) -> None:
    """The time that a refusal names is enough, and it is never longer than one token takes."""
    buckets, now = TokenBuckets(Rate(per_second=per_second, burst=burst)), 0.0
    for gap in gaps:
        now += gap / 10
        wait = buckets.take("c", now)
        assert 0.0 <= wait <= 1.0 / per_second + 1e-9
        if wait > 0.0:
            now += wait + 1e-6
            assert buckets.take("c", now) == 0.0


def test_clients_do_not_share_a_bucket() -> None:
    """One that used up its calls takes none from another."""
    buckets = TokenBuckets(Rate(per_second=1.0, burst=1))
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 1.0
    assert buckets.take("b", 0.0) == 0.0


def test_the_memory_is_bounded_and_the_longest_silent_is_forgotten() -> None:
    """However many clients come, so many buckets are kept, those of the latest."""
    buckets = TokenBuckets(Rate(per_second=0.001, burst=1), most=3)
    for number in range(100):
        buckets.take(f"client {number}", float(number))
    assert len(buckets) == 3
    assert buckets.take("client 99", 100.0) > 0.0
    assert buckets.take("client 1", 100.0) == 0.0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """An earlier moment than the last one adds no tokens."""
    buckets = TokenBuckets(Rate(per_second=1.0, burst=1))
    buckets.take("a", 10.0)
    assert buckets.take("a", 5.0) > 0.0


@pytest.mark.parametrize(("per_second", "burst"), [(0.0, 1), (-1.0, 1), (float("inf"), 1), (float("nan"), 1), (1.0, 0)])
def test_a_rate_is_positive(per_second: float, burst: int) -> None:
    """A rate that serves nobody, or everybody, is refused."""
    with pytest.raises(InvalidRequest):
        Rate(per_second=per_second, burst=burst)
