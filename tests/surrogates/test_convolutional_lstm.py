"""A convolutional LSTM is torch's at every point, keeps its grid's symmetries, and lets gradients through."""

import pytest
import torch
from torch import nn
from understudy.surrogates.blocks.convolutional_lstm import ConvolutionalLSTM

GRIDS = [(12,), (8, 9), (5, 6, 7)]
ON_GRIDS = pytest.mark.parametrize("grid", GRIDS, ids=str)


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def cell_on(
    grid: tuple[int, ...], *, width: int = 3, periodic: bool = True, channels: int = 3
) -> ConvolutionalLSTM:
    return ConvolutionalLSTM(
        dimensions=len(grid), inputs=2, channels=channels, width=width, periodic=periodic
    ).double()


def fields_on(grid: tuple[int, ...], *, steps: int = 5) -> torch.Tensor:
    return torch.randn(3, steps, 2, *grid, dtype=torch.float64)


def same_weights(cell: ConvolutionalLSTM) -> nn.LSTMCell:
    """Torch's own cell with the weights of one whose kernels have one point."""
    twin = nn.LSTMCell(cell.inputs, cell.channels).double()
    assert cell.incoming.bias is not None
    with torch.no_grad():
        twin.weight_ih.copy_(cell.incoming.weight.flatten(1))
        twin.weight_hh.copy_(cell.recurrent.weight.flatten(1))
        twin.bias_ih.copy_(cell.incoming.bias)
        twin.bias_hh.zero_()
    return twin


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("grid", [(1,), (1, 1), (1, 1, 1), (6,), (3, 4), (2, 3, 2)], ids=str)
def test_with_kernels_of_one_point_it_is_the_lstm_of_torch_at_every_point(
    grid: tuple[int, ...], periodic: bool
) -> None:
    cell, fields = cell_on(grid, width=1, periodic=periodic), fields_on(grid)
    nn.init.normal_(cell.incoming.bias)
    twin = same_weights(cell)
    hidden, (last, inner) = cell.run(fields)
    # every point is a sample of its own
    points = fields.flatten(3).permute(1, 0, 3, 2).flatten(1, 2)
    state = None
    for step in range(len(points)):
        state = twin(points[step], state)
        shown = hidden[:, step].flatten(2).transpose(1, 2).flatten(0, 1)
        torch.testing.assert_close(shown, state[0], rtol=0, atol=1e-14)
    assert state is not None
    for ours, theirs in zip((last, inner), state, strict=True):
        torch.testing.assert_close(ours.flatten(2).transpose(1, 2).flatten(0, 1), theirs, rtol=0, atol=1e-14)


def test_a_kernel_is_a_sum_over_shifted_copies() -> None:
    cell, field = cell_on((12,)), fields_on((12,))[:, 0]
    hidden, inner = torch.randn(2, 3, 3, 12, dtype=torch.float64)
    gates = cell.incoming.bias[:, None] + sum(
        torch.einsum("oi,bix->box", weight[:, :, j], of.roll(1 - j, 2))
        for weight, of in ((cell.incoming.weight, field), (cell.recurrent.weight, hidden))
        for j in range(3)
    )
    enter, keep, new, show = gates[:, :3], gates[:, 3:6], gates[:, 6:9], gates[:, 9:]
    inner_after = keep.sigmoid() * inner + enter.sigmoid() * new.tanh()
    after = cell(field, (hidden, inner))
    torch.testing.assert_close(after[1], inner_after, rtol=0, atol=1e-13)
    torch.testing.assert_close(after[0], show.sigmoid() * inner_after.tanh(), rtol=0, atol=1e-13)


@ON_GRIDS
def test_on_a_periodic_grid_it_commutes_with_translations_over_a_whole_sequence(
    grid: tuple[int, ...],
) -> None:
    cell, fields = cell_on(grid), fields_on(grid)
    shifts, axes = tuple(range(2, 2 + len(grid))), tuple(range(3, 3 + len(grid)))
    moved, still = cell.run(fields.roll(shifts, axes))[0], cell.run(fields)[0]
    torch.testing.assert_close(moved, still.roll(shifts, axes), rtol=0, atol=1e-13)
    assert (moved - still).abs().max() > 0.05


