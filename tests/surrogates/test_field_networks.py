"""Networks of fields learn what they must be able to learn, on grids of any size."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, swings
from known_fields import shapes, tensors
from scipy.fft import dctn, idctn
from understudy.datasets.pairs import Pairs
from understudy.surrogates.field_cnn import FieldCNN
from understudy.surrogates.field_dense import FieldDense
from understudy.surrogates.field_mixer import FieldMixer
from understudy.surrogates.field_scaling import FieldScaling
from understudy.surrogates.field_settings import FieldSettings
from understudy.surrogates.field_transformer import FieldTransformer
from understudy.surrogates.fourier_operator import FourierOperator
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
    FieldTransformer: {"patch": 3, "width": 32, "heads": 4, "blocks": 2},
    FourierOperator: {"channels": 12, "modes": 5, "blocks": 2},
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


@pytest.mark.parametrize(
    ("kind", "loss", "steps"),
    [
        (FieldDense, "mse", 500),
        (FieldMixer, "relative", 500),
        *(
            # slopes of absolute errors do not shrink with them, so that steps must
            pytest.param(kind, loss, 4000 if loss == "mae" else 1000, marks=pytest.mark.slow)
            for kind in SMALL
            for loss in ("mse", "mae", "rms", "relative")
            if (kind, loss) not in ((FieldDense, "mse"), (FieldMixer, "relative"))
        ),
    ],
)
def test_it_overfits_eight_samples(kind: Any, loss: Any, steps: int) -> None:
    pairs = potentials(8, 0)
    longer = dataclasses.replace(SHORT, steps=steps, learning_rate=3e-3)
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


def test_functions_of_the_edge_help_where_the_answer_has_one() -> None:
    errors = []
    for edge in ({"edge": "distance", "edge_scales": (0.0, 0.2)}, {}):
        network = make(FieldMixer, fields=FieldSettings(loss="relative", **edge))  # type: ignore[arg-type]
        errors.append(network.fit(shapes(200, 0), shapes(40, 1), seed=0).validation_error)
    assert errors[0] < 0.5 * errors[1]
    assert errors[0] < 0.05


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
