"""The InfoGAN of Chen 2016 written out, with which the tests compare the model, and small models to compare."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal

from models.base import Minibatch, Noise
from models.infogan import InfoGANModel
from models.infogan_hyperparameters import InfoGAN
from tests.models.oracles import log_prob
from tests.models.training import digits, seeded

__all__ = [
    "FULL",
    "GAN",
    "INFOGAN",
    "assert_same_with_gradients",
    "bce",
    "gradients",
    "infogan",
    "plain_fakes",
    "plain_heads",
    "plain_j",
    "plain_l",
    "plain_l_q",
    "setting",
    "vector",
]

INFOGAN = InfoGAN(
    beta=1.0,
    alpha=0.0,
    label_weight=0.0,
    kappa=0.0,
    feature_matching=0.0,
    noise_dim=12,
    bottleneck=24,
    hidden=16,
    learned_noise=False,
    stochastic_bottleneck=False,
    baselines=False,
)
"""InfoGAN as Chen 2016 has it: everything that the article adds is off."""

GAN = replace(INFOGAN, lambda_=0.0)

FULL = replace(InfoGAN(), noise_dim=12, bottleneck=24, hidden=16)
"""Everything on, small."""


def infogan(chosen: InfoGAN) -> InfoGANModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return InfoGANModel(chosen, side=8, classes=10)


def setting(chosen: InfoGAN) -> tuple[InfoGANModel, Minibatch, Noise]:
    """Return a model in float64 with a minibatch, half of whose 64 images are labelled, and noise."""
    images, labels = digits(64)
    model = infogan(chosen).double()
    known = 32 if model.labels_per_class else 0
    batch = Minibatch(images[:32].double(), images[32 : 32 + known].double(), labels[32 : 32 + known])
    return model, batch, model.draw_noise(32, seeded(2))


def vector(noise: Noise) -> Tensor:
    one_hot = torch.eye(10, dtype=torch.float64)[noise["category"]]
    return torch.cat([one_hot, noise["continuous"]], dim=1)


def plain_fakes(model: InfoGANModel, noise: Noise) -> Tensor:
    code = torch.tanh(model.generator.embed(vector(noise)))
    return torch.sigmoid(model.generator.decoder(torch.cat([noise["z"], code], dim=1)))


def plain_heads(model: InfoGANModel, images: Tensor) -> Tensor:
    heads: Tensor = model.discriminator.heads(torch.tanh(model.discriminator.encoder(images)))
    return heads


def plain_l_q(heads: Tensor, noise: Noise) -> Tensor:
    mu, log_var = heads[:, 11:13], heads[:, 13:15].clamp(-10, 4)
    continuous = log_prob(Normal(mu, log_var.exp().sqrt()), noise["continuous"]).sum(dim=1)
    return F.cross_entropy(heads[:, 1:11], noise["category"]) - 0.1 * continuous.mean()


def plain_j(model: InfoGANModel, images: Tensor, noise: Noise) -> Tensor:
    real, fake = plain_heads(model, images), plain_heads(model, plain_fakes(model, noise).detach())
    return bce(real[:, 0], 1.0) + bce(fake[:, 0], 0.0) + plain_l_q(fake, noise)


def plain_l(model: InfoGANModel, noise: Noise) -> Tensor:
    fake = plain_heads(model, plain_fakes(model, noise))
    return bce(fake[:, 0], 1.0) + plain_l_q(fake, noise)


def bce(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    gradients = torch.autograd.grad(loss, list(network.parameters()), allow_unused=True, retain_graph=True)
    return [torch.zeros(()) if gradient is None else gradient for gradient in gradients]


def assert_same_with_gradients(ours: Tensor, theirs: Tensor, network: nn.Module) -> None:
    torch.testing.assert_close(ours, theirs, atol=1e-9, rtol=1e-9)
    for mine, other in zip(gradients(ours, network), gradients(theirs, network), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-9, rtol=1e-9)
