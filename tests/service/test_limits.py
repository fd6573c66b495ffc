"""The token bucket, beside a count of what it let through."""

from hypothesis import given
from hypothesis import strategies as st

from sweeps.service.limits import Limits, RateLimit


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 5), st.floats(0.5, 10))
def test_no_stretch_of_time_lets_through_more_than_burst_and_rate(pauses: list[float], burst: int, rate: float) -> None:
    now, admitted = 0.0, []
    limit = RateLimit(Limits(burst=burst, requests_per_second=rate), lambda: now)
    for pause in pauses:
        now += pause
        wait = limit.wait_seconds("a")
        assert 0 <= wait <= 1 / rate
        if wait == 0:
            admitted.append(now)
    for first, begin in enumerate(admitted):
        for last in range(first, len(admitted)):
            assert last - first + 1 <= burst + rate * (admitted[last] - begin) + 1e-6


def test_whoever_waits_as_long_as_told_is_let_through() -> None:
    now = 0.0
    limit = RateLimit(Limits(burst=1, requests_per_second=2), lambda: now)
    assert limit.wait_seconds("a") == 0
    assert limit.wait_seconds("a") == 0.5
    now = 0.25
    assert limit.wait_seconds("a") == 0.25
    now = 0.5
    assert limit.wait_seconds("a") == 0
    assert limit.wait_seconds("b") == 0
