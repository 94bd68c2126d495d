"""Weights and neurons that are left out: so many as were asked for, and the smallest."""

import pytest
import torch
from known_layers import held_bytes, stored
from torch import nn
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations
from understudy.surrogates.blocks.dense_residual_block import DenseResidualBlock
from understudy.surrogates.blocks.magnitude_pruning import (
    Pruned,
    StoredPruned,
    kept,
    neuron_pairs,
    remove_neurons,
)
from understudy.surrogates.blocks.perceptron import ACTIVATIONS, Perceptron


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99])
def test_the_share_that_is_left_out_is_exact_and_smaller_than_what_stays(share: float) -> None:
    weight = torch.randn(13, 7)
    mask = kept(weight, share=share)
    assert int((~mask).sum()) == round(share * 91)
    if share > 0:
        assert weight[~mask].abs().max() <= weight[mask].abs().min()
    # of equal ones just as many
    assert int((~kept(torch.ones(13, 7), share=share)).sum()) == round(share * 91)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_all_or_less_than_nothing_cannot_be_left_out(share: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        kept(torch.randn(3, 3), share=share)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        StoredPruned(torch.randn(3, 3), share=share)
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        remove_neurons(nn.Linear(2, 3), nn.Linear(3, 2), share=share)


def test_pruned_weights_take_a_bit_each_and_what_stays() -> None:
    layer = nn.Linear(16, 10, bias=False)
    full, mask = layer.weight.detach().clone(), kept(layer.weight, share=0.75)
    stored(layer, StoredPruned(layer.weight, share=0.75))
    assert torch.equal(layer.weight, full * mask)
    assert held_bytes(layer) == 160 // 8 + 40 * 4


def test_what_was_pruned_stays_zero_while_the_rest_learns() -> None:
    layer = nn.Linear(8, 6)
    mask = kept(layer.weight, share=0.5)
    register_parametrization(layer, "weight", Pruned(layer.weight, share=0.5))
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1)
    before = layer.weight.detach().clone()
    for _ in range(20):
        optimiser.zero_grad()
        (layer(torch.randn(30, 8)) - 1).square().mean().backward()
        optimiser.step()
    assert not layer.weight[~mask].any()
    assert ((layer.weight - before)[mask].abs() > 1e-3).all()
    remove_parametrizations(layer, "weight", leave_parametrized=True)
    # pruned again it is as it was trained
    assert torch.equal(kept(layer.weight, share=0.5), mask)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_neurons_of_no_weight_are_gone_and_the_function_is_the_same(activation: str) -> None:
    network = Perceptron(inputs=5, hidden=(12, 9), outputs=3, activation=activation).double()
    (first, second), (_, third) = neuron_pairs(network)
    nn.init.normal_(third.weight)
    with torch.no_grad():
        first.weight[::3], first.bias[::3] = 0, 0  # say nothing
        third.weight[:, 1::3] = 0  # are not heard
    x = torch.randn(20, 5, dtype=torch.float64)
    before = network(x)
    remove_neurons(first, second, share=4 / 12)
    remove_neurons(second, third, share=3 / 9)
    torch.testing.assert_close(network(x), before, rtol=1e-13, atol=1e-13)
    assert [tuple(layer.weight.shape) for layer in (first, second, third)] == [(8, 5), (6, 8), (3, 6)]
    assert (first.out_features, second.in_features, len(first.bias)) == (8, 8, 8)


def test_the_weakest_neurons_go_and_one_stays() -> None:
    first, second = nn.Linear(2, 4), nn.Linear(4, 3, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[3.0, 4.0], [0.1, 0.0], [0.0, 0.0], [1.0, 0.0]]))
        first.bias.copy_(torch.tensor([0.0, 0.0, 2.0, 0.0]))
        second.weight.copy_(torch.tensor([[0.1, 1.0, 1.0, 0.2]]).expand(3, 4))
    # strengths: 0.5, 0.1, 2.0, 0.2, each times the root of three
    remove_neurons(first, second, share=0.5)
    assert first.bias.tolist() == [0.0, 2.0]
    assert second.weight[0].tolist() == pytest.approx([0.1, 1.0])
    remove_neurons(first, second, share=0.99)
    assert first.bias.tolist() == [2.0]


def test_pairs_are_layers_with_nothing_but_a_silent_activation_between_them() -> None:
    block = DenseResidualBlock(width=4, activation="silu")
    assert list(neuron_pairs(block)) == [(block.inner, block.outer)]
    a, b, c = nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 1)
    assert list(neuron_pairs(nn.Sequential(a, nn.Tanh(), b, nn.Sigmoid(), c))) == [(a, b)]
    assert not list(neuron_pairs(nn.Sequential(a, b, nn.Tanh())))
