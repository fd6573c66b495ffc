"""Links that sign in: once, in time, and for nobody who looks at the files."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sweeps.errors import StorageError
from sweeps.service.links import MINUTES, Links, link_to, page_of
from sweeps.service.tokens import Role, Token, Tokens
from tests.service.test_sessions import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def links(odd_path: Path, clock: Clock) -> Links:
    return Links(Tokens.of(odd_path), odd_path / "service" / "links", clock)


@pytest.fixture
def token(links: Links) -> Token:
    return links.tokens.create("ada", Role.ADMIN)[0]


def test_a_code_is_good_once(links: Links, token: Token) -> None:
    code = links.make(token)
    assert [links.use(code), links.use(code)] == [token, None]


def test_of_many_who_use_a_code_at_once_one_is_let_in(links: Links, token: Token) -> None:
    code = links.make(token)
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(links.use, [code] * 40))
    assert sorted(map(bool, used)) == [False] * 39 + [True]


def test_a_code_is_good_for_minutes_and_then_removed(links: Links, token: Token, clock: Clock) -> None:
    code, kept = links.make(token), links.make(token)
    clock.now += MINUTES * 60 - 1
    assert links.use(code) == token
    clock.now += 1
    links.make(token)
    assert len(list(links.folder.iterdir())) == 1
    assert links.use(kept) is None


def test_a_code_of_a_revoked_token_is_worthless(links: Links, token: Token) -> None:
    code = links.make(token)
    links.tokens.revoke(token.id)
    assert links.use(code) is None


@pytest.mark.parametrize("code", ["", "../../etc/passwd", "A" * 43, "A" * 10_000, "é" * 43])
def test_what_is_no_code_lets_nobody_in(links: Links, token: Token, code: str) -> None:
    links.make(token)
    assert links.use(code) is None
    assert len(list(links.folder.iterdir())) == 1


def test_the_files_hold_no_code_and_are_for_the_owner_alone(links: Links, token: Token) -> None:
    code = links.make(token)
    (path,) = links.folder.iterdir()
    assert code not in path.name + path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("{")
    with pytest.raises(StorageError, match="must hold a link"):
        links.use(code)


def test_a_browser_is_led_to_a_link_by_a_file_that_its_owner_alone_reads(odd_path: Path) -> None:
    path = page_of(link_to("http://127.0.0.1:8000", "abc"), odd_path)
    assert 'content="0; url=http://127.0.0.1:8000/login#code=abc"' in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_link_holds_its_code_where_browsers_keep_it_to_themselves() -> None:
    assert link_to("http://127.0.0.1:8000", "abc") == "http://127.0.0.1:8000/login#code=abc"
