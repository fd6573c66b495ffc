"""Addresses of receivers: one form, and nothing in it that parsers disagree about."""

import pytest

from sweeps.spec_checks import parse_spec
from sweeps.web_address import WebAddress
from tests.faulty_specs import SOUND, fault_of, faults_of


@pytest.mark.parametrize(
    ("text", "host", "port", "target", "written"),
    [
        ("https://hooks.example.org", "hooks.example.org", 443, "/", "https://hooks.example.org/"),
        ("HTTPS://Hooks.Example.ORG:443/A?b=C", "hooks.example.org", 443, "/A?b=C", "https://hooks.example.org/A?b=C"),
        ("https://x.org:8443/a/%2e", "x.org", 8443, "/a/%2e", "https://x.org:8443/a/%2e"),
        ("http://127.0.0.1:9000/", "127.0.0.1", 9000, "/", "http://127.0.0.1:9000/"),
        ("http://localhost/hook", "localhost", 80, "/hook", "http://localhost/hook"),
        ("http://[::1]:81/", "::1", 81, "/", "http://[::1]:81/"),
        ("https://[2001:db8::1]/x", "2001:db8::1", 443, "/x", "https://[2001:db8::1]/x"),
    ],
)
def test_an_address_is_read_and_written(text: str, host: str, port: int, target: str, written: str) -> None:
    address = WebAddress.parse(text)
    assert (address.host, address.port, address.target, str(address)) == (host, port, target, written)
    assert WebAddress.parse(written) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.org",
        "ftp://x.org/",
        "file:///etc/passwd",
        "http://x.org/",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "https://user:word@x.org/",
        "https://x.org@127.0.0.1/",
        "https://x.org#@127.0.0.1/",
        "https://x.org\\@127.0.0.1/",
        "https://x.org/#a",
        "https://x.org/a b",
        "https://x.org/\r\nHost: y",
        "https://x.org/a\n",
        "https://x.org:0/",
        "https://x.org:65536/",
        "https://x.org:/",
        "https://[::g]/",
        "https://[1:2]/",
        "https://é.org/",
        "https://x.org/é",
        "https://-x.org/",
        "https://x..",
        "https:///x",
        "//x.org/",
        "https://x.org/" + "a" * 500,
        " https://x.org/",
    ],
)
def test_what_could_be_read_two_ways_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=", but got "):
        WebAddress.parse(text)


def test_whom_a_sweep_tells_is_no_part_of_what_it_is() -> None:
    plain = parse_spec(SOUND)
    telling = parse_spec({**SOUND, "notify": ["https://hooks.example.org/secret"]})
    assert telling.notify == ["https://hooks.example.org/secret"]
    assert (telling.sweep_id, telling.canonical()) == (plain.sweep_id, plain.canonical())


def test_the_faults_of_all_addresses_are_told_with_those_of_the_rest() -> None:
    faults = faults_of(notify=["http://x.org/", "https://x.org/", "gopher://"], folds=1)
    assert [fault.path for fault in faults] == ["folds", "notify.0", "notify.2"]
    assert (faults[1].rule, faults[1].value) == (
        "an address is https, or http on this machine itself",
        "'http://x.org/'",
    )
    assert "hooks.example.org" in faults[1].remedy
    assert fault_of(notify="https://x.org/").path == "notify"
    assert fault_of(notify=["https://x.org/"] * 11).path == "notify"
    assert fault_of(notify=[1]).path == "notify.0"
