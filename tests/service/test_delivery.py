"""One message on its way: signed, to the very address that was checked, and nowhere else."""

import asyncio
import base64
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sweeps.service.delivery import Poster, UndeliveredError, resolve
from sweeps.service.notices import Notice
from sweeps.service.notify_settings import AllowedHost, IPAddress, NotifySettings
from sweeps.web_address import WebAddress
from tests.service.receiver import Receiver, documented_verify, receive

KEY = b"k" * 32

NOTICE = Notice(1, "msg_0123", dt.datetime.now(dt.UTC), ("running", ""), b'{"id": "msg_0123", "type": "sweep.running"}')


def poster(*hosts: str) -> Poster:
    return Poster(NotifySettings(hosts=tuple(map(AllowedHost.parse, hosts))), (KEY,))


def post(sender: Poster, address: str) -> int:
    return asyncio.run(sender.post(NOTICE, WebAddress.parse(address)))


def leading_to(*places: str) -> "type[Lookup]":
    """Return a look-up that always answers so."""
    return type("Always", (Lookup,), {"places": places})


class Lookup:
    """A look-up of names that counts how often it is asked."""

    places: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[IPAddress]:
        self.asked.append((host, port))
        return [ipaddress.ip_address(place) for place in self.places]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receive() as receiver:
        yield receiver


def test_a_message_arrives_as_it_was_noted_with_headers_that_verify(receiver: Receiver) -> None:
    assert post(poster(receiver.host), receiver.address("/hook?a=%2e&b")) == 204
    (message,) = receiver.messages
    assert (message.path, message.body) == ("/hook?a=%2e&b", NOTICE.body)
    headers = {name.lower(): value for name, value in message.headers.items()}
    assert headers["webhook-id"] == NOTICE.id
    assert headers["host"] == receiver.host
    assert headers["content-type"] == "application/json"
    secret = "whsec_" + base64.b64encode(KEY).decode()
    assert documented_verify()(secret, headers, message.body)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 500, 503])
def test_any_other_answer_is_none_and_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    receiver.statuses = [status]
    with pytest.raises(UndeliveredError, match=f"it answered {status}"):
        post(poster(receiver.host), receiver.address())
    assert receiver.messages == []


def test_a_receiver_that_is_gone_is_told_no_more(receiver: Receiver) -> None:
    receiver.statuses = [410]
    assert post(poster(receiver.host), receiver.address()) == 410


def test_a_host_that_is_not_allowed_any_more_hears_nothing(receiver: Receiver) -> None:
    with pytest.raises(UndeliveredError, match="not allowed any more"):
        post(poster("hooks.example.org"), receiver.address())
    assert receiver.messages == []


@pytest.mark.parametrize("places", [["127.0.0.1"], ["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], []])
def test_a_name_that_leads_inside_is_not_followed(receiver: Receiver, places: list[str]) -> None:
    lookup = leading_to(*places)()
    sender = replace(poster(f"hooks.example.org:{receiver.port}"), resolve=lookup)
    with pytest.raises(UndeliveredError, match="not public"):
        post(sender, f"https://hooks.example.org:{receiver.port}/")
    assert lookup.asked == [("hooks.example.org", receiver.port)]
    assert receiver.messages == []


def test_proxies_of_the_environment_are_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert post(poster(receiver.host), receiver.address()) == 204


def test_what_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UndeliveredError, match=r"no answer within 0\.2 seconds"):
            post(replace(poster(host), deadline_seconds=0.2), f"http://{host}/")
    with pytest.raises(UndeliveredError, match="cannot be reached"):
        post(poster(host), f"http://{host}/")


def test_a_drip_of_headers_does_not_outlast_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:
        ended = threading.Event()
        thread = threading.Thread(target=_drip, args=(slow, ended))
        thread.start()
        host = f"127.0.0.1:{slow.getsockname()[1]}"
        try:
            with pytest.raises(UndeliveredError, match="no answer within"):
                post(replace(poster(host), deadline_seconds=0.3), f"http://{host}/")
        finally:
            ended.set()
            thread.join()


def _drip(listening: socket.socket, ended: threading.Event) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not ended.wait(0.05):
            try:
                connection.sendall(b"x: y\r\n")
            except OSError:
                return


def test_names_are_looked_up() -> None:
    found = asyncio.run(resolve("localhost", 80))
    assert found
    assert all(address.is_loopback for address in found)
    with pytest.raises(UndeliveredError, match="cannot be looked up"):
        post(poster("none.invalid"), "https://none.invalid/")


@contextmanager
def speaking_tls(folder: Path, name: str) -> Iterator[tuple[Receiver, ssl.SSLContext]]:
    """Receive over TLS with a certificate of a name, and yield what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    with receive(context) as receiver:
        yield receiver, ssl.create_default_context(cafile=str(folder / "certificate"))


def test_the_certificate_must_be_that_of_the_name_at_the_place_that_was_checked(tmp_path: Path) -> None:
    with speaking_tls(tmp_path, "hooks.example.org") as (receiver, trust):
        lookup = leading_to("127.0.0.1")()
        place = f":{receiver.port}=127.0.0.0/8"
        sender = replace(poster(f"hooks.example.org{place}", f"other.example.org{place}"), resolve=lookup, trust=trust)
        assert post(sender, f"https://hooks.example.org:{receiver.port}/hook") == 204
        assert lookup.asked == [("hooks.example.org", receiver.port)]  # once: there is no second look-up to lie to
        headers = {name.lower(): value for name, value in receiver.messages[0].headers.items()}
        assert headers["host"] == f"hooks.example.org:{receiver.port}"
        for address, trusted in (("other", trust), ("hooks", None)):
            with pytest.raises(UndeliveredError, match="its certificate is not good"):
                post(replace(sender, trust=trusted), f"https://{address}.example.org:{receiver.port}/hook")
        assert len(receiver.messages) == 1
