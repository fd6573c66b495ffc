"""Sessions: who holds one, for how long, and what nobody can make up."""

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from sweeps.service.sessions import DAYS, Sessions, comes_from_own_page
from sweeps.service.tokens import Role, Tokens


class Clock:
    """Stands still until a test moves it."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(odd_path: Path, clock: Clock) -> Sessions:
    return Sessions(Tokens.of(odd_path), odd_path / "service" / "session-key", clock)


def test_a_session_is_its_tokens_until_it_is_over(sessions: Sessions, clock: Clock) -> None:
    token, _ = sessions.tokens.create("ada", Role.READ, ["team-a"])
    text = sessions.begin(token)
    assert sessions.verify(text) == token
    clock.now += DAYS * 86_400 - 1
    assert sessions.verify(text) == token
    clock.now += 1
    assert sessions.verify(text) is None


def test_revoking_a_token_ends_its_sessions_and_no_others(sessions: Sessions) -> None:
    (one, _), (two, _) = (sessions.tokens.create(name, Role.READ) for name in ("one", "two"))
    of_one, of_two = sessions.begin(one), sessions.begin(two)
    sessions.tokens.revoke(one.id)
    assert (sessions.verify(of_one), sessions.verify(of_two)) == (None, two)


def test_removing_the_key_ends_every_session(sessions: Sessions) -> None:
    token, _ = sessions.tokens.create("ada", Role.READ)
    text = sessions.begin(token)
    sessions.key_file.unlink()
    assert sessions.verify(text) is None
    assert sessions.verify(sessions.begin(token)) == token


def test_nobody_makes_up_a_session(sessions: Sessions, clock: Clock) -> None:
    (mine, secret), (other, _) = (sessions.tokens.create(name, Role.ADMIN) for name in ("mine", "other"))
    token_id, ends, signature = sessions.begin(mine).split(".")
    assert sessions.verify(f"{token_id}.{ends}.{signature}") == mine
    later = str(int(ends) + 1)
    wrong = [f"{other.id}.{ends}.{signature}", f"{token_id}.{later}.{signature}", f"{token_id}.{ends}.{'0' * 64}"]
    wrong += [
        secret,
        "",
        ".".join((token_id, ends)),
        f"../{token_id}.{ends}.{signature}",
        f" {token_id}.{ends}.{signature}",
    ]
    assert [sessions.verify(text) for text in wrong] == [None] * len(wrong)


def test_the_key_is_for_its_owner_alone(sessions: Sessions) -> None:
    token, _ = sessions.tokens.create("ada", Role.READ)
    text = sessions.begin(token)
    assert sessions.key_file.stat().st_mode & 0o077 == 0
    assert sessions.key_file.read_text() not in text


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin", "host": "a:1"}, True),
        ({"sec-fetch-site": "same-site", "host": "a:1", "origin": "http://a:1"}, False),
        ({"sec-fetch-site": "cross-site", "host": "a:1"}, False),
        ({"sec-fetch-site": "none", "host": "a:1"}, False),
        ({"host": "a:1", "origin": "http://a:1"}, True),
        ({"host": "a:1", "origin": "https://a:1"}, True),
        ({"host": "a:1", "origin": "http://a:2"}, False),
        ({"host": "a:1", "origin": "http://a:1.evil.example"}, False),
        ({"host": "a:1", "origin": "null"}, False),
        ({"host": "a:1"}, False),
        ({"host": "", "origin": ""}, False),
        ({}, False),
    ],
)
def test_a_page_is_the_services_own_if_the_browser_says_so(headers: dict[str, str], is_own: bool) -> None:
    assert comes_from_own_page(Headers(headers)) is is_own
