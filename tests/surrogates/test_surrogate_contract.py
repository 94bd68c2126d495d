"""What every surrogate promises, asked of each that discovery finds: all of them, then those of each kind."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import in_memory, in_view, magnets, obstacles, travelling_waves, with_gaps
from known_translations import archives, translations
from known_vortices import flows
from understudy.datasets.configurations import Configurations
from understudy.datasets.detections import Detections
from understudy.datasets.durable import leftovers
from understudy.datasets.known_equations import KnownEquations
from understudy.datasets.observations import Coarse, Observations
from understudy.datasets.translations import Archives, Translations
from understudy.solvers.contract import Axis
from understudy.solvers.heat import Heat
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky
from understudy.surrogates.adapting import adapt
from understudy.surrogates.blocks.magnitude_pruning import neuron_pairs
from understudy.surrogates.blocks.matrix_layers import matrix_layers
from understudy.surrogates.forecaster import Forecaster
from understudy.surrogates.further_training import Trainable
from understudy.surrogates.low_precision import LOWERINGS, lowered, stored_bytes
from understudy.surrogates.refiner import Refiner
from understudy.surrogates.reweighting import Reweighting
from understudy.surrogates.surrogate import (
    Surrogate,
    SurrogateError,
    TrainingRecord,
    find_surrogate,
    load,
    surrogate_names,
)
from understudy.surrogates.training import TrainingSettings

POINTS, INTERVAL, STEPS = 32, 1 / 8, 12
TRAIN = {"steps": 40, "batch": 16, "check_every": 20}
SMALL: dict[str, dict[str, Any]] = {
    "boltzmann_machine": {"hidden": 5, "chains": 16, "draws": 40, "training": TRAIN},
    "boosted_trees": {"growing": {"trees": 5, "samples_in_leaf": 3}, "most_outputs": 25},
    "cnn": {"channels": 3, "width": 5, "training": TRAIN},
    "convolutional_recurrent": {"channels": 3, "width": 3, "warm_up": 6, "training": TRAIN},
    "dense": {"hidden": (16, 16), "training": TRAIN},
    "esn": {"nodes": 60, "warm_up": 10},
    "field_cnn": {"encoder": (8, 8), "strides": (2, 2), "code": 16, "decoder": (8, 8), "training": TRAIN},
    "field_dense": {"hidden": (16,), "training": TRAIN},
    "field_diffusion": {
        "channels": 4,
        "width": 3,
        "blocks": 1,
        "steps": 4,
        "members": 2,
        "training": TRAIN,
    },
    "field_mixer": {"channels": 8, "layers": 1, "training": TRAIN},
    "field_transformer": {"patch": 2, "width": 8, "heads": 2, "blocks": 1, "training": TRAIN},
    "fourier_operator": {"channels": 4, "modes": 2, "blocks": 1, "padding": 0.5, "training": TRAIN},
    "fourier_stepper": {"channels": 3, "modes": 6, "blocks": 1, "training": TRAIN},
    "gated_unet": {"channels": 4, "levels": 1, "training": TRAIN},
    "latent_stepper": {
        "latent": 4,
        "hidden": (16,),
        "stepping": (16,),
        "reduction": TRAIN,
        "training": TRAIN,
    },
    "learned_multistep": {
        "length": 22.0,
        "delays": 4,
        "classical_orders": (4,),
        "window": 8.0,
        "windows": 8,
        "trial": 10.0,
    },
    "lstm_smoother": {"width": 6, "training": TRAIN},
    "matrix_completion": {"iterations": 4},
    "mixture": {"experts": 3, "active": 2, "hidden": (8,), "training": TRAIN},
    "mlp": {"hidden": (16,), "training": TRAIN},
    "nvar": {"noise": (1e-4,)},
    "paired_translation": {"encoder": {"components": 3, "hidden": (16,)}, "training": TRAIN},
    "parallel_reservoirs": {"nodes": 60, "warm_up": 10, "samples": 500},
    "recurrent": {"width": 8, "warm_up": 6, "training": TRAIN},
    "regimes": {"regimes": 5},
    "reservoir": {"nodes": 60, "warm_up": 10},
    "pinn": {"network": {"hidden": (6,)}, "loss": {"points": 64}, "descent": {"steps": 20}},
    "residual_dense": {"width": 16, "blocks": 1, "training": TRAIN},
    "resnet": {"channels": 3, "width": 5, "blocks": 2, "training": TRAIN},
    "spline_dense": {"width": 16, "blocks": 1, "training": TRAIN},
    "state_stepper": {"width": 16, "blocks": 1, "training": TRAIN},
    "super_resolution": {"channels": 4, "width": 3, "blocks": 1, "training": TRAIN},
    "transformer_stepper": {"width": 8, "heads": 2, "blocks": 1, "training": TRAIN},
    "unpaired_translation": {"encoder": {"components": 3, "hidden": (16,)}, "training": TRAIN},
    "unet": {"channels": 8, "levels": 1, "training": TRAIN},
    "vortex_finder": {"channels": 6, "levels": 1, "training": TRAIN},
}
"""Settings that make a small model; a surrogate that is not named here is tried with its defaults."""

DETERMINISTIC_BATCH = 1e-9
"""What a batch may differ from its samples one at a time after `STEPS` steps: the order of sums."""


def settings(kind: type[Surrogate], name: str) -> Any:
    """The defaults, shrunk; settings within settings are given as what changes in them."""
    chosen = kind.Settings()
    for field, value in SMALL.get(name, {}).items():
        inner = getattr(chosen, field)
        new = dataclasses.replace(inner, **value) if isinstance(value, dict) else value
        chosen = dataclasses.replace(chosen, **{field: new})
    return chosen


def chaos(samples: int, frames: int, seed: int) -> np.ndarray:
    """Short trajectories on an attractor: (samples, frames, points)."""
    system = KuramotoSivashinsky(22.0, POINTS)
    queries = system.draw([np.random.default_rng([seed, i]) for i in range(samples)])
    times = 150.0 + INTERVAL * np.arange(frames)
    return np.asarray(ETDAB(system, step=1 / 32)(queries, times).values["u"])


def rods(samples: int) -> dict[str, np.ndarray]:
    """The heat equation's queries, of one start."""
    return dict(ROD.draw([np.random.default_rng([2, i]) for i in range(samples)]))


