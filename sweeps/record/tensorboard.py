"""A sweep for TensorBoard, beside MLflow: the same points under the same names, a run for each trial.

What TensorBoard reads follows from a result and its samples alone, so each evaluation has one event file, which is
written once, whole, whenever somebody finds that it is missing. The events are TensorBoard's own; Lightning's logger
would write half files from workers that may be killed, and the folds' means are known only when all have been trained.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import hparams_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import SweepFiles, write_atomically
from sweeps.record.connection import RecordError
from sweeps.record.layout import evaluation_points, run_name

__all__ = ["EventFiles", "event_file"]

VERSION = "brain.Event:2"
"""How every event file begins."""


@dataclass(frozen=True)
class EventFiles:
    """The event files of one sweep.

    Attributes:
        files: The sweep's files.
        objective: Name of its objective.
    """

    files: SweepFiles
    objective: str

    def catch_up(self) -> None:
        """Write whatever is missing.

        Raises:
            StorageError: A result is damaged.
            RecordError: An event file cannot be written.
        """
        for result in self.files.results():
            self.write(result)

    def write(self, result: EvaluationResult) -> None:
        """Write the events of an evaluation, unless they are there.

        Raises:
            RecordError: They cannot be written.
        """
        path = self.path(result)
        if path.exists():
            return
        samples = self.files.samples(result.trial, result.rung)
        # TensorBoard reads every file with "tfevents" in its name, so half a file must have another.
        beside = self.files.tensorboard / f".{result.trial}-{result.rung}"
        try:
            content = event_file(result, self.objective, samples.read_bytes() if samples.exists() else None)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(beside, content)
            beside.replace(path)
        except (OSError, StorageError) as error:
            raise RecordError(f"TensorBoard's files must be writable, but {error}") from error

    def path(self, result: EvaluationResult) -> Path:
        """Return where the events of an evaluation are: TensorBoard takes a folder for a run."""
        return self.files.tensorboard / run_name(result.trial) / f"events.out.tfevents.{result.rung:02d}"


def event_file(result: EvaluationResult, objective: str, samples: bytes | None) -> bytes:
    """Return the contents of an evaluation's event file; the same result gives the same bytes.

    Args:
        result: The evaluation.
        objective: Name of the objective.
        samples: PNG of its sample grid, if there is one.
    """
    file = io.BytesIO()
    writer = RecordWriter(file)
    for event in _events(result, objective, samples):
        writer.write(event.SerializeToString(deterministic=True))
    return file.getvalue()


def _events(result: EvaluationResult, objective: str, samples: bytes | None) -> Iterator[Event]:
    started, ended = result.started / 1000, result.ended / 1000
    yield Event(wall_time=started, file_version=VERSION)
    if result.rung == 0:
        name = run_name(result.trial)
        yield Event(wall_time=started, summary=hparams_pb(result.hyperparameters, name, int(started)))
    for point in evaluation_points(result, objective):
        scalar = Summary.Value(tag=point.key, simple_value=point.value)
        yield Event(wall_time=point.timestamp / 1000, step=point.step, summary=Summary(value=[scalar]))
    if samples is not None:
        picture = Summary.Value(tag="samples", image=_image(samples))
        yield Event(wall_time=ended, step=result.epochs, summary=Summary(value=[picture]))


def _image(png: bytes) -> Summary.Image:
    with Image.open(io.BytesIO(png)) as picture:
        width, height = picture.size
    return Summary.Image(width=width, height=height, colorspace=1, encoded_image_string=png)
