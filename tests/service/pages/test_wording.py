"""Numbers as pages say them."""

import time

import pytest

from sweeps.service.pages.wording import ago, duration, moment, score, sentence, setting, size, whole


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (90_061, "1 d 1 h"),
        (1e9, "11,574 d 1 h"),
    ],
)
def test_duration(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (-60, "just now"), (100, "2 min ago"), (7000, "2 h ago"), (200_000, "2 d ago")],
)
def test_ago(seconds: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.0)
    assert ago(int((1_800_000_000 - seconds) * 1000)) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (15.83e6, "15.8 MB"), (2.5e9, "2.5 GB"), (3e15, "3e+03 TB")],
)
def test_size(count: float, said: str) -> None:
    assert size(count) == said


def test_moments_are_told_in_universal_time() -> None:
    assert moment(1_800_000_000_000) == "2027-01-15 08:00 UTC"


def test_scores_and_texts() -> None:
    assert [score(7.123456), score(0.0912345, 2), score(None), score(float("inf"))] == ["7.123", "0.091", "–", "–"]
    assert [whole(1234567), sentence("as it is"), sentence("")] == ["1,234,567", "As it is", ""]


def test_settings_are_told_as_a_spec_writes_them() -> None:
    assert [setting(value) for value in (0.123456, 16, True, "dense")] == ["0.1235", "16", "true", "dense"]