def windows(kind: type[Surrogate], samples: int, *, seed: int) -> Observations:
    """What an instrument shows of waves: coarse views of two frames, or five with noise and gaps."""
    if issubclass(kind, Refiner):
        waves = travelling_waves(trajectories=samples, frames=2, points=16, seed=seed)
        return in_view(waves, Coarse(4), window=2)
    return with_gaps(travelling_waves(trajectories=samples, frames=5, points=12, seed=seed), seed=seed)


FORECASTERS = [name for name in surrogate_names() if issubclass(find_surrogate(name), Forecaster)]
MAPS = [name for name in surrogate_names() if name not in FORECASTERS]
PERIODIC_ONLY = {
    *("cnn", "convolutional_recurrent", "fourier_stepper", "learned_multistep", "mlp", "nvar"),
    *("parallel_reservoirs", "resnet", "transformer_stepper"),
}
TRANSLATED: dict[type, Any] = {Archives: archives, Translations: translations}
"""What learns fields in two regimes, and what makes these: samples, seed -> examples."""
ROD = Heat(9, least_diffusivity=0.05, most_diffusivity=0.2)
Data = tuple[np.ndarray, np.ndarray]
Trained = tuple[Any, TrainingRecord]


@pytest.fixture(scope="module")
def data() -> Data:
    return chaos(8, 120, seed=0), chaos(4, 120, seed=1)


NEEDS = {"boosted_trees": "sklearn"}
"""What some cannot learn without: an extra of the package, which may not be installed."""


