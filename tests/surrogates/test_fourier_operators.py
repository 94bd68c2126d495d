"""Fourier operators are maps of functions: exact where they can be, the same on every grid, not wrapped."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory
from known_fields import trigonometric
from torch import nn
from torch.func import functional_call
from understudy.surrogates.blocks.fourier_block import FourierBlock
from understudy.surrogates.blocks.spectral_convolution import SpectralConvolution
from understudy.surrogates.fourier_operator import FourierOperator
from understudy.surrogates.fourier_stepper import FourierStepper
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.stepper import Stepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings

GRIDS = [(16,), (16, 18), (8, 9, 10)]
TIME, SPEED, DIFFUSIVITY = 0.3, 0.7, 0.05
EVOLVED = {"time": TIME, "speed": SPEED, "diffusivity": DIFFUSIVITY}


@pytest.fixture(autouse=True)
def same_weights_in_every_run() -> None:
    torch.manual_seed(0)


def several(grid: tuple[int, ...], highest: int, count: int, first: int = 0, **how: float) -> torch.Tensor:
    """(count, 1, *grid) fields by their formula."""
    seeds = range(first, first + count)
    return torch.stack([trigonometric(grid, highest, seed=seed, **how) for seed in seeds])[:, None]


def twice_as_fine(make: Any, grid: tuple[int, ...], highest: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What the same weights make of the same field on a grid, and on one twice as fine, at shared points."""
    fine = tuple(2 * n for n in grid)
    block, again = make(grid).double(), make(fine).double()
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.4)
    again.load_state_dict(block.state_dict())
    u, v = (torch.cat([several(g, highest, 2, seed) for seed in (0, 7)], dim=1) for g in (grid, fine))
    every = (..., *[slice(None, None, 2)] * len(grid))
    assert torch.allclose(v[every], u, rtol=0, atol=1e-12)
    return block(u), again(v)[every]


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_the_same_weights_on_a_finer_grid_are_the_same_linear_function(grid: tuple[int, ...]) -> None:
    def make(points: tuple[int, ...]) -> nn.Module:
        return SpectralConvolution(grid=points, inputs=2, outputs=2, modes=3)

    coarse, fine = twice_as_fine(make, grid, 3)
    torch.testing.assert_close(coarse, fine, rtol=0, atol=1e-12)
    assert coarse.std() > 0.5


def two_blocks(points: tuple[int, ...], *, modes: int, gated: bool) -> nn.Module:
    """The second sees, in the waves of the first one's answer, what has aliased."""
    return nn.Sequential(*(FourierBlock(grid=points, channels=2, modes=modes, gated=gated) for _ in range(2)))


def test_gated_blocks_are_the_same_function_while_the_grid_carries_their_products() -> None:
    make = partial(two_blocks, modes=3, gated=True)
    coarse, fine = twice_as_fine(make, (16,), 3)
    torch.testing.assert_close(coarse, fine, rtol=1e-12, atol=1e-11)
    coarse, fine = twice_as_fine(make, (8,), 3)  # where wavenumber 6 looks like 2
    assert (coarse - fine).abs().max() > 1e-2


def test_a_gelu_aliases_less_the_finer_the_grid() -> None:
    make = partial(two_blocks, modes=2, gated=False)
    gaps = []
    for points in (16, 128):
        coarse, fine = twice_as_fine(make, (points,), 2)
        gaps.append(float((coarse - fine).detach().abs().max()))
    assert gaps[0] > 1e-6
    assert gaps[1] < 0.1 * gaps[0]


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_a_fourier_block_begins_as_the_identity_and_commutes_with_translations(
    grid: tuple[int, ...], gated: bool
) -> None:
    block = FourierBlock(grid=grid, channels=2, modes=3, width=3, gated=gated).double()
    u = torch.randn(3, 2, *grid, dtype=torch.float64)
    assert torch.equal(block(u), u)
    nn.init.normal_(block.mix.weight)
    axes, shifts = tuple(range(2, u.ndim)), tuple(range(3, 3 + len(grid)))
    torch.testing.assert_close(block(u.roll(shifts, axes)), block(u).roll(shifts, axes), rtol=0, atol=1e-11)
    assert (block(u) - u).abs().max() > 0.1


@pytest.mark.parametrize("grid", [(16,), (12, 15)], ids=str)
def test_one_layer_holds_advection_and_diffusion_exactly(grid: tuple[int, ...]) -> None:
    """Its numbers are exp(L t), written down from the equation u_t + c . grad u = nu laplacian u."""
    modes = 4
    layer = SpectralConvolution(grid=grid, inputs=1, outputs=1, modes=modes).double()
    whole = np.fft.fftfreq(2 * modes + 1, 1 / (2 * modes + 1))
    waves = np.meshgrid(*[whole] * (len(grid) - 1), np.arange(modes + 1), indexing="ij")
    rate = sum(-1j * (1 + i) * SPEED * k - DIFFUSIVITY * k**2 for i, k in enumerate(waves))
    with torch.no_grad():
        layer.weight[0, 0] = torch.view_as_real(torch.from_numpy(np.exp(TIME * rate)))
    start, end = several(grid, modes, 3), several(grid, modes, 3, **EVOLVED)
    torch.testing.assert_close(layer(start), end, rtol=0, atol=1e-12)
    assert (end - start).abs().max() > 0.3


