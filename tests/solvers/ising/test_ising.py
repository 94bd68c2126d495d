"""The Ising model: exact sums against enumeration and theory, samplers against exact sums, refusals."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from understudy.solvers.contract import SolverError
from understudy.solvers.ising import (
    CRITICAL,
    KIT,
    SEEDS,
    Enumeration,
    Ising,
    Kaufman,
    Metropolis,
    Wolff,
    energies_of,
    levels_of,
)

ONCE = np.zeros(1)
TEMPERATURES = np.array([0.6, 1.0, 1.8, CRITICAL, 2.4, 3.5, 50.0])


def at(*temperatures: float, seed: int = 0) -> dict[str, np.ndarray]:
    return {
        "temperature": np.array(temperatures, dtype=np.float64),
        "seed": seed + np.arange(len(temperatures), dtype=np.float64),
    }


def plain_energies(rows: int, columns: int) -> np.ndarray:
    """Bond by bond, configuration by configuration."""
    found = []
    for flat in itertools.product((-1, 1), repeat=rows * columns):
        energy = 0
        for y, x in itertools.product(range(rows), range(columns)):
            energy -= flat[y * columns + x] * flat[y * columns + (x + 1) % columns]
            energy -= flat[y * columns + x] * flat[((y + 1) % rows) * columns + x]
        found.append(energy)
    return np.array(found, dtype=np.float64)


def test_the_partition_function_on_3_by_3_is_the_sum_over_its_512_configurations() -> None:
    energies = plain_energies(3, 3)
    assert len(energies) == 512
    for temperature in TEMPERATURES:
        weights = np.exp(-energies / temperature)
        mean = (weights * energies).sum() / weights.sum()
        square = (weights * energies**2).sum() / weights.sum()
        for solver in (Kaufman(Ising(3, 3)), Enumeration(Ising(3, 3))):
            log, slope, bend = solver.log_partition(np.array([1 / temperature]))
            assert log[0] == pytest.approx(np.log(weights.sum()), rel=1e-13)
            assert slope[0] == pytest.approx(-mean, rel=1e-10)
            assert bend[0] == pytest.approx(square - mean**2, rel=1e-9, abs=1e-10)
            found = solver(at(temperature), ONCE).values
            assert found["energy"][0, 0] == pytest.approx(mean / 9, rel=1e-10)
            heat = (square - mean**2) / (9 * temperature**2)
            assert found["specific_heat"][0, 0] == pytest.approx(heat, rel=1e-9)


@pytest.mark.parametrize(("rows", "columns"), [(3, 4), (4, 3), (4, 4), (2, 5), (2, 2)])
def test_kaufmans_sum_is_the_enumeration(rows: int, columns: int) -> None:
    system = Ising(rows, columns)
    sums = zip(
        Kaufman(system).log_partition(1 / TEMPERATURES),
        Enumeration(system).log_partition(1 / TEMPERATURES),
        strict=True,
    )
    for found, known in sums:
        np.testing.assert_allclose(found, known, rtol=1e-9)


@pytest.mark.parametrize("temperature", [0.8, 2.0, CRITICAL - 1e-9, CRITICAL, CRITICAL + 1e-9, 3.0])
def test_derivatives_are_those_of_the_sum_at_the_critical_temperature_too(temperature: float) -> None:
    solver, k, step = Kaufman(Ising(16, 12)), 1 / temperature, 1e-4
    logs, slopes, bends = solver.log_partition(k + step * np.arange(-2, 3))
    assert (logs[0] - 8 * logs[1] + 8 * logs[3] - logs[4]) / (12 * step) == pytest.approx(slopes[2], rel=1e-8)
    assert (slopes[0] - 8 * slopes[1] + 8 * slopes[3] - slopes[4]) / (12 * step) == pytest.approx(
        bends[2], rel=1e-6
    )


def test_a_large_lattice_is_onsagers_and_a_turned_one_the_same() -> None:
    found = Kaufman(Ising(128, 128))(at(CRITICAL, 1.0, 1e3), ONCE).values
    # -sqrt 2 at the critical temperature, with a correction of the order of 1 / 128
    assert found["energy"][0, 0] == pytest.approx(-np.sqrt(2), abs=1 / 128)
    # cold: one spin against its neighbours costs 8, two side by side 12; hot: a bond is worth -1 / T
    assert found["energy"][1, 0] == pytest.approx(-2 + 8 * np.exp(-8.0) + 24 * np.exp(-12.0), abs=2e-5)
    assert found["energy"][2, 0] == pytest.approx(-2e-3, rel=1e-4)
    assert found["specific_heat"][2, 0] == pytest.approx(2e-6, rel=1e-3)
    one, other = (Kaufman(Ising(*sides))(at(*TEMPERATURES), ONCE).values for sides in ((5, 8), (8, 5)))
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-7)


@pytest.mark.parametrize("sides", [(4, 4), (3, 4), (2, 2), (2, 5)])
def test_kaufmans_sum_knows_how_much_of_it_round_off_took(sides: tuple[int, int]) -> None:
    system, queries = Ising(*sides), at(0.003, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 2.0, 10.0, 1e3)
    found, known = Kaufman(system)(queries, ONCE), Enumeration(system)(queries, ONCE)
    assert known.solved.all()
    heat, truth = (s.values["specific_heat"][:, 0] for s in (found, known))
    solved = found.solved
    wrong = np.abs(heat[solved] / truth[solved] - 1)
    assert (wrong <= found.error_estimate[solved]).all()
    assert (found.error_estimate[solved] < 1e-6).all()
    np.testing.assert_array_equal(solved, queries["temperature"] > 0.32)
    assert found.error_estimate[-4:].max() < 1e-9


@pytest.mark.parametrize(
    ("kind", "sides"),
    [(Wolff, (3, 3)), (Wolff, (4, 4)), (Metropolis, (4, 4)), (Metropolis, (2, 4)), (Metropolis, (2, 2))],
)
@pytest.mark.parametrize("temperature", [1.8, 2.6, 3.4])
def test_samplers_visit_every_energy_as_often_as_boltzmann_says(
    kind: Any, sides: tuple[int, int], temperature: float
) -> None:
    copies = 4000
    solver = kind(Ising(*sides, copies=copies), sweeps=30 * copies)
    spins = solver(at(temperature, seed=5), ONCE).values["spins"][0, 0]
    levels, counts = levels_of(*sides)
    chance = counts * np.exp(-(levels - levels[0]) / temperature)
    expected = copies * chance / chance.sum()
    energies = energies_of(spins)
    seen = np.array([(energies == level).sum() for level in levels])
    assert seen.sum() == copies
    # rare levels together
    rare = expected < 8
    if rare.any():
        seen, expected = (np.append(a[~rare], a[rare].sum()) for a in (seen, expected))
    assert ((seen - expected) ** 2 / expected).sum() < chi2.ppf(0.999, len(seen) - 1)


@pytest.mark.parametrize("kind", [Metropolis, Wolff])
def test_samplers_come_to_the_exact_answer_as_the_root_of_their_sweeps(kind: Any) -> None:
    system, queries = Ising(8, 8, copies=1), at(*np.linspace(1.7, 3.3, 12))
    truth = Kaufman(system)(queries, ONCE).values
    errors = {}
    for sweeps in (256, 65536):
        found = kind(system, sweeps=sweeps)(queries, ONCE).values
        for name in truth:
            errors[name, sweeps] = np.sqrt(np.mean((found[name] / truth[name] - 1) ** 2))
    assert errors["energy", 65536] < 4e-3
    assert errors["specific_heat", 65536] < 0.05
    for name in truth:
        assert 4 < errors[name, 256] / errors[name, 65536] < 64


@pytest.mark.parametrize("kind", [Metropolis, Wolff])
def test_what_is_measured_is_what_is_observed_of_the_configurations(kind: Any) -> None:
    system = Ising(6, 4, copies=500)
    queries = at(1.9, 2.3, 3.0)
    found = kind(system, sweeps=500)(queries, ONCE).values
    observed = system.observed(found, queries)
    for name in ("energy", "specific_heat"):
        np.testing.assert_allclose(found[name], observed[name], rtol=1e-9)
    residual = system.residual({"spins": torch.from_numpy(found["spins"])}, {})["spins"]
    assert not residual.any()
    # fewer sweeps than copies: each is kept as often as the others
    spins = kind(system, sweeps=125)(queries, ONCE).values["spins"][0, 0]
    np.testing.assert_array_equal(spins[::4], spins[3::4])
    assert (spins[:-4:4] != spins[4::4]).any(axis=(1, 2)).mean() > 0.3


@pytest.mark.parametrize("kind", [Metropolis, Wolff])
def test_an_answer_depends_on_its_query_alone(kind: Any) -> None:
    solver, queries = kind(Ising(4, 6, copies=3), sweeps=50), at(2.0, 2.0, 2.5)
    together = solver(queries, np.array([0.0, 1.0])).values
    alone = solver({name: values[1:2] for name, values in queries.items()}, ONCE).values
    for name, values in together.items():
        np.testing.assert_array_equal(values[:, 0], values[:, 1])
        np.testing.assert_array_equal(values[1:2, :1], alone[name])
    assert (together["spins"][0] != together["spins"][1]).any()


def test_queries_are_drawn_from_the_whole_range_and_their_seeds_survive_single_precision() -> None:
    system = Ising(coldest=1.0, hottest=5.0)
    queries = system.draw([np.random.default_rng(i) for i in range(400)])
    system.check_queries(queries)
    temperature, seed = queries["temperature"], queries["seed"]
    assert 1.0 <= temperature.min() < 1.1 < 4.9 < temperature.max() <= 5.0
    np.testing.assert_array_equal(seed.astype(np.float32).astype(np.int64), seed)
    assert len(np.unique(seed)) > 390
    assert seed.max() > 0.9 * SEEDS


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Metropolis(Ising(3, 4)), "even sides, got 3 x 4"),
        (lambda: Metropolis(Ising(4, 5)), "even sides, got 4 x 5"),
        (lambda: Wolff(Ising(), sweeps=1), "sweeps must be at least 2, got 1"),
        (lambda: Enumeration(Ising(4, 5)), "up to 16 spins"),
        (lambda: Ising(1, 8), "at least 2"),
        (lambda: Ising(copies=0), "copies at least 1"),
        (lambda: Ising(coldest=0.0), "coldest must be positive"),
        (lambda: Ising(coldest=3.0, hottest=2.0), "no more than hottest"),
    ],
)
def test_lattices_and_settings_that_make_no_sense_are_refused(make: Any, said: str) -> None:
    with pytest.raises(SolverError, match=said):
        make()


@pytest.mark.parametrize("solver", [Kaufman(Ising()), Wolff(Ising()), Metropolis(Ising())])
def test_queries_that_make_no_sense_are_refused_by_name(solver: Any) -> None:
    for wrong, said in (
        ({"temperature": np.array([2.0, 0.0])}, "'temperature' must be positive, got 0 in sample 1"),
        ({"temperature": np.array([2.0, -1.0])}, "'temperature' must be positive, got -1 in sample 1"),
        ({"temperature": np.array([[2.0, 2.0]])}, r"must have shape \(samples\)"),
        ({"seed": np.array([0.5, 1.0])}, "'seed' must be a whole number.*0.5 in sample 0"),
        ({"seed": np.array([0.0, SEEDS])}, "'seed' must be a whole number.*sample 1"),
    ):
        with pytest.raises(SolverError, match=said):
            solver({**at(2.0, 2.0), **wrong}, ONCE)


def test_the_kit_has_a_ladder_without_the_exact_sums_and_none_that_an_odd_lattice_forbids() -> None:
    system = Ising(4, 4)
    labels = [solver.label for solver in KIT.ladder(system)]
    assert len(set(labels)) == len(labels)
    assert {label.split()[0] for label in labels} == {"Metropolis", "Wolff"}
    assert {s.label.split()[0] for s in KIT.ladder(replace(system, rows=5))} == {"Wolff"}
    assert isinstance(KIT.standard(system), Wolff)
    assert isinstance(KIT.reference(system), Kaufman)
