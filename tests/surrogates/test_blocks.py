"""Blocks keep the symmetries of a periodic grid, agree with other formulas, and start where they say."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from known_fields import trigonometric
from scipy.interpolate import BSpline
from torch import nn
from understudy.surrogates.blocks.axial_mixing import AxialMixing
from understudy.surrogates.blocks.convolutional_residual_block import ConvolutionalResidualBlock
from understudy.surrogates.blocks.dense_residual_block import DenseResidualBlock
from understudy.surrogates.blocks.edge_maps import EdgeMaps
from understudy.surrogates.blocks.factorised_linear import FactorisedLinear
from understudy.surrogates.blocks.fourier_features import FourierFeatures
from understudy.surrogates.blocks.gated_convolution import GatedConvolution
from understudy.surrogates.blocks.gated_residual_block import GatedResidualBlock, concatenated_elu
from understudy.surrogates.blocks.perceptron import Perceptron
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution
from understudy.surrogates.blocks.query_and_time import beside
from understudy.surrogates.blocks.residual_block import ResidualBlock
from understudy.surrogates.blocks.spectral_convolution import SpectralConvolution
from understudy.surrogates.blocks.spectral_resampling import extend_modes, restrict_modes
from understudy.surrogates.blocks.spline_basis import SplineBasis

GRIDS = [(12,), (12, 10), (8, 6, 10)]


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def field(grid: tuple[int, ...], channels: int = 2) -> torch.Tensor:
    return torch.randn(3, channels, *grid, dtype=torch.float64)


def convolution(grid: tuple[int, ...]) -> nn.Module:
    return PeriodicConvolution(dimensions=len(grid), inputs=2, outputs=2, width=5)


def gated(grid: tuple[int, ...]) -> nn.Module:
    return GatedConvolution(dimensions=len(grid), inputs=2, outputs=2, width=3)


def residual(grid: tuple[int, ...]) -> nn.Module:
    block = ResidualBlock(dimensions=len(grid), channels=2, width=3)
    nn.init.normal_(block.mix.weight)
    return block


def spectral(grid: tuple[int, ...]) -> nn.Module:
    return SpectralConvolution(grid=grid, inputs=2, outputs=2, modes=2)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("make", [convolution, gated, residual, spectral])
def test_a_block_commutes_with_translations(make: Callable[..., nn.Module], grid: tuple[int, ...]) -> None:
    block, u = make(grid).double(), field(grid)
    axes, shifts = tuple(range(2, u.ndim)), tuple(range(3, 3 + len(grid)))
    shifted = block(u.roll(shifts, axes))
    torch.testing.assert_close(shifted, block(u).roll(shifts, axes), rtol=0, atol=1e-12)
    assert (shifted - block(u)).abs().max() > 0.1


def test_a_periodic_convolution_is_a_sum_over_shifted_copies() -> None:
    block, u = convolution((12, 10)).double(), field((12, 10))
    expected = torch.zeros_like(u)
    for i in range(5):
        for j in range(5):
            copy = u.roll((2 - i, 2 - j), (2, 3))
            expected += torch.einsum("oi,bixy->boxy", block.weight[:, :, i, j], copy)
    with torch.no_grad():
        block.bias.copy_(torch.tensor([0.3, -0.7]))
    expected = expected + block.bias[:, None, None]
    torch.testing.assert_close(block(u), expected, rtol=0, atol=1e-13)


def test_a_gated_convolution_can_be_an_exact_product() -> None:
    block, u = GatedConvolution(dimensions=1, inputs=1, outputs=1, width=3).double(), field((12,), 1)
    with torch.no_grad():
        block.pair.weight.copy_(torch.tensor([[[0.0, 1.0, 0.0]], [[-0.5, 0.0, 0.5]]]))
        block.pair.bias.copy_(torch.tensor([0.0, -1.0]))
    slope = 0.5 * (u.roll(-1, -1) - u.roll(1, -1))
    torch.testing.assert_close(block(u), u * slope, rtol=0, atol=1e-14)


def test_new_weights_keep_the_size_of_a_field() -> None:
    block = PeriodicConvolution(dimensions=2, inputs=16, outputs=64, width=5)
    assert 0.9 < block(torch.randn(8, 16, 20, 20)).std() < 1.1


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_new_residual_block_is_the_identity_bit_for_bit(grid: tuple[int, ...]) -> None:
    u = field(grid)
    assert torch.equal(ResidualBlock(dimensions=len(grid), channels=2, width=3).double()(u), u)


def test_blocks_that_start_at_zero_answer_zero_and_still_learn() -> None:
    u = field((12,))
    for block in (
        PeriodicConvolution(dimensions=1, inputs=2, outputs=2, width=3, zero=True).double(),
        SpectralConvolution(grid=(12,), inputs=2, outputs=2, modes=2, zero=True).double(),
        nn.Sequential(nn.Flatten(), Perceptron(inputs=24, hidden=(8,), outputs=24)).double(),
    ):
        answer = block(u)
        assert not answer.any()
        (answer - 1).square().sum().backward()
        assert max(p.grad.abs().max() for p in block.parameters() if p.grad is not None) > 0.1


@pytest.mark.parametrize("width", [0, 4])
def test_a_kernel_without_a_centre_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match="odd"):
        PeriodicConvolution(dimensions=1, inputs=1, outputs=1, width=width)


def test_four_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="1, 2 or 3"):
        PeriodicConvolution(dimensions=4, inputs=1, outputs=1, width=3)


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ((16,), (8,)),
        ((15,), (8,)),
        ((16,), (7,)),
        ((16, 12), (8, 12)),
        ((16, 12), (8, 8)),
        ((8, 16, 12), (8, 8, 9)),
    ],
    ids=str,
)
def test_resampling_a_smooth_field_gives_its_formula_on_the_other_grid(
    fine: tuple[int, ...], coarse: tuple[int, ...]
) -> None:
    axes = tuple(range(len(fine)))
    on_fine, on_coarse = trigonometric(fine, 3), trigonometric(coarse, 3)
    down = restrict_modes(torch.fft.rfftn(on_fine), fine, coarse)
    torch.testing.assert_close(torch.fft.irfftn(down, s=coarse, dim=axes), on_coarse, rtol=0, atol=1e-12)
    up = extend_modes(torch.fft.rfftn(on_coarse), coarse, fine)
    torch.testing.assert_close(torch.fft.irfftn(up, s=fine, dim=axes), on_fine, rtol=0, atol=1e-12)


def test_resampling_drops_what_the_coarse_grid_cannot_carry() -> None:
    x = 2 * np.pi * torch.arange(16) / 16
    for wavenumber in (4, 5, 8):
        modes = torch.fft.rfft(torch.cos(wavenumber * x))
        assert restrict_modes(modes, (16,), (8,)).abs().max() < 1e-5


def test_a_grid_that_is_not_coarser_is_refused() -> None:
    modes = torch.fft.rfft(torch.randn(8))
    with pytest.raises(ValueError, match="nowhere more"):
        restrict_modes(modes, (8,), (10,))
    with pytest.raises(ValueError, match="axes"):
        extend_modes(modes, (8,), (16, 16))


def test_a_spectral_convolution_multiplies_modes_and_drops_the_others() -> None:
    block = SpectralConvolution(grid=(16,), inputs=1, outputs=1, modes=3).double()
    with torch.no_grad():  # the derivative
        block.weight.zero_()
        block.weight[0, 0, :, 1] = torch.arange(4)
    x = 2 * np.pi * torch.arange(16, dtype=torch.float64) / 16
    u = torch.sin(3 * x) + torch.cos(2 * x) + torch.sin(5 * x)
    derivative = 3 * torch.cos(3 * x) - 2 * torch.sin(2 * x)
    torch.testing.assert_close(block(u[None, None])[0, 0], derivative, rtol=0, atol=1e-12)


def test_more_modes_than_the_grid_carries_are_refused() -> None:
    with pytest.raises(ValueError, match="modes"):
        SpectralConvolution(grid=(6, 16), inputs=1, outputs=1, modes=3)


def test_the_activation_of_a_perceptron_is_gelu_unless_another_is_named() -> None:
    kinds = {"gelu": nn.GELU, "relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}
    for name, kind in kinds.items():
        made = Perceptron(inputs=2, hidden=(3, 3), outputs=1, activation=name)
        assert sum(isinstance(layer, kind) for layer in made.layers) == 2
    assert isinstance(Perceptron(inputs=2, hidden=(3,), outputs=1).layers[1], nn.GELU)
    with pytest.raises(ValueError, match=r"must be one of .*got 'swish'"):
        Perceptron(inputs=2, hidden=(3,), outputs=1, activation="swish")


def test_a_dense_residual_block_starts_as_the_identity_and_has_its_formula() -> None:
    block, h = DenseResidualBlock(width=4, activation="tanh").double(), torch.randn(5, 4).double()
    assert torch.equal(block(h), h)
    nn.init.normal_(block.outer.weight)
    inner = (block.inner.weight @ h.tanh().T).T + block.inner.bias
    wanted = h + (block.outer.weight @ inner.tanh().T).T + block.outer.bias
    torch.testing.assert_close(block(h), wanted)
    with pytest.raises(ValueError, match="activation"):
        DenseResidualBlock(width=4, activation="swish")


def test_fourier_features_are_the_point_and_its_waves() -> None:
    lift, points = FourierFeatures(inputs=2, features=5000, scale=0.7), torch.randn(6, 3, 2)
    features = lift(points)
    assert features.shape == (6, 3, lift.outputs)
    assert torch.equal(features[..., :2], points)
    torch.testing.assert_close(
        features[..., 2:5002].square() + features[..., 5002:].square(), torch.ones(6, 3, 5000)
    )
    assert float(lift.frequencies.detach().std()) == pytest.approx(2 * np.pi * 0.7, rel=0.03)


def test_splines_are_those_of_another_library_the_same_times_or_not() -> None:
    spline, generator = SplineBasis(pieces=7), torch.Generator().manual_seed(0)
    coefficients = torch.randn(4, 3, 10, generator=generator, dtype=torch.float64)
    places = 2 * torch.rand(4, 50, generator=generator, dtype=torch.float64) - 1
    places[:, 0], places[:, 1] = -1, 1
    curves = spline(coefficients, places)
    knots = np.linspace(-1, 1, 8)[0] + 2 / 7 * np.arange(-3, 11)
    for i in range(4):
        wanted = BSpline(knots, coefficients[i].numpy().T, 3)(places[i].numpy())
        np.testing.assert_allclose(curves[i], wanted, rtol=0, atol=1e-12)
        shared = spline(coefficients, places[i : i + 1])
        torch.testing.assert_close(shared[i], curves[i], rtol=0, atol=1e-12)
    ones = spline(torch.ones(1, 1, 10, dtype=torch.float64), places[:1])
    torch.testing.assert_close(ones, torch.ones_like(ones))
    with pytest.raises(ValueError, match="at least one piece"):
        SplineBasis(pieces=0)


def test_a_query_stands_beside_each_of_its_times() -> None:
    query, times = torch.arange(6.0).reshape(3, 2), torch.arange(12.0).reshape(3, 4)
    both = beside(query, times)
    assert both.shape == (3, 4, 3)
    assert both[2, 1].tolist() == [4.0, 5.0, 9.0]
    assert torch.equal(beside(query, times[:1])[2, :, 2], times[0])
    assert torch.equal(beside(query, None), query[:, None])


def test_axial_mixing_is_a_matrix_along_each_axis_for_each_channel() -> None:
    mixing, u = AxialMixing(channels=2, grid=(5, 7)).double(), field((5, 7))
    expected = torch.einsum("bcij,cik,cjl->bckl", u, mixing.across, mixing.along)
    torch.testing.assert_close(mixing(u), expected)
    one = torch.zeros_like(u)
    one[:, :, 2, 3] = 1
    assert (mixing(one).abs() > 0).all()


def test_concatenated_elu_keeps_both_signs() -> None:
    u = field((4, 4))
    both = concatenated_elu(u)
    assert both.shape == (3, 4, 4, 4)
    torch.testing.assert_close(both[:, :2].clamp(min=0) - both[:, 2:].clamp(min=0), u)


@pytest.mark.parametrize("grid", [(8, 10), (9, 7)], ids=str)
def test_a_gated_block_halves_the_grid_and_takes_what_is_beside(grid: tuple[int, int]) -> None:
    halved = tuple(-(-n // 2) for n in grid)
    block = GatedResidualBlock(inputs=2, outputs=4, stride=2, beside=3).double()
    u, other = field(grid), field(halved, channels=3)
    assert block(u, other).shape == (3, 4, *halved)
    assert (block(u, other) - block(u, 2 * other)).abs().max() > 1e-3


def test_a_gate_that_is_shut_lets_the_field_through_as_it_is() -> None:
    block, u = GatedResidualBlock(inputs=2, outputs=2).double(), field((6, 5))
    assert (block(u) - u).abs().max() > 1e-3
    with torch.no_grad():
        block.second.bias[2:] = -1e3
    torch.testing.assert_close(block(u), u)


def test_a_convolutional_residual_block_begins_as_the_identity() -> None:
    block, u = ConvolutionalResidualBlock(channels=2).double(), field((6, 5))
    torch.testing.assert_close(block(u), u)
    nn.init.normal_(block.second.weight)
    assert (block(u) - u).abs().max() > 1e-3


def test_edge_maps_are_smooth_maps_times_edges_and_patches() -> None:
    block = EdgeMaps(width=3, fields=2, numbers=1, grid=(7, 10), patch=4, edges=range(1, 3), zero=False)
    features, image = torch.randn(2, 3, 2, 3), torch.randn(2, 4, 7, 10)
    patches = block.patches(features)
    smooth = block.smooth(features).unflatten(
        1, (2, 3)
    )  # alone, and one for each of two channels of the edge
    finer = torch.nn.functional.interpolate(
        smooth.flatten(0, 2)[:, None], scale_factor=4, mode="bicubic", align_corners=False
    )[:, 0, :7, :10].unflatten(0, (2, 2, 3))
    expected = finer[:, :, 0] + (finer[:, :, 1:] * image[:, None, 1:3]).sum(dim=2)
    for row in range(7):
        for column in range(10):
            place = (row % 4) * 4 + column % 4
            own = patches[:, place::16, row // 4, column // 4]
            expected[:, :, row, column] += own[:, :2]
            torch.testing.assert_close(block(features, image)[:, 2, row, column], own[:, 2])
    torch.testing.assert_close(block(features, image)[:, :2], expected, rtol=1e-4, atol=1e-5)
    zero = EdgeMaps(width=3, fields=2, numbers=1, grid=(7, 10), patch=4, edges=range(1, 3), zero=True)
    assert not zero(features, image).any()


def test_factorised_layers_begin_as_the_layer_that_they_are_made_of_and_scale_its_neurons() -> None:
    linear = nn.Linear(4, 3)
    block = FactorisedLinear(linear, mean=0.5, deviation=0.3)
    x = torch.randn(5, 4)
    torch.testing.assert_close(block(x), linear(x))
    with torch.no_grad():
        block.scale[1] += float(np.log(2))
    expected = linear.weight.detach().clone()
    expected[1] *= 2
    torch.testing.assert_close(block.weight, expected)
