"""The sweep as Ray Tune's documentation writes it: HyperBandScheduler, HyperOptSearch, MLflowLoggerCallback.

    export RAY_AUTH_MODE=token RAY_AUTH_TOKEN="$(openssl rand -hex 32)"
    python -m benchmarks.rivals.ray_tune FOLDER --trials 17 --epochs 9

Trains what `benchmarks/rivals/folds.py` says, two trials at a time, and reports the mean fid over the folds after every
epoch. Prints one JSON object; everything that it records lies in FOLDER.
"""

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.schedulers import HyperBandScheduler
from ray.tune.search.hyperopt import HyperOptSearch

from benchmarks.rivals.folds import FOLDS, FoldFits, log_uniform_ranges

__all__ = ["main", "train"]

WORKERS = 2
REDUCTION_FACTOR = 3


def main() -> None:
    """Run the sweep and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty folder")
    parser.add_argument("--trials", type=int, default=17)
    parser.add_argument("--epochs", type=int, default=9)
    arguments = parser.parse_args()
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False, _node_ip_address="127.0.0.1")
    results = _tuner(arguments.folder.resolve(), arguments.trials, arguments.epochs).fit()
    epochs = [result.metrics["training_iteration"] for result in results]
    best = results.get_best_result()
    told = {
        "trials": len(epochs),
        "fold_epochs": FOLDS * sum(epochs),
        "stopped_early": sum(e < max(epochs) for e in epochs),
    }
    print(json.dumps(told | {"failed": results.num_errors, "fid": best.metrics["fid"], "configuration": best.config}))


def train(config: dict[str, Any]) -> None:
    """Train one trial; after a pause of the scheduler's, go on from its last checkpoint."""
    with TemporaryDirectory() as temporary:
        folder, done = Path(temporary), 0
        checkpoint = tune.get_checkpoint()
        if checkpoint:
            with checkpoint.as_directory() as kept:
                shutil.copytree(kept, folder, dirs_exist_ok=True)
            done = json.loads((folder / "progress.json").read_text())["epoch"]
        fits = FoldFits({name: config[name] for name in log_uniform_ranges()}, folder)
        for epoch in range(done + 1, config["epochs"] + 1):
            metrics = fits.train_epoch(epoch)
            (folder / "progress.json").write_text(json.dumps({"epoch": epoch}))
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(str(folder)))


def _tuner(folder: Path, trials: int, epochs: int) -> tune.Tuner:
    space = {name: tune.loguniform(low, high) for name, (low, high) in log_uniform_ranges().items()}
    record = MLflowLoggerCallback(tracking_uri=f"sqlite:///{folder}/mlflow.db", experiment_name="ray-tune")
    return tune.Tuner(
        train,
        param_space={**space, "epochs": epochs},
        tune_config=tune.TuneConfig(
            metric="fid",
            mode="min",
            num_samples=trials,
            max_concurrent_trials=WORKERS,
            search_alg=HyperOptSearch(),
            scheduler=HyperBandScheduler(max_t=epochs, reduction_factor=REDUCTION_FACTOR),
        ),
        run_config=tune.RunConfig(name="ray-tune", storage_path=str(folder), callbacks=[record]),
    )


if __name__ == "__main__":
    main()
