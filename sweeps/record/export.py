"""best.yaml: what someone takes away from a sweep, and the model that it rebuilds."""

import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from models.dataset_facts import DATASETS
from models.precision import Precision
from search_spaces.domains import Value
from sweeps.errors import SweepError
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.spec import Device

if TYPE_CHECKING:
    from models.base import GenerativeModel

__all__ = [
    "BestConfig",
    "Measured",
    "Provenance",
    "TrialScore",
    "package_versions",
    "read_best",
    "rebuild",
    "source_commit",
]

PACKAGES = ("sweeps", "torch", "pytorch-lightning", "ray", "hyperopt", "mlflow", "numpy", "scikit-learn")


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrialScore(_Frozen):
    """A trial measured at the top rung."""

    trial: int
    hyperparameters: dict[str, Value]
    mean: float
    standard_error: float
    folds: list[float]


class Measured(_Frozen):
    """On what, and for how long, it was measured."""

    dataset: str
    limit: int | None
    dataset_sha256: str
    folds: int
    folds_sha256: str
    epochs: int
    seed: int
    precision: Precision = "float32"
    feature_network: str
    device: Device = "cpu"


class Provenance(_Frozen):
    """By what it was measured, and where the record is."""

    sweep_id: str
    versions: dict[str, str]
    git_commit: str | None
    mlflow_tracking_uri: str
    mlflow_run_id: str | None
    checkpoint: str
    checkpoint_sha256: str


class BestConfig(_Frozen):
    """The contents of best.yaml.

    Attributes:
        model: The model's name.
        objective: What was minimised.
        champion: Who won, with all its hyperparameters.
        one_standard_error: The plainest finalist within one standard error of the champion.
        measured: Data, folds, epochs and seed.
        provenance: Versions, commit and record.
    """

    model: str
    objective: str
    champion: TrialScore
    one_standard_error: TrialScore
    measured: Measured
    provenance: Provenance

    def to_yaml(self) -> str:
        """Return the file's text."""
        head = (
            f"# The best configuration of sweep {self.provenance.sweep_id}.\n"
            "# standard_error is Nadeau and Bengio's; one_standard_error is the plainest finalist within one of it.\n"
        )
        return head + yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=120)


def read_best(path: Path) -> BestConfig:
    """Read a best.yaml.

    Raises:
        SweepError: The file is missing, or is not what `sweeps export` writes.
    """
    try:
        return BestConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        rule = f"{path} must be a file that `sweeps export` wrote"
        raise SweepError(f"{rule}, but {_said(error)}. Name another, or export it again by `sweeps export`.") from error


def rebuild(best: BestConfig, fold: int = 0) -> "GenerativeModel":
    """Build the champion's model with the initial weights it had in one fold.

    Raises:
        ValueError: A hyperparameter that the model no longer has or allows.
    """
    from models.build import build

    facts = DATASETS[best.measured.dataset]
    seed = derive_seed(best.measured.seed, Purpose.INITIAL, best.champion.trial, fold)
    hyperparameters: Mapping[str, Any] = best.champion.hyperparameters
    return build(best.model, hyperparameters, side=facts.side, classes=facts.classes, seed=seed, levels=facts.levels)


def package_versions() -> dict[str, str]:
    """Return the installed versions of the packages that results depend on."""
    return {name: found for name in PACKAGES if (found := _version(name))}


def source_commit() -> str | None:
    """Return the commit of the source tree that runs, with `-dirty` if it was changed; None outside a checkout."""
    folder = Path(__file__).parents[2]
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)  # noqa: S603  # fixed words
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def _said(error: OSError | UnicodeDecodeError | yaml.YAMLError | ValidationError) -> str:
    """Return what is wrong with a best.yaml in a few words; of several faults the first."""
    match error:
        case OSError():
            return f"got {error.strerror}"
        case UnicodeDecodeError():
            return "it is not text"
        case ValidationError():
            fault, count = error.errors(include_url=False, include_input=False)[0], error.error_count()
            place = ".".join(map(str, fault["loc"])) or "the file"
            more = f" (and {count - 1} more)" if count > 1 else ""
            return f"{place}: {fault['msg'][0].lower()}{fault['msg'][1:]}{more}"
        case _:
            return f"it is no YAML: {' '.join(str(error).split())}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
