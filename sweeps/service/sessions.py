"""Browsers that are signed in: a signed cookie that names a token and an end. Nothing is stored about them.

The token is looked up at each request, so revoking it ends its sessions; removing the key's file ends them all.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from sweeps.service.secret_file import secret_of
from sweeps.service.tokens import Token, Tokens

__all__ = ["DAYS", "Sessions", "comes_from_own_page", "cookie_of", "set_cookie"]

DAYS = 14
"""How long a browser stays signed in."""

SESSION = re.compile(r"([0-9a-f]{12})\.([0-9]{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class Sessions:
    """The sessions of a service.

    Attributes:
        tokens: Whose they are.
        key_file: Holds what they are signed with.
        clock: Tells seconds since 1970.
    """

    tokens: Tokens
    key_file: Path
    clock: Callable[[], float] = time.time

    @classmethod
    def of(cls, tokens: Tokens) -> "Sessions":
        """Return the sessions of the service whose tokens these are; their key lies beside them."""
        return cls(tokens, tokens.folder.parent / "session-key")

    def begin(self, token: Token) -> str:
        """Return the text of a new session.

        Raises:
            StorageError: The key cannot be read or written.
        """
        ends = int(self.clock()) + DAYS * 86_400
        return f"{token.id}.{ends}.{self._signature(token.id, ends)}"

    def verify(self, text: str) -> Token | None:
        """Return the token of a session, or None if it is no session, is over, or its token is good no longer.

        Raises:
            StorageError: The key or the token's file is damaged.
        """
        match = SESSION.fullmatch(text)
        if match is None:
            return None
        token_id, ends = match[1], int(match[2])
        if not hmac.compare_digest(match[3], self._signature(token_id, ends)) or ends <= self.clock():
            return None
        return self.tokens.good(token_id)

    def _signature(self, token_id: str, ends: int) -> str:
        key = secret_of(self.key_file).encode()
        return hmac.new(key, f"session {token_id} {ends}".encode(), hashlib.sha256).hexdigest()


def cookie_of(scope: Scope) -> str:
    """Return what a request holds as its session, or an empty text."""
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return ""
    name = _name(scope)
    return cookies[name].value if name in cookies else ""


def set_cookie(answer: Response, scope: Scope, text: str) -> None:
    """Have a browser keep a session; an empty text has it forget the one it keeps."""
    origin = Headers(scope=scope).get("origin", "")
    answer.set_cookie(
        _name(scope),
        text,
        max_age=DAYS * 86_400 if text else 0,
        path="/",
        # A proxy may have taken the TLS away; the browser still tells where its page is.
        secure=scope["scheme"] == "https" or origin.startswith("https://"),
        httponly=True,
        samesite="lax",
    )


def comes_from_own_page(headers: Headers) -> bool:
    """Tell whether a browser says that a page of this service makes a request, not one of another site or port."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    # Browsers tell `Sec-Fetch-Site` only over TLS and on loopback.
    host = headers.get("host", "")
    return bool(host) and urlsplit(headers.get("origin", "")).netloc == host


def _name(scope: Scope) -> str:
    """Return the cookie's name: ports of one host share their cookies, so that each service needs its own."""
    server = scope.get("server")
    return f"sweeps-session-{server[1] if server else 0}"
