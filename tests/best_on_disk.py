"""A best.yaml, as a small sweep over a few hundred real digits would have left it."""

from pathlib import Path
from typing import Any

from models.datasets import load_training
from models.hyperparameters import defaults
from sweeps.record.export import BestConfig, Measured, Provenance, TrialScore

__all__ = ["best_config", "write_best_file"]

LIMIT = 200


def best_config(
    model: str = "beta_vae", *, epochs: int = 3, seed: int = 7, changes: dict[str, Any] | None = None
) -> BestConfig:
    """Return the contents; `changes` are those of the champion's hyperparameters."""
    hyperparameters = {**defaults(model), "hidden": 32, **(changes or {})}
    score = TrialScore(trial=4, hyperparameters=hyperparameters, mean=7.25, standard_error=0.5, folds=[7.0, 7.25, 7.5])
    measured = Measured(
        dataset="digits",
        limit=LIMIT,
        dataset_sha256=load_training("digits", limit=LIMIT).sha256,
        folds=3,
        folds_sha256="2" * 64,
        epochs=epochs,
        seed=seed,
        feature_network="digits-1",
    )
    provenance = Provenance(
        sweep_id="small-12345678",
        versions={},
        git_commit=None,
        mlflow_tracking_uri="sqlite:///mlflow.db",
        mlflow_run_id=None,
        checkpoint="checkpoint.safetensors",
        checkpoint_sha256="3" * 64,
    )
    return BestConfig(
        model=model,
        objective="fid",
        champion=score,
        one_standard_error=score,
        measured=measured,
        provenance=provenance,
    )


def write_best_file(path: Path, best: BestConfig) -> Path:
    """Write a best.yaml and return its path."""
    path.write_text(best.to_yaml(), encoding="utf-8")
    return path
