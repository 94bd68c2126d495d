"""Machines that draw: exact ones give exact energies, trained ones come near, and what they are refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, magnets
from understudy.datasets.check import check
from understudy.datasets.configurations import Configurations, Sampled
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError
from understudy.solvers.ising import Ising, Kaufman, Wolff
from understudy.solvers.pipe_flow import PipeFlow
from understudy.surrogates.boltzmann_fit import BoltzmannFit, Drawn
from understudy.surrogates.boltzmann_machine import BoltzmannMachine
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings

ONCE = np.zeros(1)
LATTICE = Ising(4, 4, copies=128, coldest=2.0, hottest=4.0)
TASK = Sampled(LATTICE, condition="temperature", seed="seed", drawn="spins")
BRIEF = TrainingSettings(steps=40, batch=8, optimiser="adam", check_every=20)
SMALL = BoltzmannMachine.Settings(hidden=4, chains=16, draws=64, training=BRIEF)


@pytest.fixture(scope="module")
def lattices(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    settings = GenerateSettings(
        train_trajectories=12,
        valid_trajectories=4,
        test_trajectories=2,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
    )
    folder = tmp_path_factory.mktemp("ising") / "ising"
    return generate(LATTICE, Wolff(LATTICE, sweeps=512), settings, folder=folder)


def exact(temperature: float, *, draws: int = 40_000) -> BoltzmannMachine:
    """A machine whose units are the bonds of the Ising model at one temperature; see the block's tests."""
    chosen = replace(
        SMALL, hidden=2, shared=True, degree=0, biased=False, chains=200, draws=draws, warm_up=200
    )
    made = BoltzmannMachine(chosen)
    made.fit(magnets(4, seed=0), magnets(2, seed=1), seed=0)
    made.output_shapes = {"spins": (draws, 4, 4)}
    kernels = torch.zeros(1, 2, 4, 4, dtype=torch.float64)
    w = 0.5 * float(np.arccosh(np.exp(2 / temperature)))
    kernels[0, :, 0, 0] = kernels[0, 0, 0, 1] = kernels[0, 1, 1, 0] = w
    tensors = {"machine.kernels": kernels.flatten(2), "conditions": torch.tensor([temperature]).double()}
    made.restore({**tensors, "chains": torch.ones(1, 200, 16, dtype=torch.int8)})
    return made


@pytest.mark.parametrize("temperature", [2.1, 3.0])
def test_a_machine_whose_units_are_bonds_answers_the_exact_energy_and_specific_heat(
    temperature: float,
) -> None:
    queries = {"temperature": np.full(4, temperature), "seed": np.arange(4.0)}
    found = TASK.answer(exact(temperature))(queries, ONCE).values
    truth = Kaufman(LATTICE)(queries, ONCE).values
    for name, known in truth.items():
        spread = found[name][:, 0].std(ddof=1) / 2
        assert found[name].mean() == pytest.approx(known[0, 0], abs=5 * spread)
        assert spread < 0.02 * abs(known[0, 0])


def test_of_no_temperature_no_energy_is_answered() -> None:
    none = {"temperature": np.empty(0), "seed": np.empty(0)}
    found = TASK.answer(exact(3.0, draws=5))(none, np.array([0.0, 1.0]))
    assert {name: values.shape for name, values in found.values.items()} == {
        "energy": (0, 2),
        "specific_heat": (0, 2),
    }
    assert found.status.shape == (0,)


def test_what_is_learned_from_configurations_alone_comes_near_their_energies(lattices: TrainingSet) -> None:
    settings = BoltzmannMachine.Settings(
        hidden=3,
        shared=True,
        reciprocal=True,
        biased=False,
        chains=32,
        draws=4096,
        training=TrainingSettings(steps=400, batch=12, optimiser="adam", learning_rate=1e-2, check_every=100),
    )
    machine = BoltzmannMachine(settings)
    record = machine.fit(TASK.examples(lattices, "train"), TASK.examples(lattices, "valid"), seed=0)
    # less than of spins that nothing is known of
    assert record.validation_error < 0.8 * np.log(2)
    queries = {"temperature": np.array([2.4, 3.0, 3.6]), "seed": np.array([1.0, 2.0, 3.0])}
    truth = Kaufman(LATTICE)(queries, ONCE).values
    found = TASK.answer(machine)(queries, ONCE).values
    np.testing.assert_allclose(found["energy"], truth["energy"], rtol=0.15)
    np.testing.assert_allclose(found["specific_heat"], truth["specific_heat"], rtol=0.35)


def test_independent_spins_are_learned_with_their_dependence_on_the_condition() -> None:
    settings = replace(
        SMALL,
        hidden=2,
        shared=True,
        chains=64,
        draws=4096,
        reciprocal=True,
        training=replace(BRIEF, steps=300, learning_rate=1e-2, check_every=100),
    )
    machine = BoltzmannMachine(settings)
    machine.fit(magnets(20, seed=0, copies=200), magnets(6, seed=1), seed=0)
    temperature = torch.tensor([1.2, 2.0, 2.8], dtype=torch.float64)
    spins = machine({"temperature": temperature, "seed": torch.arange(3.0)})["spins"]
    torch.testing.assert_close(spins.mean(dim=(1, 2, 3)), torch.tanh(1 / temperature), rtol=0, atol=0.06)


def test_other_numbers_of_draws_begin_alike_and_seeds_differ() -> None:
    machine = BoltzmannMachine(SMALL)
    machine.fit(magnets(8, seed=0), magnets(4, seed=1), seed=0)
    asked = {"temperature": torch.tensor([2.0, 2.0]), "seed": torch.tensor([5.0, 6.0])}
    few, many = machine(asked)["spins"], machine.drawing(100)(asked)["spins"]
    assert many.shape == (2, 100, 3, 4)
    assert torch.equal(many[:, :64], few)
    assert not torch.equal(few[0], few[1])


