"""What is compared at equal size is of equal size within a tenth, and takes part where it is named."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from understudy.datasets.tasks import Direct
from understudy.experiments import kuramoto_sivashinsky, steady_flow
from understudy.experiments.stages import Candidate
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky
from understudy.surrogates.field_scaling import FieldScaling
from understudy.surrogates.surrogate import find_surrogate

NEW = {"transformer", "fourier"}


def numbers(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def network(candidate: Candidate) -> torch.nn.Module:
    """As it begins on the experiment's own grid."""
    surrogate: Any = find_surrogate(candidate.surrogate)(candidate.settings)
    if not isinstance(candidate.task, Direct):
        return surrogate.network(1, candidate.settings.stepping.coarse((64,)))  # type: ignore[no-any-return]
    grid = steady_flow.PRESETS["default"].system.grid
    fields = candidate.settings.fields
    inputs = {"distance": torch.zeros(2, *grid), "viscosity": torch.zeros(2)}
    outputs = {"psi": grid, "p": grid, "drag": (), "lift": ()}
    held: Any = dataclasses.make_dataclass("Held", ["inputs", "outputs", "trajectories"])(
        {name: values.numpy() + 1.0 for name, values in inputs.items()},
        {name: np.ones((2, 1, *shape)) for name, shape in outputs.items()},
        2,
    )
    surrogate.scaling = scaling = FieldScaling.measure(held, fields)
    return surrogate.network(inputs=scaling.inputs, outputs=scaling.outputs, grid=scaling.grid)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("found", "yardstick"),
    [
        (kuramoto_sivashinsky.PRESETS["default"].candidates, "cnn"),
        (
            kuramoto_sivashinsky.steppers(
                "paper", kuramoto_sivashinsky.stepping(KuramotoSivashinsky(), 0.25), points=64
            ),
            "cnn",
        ),
        (steady_flow.PRESETS["default"].candidates, "mixer"),
        (steady_flow.PRESETS["paper"].candidates, "mixer"),
    ],
    ids=["lines", "lines, paper", "flows", "flows, paper"],
)
def test_they_have_as_many_numbers_to_learn_within_a_tenth(
    found: dict[str, Candidate], yardstick: str
) -> None:
    wanted = numbers(network(found[yardstick]))
    sizes = {label: numbers(network(found[label])) for label in (*NEW, "small-unet") if label in found}
    assert all(0.9 * wanted <= size <= 1.1 * wanted for size in sizes.values()), (wanted, sizes)


@pytest.mark.parametrize("experiment", [kuramoto_sivashinsky, steady_flow])
@pytest.mark.parametrize("size", ["quick", "default"])
def test_they_take_part_where_they_are_named_and_only_there(experiment: Any, size: str) -> None:
    found = experiment.PRESETS[size].candidates
    assert {*found} >= NEW
    assert not any(found[label].by_default for label in (*NEW, "small-unet") if label in found)


@pytest.mark.parametrize("points", [16, 32, 48, 128])
def test_the_fourier_stepper_fits_every_line_that_the_experiment_takes(points: int) -> None:
    system = KuramotoSivashinsky(10.0, points)
    found = kuramoto_sivashinsky.candidates(system, size="default", main=0.25, fine=1 / 16)["fourier"]
    made: Any = find_surrogate(found.surrogate)(found.settings)
    grid = found.settings.stepping.coarse((points,))
    assert made.network(1, grid)(torch.zeros(1, 1, *grid)).shape == (1, 1, *grid)
