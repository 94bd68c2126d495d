"""A trained surrogate goes on learning: which numbers move, which stay to the last bit, what it is worth."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, in_memory, obstacles, swings, travelling_waves
from torch import nn
from understudy.datasets.pairs import Pairs
from understudy.surrogates.adapting import WAYS, adapt
from understudy.surrogates.answering import AnsweringSettings
from understudy.surrogates.climatology import Climatology
from understudy.surrogates.cnn import CNN
from understudy.surrogates.dense import Dense
from understudy.surrogates.interpolation import Interpolation
from understudy.surrogates.mlp import MLP
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.residual_dense import ResidualDense
from understudy.surrogates.rollout import Rollout
from understudy.surrogates.state_stepper import StateStepper
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings, train

SHORT = TrainingSettings(steps=30, batch=16, check_every=10)
ANSWERING = AnsweringSettings(frames=8)


def waves(trajectories: int, seed: int, *, step: float = 0.2) -> Any:
    return in_memory(travelling_waves(trajectories=trajectories, frames=12, points=16, seed=seed, step=step))


@pytest.fixture(scope="module")
def cnn() -> CNN:
    settings = CNN.Settings(
        channels=6,
        width=5,
        stepping=SteppingSettings(linear=False),
        training=TrainingSettings(steps=400, batch=32, check_every=50),
    )
    stepper = CNN(settings)
    stepper.fit(waves(8, 0), waves(3, 1), seed=0)
    return stepper


@pytest.fixture(scope="module")
def dense() -> ResidualDense:
    settings = ResidualDense.Settings(
        width=16, blocks=1, query_features=4, time_features=4, answering=ANSWERING, training=SHORT
    )
    network = ResidualDense(settings)
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    return network


def moved(after: Any, before: Any) -> set[str]:
    theirs = before.tensors()
    return {name for name, tensor in after.tensors().items() if not torch.equal(tensor, theirs[name])}


# which numbers move ---------------------------------------------------------------------------------------


def test_a_frozen_trunk_stays_to_the_last_bit(cnn: CNN, dense: ResidualDense) -> None:
    on, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="head", training=SHORT)
    assert moved(on, cnn) == {"network.2.weight", "network.2.bias"}
    on, _ = adapt(dense, swings(9, 5), swings(9, 6), how="head", training=SHORT)  # type: ignore[assignment]
    assert moved(on, dense) == {"network.last.weight", "network.last.bias"}


def test_adapters_move_matrices_by_few_directions_and_nothing_else(cnn: CNN, dense: ResidualDense) -> None:
    on, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", rank=2, training=SHORT)
    assert moved(on, cnn) == {"network.0.pair.weight", "network.1.pair.weight", "network.2.weight"}
    before, after = cnn.tensors(), on.tensors()
    for name in moved(on, cnn):
        change = (after[name] - before[name]).flatten(1)
        # weights of single precision are sums that were rounded
        sizes = torch.linalg.svdvals(change)
        assert int((sizes > 1e-4 * sizes[0]).sum()) == min(2, *change.shape)
    on, _ = adapt(dense, swings(9, 5), swings(9, 6), how="adapters", training=SHORT)  # type: ignore[assignment]
    assert all(name.endswith("weight") for name in moved(on, dense))
    assert len(moved(on, dense)) == 5


def test_all_numbers_move_where_all_are_trained_and_scalings_stay(cnn: CNN) -> None:
    on, record = adapt(cnn, waves(2, 5), waves(2, 6), how="full", training=SHORT)
    assert moved(on, cnn) == {name for name in cnn.tensors() if name.startswith("network.")}
    assert record.samples == 2 * 12
    # from scratch everything is measured anew
    new, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="scratch", training=SHORT)
    assert "scaling.deviation" in moved(new, cnn)
    assert new.settings == dataclasses.replace(cnn.settings, training=SHORT)


def test_the_same_seed_learns_the_same_and_leaves_the_global_random_state_alone(cnn: CNN) -> None:
    torch.manual_seed(5)
    state = torch.get_rng_state()
    for how in WAYS:
        first, second = (
            adapt(cnn, waves(2, 5), waves(2, 6), how=how, training=SHORT, seed=3)[0] for _ in range(2)
        )
        assert not moved(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    other, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT, seed=4)
    first, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT, seed=3)
    assert moved(first, other)


def test_a_network_in_double_precision_keeps_its_frozen_digits() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 4))
    source: Any = Asked(x=x, y=np.sin(x @ generator.normal(size=(4, 3))))
    pairs = Pairs(source, inputs=("x",), outputs=("y",))
    double = dataclasses.replace(SHORT, double_from=0.0)
    network = Dense(Dense.Settings(hidden=(8, 8), activation="tanh", training=double))
    network.fit(pairs, pairs, seed=0)
    weights = network.tensors()["network.perceptron.layers.0.weight"]
    assert not torch.equal(weights, weights.float().double())
    on, _ = adapt(network, pairs, pairs, how="head", training=SHORT)
    assert moved(on, network) == {"network.perceptron.layers.4.weight", "network.perceptron.layers.4.bias"}


# what it is worth -----------------------------------------------------------------------------------------


def test_few_samples_of_another_regime_are_enough_for_who_knows_the_first(cnn: CNN) -> None:
    """Waves that run a tenth faster: what was learned is nearly right."""
    few, judged = waves(1, 5, step=0.22), waves(4, 6, step=0.22)
    training = TrainingSettings(steps=120, batch=8, check_every=20, learning_rate=3e-3)
    with torch.no_grad():
        as_it_is = cnn.objective(judged, judged).validate(cnn.module)  # type: ignore[arg-type]
    errors = {how: adapt(cnn, few, judged, how=how, training=training)[1].validation_error for how in WAYS}
    assert errors["full"] < 0.5 * as_it_is
    assert errors["adapters"] < 0.5 * as_it_is
    assert errors["head"] < 0.2 * as_it_is
    assert errors["full"] < 0.3 * errors["scratch"]


def test_a_change_of_low_rank_is_found_by_adapters() -> None:
    """y = (W + a b) x: of a linear network that knows W, an adapter of rank one learns the rest."""
    generator = np.random.default_rng(1)
    x, w = generator.normal(size=(200, 6)), generator.normal(size=(6, 5))
    x = x - x.mean(axis=0)  # so that the biases, which stay, need not change
    change = np.outer(generator.normal(size=6), generator.normal(size=5))

    def pairs(matrix: np.ndarray) -> Pairs:
        source: Any = Asked(x=x, y=x @ matrix)
        return Pairs(source, inputs=("x",), outputs=("y",))

    long = TrainingSettings(
        steps=800, batch=200, optimiser="adam", learning_rate=0.03, check_every=50, double_from=0.0
    )
    network = Dense(Dense.Settings(hidden=(), answering=AnsweringSettings(loss="mse"), training=long))
    assert network.fit(pairs(w), pairs(w), seed=0).validation_error < 1e-5
    new = pairs(w + change)
    errors = [adapt(network, new, new, how="adapters", rank=rank)[1].validation_error for rank in (1, 2)]
    assert errors[0] < 1e-3
    two = np.outer(generator.normal(size=6), generator.normal(size=5)) + change
    other = pairs(w + two)
    assert adapt(network, other, other, how="adapters", rank=1)[1].validation_error > 0.05
    assert adapt(network, other, other, how="adapters", rank=2)[1].validation_error < 2e-3


# what is refused ------------------------------------------------------------------------------------------


def test_those_that_are_trained_in_another_way_say_so() -> None:
    mean = Climatology()
    mean.fit(waves(8, 0), waves(3, 1), seed=0)
    with pytest.raises(SurrogateError, match="Climatology cannot be trained on: only what"):
        adapt(mean, waves(2, 5), waves(2, 6))
    table = Interpolation()
    table.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    with pytest.raises(SurrogateError, match="Interpolation cannot be trained on"):
        adapt(table, obstacles(20, 0), obstacles(6, 1))
    with pytest.raises(SurrogateError, match="Climatology has no descent"):
        adapt(mean, waves(2, 5), waves(2, 6), how="scratch", training=SHORT)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"how": "some"}, "one of full, head, adapters, scratch, got 'some'"),
        ({"how": "adapters", "rank": 0}, "rank of adapters must be at least 1, got 0"),
    ],
    ids=str,
)
def test_ways_that_make_no_sense_are_refused(wrong: Any, words: str, cnn: CNN) -> None:
    with pytest.raises(SurrogateError, match=words):
        adapt(cnn, waves(2, 5), waves(2, 6), **wrong)


def test_examples_of_another_kind_are_refused(cnn: CNN, dense: ResidualDense) -> None:
    finer = in_memory(travelling_waves(trajectories=2, frames=12, points=18, seed=0))
    with pytest.raises(SurrogateError, match=r"frames of .*\(1, 16\).* and these examples have .*\(1, 18\)"):
        adapt(cnn, finer, finer)
    slower = in_memory(travelling_waves(trajectories=2, frames=12, points=16, seed=0), interval=0.5)
    with pytest.raises(SurrogateError, match=r"interval of 0\.25, and these examples have 0\.5"):
        adapt(cnn, slower, slower)
    with pytest.raises(SurrogateError, match="learns trajectories, got Pairs"):
        adapt(cnn, obstacles(9, 0), obstacles(9, 1))
    with pytest.raises(SurrogateError, match=r"inputs of .* pose the same task"):
        adapt(dense, obstacles(9, 0), obstacles(9, 1))
    with pytest.raises(SurrogateError, match="needs training and validation"):
        adapt(cnn, waves(2, 5), in_memory(np.zeros((0, 12, 16))))
    with pytest.raises(SurrogateError, match="has not learned yet"):
        adapt(CNN(), waves(2, 5), waves(2, 6))


def test_what_the_spans_of_the_first_regime_cannot_hold_is_refused(dense: ResidualDense) -> None:
    heavier = swings(9, 5)
    heavier.source.constants["mass"] = 2 * heavier.source.constants["mass"]  # type: ignore[attr-defined]
    with pytest.raises(SurrogateError, match="a 'mass' unlike any that this surrogate was trained on"):
        adapt(dense, heavier, swings(9, 6), training=SHORT)
    settings = dataclasses.replace(dense.settings, training=SHORT)
    short = ResidualDense(settings)
    short.fit(swings(60, 0, horizon=2.0), swings(9, 1, horizon=2.0), seed=0)
    with pytest.raises(SurrogateError, match="has learned times up to 2, and these pairs go to 4"):
        adapt(short, swings(9, 5), swings(9, 6), training=SHORT)
    adapt(dense, swings(9, 5, horizon=2.0), swings(9, 6, horizon=2.0), training=SHORT)


def test_a_predicted_error_of_before_is_refused() -> None:
    answering = dataclasses.replace(ANSWERING, confidence=True, confidence_training=SHORT)
    settings = ResidualDense.Settings(width=8, blocks=1, answering=answering, training=SHORT)
    network = ResidualDense(settings)
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    with pytest.raises(SurrogateError, match="predicts its error, which would be that of before"):
        adapt(network, swings(9, 5), swings(9, 6))


def test_states_off_the_span_are_refused() -> None:
    def pair(third: float) -> Any:
        """Two waves, and a third number that follows from the first."""
        u = travelling_waves(trajectories=30, frames=12, points=4, seed=0)
        u[..., 2] = third * u[..., 0]
        return in_memory(u)

    stepper = StateStepper(StateStepper.Settings(width=8, blocks=1, training=SHORT))
    stepper.fit(pair(0.5), pair(0.5), seed=0)
    with pytest.raises(SurrogateError, match="'frame' unlike any"):
        adapt(stepper, pair(0.6), pair(0.6), training=SHORT)
    adapt(stepper, pair(0.5), pair(0.5), training=SHORT)


# where it goes on -----------------------------------------------------------------------------------------


def test_a_training_that_broke_off_resumes_to_the_same_bits(
    cnn: CNN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT)
    validate, calls = Rollout.validate, []

    def breaking(self: Rollout, module: nn.Module) -> float:
        calls.append(1)
        if len(calls) == 4:  # the first is that of the identity
            raise KeyboardInterrupt
        return validate(self, module)

    with monkeypatch.context() as patch:
        patch.setattr(Rollout, "validate", breaking)
        with pytest.raises(KeyboardInterrupt):
            adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT, folder=tmp_path)
    again, record = adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT, folder=tmp_path)
    assert not moved(again, whole)
    assert record.finished


def test_a_checkpoint_of_other_data_or_another_way_is_refused(cnn: CNN, tmp_path: Path) -> None:
    adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", training=SHORT, folder=tmp_path)
    with pytest.raises(SurrogateError, match="another first_loss"):
        adapt(cnn, waves(2, 7), waves(2, 6), how="adapters", training=SHORT, folder=tmp_path)
    with pytest.raises(SurrogateError, match="another way"):
        adapt(cnn, waves(2, 5), waves(2, 6), how="adapters", rank=3, training=SHORT, folder=tmp_path)
    with pytest.raises(SurrogateError, match="another examples"):
        adapt(cnn, waves(2, 5), waves(3, 6), how="adapters", training=SHORT, folder=tmp_path)


def test_a_checkpoint_is_of_all_trajectories_and_not_of_the_first_alone(cnn: CNN, tmp_path: Path) -> None:
    def but_the_first(seed: int) -> Any:
        """Sixteen waves, the first of which is always the same."""
        return in_memory(np.concatenate([waves(1, 5).source.values, waves(15, seed).source.values]))

    few = TrainingSettings(steps=2, batch=4, check_every=2)
    adapt(cnn, but_the_first(6), but_the_first(7), training=few, folder=tmp_path)
    with pytest.raises(SurrogateError, match="another first_loss;"):
        adapt(cnn, but_the_first(8), but_the_first(7), training=few, folder=tmp_path)
    with pytest.raises(SurrogateError, match="another first_validation_error;"):
        adapt(cnn, but_the_first(6), but_the_first(8), training=few, folder=tmp_path)
    adapt(cnn, but_the_first(6), but_the_first(7), training=few, folder=tmp_path)


def test_the_loop_leaves_frozen_numbers_alone_with_weight_decay_too() -> None:
    class Line:
        examples = 20

        def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            return (module(torch.randn(len(indices), 3, generator=generator)) - 1).square().mean()

        def validate(self, module: nn.Module) -> float:
            return float((module(torch.ones(1, 3)) - 1).square().mean())

    for optimiser in ("soap", "adam"):
        module = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        module[0].requires_grad_(False)
        before = module[0].weight.clone(), module[2].weight.detach().clone()
        train(module, Line(), dataclasses.replace(SHORT, optimiser=optimiser, weight_decay=0.5), seed=0)  # type: ignore[arg-type]
        assert torch.equal(module[0].weight, before[0])
        assert not torch.equal(module[2].weight, before[1])


def test_a_network_of_one_matrix_is_adapted_by_its_head() -> None:
    network = Dense(Dense.Settings(hidden=(), training=SHORT))
    network.fit(obstacles(20, 0), obstacles(6, 1), seed=0)
    on, _ = adapt(network, obstacles(20, 5), obstacles(6, 6), how="head", training=SHORT)
    assert moved(on, network) == {"network.perceptron.layers.0.weight", "network.perceptron.layers.0.bias"}


def test_an_mlp_is_adapted_as_any_other() -> None:
    stepper = MLP(MLP.Settings(hidden=(8,), training=SHORT))
    stepper.fit(waves(4, 0), waves(2, 1), seed=0)
    on, _ = adapt(stepper, waves(2, 5), waves(2, 6), how="head", training=SHORT)
    assert moved(on, stepper) == {"network.1.layers.2.weight", "network.1.layers.2.bias"}
