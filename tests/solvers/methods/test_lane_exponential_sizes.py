"""The compiled integrators on grids of 3 and 5 times a power of two."""

import numpy as np
import pytest
from plain_integrators import plain_multistep, plain_runge_kutta, waves
from understudy.solvers.methods.exponential import adams_bashforth, cox_matthews
from understudy.solvers.methods.lane_exponential import run_multistep, run_runge_kutta
from understudy.solvers.methods.lane_tables import MultistepTables, RungeKuttaTables

STEP = 0.05
SIZES = [
    *(24, 80, 96),
    *(pytest.param(points, marks=pytest.mark.slow) for points in (40, 48, 160, 192, 320, 384)),
]
"""Each is compiled."""
LANES = pytest.mark.parametrize("lanes", ["batch", "across"])


def equation(points, spacing=0.35):
    """linear and factor of Kuramoto-Sivashinsky."""
    k = 2 * np.pi / (spacing * points) * np.arange(points // 2 + 1)
    factor = -0.5j * k
    factor[-1] = 0
    return k**2 - k**4, factor


def runge_kutta(points, *, step=STEP, spacing=0.35):
    linear, factor = equation(points, spacing)
    return RungeKuttaTables.of(cox_matthews(linear, step), factor)


def multistep(points):
    linear, factor = equation(points)
    return MultistepTables.of(adams_bashforth(linear, STEP / 2, order=4), factor)


def past(samples, points, *, seed):
    """Four frames of a smooth history."""
    fields = [waves(samples, points, seed=seed + i) for i in range(2)]
    return np.stack([np.cos(0.1 * t) * fields[0] + np.sin(0.1 * t) * fields[1] for t in range(4)], axis=1)


def agree(got, wanted, *, eps, steps):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=20 * eps * steps * np.abs(wanted).max())


@LANES
@pytest.mark.parametrize("points", SIZES)
def test_runge_kutta_agrees_with_numpy(points, lanes):
    linear, factor = equation(points)
    u = waves(11 if lanes == "batch" else 2, points, seed=points)
    got = run_runge_kutta(u, runge_kutta(points), steps_per_frame=10, frames=3, lanes=lanes)
    for frame in range(3):
        wanted = plain_runge_kutta(u, cox_matthews(linear, STEP), factor, steps=10 * (frame + 1))
        agree(got[:, frame], wanted, eps=2.2e-16, steps=30)


@LANES
@pytest.mark.parametrize("points", SIZES)
def test_multistep_agrees_with_numpy(points, lanes):
    tables = multistep(points)
    history = past(9 if lanes == "batch" else 2, points, seed=points)
    got = run_multistep(history, tables, steps_per_frame=13, frames=2, lanes=lanes)
    for frame in range(2):
        wanted = plain_multistep(history, tables.linear, tables.nonlinear, steps=13 * (frame + 1))
        agree(got[:, frame], wanted, eps=2.2e-16, steps=26)


@LANES
@pytest.mark.parametrize(
    "points", [24, 96, *(pytest.param(points, marks=pytest.mark.slow) for points in (40, 80, 192, 320))]
)
def test_single_precision_agrees_to_its_own_round_off(points, lanes):
    tables = multistep(points)
    history = past(17 if lanes == "batch" else 1, points, seed=points).astype(np.float32)
    got = run_multistep(history, tables, steps_per_frame=20, frames=1, lanes=lanes)
    assert got.dtype == np.float32
    wanted = plain_multistep(history.astype(float), tables.linear, tables.nonlinear, steps=20)
    agree(got[:, 0], wanted, eps=1.2e-7, steps=20)


@LANES
@pytest.mark.parametrize("points", SIZES)
def test_a_scheme_that_changes_nothing_gives_back_what_it_was_given(points, lanes):
    modes = points // 2 + 1
    tables = MultistepTables(np.ones((1, modes)), np.zeros((4, modes), dtype=complex))
    rng = np.random.default_rng(points)
    history = 37 * rng.normal(0.2, 1.0, (9 if lanes == "batch" else 1, 4, points))
    got = run_multistep(history, tables, steps_per_frame=1, frames=25, lanes=lanes)
    np.testing.assert_allclose(got, np.repeat(history[:, -1:], 25, axis=1), rtol=0, atol=37 * 25 * 2e-15)


