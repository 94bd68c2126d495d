"""A network of coordinates in a solver's place: trained on a system's equations, saved, loaded, asked."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_problems import decay, small
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.known_equations import KnownEquations, Physics
from understudy.datasets.plan import DatasetError
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.allen_cahn import AllenCahn
from understudy.solvers.burgers import Burgers, ColeHopf
from understudy.solvers.cavity import Cavity
from understudy.solvers.contract import SolverError, System
from understudy.solvers.heat import Heat, SineSeries
from understudy.surrogates.pinn import PINN
from understudy.surrogates.surrogate import SurrogateError, TrainingRecord, load

SETTINGS = GenerateSettings(
    train_trajectories=3,
    valid_trajectories=2,
    test_trajectories=2,
    train_frames=5,
    valid_frames=5,
    test_frames=5,
    interval=0.1,
    transient=0.0,
    seed=1,
    trajectories_per_shard=3,
)
HORIZON = 0.4
ROD = Heat(9, least_diffusivity=0.2, most_diffusivity=0.2, waves=2)
RANGE = Heat(9, least_diffusivity=0.1, most_diffusivity=1.0)


def heat_set(system: Heat, folder: Path) -> TrainingSet:
    return generate(system, SineSeries(system), SETTINGS, folder=folder / "heat")


@pytest.fixture(scope="module")
def rods(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Each begins otherwise."""
    return heat_set(ROD, tmp_path_factory.mktemp("rods"))


