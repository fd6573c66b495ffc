"""Shares of a worker's time, from results whose times are chosen."""

from benchmarks.utilisation import WorkerShare, worker_shares
from sweeps.execution.result import EvaluationResult


def _result(worker: str, *, started: int, train_seconds: float, score_seconds: float, ended: int) -> EvaluationResult:
    return EvaluationResult(
        sweep_id="digits-00000000",
        trial=0,
        bracket=0,
        rung=0,
        epochs=1,
        hyperparameters={},
        state="scored",
        reason="",
        folds=[1.0],
        scores={"fid": [1.0]},
        curves={"loss/L": [[1.0]]},
        first_epoch=1,
        epoch_times=[ended],
        started=started,
        ended=ended,
        train_seconds=train_seconds,
        score_seconds=score_seconds,
        checkpoint_sha256="",
        worker=worker,
    )


def test_shares_are_of_the_time_from_the_first_start_to_the_last_end() -> None:
    results = [
        _result("host:2", started=2_000, train_seconds=4.0, score_seconds=1.0, ended=7_000),
        _result("host:1", started=1_000, train_seconds=3.0, score_seconds=1.0, ended=5_000),
        _result("host:1", started=5_000, train_seconds=5.0, score_seconds=1.0, ended=11_000),
    ]
    assert worker_shares(results) == [
        WorkerShare("host:1", evaluations=2, training=0.8, busy=1.0, begun_seconds=0.0),
        WorkerShare("host:2", evaluations=1, training=0.4, busy=0.5, begun_seconds=1.0),
    ]


def test_a_sweep_without_results_has_no_workers() -> None:
    assert worker_shares([]) == []
