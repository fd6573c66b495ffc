"""Hold the models against the literature, on MNIST.

    python -m benchmarks.yardsticks vae --data "$SWEEPS_DATA" --work yardsticks
    python -m benchmarks.yardsticks cat_vae --json

Each yardstick trains with the project's own means, measures on the test part, and prints what was measured beside the
limit; the status is 1 if one is missed. They take from minutes to hours of one core: with `--work` a run that was
stopped goes on from its last epoch. What they gave is in docs/yardsticks.md.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.yardstick.bench import Bench, open_bench
from benchmarks.yardstick.codes import infogan, semi_supervised
from benchmarks.yardstick.disentanglement import disentanglement
from benchmarks.yardstick.likelihoods import cat_vae, vae, vae_long
from benchmarks.yardstick.report import Report, as_json, as_text

__all__ = ["YARDSTICKS", "main"]

YARDSTICKS: dict[str, Callable[[Bench], Report]] = {
    "vae": vae,
    "vae_long": vae_long,
    "cat_vae": cat_vae,
    "infogan": infogan,
    "semi_supervised": semi_supervised,
    "disentanglement": disentanglement,
}
"""What there is to measure, by name."""


def main() -> None:
    """Measure one yardstick in one thread and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("yardstick", choices=YARDSTICKS)
    parser.add_argument("--data", type=Path, help="where mnist/ lies with its IDX files (default: $SWEEPS_DATA)")
    parser.add_argument("--work", type=Path, help="where checkpoints are kept for a later run (default: nowhere)")
    parser.add_argument("--quick", action="store_true", help="only see that it runs, on digits; no limits")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it tells of every epoch that it begins
    data = arguments.data or (Path(os.environ["SWEEPS_DATA"]) if "SWEEPS_DATA" in os.environ else None)
    begun = time.monotonic()
    with (
        TemporaryDirectory() as nowhere,
        open_bench(data, arguments.work or Path(nowhere), quick=arguments.quick) as bench,
    ):
        report = YARDSTICKS[arguments.yardstick](bench)
    tell = as_json if arguments.json else as_text
    print(tell(arguments.yardstick, report, time.monotonic() - begun))
    sys.exit(report.missed)


if __name__ == "__main__":
    main()
