"""Reweighting: exact where every configuration was seen, the same however copies are split, refusals."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked
from understudy.datasets.configurations import Configurations
from understudy.datasets.observed_copies import Estimated, Tabulated
from understudy.solvers.ising import Enumeration, Ising, Kaufman, Wolff, energies_of
from understudy.surrogates.reweighting import Reweighting, bond_energies
from understudy.surrogates.surrogate import SurrogateError

ONCE = np.zeros(1)
EVERY = np.array(list(itertools.product((-1.0, 1.0), repeat=9))).reshape(-1, 3, 3)


def configurations(temperatures: Any, spins: np.ndarray) -> Configurations:
    """(samples, copies, *grid)"""
    temperature = np.asarray(temperatures, dtype=np.float64)
    source: Any = Asked(temperature=temperature, seed=np.zeros(len(temperature)), spins=spins)
    return Configurations(source, condition="temperature", seed="seed", drawn="spins")


def drawn(*temperatures: float, side: int, copies: int) -> Configurations:
    """Samples on a square lattice."""
    queries = {"temperature": np.array(temperatures), "seed": np.arange(len(temperatures), dtype=np.float64)}
    found = Wolff(Ising(side, side, copies=copies), sweeps=2 * copies)(queries, ONCE)
    return configurations(temperatures, found.values["spins"][:, 0])


def answers(learned: Reweighting, temperatures: np.ndarray) -> np.ndarray:
    said = learned({"temperature": torch.from_numpy(temperatures)})
    return np.stack([said["energy"].numpy(), said["specific_heat"].numpy()])


def exact(solver: Any, temperatures: np.ndarray) -> np.ndarray:
    values = solver({"temperature": temperatures, "seed": np.zeros(len(temperatures))}, ONCE).values
    return np.stack([values["energy"][:, 0], values["specific_heat"][:, 0]])


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_energies_are_sums_over_bonds(dimensions: int) -> None:
    generator = np.random.default_rng(0)
    spins = generator.choice((-1.0, 1.0), size=(5, *(3, 4, 5)[:dimensions]))
    expected = np.zeros(5)
    for place in np.ndindex(*spins.shape[1:]):
        for axis in range(dimensions):
            beside = list(place)
            beside[axis] = (place[axis] + 1) % spins.shape[1 + axis]
            expected -= spins[:, *place] * spins[:, *beside]
    found = bond_energies(torch.from_numpy(spins), dimensions=dimensions).numpy()
    np.testing.assert_array_equal(found, expected)
    if dimensions == 2:
        np.testing.assert_array_equal(found, energies_of(spins))


def test_of_all_configurations_evenly_it_knows_every_temperature() -> None:
    known = configurations([1e12], EVERY[None])
    learned = Reweighting()
    learned.fit(known, known, seed=0)
    temperatures = np.array([0.7, 1.5, 2.3, 5.0, 100.0])
    expected = exact(Enumeration(Ising(3, 3)), temperatures)
    np.testing.assert_allclose(answers(learned, temperatures), expected, rtol=1e-9)


def test_of_two_temperatures_it_gives_those_between_that_neither_tells_alone() -> None:
    ends, between = (1.6, 3.6), np.linspace(1.6, 3.6, 9)
    known = drawn(*ends, side=8, copies=4000)
    alone = (configurations([t], known.batch([i])[1]["spins"]) for i, t in enumerate(ends))
    truth, errors = exact(Kaufman(Ising(8, 8)), between), []
    for part in (known, *alone):
        found = answers(learned_from(part), between)
        errors.append(np.abs(found / truth - 1).max(axis=1))
    assert (errors[0] < 0.5 * np.minimum(errors[1], errors[2])).all()


def test_the_density_explains_every_count_and_splitting_a_sample_changes_nothing() -> None:
    known = drawn(1.9, 2.4, 2.9, side=4, copies=300)
    spins = known.batch(range(3))[1]["spins"]
    split = configurations(
        np.repeat([1.9, 2.4, 2.9], 2),
        np.concatenate([spins[:, :150], spins[:, 150:]], 1).reshape(6, 150, 4, 4),
    )
    whole, parts = Reweighting(), Reweighting()
    whole.fit(known, known, seed=0)
    parts.fit(split, known, seed=0)
    between = np.linspace(1.7, 3.2, 7)
    np.testing.assert_allclose(answers(parts, between), answers(whole, between), rtol=1e-7)
    # mean energies at the temperatures, weighted with their counts, are those of all that was seen
    at = answers(whole, np.array([1.9, 2.4, 2.9]))[0] * 16
    assert at.mean() == pytest.approx(energies_of(spins).mean(), rel=1e-8)


def test_tables_of_copies_are_what_is_observed_of_them() -> None:
    system = Ising(4, 4, copies=200)
    queries = {"temperature": np.array([1.8, 2.6]), "seed": np.array([3.0, 4.0])}
    values = Wolff(system, sweeps=1600)(queries, ONCE).values
    source: Any = Asked(**queries, spins=values["spins"][:, 0])
    names = {"condition": "temperature", "seed": "seed", "drawn": "spins"}

    class Set:
        system_name = "ising"

        def split(self, name: str) -> Any:
            source.frames = 1
            return source

    found = Tabulated(system, **names).examples(Set(), "train").held()  # type: ignore[arg-type]
    seen = system.observed(values, queries)
    assert set(found.outputs) == set(seen) == {"energy", "specific_heat"}
    for name, expected in seen.items():
        np.testing.assert_array_equal(found.outputs[name], expected)
        assert (found.outputs[name] != values[name]).all()  # the solver has measured more than it kept
    np.testing.assert_array_equal(found.inputs["temperature"], queries["temperature"])
    learned = Reweighting()
    examples = Estimated(system, **names).examples(Set(), "train")  # type: ignore[arg-type]
    learned.fit(examples, examples, seed=0)
    answer = Estimated(system, **names).answer(learned)(queries, np.array([0.0, 1.0]))
    assert answer.values["energy"].shape == (2, 2)
    assert answer.solved.all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Reweighting.Settings(iterations=0), "iterations must be at least 1"),
        (lambda: Reweighting.Settings(tolerance=0.0), "tolerance positive"),
        (lambda: Reweighting.Settings(energy="heat", heat="heat"), "two names"),
        (lambda: learned_from(configurations([-1.0], EVERY[None])), "'temperature' must be positive"),
        (lambda: learned_from(configurations([1.0], 2 * EVERY[None])), "energy of \\+1 and -1"),
        (lambda: Reweighting()({"temperature": torch.ones(1)}), "has not learned yet"),
        (lambda: learned_from(configurations([1.0], EVERY[None]))({"x": torch.ones(1)}), "got nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(SurrogateError, match=said):
        make()


def learned_from(known: Configurations) -> Reweighting:
    learned = Reweighting()
    learned.fit(known, known, seed=0)
    return learned
