"""best.yaml: written, read back the same, refused when it is something else, and rebuilt into the champion's model."""

import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from models.base import GenerativeModel
from models.build import build
from models.hyperparameters import parse, rules
from models.vae import BetaVAEModel
from sweeps.errors import SweepError
from sweeps.execution.storage import Home
from sweeps.record.export import BestConfig, package_versions, read_best, rebuild, source_commit
from sweeps.search.seeds import Purpose, derive_seed
from tests.sweep_on_disk import finish, small_spec

SPEC = small_spec()


@pytest.fixture
def best_path(home: Home) -> Path:
    return finish(home, SPEC).best


def same_weights(first: GenerativeModel, second: GenerativeModel) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


def test_what_is_written_is_read_back_the_same(best_path: Path) -> None:
    best = read_best(best_path)
    assert BestConfig.model_validate(yaml.safe_load(best.to_yaml())) == best
    assert best.to_yaml() == best_path.read_text(encoding="utf-8")


def test_every_score_keeps_every_digit(best_path: Path) -> None:
    best = read_best(best_path)
    assert best.champion.folds == [10.0 + 0 - 3 + 0.1 * fold for fold in range(3)]
    exact = best.model_copy(update={"champion": best.champion.model_copy(update={"mean": 0.1 + 0.2, "folds": [1e-17]})})
    again = BestConfig.model_validate(yaml.safe_load(exact.to_yaml()))
    assert (again.champion.mean, again.champion.folds) == (0.30000000000000004, [1e-17])


def test_it_says_what_won_on_what_and_by_what(best_path: Path, home: Home) -> None:
    best = read_best(best_path)
    assert (best.model, best.objective, best.champion.trial) == ("beta_vae", "fid", 0)
    assert set(best.champion.hyperparameters) == set(rules("beta_vae"))
    assert best.champion.hyperparameters["latent_dim"] == 4
    assert (best.measured.dataset, best.measured.folds, best.measured.epochs, best.measured.seed) == ("digits", 3, 3, 0)
    assert best.measured.feature_network == "digits-1"
    assert best.provenance.sweep_id == SPEC.sweep_id
    assert best.provenance.checkpoint == str(home.sweep(SPEC.sweep_id).checkpoint(0, 1))


def test_it_says_on_which_kind_of_device_and_without_it_means_the_cpu(home: Home, best_path: Path) -> None:
    of_gpu = finish(home, small_spec(name="other", resources={"gpus": 0.5}))
    assert (read_best(of_gpu.best).measured.device, read_best(best_path).measured.device) == ("gpu", "cpu")
    best_path.write_text(best_path.read_text(encoding="utf-8").replace("  device: cpu\n", ""), encoding="utf-8")
    assert read_best(best_path).measured.device == "cpu"


def test_it_says_in_what_precision_and_files_that_do_not_are_of_float32(best_path: Path, home: Home) -> None:
    reduced = read_best(finish(home, small_spec(precision="bf16")).best)
    assert (read_best(best_path).measured.precision, reduced.measured.precision) == ("float32", "bf16")
    best_path.write_text(best_path.read_text(encoding="utf-8").replace("  precision: float32\n", ""), encoding="utf-8")
    assert read_best(best_path).measured.precision == "float32"


def test_it_begins_with_the_sweep_it_came_from(best_path: Path) -> None:
    first = best_path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# The best configuration of sweep {SPEC.sweep_id}."


def test_the_model_is_rebuilt_with_the_champions_hyperparameters_and_initial_weights(best_path: Path) -> None:
    best = read_best(best_path)
    model = rebuild(best, fold=2)
    assert isinstance(model, BetaVAEModel)
    assert model.hyperparameters == parse("beta_vae", best.champion.hyperparameters)
    assert (model.side, model.classes) == (8, 10)
    seed = derive_seed(SPEC.seed, Purpose.INITIAL, best.champion.trial, 2)
    assert same_weights(model, build("beta_vae", best.champion.hyperparameters, side=8, classes=10, seed=seed))
    assert not same_weights(model, rebuild(best, fold=0))


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[unclosed",
        lambda text: text + "more: 1\n",
        lambda text: text.replace("trial: 0", "trial: many"),
    ],
    ids=["cut", "empty", "no yaml", "more", "no number"],
)
def test_what_is_not_a_best_configuration_is_refused_with_its_path(best_path: Path, damage: object) -> None:
    assert callable(damage)
    best_path.write_text(damage(best_path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(SweepError) as caught:
        read_best(best_path)
    assert str(best_path) in str(caught.value)
    assert "`sweeps export`" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "got No such file or directory"),
        (b"\xff\xfe\x00", "it is not text"),
        (b"a: [", "it is no YAML: while parsing"),
        (b"model: vae", "objective: field required (and 4 more)"),
        (b"- 1", "the file: input should be"),
    ],
    ids=["missing", "binary", "no yaml", "a spec", "a list"],
)
def test_what_is_wrong_with_a_file_is_told_in_one_line(content: bytes | None, said: str, odd_path: Path) -> None:
    path = odd_path / "best.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SweepError) as caught:
        read_best(path)
    told = str(caught.value)
    assert told.startswith(f"{path} must be a file that `sweeps export` wrote, but {said}")
    assert told.endswith(". Name another, or export it again by `sweeps export`.")
    assert len(told.removeprefix(str(path))) < 300


def test_a_hyperparameter_that_the_model_no_longer_has_is_refused(best_path: Path) -> None:
    best = read_best(best_path)
    older = best.champion.model_copy(update={"hyperparameters": {**best.champion.hyperparameters, "gamma": 1.0}})
    with pytest.raises(ValueError, match="no hyperparameter 'gamma'"):
        rebuild(best.model_copy(update={"champion": older}))


def test_the_versions_are_those_installed() -> None:
    versions = package_versions()
    assert versions["torch"] == torch.__version__
    assert {"sweeps", "ray", "mlflow", "numpy"} <= set(versions)


def test_the_commit_is_that_of_the_checkout() -> None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    assert (source_commit() or "").removesuffix("-dirty") == told
