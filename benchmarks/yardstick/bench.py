"""What all yardsticks work with: the data, the folder of what is half done, the progress that people see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from models.datasets import Dataset, load_test, load_training

__all__ = ["Bench", "open_bench"]


@dataclass(frozen=True)
class Bench:
    """Where a yardstick is measured.

    Attributes:
        data: Folder of the datasets; None if there is none, which is enough for a quick run.
        work: Folder of checkpoints, from which a later run goes on.
        quick: Only see that everything runs, on digits and in seconds: the figures mean nothing then.
        progress: Shows the bars.
    """

    data: Path | None
    work: Path
    quick: bool
    progress: Progress

    @property
    def dataset(self) -> str:
        """MNIST, or digits in a quick run."""
        return "digits" if self.quick else "mnist"

    def training(self) -> Dataset:
        """Read the training part."""
        return load_training(self.dataset, folder=self.data)

    def test(self) -> Dataset:
        """Read the test part."""
        return load_test(self.dataset, folder=self.data)


@contextmanager
def open_bench(data: Path | None, work: Path, *, quick: bool) -> Iterator[Bench]:
    """Show progress on the standard error while the block runs. Side effect: makes the folder `work`."""
    work.mkdir(parents=True, exist_ok=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bench(data, work, quick, progress)