@pytest.fixture(scope="module")
def ranged(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """All begin alike, and diffuse differently."""
    return heat_set(RANGE, tmp_path_factory.mktemp("ranged"))


def trained(
    task: Physics, training_set: TrainingSet, steps: int = 200, **how: Any
) -> tuple[PINN, TrainingRecord]:
    pinn = small(steps, **how)
    return pinn, pinn.fit(*(task.examples(training_set, split) for split in ("train", "valid")), seed=0)


@pytest.fixture(scope="module")
def one(rods: TrainingSet) -> tuple[PINN, TrainingRecord]:
    return trained(Physics(HORIZON), rods)


@pytest.fixture(scope="module")
def many(ranged: TrainingSet) -> tuple[PINN, TrainingRecord]:
    return trained(Physics(HORIZON, ("diffusivity",)), ranged, 300, hidden=(10, 10))


def first(queries: Any) -> dict[str, np.ndarray]:
    return {name: values[:1] for name, values in queries.items()}


def inputs(pinn: PINN, queries: Any, time: float) -> dict[str, torch.Tensor]:
    samples = len(next(iter(queries.values()), [0]))
    given = {n: torch.from_numpy(np.array(v)).to(pinn.dtype) for n, v in queries.items()}
    return {**given, "time": torch.full((samples,), time, dtype=pinn.dtype)}


# a single query --------------------------------------------------------------------------------------


def test_one_query_is_answered_in_the_solver_s_shape(
    rods: TrainingSet, one: tuple[PINN, TrainingRecord]
) -> None:
    pinn, record = one
    queries, times = first(rods.split("test").queries()), rods.split("test").times
    solution, known = Physics(HORIZON).answer(pinn)(queries, times), SineSeries(ROD)(queries, times)
    assert solution.values["u"].shape == known.values["u"].shape == (1, 5, 9)
    np.testing.assert_allclose(solution.values["u"], known.values["u"], rtol=0, atol=2e-3)
    assert solution.solved.all()
    assert record.samples == 0
    between = Physics(HORIZON).answer(pinn)(queries, np.array([0.0321]))
    assert between.values["u"].shape == (1, 1, 9)
    assert pinn.input_shapes == {"u": (9,), "diffusivity": (), "time": ()}
    assert pinn.output_shapes == {"u": (9,)}


def test_answers_of_a_grid_are_those_at_its_points(
    rods: TrainingSet, one: tuple[PINN, TrainingRecord]
) -> None:
    pinn, _ = one
    said = pinn(inputs(pinn, first(rods.split("test").queries()), 0.3))["u"]
    time = torch.tensor(0.3, dtype=torch.float64)
    apart = [pinn.at(t=time, x=x)["u"] for x in ROD.places()]
    torch.testing.assert_close(said[0], torch.stack(apart), rtol=0, atol=1e-14)


def test_one_query_comes_back_from_disk_with_the_same_answers_bit_for_bit(
    rods: TrainingSet, one: tuple[PINN, TrainingRecord], tmp_path: Path
) -> None:
    pinn, record = one
    pinn.save(tmp_path, fingerprint=rods.fingerprint, record=record)
    back, again = load(tmp_path, fingerprint=rods.fingerprint)
    assert isinstance(back, PINN)
    assert again == record
    assert (back.system, back.horizon, back.numbers) == (ROD, HORIZON, ())
    given = inputs(pinn, first(rods.split("test").queries()), 0.2)
    assert torch.equal(back(given)["u"], pinn(given)["u"])
    assert torch.equal(back.at(t=0.1, x=0.3)["u"], pinn.at(t=0.1, x=0.3)["u"])
    assert np.array_equal(back.weights, pinn.weights)
    assert back.parameters_count == pinn.parameters_count == 105


def test_the_settings_come_back_as_they_were(ranged: TrainingSet, tmp_path: Path) -> None:

    weights = (("equations", 2.0),)
    pinn, record = trained(Physics(HORIZON, ("diffusivity",)), ranged, 2, loss={"weights": weights})
    pinn.save(tmp_path, fingerprint="a" * 64, record=record)
    assert load(tmp_path)[0].settings == pinn.settings


def test_it_refuses_to_be_asked_for_another_query_or_time(
    rods: TrainingSet, one: tuple[PINN, TrainingRecord]
) -> None:
    pinn, _ = one
    query = first(rods.split("test").queries())
    for name, other in (("u", 0.5 * query["u"]), ("diffusivity", 2 * query["diffusivity"])):
        with pytest.raises(SurrogateError, match=f"trained for one '{name}', and is asked for another"):
            pinn(inputs(pinn, {**query, name: other}, 0.1))
    with pytest.raises(SurrogateError, match="trained for one 'u'"):
        pinn(inputs(pinn, {**query, "u": query["u"][:, :-1]}, 0.1))
    everything = rods.split("test").queries()
    with pytest.raises(SurrogateError, match="train another"):
        Physics(HORIZON).answer(pinn)(everything, np.array([0.1]))
    with pytest.raises(SurrogateError, match=r"the query: 9 of 9 points lie outside .* at t = 0\.5"):
        pinn(inputs(pinn, query, 0.5))


def test_the_query_is_the_first_of_the_test_split(rods: TrainingSet) -> None:
    wanted = first(rods.split("test").queries())
    for split in ("train", "valid"):
        examples = Physics(HORIZON).examples(rods, split)
        assert {name: np.array_equal(v, wanted[name]) for name, v in examples.query.items()} == {
            "u": True,
            "diffusivity": True,
        }
        assert (examples.pairs, len(examples), examples.horizon) == (None, 1, HORIZON)


def test_single_precision_answers_in_single_precision(rods: TrainingSet) -> None:
    pinn, _ = trained(Physics(HORIZON), rods, 30, dtype=torch.float32)
    queries = first(rods.split("test").queries())
    assert pinn(inputs(pinn, queries, 0.4))["u"].dtype == torch.float32
    assert Physics(HORIZON).answer(pinn)(queries, np.array([0.0, 0.3, 0.4])).solved.all()


# a range of numbers ----------------------------------------------------------------------------------


def test_several_numbers_are_answered_by_one_network(
    ranged: TrainingSet, many: tuple[PINN, TrainingRecord]
) -> None:
    pinn, record = many
    split = ranged.split("test")
    solution = Physics(HORIZON, ("diffusivity",)).answer(pinn)(split.queries(), split.times)
    known = SineSeries(RANGE)(split.queries(), split.times).values["u"]
    assert solution.values["u"].shape == (2, 5, 9)
    np.testing.assert_allclose(solution.values["u"], known, rtol=0, atol=1e-3)
    assert np.abs(known[0] - known[1]).max() > 0.05
    assert pinn.input_shapes == {"u": (9,), "diffusivity": (), "time": ()}
    assert 0 < record.validation_error < 2e-3


def test_the_validation_error_is_that_on_the_validation_split_s_answers(
    ranged: TrainingSet, many: tuple[PINN, TrainingRecord]
) -> None:
    pinn, record = many
    split = ranged.split("valid")
    said = Physics(HORIZON, ("diffusivity",)).answer(pinn)(split.queries(), split.times).values["u"]
    true = SineSeries(RANGE)(split.queries(), split.times).values["u"]
    assert record.validation_error == pytest.approx(
        float(np.linalg.norm(said - true) / np.linalg.norm(true)), rel=1e-6
    )


def test_a_range_comes_back_from_disk_and_keeps_to_its_range(
    ranged: TrainingSet, many: tuple[PINN, TrainingRecord], tmp_path: Path
) -> None:
    pinn, record = many
    pinn.save(tmp_path, fingerprint="a" * 64, record=record)
    back, _ = load(tmp_path)
    queries = ranged.split("test").queries()
    given = inputs(pinn, queries, 0.2)
    assert torch.equal(back(given)["u"], pinn(given)["u"])
    with pytest.raises(SurrogateError, match=r"at diffusivity = 1\.5, which reaches from 0\.1 to 1"):
        back(inputs(pinn, {**queries, "diffusivity": np.array([0.5, 1.5])}, 0.2))
    with pytest.raises(SurrogateError, match="trained for one 'u'"):
        back(inputs(pinn, {**queries, "u": queries["u"] * 2}, 0.2))


def test_burgers_equation_is_learned_over_a_range_of_viscosities() -> None:
    system = Burgers(16, least_viscosity=0.2, most_viscosity=0.8)
    query = {"u": system.draw([np.random.default_rng(0)])["u"]}
    examples = KnownEquations(system, query, 0.5, ("viscosity",))
    pinn = small(300, hidden=(10, 10), loss={"points": 256})
    pinn.fit(examples, examples, seed=0)
    queries = {"u": np.repeat(query["u"], 3, axis=0), "viscosity": np.array([0.2, 0.4, 0.8])}
    times = np.array([0.0, 0.25, 0.5])
    said = Physics(0.5, ("viscosity",)).answer(pinn)(queries, times).values["u"]
    np.testing.assert_allclose(said, ColeHopf(system)(queries, times).values["u"], rtol=0, atol=5e-3)
    assert pinn.input_shapes == {"u": (16,), "viscosity": (), "time": ()}


def test_a_task_s_answers_are_the_network_s_own_where_they_are_derivatives() -> None:

    system = Cavity(8, least_reynolds=10.0, most_reynolds=10.0)
    query = {"viscosity": np.array([0.1])}
    pinn = small(5)
    pinn.fit(*2 * [KnownEquations(system, query, 1.0)], seed=0)
    said = Physics(1.0).answer(pinn)(query, np.array([0.0])).values
    own = pinn(inputs(pinn, query, 0.0))
    for name in ("u", "v", "psi"):
        np.testing.assert_allclose(said[name][:, 0], own[name].numpy(), rtol=0, atol=1e-12)
    way = 1e-5
    middles = np.array(system.axes[0].values)
    y, x = np.meshgrid(middles, middles, indexing="ij")
    psi = [
        pinn._evaluate({"y": torch.tensor((y + s).ravel()), "x": torch.tensor(x.ravel())}, [PSI])[PSI]
        for s in (-way, way)
    ]
    slope = (psi[1] - psi[0]).reshape(8, 8) / (2 * way)
    torch.testing.assert_close(own["u"][0], slope, rtol=0, atol=1e-8)


PSI = ("psi", (0, 0))


def test_answers_that_may_not_be_written_to_are_read_all_the_same(
    ranged: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:

    take = torch.from_numpy

    def careful(array: np.ndarray) -> torch.Tensor:
        assert array.flags.writeable
        return take(array)

    monkeypatch.setattr(torch, "from_numpy", careful)
    trained(Physics(HORIZON, ("diffusivity",), answers=1), ranged, 1)


# known answers ---------------------------------------------------------------------------------------


def test_answers_alone_teach_what_lies_between_them(ranged: TrainingSet) -> None:
    task = Physics(HORIZON, ("diffusivity",), equations=False, answers=3)
    examples = task.examples(ranged, "train")
    assert (len(examples), examples.answers, examples.equations) == (15, 3, False)
    pinn, record = trained(task, ranged)
    assert record.samples == 3 * 5 * 9
    assert set(pinn.history.terms) == {"data"}
    split = ranged.split("train")
    said = task.answer(pinn)(split.queries(), np.array([0.1, 0.15, 0.2]))
    true = SineSeries(RANGE)(split.queries(), said.times).values["u"]
    np.testing.assert_allclose(said.values["u"][:, [0, 2]], true[:, [0, 2]], rtol=0, atol=1e-3)
    assert np.abs(said.values["u"][:, 1] - true[:, 1]).max() < 0.3


def test_equations_and_answers_are_learned_together(ranged: TrainingSet) -> None:
    pinn, record = trained(Physics(HORIZON, ("diffusivity",), answers=1), ranged, 100)
    assert record.samples == 5 * 9
    assert set(pinn.history.terms) == {"data", "equations"}
    split = ranged.split("train")
    assert len({float(v) for v in split.queries()["diffusivity"]}) == 3
    said = Physics(HORIZON, ("diffusivity",)).answer(pinn)(first(split.queries()), split.times)
    true = SineSeries(RANGE)(first(split.queries()), split.times).values["u"]
    np.testing.assert_allclose(said.values["u"], true, rtol=0, atol=1e-2)


def test_answers_after_the_horizon_are_not_learned_from(ranged: TrainingSet) -> None:
    task = Physics(0.2, ("diffusivity",), answers=2)
    pinn = small(1)
    record = pinn.fit(task.examples(ranged, "train"), task.examples(ranged, "valid"), seed=0)
    assert record.samples == 2 * 3 * 9


# refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"horizon": 0.0},
        {"horizon": float("nan")},
        {"horizon": 1.0, "answers": -1},
        {"horizon": 1.0, "equations": False},
    ],
    ids=str,
)
def test_tasks_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SolverError, match="needs a positive horizon, and equations or answers to learn from"):
        Physics(**wrong)


