"""Skips keep gradients of one size through any depth; without them they fade or grow as was worked out."""

import math
from typing import Any

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.residual_block import SQUARES, ResidualBlock
from understudy.surrogates.resnet import ResNet
from understudy.surrogates.surrogate import SurrogateError

DEPTH = 64


def stack(seed: int, *, depth: int = DEPTH, channels: int = 16, width: int = 5, **how: Any) -> nn.Sequential:
    torch.manual_seed(seed)
    made = ResNet.Settings(channels=channels, width=width, blocks=depth, **how)
    return ResNet(made).network(1, (32,)).double()  # type: ignore[return-value]


def gradients(network: nn.Sequential) -> tuple[float, float]:
    """Of the first layer's weights: of a random number that depends on what the blocks make of white noise,
    and of the same without the blocks.
    """
    first: Any = network[0]
    u, probe = (torch.randn(8, n, 32, dtype=torch.float64) for n in (1, len(first.bias)))
    norms = []
    for layers in (network[:-1], network[:1]):
        (slope,) = torch.autograd.grad((probe * layers(u)).sum(), first.weight)
        norms.append(float(slope.norm()))
    return norms[0], norms[1]


@pytest.mark.parametrize("activation", list(SQUARES))
def test_a_new_stack_of_blocks_with_skips_is_the_identity_bit_for_bit(activation: Any) -> None:
    network, u = stack(0, activation=activation), torch.randn(3, 16, 32, dtype=torch.float64)
    assert torch.equal(network[1:-1](u), u)
    through, past = gradients(network)
    assert through == past


ADDED = {"gate": 1 / 8, "gelu": 1.0}
"""By all blocks together, of a mean square of one; of a gate more would run away."""


def begun(seed: int, activation: Any) -> nn.Sequential:
    """A stack with skips whose blocks have begun to add something, an equal part of `ADDED` each."""
    network = stack(seed, activation=activation)
    for block in network[1:-1]:
        part = ADDED[activation] / (SQUARES[activation] * DEPTH)
        nn.init.normal_(block.mix.weight, std=math.sqrt(part / 16))  # type: ignore[union-attr, arg-type]
    return network


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("activation", list(SQUARES))
def test_gradients_come_through_64_blocks_with_skips(seed: int, activation: Any) -> None:
    """Of n blocks, each adds a part a / n of v (1 + v) / 2, and a / n (1 + 2 v) / 2 to the gradient's mean
    square: that is exp(0.2) after all gates, for a is 1 / 8. GELUs, each a n-th, come to exp(1.1).
    """
    through, past = gradients(begun(seed, activation))
    assert 0.7 < through / past < {"gate": 1.5, "gelu": 2.5}[activation]


@pytest.mark.parametrize("seed", range(4))
def test_gates_overflow_through_64_blocks_without_skips(seed: int) -> None:
    """What is above a mean square of one grows as squares of squares do, and some place always is."""
    through, _ = gradients(stack(seed, skips=False))
    assert not math.isfinite(through)


def test_through_64_gelus_without_skips_gradients_are_of_any_size() -> None:
    """Chance decides, by many orders of magnitude; with skips, it does not decide over the half of one."""
    spans = []
    for make in (lambda seed: stack(seed, skips=False, activation="gelu"), lambda seed: begun(seed, "gelu")):
        found = [gradients(make(seed)) for seed in range(6)]
        sizes = [math.log10(through / past) for through, past in found]
        spans.append(max(sizes) - min(sizes))
    assert spans[0] > 4
    assert spans[1] < 0.5


@pytest.mark.parametrize("size", [0.1, 0.5, 1.0, 2.0])
def test_a_plain_gate_does_to_sizes_and_gradients_what_was_worked_out(size: float) -> None:
    """Of mean square v it makes v (1 + v) / 2, and (1 + 2 v) / 2 of the gradient's."""
    torch.manual_seed(0)
    channels = 512
    block = ResidualBlock(dimensions=1, channels=channels, width=1, skip=False).double()
    u = torch.randn(64, channels, 4, dtype=torch.float64)
    u = (u * (size / u.square().mean(dim=1, keepdim=True)).sqrt()).requires_grad_()
    answer = block(u)
    (slope,) = torch.autograd.grad((torch.randn_like(answer) * answer).sum(), u)
    assert float(answer.detach().square().mean()) == pytest.approx(size * (1 + size) / 2, rel=0.1)
    assert float(slope.square().mean()) == pytest.approx((1 + 2 * size) / 2, rel=0.1)


@pytest.mark.parametrize("activation", list(SQUARES))
def test_a_plain_block_starts_with_outputs_of_the_size_of_its_inputs(activation: str) -> None:
    torch.manual_seed(0)
    block = ResidualBlock(dimensions=1, channels=512, width=1, skip=False, activation=activation)
    u = torch.randn(64, 512, 4)
    answer = block(u)
    assert float(answer.detach().square().mean()) == pytest.approx(1.0, rel=0.1)
    assert torch.equal(answer, block.mix(block.gate(u)))


def test_another_activation_is_refused() -> None:
    with pytest.raises(SurrogateError, match=r"must be one of .*gate.*got 'swish'"):
        ResNet.Settings(activation="swish")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be one of"):
        ResidualBlock(dimensions=1, channels=2, width=3, activation="swish")