def fitted(name: str, data: Data, **how: Any) -> Trained:
    """Trained on what its kind learns: trajectories, equations, what was observed, two regimes, or pairs."""
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    kind = find_surrogate(name)
    surrogate = kind(settings(kind, name), **how)
    train: Any
    valid: Any
    if name in FORECASTERS:
        train, valid = (in_memory(values, INTERVAL) for values in data)
    elif kind.learns is KnownEquations:
        train = valid = KnownEquations(ROD, {"u": rods(1)["u"]}, 1.0, ("diffusivity",))
    elif kind.learns is Observations:
        train, valid = windows(kind, 20, seed=0), windows(kind, 6, seed=1)
    elif kind.learns is Configurations:
        train, valid = magnets(20, seed=0), magnets(6, seed=1)
    elif kind.learns is Detections:
        train, valid = flows(20, seed=0), flows(6, seed=1)
    elif kind.learns in TRANSLATED:
        train, valid = (TRANSLATED[kind.learns](samples, seed) for samples, seed in ((20, 0), (6, 1)))
    else:
        train, valid = obstacles(samples=20, seed=0), obstacles(samples=6, seed=1)
    assert isinstance(train, kind.learns)
    return surrogate, surrogate.fit(train, valid, seed=3)


@pytest.fixture(scope="module", params=surrogate_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def trained(name: str, data: Data) -> Trained:
    return fitted(name, data)


@pytest.fixture(scope="module", params=FORECASTERS)
def forecaster(request: pytest.FixtureRequest, data: Data) -> Trained:
    return fitted(request.param, data)


@pytest.fixture(scope="module", params=MAPS)
def mapping(request: pytest.FixtureRequest, data: Data) -> Trained:
    return fitted(request.param, data)


def history(surrogate: Forecaster, data: Data) -> torch.Tensor:
    """The past of three test starts, just as long as the surrogate asks for."""
    past = data[1][:3, : surrogate.history_frames, None]
    assert past.shape[1] == surrogate.history_frames, "the toy trajectories are too short for this surrogate"
    return torch.from_numpy(past.copy()).to(surrogate.dtype)


def asked(surrogate: Surrogate) -> dict[str, torch.Tensor]:
    """Three queries: of another set of pairs or windows, or of the equations."""
    if surrogate.learns is KnownEquations:
        inputs = {**rods(3), "time": np.array([0.0, 0.3, 1.0])}
    elif surrogate.learns is Observations:
        inputs = windows(type(surrogate), 3, seed=2).batch(range(3))[0]
    elif surrogate.learns is Configurations:
        inputs = magnets(3, seed=2).batch(range(3))[0]
    elif surrogate.learns is Detections:
        inputs = flows(3, seed=2).batch(range(3))[0]
    elif surrogate.learns in TRANSLATED:
        inputs = translations(3, 2).batch(range(3))[0]
    else:
        inputs = obstacles(samples=3, seed=2).batch(range(3))[0]
    return {name: torch.from_numpy(values).to(surrogate.dtype) for name, values in inputs.items()}


def answers(surrogate: Any, data: Data, *, only: int | None = None) -> dict[str, torch.Tensor]:
    """What it says to three questions of its kind, or to only one of them, by name."""
    chosen = slice(None) if only is None else slice(only, only + 1)
    if isinstance(surrogate, Forecaster):
        return {"forecast": surrogate.forecast(history(surrogate, data)[chosen], STEPS)}
    return surrogate({name: values[chosen] for name, values in asked(surrogate).items()})  # type: ignore[no-any-return]


def test_discovery_finds_the_surrogates() -> None:
    assert {"climatology", "cnn", "mlp", "persistence", "reservoir", "resnet"} <= set(FORECASTERS)
    assert {"dense", "interpolation", "residual_dense", "spline_dense", "training_mean"} <= set(MAPS)
    assert {"gaussian_transport", "paired_translation", "unpaired_translation"} <= set(MAPS)
    assert {"gappy_pod", "kalman_smoother", "lstm_smoother", "regimes"} <= set(MAPS)
    assert set(SMALL) <= set(surrogate_names())


def test_its_defaults_are_a_frozen_dataclass(name: str) -> None:
    chosen = find_surrogate(name).Settings()
    assert dataclasses.is_dataclass(chosen)
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.anything = 1


def test_it_refuses_the_settings_of_another(name: str) -> None:
    @dataclasses.dataclass(frozen=True)
    class Foreign:
        pass

    with pytest.raises(SurrogateError, match="Foreign"):
        find_surrogate(name)(Foreign())


def test_it_refuses_to_answer_or_be_saved_before_it_has_learned(
    name: str, data: Data, tmp_path: Path
) -> None:
    kind = find_surrogate(name)
    surrogate: Any = kind(settings(kind, name))
    with pytest.raises(SurrogateError, match="fit"):
        if name in FORECASTERS:
            surrogate.forecast(torch.from_numpy(data[1][:1, :100, None].copy()), 1)
        else:
            surrogate(asked(surrogate))
    record = TrainingRecord(seconds=1.0, samples=1, epochs=1, validation_error=1.0)
    with pytest.raises(SurrogateError, match="fit"):
        surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    assert not list(tmp_path.iterdir())


def test_its_record_says_what_training_cost(name: str, trained: Trained) -> None:
    _, record = trained
    assert record.finished
    assert record.seconds > 0
    assert 0 <= record.samples <= (8 * 120 if name in FORECASTERS else 20)
    assert 0 < record.validation_error < 2


def test_it_notes_the_shapes_of_its_examples(name: str, trained: Trained) -> None:
    surrogate, _ = trained
    if name in FORECASTERS:
        assert surrogate.interval == INTERVAL
        assert surrogate.frame_shape == (1, POINTS)
        assert surrogate.input_shapes == surrogate.output_shapes == {"frame": (1, POINTS)}
    elif surrogate.learns is KnownEquations:
        assert surrogate.input_shapes == {"u": (9,), "diffusivity": (), "time": ()}
        assert surrogate.output_shapes == {"u": (9,)}
    elif surrogate.learns is Observations:
        coarse = isinstance(surrogate, Refiner)
        assert surrogate.input_shapes == ({"seen": (2, 4)} if coarse else {"seen": (5, 12), "known": (5, 12)})
        assert surrogate.output_shapes == {"u": (2, 16) if coarse else (5, 12)}
    elif isinstance(surrogate, Reweighting):
        assert surrogate.input_shapes == {"temperature": ()}
        assert surrogate.output_shapes == {"energy": (), "specific_heat": ()}
    elif surrogate.learns is Configurations:
        assert surrogate.input_shapes == {"temperature": (), "seed": ()}
        assert surrogate.output_shapes == {"spins": (40, 3, 4)}
    elif surrogate.learns is Detections:
        assert surrogate.input_shapes == {"u": (16, 16), "v": (16, 16)}
        assert {n: shape for n, shape in surrogate.output_shapes.items() if shape != (3,)} == {
            "mask": (16, 16)
        }
    elif surrogate.learns in TRANSLATED:
        assert surrogate.input_shapes == {"given/u": (6, 4)}
        assert surrogate.output_shapes == {"u": (6, 4)}
    else:
        assert surrogate.input_shapes == {"solid": (6, 4), "reynolds": ()}
        assert surrogate.output_shapes == {"u": (6, 4), "drag": ()}


def test_a_map_answers_in_the_promised_shapes_dtype_and_device(mapping: Trained) -> None:
    surrogate, _ = mapping
    said = surrogate(asked(surrogate))
    assert {name: tuple(values.shape[1:]) for name, values in said.items()} == surrogate.output_shapes
    for values in said.values():
        assert len(values) == 3
        assert values.dtype == surrogate.dtype
        assert values.device.type == surrogate.device.type
        assert torch.isfinite(values).all()


def test_a_forecast_has_the_promised_shape_dtype_and_device(forecaster: Trained, data: Data) -> None:
    surrogate, _ = forecaster
    forecast = surrogate.forecast(history(surrogate, data), STEPS)
    assert forecast.shape == (3, STEPS, 1, POINTS)
    assert forecast.dtype == surrogate.dtype
    assert forecast.device.type == surrogate.device.type
    assert torch.isfinite(forecast).all()
    assert not forecast.requires_grad


def test_every_nth_frame_is_every_nth_frame(forecaster: Trained, data: Data) -> None:
    surrogate, _ = forecaster
    past = history(surrogate, data)
    everything = surrogate.forecast(past, STEPS)
    some = surrogate.forecast(past, STEPS, every=5)
    assert some.shape[1] == STEPS // 5
    torch.testing.assert_close(some, everything[:, 4::5], rtol=0, atol=1e-12)


def test_one_call_is_one_step_where_there_is_no_memory(forecaster: Trained, data: Data) -> None:
    surrogate, _ = forecaster
    state = history(surrogate, data)[:, -1]
    if surrogate.history_frames > 1:
        with pytest.raises(SurrogateError, match=r"has memory: use `forecast"):
            surrogate({"frame": state})
    else:
        forecast = surrogate.forecast(state[:, None], 1)[:, 0]
        torch.testing.assert_close(surrogate({"frame": state})["frame"], forecast, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", FORECASTERS)
def test_a_forecaster_learns_on_a_grid_with_walls_or_says_that_it_cannot(name: str, data: Data) -> None:
    walls = (Axis("x", tuple(range(POINTS)), ends=("wall", "wall")),)
    train, valid = (in_memory(values, INTERVAL) for values in data)
    train.axes = valid.axes = walls
    kind = find_surrogate(name)
    surrogate: Any = kind(settings(kind, name))
    if name in PERIODIC_ONLY:
        with pytest.raises(
            SurrogateError, match=r"periodic grid, but this set has the axes x \(wall and wall\)"
        ):
            surrogate.fit(train, valid, seed=3)
    else:
        assert surrogate.fit(train, valid, seed=3).finished


def test_a_forecast_leaves_its_history_alone_and_can_be_repeated(forecaster: Trained, data: Data) -> None:
    surrogate, _ = forecaster
    past = history(surrogate, data)
    before = past.clone()
    first = surrogate.forecast(past, STEPS)
    assert torch.equal(past, before)
    assert torch.equal(surrogate.forecast(past, STEPS), first)


def test_a_batch_equals_its_samples_one_at_a_time(trained: Trained, data: Data) -> None:
    surrogate, _ = trained
    apart = [answers(surrogate, data, only=i) for i in range(3)]
    for key, together in answers(surrogate, data).items():
        one_by_one = torch.cat([answer[key] for answer in apart])
        torch.testing.assert_close(together, one_by_one, rtol=0, atol=DETERMINISTIC_BATCH)


def test_it_comes_back_from_disk_with_the_same_answers_bit_for_bit(
    name: str, trained: Trained, data: Data, tmp_path: Path
) -> None:
    surrogate, record = trained
    surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    assert not leftovers(tmp_path)
    back, recorded = load(tmp_path, fingerprint="a" * 64)
    assert type(back) is find_surrogate(name)
    assert back.settings == surrogate.settings
    assert (back.input_shapes, back.output_shapes) == (surrogate.input_shapes, surrogate.output_shapes)
    if isinstance(back, Forecaster):
        assert (back.interval, back.history_frames) == (surrogate.interval, surrogate.history_frames)
    assert recorded == record
    said = answers(surrogate, data)
    assert all(torch.equal(values, said[key]) for key, values in answers(back, data).items())


def test_it_refuses_another_set(trained: Trained, tmp_path: Path) -> None:
    surrogate, record = trained
    surrogate.save(tmp_path, fingerprint="a" * 64, record=record)
    with pytest.raises(SurrogateError, match=r"aaaa.*bbbb.*train it again"):
        load(tmp_path, fingerprint="b" * 64)


def test_the_same_seed_learns_the_same(name: str, trained: Trained, data: Data) -> None:
    first, (again, _) = trained[0].tensors(), fitted(name, data)
    second = again.tensors()
    assert first.keys() == second.keys()
    for key in first:
        assert torch.equal(first[key], second[key]), key


@pytest.mark.parametrize(
    "name",
    # of some much is compiled in single precision, too
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name in ("learned_multistep", "nvar", "pinn")))
        for name in surrogate_names()
    ],
)
def test_single_precision_stays_single(name: str, data: Data) -> None:
    surrogate, _ = fitted(name, data, dtype=torch.float32)
    for values in answers(surrogate, data).values():
        assert values.dtype == torch.float32
        assert torch.isfinite(values).all()


