"""The compiled integrators agree with the same schemes in NumPy, for every sample, lane and arrangement."""

import numpy as np
import pytest
from plain_integrators import plain_multistep, plain_runge_kutta, waves
from understudy.solvers.methods import exponential_kernels, lane_exponential
from understudy.solvers.methods.exponential import adams_bashforth, cox_matthews, krogstad
from understudy.solvers.methods.lane_exponential import run_multistep, run_runge_kutta, start_history
from understudy.solvers.methods.lane_tables import MultistepTables, RungeKuttaTables

STEP = 0.05
SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048]


def equation(points, length=None):
    """linear, factor and a forcing of Kuramoto-Sivashinsky."""
    modes = points // 2 + 1
    k = 2 * np.pi / (length or 0.35 * points) * np.arange(modes)
    factor = -0.5j * k
    factor[-1] = 0
    forcing = np.zeros(modes, dtype=complex)
    forcing[[0, 2, -1]] = 0.03, 0.2 - 0.1j, 0.02
    return k**2 - k**4, factor, forcing


def agree(got, wanted, *, eps, steps):
    np.testing.assert_allclose(got, wanted, rtol=0, atol=20 * eps * steps * np.abs(wanted).max())


@pytest.mark.parametrize("lanes", ["batch", "across"])
def test_runge_kutta_agrees_with_numpy_for_every_size(lanes):
    for points in SIZES:
        linear, factor, _ = equation(points)
        u = waves(11 if lanes == "batch" else 2, points, seed=points)
        for scheme in (cox_matthews(linear, STEP), krogstad(linear, STEP)):
            tables = RungeKuttaTables.of(scheme, factor)
            got = run_runge_kutta(u, tables, steps_per_frame=10, frames=3, lanes=lanes)
            for frame in range(3):
                wanted = plain_runge_kutta(u, scheme, factor, steps=10 * (frame + 1))
                agree(got[:, frame], wanted, eps=2.2e-16, steps=30)


@pytest.mark.parametrize("lanes", ["batch", "across"])
def test_forcing_enters_every_stage(lanes):
    linear, factor, forcing = equation(16)
    scheme = krogstad(linear, STEP)
    u = waves(3, 16, seed=4)
    tables = RungeKuttaTables.of(scheme, factor, forcing)
    got = run_runge_kutta(u, tables, steps_per_frame=20, frames=1, lanes=lanes)
    agree(got[:, 0], plain_runge_kutta(u, scheme, factor, steps=20, forcing=forcing), eps=2.2e-16, steps=20)


@pytest.mark.parametrize("lanes", ["batch", "across"])
@pytest.mark.parametrize(
    "points", [16, 64, *(pytest.param(points, marks=pytest.mark.slow) for points in (32, 256, 512))]
)
def test_single_precision_agrees_to_its_own_round_off(points, lanes):
    linear, factor, _ = equation(points)
    scheme = cox_matthews(linear, STEP)
    u = waves(17 if lanes == "batch" else 1, points, seed=points).astype(np.float32)
    tables = RungeKuttaTables.of(scheme, factor)
    got = run_runge_kutta(u, tables, steps_per_frame=20, frames=1, lanes=lanes)
    assert got.dtype == np.float32
    agree(got[:, 0], plain_runge_kutta(u.astype(float), scheme, factor, steps=20), eps=1.2e-7, steps=20)


def multistep(points, order):
    linear, factor, _ = equation(points)
    return MultistepTables.of(adams_bashforth(linear, STEP / 2, order=order), factor)


def past(samples, frames, points, *, seed):
    """A smooth history."""
    fields = [waves(samples, points, seed=seed + i) for i in range(2)]
    return np.stack(
        [np.cos(0.1 * t) * fields[0] + np.sin(0.1 * t) * fields[1] for t in range(frames)], axis=1
    )


@pytest.mark.parametrize(
    ("order", "lanes"),
    [(1, "batch"), pytest.param(1, "across", marks=pytest.mark.slow), (4, "batch"), (4, "across")],
)
def test_multistep_agrees_with_numpy_for_every_size(order, lanes):
    for points in SIZES if order == 4 else (16,):
        tables = multistep(points, order)
        history = past(9 if lanes == "batch" else 2, order, points, seed=points)
        got = run_multistep(history, tables, steps_per_frame=13, frames=2, lanes=lanes)
        for frame in range(2):
            wanted = plain_multistep(history, tables.linear, tables.nonlinear, steps=13 * (frame + 1))
            agree(got[:, frame], wanted, eps=2.2e-16, steps=26)


