"""What the operator allows: exact hosts, public addresses, and inner ones only where they are meant."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from sweeps.errors import Fault, SweepError
from sweeps.service.notify_settings import AllowedHost, NotifySettings
from sweeps.web_address import WebAddress

HOSTS = "hooks.example.org, inner.example.org:8443=10.1.0.0/16 127.0.0.1:9000,[::1]:9000,localhost:9001"

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1"]

NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
]


@pytest.fixture
def settings() -> NotifySettings:
    return NotifySettings.read({"SWEEPS_NOTIFY_HOSTS": HOSTS})


def test_nobody_is_told_and_no_host_allowed_unless_it_is_set() -> None:
    assert NotifySettings.read({}) == NotifySettings() == NotifySettings.read({"SWEEPS_NOTIFY": ""})
    (fault,) = NotifySettings().faults(["https://hooks.example.org/x"])
    assert fault.rule == "a host must be allowed where the service runs (none)"


def test_addresses_and_the_file_of_secrets_are_read() -> None:
    address = "https://hooks.example.org/all"
    read = NotifySettings.read(
        {"SWEEPS_NOTIFY_HOSTS": HOSTS, "SWEEPS_NOTIFY": address, "SWEEPS_NOTIFY_SECRET_FILE": "/run/secret"}
    )
    assert read.addresses == (WebAddress.parse(address),)
    assert read.secret_file == Path("/run/secret")
    assert len(read.hosts) == 5


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("https://hooks.example.org/a?b", True),
        ("https://hooks.example.org:443/", True),
        ("https://hooks.example.org:444/", False),
        ("https://a.hooks.example.org/", False),
        ("https://example.org/", False),
        ("https://hooks.example.org.evil.com/", False),
        ("https://inner.example.org/", False),
        ("https://inner.example.org:8443/", True),
        ("http://127.0.0.1:9000/", True),
        ("http://127.0.0.1/", False),
        ("http://127.0.0.2:9000/", False),
        ("http://[::1]:9000/", True),
        ("http://localhost:9000/", False),
    ],
)
def test_a_host_is_allowed_exactly(settings: NotifySettings, address: str, is_allowed: bool) -> None:
    assert (settings.allowed(WebAddress.parse(address)) is not None) == is_allowed
    assert (settings.faults([address]) == []) == is_allowed


def test_every_address_that_is_not_allowed_is_a_fault(settings: NotifySettings) -> None:
    faults = settings.faults(["https://x.org/secret", "https://hooks.example.org/", "http://127.0.0.1:1/"])
    known = "127.0.0.1, ::1, hooks.example.org, inner.example.org, localhost"
    assert faults == [
        Fault(
            path,
            f"a host must be allowed where the service runs ({known})",
            value,
            "Leave it out, or have it added to $SWEEPS_NOTIFY_HOSTS there.",
        )
        for path, value in (("notify.0", "x.org"), ("notify.2", "127.0.0.1:1"))
    ]


def test_a_name_may_lead_to_public_addresses_only() -> None:
    host = AllowedHost.parse("hooks.example.org")
    assert [text for text in PUBLIC if not host.permits(ip_address(text))] == []
    assert [text for text in NOT_PUBLIC if host.permits(ip_address(text))] == []


def test_an_inner_address_is_permitted_where_it_is_meant() -> None:
    inner = AllowedHost.parse("inner.example.org:8443=10.1.0.0/16")
    assert [text for text in (*PUBLIC, *NOT_PUBLIC) if inner.permits(ip_address(text))] == ["10.1.2.3"]
    itself = AllowedHost.parse("10.1.2.3")
    assert [text for text in (*PUBLIC, *NOT_PUBLIC) if itself.permits(ip_address(text))] == ["10.1.2.3"]
    local = AllowedHost.parse("localhost:9000")
    assert [text for text in (*PUBLIC, *NOT_PUBLIC) if local.permits(ip_address(text))] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SWEEPS_NOTIFY_HOSTS", "*.example.org"),
        ("SWEEPS_NOTIFY_HOSTS", "https://example.org"),
        ("SWEEPS_NOTIFY_HOSTS", "example.org/path"),
        ("SWEEPS_NOTIFY_HOSTS", "example.org:99999"),
        ("SWEEPS_NOTIFY_HOSTS", "example.org=private"),
        ("SWEEPS_NOTIFY_HOSTS", "user@example.org"),
        ("SWEEPS_NOTIFY", "example.org"),
        ("SWEEPS_NOTIFY", "https://not-allowed.example.org/"),
    ],
)
def test_settings_that_cannot_be_meant_name_their_variable(variable: str, value: str) -> None:
    with pytest.raises(SweepError, match=rf"\${variable}"):
        NotifySettings.read({variable: value})
