"""Specs that are sound but for what a test changes, and the faults that they are told."""

from typing import Any

import pytest

from sweeps.errors import Fault, SpecError
from sweeps.spec_checks import parse_spec

__all__ = ["BETA", "SOUND", "fault_of", "faults_of"]

SOUND: dict[str, Any] = {
    "name": "x",
    "model": "beta_vae",
    "dataset": "digits",
    "space": "beta_vae",
    "hyperband": {"max_epochs": 9},
}

BETA = {"type": "log_uniform", "low": 0.1, "high": 10}


def faults_of(**changes: Any) -> list[Fault]:
    with pytest.raises(SpecError) as caught:
        parse_spec({**SOUND, **changes})
    return caught.value.faults


def fault_of(**changes: Any) -> Fault:
    (fault,) = faults_of(**changes)
    return fault
