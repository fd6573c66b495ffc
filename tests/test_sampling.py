"""Samples of trained models: what changes along a row and what stays, told from pixels; files; and refusals."""

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image
from safetensors.numpy import load
from torch import Tensor

from models.build import build
from sweeps.errors import SweepError
from sweeps.execution.sample_grid import GAP, sample_grid_png
from sweeps.sampling import Samples, draw, encoding, load_trained
from sweeps.vary import Variation
from tests.models.never_learns import NeverLearns

INFOGAN = build("infogan", {"hidden": 32}, side=8, classes=10, seed=0)
VAE = build("beta_vae", {"hidden": 32, "latent_dim": 4}, side=8, classes=10, seed=0)

SPAN = 24 + GAP
"""Pixels from one image of a grid to the next."""


class Codeless(NeverLearns):
    """A model that only promises what every model does: noise as images."""

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand(count, self.side, self.side, generator=generator)


def picture(samples: Samples) -> npt.NDArray[np.uint8]:
    with Image.open(io.BytesIO(encoding(Path("grid.png"))(samples))) as image:
        return np.asarray(image)


def tiles(samples: Samples) -> npt.NDArray[np.uint8]:
    """Return the images of a grid's picture, `(rows, columns, 24, 24)`."""
    grid = picture(samples)
    rows, columns = grid.shape[0] // SPAN, grid.shape[1] // SPAN
    inside = grid[GAP:, GAP:].reshape(rows, SPAN, columns, SPAN).swapaxes(1, 2)
    return inside[:, :, :24, :24]


def test_a_category_goes_by_column_and_noise_by_row() -> None:
    samples = draw(INFOGAN, 30, seed=0, vary=Variation.parse("code=0..9"))
    assert samples.codes is not None
    codes = samples.codes.reshape(3, 10, 3)
    assert np.array_equal(codes[:, :, 0], np.tile(np.arange(10), (3, 1)))
    assert np.array_equal(codes[:, :, 1:], np.repeat(codes[:, :1, 1:], 10, axis=1))
    shown = tiles(samples)
    assert shown.shape == (3, 10, 24, 24)
    for row in shown:
        assert all(not np.array_equal(row[0], other) for other in row[1:])
    assert not np.array_equal(shown[0, 0], shown[1, 0])


def test_a_continuous_code_goes_by_column_from_end_to_end_in_every_category() -> None:
    samples = draw(INFOGAN, 100, seed=0, vary=Variation.parse("c1=-1..1"))
    assert samples.codes is not None
    codes = samples.codes.reshape(10, 10, 3)
    assert np.array_equal(codes[:, :, 0], np.repeat(np.arange(10)[:, None], 10, axis=1))
    assert np.allclose(codes[:, :, 2], np.linspace(-1, 1, 10), atol=1e-6)
    shown = tiles(samples)
    assert all(not np.array_equal(row[column], row[column + 1]) for row in shown for column in range(9))


def test_a_traversal_changes_one_dimension_of_the_latent_code() -> None:
    samples = draw(VAE, 20, seed=0, vary=Variation.parse("z3=-3..3"))
    assert samples.codes is not None
    codes = samples.codes.reshape(2, 10, 4)
    assert np.allclose(codes[:, :, 3], np.linspace(-3, 3, 10), atol=1e-6)
    assert np.array_equal(codes[:, :, :3], np.repeat(codes[:, :1, :3], 10, axis=1))
    with torch.no_grad():
        expected = torch.sigmoid(VAE.get_submodule("decoder")(torch.from_numpy(samples.codes)))
    assert np.array_equal(samples.images, expected.numpy())


def test_a_code_that_changes_nothing_gives_equal_columns() -> None:
    samples = draw(VAE, 20, seed=0, vary=Variation("z0", (1, 1)))
    shown = tiles(samples)
    assert all(np.array_equal(row[0], other) for row in shown for other in row)
    assert not np.array_equal(shown[0, 0], shown[1, 0])


@pytest.mark.parametrize(("span", "columns"), [("0..2", 3), ("0..9", 10)])
def test_rows_are_whole_and_hold_what_was_asked_for(span: str, columns: int) -> None:
    samples = draw(INFOGAN, 4, seed=0, vary=Variation.parse(f"code={span}"))
    assert samples.columns == columns
    assert len(samples.images) == columns * -(-4 // columns)


def test_without_a_variation_they_are_the_models_own_samples() -> None:
    for model in (VAE, INFOGAN):
        samples = draw(model, 23, seed=5)
        expected = model.sample(23, torch.Generator().manual_seed(5)).numpy()
        assert np.array_equal(samples.images, expected)
        assert picture(samples).tobytes() == np.asarray(Image.open(io.BytesIO(sample_grid_png(expected)))).tobytes()


@pytest.mark.parametrize("ending", [".png", ".npz", ".safetensors"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(ending: str) -> None:
    encode, vary = encoding(Path(f"samples{ending}")), Variation("code")
    first, again, other = (encode(draw(INFOGAN, 20, seed=seed, vary=vary)) for seed in (0, 0, 1))
    assert first == again != other


def test_arrays_hold_images_and_codes() -> None:
    samples = draw(VAE, 7, seed=0)
    assert samples.codes is not None
    plain = np.load(io.BytesIO(encoding(Path("a.npz"))(samples)), allow_pickle=False)
    tensors = load(encoding(Path("a.safetensors"))(samples))
    for arrays in (plain, tensors):
        assert set(arrays) == {"images", "codes"}
        assert np.array_equal(arrays["images"], samples.images)
        assert np.array_equal(arrays["codes"], samples.codes)


def test_a_model_without_codes_is_sampled_but_not_varied() -> None:
    model = Codeless(side=8, classes=10)
    samples = draw(model, 12, seed=3)
    assert np.array_equal(samples.images, torch.rand(12, 8, 8, generator=torch.Generator().manual_seed(3)).numpy())
    assert set(samples.arrays()) == {"images"}
    with pytest.raises(SweepError, match="--vary needs a model with codes"):
        draw(model, 12, seed=3, vary=Variation("z0"))


def test_a_code_that_the_model_does_not_have_is_refused_with_those_it_has() -> None:
    with pytest.raises(SweepError, match=r"must name a code of the model, but got 'z4'\. There are: z0, z1, z2, z3"):
        draw(VAE, 12, seed=3, vary=Variation("z4"))


@pytest.mark.parametrize("name", ["samples", "samples.jpg", "samples.pkl"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(SweepError, match=r"samples are written as \.png, \.npz, \.safetensors, but got"):
        encoding(Path(name))


def test_a_folder_without_a_model_is_an_error_that_people_read(odd_path: Path) -> None:
    with pytest.raises(SweepError, match=r"config\.json: a trained model must have the files"):
        load_trained(odd_path)
