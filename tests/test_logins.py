"""Which service is meant, with which token, and how both are kept."""

import json
import os
import stat
from pathlib import Path

import pytest

from sweeps.errors import StorageError, SweepError
from sweeps.logins import Logins, choose_server, choose_token, is_on_this_machine, server_address

A, B = "http://a:8000", "https://b/sweeps"


def token(letter: str) -> str:
    return f"swp_{'0' * 12}_{letter * 43}"


@pytest.fixture
def logins(odd_path: Path) -> Logins:
    return Logins.of_user({"XDG_CONFIG_HOME": str(odd_path)})


def test_logins_are_kept_for_their_owner_alone_the_latest_last(logins: Logins) -> None:
    assert logins.read() == {}
    before = os.umask(0)
    try:
        for server, letter in ((A, "a"), (B, "b"), (A, "c")):
            logins.keep(server, token(letter))
    finally:
        os.umask(before)
    assert list(logins.read().items()) == [(B, token("b")), (A, token("c"))]
    assert stat.S_IMODE(logins.path.stat().st_mode) == 0o600
    assert [logins.forget(A), logins.forget(A)] == [True, False]
    assert logins.read() == {B: token("b")}


def test_a_damaged_file_is_named_without_what_it_holds(logins: Logins) -> None:
    logins.keep(A, token("a"))
    for text in (f'["{token("a")}"]', f'{{"{A}": ["{token("a")}"]}}', f'{{"{A}": "{token("a")}'):
        logins.path.write_text(text)
        with pytest.raises(StorageError) as refused:
            logins.read()
        assert str(logins.path) in str(refused.value)
        assert token("a") not in str(refused.value)


def test_the_service_is_the_one_asked_for_then_of_the_environment_then_of_the_latest_login(logins: Logins) -> None:
    with pytest.raises(SweepError, match="`sweeps serve`, or log in with `sweeps login URL`"):
        choose_server(None, logins, {})
    logins.keep(B, token("b"))
    logins.keep(A, token("a"))
    assert choose_server(None, logins, {}) == A
    assert choose_server(None, logins, {"SWEEPS_SERVER": "http://c/"}) == "http://c"
    assert choose_server(B, logins, {"SWEEPS_SERVER": "http://c/"}) == B


def test_the_token_is_the_one_given_then_of_the_environment_then_of_this_services_login(logins: Logins) -> None:
    logins.keep(A, token("a"))
    assert choose_token(A, None, logins, {}) == token("a")
    assert choose_token(A, None, logins, {"SWEEPS_TOKEN": token("e")}) == token("e")
    assert choose_token(A, token("g"), logins, {"SWEEPS_TOKEN": token("e")}) == token("g")
    with pytest.raises(SweepError, match=f"{B} needs a token"):
        choose_token(B, None, logins, {})


@pytest.mark.parametrize("given", ["secret", "swp_a\nb", "swp_a b", "swp_ü", "Bearer swp_a"])
def test_what_is_no_token_is_refused_and_not_repeated(given: str, logins: Logins) -> None:
    with pytest.raises(SweepError, match="a token begins with swp_") as refused:
        choose_token(A, given, logins, {})
    assert given not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "address"),
    [("http://127.0.0.1:8000/", "http://127.0.0.1:8000"), ("https://X.org/a/", "https://x.org/a"), (B, B)],
)
def test_an_address_has_one_form(given: str, address: str) -> None:
    assert server_address(given) == server_address(address) == address


def test_what_stays_on_this_machine_is_known_by_its_host() -> None:
    here = ["http://127.0.0.1:8000", "https://localhost", "http://[::1]:8000/x"]
    assert all(map(is_on_this_machine, here))
    assert not any(map(is_on_this_machine, ["http://localhost.org", "https://127.0.0.1.org", "http://x/localhost"]))


@pytest.mark.parametrize(
    "given",
    ["", "127.0.0.1:8000", "ftp://x", "http://", "http://me:secret@x", "http://x?t=secret", "http://x#secret",
     "http://x:99999", "http://[x", "http://x/\nsecret"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(SweepError, match="a service's address reads as") as refused:
        server_address(given)
    assert "secret" not in str(refused.value)


def test_the_file_is_in_the_folder_for_settings_of_this_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Logins.of_user({}).path == tmp_path / ".config" / "sweeps" / "logins.json"
    Logins.of_user({}).keep(A, token("a"))
    assert json.loads((tmp_path / ".config" / "sweeps" / "logins.json").read_text()) == {A: token("a")}
