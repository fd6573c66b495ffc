"""The InfoGAN with the article's losses L (generator) and J (discriminator, Q and bottleneck).

J = E sp(-s0(x)) + E sp(s0(G)) + λ L_Q + λ_y L_y + α L_NCE + κ·½[KL_I(x) + KL_I(G)]
L = E sp(-s0(G)) + λ L_Q + α L_NCE + fm·FM + κ KL_z(δ)

At α = κ = fm = 0, β = 1 it is InfoGAN (Chen 2016, Eq. 6, non-saturating), with λ = 0 too a GAN (Goodfellow 2014);
with labels and β → 0 it is ss-InfoGAN (Spurr 2017). A term whose weight is 0 is not computed.
"""

import copy
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import GenerativeModel
from models.hyperparameters import InfoGAN
from models.infogan_networks import CONTINUOUS, Codes, Discriminator, Generator, Readings
from models.losses import (
    contrastive_bound,
    discriminator_loss,
    feature_distance,
    gaussian_kl,
    gaussian_nll,
    generator_loss,
    label_channel_nll,
    scale_kl,
)

__all__ = ["InfoGANModel"]

BETAS = (0.5, 0.999)
"""Adam's moments for GANs (DCGAN, Radford 2015)."""

CONTINUOUS_WEIGHT = 0.1
"""Weight of the continuous codes within L_Q: differential entropies live on another scale (Chen 2016, §6)."""

TEMPERATURE = 0.1
"""τ of the contrastive bound."""

REAL_MEAN_DECAY = 0.95
"""How much of the running mean of real features a step keeps."""

AVERAGE_DECAY = 0.99
"""How much of the averaged generator a step keeps in the end: about the last hundred steps count (Yazıcı 2019)."""

Terms = dict[str, Tensor]


