"""Several fields and numbers in, several out: each input counts for each output, and each output teaches."""

from typing import Any

import numpy as np
import pytest
import torch
from known_dynamics import Asked
from known_fields import tensors
from understudy.datasets.pairs import Pairs
from understudy.surrogates.field_network import FieldNetwork
from understudy.surrogates.field_settings import FieldSettings
from understudy.surrogates.field_transformer import FieldTransformer
from understudy.surrogates.fourier_operator import FourierOperator
from understudy.surrogates.training import TrainingSettings
from understudy.surrogates.unet import UNet

GRID = (10, 13)
INPUTS, OUTPUTS = ("distance", "force", "viscosity", "speed"), ("u", "v", "drag", "heat")
SMALL: dict[type[Any], dict[str, Any]] = {
    FieldTransformer: {"patch": 4, "width": 16, "heads": 2, "blocks": 2},
    FourierOperator: {"channels": 8, "modes": 3, "blocks": 2},
    UNet: {"channels": 8, "levels": 2},
}
SETTINGS = {
    "plain": FieldSettings(),
    "edge": FieldSettings(edge="distance", edge_scales=(0.0, 0.2)),
}


def flows(samples: int, seed: int) -> Pairs:
    """Two fields and two numbers -> two fields and two numbers, each of all four."""
    generator = np.random.default_rng(seed)
    distance, force = generator.standard_normal((2, samples, *GRID))
    viscosity, speed = generator.uniform(0.5, 2.0, (2, samples))
    both = speed[:, None, None] * distance + force / viscosity[:, None, None]
    values = {
        "u": both,
        "v": np.roll(both, 3, axis=2),
        "drag": (both**2).mean(axis=(1, 2)),
        "heat": both[:, 2, 3],
    }
    asked: Any = Asked(distance=distance, force=force, viscosity=viscosity, speed=speed, **values)
    return Pairs(asked, inputs=INPUTS, outputs=OUTPUTS)


@pytest.fixture(
    scope="module",
    params=[(kind, name) for kind in SMALL for name in SETTINGS],
    ids=lambda param: f"{param[0].__name__}, {param[1]}",
)
def network(request: pytest.FixtureRequest) -> FieldNetwork:
    """Trained a little: answers begin at zero, whatever the inputs are."""
    kind, name = request.param
    training = TrainingSettings(steps=20, batch=8, check_every=20, learning_rate=3e-3, optimiser="adam")
    made: FieldNetwork = kind(kind.Settings(**SMALL[kind], fields=SETTINGS[name], training=training))
    made.fit(flows(16, 0), flows(4, 1), seed=0)
    return made


def answered(
    network: FieldNetwork,
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Inputs that a gradient can be taken by, and what is said of them."""
    inputs = {n: v.requires_grad_() for n, v in tensors(flows(3, 2).batch(range(3))[0]).items()}
    assert network.scaling is not None
    assert network.module is not None
    return inputs, network.scaling.named(network.module(network.scaling.channels(inputs)))


def test_every_output_has_its_shape_and_is_what_a_call_says(network: FieldNetwork) -> None:
    inputs, said = answered(network)
    shapes = {name: tuple(values.shape) for name, values in said.items()}
    assert shapes == {"u": (3, *GRID), "v": (3, *GRID), "drag": (3,), "heat": (3,)}
    called = network(inputs)
    assert list(called) == list(OUTPUTS)
    for name, values in called.items():
        torch.testing.assert_close(values, said[name].detach(), rtol=0, atol=1e-9)
        assert not values.requires_grad


@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_of_each_output_reach_each_input_of_its_own_sample(
    network: FieldNetwork, output: str
) -> None:
    inputs, said = answered(network)
    slopes = torch.autograd.grad(said[output][1].square().sum(), list(inputs.values()))
    for name, slope in zip(inputs, slopes, strict=True):
        assert slope[1].abs().max() > 1e-12, f"{output} does not depend on {name}"
        assert not slope[[0, 2]].any(), f"{output} depends on {name} of another sample"


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_loss_of_each_output_alone_reaches_the_first_layer(network: FieldNetwork, output: str) -> None:
    _, said = answered(network)
    module: Any = network.module
    wanted = tensors(flows(3, 2).batch(range(3))[1])[output]
    (slope,) = torch.autograd.grad((said[output] - wanted).square().mean(), module.first.weight)
    assert (slope.flatten(1).abs().amax(dim=1) > 0).all()  # of every hidden number
