"""Scaling and the linear part are what they say, on data whose statistics and dynamics are known."""

import numpy as np
import pytest
import torch
from known_dynamics import InMemory, in_memory, travelling_waves
from understudy.datasets.tasks import Trajectories
from understudy.surrogates.linear_part import LinearPart, apply_modes
from understudy.surrogates.scaling import Scaling
from understudy.surrogates.surrogate import SurrogateError


class TwoFields(InMemory):
    """Trajectories (trajectories, frames, 2, *grid) of fields a and b."""

    def __init__(self, values: np.ndarray) -> None:
        super().__init__(values)
        self.grid = values.shape[3:]

    def read(self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str) -> np.ndarray:
        return self.values[trajectory, start:stop:step, "ab".index(field)]


def two_fields(values: np.ndarray) -> Trajectories:
    return Trajectories(TwoFields(values), fields=("a", "b"), stride=1, interval=0.1)


def test_scaling_is_the_mean_and_deviation_of_each_channel() -> None:
    values = np.random.default_rng(0).normal(size=(5, 7, 2, 4, 6))
    values[:, :, 0] = 1e6 + 1e-3 * values[:, :, 0]
    scaling = Scaling.measure(two_fields(values))
    np.testing.assert_allclose(scaling.mean, values.mean(axis=(0, 1, 3, 4)), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(scaling.deviation, values.std(axis=(0, 1, 3, 4)), rtol=1e-6)
    normal = scaling.normalise(torch.from_numpy(values))
    assert normal.mean(dim=(0, 1, 3, 4)).abs().max() < 1e-6
    np.testing.assert_allclose(scaling.denormalise(normal), values, rtol=1e-14)
    back = Scaling.from_tensors(scaling.tensors(), dimensions=2)
    assert torch.equal(back.normalise(torch.from_numpy(values)), normal)


def test_a_constant_channel_is_left_in_its_unit() -> None:
    scaling = Scaling.measure(in_memory(np.full((2, 3, 8), 0.1)))
    assert scaling.deviation.item() == 1.0


def test_scaling_refuses_what_is_not_finite_or_not_there() -> None:
    values = np.zeros((2, 3, 8))
    with pytest.raises(SurrogateError, match="no training trajectories"):
        Scaling.measure(in_memory(values[:0]))
    values[1, 2, 3] = np.nan
    with pytest.raises(SurrogateError, match="trajectory 1 holds NaN"):
        Scaling.measure(in_memory(values))


def identity(state: torch.Tensor) -> torch.Tensor:
    return state


def test_the_phase_speeds_of_travelling_waves_are_found() -> None:
    waves = travelling_waves(trajectories=6, frames=20, points=16, seed=0, step=0.2)
    linear = LinearPart.measure(in_memory(waves), identity)
    found = linear.propagator[0, 0, 1:3].numpy()
    np.testing.assert_allclose(found, np.exp([-0.2j, 0.7j * 0.2]), rtol=0, atol=1e-10)
    assert linear.remainder.item() < 1e-9
    assert linear.propagator[0, 0, 3:].abs().max() < 1


def coupled(grid: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Two fields mixed by another matrix in every mode: trajectories and the matrices."""
    generator = np.random.default_rng(1)
    modes_shape = (*grid[:-1], grid[-1] // 2 + 1)
    # made in real space, so that the modes belong to real fields
    kernels = generator.normal(size=(2, 2, *grid)) / np.sqrt(2 * np.prod(grid))
    axes = tuple(range(-len(grid), 0))
    matrices = np.fft.rfftn(kernels, axes=axes)
    assert matrices.shape == (2, 2, *modes_shape)
    frames = [generator.normal(size=(30, 2, *grid))]
    for _ in range(4):
        modes = np.fft.rfftn(frames[-1], axes=axes)
        mixed = np.einsum("oi...,ti...->to...", matrices, modes)
        frames.append(np.fft.irfftn(mixed, s=grid, axes=axes))
    return np.stack(frames, axis=1), matrices


@pytest.mark.parametrize("grid", [(9,), (6, 8), (4, 5, 6)], ids=str)
def test_coupled_channels_are_recovered_in_every_mode(grid: tuple[int, ...]) -> None:
    values, matrices = coupled(grid)
    linear = LinearPart.measure(two_fields(values), identity, conserve_mean=False)
    np.testing.assert_allclose(linear.propagator, matrices, rtol=0, atol=1e-8)
    axes = tuple(range(-len(grid), 0))
    modes = torch.fft.rfftn(torch.from_numpy(values[:, 0]), dim=axes)
    after = torch.fft.irfftn(apply_modes(linear.propagator, modes), s=grid, dim=axes)
    np.testing.assert_allclose(after, values[:, 1], rtol=0, atol=1e-8)
    back = LinearPart.from_tensors(linear.tensors())
    assert torch.equal(back.propagator, linear.propagator)
    assert torch.equal(back.filter, linear.filter)


def test_a_conserved_mean_is_noticed_and_kept_exactly() -> None:
    generator = np.random.default_rng(2)
    values = generator.normal(size=(4, 10, 12))
    drifting = LinearPart.measure(in_memory(values), identity)
    assert drifting.propagator[0, 0, 0] != 1
    assert drifting.filter[0, 0] > 0
    conserving = values - values.mean(axis=-1, keepdims=True) + generator.normal(size=(4, 1, 1))
    conserved = LinearPart.measure(in_memory(conserving), identity)
    assert conserved.propagator[0, 0, 0] == 1
    assert conserved.filter[0, 0] == 0
    told = LinearPart.measure(in_memory(values), identity, conserve_mean=True)
    assert told.propagator[0, 0, 0] == 1
    assert told.filter[0, 0] == 0


def test_without_a_linear_part_the_remainder_is_the_increment() -> None:
    values = np.random.default_rng(3).normal(size=(4, 10, 12))
    increment = LinearPart.measure(in_memory(values), identity, linear=False, conserve_mean=False)
    assert torch.equal(increment.propagator, torch.ones_like(increment.propagator))
    expected = np.sqrt(np.mean(np.diff(values, axis=1) ** 2))
    assert increment.remainder.item() == pytest.approx(expected, rel=1e-12)


def test_the_filter_halves_what_lies_at_the_floor_and_is_absent_without_one() -> None:
    x = 2 * np.pi * np.arange(16) / 16
    generator = np.random.default_rng(4)
    phases = generator.uniform(0, 2 * np.pi, size=(50, 20, 3))
    values = sum(
        a * np.cos(k * x + phases[:, :, i, None]) for i, (k, a) in enumerate([(1, 1.0), (2, 1e-2), (3, 1e-6)])
    )
    measured = LinearPart.measure(in_memory(np.asarray(values)), identity, linear=False, filter_floor=1e-2)
    np.testing.assert_allclose(measured.filter[0, 1:4], [1 / 1.01, 0.5, 1e-4], rtol=0.15)
    assert measured.filter[0, 4:].max() < 1e-9
    free = LinearPart.measure(
        in_memory(np.asarray(values)), identity, linear=False, filter_floor=0.0, conserve_mean=False
    )
    assert torch.equal(free.filter, torch.ones_like(free.filter))
