"""Whether the record of a sweep is complete, asked without MLflow, which takes over a second to import.

Reads a SQLite store by itself. Whatever else holds a record, or does not answer as expected, is not known to be
complete: recording all results again settles it, and adds nothing that is there.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import quote

from sweeps.record.connection import sqlite_file

__all__ = ["is_complete"]

RUNS = """
SELECT kind.value, runs.status, trial.value, rung.value
FROM experiments
JOIN runs USING (experiment_id)
JOIN tags AS kind ON kind.run_uuid = runs.run_uuid AND kind.key = 'sweep.kind'
LEFT JOIN tags AS trial ON trial.run_uuid = runs.run_uuid AND trial.key = 'sweep.trial'
LEFT JOIN tags AS rung ON rung.run_uuid = runs.run_uuid AND rung.key = 'sweep.rung'
WHERE experiments.name = ? AND experiments.lifecycle_stage = 'active' AND runs.lifecycle_stage = 'active'
"""
"""Each run of an experiment with what the recorder says of it; MLflow's tables, version 3.17."""


def is_complete(tracking_uri: str, experiment: str, rungs: Mapping[int, int]) -> bool:
    """Tell whether a record is known to hold a whole sweep: each trial as far as it came, and the end, written last.

    Args:
        tracking_uri: MLflow's store or server.
        experiment: Name of the sweep's experiment.
        rungs: The highest rung of each trial.
    """
    file = sqlite_file(tracking_uri)
    if file is None:
        return False
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as store:
            runs = store.execute(RUNS, [experiment]).fetchall()
    except sqlite3.Error:
        return False
    ended = [status for kind, status, _, _ in runs if kind == "sweep"]
    trials = [(trial, rung) for kind, status, trial, rung in runs if kind == "trial" and status != "RUNNING"]
    return ended == ["FINISHED"] and sorted(trials) == sorted((str(trial), str(rung)) for trial, rung in rungs.items())