def test_learning_does_not_touch_the_global_random_state(name: str, data: Data) -> None:
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002 (this is the state in question)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    fitted(name, data)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002


@pytest.mark.parametrize("kind", LOWERINGS)
def test_it_is_lowered_or_says_that_it_cannot_be(kind: Any, trained: Trained, data: Data) -> None:
    surrogate, _ = trained
    before = {name: tensor.clone() for name, tensor in surrogate.tensors().items()}
    lacks = {"narrowed": not has_pairs(surrogate), "pruned": not has_inner_layers(surrogate)}
    if not surrogate.networks() or lacks.get(kind, False):
        with pytest.raises(SurrogateError, match=f"{type(surrogate).__name__} has no .* cannot be lowered"):
            lowered(surrogate, kind, asked=lambda one: answers(one, data))
        return
    low = lowered(surrogate, kind, asked=lambda one: answers(one, data))
    exact = answers(surrogate, data)
    assert stored_bytes(low) < stored_bytes(surrogate)
    for name, values in answers(low, data).items():
        assert (values.dtype, values.shape) == (exact[name].dtype, exact[name].shape)
        assert torch.isfinite(values).all()
        # of things that are found, those nearly as sure as each other may change their slots
        ranked = surrogate.learns is Detections and name not in ("present", "mask")
        if kind in ("bfloat16", "int8") and not ranked:
            assert (values - exact[name]).abs().max() <= 0.2 * exact[name].abs().max()
    assert all(torch.equal(tensor, before[name]) for name, tensor in surrogate.tensors().items())


