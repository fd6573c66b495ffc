"""One sweep with what is drawn of it, read at one moment: what routes and pages about a single sweep begin with."""

from dataclasses import dataclass
from pathlib import Path

from sweeps.execution.storage import SweepFiles
from sweeps.service.chart_answers import Charts, Leading
from sweeps.service.charts import Key, begun, draw_charts
from sweeps.service.desk import Desk
from sweeps.service.leading import find_leading
from sweeps.service.sketches import Sketch
from sweeps.service.state import has_process
from sweeps.service.tokens import Token
from sweeps.service.view import SweepView
from sweeps.spec import SweepSpec
from sweeps.standing import read_spec

__all__ = ["Portrait", "picture_of", "portray"]


@dataclass(frozen=True)
class Portrait:
    """One sweep.

    Attributes:
        view: How it stands.
        files: Where its files are.
        spec: What was submitted.
        sketches: Its results, by trial and rung.
    """

    view: SweepView
    files: SweepFiles
    spec: SweepSpec
    sketches: list[Sketch]

    def charts(self) -> Charts:
        """Return what is drawn of all its trials."""
        is_begun = begun(self.files) if has_process(self.view.state) else _never
        return draw_charts(self.spec, self.sketches, is_begun)

    def leading(self, places: range) -> Leading:
        """Return the trials that lead, from one place, counted from 0, to another."""
        return find_leading(self.spec.search_space(), self.sketches, places, self._picture_address)

    def _picture_address(self, key: Key) -> str | None:
        trial, rung = key
        if picture_of(self.files, trial, rung) is None:
            return None
        return f"/api/v1/sweeps/{self.view.ref}/trials/{trial}/samples/{rung}"


def portray(desk: Desk, ref: str, token: Token) -> Portrait:
    """Return a sweep that a token sees.

    Raises:
        UnknownSweep: There is none, or none that the token sees.
        StorageError: One of its files is damaged.
    """
    # How it stands is asked first: whoever ends meanwhile has written its results by then.
    view, files = desk.view(ref, token), desk.files(ref, token)
    return Portrait(view, files, read_spec(files), desk.sketches.of(files))


def picture_of(files: SweepFiles, trial: int, rung: int) -> Path | None:
    """Return the samples of a trial at a rung, or None if there are none; a link out of the sweep's folder is none."""
    path = files.samples(trial, rung)
    is_ours = path.is_file() and path.resolve().is_relative_to(files.root.resolve())
    return path if is_ours else None


def _never(_: Key) -> bool:
    return False
