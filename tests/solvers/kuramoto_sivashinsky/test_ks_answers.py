"""How the solvers answer: engines, batches, times, precisions, failures."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from understudy.solvers.contract import SolverError, Status
from understudy.solvers.kuramoto_sivashinsky import (
    CNAB2,
    ETDAB,
    ETDABM,
    ETDRK4,
    KIT,
    Krogstad,
    KuramotoSivashinsky,
)
from understudy.solvers.methods.compiled_spectral import CompiledEngine
from understudy.solvers.methods.plain_spectral import PlainEngine
from understudy.solvers.methods.spectral_solver import SpectralSolver, engine_of

Chaotic = tuple[KuramotoSivashinsky, NDArray[np.float64]]
AWKWARD = np.array([0.0, 0.01, 1 / 32, 0.05, 0.07, 0.2, 0.25, 1.0, 1.03, 2.5])
"""On the lattice of steps of 1/32 and off it, within a multistep scheme's first steps and beyond."""

FORCING = pytest.mark.parametrize("forcing", [0.3, pytest.param(0.0, marks=pytest.mark.slow)])
"""Without it other kernels are compiled."""


def solvers(system: KuramotoSivashinsky, step: float) -> list[SpectralSolver]:
    return [
        ETDRK4(system, step=step),
        Krogstad(system, step=step),
        ETDAB(system, step=step, order=4),
        ETDABM(system, step=step, order=4),
        ETDABM(system, step=step, order=4, compensated=True),
        CNAB2(system, step=step),
    ]


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("samples", [1, 10])
def test_the_two_engines_agree_at_any_times(index: int, samples: int) -> None:
    """They share coefficients and nothing else. With forcing, and on a domain of no special length."""
    system = KuramotoSivashinsky(31.7, 32, forcing=0.3, forcing_wavelength=31.7)
    solver = solvers(system, 1 / 32)[index]
    u = system.draw([np.random.default_rng(i) for i in range(samples)])["u"]
    fast, plain = engine_of(solver, compiled=True), engine_of(solver, compiled=False)
    assert (type(fast), type(plain)) == (CompiledEngine, PlainEngine)
    np.testing.assert_allclose(fast.frames(u, AWKWARD), plain.frames(u, AWKWARD), atol=2e-13)
    regular = np.arange(1, 9) / 4
    np.testing.assert_allclose(fast.frames(u, regular), plain.frames(u, regular), atol=2e-13)


@pytest.mark.parametrize("points", [48, pytest.param(80, marks=pytest.mark.slow)])
@pytest.mark.parametrize("samples", [1, 3])
def test_the_two_engines_agree_on_grids_of_three_and_five_times_a_power_of_two(
    points: int, samples: int
) -> None:
    system = KuramotoSivashinsky(0.4 * points, points)
    solver = ETDAB(system, step=1 / 32)
    u = system.draw([np.random.default_rng(i) for i in range(samples)])["u"]
    fast, plain = engine_of(solver), engine_of(solver, compiled=False)
    assert (type(fast), type(plain)) == (CompiledEngine, PlainEngine)
    times = np.array([1 / 32, 0.3, 1.0])
    np.testing.assert_allclose(fast.frames(u, times), plain.frames(u, times), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("points", "compiled"),
    [(64, True), (48, True), (40, True), (8, False), (28, False), (56, False), (120, False)],
)
def test_the_compiled_engine_runs_where_it_can_and_the_plain_one_elsewhere(
    points: int, compiled: bool
) -> None:
    system = KuramotoSivashinsky(0.4 * points, points)
    solver = ETDRK4(system, step=1 / 16)
    assert isinstance(engine_of(solver), CompiledEngine) == compiled
    u = system.draw([np.random.default_rng(1)])["u"]
    answer = solver({"u": u}, np.array([1.0])).values["u"]
    other = engine_of(solver, compiled=False).frames(u, np.array([1.0]))
    np.testing.assert_allclose(answer, other, rtol=0, atol=1e-12)


@FORCING
@pytest.mark.parametrize("points", [32, 44])
def test_a_batch_gives_what_its_samples_give_alone(points: int, forcing: float) -> None:
    system = KuramotoSivashinsky(22.0, points, forcing=forcing, forcing_wavelength=22.0)
    queries = system.draw([np.random.default_rng(i) for i in range(11)])
    times = np.array([1.0, 5.0])
    for solver in solvers(system, 1 / 16)[: 5 if points == 32 else 6]:
        together = solver(queries, times).values["u"]
        for i in (0, 7, 10):
            alone = solver({"u": queries["u"][i : i + 1]}, times).values["u"]
            np.testing.assert_allclose(alone[0], together[i], atol=1e-12)
        part = solver({"u": queries["u"][3:9]}, times).values["u"]
        if points == 32:  # lanes do not influence each other, to the last bit
            np.testing.assert_array_equal(part, together[3:9])