def test_numbers_that_no_query_has_are_refused(rods: TrainingSet) -> None:
    with pytest.raises(DatasetError, match="no number 'viscosity'; it has diffusivity, u"):
        Physics(HORIZON, ("diffusivity", "viscosity")).examples(rods, "train")


def test_queries_that_differ_in_more_than_the_numbers_are_refused(
    rods: TrainingSet, ranged: TrainingSet
) -> None:
    for task in (Physics(HORIZON, ("diffusivity",)), Physics(HORIZON, answers=1)):
        with pytest.raises(DatasetError, match="differ in 'u', over which one problem cannot reach"):
            task.examples(rods, "train")
    with pytest.raises(DatasetError, match=r"differ in 'diffusivity', .* name it among the task's numbers"):
        Physics(HORIZON, answers=1).examples(ranged, "train")


def test_more_answers_than_there_are_are_refused(ranged: TrainingSet) -> None:
    with pytest.raises(DatasetError, match="4 answers are to be learned from, but the split 'train' has 3"):
        Physics(HORIZON, ("diffusivity",), answers=4).examples(ranged, "train")


def test_a_horizon_beyond_the_answers_is_refused(ranged: TrainingSet) -> None:
    with pytest.raises(DatasetError, match=r"the horizon is 2, but trajectories end at 0\.4"):
        Physics(2.0, ("diffusivity",), answers=1).examples(ranged, "train")


