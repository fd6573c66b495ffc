"""The sweep as an Optuna user writes it: TPE, HyperbandPruner, processes that share one SQLite study, MLflow.

    python -m benchmarks.rivals.optuna_study FOLDER --trials 49 --epochs 27

Trains what `benchmarks/rivals/folds.py` says and reports the mean fid over the folds after every epoch. Prints one JSON
object; everything that it records lies in FOLDER.
"""

import argparse
import json
import multiprocessing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import mlflow
import optuna
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState

from benchmarks.rivals.folds import FOLDS, FoldFits, log_uniform_ranges

__all__ = ["Sweep", "main"]

WORKERS = 2
REDUCTION_FACTOR = 3
STUDY = "optuna"
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Sweep:
    """What both processes are told."""

    folder: Path
    trials: int
    epochs: int

    @property
    def storage(self) -> str:
        """Where the study is."""
        return f"sqlite:///{self.folder}/optuna.db"

    def study(self, seed: int) -> optuna.Study:
        """Make or join the study; each process samples with its own seed."""
        return optuna.create_study(
            study_name=STUDY,
            storage=self.storage,
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=optuna.pruners.HyperbandPruner(max_resource=self.epochs, reduction_factor=REDUCTION_FACTOR),
        )

    def open_record(self) -> None:
        """Choose the MLflow experiment, which the first call makes."""
        mlflow.set_tracking_uri(f"sqlite:///{self.folder}/mlflow.db")
        mlflow.set_experiment(STUDY)

    def objective(self, trial: optuna.Trial) -> float:
        """Train one trial until its last epoch, or until the pruner ends it."""
        ranges = log_uniform_ranges().items()
        configuration = {name: trial.suggest_float(name, low, high, log=True) for name, (low, high) in ranges}
        with TemporaryDirectory() as checkpoints, mlflow.start_run(run_name=f"trial-{trial.number}"):
            mlflow.log_params(configuration)
            fits = FoldFits(configuration, Path(checkpoints))
            for epoch in range(1, self.epochs + 1):
                metrics = fits.train_epoch(epoch)
                mlflow.log_metrics(metrics, step=epoch)
                trial.report(metrics["fid"], step=epoch)
                if epoch < self.epochs and trial.should_prune():
                    raise optuna.TrialPruned
        return metrics["fid"]


def main() -> None:
    """Run the sweep and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty folder")
    parser.add_argument("--trials", type=int, default=49)
    parser.add_argument("--epochs", type=int, default=27)
    arguments = parser.parse_args()
    sweep = Sweep(arguments.folder.resolve(), arguments.trials, arguments.epochs)
    study = sweep.study(seed=0)
    sweep.open_record()
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_work, args=(sweep, seed), daemon=True) for seed in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    epochs = [trial.last_step or 0 for trial in study.trials]
    told = {"trials": len(epochs), "fold_epochs": FOLDS * sum(epochs)}
    told |= {"stopped_early": len(study.get_trials(states=(TrialState.PRUNED,)))}
    print(json.dumps(told | {"fid": study.best_value, "configuration": study.best_params}))


def _work(sweep: Sweep, seed: int) -> None:
    sweep.open_record()
    sweep.study(seed).optimize(sweep.objective, callbacks=[MaxTrialsCallback(sweep.trials, states=ENDED)])


if __name__ == "__main__":
    main()
