"""Networks that answer at once learn what they must be able to learn, and keep what they must keep."""

import dataclasses
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, obstacles, swings
from understudy.datasets.pairs import Pairs
from understudy.datasets.tasks import TimeConditioned
from understudy.surrogates.answer_network import AnswerNetwork
from understudy.surrogates.answering import AnsweringSettings
from understudy.surrogates.dense import Dense
from understudy.surrogates.interpolation import Interpolation
from understudy.surrogates.residual_dense import ResidualDense
from understudy.surrogates.spline_dense import SplineDense
from understudy.surrogates.surrogate import SurrogateError, load
from understudy.surrogates.training import TrainingSettings

SHORT = TrainingSettings(steps=300, batch=64, check_every=100, learning_rate=1e-2)
SMALL: dict[type[AnswerNetwork], dict[str, Any]] = {
    Dense: {"hidden": (32, 32), "activation": "tanh"},
    ResidualDense: {"width": 32, "blocks": 1, "query_features": 4, "time_features": 4},
    SplineDense: {"width": 32, "blocks": 1, "pieces": 12, "features": 8},
}
KINDS = pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.__name__)
FREE = AnsweringSettings(frames=8, exact_start=False)


def make(
    kind: Any, *, answering: AnsweringSettings = FREE, training: TrainingSettings = SHORT, **how: Any
) -> Any:
    return kind(kind.Settings(**SMALL[kind], answering=answering, training=training), **how)


def tensors(named: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in named.items()}


@KINDS
def test_it_overfits_eight_samples(kind: Any) -> None:
    pairs = obstacles(8, 0)
    network = make(kind, training=dataclasses.replace(SHORT, steps=500, learning_rate=5e-3))
    record = network.fit(pairs, pairs, seed=0)
    assert record.validation_error < 0.01
    inputs, outputs = pairs.batch(range(8))
    said = network(tensors(inputs))
    for name, values in outputs.items():
        assert np.abs(said[name].numpy() - values).mean() < 0.02 * np.abs(values).mean()


