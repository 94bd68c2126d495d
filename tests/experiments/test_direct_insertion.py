"""Coarse frames that are put into a solver, one after the other, bring the rest of the field with them."""

import dataclasses
import itertools

import numpy as np
import pytest
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


def test_a_smaller_grid_that_holds_the_waves_answers_the_same(seen: np.ndarray) -> None:
    fine = INSERTION({SEEN: seen}, NOW).values["u"]
    small = dataclasses.replace(INSERTION, points=48)({SEEN: seen}, NOW).values["u"]
    np.testing.assert_allclose(small, fine, atol=1e-6)
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
    assert len(ladder) == 8
    assert {one.frames for one in ladder} == {2, 8}
    assert len({one.label for one in ladder}) == 8
    assert ladder[0].label == "h=1/2 N=24 2 frames"
    assert ladder[0].settings["steps"] == 1


def test_nonsense_is_refused(seen: np.ndarray) -> None:
    with pytest.raises(SolverError, match="at least 1 frame, at least 1 step"):
        dataclasses.replace(INSERTION, steps=0)
    with pytest.raises(SolverError, match="factor 7 must divide"):
        dataclasses.replace(INSERTION, factor=7)
    with pytest.raises(SolverError, match="ask for 1 time, got 2"):
        INSERTION({SEEN: seen}, np.array([0.0, 0.5]))
    for wrong in (seen[:, :39], seen[:, :, :4], seen[0]):
        with pytest.raises(SolverError, match=r"\(samples, 40 frames or more, 8\), got"):
            INSERTION({SEEN: wrong}, NOW)
    with pytest.raises(SolverError, match=r"got \(0,\)"):
        INSERTION({"u": seen}, NOW)