def test_it_comes_back_with_its_names_chains_and_scaling(tmp_path: Path) -> None:
    machine = BoltzmannMachine(replace(SMALL, reciprocal=True))
    record = machine.fit(magnets(8, seed=0), magnets(4, seed=1), seed=0)
    machine.save(tmp_path, fingerprint="a" * 64, record=record)
    back, _ = load(tmp_path)
    assert isinstance(back, BoltzmannMachine)
    assert (back.condition, back.seed, back.drawn) == ("temperature", "seed", "spins")
    assert back.parameters_count == 3 * (4 * 12 + 12 + 4)
    asked = {"temperature": torch.tensor([1.5]), "seed": torch.tensor([7.0])}
    assert torch.equal(back(asked)["spins"], machine(asked)["spins"])


def test_an_interrupted_training_goes_on_with_its_chains(tmp_path: Path) -> None:
    whole = BoltzmannMachine(SMALL)
    whole.fit(magnets(8, seed=0), magnets(4, seed=1), seed=0)
    # as one that is stopped for lack of time
    stopped = BoltzmannMachine(replace(SMALL, training=replace(BRIEF, seconds=1e-6)))
    assert not stopped.fit(magnets(8, seed=0), magnets(4, seed=1), seed=0, folder=tmp_path).finished
    resumed = BoltzmannMachine(SMALL)
    assert resumed.fit(magnets(8, seed=0), magnets(4, seed=1), seed=0, folder=tmp_path).finished
    for name, tensor in whole.tensors().items():
        assert torch.equal(tensor, resumed.tensors()[name]), name


def test_chains_move_only_where_it_is_their_turn_and_are_their_own() -> None:
    copies = torch.where(torch.rand(5, 10, 6, generator=torch.Generator().manual_seed(0)) < 0.5, 1, -1)
    drawn = Drawn(torch.linspace(-1, 1, 5), copies.to(torch.int8))
    fit = BoltzmannFit(drawn, drawn, chains=20, moves=2)
    first = fit.chains.clone()
    assert torch.equal(first[:, :10], first[:, 10:])
    machine = BoltzmannMachine(SMALL)
    machine.output_shapes = {"spins": (64, 6)}
    machine.drawn = "spins"
    module = machine._build(torch.Generator().manual_seed(0))
    fit.loss(module, torch.tensor([1, 3]), torch.Generator().manual_seed(1)).backward()
    moved = (fit.chains != first).any(dim=(1, 2))
    assert moved.tolist() == [False, True, False, True, False]
    assert torch.equal(drawn.copies.long(), copies)
    assert module.kernels.grad is not None and module.kernels.grad.abs().max() > 0


def wrong_spins() -> Configurations:
    source: Any = Asked(temperature=np.ones(3), seed=np.zeros(3), spins=np.full((3, 4, 2, 2), 0.5))
    return Configurations(source, condition="temperature", seed="seed", drawn="spins")


def test_what_cannot_be_learned_or_asked_is_refused() -> None:
    with pytest.raises(SurrogateError, match=r"\+1 and -1, but 'spins' holds 0.5"):
        BoltzmannMachine(SMALL).fit(wrong_spins(), wrong_spins(), seed=0)
    machine = BoltzmannMachine(replace(SMALL, reciprocal=True))
    machine.fit(magnets(4, seed=0), magnets(2, seed=1), seed=0)
    with pytest.raises(SurrogateError, match=r"'temperature' must be positive .* got -1"):
        machine({"temperature": torch.tensor([2.0, -1.0]), "seed": torch.zeros(2)})
    for change in ({"hidden": 0}, {"chains": 0}, {"moves": 0}, {"draws": 0}, {"degree": -1}, {"scale": 0.0}):
        with pytest.raises(SurrogateError, match=next(iter(change))):
            replace(SMALL, **change)


def test_the_task_refuses_sets_of_other_systems(lattices: TrainingSet) -> None:
    other = replace(TASK, system=PipeFlow())
    with pytest.raises(SolverError, match="pipe_flow is to observe, but the set is of ising"):
        other.examples(lattices, "train")
    assert not check(lattices.folder)
    examples = TASK.examples(lattices, "train")
    assert (len(examples), examples.output_shapes) == (12, {"spins": (128, 4, 4)})


class Checkerboards:
    """Answers two checkerboards and two lattices of spins up, whatever is asked."""

    device, dtype = torch.device("cpu"), torch.float64
    input_shapes: dict[str, tuple[int, ...]] = {"temperature": (), "seed": ()}  # noqa: RUF012

    def __call__(self, inputs: Any) -> dict[str, torch.Tensor]:
        places = torch.arange(4)
        board = 1.0 - 2 * ((places[:, None] + places) % 2)
        drawn = torch.stack([board, board, torch.ones(4, 4), torch.ones(4, 4)]).double()
        return {"spins": drawn.expand(len(inputs["seed"]), 4, 4, 4)}


def test_the_task_observes_what_was_drawn() -> None:
    """Energies per spin are 2 and -2: their mean is 0, the variance of E 32^2."""
    queries = {"temperature": np.array([1.0, 2.0]), "seed": np.zeros(2)}
    solution = TASK.answer(Checkerboards())(queries, np.array([0.0, 1.0]))
    assert solution.solved.all()
    np.testing.assert_allclose(solution.values["energy"], 0, atol=1e-12)
    np.testing.assert_allclose(solution.values["specific_heat"], [[64.0] * 2, [16.0] * 2])
