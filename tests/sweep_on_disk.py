"""A small sweep as files: 3 epochs, eta 3, so trials 0 to 2, then 3 and 4, then the best of the first three again."""

import json
from dataclasses import replace
from typing import Any

from sweeps.conclude import DataFacts, champion_json, choose, write_best
from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home, SweepFiles, write_atomically
from sweeps.search.proposer import RandomProposer
from sweeps.search.search import Evaluation, Outcome, Search
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

__all__ = ["RAW", "begin", "diverged", "finish", "new_search", "result_of", "small_spec"]

RAW: dict[str, Any] = {
    "name": "small",
    "model": "beta_vae",
    "dataset": "digits",
    "space": "beta_vae",
    "fixed": {"latent_dim": 4, "hidden": 16},
    "folds": 3,
    "hyperband": {"max_epochs": 3},
    "searcher": "random",
}


def small_spec(**changes: Any) -> SweepSpec:
    """Return the spec with some sections changed."""
    return parse_spec({**RAW, **changes})


def new_search(spec: SweepSpec) -> Search:
    """Return a search that has heard nothing."""
    return Search(spec.ladder(), RandomProposer(spec.search_space(), spec.seed), spec.hyperband.lag)


def result_of(spec: SweepSpec, evaluation: Evaluation) -> EvaluationResult:
    """Return a made-up result: the fewer trials before it and the more epochs, the better."""
    folds = [10.0 + evaluation.trial - evaluation.epochs + 0.1 * fold for fold in range(spec.folds)]
    first_epoch = 1 if evaluation.rung == 0 else evaluation.epochs // spec.hyperband.eta + 1
    return EvaluationResult(
        sweep_id=spec.sweep_id,
        trial=evaluation.trial,
        bracket=evaluation.bracket,
        rung=evaluation.rung,
        epochs=evaluation.epochs,
        hyperparameters=spec.hyperparameters(evaluation.configuration),
        state="scored",
        reason="",
        folds=folds,
        scores={"fid": folds, "fid_floor": [0.5] * spec.folds},
        curves={"loss/L": [[1.0 / 3.0] * (evaluation.epochs - first_epoch + 1)] * spec.folds},
        first_epoch=first_epoch,
        epoch_times=[1_700_000_000_000 + epoch for epoch in range(first_epoch, evaluation.epochs + 1)],
        started=1_700_000_000_000,
        ended=1_700_000_001_000,
        train_seconds=1.5,
        score_seconds=0.25,
        checkpoint_sha256="0" * 64,
        worker="host:1",
        feature_network="digits-1",
    )


def diverged(result: EvaluationResult) -> EvaluationResult:
    """Return a result that became non-finite instead."""
    reason = "loss/L became non-finite in epoch 1 of fold 2"
    return replace(result, state="diverged", reason=reason, folds=[], scores={}, curves={}, checkpoint_sha256="")


def begin(home: Home, spec: SweepSpec, evaluations: int | None = None) -> SweepFiles:
    """Write a sweep that was interrupted after some evaluations, the lowest rungs and trials first, or after all."""
    files, search, ready = home.sweep(spec.sweep_id), new_search(spec), list[Evaluation]()
    write_atomically(files.spec, spec.canonical().encode())
    while evaluations != len(search.outcomes):
        ready.extend(iter(search.ask, None))
        if not ready:
            break
        evaluation = min(ready, key=lambda each: (each.rung, each.trial))
        ready.remove(evaluation)
        result = files.write_result(result_of(spec, evaluation))
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
    return files


def finish(home: Home, spec: SweepSpec) -> SweepFiles:
    """Write a sweep that has ended with its champion."""
    files, search = begin(home, spec), new_search(spec)
    for result in files.results():
        search.tell(Outcome(result.trial, result.rung, tuple(result.folds)))
    verdict = choose(spec, search)
    assert verdict is not None
    data = DataFacts(dataset_sha256="1" * 64, folds_sha256="2" * 64)
    best = write_best(spec, files, verdict, data, tracking_uri="sqlite:///mlflow.db", run_id="a" * 32)
    told = {"state": "finished", "why": "", "champion": champion_json(best)}
    write_atomically(files.conclusion, json.dumps(told).encode())
    return files
