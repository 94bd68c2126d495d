"""Layers whose work is a product with a matrix are found, and their products counted."""

import math

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.axial_mixing import AxialMixing
from understudy.surrogates.blocks.fourier_features import FourierFeatures
from understudy.surrogates.blocks.matrix_layers import matrix_layers, multiply_adds, output_axes, weights_of
from understudy.surrogates.blocks.perceptron import Perceptron
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


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
