"""Torch without its compiler trains, and whoever compiles gets the compiler; each in a process that has not got it."""

import subprocess
import sys

import pytest

TRAIN = """
import sys
from sweeps.execution.late_compiler import stand_in_for_compiler

stand_in_for_compiler()
import pytorch_lightning
import torch

weight = torch.nn.Parameter(torch.ones(3))
optimizer = torch.optim.Adam([weight], lr=0.5, fused=True)
weight.grad = torch.ones(3)
optimizer.step()
assert [round(value, 4) for value in weight.tolist()] == [0.5] * 3, weight
assert not [name for name in sys.modules if name.startswith("torch._dynamo.")]
"""

COMPILE = """
doubled = torch.compile(lambda x: 2 * x, backend="eager")
assert doubled(torch.ones(3)).tolist() == [2.0] * 3
assert torch._dynamo is sys.modules["torch._dynamo"] and torch._dynamo.__file__
optimizer.step()
"""

PART = """
from torch._dynamo import config as part
assert part is torch._dynamo.config and part.recompile_limit > 0
"""

WHOLE_PART = """
import torch._dynamo.config
assert torch._dynamo.config is sys.modules["torch._dynamo.config"]
assert torch._dynamo.config.__spec__.origin == torch._dynamo.config.__file__
"""

ANOTHER = "import torch._inductor.config"


@pytest.mark.parametrize("then", [COMPILE, PART + COMPILE, WHOLE_PART + COMPILE, ANOTHER + COMPILE])
def test_training_imports_no_compiler_and_compiling_does(then: str) -> None:
    _run(TRAIN + then)


def test_a_compiler_that_is_there_stays() -> None:
    there = TRAIN.replace("assert not [name", "assert [name")
    _run(f"import torch._dynamo\nreal = torch._dynamo\n{there}assert torch._dynamo is real")


def _run(script: str) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)
