"""What the page of a sweep tells, put together from its files: one moment of it, for one template."""

from dataclasses import dataclass

from sweeps.service.chart_answers import Charts, Leader, Leading, RungStanding
from sweeps.service.desk import Desk
from sweeps.service.pages.box_plots import BoxPlot, Scale, draw_box, scale_of
from sweeps.service.portrait import Portrait, portray
from sweeps.service.state import Wish, wishes_in
from sweeps.service.tokens import Token
from sweeps.service.view import SweepView

__all__ = ["PER_PAGE", "SweepTold", "tell_sweep"]

PER_PAGE = 10
"""Trials of one page of the leaderboard."""

SHOWN = 6
"""Leading trials whose samples are shown."""

WISHES: dict[str, Wish] = {"pause": "pause", "resume": "run", "cancel": "cancel"}
"""What each button wishes."""


@dataclass(frozen=True)
class SweepTold:
    """A sweep at one moment.

    Attributes:
        view: How it stands.
        charts: Its brackets, as far as they have filled.
        first: The trial that leads; None before the first result that has a score.
        leading: A page of the leaderboard.
        scale: From where to where the folds on it are drawn.
        boxes: The folds of each trial on it.
        shown: The leading trials that have samples.
        can: Whether each button makes sense: `pause`, `resume`, `cancel`.
        best: The text of best.yaml; None before the end.
        record: Where MLflow shows it; None if it cannot.
        record_password: Whose password MLflow asks for, and where it stands in the home; None if that is not known.
    """

    view: SweepView
    charts: Charts
    first: Leader | None
    leading: Leading
    scale: Scale | None
    boxes: list[BoxPlot | None]
    shown: list[Leader]
    can: dict[str, bool]
    best: str | None
    record: str | None
    record_password: tuple[str, str] | None

    @property
    def running(self) -> int:
        """Evaluations that are being trained."""
        return sum(rung.running for bracket in self.charts.brackets for rung in bracket.rungs)

    @property
    def rung_epochs(self) -> list[int]:
        """Epochs of every rung of any bracket, ascending."""
        return sorted({rung.epochs for bracket in self.charts.brackets for rung in bracket.rungs})

    @property
    def ladder(self) -> list[tuple[int, list[RungStanding | None]]]:
        """Each bracket with its rung for each of these epochs, None where it has none."""
        return [(bracket.bracket, _aligned(bracket.rungs, self.rung_epochs)) for bracket in self.charts.brackets]

    @property
    def rows_to_come(self) -> int:
        """Rows of the first page kept free for trials without a result, so that nothing moves when they come."""
        return max(0, min(PER_PAGE, self._trials) - self.leading.trials)

    @property
    def strips_to_come(self) -> int:
        """Leading trials whose samples will be shown, likewise."""
        return min(SHOWN, self._trials) - len(self.shown)

    @property
    def pages(self) -> int:
        """Pages of the leaderboard."""
        return max(1, -(-self.leading.trials // PER_PAGE))

    @property
    def _trials(self) -> int:
        return sum(bracket.rungs[0].trials for bracket in self.charts.brackets)


def tell_sweep(desk: Desk, ref: str, token: Token, places: range) -> SweepTold:
    """Return a sweep as its page tells it, with the trials at some places of the leaderboard.

    Raises:
        UnknownSweep: There is none, or none that the token sees.
        StorageError: One of its files is damaged.
    """
    portrait = portray(desk, ref, token)
    leading, first = portrait.leading(places), portrait.leading(range(SHOWN)).leaders
    scale = scale_of([leader.folds for leader in leading.leaders])
    record = desk.record
    return SweepTold(
        view=portrait.view,
        charts=portrait.charts(),
        first=first[0] if first and first[0].mean is not None else None,
        leading=leading,
        scale=scale,
        boxes=[draw_box(leader.folds, scale) if scale and leader.folds else None for leader in leading.leaders],
        shown=[leader for leader in first if leader.pictures],
        can=_can(portrait.view, has_ended=portrait.files.conclusion.exists()),
        best=_best(portrait),
        record=record.of_experiment(portrait.view.experiment_id) if record else None,
        record_password=(record.user, record.password_file) if record and record.user else None,
    )


def _aligned(rungs: list[RungStanding], epochs: list[int]) -> list[RungStanding | None]:
    known = {rung.epochs: rung for rung in rungs}
    return [known.get(each) for each in epochs]


def _can(view: SweepView, *, has_ended: bool) -> dict[str, bool]:
    """Tell of each button whether its wish would change something."""
    return {button: wish in wishes_in(view.state) and not has_ended for button, wish in WISHES.items()}


def _best(portrait: Portrait) -> str | None:
    try:
        return portrait.files.best.read_text(encoding="utf-8") if portrait.view.state == "finished" else None
    except OSError:
        return None
