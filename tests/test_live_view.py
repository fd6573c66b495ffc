"""What is seen of a running sweep: bars in a terminal, a line an evaluation elsewhere."""

import io
from dataclasses import replace

from rich.console import Console

from sweeps.live_view import follow, line, picture
from sweeps.progress import BestSoFar, Progress, RungProgress

PROGRESS = Progress(
    sweep_id="small-01234567",
    brackets=(
        (RungProgress(9, 1, 9, 0), RungProgress(3, 3, 1, 2), RungProgress(1, 9, 0, 0)),
        (RungProgress(5, 3, 0, 0),),
    ),
    computed=4,
    restored=6,
    best=BestSoFar(trial=3, epochs=3, mean=1.23456),
    workers=2,
    epochs_done=10,
    epochs_left=30,
    trouble="",
    busy_seconds=130.0,
)


def drawn(progress: Progress, seconds: float) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(picture(progress, "fid", seconds))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_says_time_counts_best_workers_and_what_is_left() -> None:
    """10 epochs kept two workers busy for 130 s, 30 are left: 195 s."""
    assert line(PROGRESS, "fid", 65.0) == (
        "0:01:05  10 of 18 evaluations, 6 from earlier runs; best fid 1.235 (trial 3 at 3 epochs); "
        "2 of 2 workers busy; about 0:03:15 left"
    )


def test_from_elsewhere_the_state_is_told_and_the_workers_are_not_known() -> None:
    watched = replace(PROGRESS, workers=0, state="running", restored=0)
    assert line(watched, "fid", 65.0).startswith("0:01:05  running; 4 of 18 evaluations; best fid 1.235")
    assert line(watched, "fid", 65.0).endswith("epochs); about 0:06:30 left")
    assert line(replace(watched, state="paused"), "fid", 65.0).endswith("epochs)")
    assert "workers" not in drawn(watched, 65.0)
    assert "state        running" in drawn(watched, 65.0)
    assert "state" not in drawn(PROGRESS, 65.0)


def test_a_bar_shows_what_runs_only_if_something_does() -> None:
    """Two of five in four characters: one and a half are done, however they are rounded."""
    begun = replace(PROGRESS, brackets=((RungProgress(5, 3, 2, 0),),))
    assert "█░░░ 2/5" in drawn(begun, 1.0)
    assert "█▒▒░ 2/5" in drawn(replace(begun, brackets=((RungProgress(5, 3, 2, 1),),)), 1.0)


def test_what_is_not_known_yet_is_said_to_be_unknown() -> None:
    begun = replace(PROGRESS, best=None, computed=0, restored=0, epochs_done=0)
    assert line(begun, "fid", 1.0) == (
        "0:00:01  0 of 18 evaluations; best none yet; 2 of 2 workers busy; time left unknown yet"
    )


def test_a_sweep_without_work_left_is_concluding() -> None:
    assert line(replace(PROGRESS, epochs_left=0), "fid", 9.0).endswith("; concluding")


def test_trouble_with_the_record_is_said_in_line_and_picture() -> None:
    troubled = replace(PROGRESS, trouble="MLflow is away")
    assert line(troubled, "fid", 1.0).endswith("; record behind: MLflow is away")
    assert "record behind: MLflow is away" in drawn(troubled, 1.0)
    assert "record behind" not in drawn(PROGRESS, 1.0)


def test_the_picture_has_a_row_a_bracket_and_a_bar_a_rung() -> None:
    text = drawn(PROGRESS, 65.0)
    rows = [row for row in text.splitlines() if "epoch" in row and "/" in row]
    assert [[part for part in row.split() if "/" in part] for row in rows] == [["9/9", "1/3", "0/1"], ["0/5"]]
    assert "sweep small-01234567" in text
    assert "0:01:05 gone, about 0:03:15 left" in text
    assert "fid 1.235 (trial 3 at 3 epochs)" in text


def test_bars_fill_with_what_is_done_and_what_runs() -> None:
    """Nine of nine fill 8 characters; of three, one done and two running fill 1 and 3 of 4."""
    (row,) = [row for row in drawn(PROGRESS, 1.0).splitlines() if "9/9" in row]
    bars = ["".join(character for character in part if character in "█▒░") for part in row.split("epoch")[:3]]
    assert bars == ["█" * 8, "█▒▒▒", "░░░░"]


def test_elsewhere_than_in_a_terminal_each_evaluation_is_one_line() -> None:
    console = Console(file=io.StringIO(), force_terminal=False)
    with follow(console, "fid") as show:
        for computed in (4, 4, 5):
            show(replace(PROGRESS, computed=computed))
        show(replace(PROGRESS, computed=5, trouble="MLflow is away"))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [said.split("  ")[1].split(" of")[0] for said in lines] == ["10", "11", "11"]
    assert "MLflow is away" in lines[2]


def test_in_a_terminal_the_picture_is_drawn_and_stays() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with follow(console, "fid") as show:
        show(PROGRESS)
    assert isinstance(console.file, io.StringIO)
    assert "small-01234567" in console.file.getvalue()