# what must not be mixed up ---------------------------------------------------------------------------


def test_a_network_that_learned_another_problem_since_is_not_its_system_s(
    rods: TrainingSet, tmp_path: Path
) -> None:

    pinn, record = trained(Physics(HORIZON), rods, 2)
    pinn.solve(decay())
    with pytest.raises(SurrogateError, match="no system's"):
        pinn(inputs(pinn, first(rods.split("test").queries()), 0.1))
    with pytest.raises(SurrogateError, match="no system's cannot be saved whole"):
        pinn.save(tmp_path, fingerprint="a" * 64, record=record)


def test_a_checkpoint_of_the_same_query_of_another_system_is_refused(tmp_path: Path) -> None:

    slow, fast = (AllenCahn(16, diffusivity=0.01, rate=rate) for rate in (1.0, 5.0))
    query = slow.draw([np.random.default_rng(0)])

    def fit(system: System) -> None:
        examples = KnownEquations(system, query, 0.5)
        small(3).fit(examples, examples, seed=0, folder=tmp_path)

    fit(slow)
    with pytest.raises(SurrogateError, match="made with another"):
        fit(fast)


def test_a_descent_says_where_it_resumed(
    rods: TrainingSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task = Physics(HORIZON)
    examples = task.examples(rods, "train")
    weights = []
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            pinn = small(5)
            pinn.fit(examples, examples, seed=0, folder=tmp_path)
            weights.append(pinn.weights)
    assert f"resumed the descent in {tmp_path} at step 5" in caplog.text
    assert np.array_equal(*weights)
