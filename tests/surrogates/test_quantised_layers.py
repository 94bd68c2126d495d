"""Products of whole numbers of 8 bits, and layers that round: each by its formula."""

import numpy as np
import pytest
import torch
from known_layers import held_bytes, stored
from torch import nn
from understudy.surrogates.blocks.matrix_layers import output_axes
from understudy.surrogates.blocks.periodic_convolution import PeriodicConvolution
from understudy.surrogates.blocks.quantised_convolution import QuantisedConvolution
from understudy.surrogates.blocks.quantised_linear import (
    QuantisedLinear,
    StoredQuantised,
    product_in_eights,
    quantised,
)
from understudy.surrogates.blocks.rounded_layer import RoundedLayer


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


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
