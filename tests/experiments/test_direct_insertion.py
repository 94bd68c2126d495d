"""Coarse frames that are put into a solver, one after the other, bring the rest of the field with them."""

import dataclasses
import itertools
import sys
from types import FrameType

import numpy as np
import pytest
import scipy.signal
from understudy.datasets.observations import SEEN, Coarse
from understudy.experiments.direct_insertion import DirectInsertion, insertions
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import Krogstad, KuramotoSivashinsky
from understudy.solvers.methods.fourier import resample

SYSTEM = KuramotoSivashinsky(22.0, 64)
NOW = np.zeros(1)
INSERTION = DirectInsertion(SYSTEM, factor=8, interval=0.5, frames=40, steps=8)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """(4, 80, 64) on the attractor, frames half a unit apart."""
    queries = SYSTEM.draw([np.random.default_rng([5, i]) for i in range(4)])
    times = 150.0 + 0.5 * np.arange(80)
    return np.asarray(Krogstad(SYSTEM, step=1 / 32)(queries, times).values["u"])


@pytest.fixture(scope="module")
def seen(truth: np.ndarray) -> np.ndarray:
    return np.stack([Coarse(8)(line, np.random.default_rng())[SEEN] for line in truth])


def error(insertion: DirectInsertion, seen: np.ndarray, truth: np.ndarray) -> float:
    answer = insertion({SEEN: seen}, NOW).values["u"]
    assert answer.shape == (len(truth), 1, 64)
    return float(np.linalg.norm(answer[:, 0] - truth[:, -1]) / np.linalg.norm(truth[:, -1]))


def test_one_frame_is_interpolated(seen: np.ndarray) -> None:
    answer = dataclasses.replace(INSERTION, frames=1)({SEEN: seen}, NOW).values["u"][:, 0]
    np.testing.assert_allclose(answer, resample(seen[:, -1], 64), atol=1e-13)


def test_the_longer_the_history_the_more_accurate_down_to_the_solvers_own_error(
    seen: np.ndarray, truth: np.ndarray
) -> None:
    errors = [error(dataclasses.replace(INSERTION, frames=n), seen, truth) for n in (1, 10, 40, 80)]
    assert errors[0] > 0.05
    assert all(after < 0.7 * before for before, after in itertools.pairwise(errors))
    rough = error(dataclasses.replace(INSERTION, frames=80, steps=1), seen, truth)
    assert rough > 10 * errors[-1]


def test_what_is_seen_stays_as_it_was_seen_last(seen: np.ndarray) -> None:
    answer = INSERTION({SEEN: seen}, NOW).values["u"]
    view = np.stack([Coarse(8)(line, np.random.default_rng())[SEEN] for line in answer])
    np.testing.assert_allclose(view[:, 0], seen[:, -1], atol=1e-12)


def test_a_step_is_the_solvers_and_then_the_frame_replaces_what_is_seen(seen: np.ndarray) -> None:
    two = dataclasses.replace(INSERTION, frames=2, steps=3)({SEEN: seen}, NOW).values["u"][:, 0]
    start = resample(seen[:, -2], 64)
    solved = Krogstad(SYSTEM, step=0.5 / 3)({"u": start}, np.array([0.5])).values["u"][:, 0]
    modes = np.fft.rfft(solved)
    frame = np.fft.rfft(seen[:, -1]) * 8
    modes[:, :4] = frame[:, :4]
    modes[:, 4] = 0.5 * frame[:, 4].real + 1j * modes[:, 4].imag
    np.testing.assert_allclose(two, np.fft.irfft(modes, n=64), atol=1e-12)


@pytest.mark.parametrize(
    ("points", "samples", "dtype", "forcing"),
    [
        (24, 1, "float64", 0.1),
        (24, 12, "float32", 0.1),
        (64, 12, "float64", 0.0),
        # much to compile: the same ways through the code, of other sizes and precisions
        *(
            pytest.param(points, samples, dtype, 0.1, marks=pytest.mark.slow)
            for points, samples, dtype in (
                (24, 1, "float32"),
                (24, 12, "float64"),
                (64, 1, "float64"),
                (64, 12, "float64"),
                (64, 1, "float32"),
                (64, 12, "float32"),
                (320, 1, "float64"),
                (320, 1, "float32"),
                (320, 12, "float64"),
                (320, 12, "float32"),
            )
        ),
    ],
)
def test_the_compiled_loop_answers_as_one_solution_after_another(
    seen: np.ndarray, points: int, samples: int, dtype: str, forcing: float
) -> None:
    system = KuramotoSivashinsky(22.0, 320, forcing=forcing, forcing_wavelength=11.0)
    some = np.concatenate([seen, seen[:, ::-1], 0.5 * seen])[:samples]
    close = {"float64": 1e-11, "float32": 2e-3}[dtype]
    one = DirectInsertion(system, factor=40, interval=0.5, frames=20, steps=2, points=points, dtype=dtype)
    compiled = one({SEEN: some}, NOW).values["u"]
    # the solver from frame to frame, in NumPy
    up, down = (scipy.signal.resample(np.eye(n), m, axis=1) for n, m in ((8, points), (points, 8)))
    solver = Krogstad(dataclasses.replace(system, points=points), step=0.25)
    state = some[:, -20] @ up
    for i in range(-19, 0):
        state = solver.integrate(state, np.array([0.5]))[:, 0]
        state = state + (some[:, i] - state @ down) @ up
    np.testing.assert_allclose(compiled[:, 0], resample(state, 320), atol=close)
    assert one.label == f"h=1/4 N={points} {'float32 ' if dtype == 'float32' else ''}20 frames"


