"""Bodies that are no spec, written by hand: each stands for something that once went wrong somewhere."""

import json
from typing import Any

from tests.sweep_on_disk import RAW

__all__ = ["JSON", "SOUND", "YAML", "by_hand"]

JSON, YAML = "application/json", "application/yaml"

SOUND = json.dumps(RAW)

BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

HOSTILE: list[tuple[str, bytes]] = [
    (YAML, BOMB.encode()),
    (YAML, b"a: &a {b: *a}"),
    (YAML, b"!!python/object/apply:os.system ['touch /tmp/x']"),
    (YAML, b"!!python/name:os.system"),
    (YAML, b"name: !!binary gA=="),
    (YAML, b"<<: {name: x}"),
    (YAML, b"name: x\nname: y"),
    (YAML, b"? [a]\n: b"),
    (YAML, b"name: x\n---\nname: y"),
    (YAML, b"\t"),
    (YAML, b""),
    (YAML, b"\x00"),
    (YAML, b"\xff\xfe"),
    (YAML, b"{" * 5000),
    (YAML, b"- " * 20000),
    (YAML, b"seed: " + b"9" * 60000),
    (YAML, b"1:2:3:4"),
    (YAML, b"2001-01-01: x"),
    (JSON, b""),
    (JSON, b"[" * 50000),
    (JSON, b'{"a":' * 9000),
    (JSON, b"null"),
    (JSON, b'"name"'),
    (JSON, b"[1, 2]"),
    (JSON, b'{"name": "x", "name": "y"}'),
    (JSON, b'{"name": "\\ud800"}'),
    (JSON, b'{"\\udfff": 1}'),
    (JSON, SOUND[:-1].encode()),
    (JSON, SOUND.encode("utf-16")),
    (JSON, SOUND.replace('"small"', '"sm\x00all"').encode()),
    (JSON, b'{"seed": NaN}'),
    (JSON, b'{"seed": ' + b"9" * 5000 + b"}"),
    (JSON, b"x" * 65_537),
    (JSON, b" " * 1_048_577),
]

WRONG: list[dict[str, Any]] = [
    {"name": "../../etc/passwd"},
    {"name": "/etc/passwd"},
    {"name": ".."},
    {"name": "a/b"},
    {"name": "a~b"},
    {"name": "x" * 64},
    {"name": "x\n"},
    {"name": "x; rm -rf ~"},
    {"name": "$(reboot)"},
    {"name": "`id`"},
    {"name": "É"},
    {"name": "\u202egnp"},
    {"name": "é\u0301\u200d🏴"},
    {"name": "<script>alert(1)</script>"},
    {"name": "'; DROP TABLE experiments; --"},
    {"name": None},
    {"name": 1},
    {"model": "../beta_vae"},
    {"model": "__class__"},
    {"model": ["beta_vae"]},
    {"model": {"a": 1}},
    {"dataset": "/etc/passwd"},
    {"dataset": {"name": "digits", "path": "/etc"}},
    {"dataset": {"name": "digits", "limit": 10**400}},
    {"dataset": {"name": "digits", "limit": -1}},
    {"space": "../../secret"},
    {"space": {"beta": {"type": "log_uniform", "low": -1, "high": 1}}},
    {"space": {"beta": {"type": "uniform", "low": 1e308, "high": 1e309}}},
    {"space": {"beta": {"type": "uniform", "low": 2, "high": 1}}},
    {"space": {"beta": {"type": "choice", "values": list(range(101))}}},
    {"space": {f"h{number}": {"type": "uniform", "low": 0, "high": 1} for number in range(101)}},
    {"space": {"beta": {"type": "__import__('os').system('id')"}}},
    {"fixed": {"hidden": 10**9}},
    {"fixed": {"hidden": float("nan")}},
    {"fixed": {"__proto__": 1}},
    {"folds": 1},
    {"folds": 10**6},
    {"folds": True},
    {"folds": "10"},
    {"hyperband": {"max_epochs": 0}},
    {"hyperband": {"max_epochs": 10**100}},
    {"hyperband": {"max_epochs": float("inf")}},
    {"hyperband": {"max_epochs": 3, "eta": 1}},
    {"hyperband": []},
    {"seed": -1},
    {"seed": 2**63},
    {"seed": 1e400},
    {"resources": {"cpus": 10**9}},
    {"searcher": "eval"},
    {"notify": "http://169.254.169.254/"},
    {"": 1},
    {"x" * 10_000: "y" * 10_000},
]


def by_hand() -> list[tuple[str, bytes]]:
    """Return each body with its content type."""
    return [*HOSTILE, *((JSON, json.dumps({**RAW, **wrong}).encode()) for wrong in WRONG)]