@FORCING
@pytest.mark.parametrize("points", [32, 52])
def test_a_run_repeats_to_the_last_bit_and_does_not_depend_on_what_else_is_asked(
    points: int, forcing: float
) -> None:
    system = KuramotoSivashinsky(22.0, points, forcing=forcing, forcing_wavelength=22.0)
    queries = system.draw([np.random.default_rng(i) for i in range(4)])
    for solver in solvers(system, 1 / 16)[: 5 if points == 32 else 6]:
        first = solver(queries, np.array([0.3, 1.0, 2.0])).values["u"]
        again = solver(queries, np.array([0.3, 1.0, 2.0])).values["u"]
        alone = solver(queries, np.array([2.0])).values["u"]
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(first[:, -1], alone[:, 0])


@pytest.mark.parametrize("points", [32, 52])
def test_a_time_that_is_a_step_but_for_rounding_is_that_step(points: int) -> None:
    """0.3 / 0.1 is less than 3 in floating point."""
    system = KuramotoSivashinsky(22.0, points)
    u = system.draw([np.random.default_rng(0)])["u"]
    solver = ETDRK4(system, step=0.1)
    at_once = solver({"u": u}, np.array([0.3])).values["u"][:, 0]
    for _ in range(3):
        u = solver({"u": u}, np.array([0.1])).values["u"][:, 0]
    np.testing.assert_allclose(at_once, u, atol=1e-14)


def test_at_time_zero_the_answer_is_the_query(chaotic: Chaotic) -> None:
    system, u = chaotic
    for solver in solvers(system, 1 / 16)[:4]:
        np.testing.assert_allclose(solver({"u": u}, np.array([0.0])).values["u"][:, 0], u, atol=1e-14)


def test_other_points_answer_on_the_grid_of_the_system(chaotic: Chaotic) -> None:
    system, u = chaotic
    times = np.array([1.0, 4.0])
    own = ETDAB(system, step=1 / 64)({"u": u}, times).values["u"]
    for points, tolerance in ((48, 2e-7), (128, 1e-9)):
        other = ETDAB(system, step=1 / 64, points=points)({"u": u}, times).values["u"]
        assert other.shape == own.shape
        assert 1e-14 < np.abs(other - own).max() < tolerance


@pytest.mark.parametrize("points", [64, 52])
def test_single_precision_is_computed_in_single_precision(chaotic: Chaotic, points: int) -> None:
    system, u = chaotic
    times = np.array([2.0])
    double = ETDAB(system, step=1 / 32, points=points)({"u": u}, times).values["u"]
    single = ETDAB(system, step=1 / 32, points=points, dtype="float32")({"u": u}, times).values["u"]
    assert single.dtype == np.float64
    assert 1e-8 < np.abs(single - double).max() < 2e-5


def test_dealiasing_keeps_the_upper_third_empty(chaotic: Chaotic) -> None:
    system, u = chaotic
    end = ETDRK4(system, step=1 / 16, dealias="2/3")({"u": u}, np.array([3.0])).values["u"]
    spectrum = np.abs(np.fft.rfft(end[:, 0]))
    assert spectrum[:, 22:].max() < 1e-12
    assert spectrum[:, 21].min() > 1e-12


@pytest.mark.parametrize("points", [64, 52])
def test_a_blow_up_is_marked_and_harms_no_other_sample(chaotic: Chaotic, points: int) -> None:
    system, u = chaotic
    queries = {"u": np.concatenate([u[:2], 300 * u[2:3], u[3:5]])}
    times = np.array([0.0, 0.5, 2.0])
    solver = ETDAB(system, step=1 / 16, points=points)
    solution = solver(queries, times)
    assert solution.status.tolist() == [0, 0, Status.DIVERGED, 0, 0]
    assert np.isnan(solution.values["u"][2, -1]).all()
    np.testing.assert_allclose(solution.values["u"][2, 0], queries["u"][2], atol=1e-10)
    healthy = solver({"u": u[[0, 1, 3, 4]]}, times)
    np.testing.assert_allclose(solution.values["u"][[0, 1, 3, 4]], healthy.values["u"], atol=1e-12)
    (note,) = solution.notes
    assert "1 of 5" in note
    advised = float(solver.advice(queries, times, solution).split("a step of ")[1].split()[0])
    assert replace(solver, step=advised)(queries, times).solved.all()


