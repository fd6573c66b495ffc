"""A made-up sweep whose results look like those of a real one: 9 trials at 1 epoch, 3 at 3 epochs, 1 at 9.

Everything follows from closed forms and a fixed seed; the objective is best near beta = 1 and falls with the epochs.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from sweeps.execution.result import EvaluationResult
from sweeps.record.recorder import SweepFacts

FOLDS = 10
RUNG_EPOCHS = (1, 3, 9)
PROMOTED = ((0, 1, 2, 3, 4, 5, 6, 7, 8), (2, 4, 6), (4,))
BETAS = (0.1, 0.18, 0.42, 5.6, 0.9, 10.0, 1.7, 3.2, 0.24)
WEIGHTS = (0.7, 1.4, 1.1, 0.3, 0.9, 2.0, 1.2, 1.8, 0.5)
START = 1_700_000_000_000
EPOCH_MILLISECONDS = 400

FACTS = SweepFacts(
    experiment="digits-infogan-0a1b2c3d",
    name="digits-infogan",
    spec={"name": "digits-infogan", "model": "infogan", "objective": "fid", "seed": 0},
    plan={"trials": 9, "evaluations": 13},
    objective="fid",
    searched=("beta", "lambda", "alpha", "lr"),
    weights=("beta", "lambda", "alpha"),
    log_scaled=("beta", "lr"),
)


def sweep_results() -> list[EvaluationResult]:
    """Return the sweep's 13 evaluations in the order in which a sweep would finish them."""
    return [evaluation(trial, rung) for rung, trials in enumerate(PROMOTED) for trial in trials]


def evaluation(trial: int, rung: int) -> EvaluationResult:
    """Return one scored evaluation."""
    epochs, first_epoch = RUNG_EPOCHS[rung], RUNG_EPOCHS[rung - 1] + 1 if rung else 1
    started = START + 60_000 * rung + 3_000 * trial
    epoch_times = [started + EPOCH_MILLISECONDS * (index + 1) for index in range(epochs - first_epoch + 1)]
    folds = _objective(trial, epochs)
    return EvaluationResult(
        sweep_id=FACTS.experiment,
        trial=trial,
        bracket=0,
        rung=rung,
        epochs=epochs,
        hyperparameters=hyperparameters(trial),
        state="scored",
        reason="",
        folds=folds,
        scores={"fid": folds, "fid_floor": [0.4] * FOLDS, "nelbo": [30 * fold for fold in folds]},
        curves=_curves(trial, range(first_epoch, epochs + 1)),
        first_epoch=first_epoch,
        epoch_times=epoch_times,
        started=started,
        ended=epoch_times[-1] + 250,
        train_seconds=0.4 * len(epoch_times),
        score_seconds=0.25,
        checkpoint_sha256="0" * 64,
        worker="host:1",
    )


def diverged(trial: int, rung: int) -> EvaluationResult:
    """Return one evaluation that became non-finite: its curves stop early and nothing is scored."""
    whole = evaluation(trial, rung)
    reason = "fold 3 became non-finite at epoch 2"
    curves = {key: [fold[:1] for fold in folds] for key, folds in whole.curves.items()}
    return replace(whole, state="diverged", reason=reason, folds=[], scores={}, curves=curves, checkpoint_sha256="")


def hyperparameters(trial: int) -> dict[str, float | int | str]:
    """Return a trial's configuration."""
    return {
        "beta": BETAS[trial],
        "lambda": WEIGHTS[trial],
        "alpha": 0.05 * trial,
        "lr": 2e-4 * 1.6**trial,
        "hidden": 128,
        "network": "dense",
    }


def write_samples(path: Path, trial: int, rung: int) -> Path:
    """Write a small sample grid: ten by ten blobs that grow clearer with the rung."""
    generator = np.random.default_rng([trial, rung])
    axis = np.linspace(-1, 1, 16)
    blob = np.exp(-4 * (axis[:, None] ** 2 + axis[None, :] ** 2))
    grid = np.tile(blob, (10, 10)) + generator.normal(0, 0.3 / (1 + rung), (160, 160))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((255 * np.clip(grid, 0, 1)).astype(np.uint8)).save(path)
    return path


def _objective(trial: int, epochs: int) -> list[float]:
    level = 2 + 3 * abs(math.log10(BETAS[trial])) + 0.6 * abs(WEIGHTS[trial] - 1) + 12 / (1 + epochs)
    return [level + 0.2 * math.sin(7 * fold + trial) for fold in range(FOLDS)]


def _curves(trial: int, epochs: range) -> dict[str, list[list[float]]]:
    """Return the losses and their terms by fold and epoch: exponential decay towards a floor of the trial's own."""
    forms = {"loss/L": (3.0, 0.4), "loss/J": (5.0, 1.0), "train/adv_d": (1.2, 0.7), "train/adv_g": (1.0, 0.7)}
    forms |= {"train/mi_cat": (-2.2, 2.2), "train/nce": (-1.5, 1.5), "train/kl_i": (4.0, 6.0), "train/kl_z": (0.5, 0.2)}
    return {
        key: [
            [floor + span * math.exp(-epoch / 3) + 0.03 * (fold % 5) + 0.02 * trial for epoch in epochs]
            for fold in range(FOLDS)
        ]
        for key, (span, floor) in forms.items()
    }
