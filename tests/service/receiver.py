"""A receiver of messages on loopback, as a user might write one: it keeps what came and answers as a test wants."""

import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

__all__ = ["Message", "Receiver", "documented_verify", "receive"]

WEBHOOKS = Path(__file__).parents[2] / "docs" / "webhooks.md"


@dataclass(frozen=True)
class Message:
    """What came in one request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The body as data."""
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers 204 to each request, unless other statuses wait to be given, or it is to hang.

    Attributes:
        port: Where it listens on 127.0.0.1.
        statuses: Given first, each once.
        messages: What came and was taken.
        asked: How many requests came.
        answers: While it is cleared, no request is answered.
    """

    port: int
    statuses: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    asked: int = 0
    answers: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        """Answer, until a test has it wait."""
        self.answers.set()

    @property
    def host(self) -> str:
        """The host as it is allowed."""
        return f"127.0.0.1:{self.port}"

    def address(self, path: str = "/hook") -> str:
        """Return an address of this receiver."""
        return f"http://{self.host}{path}"

    def states(self) -> list[str]:
        """Return the states that were told and taken, in the order in which they came."""
        return [message.told["data"]["state"] for message in self.messages]


@contextmanager
def receive(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a free port while the block runs, over TLS if a certificate is given."""
    server = _Server(("127.0.0.1", 0), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1])
    server.receiver = receiver  # type: ignore[attr-defined]  # the handler's only way to it
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: who does not trust the certificate hangs up."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Keep the message if it is taken."""
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["content-length"]))
        receiver.asked += 1
        receiver.answers.wait(60)
        status = receiver.statuses.pop(0) if receiver.statuses else 204
        if status < 300:
            receiver.messages.append(Message(self.path, dict(self.headers.items()), body))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", receiver.address("/elsewhere"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def documented_verify() -> Callable[..., bool]:
    """Return `verify` as the documentation shows it to whoever receives messages."""
    (block,) = re.findall(r"```python\n(.*?)```", WEBHOOKS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(block, names)
    verify: Callable[..., bool] = names["verify"]
    return verify
