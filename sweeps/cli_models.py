"""The commands about trained models: `sweeps train` and `sweeps sample`; `add_commands` puts them on the command line.

Imports no torch before a command needs it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sweeps.cli_answers import JsonOption, errors_told, tell, write_output
from sweeps.cli_command import command
from sweeps.settings import Settings
from sweeps.spec import Device
from sweeps.vary import Variation

if TYPE_CHECKING:
    from sweeps.final_training import Epoch, TrainingReport
    from sweeps.sampling import Samples

__all__ = ["add_commands"]

MOST_SAMPLES = 100_000

BestPath = Annotated[Path, typer.Argument(metavar="BEST", help="A file that `sweeps export` wrote.")]
ModelPath = Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `sweeps train` wrote.")]
FolderOption = Annotated[
    Path, typer.Option("-o", "--output", help="A new folder for the model, or one in which this training was begun.")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Of torch; the last bits depend on it.")]
DeviceOption = Annotated[
    Device | None, typer.Option("--device", help="Where to train. [the kind that the sweep was run on]")
]
SamplesOption = Annotated[Path, typer.Option("-o", "--output", help="A picture (.png) or arrays (.npz, .safetensors).")]
CountOption = Annotated[
    int, typer.Option("-n", "--count", min=1, max=MOST_SAMPLES, help="How many; with --vary, in whole rows.")
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="The same seed, the same samples.")]
VaryOption = Annotated[
    str | None, typer.Option("--vary", help="A code that changes from column to column, like code=0..9 or z3=-3..3.")
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to a command line."""
    app.command(epilog="Example: sweeps train best.yaml -o model/")(train)
    app.command(epilog="Example: sweeps sample model/ -n 100 -o grid.png --vary code=0..9")(sample)


def train(
    best: BestPath,
    output: FolderOption,
    threads: ThreadsOption = 1,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the champion on the whole training part, or go on where that was broken off."""
    with errors_told(as_json):
        from sweeps.final_training import train_champion  # seconds of imports
        from sweeps.record.export import read_best

        config = read_best(best)
        with _progress_bar(config.model) as watch:
            data = Settings.read().data
            report = train_champion(config, output, data=data, threads=threads, watch=watch, device=device)
        tell(report.as_json(), as_json, lambda console: _show_training(console, report))


def sample(
    model: ModelPath,
    output: SamplesOption,
    count: CountOption = 64,
    seed: SeedOption = 0,
    vary: VaryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw images from a trained model, or a grid of what one of its codes does."""
    with errors_told(as_json):
        variation = None if vary is None else Variation.parse(vary)
        from sweeps.sampling import draw, encoding, load_trained  # seconds of imports

        encode = encoding(output)
        samples = draw(load_trained(model), count, seed=seed, vary=variation)
        write_output(output, encode(samples))
        tell(_samples_json(samples, output), as_json, lambda console: _show_samples(console, samples, output))


@contextmanager
def _progress_bar(model: str) -> Iterator[Callable[["Epoch"], None]]:
    """Show a bar on standard error, and yield what moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"))
    times = (TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[terms]}"))
    with Progress(*columns, *times, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"training {model}", total=None, terms="")

        def watch(epoch: "Epoch") -> None:
            losses = "  ".join(f"{name[-1]} {epoch.terms[name]:.4g}" for name in ("loss/L", "loss/J") if epoch.terms)
            if bar.tasks[0].total is None:  # what an earlier run did tells nothing of this one's speed
                bar.reset(task, total=epoch.epochs, completed=epoch.trained)
            bar.update(task, completed=epoch.trained + epoch.part, terms=losses)

        yield watch


def _show_training(console: Console, report: "TrainingReport") -> None:
    _say(console, f"{report.folder} holds the trained {report.config.model}.")
    if report.restored:
        _say(console, f"Epochs that had been trained before: {report.restored}.")
    for name, value in report.config.training["terms"].items():
        _say(console, f"  {name:<24}{value:.6g}")
    _say(console, f"It can be sampled by: {command('sample', str(report.folder), '-n', '64', '-o', 'grid.png')}")


def _samples_json(samples: "Samples", output: Path) -> dict[str, Any]:
    rows = -(-len(samples.images) // samples.columns)
    return {"output": str(output), "images": len(samples.images), "rows": rows, "columns": samples.columns}


def _show_samples(console: Console, samples: "Samples", output: Path) -> None:
    _say(console, f"{output} holds {len(samples.images)} images.")


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