@pytest.mark.parametrize("lanes", ["batch", "across"])
@pytest.mark.parametrize("points", [16, pytest.param(64, marks=pytest.mark.slow)])
def test_general_complex_weights_with_delays_and_a_constant_agree_with_numpy(points, lanes):
    rng = np.random.default_rng(8)
    modes = points // 2 + 1
    damping = np.exp(-np.arange(modes) / 4)
    linear = damping * (rng.normal(size=(2, modes)) + 1j * rng.normal(size=(2, modes))) / 3
    nonlinear = damping * (rng.normal(size=(3, modes)) + 1j * rng.normal(size=(3, modes))) / 50
    constant = 0.01 * damping * (1 - 0.5j)
    for table in (linear, nonlinear, constant[None]):
        table[:, [0, -1]] = table[:, [0, -1]].real  # what a real field has there
    history = past(5, 4, points, seed=2)
    got = run_multistep(
        history, MultistepTables(linear, nonlinear, constant), steps_per_frame=9, frames=2, lanes=lanes
    )
    for frame in range(2):
        wanted = plain_multistep(history, linear, nonlinear, steps=9 * (frame + 1), constant=constant)
        agree(got[:, frame], wanted, eps=2.2e-16, steps=18)


@pytest.mark.parametrize("points", [16, 64])
def test_a_sample_does_not_depend_on_its_lane_nor_on_other_samples(points):
    linear, factor, _ = equation(points)
    tables = RungeKuttaTables.of(cox_matthews(linear, STEP), factor)
    u = waves(11, points, seed=6)
    all_at_once = run_runge_kutta(u, tables, steps_per_frame=50, frames=2, lanes="batch")
    order = np.random.default_rng(0).permutation(11)
    np.testing.assert_array_equal(
        run_runge_kutta(u[order], tables, steps_per_frame=50, frames=2, lanes="batch"), all_at_once[order]
    )
    for i in (0, 7, 10):
        alone = run_runge_kutta(u[i : i + 1], tables, steps_per_frame=50, frames=2, lanes="batch")
        np.testing.assert_array_equal(alone[0], all_at_once[i])
    np.testing.assert_array_equal(
        run_runge_kutta(u, tables, steps_per_frame=50, frames=2, lanes="batch", threads=3), all_at_once
    )


@pytest.mark.parametrize(
    ("lanes", "points"),
    [
        ("batch", 64),
        ("across", 16),
        *(pytest.param(*how, marks=pytest.mark.slow) for how in (("batch", 16), ("across", 64))),
    ],
)
def test_how_many_groups_run_at_a_time_changes_no_bit_not_even_of_what_is_carried(lanes, points, monkeypatch):
    linear, factor, _ = equation(points)
    scheme = adams_bashforth(linear, STEP / 2, order=4)
    tables = MultistepTables.of(scheme, factor, compensated=True)
    history = past(36, 4, points, seed=points).astype(np.float32)
    asked = {"steps_per_frame": 50, "frames": 2, "lanes": lanes}
    together = run_multistep(history, tables, **asked)
    monkeypatch.setattr(lane_exponential, "NEAR", 1)
    np.testing.assert_array_equal(run_multistep(history, tables, **asked), together)


@pytest.mark.parametrize("points", [16, 64])
@pytest.mark.parametrize("lanes", ["batch", "across"])
def test_nothing_is_compiled_again_for_more_samples(lanes, points):
    history = past(40, 4, points, seed=points)
    kernel = [exponential_kernels.load, exponential_kernels.load_in_registers]
    kernel += [exponential_kernels.solve, exponential_kernels.solve_in_registers]
    counts = []
    for samples in (1, 2, 9, 40):
        run_multistep(history[:samples], multistep(points, 4), steps_per_frame=1, frames=1, lanes=lanes)
        counts.append([len(k.signatures) for k in kernel])
    assert counts[1:] == counts[:-1]


def test_two_samples_go_across_the_lanes_and_more_go_into_them():
    linear, factor, _ = equation(16)
    tables = RungeKuttaTables.of(cox_matthews(linear, STEP), factor)
    u = waves(3, 16, seed=6)
    for samples, lanes in ((1, "across"), (2, "across"), (3, "batch")):
        chosen = run_runge_kutta(u[:samples], tables, steps_per_frame=50, frames=1, lanes=lanes)
        np.testing.assert_array_equal(
            run_runge_kutta(u[:samples], tables, steps_per_frame=50, frames=1), chosen
        )


@pytest.mark.parametrize("lanes", ["batch", "across"])
def test_frames_at_uneven_distances_are_those_of_one_run(lanes):
    linear, factor, _ = equation(64)
    tables = RungeKuttaTables.of(cox_matthews(linear, STEP), factor)
    u = waves(3, 64, seed=9)
    every = run_runge_kutta(u, tables, steps_per_frame=1, frames=12, lanes=lanes)
    some = run_runge_kutta(u, tables, steps_per_frame=[1, 4, 5, 2], frames=4, lanes=lanes)
    np.testing.assert_array_equal(some, every[:, [0, 4, 9, 11]])