@LANES
@pytest.mark.parametrize("points", [24, pytest.param(40, marks=pytest.mark.slow)])
def test_general_complex_weights_agree_with_numpy(points, lanes):
    # where a slot holds the conjugate of a wavenumber, its weights must be conjugate, too
    rng = np.random.default_rng(8)
    modes = points // 2 + 1
    damping = np.exp(-np.arange(modes) / 4)
    linear = damping * (rng.normal(size=(1, modes)) + 1j * rng.normal(size=(1, modes))) / 3
    nonlinear = damping * (rng.normal(size=(2, modes)) + 1j * rng.normal(size=(2, modes))) / 50
    constant = 0.01 * damping * (1 - 0.5j)
    for table in (linear, nonlinear, constant[None]):
        table[:, [0, -1]] = table[:, [0, -1]].real  # what a real field has there
    history = past(5, points, seed=2)
    tables = MultistepTables(linear, nonlinear, constant)
    got = run_multistep(history, tables, steps_per_frame=18, frames=1, lanes=lanes)
    wanted = plain_multistep(history, linear, nonlinear, steps=18, constant=constant)
    agree(got[:, 0], wanted, eps=2.2e-16, steps=18)


@pytest.mark.parametrize("points", SIZES)
def test_a_batch_gives_bit_for_bit_what_its_samples_give_alone(points):
    tables, history = multistep(points), past(8 + 3, points, seed=6)
    together = run_multistep(history, tables, steps_per_frame=20, frames=2, lanes="batch")
    order = np.random.default_rng(0).permutation(len(history))
    again = run_multistep(history[order], tables, steps_per_frame=20, frames=2, lanes="batch")
    np.testing.assert_array_equal(again, together[order])
    for i in (0, 7, 10):
        alone = run_multistep(history[i : i + 1], tables, steps_per_frame=20, frames=2, lanes="batch")
        np.testing.assert_array_equal(alone[0], together[i])
        across = run_multistep(history[i : i + 1], tables, steps_per_frame=20, frames=2, lanes="across")
        agree(across[0], together[i], eps=2.2e-16, steps=40)


@pytest.mark.parametrize("points", [24, pytest.param(40, marks=pytest.mark.slow), 48])
def test_full_vectors_are_written_to_the_last_point(points):
    # 16 numbers go into a vector of single precision, and 16 does not divide 24 nor 40
    tables, history = multistep(points), past(16, points, seed=7).astype(np.float32)
    together = run_multistep(history, tables, steps_per_frame=3, frames=2, lanes="batch")
    for i in (0, 15):
        alone = run_multistep(history[i : i + 1], tables, steps_per_frame=3, frames=2, lanes="batch")
        np.testing.assert_array_equal(alone[0], together[i])


@LANES
@pytest.mark.parametrize("points", [24, 80, *(pytest.param(n, marks=pytest.mark.slow) for n in (40, 48))])
def test_the_highest_wavenumber_decays_as_the_equation_says(points, lanes):
    linear, _ = equation(points, spacing=3.3)  # so long that its decay is slow
    sawtooth = 1e-9 * (-1.0) ** np.arange(points)[None]
    tables = runge_kutta(points, step=0.5, spacing=3.3)
    got = run_runge_kutta(sawtooth, tables, steps_per_frame=4, frames=1, lanes=lanes)
    np.testing.assert_allclose(got[0, 0], sawtooth[0] * np.exp(4 * 0.5 * linear[-1]), rtol=1e-12)


@pytest.mark.parametrize("points", [80, 96, *(pytest.param(n, marks=pytest.mark.slow) for n in (48, 192))])
def test_one_trajectory_across_the_lanes_stays_on_the_attractor_for_long(points):
    tables = runge_kutta(points, step=0.1, spacing=0.45)  # chaos, at all three lengths
    u = waves(1, points, seed=1) - 0.2
    u -= u.mean()
    frames = run_runge_kutta(u, tables, steps_per_frame=1000, frames=300, lanes="across")  # t = 30,000
    assert np.isfinite(frames).all()
    energy = (frames[0] ** 2).mean(axis=1)
    assert 0.5 < energy[100:].mean() < 3
    assert np.abs(frames).max() < 6
    assert np.abs(frames.mean(axis=2)).max() < 1e-10
