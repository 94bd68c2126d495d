"""Weights in fewer bits, fewer weights, and what is added to weights that stay: each by its formula."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations
from understudy.surrogates.blocks.axial_mixing import AxialMixing
from understudy.surrogates.blocks.bit_packing import packed, unpacked
from understudy.surrogates.blocks.dense_residual_block import DenseResidualBlock
from understudy.surrogates.blocks.fourier_features import FourierFeatures
from understudy.surrogates.blocks.low_rank_adapter import LowRankAdapter, adapt_layer, merge_layer
from understudy.surrogates.blocks.magnitude_pruning import (
    Pruned,
    StoredPruned,
    kept,
    neuron_pairs,
    remove_neurons,
)
from understudy.surrogates.blocks.matrix_layers import matrix_layers, multiply_adds, output_axes, weights_of
from understudy.surrogates.blocks.perceptron import ACTIVATIONS, Perceptron
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution
from understudy.surrogates.blocks.quantised_convolution import QuantisedConvolution
from understudy.surrogates.blocks.quantised_linear import (
    QuantisedLinear,
    StoredQuantised,
    product_in_eights,
    quantised,
)
from understudy.surrogates.blocks.rounded_layer import RoundedLayer
from understudy.surrogates.blocks.straight_through import straight_through
from understudy.surrogates.blocks.ternary_linear import StoredTernary, Ternary, ternarised


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def stored(layer: nn.Module, form: nn.Module, name: str = "weight") -> nn.Module:
    """The layer with its weight in a form for use."""
    layer.requires_grad_(False)
    return register_parametrization(layer, name, form, unsafe=True)


def held_bytes(layer: nn.Module) -> int:
    return sum(t.numel() * t.element_size() for t in layer.state_dict().values())


# bits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 7, 8, 30])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_codes_come_out_of_their_bytes_as_they_went_in(bits: int, count: int) -> None:
    codes = torch.randint(0, 2**bits, (count, 3))
    bytes_ = packed(codes, bits=bits)
    assert bytes_.dtype == torch.uint8
    assert len(bytes_) == -(-3 * count * bits // 8)
    assert torch.equal(unpacked(bytes_, (count, 3), bits=bits).long(), codes)


def test_the_first_code_is_the_lowest_bits_and_what_does_not_fit_is_refused() -> None:
    assert packed(torch.tensor([1, 0, 2, 3, 1]), bits=2).tolist() == [225, 1]
    for wrong in (torch.tensor([4]), torch.tensor([-1])):
        with pytest.raises(ValueError, match="codes of 2 bits lie from 0 to 3"):
            packed(wrong, bits=2)
    with pytest.raises(ValueError, match="1, 2 or 4 bits"):
        packed(torch.tensor([0]), bits=3)


def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other() -> None:
    smooth = (20 * torch.randn(500, dtype=torch.float64)).requires_grad_()
    rounded = straight_through(smooth.round(), smooth)
    assert torch.equal(rounded, smooth.detach().round())
    (rounded * torch.arange(500)).sum().backward()
    assert torch.equal(smooth.grad, torch.arange(500, dtype=torch.float64))


# ternary ------------------------------------------------------------------------------------------------


def test_ternary_values_are_the_nearest_in_units_of_the_mean_size() -> None:
    weight = torch.tensor([[0.9, -0.1, 0.4], [-2.0, 0.6, 0.0]], dtype=torch.float64)
    values, scale = ternarised(weight)
    assert float(scale) == pytest.approx(4.0 / 6)
    assert values.dtype == torch.int8
    assert values.tolist() == [[1, 0, 1], [-1, 1, 0]]
    drawn = torch.randn(40, 30)
    values, scale = ternarised(drawn)
    shares = [float((values == v).float().mean()) for v in (-1, 0, 1)]
    # of a normal variable that is below 0.5 sqrt(2 / pi) in size
    assert shares == pytest.approx([0.345, 0.31, 0.345], abs=0.05)
    assert set(ternarised(torch.zeros(3, 3))[0].flatten().tolist()) == {0}


def ternary(layer: nn.Module) -> nn.Module:
    """The layer in double precision, with weights that count as ternary ones."""
    return register_parametrization(layer.double(), "weight", Ternary())


def test_gradients_pass_through_the_rounding_as_if_the_rounded_weights_moved() -> None:
    layer = ternary(nn.Linear(5, 4))
    behind = layer.parametrizations.weight.original
    x = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    pull = torch.randn(7, 4, dtype=torch.float64)
    (layer(x) * pull).sum().backward()
    torch.testing.assert_close(behind.grad, pull.T @ x.detach(), rtol=1e-13, atol=1e-13)
    values, scale = ternarised(behind.detach())
    torch.testing.assert_close(x.grad, pull @ (values * scale), rtol=1e-13, atol=1e-13)


def test_a_parametrized_layer_is_a_ternary_one_and_its_full_weights_come_back() -> None:
    layer, x = nn.Linear(6, 5), torch.randn(3, 6).double()
    full = layer.double().weight.detach().clone()
    values, scale = ternarised(full)
    ternary(layer)
    torch.testing.assert_close(layer(x), x @ values.double().T * scale + layer.bias, rtol=1e-13, atol=1e-13)
    remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert torch.equal(layer.weight, full)


def test_ternary_weights_take_a_quarter_of_a_byte_and_come_back_exactly() -> None:
    layer = nn.Conv1d(6, 10, 5, bias=False)
    values, scale = ternarised(layer.weight.detach())
    stored(layer, StoredTernary(layer.weight))
    assert torch.equal(layer.weight, values * scale)
    assert held_bytes(layer) == 300 // 4 + 4
    assert torch.equal(layer(torch.ones(1, 6, 9)), functional.conv1d(torch.ones(1, 6, 9), values * scale))


def test_a_ternary_layer_learns_a_ternary_map() -> None:
    generator = torch.Generator().manual_seed(1)
    true = torch.randint(-1, 2, (6, 16), generator=generator).double()
    x = torch.randn(400, 16, generator=generator, dtype=torch.float64)
    y = 0.7 * x @ true.T
    layer = ternary(nn.Linear(16, 6))
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.01)
    for _ in range(600):
        optimiser.zero_grad()
        (layer(x) - y).square().mean().backward()
        optimiser.step()
    values, scale = ternarised(layer.parametrizations.weight.original.detach())
    assert torch.equal(values.double(), true)
    assert float(scale) == pytest.approx(0.7, rel=0.15)


# whole numbers of 8 bits --------------------------------------------------------------------------------


def test_a_number_is_its_code_times_the_scale_to_half_a_scale() -> None:
    numbers = torch.randn(20, 30, dtype=torch.float64) * torch.logspace(-8, 3, 20).double()[:, None]
    codes, scale = quantised(numbers, dims=(1,))
    assert codes.dtype == torch.int8
    assert scale.shape == (20, 1)
    assert ((numbers - codes * scale).abs() <= 0.5 * scale * (1 + 1e-12)).all()
    # the largest of each row is the largest code
    assert (codes.abs().amax(dim=1) == 127).all()
    torch.testing.assert_close(scale[:, 0] * 127, numbers.abs().amax(dim=1))
    zero, some = quantised(torch.zeros(2, 3), dims=(1,))
    assert not zero.any()
    assert torch.isfinite(zero * some).all()


@pytest.mark.parametrize("shape", [(1, 24), (7, 24), (3, 5, 24)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_quantised_layer_is_the_product_of_whole_numbers(
    shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    full = nn.Linear(24, 10).to(dtype)
    layer, x = QuantisedLinear(weight=full.weight, bias=full.bias), torch.randn(shape, dtype=dtype)
    rows = x.numpy().astype(np.float64)
    size = np.abs(rows).max(axis=-1, keepdims=True) / 127
    weight = full.weight.detach().numpy().astype(np.float64)
    scale = np.abs(weight).max(axis=1) / 127
    codes = np.rint(rows / size).astype(np.int64), np.rint(weight / scale[:, None]).astype(np.int64)
    wanted = (codes[0] @ codes[1].T) * size * scale + full.bias.detach().numpy()
    said = layer(x)
    assert said.dtype == dtype
    np.testing.assert_allclose(said.numpy(), wanted, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-12)
    assert (said - full(x)).abs().max() < 0.03 * full(x).abs().max()
    assert layer.codes.element_size() == 1
    without = QuantisedLinear(weight=full.weight, bias=None)
    torch.testing.assert_close(without(x) + full.bias.detach(), said)


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 5), (1, 1), (2, 1), (5, 1), (3, 7)], ids=str)
def test_products_of_any_shape_and_layout_are_exact(inputs: int, outputs: int) -> None:
    """Of one input, and of rows that overlap in memory, torch's own product is wrong."""
    layer = QuantisedLinear(weight=torch.randn(outputs, inputs).double(), bias=None)
    line = torch.randint(-127, 128, (40,), dtype=torch.int8)
    layouts = {
        "apart": line[: 6 * inputs].reshape(6, inputs),
        "overlapping": line.unfold(0, inputs, 1)[:6],
        "by columns": line[: 6 * inputs].reshape(inputs, 6).T,
        "one row on itself": line.as_strided((1, inputs), (0, 1)),
    }
    for name, codes in layouts.items():
        wanted = (codes.long() @ layer.codes.long().T).double() * layer.scale
        said = layer.scaled(codes, torch.ones(len(codes), 1, dtype=torch.float64))
        assert torch.equal(said, wanted), name


