"""The plainly written VAE computes what the project's computes, so that their speeds compare."""

import pytest
import torch

from benchmarks.plain_vae import PlainLoop, PlainVAE, conv_vae, dense_vae
from models.base import Minibatch
from models.vae import VAEModel
from models.vae_hyperparameters import VAE
from tests.models.training import digits, seeded


@pytest.mark.parametrize(
    ("plain", "chosen", "side"),
    [
        (dense_vae(side=8, hidden=12, latent=3), VAE(hidden=12, latent_dim=3), 8),
        (conv_vae(hidden=8, latent=3), VAE(hidden=8, latent_dim=3, network="conv"), 28),
    ],
    ids=["dense", "conv"],
)
def test_with_the_same_weights_it_has_the_loss_of_the_model(plain: PlainVAE, chosen: VAE, side: int) -> None:
    model = VAEModel(chosen, side=side, classes=10)
    for theirs, ours in zip(plain.parameters(), model.parameters(), strict=True):
        theirs.data = ours.detach().T if ours.dim() == 2 else ours.detach()
    greys = torch.rand(5, side, side, generator=seeded(0))
    noise = model.draw_noise(5, seeded(1))
    loss, _ = model.loss(Minibatch(greys, greys[:0], torch.zeros(0, dtype=torch.int64)), noise)
    x = model.draw_pixels(greys, noise["pixels"]).flatten(1)
    torch.testing.assert_close(plain.loss(x, noise["code"]), loss)


def test_the_loop_shows_every_image_of_its_part_once_an_epoch_and_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    images, part = digits(150)[0].round(), torch.arange(50, 150)  # what is drawn of black and white is itself
    seen: list[torch.Tensor] = []
    losses: list[float] = []
    model, original = dense_vae(side=8, hidden=12, latent=3), PlainVAE.loss

    def noting(self: PlainVAE, x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        loss = original(self, x, noise)
        seen.extend(x)
        losses.append(loss.item())
        return loss

    monkeypatch.setattr(PlainVAE, "loss", noting)
    loop = PlainLoop(model, part, images, batch_size=30)
    loop.train()
    assert sorted(image.numpy().tobytes() for image in seen) == sorted(image.numpy().tobytes() for image in images[50:])
    for _ in range(20):
        loop.train()
    assert sum(losses[-4:]) < 0.8 * sum(losses[:4])
