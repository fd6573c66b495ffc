"""What is seen while a sweep runs: brackets and rungs filling, the best so far, workers busy, time left."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sweeps.progress import Progress, RungProgress

__all__ = ["follow", "line", "picture"]

BAR = 24
"""Width of a rung's bar, in characters."""


@contextmanager
def follow(console: Console, objective: str) -> Iterator[Callable[[Progress], None]]:
    """Show progress while the block runs: a live picture in a terminal, a line for each evaluation elsewhere."""
    begun = time.monotonic()
    if not console.is_terminal:
        yield _lines(console, objective, begun)
        return
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        latest: list[Progress] = []

        def show(progress: Progress) -> None:
            latest[:] = [progress]

        live.get_renderable = lambda: (  # type: ignore[method-assign]  # drawn anew at each refresh: the clock runs on
            picture(latest[0], objective, time.monotonic() - begun) if latest else Text("Starting …")
        )
        yield show


def picture(progress: Progress, objective: str, seconds: float) -> RenderableType:
    """Return the sweep as a table: a row a bracket, a bar a rung."""
    table = Table(title=f"sweep {progress.sweep_id}", title_justify="left", box=None, pad_edge=False)
    table.add_column("bracket", justify="right")
    for rung in range(max(len(rungs) for rungs in progress.brackets)):
        table.add_column(f"rung {rung}")
    for number, rungs in enumerate(progress.brackets):
        table.add_row(str(number), *(_bar(rung) for rung in rungs))
    summary = Text.assemble(
        ("best so far  ", "bold"), _best(progress, objective), "\n",
        ("evaluations  ", "bold"), _counts(progress), "\n",
        *_row("state", progress.state),
        *_row("workers", f"{progress.busy} of {progress.workers} busy" if progress.workers else ""),
        ("time         ", "bold"), ", ".join(filter(None, [f"{_clock(seconds)} gone", _time_left(progress)])),
    )  # fmt: skip
    trouble = Text(f"record behind: {progress.trouble}", style="yellow") if progress.trouble else Text("")
    return Group(table, Text(""), summary, trouble)


def line(progress: Progress, objective: str, seconds: float) -> str:
    """Return the sweep as one line."""
    told = [
        progress.state,
        _counts(progress),
        f"best {_best(progress, objective)}",
        f"{progress.busy} of {progress.workers} workers busy" if progress.workers else "",
        _time_left(progress),
        f"record behind: {progress.trouble}" if progress.trouble else "",
    ]
    return f"{_clock(seconds)}  {'; '.join(filter(None, told))}"


def _lines(console: Console, objective: str, begun: float) -> Callable[[Progress], None]:
    shown = (-1, "", "")

    def show(progress: Progress) -> None:
        nonlocal shown
        now = (progress.computed + progress.restored, progress.trouble, progress.state)
        if now != shown:
            shown = now
            print(line(progress, objective, time.monotonic() - begun), file=console.file or sys.stderr, flush=True)

    return show


def _row(name: str, told: str) -> list[str | tuple[str, str]]:
    return [(f"{name:<13}", "bold"), told, "\n"] if told else []


def _bar(rung: RungProgress) -> Text:
    width = max(4, BAR * min(rung.trials, 27) // 27)
    done = width * rung.done // rung.trials
    running = -(-width * (rung.done + rung.running) // rung.trials) - done if rung.running else 0
    label = f" {rung.done}/{rung.trials} at {rung.epochs} epoch{'s' if rung.epochs > 1 else ''}  "
    rest = width - done - running
    return Text.assemble(("█" * done, "green"), ("▒" * running, "yellow"), ("░" * rest, "dim"), label)


def _best(progress: Progress, objective: str) -> str:
    best = progress.best
    return f"{objective} {best.mean:.4g} (trial {best.trial} at {best.epochs} epochs)" if best else "none yet"


def _counts(progress: Progress) -> str:
    done = progress.computed + progress.restored
    restored = f", {progress.restored} from earlier runs" if progress.restored else ""
    return f"{done} of {progress.evaluations} evaluations{restored}"


def _time_left(progress: Progress) -> str:
    if progress.state not in ("", "running"):
        return ""
    if not progress.epochs_left:
        return "concluding"
    if progress.seconds_left is None:
        return "time left unknown yet"
    return f"about {_clock(progress.seconds_left)} left"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
