"""The end of a sweep: who won, best.yaml, the figures, and how it is told."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from sweeps.execution.result import EvaluationResult
from sweeps.execution.storage import SweepFiles, write_atomically
from sweeps.record.export import BestConfig, Measured, Provenance, TrialScore, package_versions, source_commit
from sweeps.record.report import draw_figures
from sweeps.search.champion import Finalist, Verdict, select_champion
from sweeps.search.search import Search
from sweeps.spec import SweepSpec

__all__ = ["DataFacts", "SweepState", "champion_json", "choose", "first_cause", "write_best", "write_figures"]

SweepState = Literal["finished", "failed", "interrupted"]


@dataclass(frozen=True)
class DataFacts:
    """What the sweep was measured on, by hash."""

    dataset_sha256: str
    folds_sha256: str


def choose(spec: SweepSpec, search: Search) -> Verdict | None:
    """Return the champion among the trials measured at the top rung, or None if there is none."""
    top = spec.hyperband.max_epochs
    finalists = [
        Finalist(outcome.trial, search.configuration(outcome.trial) or {}, outcome.folds)
        for outcome in search.outcomes
        if outcome.folds and search.ladder.bracket_of(outcome.trial).rungs[outcome.rung].epochs == top
    ]
    return select_champion(finalists, spec.search_space(), spec.searched_weights())


def first_cause(results: Sequence[EvaluationResult]) -> str:
    """Return why the first trial that came to nothing did."""
    fallen = next((result for result in results if result.state != "scored"), None)
    return f"trial {fallen.trial}: {fallen.reason}" if fallen else "no trial reached the top rung"


def write_best(
    spec: SweepSpec, files: SweepFiles, verdict: Verdict, data: DataFacts, *, tracking_uri: str, run_id: str | None
) -> BestConfig:
    """Write best.yaml into the sweep's folder and return its contents."""
    rung = len(spec.ladder().bracket_of(verdict.champion.trial).rungs) - 1
    result = files.read_result(verdict.champion.trial, rung)
    assert result is not None
    best = BestConfig(
        model=spec.model,
        objective=spec.objective,
        champion=_score(spec, verdict.champion),
        one_standard_error=_score(spec, verdict.plainest),
        measured=Measured(
            dataset=spec.dataset.name,
            limit=spec.dataset.limit,
            folds=spec.folds,
            epochs=spec.hyperband.max_epochs,
            seed=spec.seed,
            feature_network=result.feature_network,
            device=spec.resources.device,
            **asdict(data),
        ),
        provenance=Provenance(
            sweep_id=files.sweep_id,
            versions=package_versions(),
            git_commit=source_commit(),
            mlflow_tracking_uri=tracking_uri,
            mlflow_run_id=run_id,
            checkpoint=str(files.checkpoint(result.trial, rung)),
            checkpoint_sha256=result.checkpoint_sha256,
        ),
    )
    write_atomically(files.best, best.to_yaml().encode())
    return best


def write_figures(spec: SweepSpec, files: SweepFiles, verdict: Verdict) -> list[Path]:
    """Draw the sweep's figures from its results."""
    results = list(files.results())
    rung = len(spec.ladder().bracket_of(verdict.champion.trial).rungs) - 1
    return draw_figures(
        results,
        objective=spec.objective,
        searched=spec.search_space().names,
        log_scaled=spec.log_scaled(),
        champion=verdict.champion.trial,
        plainest=verdict.plainest.trial,
        samples=files.samples(verdict.champion.trial, rung),
        folder=files.figures,
    )


def champion_json(best: BestConfig) -> dict[str, Any]:
    """Return the champion for scripts."""
    champion = best.champion
    return {
        "trial": champion.trial,
        "hyperparameters": champion.hyperparameters,
        "objective": best.objective,
        "mean": champion.mean,
        "standard_error": champion.standard_error,
        "folds": champion.folds,
    }


def _score(spec: SweepSpec, finalist: Finalist) -> TrialScore:
    return TrialScore(
        trial=finalist.trial,
        hyperparameters=spec.hyperparameters(finalist.configuration),
        mean=finalist.mean,
        standard_error=finalist.standard_error,
        folds=list(finalist.folds),
    )
