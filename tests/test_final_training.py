"""Training the champion: complete, repeatable, continued to the same bits, and never into another's folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import models
from models.build import build
from models.datasets import load_training
from models.fold_group import FoldGroup
from models.fold_group import Watch as FoldGroupWatch
from models.hyperparameters import HYPERPARAMETERS
from models.precision import Precision
from models.saved import weights_of
from sweeps.errors import SweepError
from sweeps.execution.lease import hold_lease
from sweeps.final_training import Epoch, TrainingReport, train_champion
from sweeps.record.export import BestConfig
from sweeps.search.seeds import Purpose, derive_seed
from sweeps.spec import Device
from tests.best_on_disk import LIMIT, best_config

BEST = best_config()


@dataclass
class Watch:
    """Notes the epochs, and stops the training after one of them as Ctrl-C would."""

    stop_after: int | None = None
    seen: list[Epoch] = field(default_factory=list)

    def __call__(self, epoch: Epoch) -> None:
        self.seen.append(epoch)
        if epoch.trained == self.stop_after:
            raise KeyboardInterrupt


def train(folder: Path, best: BestConfig = BEST, watch: Watch | None = None) -> TrainingReport:
    return train_champion(best, folder, data=None, threads=1, watch=watch or Watch())


def interrupted(folder: Path, *, after: int, best: BestConfig = BEST) -> Path:
    with pytest.raises(KeyboardInterrupt):
        train(folder, best, Watch(stop_after=after))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_is_complete_and_nothing_else_lies_in_it(odd_path: Path) -> None:
    report = train(odd_path / "model")
    assert set(contents(report.folder)) == {"model.safetensors", "config.json", "README.md", "samples.png"}
    config = json.loads((report.folder / "config.json").read_text())
    assert config["model"] == "beta_vae"
    assert config["training"]["recipe"] == {
        "model": "beta_vae",
        "hyperparameters": BEST.champion.hyperparameters,
        "dataset": "digits",
        "limit": LIMIT,
        "dataset_sha256": BEST.measured.dataset_sha256,
        "epochs": 3,
        "seed": 7,
        "precision": "float32",
        "threads": 1,
        "device": "cpu",
    }
    with Image.open(report.folder / "samples.png") as picture:
        assert picture.size == (10 * 26 + 2, 6 * 26 + 2)


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
def test_it_is_a_fold_group_of_one_model_whose_part_is_everything(name: str, odd_path: Path) -> None:
    best = best_config(name)
    dataset = load_training("digits", limit=LIMIT)
    hyperparameters = best.champion.hyperparameters
    model = build(name, hyperparameters, side=8, classes=10, seed=derive_seed(7, Purpose.FINAL, 0))
    group = FoldGroup(
        [model],
        [torch.arange(LIMIT)],
        torch.from_numpy(dataset.images),
        torch.from_numpy(dataset.labels),
        batch_size=int(hyperparameters["batch_size"]),
        seed_for=lambda purpose, fold, epoch: derive_seed(
            7, Purpose.FINAL, *((1,) if purpose == "labels" else (2, epoch))
        ),
    )
    group.train_to(3)
    report = train(odd_path / "model", best)
    assert (report.folder / "model.safetensors").read_bytes() == weights_of(group.model(0))
    assert report.config.training["terms"] == {name: curve[0][-1] for name, curve in sorted(group.curves.items())}


def test_the_loaded_model_draws_the_samples_of_the_card(odd_path: Path) -> None:
    from sweeps.execution.sample_grid import sample_grid_png

    folder = train(odd_path / "model").folder
    generator = torch.Generator().manual_seed(derive_seed(7, Purpose.SAMPLES))
    assert sample_grid_png(models.load(folder).sample(60, generator).numpy()) == (folder / "samples.png").read_bytes()


@pytest.mark.parametrize("name", list(HYPERPARAMETERS))
@pytest.mark.parametrize("after", [0, 2, 3])
def test_a_training_that_was_broken_off_ends_with_the_same_bits(name: str, after: int, odd_path: Path) -> None:
    best = best_config(name)
    through = train(odd_path / "through", best)
    broken = interrupted(odd_path / "broken", after=after, best=best)
    resumed = Watch()
    report = train(broken, best, resumed)
    assert (through.restored, report.restored) == (0, after)
    assert [epoch.trained for epoch in resumed.seen] == list(range(after, 4))
    assert contents(broken) == contents(through.folder)


def test_a_champion_of_bf16_is_trained_in_bf16(odd_path: Path) -> None:
    measured = BEST.measured.model_copy(update={"precision": "bf16"})
    best = BEST.model_copy(update={"measured": measured})
    through, broken = train(odd_path / "through", best), interrupted(odd_path / "broken", after=1, best=best)
    train(broken, best)
    assert contents(broken) == contents(through.folder)
    plain = train(odd_path / "plain")
    assert contents(plain.folder)["model.safetensors"] != contents(broken)["model.safetensors"]
    assert plain.config.training["terms"] == pytest.approx(through.config.training["terms"], rel=1e-2)


def test_a_training_that_was_killed_while_it_wrote_its_files_ends_the_same(odd_path: Path) -> None:
    through = contents(train(odd_path / "through").folder)
    writing = interrupted(odd_path / "writing", after=3)
    (writing / "samples.png").write_bytes(through["samples.png"])
    (writing / "model.safetensors").write_bytes(through["model.safetensors"])
    assert train(writing).restored == 3
    assert contents(writing) == through
    leaving = interrupted(odd_path / "leaving", after=3)
    for name, content in through.items():
        (leaving / name).write_bytes(content)
    assert train(leaving).restored == 3
    assert contents(leaving) == through


def test_a_model_that_is_there_is_not_trained_again(odd_path: Path) -> None:
    first, watch = train(odd_path / "model"), Watch()
    before = contents(first.folder)
    again = train(first.folder, watch=watch)
    assert watch.seen == []
    assert (again.config, again.restored) == (first.config, 3)
    assert contents(first.folder) == before


def test_whoever_watches_hears_of_every_epoch_with_its_terms(odd_path: Path) -> None:
    watch = Watch()
    train(odd_path / "model", watch=watch)
    assert [(epoch.trained, epoch.epochs) for epoch in watch.seen] == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert watch.seen[0].terms == {}
    assert watch.seen[3].terms["loss/L"] < watch.seen[1].terms["loss/L"]


def test_whoever_watches_hears_of_long_epochs_as_they_go_on(odd_path: Path) -> None:
    """200 images in minibatches of 2 are two steps, the last of which is told by the epoch's end."""
    watch = Watch()
    train(odd_path / "model", best_config(epochs=2, changes={"batch_size": 2}), watch)
    assert [(epoch.trained, epoch.part) for epoch in watch.seen] == [(0, 0), (0, 0.5), (1, 0), (1, 0.5), (2, 0)]
    assert watch.seen[3].terms == watch.seen[2].terms != {}