@pytest.mark.parametrize("points", [16, 64])
@pytest.mark.parametrize("lanes", ["batch", "across"])
def test_a_sample_that_blows_up_is_nan_from_some_frame_on_and_harms_no_other(lanes, points):
    linear, factor, _ = equation(points)
    tables = RungeKuttaTables.of(cox_matthews(linear, STEP), factor)
    u = waves(3, points, seed=9)
    well = run_runge_kutta(u, tables, steps_per_frame=5, frames=30, lanes=lanes)
    u[1] *= 1e6
    got = run_runge_kutta(u, tables, steps_per_frame=5, frames=30, lanes=lanes)
    assert np.isfinite(well).all()
    np.testing.assert_array_equal(got[[0, 2]], well[[0, 2]])
    lost = ~np.isfinite(got[1]).all(axis=1)
    assert lost.any()
    assert lost[np.argmax(lost) :].all()
    assert np.isnan(got[1, -1]).all()


@pytest.mark.parametrize("lanes", ["batch", "across"])
@pytest.mark.parametrize("points", [16, 64])
def test_the_highest_wavenumber_decays_as_the_equation_says(points, lanes):
    linear, factor, _ = equation(points, length=3.3 * points)  # so long that its decay is slow
    tables = RungeKuttaTables.of(cox_matthews(linear, 0.5), factor)
    sawtooth = 1e-9 * (-1.0) ** np.arange(points)[None]
    got = run_runge_kutta(sawtooth, tables, steps_per_frame=4, frames=1, lanes=lanes)
    np.testing.assert_allclose(got[0, 0], sawtooth[0] * np.exp(4 * 0.5 * linear[-1]), rtol=1e-12)
    assert linear[-1] * 2 > 0.01  # it grows here, and at other lengths it decays: the rate is not zero


def test_a_multistep_run_can_be_started_by_small_runge_kutta_steps():
    points, step = 64, 0.02
    linear, factor, _ = equation(points, length=22)
    u = run_runge_kutta(
        waves(2, points, seed=3),
        RungeKuttaTables.of(krogstad(linear, 0.05), factor),
        steps_per_frame=400,
        frames=1,
    )[:, 0]
    starter = RungeKuttaTables.of(krogstad(linear, step / 4), factor)
    history = start_history(u, starter, frames=4, substeps=4)
    np.testing.assert_array_equal(history[:, 0], u)
    tables = MultistepTables.of(adams_bashforth(linear, step, order=4), factor)
    got = run_multistep(history, tables, steps_per_frame=97, frames=1)
    wanted = run_runge_kutta(u, starter, steps_per_frame=400, frames=1)
    assert np.abs(got - wanted).max() < 1e-5


def test_wrong_questions_are_refused_with_what_is_expected():
    linear, factor, _ = equation(16)
    scheme = cox_matthews(linear, STEP)
    tables = RungeKuttaTables.of(scheme, factor)
    u = waves(3, 16, seed=1)
    for points in (8, 12, 15):
        with pytest.raises(ValueError, match=f"takes 16 to 4096 points .* got {points}: use 16"):
            run_runge_kutta(u[:, :points], tables, steps_per_frame=1, frames=1)
    with pytest.raises(ValueError, match="must have shape"):
        run_runge_kutta(waves(3, 32, seed=1), tables, steps_per_frame=1, frames=1)
    with pytest.raises(TypeError, match="float32 or float64"):
        run_runge_kutta(u.astype(int), tables, steps_per_frame=1, frames=1)
    with pytest.raises(ValueError, match="at least one step"):
        run_runge_kutta(u, tables, steps_per_frame=0, frames=1)
    with pytest.raises(ValueError, match="lanes must be"):
        run_runge_kutta(u, tables, steps_per_frame=1, frames=1, lanes="along")
    with pytest.raises(ValueError, match="starts from 4 frames, got 3"):
        run_multistep(past(2, 3, 16, seed=1), multistep(16, 4), steps_per_frame=1, frames=1)
    with pytest.raises(ValueError, match="form of Cox"):
        unequal = (*scheme.weights[:2], 2 * scheme.weights[2], *scheme.weights[3:])
        RungeKuttaTables.of(
            type(scheme)(scheme.propagators, scheme.stages, scheme.propagator, unequal), factor
        )


@pytest.mark.parametrize("points", [16, 64, 256])
def test_one_trajectory_across_the_lanes_stays_on_the_attractor_for_long(points):
    linear, factor, _ = equation(points, length=22 * points / 64 if points > 32 else 22)
    tables = RungeKuttaTables.of(cox_matthews(linear, 0.1), factor)
    u = waves(1, points, seed=1) - 0.2
    u -= u.mean()
    frames = run_runge_kutta(u, tables, steps_per_frame=1000, frames=1000, lanes="across")  # t = 100,000
    assert np.isfinite(frames).all()
    energy = (frames[0] ** 2).mean(axis=1)
    assert 0.5 < energy[100:].mean() < 3
    assert np.abs(frames).max() < 6
    assert np.abs(frames.mean(axis=2)).max() < 1e-10
