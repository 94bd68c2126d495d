"""Restricted Boltzmann machines: against scikit-learn, sums over all states, and bonds that one unit is."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.neural_network import BernoulliRBM
from torch import nn
from understudy.solvers.ising import Enumeration, Ising, energies_of
from understudy.surrogates.blocks.restricted_boltzmann_machine import (
    BoltzmannWeights,
    RestrictedBoltzmannMachine,
    log_double_cosh,
)

NOWHERE = torch.zeros((), dtype=torch.float64)


def machine(
    visible: int = 5, hidden: int = 3, *, size: float = 0.7, **how: Any
) -> RestrictedBoltzmannMachine:
    """One with random numbers everywhere."""
    generator = torch.Generator().manual_seed(0)
    made = RestrictedBoltzmannMachine(visible=visible, hidden=hidden, generator=generator, **how).double()
    for parameter in made.parameters():
        noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        parameter.data = size * noise
    return made


def states(units: int) -> torch.Tensor:
    bits = (torch.arange(2**units)[:, None] >> torch.arange(units)) & 1
    return (2 * bits - 1).double()


def joint(weights: BoltzmannWeights) -> torch.Tensor:
    """(visible states, hidden states) exponents, one by one."""
    visible, hidden = weights.coupling.shape
    found = torch.empty(2**visible, 2**hidden, dtype=torch.float64)
    for i, v in enumerate(states(visible)):
        for j, h in enumerate(states(hidden)):
            found[i, j] = v @ weights.visible + h @ weights.hidden + v @ weights.coupling @ h
    return found


def bonds(side: int, coupling: float) -> RestrictedBoltzmannMachine:
    """The Ising model: a unit for each bond, for 2 cosh(w (s + s')) is A exp(K s s') if cosh 2w = exp 2K."""
    made = RestrictedBoltzmannMachine(
        visible=side**2, hidden=2, grid=(side, side), biased=False, generator=torch.Generator()
    ).double()
    w = 0.5 * np.arccosh(np.exp(2 * coupling))
    kernels = torch.zeros(1, 2, side, side, dtype=torch.float64)
    kernels[0, :, 0, 0] = kernels[0, 0, 0, 1] = kernels[0, 1, 1, 0] = float(w)
    made.kernels.data = kernels.flatten(2)
    return made.requires_grad_(False)


def test_the_free_energy_is_scikit_learns() -> None:
    weights = machine(7, 4).requires_grad_(False).at(NOWHERE)
    visible, hidden, coupling, more = weights.binary()
    other = BernoulliRBM(n_components=4)
    other.components_, other.intercept_hidden_ = coupling.numpy().T, hidden.numpy()
    other.intercept_visible_, other.n_features_in_ = visible.numpy(), 7
    v = states(7)
    known = other._free_energy(((v + 1) / 2).numpy())
    np.testing.assert_allclose(weights.free_energy(v).numpy() + float(more), known, rtol=1e-12, atol=1e-12)
    # and the chances of its hidden units
    chance = other.transform(((v + 1) / 2).numpy())
    field = v @ weights.coupling + weights.hidden
    np.testing.assert_allclose(torch.sigmoid(2 * field).numpy(), chance, rtol=1e-10)


def test_scikit_learns_pseudo_likelihood_follows_from_the_free_energy() -> None:
    """`score_samples` flips one random unit of each sample: with its random numbers, ours is the same."""
    weights = machine(7, 4).requires_grad_(False).at(NOWHERE)
    visible, hidden, coupling, _ = weights.binary()
    other = BernoulliRBM(n_components=4, random_state=3)
    other.components_, other.intercept_hidden_ = coupling.numpy().T, hidden.numpy()
    other.intercept_visible_, other.n_features_in_ = visible.numpy(), 7
    v = states(7)
    flipped = v.clone()
    places = np.random.RandomState(3).randint(0, 7, 128)
    flipped[torch.arange(128), torch.from_numpy(places)] *= -1
    known = other.score_samples(((v + 1) / 2).numpy())
    rise = weights.free_energy(flipped) - weights.free_energy(v)
    np.testing.assert_allclose(7 * nn.functional.logsigmoid(rise).numpy(), known, rtol=1e-10)


@pytest.mark.parametrize(("visible", "hidden"), [(4, 3), (3, 5)])
def test_free_energy_and_partition_function_are_sums_over_all_states(visible: int, hidden: int) -> None:
    weights = machine(visible, hidden).requires_grad_(False).at(NOWHERE)
    exponents = joint(weights)
    free = weights.free_energy(states(visible))
    torch.testing.assert_close(-free, exponents.logsumexp(dim=1), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        weights.log_partition(), exponents.flatten().logsumexp(dim=0), rtol=1e-12, atol=1e-12
    )


def test_log_double_cosh_neither_overflows_nor_loses_what_is_small() -> None:
    x = torch.tensor([-1e4, -1.3, 0.0, 0.2, 1e4], dtype=torch.float64)
    known = torch.tensor([1e4, np.log(2 * np.cosh(1.3)), np.log(2), np.log(2 * np.cosh(0.2)), 1e4])
    torch.testing.assert_close(log_double_cosh(x), known.double(), rtol=1e-7, atol=0)


def test_gibbs_sampling_visits_every_state_as_often_as_the_free_energy_says() -> None:
    weights = machine(4, 3, size=0.4).requires_grad_(False).at(NOWHERE)
    generator = torch.Generator().manual_seed(1)
    v = weights.gibbs(torch.ones(40_000, 4, dtype=torch.float64), 60, generator)
    places = ((v + 1) / 2).long() @ (2 ** torch.arange(4))
    seen = torch.bincount(places, minlength=16).double()
    expected = 40_000 * (-weights.free_energy(states(4)) - weights.log_partition()).exp()
    # 99.9 % of chi squared with 15 degrees of freedom
    assert ((seen - expected).square() / expected).sum() < 37.7


def test_the_gradient_is_that_of_the_likelihood_where_copies_come_as_often_as_they_should() -> None:
    made = machine(4, 3)
    data = states(4)[[0, 3, 3, 9, 14]]
    (data_mean := made.at(NOWHERE)).free_energy(data).mean().add(data_mean.log_partition()).backward()
    exact = [p.grad.clone() for p in made.parameters()]  # type: ignore[union-attr]
    made.zero_grad()
    weights = made.at(NOWHERE).detached()
    with torch.no_grad():
        chance = (-weights.free_energy(states(4)) - weights.log_partition()).exp()
    # a great many copies of each state
    often = (200_000 * chance).round().long()
    drawn = states(4).repeat_interleave(often, dim=0)
    made.at(NOWHERE).contrastive_loss(data, drawn).backward()
    for parameter, known in zip(made.parameters(), exact, strict=True):
        torch.testing.assert_close(parameter.grad, known, rtol=0, atol=2e-4)


@pytest.mark.parametrize("temperature", [1.5, 2.269, 4.0])
def test_one_unit_for_each_bond_is_the_ising_model(temperature: float) -> None:
    k = 1 / temperature
    weights = bonds(3, k).at(NOWHERE)
    v = states(9)
    energies = torch.from_numpy(energies_of(v.reshape(-1, 3, 3).numpy()))
    beside = 18 * (np.log(2) + k)
    torch.testing.assert_close(weights.free_energy(v), k * energies - beside, rtol=1e-11, atol=1e-11)
    log, slope, _ = Enumeration(Ising(3, 3)).log_partition(np.array([k]))
    assert float(weights.log_partition()) == pytest.approx(log[0] + beside, rel=1e-12)
    # and it draws configurations of the exact energy
    generator = torch.Generator().manual_seed(2)
    v = weights.gibbs(torch.ones(5000, 9, dtype=torch.float64), 200, generator)
    drawn = energies_of(v.reshape(-1, 3, 3).numpy())
    assert drawn.mean() == pytest.approx(-slope[0], abs=4 * drawn.std() / np.sqrt(5000))


def test_shared_weights_are_the_same_after_every_shift() -> None:
    weights = machine(12, 2, grid=(3, 4)).requires_grad_(False).at(NOWHERE)
    assert weights.coupling.shape == (12, 24)
    v = states(12)[::37]
    shifted = v.reshape(-1, 3, 4).roll((1, 2), dims=(1, 2)).flatten(1)
    assert not torch.equal(v, shifted)
    torch.testing.assert_close(weights.free_energy(shifted), weights.free_energy(v), rtol=1e-12, atol=1e-12)
    free = machine(12, 2).requires_grad_(False).at(NOWHERE)
    assert (free.free_energy(shifted) - free.free_energy(v)).abs().max() > 0.1


def test_weights_are_polynomials_in_the_condition() -> None:
    made = machine(3, 2, degree=2).requires_grad_(False)
    conditions = torch.tensor([-1.0, 0.0, 0.5], dtype=torch.float64)
    together = made.at(conditions)
    for i, x in enumerate(conditions):
        parts = {"coupling": made.kernels.mT, "visible": made.visible, "hidden": made.hidden}
        for name, part in parts.items():
            assert part is not None
            known = part[0] + x * part[1] + x**2 * part[2]
            torch.testing.assert_close(getattr(together, name)[i], known)
        v = states(3)
        alone = made.at(x).free_energy(v)
        torch.testing.assert_close(together.free_energy(v.expand(3, -1, -1))[i], alone)


def test_without_biases_a_configuration_is_as_likely_as_its_negative() -> None:
    weights = machine(6, 4, biased=False).requires_grad_(False).at(NOWHERE)
    v = states(6)
    torch.testing.assert_close(weights.free_energy(v), weights.free_energy(-v))
    other = machine(6, 4).requires_grad_(False).at(NOWHERE)
    assert (other.free_energy(v) - other.free_energy(-v)).abs().max() > 0.1


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"visible": 0}, "at least 1"),
        ({"hidden": 0}, "at least 1"),
        ({"degree": -1}, "degree at least 0"),
        ({"scale": 0.0}, "scale positive"),
        ({"grid": (2, 2)}, r"a grid of \(2, 2\) has 4 places, not 5"),
    ],
)
def test_machines_that_make_no_sense_are_refused(how: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RestrictedBoltzmannMachine(**{"visible": 5, "hidden": 3, "generator": torch.Generator(), **how})


def test_too_many_states_are_refused() -> None:
    with pytest.raises(ValueError, match="layers of 21 and 30"):
        machine(21, 30).at(NOWHERE).log_partition()