def test_least_squares_finds_the_propagator() -> None:
    grid, modes = (16,), 4
    layer = SpectralConvolution(grid=grid, inputs=1, outputs=1, modes=modes).double()
    start, end = several(grid, modes, 20), several(grid, modes, 20, **EVOLVED)
    units = torch.eye(layer.weight.numel(), dtype=torch.float64).unflatten(1, layer.weight.shape)
    columns = [functional_call(layer, {"weight": unit}, (start,)).flatten() for unit in units]
    # by singular values, for the mean has a number in vain
    found = torch.linalg.lstsq(torch.stack(columns, dim=1), end.flatten()[:, None], driver="gelsd").solution
    with torch.no_grad():
        layer.weight.copy_(found.reshape(layer.weight.shape))
    other, after = several(grid, modes, 5, 100), several(grid, modes, 5, 100, **EVOLVED)
    torch.testing.assert_close(layer(other), after, rtol=0, atol=1e-10)


class OneLayer(Stepper):
    """A linear Fourier stepper."""

    @dataclass(frozen=True)
    class Settings:
        """See `Stepper`."""

        stepping: SteppingSettings = SteppingSettings(linear=False, input_noise=0.0, filter_floor=0.0)  # noqa: RUF009
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009
            steps=1500, batch=64, learning_rate=2e-2, double_from=0.0, check_every=500
        )

    def network(self, channels: int, grid: Sequence[int]) -> nn.Module:
        """See `Stepper`."""
        return SpectralConvolution(grid=grid, inputs=channels, outputs=channels, modes=3)


def test_training_a_linear_fourier_stepper_recovers_the_equation() -> None:
    sets = []
    for first, count in ((0, 64), (100, 8)):
        start, end = several((16,), 3, count, first), several((16,), 3, count, first, **EVOLVED)
        sets.append(torch.cat([start, end], dim=1).numpy())
    stepper = OneLayer()
    record = stepper.fit(in_memory(sets[0]), in_memory(sets[1]), seed=0)
    assert record.validation_error < 1e-6
    answer = stepper({"frame": torch.from_numpy(sets[1][:, :1])})["frame"]
    np.testing.assert_allclose(answer.numpy()[:, 0], sets[1][:, 1], rtol=0, atol=1e-5)


def test_modes_that_a_grid_does_not_carry_are_refused_with_what_it_carries() -> None:
    u = np.stack([several((16,), 3, 4)[:, 0].numpy()] * 3, axis=1)
    stepper = FourierStepper(FourierStepper.Settings(modes=8))
    with pytest.raises(SurrogateError, match=r"grid \(16,\) carries 1 to 7 modes along each axis, got 8"):
        stepper.fit(in_memory(u), in_memory(u), seed=0)
    with pytest.raises(ValueError, match="modes"):
        FourierBlock(grid=(16,), channels=2, modes=8)
    operator = FourierOperator(FourierOperator.Settings(modes=6, padding=0.25))
    with pytest.raises(SurrogateError, match=r"grid \(10, 20\) carries 1 to 4 modes"):
        operator.network(inputs=1, outputs=1, grid=(8, 16))
    for wrong in ({"padding": -0.1}, {"width": 2}):
        with pytest.raises(SurrogateError, match="padding must be at least 0 and finite, and the width odd"):
            FourierOperator.Settings(**wrong)


@pytest.mark.parametrize("padding", [0.0, 0.5])
def test_zeros_behind_the_ends_keep_one_end_from_the_other(padding: float) -> None:
    """A layer that shifts by two rows: without zeros the first rows are told of the last."""
    rows = 10 if padding else 15  # with zeros 15, too
    settings = FourierOperator.Settings(channels=3, modes=7, blocks=1, padding=padding)
    network = FourierOperator(settings).network(inputs=1, outputs=1, grid=(rows, rows)).double()
    block: Any = network.blocks[0]  # type: ignore[index]
    waves = torch.arange(15, dtype=torch.float64)[:, None].expand(15, 8)
    turn = torch.exp(-1j * 2 * (2 * torch.pi / 15) * waves)  # whole turns apart, -k is 15 - k
    with torch.no_grad():
        for layer in (block.mix, network.last):
            nn.init.normal_(layer.weight)
        block.near.weight.zero_()
        block.far.weight.copy_(torch.view_as_real(turn).expand_as(block.far.weight))
    image = torch.randn(1, 1, rows, rows, dtype=torch.float64, requires_grad=True)
    first, third = (torch.autograd.grad(network(image)[0, 0, r].sum(), image)[0][0, 0] for r in (0, 2))
    assert third[0].abs().max() > 1e-3
    assert third[2].abs().max() > 1e-3
    told = first[-2].abs().max()
    assert told < 1e-12 if padding else told > 1e-3


def test_the_stepper_s_settings_say_how_it_is_made() -> None:
    made = FourierStepper.Settings(channels=5, modes=4, blocks=3, gated=False)
    network: Any = FourierStepper(made).network(2, (16, 16))
    assert [type(layer) for layer in network[1:-1]] == [FourierBlock] * 3
    assert network[1].far.weight.shape == (5, 5, 9, 5, 2)
    gated: Any = FourierStepper(dataclasses.replace(made, gated=True)).network(2, (16, 16))
    assert gated[1].far.weight.shape == (10, 5, 9, 5, 2)
    u = torch.randn(3, 2, 16, 16)
    assert network(u).shape == u.shape
    assert not network(u).any()


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"blocks": -1}, {"modes": 0}])
def test_sizes_that_make_no_sense_are_refused_before_anything_is_read(wrong: dict[str, int]) -> None:
    for kind in (FourierStepper, FourierOperator):
        with pytest.raises(SurrogateError, match="at least 1"):
            kind.Settings(**wrong)
