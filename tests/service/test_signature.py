"""Signatures by Standard Webhooks: its reference vector, several keys, and a file that only its owner reads."""

import base64
from pathlib import Path

import pytest

from sweeps.errors import StorageError, SweepError
from sweeps.service.signature import read_secrets, sign
from tests.service.receiver import documented_verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


def test_the_reference_vector_of_standard_webhooks() -> None:
    assert sign([key_of(SECRET)], ID, TIMESTAMP, BODY) == SIGNATURE


def test_a_message_is_signed_with_every_key() -> None:
    both = sign([b"x" * 32, key_of(SECRET)], ID, TIMESTAMP, BODY).split(" ")
    assert both[1] == SIGNATURE
    assert both[0] != SIGNATURE


def test_the_documented_receiver_takes_what_is_ours_and_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = documented_verify()
    monkeypatch.setattr("time.time", lambda: TIMESTAMP + 299.0)
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": sign([b"x" * 32, key_of(SECRET)], ID, TIMESTAMP, BODY),
    }
    assert verify(SECRET, headers, BODY)
    assert not verify(SECRET, headers, BODY + b" ")
    assert not verify(SECRET, {**headers, "webhook-id": "msg_other"}, BODY)
    assert not verify(SECRET, {**headers, "webhook-timestamp": str(TIMESTAMP + 1)}, BODY)
    assert not verify("whsec_" + base64.b64encode(b"y" * 32).decode(), headers, BODY)
    monkeypatch.setattr("time.time", lambda: TIMESTAMP + 301.0)
    assert not verify(SECRET, headers, BODY)


def test_a_secret_is_made_once_for_its_owner_alone(odd_path: Path) -> None:
    path = odd_path / "service" / "notify-secret"
    (key,) = read_secrets(path, make=True)
    assert len(key) == 32
    assert path.stat().st_mode & 0o077 == 0
    assert path.read_text().startswith("whsec_")
    assert read_secrets(path, make=True) == (key,)
    path.write_text(path.read_text() + SECRET + "\n")
    assert read_secrets(path, make=False) == (key, key_of(SECRET))


@pytest.mark.parametrize("text", ["", "\n", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", f"{SECRET}\nother"])
def test_a_file_without_sound_secrets_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets"
    path.write_text(text)
    with pytest.raises(SweepError, match="must hold secrets as whsec_") as refused:
        read_secrets(path, make=False)
    assert SECRET[6:] not in str(refused.value)


def test_a_file_of_secrets_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must be a readable file of secrets"):
        read_secrets(tmp_path / "none", make=False)
    assert not (tmp_path / "none").exists()