def has_inner_layers(surrogate: Surrogate) -> bool:
    """Whether any layer has another behind it."""
    return any(len(matrix_layers(network)) > 1 for network in surrogate.networks().values())


def has_pairs(surrogate: Surrogate) -> bool:
    """Whether linear layers follow one another."""
    return any(True for network in surrogate.networks().values() for _ in neuron_pairs(network))


@pytest.mark.parametrize("how", ["full", "head", "adapters"])
def test_it_goes_on_learning_or_says_that_it_cannot(
    how: Any, name: str, trained: Trained, data: Data, tmp_path: Path
) -> None:
    surrogate, _ = trained
    before = {key: tensor.clone() for key, tensor in surrogate.tensors().items()}
    short = TrainingSettings(steps=4, batch=4, check_every=2)
    train: Any
    valid: Any
    train = valid = obstacles(samples=5, seed=7)
    if name in FORECASTERS:
        train, valid = in_memory(data[1][:2], INTERVAL), in_memory(data[0][:1], INTERVAL)
    elif surrogate.learns is KnownEquations:
        train = valid = KnownEquations(ROD, {"u": rods(1)["u"]}, 1.0, ("diffusivity",))
    if not isinstance(surrogate, Trainable):
        with pytest.raises(SurrogateError, match="cannot be trained on"):
            adapt(surrogate, train, valid, how=how, training=short)
        return
    on, record = adapt(surrogate, train, valid, how=how, training=short)
    assert record.finished
    after = on.tensors()
    assert after.keys() == before.keys()
    assert all(torch.equal(tensor, before[key]) for key, tensor in surrogate.tensors().items())
    moved = {key for key, tensor in after.items() if not torch.equal(tensor, before[key])}
    # of a stepper of states the network has a unit beside it, which is measured
    numbers = {key for key in after if key.startswith("network.") and key != "network.scale"}
    assert moved
    assert moved <= numbers
    assert len(moved) < len(numbers) or how == "full"
    on.save(tmp_path, fingerprint="a" * 64, record=record)
    said = answers(on, data)
    assert all(torch.equal(v, said[key]) for key, v in answers(load(tmp_path)[0], data).items())
