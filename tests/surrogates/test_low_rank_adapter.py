"""A few numbers that change a large layer: nothing at first, and the same when they are merged."""

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.axial_mixing import AxialMixing
from understudy.surrogates.blocks.low_rank_adapter import LowRankAdapter, adapt_layer, merge_layer
from understudy.surrogates.blocks.matrix_layers import output_axes, weights_of
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def layers() -> list[tuple[nn.Module, torch.Tensor]]:
    return [
        (nn.Linear(6, 5), torch.randn(3, 6)),
        (nn.Conv2d(3, 5, 3, padding=1), torch.randn(2, 3, 6, 7)),
        (nn.Conv1d(3, 5, 1), torch.randn(2, 3, 7)),
        (PeriodicConvolution(dimensions=1, inputs=3, outputs=4, width=5), torch.randn(2, 3, 8)),
        (nn.ConvTranspose2d(3, 5, 2, stride=2), torch.randn(2, 3, 4, 4)),
    ]


@pytest.mark.parametrize("which", range(5))
def test_a_new_adapter_changes_nothing_and_a_merged_one_says_the_same(which: int) -> None:
    layer, x = layers()[which]
    names = {name for name, _ in layer.named_parameters()}
    before, base = layer(x).detach(), layer.weight.detach().clone()
    adapter = adapt_layer(layer, rank=2)
    assert torch.equal(layer(x), before)
    nn.init.normal_(adapter.up)
    apart = layer(x).detach()
    assert (apart - before).abs().max() > 1e-2
    change = (adapter.up @ adapter.down).detach()
    assert torch.linalg.matrix_rank(change) == 2
    merge_layer(layer)
    assert {name for name, _ in layer.named_parameters()} == names
    by_outputs = (layer.weight.detach() - base).movedim(output_axes(layer), (0,)).flatten(1)
    torch.testing.assert_close(by_outputs, change, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(layer(x), apart, rtol=1e-6, atol=1e-6)


def test_only_adapters_get_gradients_and_a_pointwise_kernel_is_a_matrix() -> None:
    layer = nn.Conv2d(3, 4, 1).double()
    adapter = adapt_layer(layer, rank=2)
    nn.init.normal_(adapter.up)
    x, pull = torch.randn(2, 3, 5, 6).double(), torch.randn(2, 4, 5, 6).double()
    (layer(x) * pull).sum().backward()
    learning = {name for name, number in layer.named_parameters() if number.requires_grad}
    assert learning == {"parametrizations.weight.0.up", "parametrizations.weight.0.down"}
    assert {name for name, number in layer.named_parameters() if number.grad is not None} == learning
    # of a 1 x 1 kernel, the gradient of W + up down as of a matrix
    slope = torch.einsum("boij,bcij->oc", pull, x)
    torch.testing.assert_close(adapter.up.grad, slope @ adapter.down.detach().T)
    torch.testing.assert_close(adapter.down.grad, adapter.up.detach().T @ slope)


def test_two_matrices_of_one_layer_are_adapted_apart() -> None:
    layer = AxialMixing(channels=6, grid=(4, 5))
    adapters = [adapt_layer(layer, name, rank=2) for name in weights_of(layer)]
    assert all(number.requires_grad for adapter in adapters for number in adapter.parameters())
    assert adapters[0].down.shape == (2, 5)
    assert adapters[1].down.shape == (2, 4)
    layer(torch.randn(1, 6, 4, 5)).sum().backward()
    assert all(adapter.up.grad is not None for adapter in adapters)


def test_each_channel_of_a_mixing_layer_is_changed_by_few_directions() -> None:
    layer = AxialMixing(channels=6, grid=(4, 5)).double()
    base = {name: getattr(layer, name).detach().clone() for name in weights_of(layer)}
    for name in base:
        nn.init.normal_(adapt_layer(layer, name, rank=2).up)
        merge_layer(layer, name)
        for change in getattr(layer, name).detach() - base[name]:
            assert torch.linalg.matrix_rank(change) == 2


@pytest.mark.parametrize("rank", [0, 6])
def test_ranks_that_a_matrix_cannot_have_are_refused(rank: int) -> None:
    with pytest.raises(ValueError, match=f"5 by 12 matrix lies between 1 and 5, got {rank}"):
        LowRankAdapter(torch.zeros(5, 3, 4), rank=rank)
    with pytest.raises(ValueError, match="two axes or more"):
        LowRankAdapter(torch.zeros(5), rank=1)