class InfoGANModel(GenerativeModel):
    """A generator of images from noise and codes, and a discriminator that reads the codes back.

    Images are sampled from the running average of the generator, which circles less around the equilibrium.
    """

    steps: Tensor
    real_mean: Tensor
    labelled_images: Tensor
    labelled_labels: Tensor

    def __init__(self, hyperparameters: InfoGAN, *, side: int, classes: int) -> None:
        super().__init__(side=side, classes=classes)
        self.hyperparameters = hyperparameters
        self.discriminator = Discriminator(hyperparameters, side=side, classes=classes)
        self.generator = Generator(hyperparameters, side=side, classes=classes)
        self.averaged_generator = copy.deepcopy(self.generator).requires_grad_(False)
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("real_mean", torch.zeros(hyperparameters.bottleneck))
        self.register_buffer("labelled_images", torch.empty(0, side, side), persistent=False)
        self.register_buffer("labelled_labels", torch.empty(0, dtype=torch.int64), persistent=False)

    def prepare(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> None:
        """Draw the examples that keep their labels: `labels_per_class` of each class, or as many as there are."""
        order = torch.randperm(len(labels), generator=generator, device=labels.device)
        limit = self.hyperparameters.labels_per_class
        chosen = torch.cat([order[labels[order] == label][:limit] for label in range(self.classes)])
        self.labelled_images, self.labelled_labels = images[chosen], labels[chosen]

    def make_optimizers(self) -> list[Optimizer]:
        """Return Adam for J (discriminator, Q and bottleneck) and Adam for L (generator and δ)."""
        rates = self.hyperparameters.lr, self.hyperparameters.lr_generator
        networks = self.discriminator, self.generator
        return [
            Adam(network.parameters(), lr=lr, betas=BETAS, fused=True)
            for network, lr in zip(networks, rates, strict=True)
        ]

    def minibatch_step(
        self,
        images: Tensor,
        labels: Tensor,
        optimizers: Sequence[Optimizer],
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        """Minimise J, then L on the same fakes."""
        optimizer_j, optimizer_l = optimizers
        codes = self.draw_codes(len(images), generator)
        fakes = self.generator(self.draw_noise(len(images), generator), codes)
        loss_j, terms_j = self.loss_j(images, fakes.detach(), codes, generator)
        _descend(loss_j, optimizer_j)
        loss_l, terms_l = self.loss_l(fakes, codes, generator)
        _descend(loss_l, optimizer_l)
        self._average_generator()
        terms = {"loss/L": loss_l, "loss/J": loss_j, **terms_j, **terms_l}
        return {name: term.detach() for name, term in terms.items()}

    def loss_j(self, images: Tensor, fakes: Tensor, codes: Codes, generator: torch.Generator) -> tuple[Tensor, Terms]:
        """Return J of one minibatch and its terms; moves the running mean of real features.

        One pass reads real images, fakes and a labelled batch of the same size together.
        """
        weights, count = self.hyperparameters, len(images)
        labelled_images, labels = self._draw_labelled(count, generator)
        readings = self.discriminator(torch.cat([images, fakes, labelled_images]), generator)
        both, labelled = readings.parts(2 * count, len(labels))
        real, fake = both.parts(count, count)
        if weights.feature_matching:
            self.real_mean.lerp_(real.mu.detach().mean(dim=0), 1 - REAL_MEAN_DECAY)
        adversarial = discriminator_loss(real.logit, fake.logit)
        terms = {"train/adversarial_d": adversarial}
        loss = self._add_information(adversarial, fake, codes)[0]
        if len(labels):
            log_q = labelled.category_logits.log_softmax(dim=1)
            terms["train/label"] = label_channel_nll(log_q, labels, weights.beta).mean()
            loss = loss + weights.label_weight * terms["train/label"]
        if weights.kappa and both.log_var is not None:
            terms["train/width_features"] = gaussian_kl(both.mu, both.log_var).mean()
            loss = loss + weights.kappa * terms["train/width_features"]
        return loss, terms

    def loss_l(self, fakes: Tensor, codes: Codes, generator: torch.Generator) -> tuple[Tensor, Terms]:
        """Return L of one minibatch and its terms, among them what the bounds say of I(c; x) in nats."""
        weights = self.hyperparameters
        readings = self.discriminator(fakes, generator)
        adversarial = generator_loss(readings.logit)
        loss, terms = self._add_information(adversarial, readings, codes)
        terms["train/adversarial_g"] = adversarial
        if weights.feature_matching:
            terms["train/feature_matching"] = feature_distance(readings.mu, self.real_mean)
            loss = loss + weights.feature_matching * terms["train/feature_matching"]
        scale = self.generator.noise_scale()
        if weights.kappa and scale is not None:
            terms["train/width_noise"] = scale_kl(scale)
            loss = loss + weights.kappa * terms["train/width_noise"]
        return loss, terms

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw images of the classes in turn, so that a grid with one column per class shows each in its column."""
        category = torch.arange(count, device=self.device) % self.classes
        codes = Codes.of(category, self._draw_continuous(count, generator), self.classes)
        images: Tensor = self.averaged_generator(self.draw_noise(count, generator), codes)
        return images

    def draw_codes(self, count: int, generator: torch.Generator) -> Codes:
        """Draw `count` codes.

        A label y ~ U{K} sent through the symmetric channel arrives as a category that is uniform at every β, so the
        category is drawn directly.
        """
        category = torch.randint(self.classes, (count,), generator=generator, device=self.device)
        return Codes.of(category, self._draw_continuous(count, generator), self.classes)

    def draw_noise(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ε ~ N(0, 1), `(count, noise_dim)`."""
        shape = count, self.hyperparameters.noise_dim
        return torch.randn(shape, generator=generator, device=self.device)

    def _draw_continuous(self, count: int, generator: torch.Generator) -> Tensor:
        uniform = torch.rand(count, CONTINUOUS, generator=generator, device=self.device)
        return 2 * uniform - 1

    def _add_information(self, loss: Tensor, fake: Readings, codes: Codes) -> tuple[Tensor, Terms]:
        """Return the loss with λ L_Q + α L_NCE of the fakes added, and the terms of the two bounds."""
        weights, terms = self.hyperparameters, Terms()
        if weights.lambda_:
            missed = F.cross_entropy(fake.category_logits, codes.category)
            continuous = gaussian_nll(codes.continuous, *fake.continuous).mean()
            loss = loss + weights.lambda_ * (missed + CONTINUOUS_WEIGHT * continuous)
            terms["train/q_continuous"] = continuous
            terms["train/mi_cat"] = math.log(self.classes) - missed.detach()
        if weights.alpha:
            projected = self.discriminator.code_features(codes.vector)
            terms["train/nce"] = contrastive_bound(projected, fake.features, TEMPERATURE)
            loss = loss - weights.alpha * terms["train/nce"]
        return loss, terms

    @torch.no_grad()
    def _average_generator(self) -> None:
        """Move the average by 9/(9+t), so that its first steps forget the initial weights, later by 1 - decay."""
        self.steps += 1
        rate = (9 / (9 + self.steps)).clamp(min=1 - AVERAGE_DECAY)
        for average, current in zip(self.averaged_generator.parameters(), self.generator.parameters(), strict=True):
            average.lerp_(current, rate)

    def _draw_labelled(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw a labelled batch with replacement; an empty one where labels have no weight or there are none."""
        if not (self.hyperparameters.label_weight and self.hyperparameters.labels_per_class):
            return self.labelled_images[:0], self.labelled_labels[:0]
        if not len(self.labelled_labels):
            raise RuntimeError("infogan must be prepared before its first step: call prepare with the training part")
        device = self.labelled_labels.device
        chosen = torch.randint(len(self.labelled_labels), (count,), generator=generator, device=device)
        return self.labelled_images[chosen], self.labelled_labels[chosen]


def _descend(loss: Tensor, optimizer: Optimizer) -> None:
    """Take one step; gradients are computed for the optimizer's parameters alone."""
    optimizer.zero_grad()
    torch.autograd.backward(loss, inputs=optimizer.param_groups[0]["params"])
    optimizer.step()
