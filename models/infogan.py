"""The InfoGAN with the article's losses L (generator) and J (discriminator, Q and bottleneck).

J = E sp(-s0(x)) + E sp(s0(G)) + λ L_Q + λ_y L_y + α L_NCE + κ·½[KL_I(x) + KL_I(G)] + γ/2 E||∇ s0(x)||²
L = E sp(-s0(G)) + λ L_Q + α L_NCE + fm·FM + κ KL_z(δ)

The adversarial parts may be those of the hinge or of the Wasserstein game instead (`models.losses.adversarial`). With
`label_in_logit` J has a second game, E sp(-s(x, y)) + E sp(s(G, y')), of labelled images with their labels y and of
generated ones with labels y' drawn at random.

At α = κ = fm = γ = 0, β = 1 it is InfoGAN (Chen 2016, Eq. 6, non-saturating), with λ = 0 too a GAN (Goodfellow 2014);
with labels and β → 0 it is ss-InfoGAN (Spurr 2017). A term whose weight is 0 is not computed.
"""

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from models.base import Minibatch, Noise, Terms, descend
from models.codes import CodeAxis, CodedModel, Latents
from models.infogan_hyperparameters import InfoGAN
from models.infogan_networks import CONTINUOUS, Codes, Discriminator, Generator, Readings
from models.infogan_watch import Watch
from models.losses.adversarial import (
    discriminator_loss,
    feature_distance,
    generator_loss,
    lipschitz_penalty,
    r1_penalty,
    squared_slopes,
)
from models.losses.gaussian import gaussian_kl, gaussian_nll, scale_kl
from models.losses.information import category_nll, contrastive_bound, cosine_scores, label_channel_nll, labelled_logit
from models.spectral import SpectralNorm

__all__ = ["InfoGANModel"]

BETAS = (0.5, 0.999)
"""Adam's moments for GANs (DCGAN, Radford 2015)."""

CONTINUOUS_WEIGHT = 0.1
"""Weight of the continuous codes within L_Q: differential entropies live on another scale (Chen 2016, §6)."""

TEMPERATURE = 0.1
"""τ of the contrastive bound."""

REAL_MEAN_DECAY = 0.95
"""How much of the running mean of real features a step keeps."""