def test_a_champion_is_trained_on_the_kind_of_device_of_its_sweep_unless_told_otherwise(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[str] = []
    on_cpu = FoldGroup.train_to

    def train_to(
        group: FoldGroup, epochs: int, *, accelerator: str, precision: Precision, watch: FoldGroupWatch
    ) -> None:
        used.append(accelerator)
        on_cpu(group, epochs, precision=precision, watch=watch)

    monkeypatch.setattr(FoldGroup, "train_to", train_to)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    measured = BEST.measured.model_copy(update={"device": "gpu", "epochs": 1})
    of_gpu = BEST.model_copy(update={"measured": measured})
    runs: list[tuple[str, BestConfig, Device | None]]
    runs = [("a", best_config(epochs=1), None), ("b", of_gpu, None), ("c", of_gpu, "cpu")]
    for name, best, device in runs:
        report = train_champion(best, odd_path / name, data=None, threads=1, watch=Watch(), device=device)
        assert report.config.training["recipe"]["device"] == used[-1]
    assert used == ["cpu", "gpu", "cpu"]


def test_a_gpu_that_there_is_not_is_told_before_anything_is_written(
    odd_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(SweepError, match=r"gpu needs a GPU .* has none\. Write --device cpu"):
        train_champion(BEST, odd_path / "model", data=None, threads=1, watch=Watch(), device="gpu")
    assert not (odd_path / "model").exists()


@pytest.mark.parametrize(
    "other",
    [
        best_config(seed=8),
        best_config(epochs=4),
        best_config(changes={"beta": 2.0}),
        best_config("infogan"),
    ],
    ids=["seed", "epochs", "hyperparameter", "model"],
)
def test_a_folder_that_holds_another_model_is_refused_and_left_alone(other: BestConfig, odd_path: Path) -> None:
    finished, begun = train(odd_path / "finished").folder, interrupted(odd_path / "begun", after=1)
    before = contents(finished)
    with pytest.raises(SweepError, match=r"but holds another beta_vae\. Choose another folder by -o"):
        train(finished, other)
    with pytest.raises(SweepError, match="holds that of another: they differ in"):
        train(begun, other)
    assert contents(finished) == before
    assert train(begun).restored == 1


def test_a_folder_with_other_files_is_refused_and_left_alone(odd_path: Path) -> None:
    (odd_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SweepError, match=r"must be new or empty, but holds thesis\.tex"):
        train(odd_path)
    assert contents(odd_path) == {"thesis.tex": b"years of work"}
    with pytest.raises(SweepError, match="must be a folder, but is a file"):
        train(odd_path / "thesis.tex")
    with pytest.raises(SweepError, match="must be writable, but Not a directory"):
        train(odd_path / "thesis.tex" / "model")


def test_a_configuration_that_the_model_does_not_allow_leaves_no_folder(odd_path: Path) -> None:
    with pytest.raises(SweepError, match=r"beta must be a number in \[0, 1000\], but got -1"):
        train(odd_path / "model", best_config(changes={"beta": -1.0}))
    assert not (odd_path / "model").exists()


def test_an_empty_folder_is_taken(odd_path: Path) -> None:
    assert train(odd_path).restored == 0


def test_two_processes_cannot_train_into_one_folder(odd_path: Path) -> None:
    broken = interrupted(odd_path / "model", after=1)
    with (
        hold_lease(broken / ".training" / "lease.json"),
        pytest.raises(SweepError, match="one process trains a model at a time"),
    ):
        train(broken)


def test_a_damaged_checkpoint_is_told_with_its_remedy(odd_path: Path) -> None:
    broken = interrupted(odd_path / "model", after=1)
    checkpoint = broken / ".training" / "checkpoint.safetensors"
    whole = load_file(checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-9])
    with pytest.raises(SweepError, match=r"(?s)must be a whole checkpoint.* to train from the start"):
        train(broken)
    save_file({name: tensor for name, tensor in whole.items() if "decoder" not in name}, checkpoint)
    with pytest.raises(SweepError, match="it holds the state of another model"):
        train(broken)
    checkpoint.unlink()
    assert train(broken).restored == 0


def test_data_that_are_not_those_of_the_sweep_are_refused(odd_path: Path) -> None:
    measured = BEST.measured.model_copy(update={"dataset_sha256": "0" * 64})
    with pytest.raises(SweepError, match="digits must have the SHA-256 of the sweep's data, 0000"):
        train(odd_path / "model", BEST.model_copy(update={"measured": measured}))
    assert not (odd_path / "model").exists()


def test_a_champion_that_this_version_cannot_build_is_refused(odd_path: Path) -> None:
    with pytest.raises(SweepError, match="no hyperparameter 'gamma'"):
        train(odd_path / "model", best_config(changes={"gamma": 1.0}))
    with pytest.raises(SweepError, match=r"the model must be one of .*, but got 'vqvae'"):
        train(odd_path / "other", BEST.model_copy(update={"model": "vqvae"}))


def test_a_hyperparameter_that_the_file_does_not_name_has_its_default(odd_path: Path) -> None:
    named = {name: value for name, value in BEST.champion.hyperparameters.items() if name not in {"batch_size", "beta"}}
    shorter = BEST.model_copy(update={"champion": BEST.champion.model_copy(update={"hyperparameters": named})})
    digests = [train(odd_path / str(n), best).config.weights_sha256 for n, best in enumerate((BEST, shorter))]
    assert digests[0] == digests[1]


def test_a_loss_that_becomes_infinite_ends_the_training(odd_path: Path) -> None:
    broken = interrupted(odd_path / "model", after=1)
    checkpoint = broken / ".training" / "checkpoint.safetensors"
    swollen = {name: 1e30 * tensor if ".model." in name else tensor for name, tensor in load_file(checkpoint).items()}
    save_file(swollen, checkpoint)
    with pytest.raises(SweepError, match=r"training must stay finite, but loss/\w became non-finite in epoch 2"):
        train(broken)
    assert not (broken / "config.json").exists()
