"""Attempts are counted from files that never change; their logs tell why a sweep was given up."""

import json

import pytest

from sweeps.errors import StorageError
from sweeps.execution.storage import Home
from sweeps.service.attempts import begin_attempt, known_at_starts, last_words


def test_each_start_is_a_fact_of_its_own(home: Home) -> None:
    files = home.sweep("small-01234567")
    assert known_at_starts(files) == []
    first, second = (begin_attempt(files, now_ms=1000 + known, known=known) for known in (0, 4))
    assert (first.number, second.number) == (1, 2)
    assert known_at_starts(files) == [0, 4]
    assert json.loads((files.attempts / "2.json").read_text()) == {"started_ms": 1004, "known": 4}
    assert second.log == files.attempts / "2.log"


def test_the_last_words_are_those_of_the_latest_process(home: Home) -> None:
    files = home.sweep("small-01234567")
    assert last_words(files) == ""
    for _ in range(10):
        attempt = begin_attempt(files, now_ms=0, known=0)
        attempt.log.write_bytes(b"".join(b"%d of %d\n" % (line, attempt.number) for line in range(20)) + b"\xff\n")
    assert last_words(files, 3) == "18 of 10\n19 of 10\n\ufffd"


def test_a_damaged_fact_is_refused_with_its_path(home: Home) -> None:
    files = home.sweep("small-01234567")
    begin_attempt(files, now_ms=0, known=0)
    (files.attempts / "1.json").write_text("{}")
    with pytest.raises(StorageError, match=r"1\.json must say how many results were `known`"):
        known_at_starts(files)
