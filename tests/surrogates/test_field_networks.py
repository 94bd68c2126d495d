"""Networks of fields learn what they must be able to learn, on grids of any size."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, swings
from scipy.fft import dctn, idctn
from understudy.datasets.pairs import Pairs
from understudy.surrogates.field_cnn import FieldCNN
from understudy.surrogates.field_dense import FieldDense
from understudy.surrogates.field_fit import FieldFit
from understudy.surrogates.field_mixer import FieldMixer
from understudy.surrogates.field_scaling import FieldScaling
from understudy.surrogates.field_settings import FieldSettings
from understudy.surrogates.gated_unet import GatedUNet
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.unet import UNet

SHORT = TrainingSettings(steps=300, batch=16, check_every=100, learning_rate=5e-3, optimiser="adam")
SMALL: dict[type[Any], dict[str, Any]] = {
    FieldDense: {"hidden": (64,)},
    FieldCNN: {"encoder": (16, 32), "strides": (3, 2), "code": 64, "decoder": (32, 16)},
    GatedUNet: {"channels": 6, "levels": 2, "dropout": 0.0},
    UNet: {"channels": 12, "levels": 2},
    FieldMixer: {"channels": 24, "layers": 2, "patch": 3},
}
KINDS = pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.__name__)


def make(kind: Any, *, fields: FieldSettings = FieldSettings(), training: TrainingSettings = SHORT) -> Any:  # noqa: B008
    return kind(kind.Settings(**SMALL[kind], fields=fields, training=training))


def potentials(samples: int, seed: int, grid: tuple[int, int] = (12, 17)) -> Pairs:
    """Sources -> their potential, which the whole domain decides; and its mean, a number."""
    generator = np.random.default_rng(seed)
    source = generator.standard_normal((samples, *grid))
    strength = generator.uniform(0.5, 2.0, samples)
    k, m = np.meshgrid(*(np.arange(n) for n in grid), indexing="ij")
    decay = 1 / (1 + k**2 + m**2)
    potential = strength[:, None, None] * idctn(decay * dctn(source, axes=(1, 2)), axes=(1, 2))
    asked: Any = Asked(
        source=source, strength=strength, potential=potential, mean=potential.mean(axis=(1, 2))
    )
    return Pairs(asked, inputs=("source", "strength"), outputs=("potential", "mean"))


def tensors(named: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in named.items()}


@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        (FieldDense, "mse"),
        (FieldMixer, "relative"),
        *(
            pytest.param(kind, loss, marks=pytest.mark.slow)
            for kind in SMALL
            for loss in ("mse", "mae", "rms", "relative")
            if (kind, loss) not in ((FieldDense, "mse"), (FieldMixer, "relative"))
        ),
    ],
)
def test_it_overfits_eight_samples(kind: Any, loss: Any) -> None:
    pairs = potentials(8, 0)
    # slopes of absolute errors do not shrink with them, so that steps must
    longer = dataclasses.replace(SHORT, steps=4000 if loss == "mae" else 1000, learning_rate=3e-3)
    network = make(kind, fields=FieldSettings(loss=loss), training=longer)
    assert network.fit(pairs, pairs, seed=0).validation_error < 0.06
    inputs, outputs = pairs.batch(range(8))
    said = network(tensors(inputs))
    gap = said["potential"].numpy() - outputs["potential"]
    assert np.abs(gap).mean() < 0.06 * np.abs(outputs["potential"]).mean()
    assert np.abs(said["mean"].numpy() - outputs["mean"]).max() < 0.2 * np.abs(outputs["mean"]).max()


@pytest.mark.slow
def test_the_u_net_learns_what_the_whole_domain_decides_and_the_dense_one_learns_by_heart() -> None:
    errors = {}
    for kind in (UNet, FieldDense):
        network = make(kind, training=dataclasses.replace(SHORT, steps=600))
        errors[kind] = network.fit(potentials(400, 0), potentials(40, 1), seed=0).validation_error
    assert errors[UNet] < 0.25
    assert errors[UNet] < 0.7 * errors[FieldDense]


@pytest.mark.slow
def test_slopes_are_learned_where_they_are_what_counts() -> None:
    """Of the same network, that which compares slopes has the better ones."""
    judged = potentials(40, 1)
    inputs, outputs = judged.batch(range(40))
    errors = []
    for slopes in (("potential",), ()):
        network = make(UNet, fields=FieldSettings(slopes=slopes))
        network.fit(potentials(200, 0), judged, seed=0)
        said = network(tensors(inputs))["potential"].numpy()
        gap = said - outputs["potential"]
        errors.append(sum((np.diff(gap, axis=axis) ** 2).mean() for axis in (1, 2)))
    assert errors[0] < errors[1]


def test_a_field_that_never_varies_comes_back_as_it_is() -> None:
    generator = np.random.default_rng(0)
    values = {"a": generator.random((12, 6, 4)), "still": np.repeat(generator.random((1, 6, 4)), 12, axis=0)}
    source: Any = Asked(**values, b=3 * values["a"])
    pairs = Pairs(source, inputs=("a",), outputs=("b", "still"))
    network = make(UNet, training=dataclasses.replace(SHORT, steps=100))
    network.fit(pairs, pairs, seed=0)
    said = network({"a": torch.from_numpy(values["a"][:3])})
    np.testing.assert_allclose(said["still"].numpy(), values["still"][:3], atol=0.02)


@KINDS
def test_timed_pairs_and_fields_on_several_grids_are_refused(kind: Any) -> None:
    with pytest.raises(SurrogateError, match="steady fields; pose the task as Direct"):
        make(kind).fit(swings(20, 0), swings(5, 1), seed=0)
    source: Any = Asked(a=np.zeros((4, 3, 3)), b=np.zeros((4, 5)))
    pairs = Pairs(source, inputs=("a",), outputs=("b",))
    with pytest.raises(SurrogateError, match="one grid of two axes"):
        make(kind).fit(pairs, pairs, seed=0)


def test_a_loss_that_is_not_known_is_refused() -> None:
    with pytest.raises(SurrogateError, match="mse, mae, rms or relative"):
        FieldSettings(loss="mean")  # type: ignore[arg-type]


def shapes(samples: int, seed: int, grid: tuple[int, int] = (10, 14)) -> Pairs:
    """Discs -> what grows with the square of the distance from them, and nothing within: a field with an
    edge; a signed one; and the area, which is positive.
    """
    generator = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.arange(n) / 10 for n in grid), indexing="ij")
    middle = generator.uniform(0.3, 0.7, (samples, 2, 1, 1))
    radius = generator.uniform(0.1, 0.3, samples)
    distance = np.hypot(x - middle[:, 0], y - middle[:, 1]) - radius[:, None, None]
    away = 1 - np.exp(-((np.maximum(distance, 0) / 0.2) ** 2))
    asked: Any = Asked(distance=distance, away=away, twist=away * (x - 0.6), area=np.pi * radius**2)
    return Pairs(asked, inputs=("distance",), outputs=("away", "twist", "area"))


def scaled(**settings: Any) -> FieldScaling:
    return FieldScaling.measure(shapes(20, 0).held(), FieldSettings(**settings))


def test_an_edge_is_shown_as_its_inside_and_as_what_rises_beyond() -> None:
    scaling = scaled(edge="distance", edge_scales=(0.0, 0.2))
    inputs, outputs = shapes(6, 1).batch(range(6))
    channels = scaling.channels(tensors(inputs))
    assert channels.shape == (6, scaling.inputs, 10, 14)
    np.testing.assert_array_equal(channels[:, 1], inputs["distance"] < 0)
    np.testing.assert_allclose(channels[:, 2], outputs["away"], atol=1e-12)
    alone = scaled(edge="distance", edge_scales=(0.0,), plain=False)
    assert alone.inputs == 3
    np.testing.assert_array_equal(alone.channels(tensors(inputs))[:, 0], inputs["distance"] < 0)


def test_an_edge_can_be_taken_between_points() -> None:
    scaling = scaled(edge="distance", edge_scales=(0.0,), edge_at=(0.5, 0.25))
    distance = np.tile(np.arange(14.0) - 6.5, (1, 10, 1)) + 0.5 * np.arange(10.0)[:, None]
    inside = scaling.channels({"distance": torch.from_numpy(distance)})[0, 1, :9, :13].numpy()
    np.testing.assert_array_equal(inside, (distance + 0.25 + 0.25 < 0)[0, :9, :13])


def test_a_number_that_is_always_positive_stays_so() -> None:
    scaling = scaled()
    said = scaling.named(torch.full((3, scaling.outputs, 10, 14), -50.0, dtype=torch.float64))
    assert (said["area"] > 0).all()
    assert (said["away"] < 0).any()


def test_an_ending_of_relu_answers_nothing_negative_and_so_misses_what_is() -> None:
    pairs = shapes(60, 0)
    inputs, outputs = pairs.batch(range(20))
    gaps = {}
    for ending in ("none", "relu", "tanh"):
        network = make(
            FieldMixer,
            fields=FieldSettings(ending=ending, centred=False),  # type: ignore[arg-type]
            training=dataclasses.replace(SHORT, steps=150),
        )
        network.fit(pairs, pairs, seed=0)
        said = network(tensors(inputs))["twist"].numpy()
        gaps[ending] = np.sqrt(((said - outputs["twist"]) ** 2).mean() / (outputs["twist"] ** 2).mean())
        if ending == "relu":
            assert said.min() >= 0
    floor = np.sqrt((np.minimum(outputs["twist"], 0) ** 2).sum() / (outputs["twist"] ** 2).sum())
    assert floor > 0.3
    assert 0.99 * floor < gaps["relu"] < 1.3 * floor
    assert max(gaps["none"], gaps["tanh"]) < 0.5 * floor


def test_components_of_one_vector_have_one_unit() -> None:
    apart, together = (scaled(together=answer, centred=False) for answer in (False, True))
    assert apart.scale[0] > 2 * apart.scale[1]
    assert together.scale[0] == together.scale[1]
    np.testing.assert_allclose(together.scale[0] ** 2, (apart.scale**2).mean())


def test_functions_of_the_edge_help_where_the_answer_has_one() -> None:
    errors = []
    for edge in ({"edge": "distance", "edge_scales": (0.0, 0.2)}, {}):
        network = make(FieldMixer, fields=FieldSettings(loss="relative", **edge))  # type: ignore[arg-type]
        errors.append(network.fit(shapes(200, 0), shapes(40, 1), seed=0).validation_error)
    assert errors[0] < 0.5 * errors[1]
    assert errors[0] < 0.05


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ending": "sigmoid"}, "none, relu or tanh"),
        ({"edge": "distance"}, "an edge needs scales"),
        ({"edge_scales": (0.1,)}, "scales need an edge"),
        ({"edge": "distance", "edge_scales": (-1.0,)}, "at least 0"),
        ({"edge_at": (2.0, 0.0)}, "two numbers from 0 to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, said: str) -> None:
    with pytest.raises(SurrogateError, match=said):
        FieldSettings(**settings)


def test_fields_that_are_not_there_are_refused_by_name() -> None:
    with pytest.raises(SurrogateError, match="slopes names 'distance'"):
        scaled(slopes=("distance",))
    with pytest.raises(SurrogateError, match="edge names 'away'"):
        scaled(edge="away", edge_scales=(0.1,))


SCALED = {"scaled": ("away", "twist"), "scaled_by": "area"}


def test_what_is_scaled_comes_back_as_it_was() -> None:
    pairs = shapes(8, 1)
    scaling = FieldScaling.measure(pairs.held(), FieldSettings(**SCALED))  # type: ignore[arg-type]
    seen = scaling.encoded(pairs.held(), device=torch.device("cpu"))
    grid = torch.ones(1, 1, 10, 14)
    said = scaling.named(torch.cat([seen.fields, seen.numbers[..., None, None] * grid], dim=1).double())
    for name, true in pairs.batch(range(8))[1].items():
        np.testing.assert_allclose(said[name].numpy(), true, rtol=1e-4, atol=1e-4)
    held = pairs.held()
    held.outputs["area"][3] = 0.0
    with pytest.raises(SurrogateError, match="not always positive"):
        FieldScaling.measure(held, FieldSettings(**SCALED))  # type: ignore[arg-type]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("loss", ["mse", "mae", "rms", "relative"])
def test_the_loss_is_what_the_settings_say(loss: Any, together: bool) -> None:
    """Written a second time, of a network that answers nothing, so that the wanted fields are the errors."""
    slopes = () if together else ("away",)
    settings = FieldSettings(loss=loss, others=0.3, together=together, slopes=slopes)
    held = shapes(6, 1).held(dtype="float32")
    scaling = FieldScaling.measure(held, settings)
    seen = scaling.encoded(held, device=torch.device("cpu"))
    nothing = torch.nn.Conv2d(scaling.inputs, scaling.outputs, 1)
    torch.nn.init.zeros_(nothing.weight)
    torch.nn.init.zeros_(nothing.bias)  # type: ignore[arg-type]
    fit = FieldFit(seen, seen, scaling=scaling)
    found = float(fit.loss(nothing, torch.arange(6), torch.Generator()).detach())

    wanted, offset = seen.fields.numpy(), (scaling.mean / scaling.scale[:, None, None]).numpy()
    away, twist = ([wanted[:, k]] for k in (0, 1))
    whole = [[(wanted + offset)[:, k]] for k in (0, 1)]
    unit = 1.0
    if slopes:
        whole[0] = [np.diff(whole[0][0], axis=axis) for axis in (1, 2)]
        unit = _flat([np.diff(away[0], axis=axis) for axis in (1, 2)]).std(mean=0.0)
        away = [np.diff(away[0], axis=axis, prepend=0.0) for axis in (1, 2)]
    groups = (
        [(away + twist, whole[0] + whole[1], 1.0)]
        if together
        else [
            (away, whole[0], unit),
            (twist, whole[1], 1.0),
        ]
    )
    parts = []
    for error, true, own in groups:
        squares, sizes = ([sum((p[i] ** 2).sum() for p in of) for i in range(6)] for of in (error, true))
        points = sum(p[0].size for p in error)
        parts.append(
            {
                "mse": (_flat(error) ** 2).mean() / own**2,
                "mae": np.abs(_flat(error)).mean() / own,
                "rms": np.sqrt(np.array(squares) / points).mean() / own,
                "relative": np.sqrt(np.array(squares) / np.array(sizes)).mean(),
            }[loss]
        )
    expected = parts[0] + 0.3 * sum(parts[1:]) + 0.3 * float((seen.numbers**2).mean())
    assert found == pytest.approx(expected, rel=1e-4)


def _flat(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([part.ravel() for part in parts])


@pytest.mark.parametrize("loss", ["mse", "rms", "relative"])
def test_constants_are_learned_and_answered_as_they_are(loss: Any) -> None:
    generator = np.random.default_rng(0)
    a = generator.random((20, 6, 4))
    values = {"still": np.repeat(generator.random((1, 6, 4)), 20, axis=0), "nothing": np.zeros((20, 6, 4))}
    source: Any = Asked(a=a, nu=np.full(20, 0.1), b=3 * a, mass=np.full(20, 7.0), **values)
    pairs = Pairs(source, inputs=("a", "nu"), outputs=("b", "still", "nothing", "mass"))
    network = make(FieldDense, fields=FieldSettings(loss=loss))
    network.fit(pairs, pairs, seed=0)
    inputs, outputs = pairs.batch(range(20))
    said = network(tensors(inputs))
    for name, true in outputs.items():
        assert np.sqrt(((said[name].numpy() - true) ** 2).mean()) < 0.2, name
    np.testing.assert_allclose(said["nothing"].numpy(), 0, atol=1e-12)
    np.testing.assert_allclose(said["mass"].numpy(), 7, rtol=0.05)


class Interrupted(Exception):
    """Stands for a crash in the middle of a training."""


def test_a_training_that_leaves_numbers_out_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clipped = dataclasses.replace(SHORT, steps=12, check_every=4, clip=1e9)

    def fresh() -> GatedUNet:
        return GatedUNet(GatedUNet.Settings(channels=4, levels=1, dropout=0.5, training=clipped))

    whole = fresh()
    whole.fit(potentials(32, 0), potentials(8, 1), seed=3)
    calls = 0

    def crash(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise Interrupted

    def count(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1

    with monkeypatch.context() as patch:
        patch.setattr("torch.nn.utils.clip_grad_norm_", crash)
        with pytest.raises(Interrupted):
            fresh().fit(potentials(32, 0), potentials(8, 1), seed=3, folder=tmp_path)
        assert list(tmp_path.glob("*checkpoint*"))
    resumed, calls = fresh(), 0
    with monkeypatch.context() as patch:
        patch.setattr("torch.nn.utils.clip_grad_norm_", count)
        resumed.fit(potentials(32, 0), potentials(8, 1), seed=3, folder=tmp_path)
    assert calls == 8  # from the checkpoint of the fourth step on
    assert all(torch.equal(t, resumed.tensors()[name]) for name, t in whole.tensors().items())


def test_more_pairs_than_memory_holds_are_refused_before_the_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FieldScaling, "bytes_encoded", lambda self, pairs: 10**18)
    with pytest.raises(SurrogateError, match=r"40 pairs take .* as the network sees them"):
        make(FieldDense).fit(potentials(32, 0), potentials(8, 1), seed=0)


def test_what_a_set_takes_in_memory_is_known_beforehand() -> None:
    held = shapes(300, 1).held(dtype="float32")  # more than a block
    scaling = FieldScaling.measure(held, FieldSettings(edge="distance", edge_scales=(0.0, 0.2)))
    seen = scaling.encoded(held, device=torch.device("cpu"))
    assert scaling.bytes_encoded(300) == seen.planes.nbytes + seen.fields.nbytes
    inputs = {name: torch.from_numpy(v).double() for name, v in held.inputs.items()}
    np.testing.assert_allclose(
        scaling.image(seen.planes, seen.levels).numpy(), scaling.channels(inputs).numpy(), atol=1e-5
    )
    wanted = np.stack([v[:, 0] for v in held.outputs.values() if v.ndim == 4], axis=1)
    found = scaling.mean.numpy() + scaling.scale[:, None, None].numpy() * seen.fields.numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
