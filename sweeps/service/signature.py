"""How receivers know that a message is ours and fresh: HMAC-SHA-256 over id, time and body, by Standard Webhooks.

A file holds the secrets, one a line, each as `whsec_` and base64. A message is signed with each of them, so that one
can be changed while receivers still know the old one.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from sweeps.errors import StorageError, SweepError
from sweeps.execution.storage import write_once

__all__ = ["read_secrets", "sign"]

PREFIX = "whsec_"

FEWEST_BYTES = 24

OWNER_ONLY = 0o600


def sign(keys: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` of a message.

    Args:
        keys: To sign with, each.
        message_id: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, in seconds since 1970.
        body: As it is sent, to the byte.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys)


def read_secrets(path: Path, *, make: bool) -> tuple[bytes, ...]:
    """Return the keys that a file holds.

    Args:
        path: The file.
        make: Whether to write one with a new secret, for its owner alone, if there is none.

    Raises:
        SweepError: The file holds no secrets; the text does not quote it.
        StorageError: It cannot be read or written.
    """
    if make and not path.exists():
        secret = f"{PREFIX}{base64.b64encode(secrets.token_bytes(32)).decode()}\n"
        write_once(path, secret.encode(), mode=OWNER_ONLY)
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} must be a readable file of secrets, but it is not. Mend the file.") from error
    keys = tuple(map(_key, lines))
    if not keys or any(len(key) < FEWEST_BYTES for key in keys):
        rule = f"must hold secrets as {PREFIX}… with base64 of at least {FEWEST_BYTES} bytes, one a line"
        raise SweepError(
            f"{path} {rule}, but does not. Write one, or unset $SWEEPS_NOTIFY_SECRET_FILE to have one made."
        )
    return keys


def _key(line: str) -> bytes:
    """Return the key of a line; no bytes if it holds none."""
    try:
        return base64.b64decode(line.removeprefix(PREFIX), validate=True) if line.startswith(PREFIX) else b""
    except binascii.Error:
        return b""