class InfoGANModel(CodedModel):
    """A generator of images from noise and codes, and a discriminator that reads the codes back.

    Images are sampled from the running average of the generator, which circles less around the equilibrium.

    Attributes:
        steps: How many steps there have been.
        real_mean: `(bottleneck,)`, running mean of real images' features.
        multiplier: κ of the width of I where it is dual: κ ← max(0, κ + rate·(width - target)) (Peng 2019, Eq. 9).
        watch: What the alarms are told by.
    """

    steps: Tensor
    real_mean: Tensor
    multiplier: Tensor

    def __init__(self, hyperparameters: InfoGAN, *, side: int, classes: int) -> None:
        super().__init__(side=side, classes=classes)
        self.hyperparameters = hyperparameters
        self.labels_per_class = hyperparameters.labels_per_class if hyperparameters.label_weight else 0
        self.discriminator = Discriminator(hyperparameters, side=side, classes=classes)
        self.generator = Generator(hyperparameters, side=side, classes=classes)
        self.averaged_generator = copy.deepcopy(self.generator).requires_grad_(False)
        self.watch = Watch()
        self.register_buffer("steps", torch.zeros(()))
        self.register_buffer("real_mean", torch.zeros(hyperparameters.bottleneck))
        if hyperparameters.holds_width:
            self.register_buffer("multiplier", torch.tensor(hyperparameters.kappa))

    def make_optimizers(self) -> list[Optimizer]:
        """Return Adam for J (discriminator, Q and bottleneck) and Adam for L (generator and δ)."""
        rates = self.hyperparameters.lr, self.hyperparameters.lr_generator
        networks = self.discriminator, self.generator
        return [
            Adam(network.parameters(), lr=lr, betas=BETAS, fused=True)
            for network, lr in zip(networks, rates, strict=True)
        ]

    def draw_noise(self, count: int, generator: torch.Generator) -> Noise:
        """Draw codes, the noise z, and the noise of I for J (real, fake and labelled images) and for L.

        A label y ~ U{K} sent through the symmetric channel arrives as a category that is uniform at every β, so the
        category is drawn directly.
        """
        category = torch.randint(self.classes, (count,), generator=generator, device=self.device)
        noise = {
            "category": category,
            "continuous": 2 * self.uniform(count, CONTINUOUS, generator=generator) - 1,
            "z": self.normal(count, self.hyperparameters.noise_dim, generator=generator),
        }
        if self.hyperparameters.stochastic_bottleneck:
            read = 3 * count if self.labels_per_class else 2 * count
            noise["features_j"] = self.normal(read, self.hyperparameters.bottleneck, generator=generator)
            noise["features_l"] = self.normal(count, self.hyperparameters.bottleneck, generator=generator)
        if self.hyperparameters.penalises_slopes:
            noise["between"] = self.uniform(count, generator=generator)
        return noise

    def minibatch_step(self, batch: Minibatch, noise: Noise, optimizers: Sequence[Optimizer]) -> Terms:
        """Minimise J, then L on the same fakes."""
        optimizer_j, optimizer_l = optimizers
        fakes = self.compute(self.fakes, noise)
        loss_j, terms_j, real_mean = self.compute(self.loss_j, batch, fakes.detach(), noise)
        if self.hyperparameters.r1:
            terms_j["train/r1"] = self._lazy_r1(batch.images, like=loss_j)
            loss_j = loss_j + self.hyperparameters.r1 * terms_j["train/r1"]
        descend(loss_j, optimizer_j)
        self.real_mean.lerp_(real_mean.detach(), 1 - REAL_MEAN_DECAY)
        loss_l, terms_l = self.compute(self.loss_l, fakes, noise)
        descend(loss_l, optimizer_l)
        terms = {"loss/L": loss_l, "loss/J": loss_j, **terms_j, **terms_l}
        terms = {name: term.detach() for name, term in terms.items()}
        self._move_buffers(terms)
        return terms

    def fakes(self, noise: Noise) -> Tensor:
        """Return the images `(n, side, side)` that the generator makes of a step's codes and noise."""
        images: Tensor = self.generator(noise["z"], Codes(noise["category"], noise["continuous"]))
        return images

    def loss_j(self, batch: Minibatch, fakes: Tensor, noise: Noise) -> tuple[Tensor, Terms, Tensor]:
        """Return J of one minibatch without R1, its terms, and the mean of the real images' features `(bottleneck,)`.

        One pass reads real images, fakes and labelled images together, though none is normalised over another kind.
        """
        weights, count, labelled_count = self.hyperparameters, len(batch.images), len(batch.labels)
        together = torch.cat([batch.images, fakes, batch.labelled_images])
        readings = self.discriminator(together, noise.get("features_j"), (count, count, labelled_count))
        both, labelled = readings.parts(2 * count, labelled_count)
        real, fake = both.parts(count, count)
        adversarial = discriminator_loss(weights.adversarial, real.logit, fake.logit)
        terms = {"train/adversarial_d": adversarial}
        loss = self._add_information(adversarial, fake, noise)[0]
        if labelled_count:
            log_q = labelled.category_logits.log_softmax(dim=1)
            terms["train/label"] = label_channel_nll(log_q, batch.labels, weights.beta).mean()
            loss = loss + weights.label_weight * terms["train/label"]
            if weights.judges_pairs:
                terms["train/adversarial_pairs"] = self.game_of_pairs(labelled, batch.labels, fake, noise["category"])
                loss = loss + terms["train/adversarial_pairs"]
        if both.log_var is not None and (weights.kappa or weights.holds_width):
            terms["train/width_features"] = gaussian_kl(both.mu, both.log_var).mean()
            kappa = self.multiplier if weights.holds_width else weights.kappa
            loss = loss + kappa * terms["train/width_features"]
        if weights.penalises_slopes:
            terms["train/gradient_penalty"] = self.gradient_penalty(batch.images, fakes, noise["between"])
            loss = loss + weights.gradient_penalty * terms["train/gradient_penalty"]
        return loss, terms, real.mu.mean(dim=0)

    def game_of_pairs(self, real: Readings, labels: Tensor, fake: Readings, category: Tensor) -> Tensor:
        """Return E sp(-s(x, y)) + E sp(s(G, y')): its best s0 is that of the game of images alone, whatever Q says.

        Q is held fixed. Categories are uniform and independent, so that the next image's is a random label y'.
        """
        logits = [
            labelled_logit(each.logit, each.category_logits.detach().log_softmax(dim=1), y, self.hyperparameters.beta)
            for each, y in ((real, labels), (fake, category.roll(1)))
        ]
        return discriminator_loss(self.hyperparameters.adversarial, *logits)

    def gradient_penalty(self, real: Tensor, fakes: Tensor, between: Tensor) -> Tensor:
        """Return E (||∇ s0|| - 1)² at images between real ones and fakes, as far from each as `between` `(n,)` says."""
        mixed = torch.lerp(fakes, real, between[:, None, None])
        return lipschitz_penalty(squared_slopes(self.discriminator.logit, mixed))

    def r1(self, real: Tensor) -> Tensor:
        """Return ½ E ||∇ s0||² at real images."""
        return r1_penalty(squared_slopes(self.discriminator.logit, real))

    def loss_l(self, fakes: Tensor, noise: Noise) -> tuple[Tensor, Terms]:
        """Return L of one minibatch and its terms, among them what the bounds say of I(c; x) in nats."""
        weights = self.hyperparameters
        readings = self.discriminator(fakes, noise.get("features_l"))
        adversarial = generator_loss(weights.adversarial, readings.logit)
        loss, terms = self._add_information(adversarial, readings, noise)
        terms["train/adversarial_g"] = adversarial
        if weights.feature_matching:
            terms["train/feature_matching"] = feature_distance(readings.mu, self.real_mean)
            loss = loss + weights.feature_matching * terms["train/feature_matching"]
        scale = self.generator.noise_scale()
        if weights.kappa and scale is not None:
            terms["train/width_noise"] = scale_kl(scale)
            loss = loss + weights.kappa * terms["train/width_noise"]
        return loss, terms

    def code_axes(self) -> tuple[CodeAxis, ...]:
        """Return the category, called `code`, and the continuous codes from c0."""
        continuous = (CodeAxis(f"c{index}", -1.0, 1.0) for index in range(CONTINUOUS))
        return (CodeAxis("code", 0, self.classes - 1, whole=True), *continuous)

    def draw_latents(self, count: int, generator: torch.Generator) -> Latents:
        """Draw latents whose categories take turns, so that a grid with one column per class shows each in its own."""
        continuous = 2 * self.uniform(count, CONTINUOUS, generator=generator) - 1
        z = self.normal(count, self.hyperparameters.noise_dim, generator=generator)
        category = torch.arange(count, device=self.device) % self.classes
        return Latents(torch.cat([category[:, None].to(z.dtype), continuous], dim=1), z)

    def generate(self, latents: Latents) -> Tensor:
        """Return what the averaged generator makes of them."""
        codes = Codes(latents.codes[:, 0].long(), latents.codes[:, 1:])
        images: Tensor = self.averaged_generator(latents.noise, codes)
        return images

    def alarms(self, epochs: int) -> Terms:
        """Tell whether the discriminator won, and whether the codes are ignored, as far as the losses show it.

        A Wasserstein loss has no value at which the discriminator has won.
        """
        rings = {}
        if self.hyperparameters.adversarial != "wgan-gp":
            rings["discriminator_won"] = self.watch.discriminator_won()
        if self.hyperparameters.lambda_:
            rings["codes_ignored"] = self.watch.codes_ignored(epochs, self.classes)
        return rings

    def _add_information(self, loss: Tensor, fake: Readings, noise: Noise) -> tuple[Tensor, Terms]:
        """Return the loss with λ L_Q + α L_NCE of the fakes added, and the terms of the two bounds."""
        weights, terms = self.hyperparameters, Terms()
        codes = Codes(noise["category"], noise["continuous"])
        if weights.lambda_:
            missed = category_nll(fake.category_logits, codes.category).mean()
            continuous = gaussian_nll(codes.continuous, *fake.continuous).mean()
            loss = loss + weights.lambda_ * (missed + CONTINUOUS_WEIGHT * continuous)
            terms["train/q_continuous"] = continuous
            terms["train/mi_cat"] = math.log(self.classes) - missed.detach()
        if weights.alpha:
            scores = cosine_scores(self.discriminator.project(codes), fake.features, TEMPERATURE)
            terms["train/nce"] = contrastive_bound(scores, weights.nce, weights.candidates)
            loss = loss - weights.alpha * terms["train/nce"]
        return loss, terms

    def _lazy_r1(self, real: Tensor, like: Tensor) -> Tensor:
        """Return `r1_every` times the penalty once in so many steps, else 0 (Karras 2020, §4.1): right on average."""
        every = self.hyperparameters.r1_every
        # Stacked folds are all at the same step.
        due = int(self.steps.amax()) % every == 0
        return every * self.compute(self.r1, real) if due else torch.zeros_like(like)

    @torch.no_grad()
    def _move_buffers(self, terms: Terms) -> None:
        """Move what follows the training from step to step: averages, multiplier, singular vectors, watch."""
        weights = self.hyperparameters
        self.steps += 1
        # The average moves by 9/(9+t), so that its first steps forget the initial weights, later by 1 - decay.
        rate = (9 / (9 + self.steps.amax())).clamp(min=1 - weights.average_decay)
        for average, current in zip(self.averaged_generator.parameters(), self.generator.parameters(), strict=True):
            average.lerp_(current, rate)
        if weights.holds_width:
            excess = terms["train/width_features"] - weights.target_width
            self.multiplier.add_(weights.dual_rate * excess).clamp_(min=0)
        if isinstance(self.discriminator.encoder, SpectralNorm):
            self.discriminator.encoder.move(self.compute(self.discriminator.encoder.iterated))
        self.watch.note(terms, self.steps)
