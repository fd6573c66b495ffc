"""Modules that stand in for others: found while they are wanted, gone afterwards, and never beside a real one."""

import sys
from importlib import import_module

import pytest

from sweeps.execution.stand_ins import standing_in

NAME, OTHER = "no_such_package", "no_such_package.part"


def test_what_stands_in_has_the_names_that_are_looked_for_and_is_gone_afterwards() -> None:
    with standing_in({NAME: {"Frame": object}, OTHER: {}}):
        assert import_module(NAME).Frame is object
        import_module(OTHER)
    assert not {NAME, OTHER} & sys.modules.keys()
    with pytest.raises(ModuleNotFoundError):
        import_module(NAME)


def test_it_is_gone_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), standing_in({NAME: {}}):
        raise ZeroDivisionError
    assert NAME not in sys.modules


def test_nothing_stands_in_beside_a_module_that_is_there() -> None:
    real = sys.modules["json"]
    with standing_in({NAME: {}, "json": {}}):
        assert NAME not in sys.modules
        assert import_module("json") is real
    assert sys.modules["json"] is real