@pytest.mark.parametrize(
    ("rows", "inputs", "outputs"), [(1, 6, 40), (16, 40, 1), (17, 8, 8), (30, 9, 23)], ids=str
)
def test_on_a_gpu_sizes_are_filled_up_to_those_that_it_multiplies(
    rows: int, inputs: int, outputs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CUDA asks for, asked here of the product on the CPU."""
    product, asked = torch._int_mm, []

    def as_cuda(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        assert len(left) > 16
        assert left.shape[1] == len(right)
        assert left.shape[1] % 8 == 0
        assert right.shape[1] % 8 == 0
        asked.append(left.shape)
        return product(left, right)

    monkeypatch.setattr(torch, "_int_mm", as_cuda)
    codes, weights = (torch.randint(-127, 128, (n, inputs), dtype=torch.int8) for n in (rows, outputs))
    said = product_in_eights(codes, weights)
    assert torch.equal(said.long(), codes.long() @ weights.long().T)
    assert len(asked) == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize(("inputs", "outputs"), [(6, 40), (40, 1), (1, 1)], ids=str)
def test_a_gpu_gives_the_answers_of_the_processor(inputs: int, outputs: int) -> None:
    layer = QuantisedLinear(weight=torch.randn(outputs, inputs), bias=None)
    x = torch.randn(5, inputs)
    said = layer(x)
    torch.testing.assert_close(layer.cuda()(x.cuda()).cpu(), said, rtol=1e-6, atol=1e-6)


def test_what_is_no_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is a matrix, got shape \(2, 3, 4\)"):
        QuantisedLinear(weight=torch.zeros(2, 3, 4), bias=None)


CONVOLUTIONS = {
    "periodic line": (PeriodicConvolution(dimensions=1, inputs=3, outputs=4, width=5), (12,)),
    "one channel": (PeriodicConvolution(dimensions=1, inputs=1, outputs=4, width=5), (12,)),
    "periodic plane": (PeriodicConvolution(dimensions=2, inputs=3, outputs=4, width=3), (6, 9)),
    "periodic space": (PeriodicConvolution(dimensions=3, inputs=3, outputs=4, width=3), (4, 5, 6)),
    "zeros": (nn.Conv2d(3, 4, (3, 5), padding=(1, 2)), (6, 9)),
    "replicate": (nn.Conv2d(3, 4, 3, padding=1, padding_mode="replicate"), (6, 9)),
    "strided": (nn.Conv2d(3, 4, 3, stride=2, padding=1), (7, 9)),
    "pointwise": (nn.Conv2d(3, 4, 1, bias=False), (6, 9)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_quantised_convolution_is_that_of_rounded_fields_and_weights(name: str) -> None:
    layer, grid = CONVOLUTIONS[name]
    layer = layer.double()
    nn.init.normal_(layer.weight)
    sizes = torch.tensor([1.0, 50.0], dtype=torch.float64).reshape(2, 1, *[1] * len(grid))
    field = sizes * torch.randn(2, layer.weight.shape[1], *grid, dtype=torch.float64)
    said = QuantisedConvolution(layer)(field)
    # the same convolution in full precision, of what was rounded by hand
    size = field.abs().amax(dim=tuple(range(1, field.ndim)), keepdim=True) / 127
    scale = layer.weight.detach().abs().amax(dim=tuple(range(1, layer.weight.ndim)), keepdim=True) / 127
    before = layer.weight.detach().clone()
    with torch.no_grad():
        full = layer(field)
        layer.weight.copy_((before / scale).round() * scale)
        wanted = layer((field / size).round() * size)
        layer.weight.copy_(before)
    assert said.shape == full.shape
    torch.testing.assert_close(said, wanted, rtol=1e-12, atol=1e-11)
    assert 1e-4 < float((said - full).abs().max() / full.abs().max()) < 0.05


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(4, 4, 3, groups=2), "groups and dilation must be 1, got 2"),
        (nn.Conv2d(4, 4, 3, dilation=2), r"got 1 and \(2, 2\)"),
        (nn.Conv2d(4, 4, 3, padding="same"), "got 'same'"),
        (nn.ConvTranspose2d(4, 4, 3), "not transposed, got ConvTranspose2d"),
        (nn.Linear(4, 4), "got Linear"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_convolutions_that_have_no_patches_of_this_kind_are_refused(layer: nn.Module, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        QuantisedConvolution(layer)


def test_stored_codes_are_the_weights_to_half_a_scale_of_each_output() -> None:
    layer = nn.ConvTranspose2d(3, 5, 2)
    full = layer.weight.detach().clone()
    with torch.no_grad():
        full[:, 0] *= 1000  # a large output spoils no other
        layer.weight.copy_(full)
    stored(layer, StoredQuantised(outputs=output_axes(layer)))
    scale = full.abs().amax(dim=(0, 2, 3), keepdim=True) / 127
    assert ((layer.weight - full).abs() <= 0.5 * scale * (1 + 1e-5)).all()
    assert held_bytes(layer) == 3 * 5 * 4 + 5 * 4 + 5 * 4


def test_an_output_hears_of_its_matrix_what_lies_at_its_place_along_the_axes_of_outputs() -> None:
    """Found by slopes: all inputs, and no more than one place along the axes that are said to be outputs."""
    mixing = AxialMixing(channels=3, grid=(4, 5))
    with torch.no_grad():
        mixing.across.copy_(torch.eye(4).expand(3, 4, 4))  # so that a column of `along` reaches one of fields
    for layer, name, shape, output in (
        (nn.Linear(4, 3), "weight", (1, 4), (0, 1)),
        (nn.Conv1d(2, 3, 3, padding=1), "weight", (1, 2, 5), (0, 1)),
        (nn.ConvTranspose1d(2, 3, 2), "weight", (1, 2, 5), (0, 1)),
        (mixing, "along", (1, 3, 4, 5), (0, 1, slice(None), 2)),
        (mixing, "across", (1, 3, 4, 5), (0, 1, 2)),
    ):
        matrix = dict(layer.named_parameters())[name]
        said = layer(torch.rand(shape) + 1)[output]
        (slope,) = torch.autograd.grad(said.sum(), [matrix])
        inputs = [axis for axis in range(matrix.ndim) if axis not in output_axes(layer, name)]
        assert int((slope != 0).sum()) == math.prod(matrix.shape[axis] for axis in inputs), name
        assert int((slope != 0).amax(dim=inputs).sum()) == 1, name


def test_a_rounded_layer_works_in_its_own_precision_and_answers_in_that_of_its_input() -> None:
    full = nn.Linear(30, 20).double()
    x = torch.randn(8, 30, dtype=torch.float64)
    exact = full(x).detach()
    layer = RoundedLayer(full, dtype=torch.bfloat16)
    assert layer.layer.weight.dtype == torch.bfloat16
    said = layer(x).detach()
    assert said.dtype == torch.float64
    assert 1e-5 < float((said - exact).abs().max() / exact.abs().max()) < 0.03
    with pytest.raises(ValueError, match=r"floating-point type, got torch\.int8"):
        RoundedLayer(full, dtype=torch.int8)


# pruning ------------------------------------------------------------------------------------------------


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


# adapters -----------------------------------------------------------------------------------------------


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


# layers with matrices -----------------------------------------------------------------------------------


def test_products_are_counted_as_loops_would_make_them() -> None:
    counted = {
        "linear": (nn.Linear(6, 5), (3, 7, 6), 3 * 7 * 6 * 5),
        "convolution": (nn.Conv2d(2, 4, 3, padding=1), (3, 2, 5, 6), 3 * 5 * 6 * 4 * 2 * 9),
        "strided": (nn.Conv1d(2, 4, 3, stride=3), (1, 2, 9), 3 * 4 * 2 * 3),
        "groups": (nn.Conv1d(4, 4, 3, padding=1, groups=2), (1, 4, 9), 9 * 4 * 2 * 3),
        "transposed": (nn.ConvTranspose2d(2, 4, 2, stride=2), (3, 2, 5, 6), 3 * 5 * 6 * 2 * 4 * 4),
        "periodic": (
            PeriodicConvolution(dimensions=1, inputs=2, outputs=4, width=5),
            (3, 2, 8),
            3 * 8 * 4 * 2 * 5,
        ),
        "mixing": (AxialMixing(channels=2, grid=(4, 5)), (3, 2, 4, 5), 3 * 2 * 20 * (4 + 5)),
    }
    for name, (layer, shape, wanted) in counted.items():
        x = torch.randn(shape)
        assert multiply_adds(layer, x, layer(x)) == wanted, name


def test_layers_with_matrices_are_found_and_waves_are_not() -> None:
    network = nn.Sequential(
        FourierFeatures(inputs=2, features=3, scale=1.0), Perceptron(inputs=8, hidden=(4,), outputs=1)
    )
    assert list(matrix_layers(network)) == ["1.layers.0", "1.layers.2"]
    alone = nn.Linear(2, 2)
    assert matrix_layers(alone) == {"": alone}
    assert weights_of(AxialMixing(channels=1, grid=(2, 2))) == ("along", "across")
    assert weights_of(nn.GELU()) == ()
