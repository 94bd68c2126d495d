"""The solver's fit finds the start whose solution was seen, and knows what is likely where little was."""

import dataclasses

import numpy as np
import pytest
from understudy.datasets.observations import KNOWN, SEEN, Gappy
from understudy.experiments import window_fit
from understudy.experiments.window_fit import GUESS, WindowFit, climate_of
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import ETDAB, Krogstad, KuramotoSivashinsky

SYSTEM = KuramotoSivashinsky(22.0, 32)
SOLVER = ETDAB(SYSTEM, step=1 / 32)
TIMES = 0.25 * np.arange(12)


@pytest.fixture(params=["compiled", "plain"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of two ways to the same fit."""
    if request.param == "plain":
        monkeypatch.setattr(window_fit, "short_runs", lambda solver, times: None)
    return str(request.param)


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    """(windows, frames, points) on the attractor."""
    starts = SYSTEM.draw([np.random.default_rng(i) for i in range(6)])["u"]
    attractor = SOLVER.integrate(starts, np.array([150.0]))[:, 0]
    return np.asarray(SOLVER.integrate(attractor, TIMES))


@pytest.fixture(scope="module")
def climate() -> tuple[float, ...]:
    starts = SYSTEM.draw([np.random.default_rng([9, i]) for i in range(16)])["u"]
    frames = SOLVER.integrate(starts, np.arange(100.0, 200.0, 5.0))
    return climate_of(frames.reshape(-1, 32), 10)


def seen(truth: np.ndarray, *, share: float, noise: float) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(4)
    parts = [Gappy(share, noise)(window, generator) for window in truth]
    return {name: np.stack([part[name] for part in parts]) for name in (SEEN, KNOWN)}


def errors(fit: WindowFit, queries: dict[str, np.ndarray], truth: np.ndarray) -> np.ndarray:
    found = fit(queries, TIMES)
    assert found.solved.all()
    wrong = ((found.values["u"] - truth) ** 2).sum(axis=(1, 2))
    return np.asarray(np.sqrt(wrong / (truth**2).sum(axis=(1, 2))))


def test_the_climate_is_that_of_waves_whose_size_is_known() -> None:
    generator, x = np.random.default_rng(0), 2 * np.pi * np.arange(16) / 16
    a, b = generator.normal(size=(2, 4000, 1))
    frames = 3 * (a * np.cos(x) + b * np.sin(x)) + 0.5 * (b * np.cos(2 * x) + a * np.sin(2 * x))
    assert climate_of(frames, 3) == pytest.approx((3.0, 0.5, 0.0), rel=0.05, abs=1e-12)


def test_without_noise_the_window_comes_back(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    queries = seen(truth, share=0.5, noise=0.0)
    fit = WindowFit(SOLVER, climate, noise=1e-3, iterations=8)
    assert errors(fit, queries, truth).max() < 2e-3
    few = [np.median(errors(dataclasses.replace(fit, iterations=n), queries, truth)) for n in (0, 1, 8)]
    assert few[0] > 10 * few[1] > 20 * few[2]


def test_noise_is_averaged_over_all_that_was_seen(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    noise, queries = 0.4, seen(truth, share=0.5, noise=0.4)
    found = errors(WindowFit(SOLVER, climate, noise=noise, iterations=8), queries, truth)
    values = float(queries[KNOWN][0].sum())
    # as many numbers as the attractor has dimensions, or all that are fitted
    fewest, most = (noise * np.sqrt(n / values) / np.sqrt(np.mean(truth**2)) for n in (3, 20))
    assert fewest < np.median(found) < most


def test_every_iteration_lowers_the_cost_or_is_taken_back(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    queries, noise = seen(truth, share=0.2, noise=0.4), 0.4
    costs = []
    for iterations in range(1, 7):
        fit = WindowFit(SOLVER, climate, noise=noise, iterations=iterations)
        values = fit(queries, TIMES).values["u"]
        misfit = queries[KNOWN] * (queries[SEEN] - values) / noise
        modes = np.fft.rfft(values[:, 0])[:, 1:11] * (2 / 32) / np.array(climate)
        costs.append((misfit**2).sum(axis=(1, 2)) + (np.abs(modes) ** 2).sum(axis=1))
    assert (np.diff(costs, axis=0) <= 1e-9).all()


def test_it_ends_where_no_small_move_of_the_start_makes_it_better(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    queries, noise, generator = seen(truth, share=0.3, noise=0.4), 0.4, np.random.default_rng(1)
    values = WindowFit(SOLVER, climate, noise=noise, iterations=15)(queries, TIMES).values["u"]

    def cost(starts: np.ndarray) -> np.ndarray:
        solution = SOLVER.integrate(starts, TIMES)
        modes = np.fft.rfft(starts)[:, 1:11] * (2 / 32) / np.array(climate)
        misfit = queries[KNOWN] * (queries[SEEN] - solution) / noise
        return np.asarray((misfit**2).sum(axis=(1, 2)) + (np.abs(modes) ** 2).sum(axis=1))

    x = 2 * np.pi * np.arange(32) / 32
    least = cost(values[:, 0])
    for _ in range(10):
        wave, phase = generator.integers(1, 11), generator.uniform(0, 2 * np.pi)
        moved = values[:, 0] + 0.1 * climate[wave - 1] * np.cos(wave * x + phase)
        assert (cost(moved) > least).all()


def test_with_nothing_known_the_likeliest_window_is_at_rest(climate: tuple[float, ...]) -> None:
    nothing = np.zeros((2, len(TIMES), 32))
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=3)
    assert (fit({SEEN: nothing, KNOWN: nothing}, TIMES).values["u"] == 0).all()


def test_a_good_guess_saves_iterations_and_a_bad_one_is_recovered_from(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    queries = seen(truth, share=0.5, noise=0.0)
    fit = WindowFit(SOLVER, climate, noise=1e-3, iterations=1)
    guessed = errors(fit, {**queries, GUESS: truth[:, 0] * 1.01}, truth)
    ended = errors(dataclasses.replace(fit, iterations=8), queries, truth)
    np.testing.assert_allclose(guessed, ended, rtol=0.05)
    assert np.median(errors(fit, queries, truth)) > 2 * np.median(ended)
    wild = {**queries, GUESS: np.full_like(truth[:, 0], 0) + 1e4 * np.cos(np.arange(32) * np.pi / 8)}
    assert np.median(errors(dataclasses.replace(fit, iterations=12), wild, truth)) < 0.05


@pytest.mark.slow
def test_in_single_precision_the_fit_is_as_good(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    queries = seen(truth, share=0.3, noise=0.4)
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=8)
    single = dataclasses.replace(fit, solver=dataclasses.replace(SOLVER, dtype="float32"))
    values, same = (one(queries, TIMES).values["u"] for one in (fit, single))
    assert 0 < np.abs(same - values).max() < 0.02


def test_windows_are_fitted_alone_as_in_a_batch(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    queries = seen(truth, share=0.3, noise=0.4)
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=3)
    together = fit(queries, TIMES).values["u"]
    alone = fit({name: values[2:3] for name, values in queries.items()}, TIMES).values["u"]
    np.testing.assert_allclose(alone[0], together[2], rtol=0, atol=1e-5)


def test_a_rejected_step_is_mended_within_two_iterations(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    # a window long enough that a whole step from a start beside the true one leads too far
    times, x = 0.25 * np.arange(48), 2 * np.pi * np.arange(32) / 32
    longer = np.asarray(SOLVER.integrate(truth[:, 0], times))
    queries, noise = seen(longer, share=0.5, noise=0.4), 0.4
    guessed = {**queries, GUESS: truth[:, 0] + np.cos(x) + np.sin(2 * x)}
    costs = []
    for iterations in range(1, 11):
        fit = WindowFit(SOLVER, climate, noise=noise, iterations=iterations)
        values = fit(guessed, times).values["u"]
        misfit = queries[KNOWN] * (queries[SEEN] - values) / noise
        modes = np.fft.rfft(values[:, 0])[:, 1:11] * (2 / 32) / np.array(climate)
        costs.append((misfit**2).sum(axis=(1, 2)) + (np.abs(modes) ** 2).sum(axis=1))
    rejected = (np.diff(costs, axis=0) >= 0) & (np.array(costs[:-1]) > 1.01 * costs[-1])
    assert rejected.any()
    assert not (rejected[:-1] & rejected[1:]).any()


def test_it_stops_where_nothing_moves(
    truth: np.ndarray, climate: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_fit, "short_runs", lambda solver, times: None)
    queries, solved = seen(truth, share=0.5, noise=0.4), []
    plain = ETDAB.integrate

    def counted(self: ETDAB, initial: np.ndarray, times: np.ndarray) -> np.ndarray:
        solved.append(len(initial))
        return plain(self, initial, times)

    monkeypatch.setattr(ETDAB, "integrate", counted)
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=500)
    long = fit(queries, TIMES).values["u"]
    assert len(solved) < 100
    assert solved[0] == len(truth) * 21 and sorted(solved[:-1], reverse=True) == solved[:-1]
    twice = dataclasses.replace(fit, iterations=1000)({**queries, GUESS: long[:, 0]}, TIMES).values["u"]
    np.testing.assert_allclose(twice, long, atol=1e-4)


@pytest.mark.parametrize(
    ("solver", "waves"),
    [
        pytest.param(ETDAB(SYSTEM, step=1 / 8, points=24), 6, marks=pytest.mark.slow),
        pytest.param(
            dataclasses.replace(ETDAB(SYSTEM, step=1 / 8, points=24), order=2, dtype="float32"),
            9,
            marks=pytest.mark.slow,
        ),
        (ETDAB(SYSTEM, step=1 / 4, points=16, order=3, compensated=True), 3),
        (Krogstad(SYSTEM, step=1 / 4, points=16), 5),
    ],
    ids=["in passes", "single, more than a vector holds", "in registers, compensated", "one step alone"],
)
def test_compiled_fits_are_those_that_are_not(
    truth: np.ndarray,
    climate: tuple[float, ...],
    monkeypatch: pytest.MonkeyPatch,
    solver: ETDAB,
    waves: int,
) -> None:
    queries = seen(truth, share=0.3, noise=0.4)
    queries[KNOWN][1, 2] = queries[KNOWN][2] = 0  # a frame, and a window, of which nothing is seen
    fit = WindowFit(solver, climate[:waves], noise=0.4, iterations=2, early=(2, 5))
    for changed in (fit, dataclasses.replace(fit, early=()), dataclasses.replace(fit, iterations=0)):
        for asked in (queries, {**queries, GUESS: truth[:, 0]}):
            values = changed(asked, TIMES).values["u"]
            with monkeypatch.context() as other:
                other.setattr(window_fit, "short_runs", lambda solver, times: None)
                plain = changed(asked, TIMES).values["u"]
            np.testing.assert_allclose(values, plain, atol=2e-3 if solver.dtype == "float32" else 1e-6)


def test_between_steps_and_in_extended_precision_nothing_is_compiled(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    queries = seen(truth, share=0.5, noise=0.0)
    for solver in (ETDAB(SYSTEM, step=0.06), ETDAB(SYSTEM, step=1 / 32, dtype="longdouble")):
        assert errors(WindowFit(solver, climate, noise=1e-3, iterations=5), queries, truth).max() < 0.01


def test_early_iterations_see_the_first_frames_alone(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    queries = seen(truth, share=0.5, noise=0.4)
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=0, early=(5,))
    found = fit(queries, TIMES).values["u"]
    for frame, same in ((5, True), (4, False)):
        other = queries[SEEN].copy()
        other[:, frame:] += 1.0
        again = fit({**queries, SEEN: other}, TIMES).values["u"]
        assert (np.abs(again - found).max() < 1e-9) == same
    for early in ((12,), (40,)):  # no more than there are
        whole = dataclasses.replace(fit, early=early)(queries, TIMES).values["u"]
        once = dataclasses.replace(fit, early=(), iterations=1)(queries, TIMES).values["u"]
        np.testing.assert_allclose(whole, once, atol=1e-9)


def test_few_frames_first_lead_to_a_better_start(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    queries = seen(truth, share=0.5, noise=0.0)
    fit = WindowFit(SOLVER, climate, noise=1e-3, iterations=1)
    early = dataclasses.replace(fit, early=(4,))
    assert np.median(errors(early, queries, truth)) < 0.5 * np.median(errors(fit, queries, truth))


def test_what_fewer_frames_cost_is_not_compared_with_what_more_do(
    truth: np.ndarray, climate: tuple[float, ...]
) -> None:
    # the whole window costs more than a part does: were they compared, its step would be taken back
    queries = seen(truth, share=0.5, noise=0.4)
    fit = WindowFit(SOLVER, climate, noise=0.4, iterations=1, early=(2,))
    first = dataclasses.replace(fit, iterations=0)(queries, TIMES).values["u"]
    after = fit(queries, TIMES).values["u"]
    again = WindowFit(SOLVER, climate, noise=0.4, iterations=1)({**queries, GUESS: first[:, 0]}, TIMES)
    np.testing.assert_allclose(after, again.values["u"], atol=1e-5)


def test_nonsense_is_refused(truth: np.ndarray, climate: tuple[float, ...]) -> None:
    fit, queries = WindowFit(SOLVER, climate, noise=0.4, iterations=1), seen(truth, share=0.3, noise=0.4)
    for changes in ({"noise": 0.0}, {"noise": np.nan}, {"iterations": -1}):
        with pytest.raises(SolverError, match="positive noise and at least 0 iterations"):
            dataclasses.replace(fit, **changes)
    for early in ((0,), (5, 4), (-1, 3)):
        with pytest.raises(SolverError, match="1 frame or more, and at no fewer than those before"):
            dataclasses.replace(fit, early=early)
    for sizes in ((), (1.0, 0.0)):
        with pytest.raises(SolverError, match="positive deviations"):
            dataclasses.replace(fit, climate=sizes)
    short = {name: array[:, :-1] for name, array in queries.items()}
    for wrong in (short, {SEEN: queries[SEEN]}, {**queries, KNOWN: queries[KNOWN][:1]}):
        with pytest.raises(SolverError, match=r"\(windows, 12 frames, 21 points or more\), got"):
            fit(wrong, TIMES)


def test_it_says_what_it_is() -> None:
    fit = WindowFit(SOLVER, (1.0, 0.5), noise=0.4, iterations=3)
    assert fit.label == "fit 3 x 2 waves, ETDAB4 h=1/32 N=32 float64"
    assert fit.settings["waves"] == 2 and fit.settings["solver"] == "ETDAB"
    early = dataclasses.replace(fit, iterations=1, early=(4, 8))
    assert early.label == "fit (4) + (8) + 1 x 2 waves, ETDAB4 h=1/32 N=32 float64"
    assert fit.settings["early"] == [] and early.settings["early"] == [4, 8]
