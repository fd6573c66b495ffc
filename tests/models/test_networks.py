"""The networks: the shapes they take and give, and the images they refuse."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import BatchNorm2d, LeakyReLU, Linear

from models.networks import BatchNorm, Dense, Network, batch_normalised, decoder, encoder, multiplying_in
from models.precision import Precision


@pytest.mark.parametrize(("network", "side"), [("dense", 5), ("dense", 8), ("dense", 28), ("conv", 8), ("conv", 28)])
def test_encoder_and_decoder_fit_the_image_size(network: str, side: int) -> None:
    features = encoder(network, side=side, hidden=16, outputs=6)(torch.rand(3, side, side))
    assert features.shape == (3, 6)
    assert decoder(network, inputs=6, side=side, hidden=16)(features).shape == (3, side, side)


@pytest.mark.parametrize("network", ["dense", "conv"])
def test_every_pixel_reaches_the_features_and_every_code_the_image(network: str) -> None:
    images = torch.rand(1, 28, 28, requires_grad=True)
    torch.autograd.backward(encoder(network, side=28, hidden=16, outputs=4)(images).square().sum())
    assert images.grad is not None
    assert (images.grad != 0).all()
    codes = torch.rand(1, 4, requires_grad=True)
    torch.autograd.backward(decoder(network, inputs=4, side=28, hidden=16)(codes).square().sum())
    assert codes.grad is not None
    assert (codes.grad != 0).all()


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_dense_network_has_as_many_hidden_layers_as_it_is_told(layers: int) -> None:
    reading = encoder("dense", side=8, hidden=16, outputs=6, layers=layers)
    drawing = decoder("dense", inputs=6, side=8, hidden=16, layers=layers)
    widths = [
        [tuple(layer.weight.shape) for layer in network if isinstance(layer, Dense)] for network in (reading, drawing)
    ]
    hidden = [(16, 16)] * (layers - 1)
    assert widths == [[(64, 16), *hidden, (16, 6)], [(6, 16), *hidden, (16, 64)]]
    assert [sum(isinstance(layer, LeakyReLU) for layer in network) for network in (reading, drawing)] == [layers] * 2


def test_a_dense_layer_is_a_linear_layer_of_torch() -> None:
    ours, theirs, x = Dense(5, 3), Linear(5, 3), torch.rand(4, 5)
    theirs.load_state_dict({"weight": ours.weight.T, "bias": ours.bias})
    torch.testing.assert_close(ours(x), theirs(x))


def test_in_bf16_a_layer_multiplies_rounded_numbers_and_its_network_gives_float32() -> None:
    network, x = Network(Dense(50, 3)), torch.rand(4, 50)
    weight, bias = (parameter.detach() for parameter in network.parameters())
    before = network(x)
    with multiplying_in("bf16", network):
        reduced = network(x)
    exact = x.bfloat16().double() @ weight.bfloat16().double() + bias.bfloat16().double()
    assert reduced.dtype == torch.float32
    assert torch.equal(reduced, exact.bfloat16().float())
    assert not torch.equal(reduced, before)
    assert torch.equal(network(x), before)


def test_in_bf16_a_network_sees_what_a_step_made_of_its_weights() -> None:
    network, x = Network(Dense(5, 3)), torch.rand(4, 5)
    with multiplying_in("bf16", network):
        before = network(x)
        for parameter in network.parameters():
            parameter.data.mul_(2)
        torch.testing.assert_close(network(x), 2 * before)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_float64_is_left_alone_in_every_precision(precision: Precision) -> None:
    network, x = encoder("conv", side=28, hidden=16, outputs=4).double(), torch.rand(3, 28, 28, dtype=torch.float64)
    with multiplying_in(precision, network):
        inside = network(x)
    assert torch.equal(inside, network(x))


def test_a_network_is_in_float32_again_after_an_error() -> None:
    network = Network(Dense(5, 3))
    with pytest.raises(RuntimeError), multiplying_in("bf16", network):
        network(torch.rand(4, 6))
    assert not network.bf16


def test_an_image_does_not_depend_on_the_others_of_its_batch() -> None:
    network = encoder("conv", side=28, hidden=16, outputs=4)
    images = torch.rand(3, 28, 28)
    torch.testing.assert_close(network(images)[1:2], network(images[1:2]))


@pytest.mark.parametrize(("network", "side", "normalised"), [("dense", 8, 1), ("conv", 28, 2)])
def test_a_normalised_encoder_is_so_behind_every_layer_but_the_first(network: str, side: int, normalised: int) -> None:
    layers = batch_normalised(encoder(network, side=side, hidden=16, outputs=4))
    assert sum(isinstance(layer, BatchNorm) for layer in layers) == normalised
    features = layers(torch.rand(32, side, side))
    torch.testing.assert_close(features.mean(dim=0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(features.var(dim=0, correction=0), torch.ones(4), atol=0.05, rtol=0)


def test_batch_normalisation_is_that_of_torch_in_training() -> None:
    ours, theirs, x = BatchNorm(3), BatchNorm2d(3), torch.rand(5, 3, 4, 4)
    theirs.load_state_dict({"weight": torch.rand(3), "bias": torch.rand(3)}, strict=False)
    ours.load_state_dict({"weight": theirs.weight, "bias": theirs.bias})
    torch.testing.assert_close(ours.eval()(x), theirs(x))


def test_convolutions_refuse_images_they_are_not_built_for() -> None:
    with pytest.raises(ValueError, match=r"is a multiple of 4, but got 9×9\. Use network: dense"):
        encoder("conv", side=9, hidden=16, outputs=4)
    with pytest.raises(ValueError, match=r"is a multiple of 4, but got 9×9\. Use network: dense"):
        decoder("conv", inputs=4, side=9, hidden=16)


@pytest.mark.parametrize(("side", "small"), [(8, 2), (28, 7)])
def test_convolutions_halve_a_side_twice_and_double_it_twice(side: int, small: int) -> None:
    """By layers written out, whose weights are the network's own."""
    network, images = encoder("conv", side=side, hidden=16, outputs=4), torch.rand(3, side, side)
    (first, second, last) = (layer for layer in network if isinstance(layer, Dense | nn.Conv2d))
    assert isinstance(first, nn.Conv2d)
    assert isinstance(second, nn.Conv2d)
    read = F.leaky_relu(F.conv2d(images[:, None], first.weight, first.bias, stride=2, padding=1), 0.2)
    read = F.leaky_relu(F.conv2d(read, second.weight, second.bias, stride=2, padding=1), 0.2)
    assert read.shape == (3, 8, small, small)
    torch.testing.assert_close(network(images), last(read.flatten(1)))
    drawn = decoder("conv", inputs=4, side=side, hidden=16)(torch.rand(3, 4))
    assert drawn.shape == (3, side, side)


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="must be dense or conv, but got 'recurrent'"):
        encoder("recurrent", side=8, hidden=16, outputs=4)
    with pytest.raises(ValueError, match="must be dense or conv, but got 'recurrent'"):
        decoder("recurrent", inputs=4, side=8, hidden=16)
