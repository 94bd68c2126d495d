"""Networks of fields learn what they must be able to learn, on grids of any size."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked, swings
from scipy.fft import dctn, idctn
from understudy.datasets.pairs import Pairs
from understudy.surrogates.field_dense import FieldDense
from understudy.surrogates.field_settings import FieldSettings
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.unet import UNet

SHORT = TrainingSettings(steps=300, batch=16, check_every=100, learning_rate=5e-3, optimiser="adam")
SMALL: dict[type[Any], dict[str, Any]] = {FieldDense: {"hidden": (64,)}, UNet: {"channels": 12, "levels": 2}}
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
        *((FieldDense, loss) for loss in ("mse", "mae", "relative")),
        (UNet, "relative"),
        *(pytest.param(UNet, loss, marks=pytest.mark.slow) for loss in ("mse", "mae")),
    ],
)
def test_it_overfits_eight_samples(kind: Any, loss: Any) -> None:
    pairs = potentials(8, 0)
    longer = dataclasses.replace(SHORT, steps=1000, learning_rate=3e-3)
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
    with pytest.raises(SurrogateError, match="mse, mae or relative"):
        FieldSettings(loss="mean")  # type: ignore[arg-type]
