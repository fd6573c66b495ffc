"""A home of made-up sweeps, as large as a team's after a year: result files, conclusions and claims in MLflow."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import Home
from sweeps.search.proposer import RandomProposer
from sweeps.search.search import Evaluation, Outcome, Search
from sweeps.service.claims import Claims
from sweeps.spec import SweepSpec
from sweeps.spec_checks import parse_spec

__all__ = ["Store", "build_store", "made_up", "spec_of"]

FOLDS = 5

UNSETTLED = 50
"""Every so many sweeps, one that is paused or cancelled before its end."""


@dataclass(frozen=True)
class Store:
    """What was made.

    Attributes:
        home: Where.
        sweeps: Their ids, the oldest first.
        evaluations: How many results they have.
    """

    home: Home
    sweeps: tuple[str, ...]
    evaluations: int


def spec_of(number: int, **changes: Any) -> SweepSpec:
    """Return the spec of a made-up sweep: 69 evaluations, or twice as many for the odd ones."""
    raw: dict[str, Any] = {
        "name": f"made-up-{number % 7}",
        "model": ("beta_vae", "vae", "infogan")[number % 3],
        "dataset": "digits",
        "folds": FOLDS,
        "hyperband": {"max_epochs": 27, "iterations": 1 + number % 2},
        "searcher": "random",
        "seed": number,
        **changes,
    }
    return parse_spec({**raw, "space": raw["model"]})


def build_store(root: Path, sweeps: int) -> Store:
    """Write so many sweeps; all but some have finished.

    Results are written without waiting for the disk, since nobody is to be killed here.
    """
    home, made, evaluations = Home(root), [], 0
    claims = Claims(f"sqlite:///{home.record}", home.artifacts)
    kinds: dict[tuple[str, int], list[Evaluation]] = {}
    for number in range(sweeps):
        spec = spec_of(number)
        kind = spec.model, spec.hyperband.iterations
        if kind not in kinds:
            kinds[kind] = _asked(spec)
        asked = kinds[kind]
        is_over = number % UNSETTLED != 0
        evaluations += _write(home, spec, asked if is_over else asked[: len(asked) // 2], is_over=is_over)
        claim, _ = claims.claim(project="default", sweep_id=spec.sweep_id, priority=0, by="benchmark")
        if not is_over:
            claims.set_wish(claim.ref, "cancel" if number % (2 * UNSETTLED) else "pause", "benchmark", attempts=1)
        made.append(spec.sweep_id)
    return Store(home, tuple(made), evaluations)


def made_up(spec: SweepSpec, evaluation: Evaluation) -> EvaluationResult:
    """Return a result: the more epochs, the better."""
    folds = [10.0 + evaluation.trial / 100 + 20 / evaluation.epochs + 0.1 * fold for fold in range(spec.folds)]
    first_epoch = 1 if evaluation.rung == 0 else evaluation.epochs // spec.hyperband.eta + 1
    epochs = range(first_epoch, evaluation.epochs + 1)
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
        curves={key: [[1 / epoch for epoch in epochs]] * spec.folds for key in ("loss/L", "loss/nelbo")},
        first_epoch=first_epoch,
        epoch_times=[1_700_000_000_000 + 400 * epoch for epoch in epochs],
        started=1_700_000_000_000,
        ended=1_700_000_020_000,
        train_seconds=0.4 * len(epochs),
        score_seconds=0.25,
        checkpoint_sha256="0" * 64,
        worker="host:1",
        feature_network="digits-1",
    )


def _asked(spec: SweepSpec) -> list[Evaluation]:
    """Return what a sweep evaluates; those of another seed have other configurations and the same numbers."""
    search = Search(spec.ladder(), RandomProposer(spec.search_space(), spec.seed), spec.hyperband.lag)
    asked = []
    while (evaluation := search.ask()) is not None:
        search.tell(Outcome(evaluation.trial, evaluation.rung, tuple(made_up(spec, evaluation).folds)))
        asked.append(evaluation)
    return asked


def _write(home: Home, spec: SweepSpec, asked: Sequence[Evaluation], *, is_over: bool) -> int:
    files = home.sweep(spec.sweep_id)
    files.root.mkdir(parents=True)
    files.spec.write_text(spec.canonical(), encoding="utf-8")
    for evaluation in asked:
        path = files.result(evaluation.trial, evaluation.rung)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made_up(spec, evaluation).to_json(), encoding="utf-8")
    files.attempts.mkdir()
    (files.attempts / "1.json").write_text(json.dumps({"known": 0, "started_ms": 1_700_000_000_000}), encoding="utf-8")
    if is_over:
        champion = _champion(spec, asked[-1])
        files.conclusion.write_text(
            json.dumps({"state": "finished", "why": "", "champion": champion}), encoding="utf-8"
        )
    return len(asked)


def _champion(spec: SweepSpec, last: Evaluation) -> dict[str, Any]:
    result = made_up(spec, last)
    return {
        "trial": result.trial,
        "hyperparameters": result.hyperparameters,
        "objective": spec.objective,
        "mean": result.mean,
        "standard_error": 0.1,
        "folds": result.folds,
    }