@ON_GRIDS
def test_edges_that_see_zeros_are_those_of_a_larger_grid_of_nothing(grid: tuple[int, ...]) -> None:
    """A step in a field that is zero around: within, both kinds of edges are the same."""
    walled, wrapped = cell_on(grid, periodic=False), cell_on(grid)
    wrapped.load_state_dict(walled.state_dict())
    field = fields_on(grid)[:, 0]
    around = [1] * (2 * len(grid))
    within = (..., *[slice(1, -1)] * len(grid))
    larger = wrapped(nn.functional.pad(field, around))[1][within]
    torch.testing.assert_close(walled(field)[1], larger, rtol=0, atol=1e-13)
    assert (walled(field)[1] - wrapped(field)[1]).abs().max() > 0.01


def test_a_sequence_at_once_is_its_steps_one_by_one() -> None:
    cell, fields = cell_on((8, 9)), fields_on((8, 9))
    hidden, last = cell.run(fields)
    state = None
    for step in range(fields.shape[1]):
        state = cell(fields[:, step], state)
        torch.testing.assert_close(hidden[:, step], state[0], rtol=0, atol=1e-14)
    first = cell.run(fields[:, :2])[1]
    continued, end = cell.run(fields[:, 2:], first)
    torch.testing.assert_close(continued, hidden[:, 2:], rtol=0, atol=1e-14)
    assert state is not None
    for parts in zip(last, state, end, strict=True):
        torch.testing.assert_close(parts[0], parts[1], rtol=0, atol=1e-14)
        torch.testing.assert_close(parts[0], parts[2], rtol=0, atol=1e-14)


@ON_GRIDS
@pytest.mark.parametrize("periodic", [True, False])
def test_the_gradient_of_a_whole_sequence_reaches_its_first_field(
    grid: tuple[int, ...], periodic: bool
) -> None:
    cell, fields = cell_on(grid, periodic=periodic), fields_on(grid, steps=8).requires_grad_()
    cell.run(fields)[0][:, -1].square().sum().backward()
    assert fields.grad is not None
    sizes = fields.grad.flatten(2).norm(dim=(0, 2))
    assert (sizes > 1e-6).all()


def test_a_cell_passes_its_gradient_on_by_the_product_of_the_forget_gates() -> None:
    cell, fields = cell_on((12,)), fields_on((12,), steps=30)
    nn.init.zeros_(cell.recurrent.weight)
    zero = torch.zeros(3, 3, 12, dtype=torch.float64)
    begin = torch.randn_like(zero).requires_grad_()
    cell.run(fields, (zero, begin))[1][1].sum().backward()
    gates = cell.incoming(fields.flatten(0, 1)).unflatten(0, (3, 30))[:, :, 3:6].sigmoid()
    assert begin.grad is not None
    torch.testing.assert_close(begin.grad, gates.prod(dim=1), rtol=1e-12, atol=0)


def test_a_new_cell_keeps_what_it_has() -> None:
    cell = cell_on((12,), channels=4)
    nothing = torch.zeros(1, 2, 12, dtype=torch.float64)
    zero, inner = torch.zeros(1, 4, 12, dtype=torch.float64), torch.randn(1, 4, 12, dtype=torch.float64)
    kept = cell(nothing, (zero, inner))[1]
    torch.testing.assert_close(kept, inner / (1 + torch.exp(torch.tensor(-1.0).double())), rtol=1e-12, atol=0)


@pytest.mark.parametrize("width", [0, 4])
def test_a_kernel_without_a_centre_is_refused(width: int) -> None:
    with pytest.raises(ValueError, match=f"must be odd.*got {width}"):
        cell_on((12,), width=width)


def test_other_dimensions_and_no_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="1, 2 or 3 dimensions, got 4"):
        cell_on((2, 2, 2, 2))
    with pytest.raises(ValueError, match="at least 1, got 2 and 0"):
        cell_on((12,), channels=0)


def test_fields_and_states_that_do_not_fit_are_refused() -> None:
    cell, fields = cell_on((12,)), fields_on((12,))
    for strange in (fields[:, :, :1], fields[..., None], fields[:, :0]):
        with pytest.raises(ValueError, match=r"expected fields \(batch, steps, 2 channels, 1 axes"):
            cell.run(strange)
    state = cell(fields[:, 0])
    for strange in ((state[0][:1], state[1]), (state[0], state[1][..., :5]), (state[0][:, :2], state[1])):
        with pytest.raises(ValueError, match=r"two fields of shape \(3, 3, 12\)"):
            cell(fields[:, 0], strange)
