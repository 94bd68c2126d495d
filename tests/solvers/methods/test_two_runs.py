"""Truth from two runs: the finer is believed as far as the coarser agrees."""

import numpy as np
import pytest
from understudy.solvers.allen_cahn import KIT, AllenCahn, Krogstad, TwoRuns
from understudy.solvers.contract import Queries, SolverError, Status

SMOOTH = AllenCahn(64, diffusivity=0.05, rate=3.0, waves=2)
"""Whose fronts 64 points hold to round-off."""


def drawn(samples: int, system: AllenCahn = SMOOTH) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def uniform(*values: float, points: int = 64) -> dict[str, np.ndarray]:
    return {"u": np.repeat(np.array(values)[:, None], points, axis=1)}


def two_runs(tolerance: float, system: AllenCahn = SMOOTH, steps: tuple[int, int] = (32, 64)) -> TwoRuns:
    coarse, fine = (Krogstad(system, step=1 / n) for n in steps)
    return TwoRuns(system, coarse=coarse, fine=fine, tolerance=tolerance)


def test_the_estimate_covers_what_is_wrong_and_is_no_wild_guess() -> None:
    query, times = drawn(4), np.array([0.25, 0.5, 1.0])
    found = two_runs(1e-3)(query, times)
    assert found.solved.all()
    truth = Krogstad(SMOOTH, step=1 / 1024)(query, times).values["u"]
    coarse = Krogstad(SMOOTH, step=1 / 32)(query, times).values["u"]
    scale = np.sqrt((truth**2).mean(axis=(1, 2)))
    wrong, apart = (
        np.sqrt(((found.values["u"] - other) ** 2).mean(axis=2)).max(axis=1) / scale
        for other in (truth, coarse)
    )
    assert (wrong < 0.2 * found.error_estimate).all()
    np.testing.assert_allclose(found.error_estimate, apart, rtol=1e-4)


def test_the_answer_is_the_fine_run_s() -> None:
    query, times = drawn(2), np.array([0.5])
    fine = Krogstad(SMOOTH, step=1 / 64)(query, times).values["u"]
    assert np.array_equal(two_runs(1e-3)(query, times).values["u"], fine)


def test_a_sample_that_is_not_known_well_enough_is_no_truth_and_the_others_are() -> None:
    query: Queries = {"u": np.concatenate([drawn(1)["u"], np.zeros((1, 64))])}
    found = two_runs(1e-12)(query, np.array([0.5]))
    assert found.status.tolist() == [Status.NOT_CONVERGED, Status.SOLVED]
    assert np.isnan(found.values["u"][0]).all()
    assert np.array_equal(found.values["u"][1], np.zeros((1, 64)))
    assert found.error_estimate[0] > 1e-12 > found.error_estimate[1] == 0
    assert found.notes == ("1 of 2 samples are not known to 1e-12; refine both runs",)


def test_a_run_that_becomes_infinite_is_said_to_have() -> None:
    query: Queries = {"u": np.concatenate([drawn(1)["u"], 1e3 * drawn(1)["u"]])}
    found = two_runs(0.1, steps=(16, 32))(query, np.array([2.0]))
    assert found.status.tolist() == [Status.SOLVED, Status.DIVERGED]
    assert np.isnan(found.values["u"][1]).all()
    assert found.error_estimate[1] == np.inf
    assert "became infinite" in found.notes[0]


def test_no_samples_have_no_answers_and_no_error() -> None:
    query, times = {"u": np.zeros((0, 64))}, np.array([0.1, 0.2])
    assert Krogstad(SMOOTH, step=1 / 16)(query, times).values["u"].shape == (0, 2, 64)

    assert two_runs(0.1)(query, times).values["u"].shape == (0, 2, 64)


def test_a_reference_of_other_systems_or_without_a_tolerance_is_refused() -> None:
    fine, other = Krogstad(SMOOTH, step=1 / 64), Krogstad(AllenCahn(64, rate=4.0), step=1 / 32)
    for runs in ({"coarse": other, "fine": fine}, {"coarse": fine, "fine": other}):
        with pytest.raises(SolverError, match="same system"):
            TwoRuns(SMOOTH, **runs)
    with pytest.raises(SolverError, match="same system"):
        TwoRuns(other.system, coarse=fine, fine=fine)
    for tolerance in (0.0, -1.0, np.nan):
        with pytest.raises(SolverError, match="tolerance must be positive"):
            two_runs(tolerance)


def test_the_kit_s_reference_refines_step_and_grid_and_says_so() -> None:
    reference = KIT.reference(SMOOTH)
    assert isinstance(reference, TwoRuns)
    coarse, fine = reference.coarse, reference.fine
    assert isinstance(coarse, Krogstad)
    assert isinstance(fine, Krogstad)
    assert (fine.step, fine.grid_points) == (0.5 * coarse.step, 2 * coarse.grid_points)
    assert reference.label == f"Reference {fine.label}"
    assert reference.settings["coarse"] == coarse.settings
    assert len({solver.label for solver in KIT.ladder(SMOOTH)}) == len(KIT.ladder(SMOOTH))