def test_a_grid_that_is_not_compiled_answers_as_one_that_is(seen: np.ndarray) -> None:
    plain = dataclasses.replace(INSERTION, points=56)
    assert plain._tables is None and INSERTION._tables is not None
    answers = [one({SEEN: seen}, NOW).values["u"] for one in (plain, INSERTION)]
    np.testing.assert_allclose(*answers, atol=1e-7)


def test_what_is_timed_is_the_solver_and_not_the_loop_around_it(seen: np.ndarray) -> None:
    calls: list[str] = []

    def count(frame: FrameType, event: str, argument: object) -> None:
        calls.append(event)

    def number(frames: int) -> int:
        one = dataclasses.replace(INSERTION, frames=frames)
        one({SEEN: seen}, NOW)
        calls.clear()
        sys.setprofile(count)
        one({SEEN: seen}, NOW)
        sys.setprofile(None)
        return len(calls)

    assert number(64) == number(2)


@pytest.mark.parametrize(
    ("whole", "points", "close"), [(128, 64, 1e-11), pytest.param(64, 48, 1e-6, marks=pytest.mark.slow)]
)
def test_a_smaller_grid_that_holds_the_waves_answers_the_same(
    seen: np.ndarray, whole: int, points: int, close: float
) -> None:
    every = dataclasses.replace(INSERTION, system=KuramotoSivashinsky(22.0, whole), factor=whole // 8)
    fine = every({SEEN: seen}, NOW).values["u"]
    small = dataclasses.replace(every, points=points)({SEEN: seen}, NOW).values["u"]
    np.testing.assert_allclose(small, fine, rtol=0, atol=close)
    assert np.abs(small - fine).max() > 0


def test_a_batch_equals_its_samples_one_at_a_time(seen: np.ndarray) -> None:
    together = INSERTION({SEEN: seen}, NOW).values["u"]
    alone = np.concatenate([INSERTION({SEEN: seen[i : i + 1]}, NOW).values["u"] for i in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-9)


def test_what_blows_up_has_diverged() -> None:
    wild = np.full((2, 40, 8), 1e200)
    wild[1] = 0.1
    solution = INSERTION({SEEN: wild}, NOW)
    assert solution.solved.tolist() == [False, True]
    assert np.isnan(solution.values["u"][0]).all()
    assert solution.notes == ("1 insertions became infinite",)


def test_the_ladder_has_every_history_with_every_step_and_no_label_twice() -> None:
    ladder = insertions(SYSTEM, factor=8, interval=0.5, histories=(2, 8))
    assert len(ladder) == 14
    assert {one.frames for one in ladder} == {2, 8}
    assert len({one.label for one in ladder}) == 14
    assert ladder[0].label == "h=1/2 N=24 2 frames"
    assert ladder[0].settings["steps"] == 1


@pytest.mark.parametrize(("points", "factor"), [(64, 2), (128, 4), (64, 1)])
def test_no_rung_has_fewer_points_than_are_seen(points: int, factor: int) -> None:
    system = KuramotoSivashinsky(22.0, points)
    ladder = insertions(system, factor=factor, interval=0.5, histories=(2,))
    assert all(one.points is not None and one.points >= points // factor for one in ladder)
    assert len({one.label for one in ladder}) == 7


def test_nonsense_is_refused(seen: np.ndarray) -> None:
    with pytest.raises(SolverError, match="at least 1 frame, at least 1 step"):
        dataclasses.replace(INSERTION, steps=0)
    with pytest.raises(SolverError, match="factor 7 must divide"):
        dataclasses.replace(INSERTION, factor=7)
    for factor in (0, -8):
        with pytest.raises(SolverError, match="factor must be at least 1"):
            dataclasses.replace(INSERTION, factor=factor)
    with pytest.raises(SolverError, match="runs in 'float64' or 'float32', got 'float16'"):
        dataclasses.replace(INSERTION, dtype="float16")
    with pytest.raises(SolverError, match="ask for 1 time, got 2"):
        INSERTION({SEEN: seen}, np.array([0.0, 0.5]))
    for wrong in (seen[:, :39], seen[:, :, :4], seen[0]):
        with pytest.raises(SolverError, match=r"\(samples, 40 frames or more, 8\), got"):
            INSERTION({SEEN: wrong}, NOW)
    with pytest.raises(SolverError, match=r"got \(0,\)"):
        INSERTION({"u": seen}, NOW)
