"""Tokens: what is stored of them, whom they let in, and when no longer."""

import hashlib
import json
import re
import stat
from pathlib import Path

import pytest

from sweeps.errors import StorageError, SweepError
from sweeps.service.tokens import Role, Tokens


@pytest.fixture
def tokens(odd_path: Path) -> Tokens:
    return Tokens.of(odd_path / "home")


def everything_stored(tokens: Tokens) -> str:
    return "".join(path.read_text() for path in tokens.folder.parent.rglob("*") if path.is_file())


def test_a_token_is_let_in_by_its_text_alone(tokens: Tokens) -> None:
    token, text = tokens.create("ci", Role.SUBMIT, ["team-a"])
    other, other_text = tokens.create("ci", Role.READ)
    assert re.fullmatch(r"swp_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", text)
    assert tokens.verify(text) == token
    assert tokens.verify(other_text) == other
    secret = text.split("_", 2)[2]
    for wrong in (
        "",
        text[:-1],
        text + "A",
        text + "\n",
        text.upper(),
        f"swp_{other.id}_{secret}",
        f"swp_{'0' * 12}_{secret}",
        f"swp_../../{token.id}_{secret}",
        f"Bearer {text}",
        "é" * 60,
    ):
        assert tokens.verify(wrong) is None, wrong


def test_only_a_salted_hash_is_stored_and_only_the_owner_reads_it(tokens: Tokens) -> None:
    token, text = tokens.create("ci", Role.ADMIN)
    secret = text.split("_", 2)[2]
    assert secret not in everything_stored(tokens)
    path = tokens.folder / f"{token.id}.json"
    stored = json.loads(path.read_text())
    assert stored["sha256"] == hashlib.sha256((stored["salt"] + secret).encode()).hexdigest()
    for file in (path, tokens.folder.parent / "audit.log"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_equal_secrets_would_have_different_hashes(tokens: Tokens) -> None:
    salts = set()
    for _ in range(5):
        token, _ = tokens.create("ci", Role.READ)
        salts.add(json.loads((tokens.folder / f"{token.id}.json").read_text())["salt"])
    assert len(salts) == 5


def test_revoking_holds_at_once_for_everyone_and_twice_is_once(tokens: Tokens) -> None:
    token, text = tokens.create("ci", Role.READ)
    elsewhere = Tokens(tokens.folder)
    assert elsewhere.verify(text) is not None
    assert tokens.revoke(token.id).revoked
    assert elsewhere.verify(text) is None
    assert tokens.revoke(token.id).revoked
    assert [known.revoked for known in elsewhere.list()] == [True]
    lines = (tokens.folder.parent / "audit.log").read_text().splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["token created", "token revoked"]
    assert {json.loads(line)["token"]["id"] for line in lines} == {token.id}


def test_a_token_sees_the_projects_it_is_limited_to(tokens: Tokens) -> None:
    limited, _ = tokens.create("a", Role.READ, ["team-a", "default"])
    unlimited, _ = tokens.create("b", Role.READ)
    assert [limited.sees(project) for project in ("team-a", "default", "team-b", "")] == [True, True, False, False]
    assert unlimited.sees("team-b")


def test_each_role_covers_those_before_it() -> None:
    covered = {role: {needed for needed in Role if role.covers(needed)} for role in Role}
    assert covered[Role.READ] == {Role.READ}
    assert covered[Role.SUBMIT] == {Role.READ, Role.SUBMIT}
    assert covered[Role.ADMIN] == set(Role)


@pytest.mark.parametrize("name", ["", "a\nb", "/etc", "x" * 64, "name<script>"])
def test_a_name_that_cannot_be_one_is_refused(tokens: Tokens, name: str) -> None:
    with pytest.raises(SweepError, match="a token's name is"):
        tokens.create(name, Role.READ)
    assert not tokens.folder.exists()


@pytest.mark.parametrize("projects", [["Team"], ["../x"], ["-a"], [""], ["a" * 31], ["a\n"]])
def test_a_project_that_cannot_be_one_is_refused(tokens: Tokens, projects: list[str]) -> None:
    with pytest.raises(SweepError, match="a project is"):
        tokens.create("ci", Role.READ, projects)


def test_no_projects_at_all_are_refused_rather_than_taken_for_all(tokens: Tokens) -> None:
    with pytest.raises(SweepError, match="all or some"):
        tokens.create("ci", Role.READ, [])


def test_only_a_token_that_is_there_is_revoked(tokens: Tokens) -> None:
    token, _ = tokens.create("ci", Role.READ)
    with pytest.raises(SweepError, match=f"There are: {token.id}"):
        tokens.revoke("../../x")
    assert [path.name for path in tokens.folder.iterdir()] == [f"{token.id}.json"]


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", '{"name": "x", "role": "root"}'])
def test_a_damaged_file_lets_nobody_in_and_is_named_but_not_quoted(tokens: Tokens, content: str) -> None:
    token, text = tokens.create("ci", Role.READ)
    path = tokens.folder / f"{token.id}.json"
    path.write_text(content)
    with pytest.raises(StorageError) as caught:
        tokens.verify(text)
    assert str(path) in str(caught.value)
    assert text not in str(caught.value)
