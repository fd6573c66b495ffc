"""One evaluation, from start to end: what a worker does. Everything it leaves behind is a file, the result last."""

import math
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from errno import EIO
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.build import build
from models.dataset_facts import DATASETS
from models.fold_group import FoldGroup
from search_spaces.domains import Value
from sweeps.errors import StorageError
from sweeps.execution.result import EvaluationResult
from sweeps.execution.sample_grid import COLUMNS, sample_grid_png
from sweeps.execution.storage import file_sha256, whole_file, write_atomically
from sweeps.execution.workbench import Workbench
from sweeps.search.search import Evaluation
from sweeps.search.seeds import Purpose, derive_seed

__all__ = ["evaluate"]

SAMPLES = 6 * COLUMNS


def evaluate(bench: Workbench, task: Evaluation) -> EvaluationResult:
    """Bring one trial to one rung and return the result as it now stands on disk.

    Side effects: writes checkpoint, samples and, last, the result; a result that is there already is returned as it is.

    Raises:
        StorageError: A file cannot be written, or the trial's last checkpoint is damaged.
    """
    known = bench.files.read_result(task.trial, task.rung)
    if known is not None:
        return known
    before = bench.files.read_result(task.trial, task.rung - 1) if task.rung else None
    clock = _Clock()
    hyperparameters = bench.spec.hyperparameters(task.configuration)
    group = _fold_group(bench, task, hyperparameters)
    resumed_at = _resume(bench, group, before)
    group.train_to(task.epochs, accelerator=bench.spec.resources.device, precision=bench.spec.precision)
    train_seconds = clock.lap()
    scores, checkpoint_sha256, reason = (
        ({}, "", str(group.divergence)) if group.divergence else _score_and_leave_behind(bench, task, group)
    )
    first_epoch = before.epochs + 1 if before else 1
    return bench.files.write_result(
        EvaluationResult(
            sweep_id=bench.files.sweep_id,
            trial=task.trial,
            bracket=task.bracket,
            rung=task.rung,
            epochs=task.epochs,
            hyperparameters=hyperparameters,
            state="diverged" if reason else "scored",
            reason=reason,
            folds=[] if reason else scores[bench.spec.objective],
            scores={} if reason else scores,
            curves=_whole_epochs(group.curves, skip=first_epoch - 1 - resumed_at),
            first_epoch=first_epoch,
            epoch_times=group.epoch_times[first_epoch - 1 - resumed_at :],
            started=clock.started,
            checkpoint_sha256=checkpoint_sha256,
            score_seconds=clock.lap(),
            train_seconds=train_seconds,
            ended=milliseconds_now(),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            feature_network=bench.feature_network,
            alarms={} if reason else group.alarms(),
        )
    )


class _Clock:
    """Tells when something began and how long each lap took."""

    def __init__(self) -> None:
        self.started = milliseconds_now()
        self._lap = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        before, self._lap = self._lap, time.perf_counter()
        return self._lap - before


def milliseconds_now() -> int:
    """Return the time as milliseconds since 1970, as results state it."""
    return time.time_ns() // 1_000_000


def _fold_group(bench: Workbench, task: Evaluation, hyperparameters: dict[str, Value]) -> FoldGroup:
    seed, folds = bench.spec.seed, range(bench.spec.folds)

    def seed_for(purpose: Literal["labels", "training"], fold: int, epoch: int) -> int:
        if purpose == "labels":
            return derive_seed(seed, Purpose.LABELS, fold)
        return derive_seed(seed, Purpose.TRAINING, task.trial, fold, epoch)

    models = [
        build(
            bench.spec.model,
            hyperparameters,
            side=bench.images.shape[1],
            classes=bench.classes,
            seed=derive_seed(seed, Purpose.INITIAL, task.trial, fold),
            levels=DATASETS[bench.spec.dataset.name].levels,
        )
        for fold in folds
    ]
    parts = [torch.from_numpy(np.flatnonzero(bench.folds != fold)) for fold in folds]
    batch_size = int(hyperparameters["batch_size"])
    return FoldGroup(models, parts, bench.images, bench.labels, batch_size=batch_size, seed_for=seed_for)


def _resume(bench: Workbench, group: FoldGroup, before: EvaluationResult | None) -> int:
    """Continue from the trial's last checkpoint and return its epochs; without one the trial is trained from its start.

    Both give the same bits: a checkpoint only saves time.
    """
    if before is None:
        return 0
    path = bench.files.checkpoint(before.trial, before.rung)
    if not path.exists():
        return 0
    if file_sha256(path) != before.checkpoint_sha256:
        raise StorageError(
            f"{path}: a checkpoint must have the SHA-256 in its result file, {before.checkpoint_sha256}, but it has "
            "another. Restore the file, or move it away to have its epochs trained again."
        )
    group.load_state(load_file(path))
    return group.epochs_trained


def _score_and_leave_behind(
    bench: Workbench, task: Evaluation, group: FoldGroup
) -> tuple[dict[str, list[float]], str, str]:
    """Score the models while their checkpoint and a picture are written, since a disk keeps one waiting.

    Returns:
        Every score by fold, the checkpoint's hash, and why the trial counts as diverged: then nothing is left behind.
    """
    checkpoint, picture = bench.files.checkpoint(task.trial, task.rung), bench.files.samples(task.trial, task.rung)
    with ThreadPoolExecutor(1) as beside:
        kept = beside.submit(_keep, checkpoint, group.state())
        drawn = beside.submit(write_atomically, picture, _picture(bench, group))
        scores, reason = _score(bench, group)
        checkpoint_sha256 = kept.result()
        drawn.result()
    if not reason:
        return scores, checkpoint_sha256, ""
    checkpoint.unlink()
    picture.unlink()
    return {}, "", reason


@torch.inference_mode()
def _picture(bench: Workbench, group: FoldGroup) -> bytes:
    generator = torch.Generator().manual_seed(derive_seed(bench.spec.seed, Purpose.SAMPLES))
    return sample_grid_png(group.model(0).sample(SAMPLES, generator).numpy())


@torch.inference_mode()
def _score(bench: Workbench, group: FoldGroup) -> tuple[dict[str, list[float]], str]:
    """Return every score by fold, and why the trial counts as diverged if one of them is not finite."""
    scores: dict[str, list[float]] = {}
    for fold in range(bench.spec.folds):
        generator = torch.Generator().manual_seed(derive_seed(bench.spec.seed, Purpose.SCORING, fold))
        for name, value in bench.scorer.score(group.model(fold), fold, generator).items():
            if not math.isfinite(value):
                return {}, f"{name} is not finite after epoch {group.epochs_trained} of fold {fold}"
            scores.setdefault(name, []).append(value)
    return scores, ""


def _keep(path: Path, tensors: dict[str, Tensor]) -> str:
    """Write tensors and return the hash of their file."""
    with whole_file(path) as beside:
        try:
            save_file(tensors, beside)
        except SafetensorError as error:
            raise OSError(EIO, str(error)) from error  # the disk is full, most likely; the text says so
        return file_sha256(beside)


def _whole_epochs(curves: dict[str, list[list[float]]], skip: int) -> dict[str, list[list[float]]]:
    """Return the curves of the epochs that all folds finished with finite terms, without the first `skip`."""
    by_fold = [fold for folds in curves.values() for fold in folds]
    whole = min((_finite_length(fold) for fold in by_fold), default=0)
    return {name: [fold[skip:whole] for fold in folds] for name, folds in curves.items()}


def _finite_length(values: list[float]) -> int:
    return next((index for index, value in enumerate(values) if not math.isfinite(value)), len(values))