def test_a_step_too_large_for_the_attractor_names_one_that_is_not(chaotic: Chaotic) -> None:
    system, u = chaotic
    solution = ETDAB(system, step=1 / 2)({"u": u}, np.array([100.0]))
    assert not solution.solved.any()
    times = np.array([100.0])
    assert "a step of 0.125 survives" in ETDAB(system, step=1 / 2).advice({"u": u}, times, solution)
    solved = ETDAB(system, step=1 / 8)({"u": u}, times)
    assert ETDAB(system, step=1 / 8).advice({"u": u}, times, solved) == ""


def test_nothing_is_answered_after_the_first_number_that_is_not_finite(
    chaotic: Chaotic, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, u = chaotic
    run = np.repeat(u[:3, None], 4, axis=1)
    run[1, 1, 5] = np.inf
    monkeypatch.setattr(ETDAB, "integrate", lambda *_: run.copy())
    solution = ETDAB(system)({"u": u[:3]}, np.arange(4.0))
    assert solution.status.tolist() == [Status.SOLVED, Status.DIVERGED, Status.SOLVED]
    assert np.isnan(solution.values["u"]).all(axis=2)[1].tolist() == [False, True, True, True]
    np.testing.assert_array_equal(solution.values["u"][[0, 2]], run[[0, 2]])


def test_what_blows_up_keeps_the_frames_before(chaotic: Chaotic) -> None:
    system, u = chaotic
    times = np.arange(0.5, 40.0, 0.5)
    solution = ETDAB(system, step=1 / 2)({"u": u}, times)
    known = np.isfinite(solution.values["u"]).all(axis=2)
    assert known[:, 0].all()
    assert not known[:, -1].any()
    assert (np.diff(known.astype(int), axis=1) <= 0).all()
    assert (np.isnan(solution.values["u"]).all(axis=2) == ~known).all()
    assert (solution.status == Status.DIVERGED).all()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"step": 0.0}, "step"),
        ({"step": np.nan}, "step"),
        ({"points": 31}, "points"),
        ({"points": 4}, "points"),
        ({"dtype": "float16"}, "dtype"),
        ({"dealias": "1/2"}, "dealias"),
        ({"order": 7}, "order"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(settings: dict[str, object], word: str) -> None:
    with pytest.raises(SolverError, match=word):
        ETDAB(KuramotoSivashinsky(), **settings)  # type: ignore[arg-type]


def test_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(TypeError):
        ETDRK4(KuramotoSivashinsky(), tolerance=1e-3)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("queries", "times", "word"),
    [
        ({}, [1.0], "'u'"),
        ({"u": np.zeros((2, 32))}, [1.0], "shape"),
        ({"u": np.zeros(64)}, [1.0], "shape"),
        ({"u": np.full((2, 64), np.nan)}, [1.0], "NaN"),
        ({"u": np.zeros((1, 64))}, [], "times"),
        ({"u": np.zeros((1, 64))}, [-1.0], "times"),
        ({"u": np.zeros((1, 64))}, [1.0, 1.0], "increasing"),
        ({"u": np.zeros((1, 64))}, [1.0, np.inf], "finite"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    queries: dict[str, NDArray[np.float64]], times: list[float], word: str
) -> None:
    for solver in (KIT.standard(KuramotoSivashinsky()), KIT.reference(KuramotoSivashinsky())):
        with pytest.raises(SolverError, match=word):
            solver(queries, np.array(times))


@pytest.mark.parametrize(("length", "points"), [(22.0, 64), (22.0, 32), (60.0, 128), (200.0, 512), (12.0, 8)])
def test_the_ladder_has_unique_labels_and_every_rung_answers(length: float, points: int) -> None:
    ladder = KIT.ladder(KuramotoSivashinsky(length, points))
    labels = [solver.label for solver in ladder]
    assert len(set(labels)) == len(labels)
    assert 25 <= len(ladder) <= 60
    work = [solver.pairs_per_unit_time for solver in ladder]  # type: ignore[attr-defined]
    assert min(work) <= 4
    assert max(work) >= 64