def test_without_hidden_layers_it_recovers_a_linear_map_to_round_off() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 4))
    y = x @ generator.normal(size=(4, 3)) + 2
    source: Any = Asked(x=x, y=y)
    pairs = Pairs(source, inputs=("x",), outputs=("y",))
    training = TrainingSettings(
        steps=600, batch=300, optimiser="adam", learning_rate=0.1, check_every=50, double_from=0.0
    )
    answering = AnsweringSettings(loss="mse")
    network = Dense(Dense.Settings(hidden=(), answering=answering, training=training))
    assert network.fit(pairs, pairs, seed=0).validation_error < 1e-7
    other = generator.normal(size=(20, 4))
    wanted = other @ np.linalg.lstsq(x - x.mean(0), y - y.mean(0), rcond=None)[0]
    wanted += y.mean(0) - x.mean(0) @ np.linalg.lstsq(x - x.mean(0), y - y.mean(0), rcond=None)[0]
    said = network({"x": torch.from_numpy(other)})["y"].numpy()
    np.testing.assert_allclose(said, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("loss", ["mae", "mse", "log"])
@KINDS
def test_it_learns_the_map_from_query_and_time(kind: Any, loss: Any) -> None:
    network = make(kind, answering=AnsweringSettings(frames=8, loss=loss, small=0.1))
    record = network.fit(swings(300, 0), swings(40, 1), seed=0)
    assert record.validation_error < (0.4 if kind is Dense else 0.12)
    assert record.samples == 300 * 33


@KINDS
def test_what_follows_linearly_follows_by_construction(kind: Any) -> None:
    network = make(kind, training=dataclasses.replace(SHORT, steps=5, check_every=5))
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    said = network(tensors(swings(7, 2).batch(range(7 * 33))[0]))
    for name in ("x", "v"):
        assert said[name].abs().max() > 0.01
        assert said[name].sum(dim=1).abs().max() < 1e-12
    assert network.answered.coordinates == 4
    assert network.asked.coordinates == 2


@KINDS
def test_the_start_is_exact_where_it_is_known(kind: Any) -> None:
    network = make(kind, answering=AnsweringSettings(), training=dataclasses.replace(SHORT, steps=20))
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    inputs = tensors(swings(7, 2).batch(range(0, 7 * 33, 33))[0])
    said = network(inputs)
    assert inputs["time"].abs().max() == 0
    for name in ("x", "v"):
        torch.testing.assert_close(said[name], inputs[name], rtol=0, atol=1e-12)
    later = network({**inputs, "time": inputs["time"] + 1})
    assert (later["x"] - inputs["x"]).abs().mean() > 0.02


def test_an_exact_start_that_cannot_be_had_is_refused() -> None:
    network = make(Dense, answering=AnsweringSettings(exact_start=True))
    with pytest.raises(SurrogateError, match=r"exact_start needs pairs that are timed.*\['drag', 'u'\]"):
        network.fit(obstacles(20, 0), obstacles(6, 1), seed=0)


@KINDS
def test_a_batch_in_any_order_gets_the_same_answers(kind: Any) -> None:
    network = make(kind, training=dataclasses.replace(SHORT, steps=20))
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    inputs = tensors(swings(5, 2).batch(range(5 * 33))[0])
    in_turn = network(inputs)
    mixed = torch.randperm(5 * 33, generator=torch.Generator().manual_seed(0))
    apart = network({name: values[mixed] for name, values in inputs.items()})
    for name, values in in_turn.items():
        torch.testing.assert_close(apart[name], values[mixed], rtol=0, atol=1e-12)


@KINDS
def test_what_it_never_learned_is_refused(kind: Any) -> None:
    network = make(kind, training=dataclasses.replace(SHORT, steps=5, check_every=5))
    network.fit(swings(60, 0, horizon=2.0), swings(9, 1, horizon=2.0), seed=0)
    inputs = tensors(swings(2, 2).batch([0, 40])[0])
    with pytest.raises(SurrogateError, match="'mass' was constant there"):
        network({**inputs, "mass": torch.full((2, 3), 1.5).double()})
    with pytest.raises(SurrogateError, match="unlike any that this surrogate was trained on"):
        network({**inputs, "x": inputs["x"] + 1})
    with pytest.raises(SurrogateError, match="from 0 to 2, and was asked for 0 to 3"):
        network({**inputs, "time": torch.tensor([0.0, 3.0]).double()})
    with pytest.raises(SurrogateError, match=r"expected 'time' of shape \(batch\), got nothing"):
        network({name: values for name, values in inputs.items() if name != "time"})
    with pytest.raises(SurrogateError, match=r"set answering\.confidence"):
        network.expected_error(inputs)
    for times in ([0.0, math.nan], [0.0, -1.0]):
        with pytest.raises(SurrogateError, match="has learned times from 0 to 2"):
            network({**inputs, "time": torch.tensor(times).double()})
    with pytest.raises(SurrogateError, match=r"expected 'time' of shape \(2,\), got shape \(3,\)"):
        network({**inputs, "time": torch.zeros(3).double()})
    with pytest.raises(SurrogateError, match="at least one query, got none"):
        network({name: values[:0] for name, values in inputs.items()})


class Interrupted(Exception):
    """Stands for a crash in the middle of a training."""


@pytest.mark.parametrize("at", [47, 107], ids=["network", "predicted-error"])
@KINDS
def test_a_training_that_broke_off_resumes_to_the_same_bits_and_bills_all_of_it(
    kind: Any, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = dataclasses.replace(SHORT, steps=60, check_every=10)
    clipped = dataclasses.replace(training, clip=1e9)
    plain, crashing = (
        AnsweringSettings(frames=4, confidence=True, confidence_training=t) for t in (training, clipped)
    )
    whole = make(kind, answering=plain, training=training)
    end = whole.fit(swings(60, 0), swings(9, 1), seed=3)
    calls = 0

    def crash(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at - 20:
            time.sleep(0.5)  # before the last checkpoint
        if calls == at:
            raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr("torch.nn.utils.clip_grad_norm_", crash)
        broken = make(kind, answering=crashing, training=clipped)
        with pytest.raises(Interrupted):
            broken.fit(swings(60, 0), swings(9, 1), seed=3, folder=tmp_path)
    resumed = make(kind, answering=crashing, training=clipped)
    begin = time.perf_counter()
    again = resumed.fit(swings(60, 0), swings(9, 1), seed=3, folder=tmp_path)
    assert again.seconds > time.perf_counter() - begin + 0.4
    assert (tmp_path / "confidence" / "log.jsonl").is_file()
    assert again.validation_error == end.validation_error
    assert all(torch.equal(t, resumed.tensors()[name]) for name, t in whole.tensors().items())


def test_another_set_does_not_resume_a_training(tmp_path: Path) -> None:
    training = dataclasses.replace(SHORT, steps=10, check_every=5)
    make(Dense, training=training).fit(swings(60, 0), swings(9, 1), seed=0, folder=tmp_path)
    with pytest.raises(SurrogateError, match="made with another data"):
        make(Dense, training=training).fit(swings(60, 5), swings(9, 1), seed=0, folder=tmp_path)


@KINDS
def test_a_timed_network_comes_back_from_disk_with_its_predicted_error(kind: Any, tmp_path: Path) -> None:
    training = dataclasses.replace(SHORT, steps=20, check_every=10)
    answering = AnsweringSettings(frames=4, confidence=True, confidence_training=training)
    network = make(kind, answering=answering, training=training)
    record = network.fit(swings(60, 0), swings(9, 1), seed=0)
    network.save(tmp_path, fingerprint="swings", record=record)
    back: Any = load(tmp_path)[0]
    inputs = tensors(swings(5, 2).batch(range(5 * 33))[0])
    said = network(inputs)
    assert all(torch.equal(values, said[name]) for name, values in back(inputs).items())
    assert torch.equal(network.expected_error(inputs), back.expected_error(inputs))


@pytest.mark.slow
def test_a_table_is_beaten_where_the_map_is_smooth_and_samples_are_few() -> None:
    training = dataclasses.replace(SHORT, steps=1200)
    network = ResidualDense(
        ResidualDense.Settings(width=32, blocks=1, query_features=0, answering=FREE, training=training)
    )
    error = network.fit(swings(60, 0), swings(60, 1), seed=0).validation_error
    assert error < 0.7 * Interpolation().fit(swings(60, 0), swings(60, 1), seed=0).validation_error


def test_a_task_puts_a_timed_network_in_the_solvers_place() -> None:
    network = make(SplineDense, training=dataclasses.replace(SHORT, steps=5, check_every=5))
    network.fit(swings(60, 0), swings(9, 1), seed=0)
    asked = {name: values[[0, 33]] for name, values in swings(2, 2).batch(range(66))[0].items()}
    asked.pop("time")
    solution = TimeConditioned().answer(network)(asked, np.array([0.0, 0.7, 3.9]))
    assert solution.values["x"].shape == (2, 3, 3)
    alone = network({**tensors(asked), "time": torch.full((2,), 0.7, dtype=torch.float64)})
    np.testing.assert_allclose(solution.values["v"][:, 1], alone["v"], rtol=0, atol=1e-12)
    assert solution.solved.all()


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"loss": "mape"}, {"small": 0.0}, {"frames": 0}, {"held_out": 1.0}):
        with pytest.raises(SurrogateError, match=next(iter(wrong))):
            AnsweringSettings(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="activation must be one of"):
        Dense(Dense.Settings(activation="softplus")).network(query=1, outputs=1, timed=False)  # type: ignore[arg-type]
