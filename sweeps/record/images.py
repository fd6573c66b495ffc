"""Sample grids as MLflow's image chart expects them, but written under names that are the same every time.

`MlflowClient.log_image` puts a random number into each file name, so that a replay would show every picture twice; the
files here have its grammar and its tag. The preview is the picture itself: sample grids are small.
"""

import tempfile
from pathlib import Path

from sweeps.execution.result import EvaluationResult
from sweeps.record.run_index import RecordClient

__all__ = ["SAMPLES_KEY", "image_names", "log_samples"]

SAMPLES_KEY = "samples"
"""Name of the sample grids in MLflow's image charts."""


def image_names(result: EvaluationResult) -> tuple[str, str]:
    """Return the file names of an evaluation's sample grid and of its preview.

    The step is the rung, because the chart's slider begins at 0 and shows nothing when there is no such step.
    """
    stem = f"{SAMPLES_KEY}+step+{result.rung}+timestamp+{result.ended}+trial{result.trial}rung{result.rung}"
    return f"{stem}.png", f"{stem}+compressed.png"


def log_samples(client: RecordClient, run_id: str, samples: Path, result: EvaluationResult) -> dict[str, str]:
    """Upload a PNG with its preview, and return the tag that says that the run has images."""
    with tempfile.TemporaryDirectory() as folder:
        for name in image_names(result):
            (Path(folder) / name).symlink_to(samples.absolute())
        client.log_artifacts(run_id, folder, "images")
    return {"mlflow.loggedImages": "True"}
