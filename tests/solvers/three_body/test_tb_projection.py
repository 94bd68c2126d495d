"""Restoring the energy: exact where it can be, small, and harmless to what is right already."""

import numpy as np
from understudy.solvers.three_body import Regularised, ThreeBody
from understudy.solvers.three_body.projection import restored

SYSTEM = ThreeBody()
NAMES = ("x", "y", "vx", "vy")


def true_states(samples: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    query = ThreeBody(mass_ratio=2.0, speed=0.3).draw([np.random.default_rng(i) for i in range(samples)])
    return dict(query), dict(Regularised(SYSTEM, tolerance=1e-13)(query, np.linspace(0.2, 2.0, 5)).values)


def energy_error(values: dict[str, np.ndarray], query: dict[str, np.ndarray]) -> np.ndarray:
    found = SYSTEM.invariants(values, query)["energy"]
    start = SYSTEM.invariants({n: query[n][:, None] for n in NAMES}, query)["energy"]
    return np.abs(found / start - 1)


def test_disturbed_states_get_their_energy_and_spin_back_and_come_no_farther_from_the_truth() -> None:
    query, truth = true_states(60)
    generator = np.random.default_rng(1)
    wrong = {
        n: v + (0.06 if n.startswith("v") else 0.02) * generator.standard_normal(v.shape)
        for n, v in truth.items()
    }
    mended = restored(SYSTEM, wrong, query)
    assert np.median(energy_error(wrong, query)) > 1e-3
    assert np.quantile(energy_error(mended, query), 0.95) < 1e-10
    spin = SYSTEM.invariants(mended, query)["angular_momentum"]
    start = SYSTEM.invariants({n: query[n][:, None] for n in NAMES}, query)["angular_momentum"]
    assert np.quantile(np.abs(spin - start), 0.95) < 1e-10
    for names, limit in ((("x", "y"), 1.02), (("vx", "vy"), 1.0)):
        before = sum((wrong[n] - truth[n]) ** 2 for n in names).sum(axis=-1)
        after = sum((mended[n] - truth[n]) ** 2 for n in names).sum(axis=-1)
        assert np.median(after / before) < limit


def test_a_barycentre_that_rests_goes_on_to_rest() -> None:
    query, truth = true_states(60)
    mass, generator = query["mass"][:, None], np.random.default_rng(1)
    wrong = {n: v + 0.03 * generator.standard_normal(v.shape) for n, v in truth.items()}
    wrong = {
        n: v - (mass * v).sum(axis=-1, keepdims=True) / mass.sum(axis=-1, keepdims=True)
        for n, v in wrong.items()
    }
    mended = restored(SYSTEM, wrong, query)
    assert np.abs(mended["x"] - wrong["x"]).max() > 1e-3
    for name in NAMES:
        np.testing.assert_allclose((mass * mended[name]).sum(axis=-1), 0, atol=1e-12)


def test_the_true_states_stay_what_they_are() -> None:
    query, truth = true_states(20)
    mended = restored(SYSTEM, truth, query)
    for name in ("x", "y"):
        np.testing.assert_allclose(mended[name], truth[name], rtol=0, atol=1e-9)


def test_states_at_rest_and_states_that_are_not_finite_do_no_harm() -> None:
    query = dict(SYSTEM.draw([np.random.default_rng(i) for i in range(3)]))
    values = {n: np.repeat(query[n][:, None], 2, axis=1) for n in NAMES}
    values["x"][0, 0, 0] = np.nan
    mended = restored(SYSTEM, values, query)
    np.testing.assert_array_equal(mended["x"][1:], values["x"][1:])
    assert np.isnan(mended["x"][0, 0, 0])
