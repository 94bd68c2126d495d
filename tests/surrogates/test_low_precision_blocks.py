"""Weights in fewer bits, fewer weights, and what is added to weights that stay: each by its formula."""

import pytest
import torch
from known_layers import held_bytes, stored
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrize import register_parametrization, remove_parametrizations
from understudy.surrogates.blocks.bit_packing import packed, unpacked
from understudy.surrogates.blocks.straight_through import straight_through
from understudy.surrogates.blocks.ternary_linear import StoredTernary, Ternary, ternarised


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


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
