"""Pairs learned again as a symmetry sees them: each is what the solver would answer to the image's query."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from understudy.datasets.chosen_pairs import ChosenPairs
from understudy.datasets.corrections import Corrected
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.images import Seen, WithImages
from understudy.datasets.pairs import Pairs
from understudy.datasets.tasks import Direct, TimeConditioned
from understudy.datasets.training_set import TrainingSet
from understudy.solvers.contract import SolverError
from understudy.solvers.kuramoto_sivashinsky import KIT as KS
from understudy.solvers.steady_flow.stream_newton import StreamNewton
from understudy.solvers.steady_flow.system import SteadyFlow
from understudy.solvers.three_body import Regularised, ThreeBody
from understudy.solvers.three_body.pose import Pose

ONCE = np.zeros(1)
SYSTEM = SteadyFlow(16, 32)
NAMES = ("u", "v", "p", "psi", "drag", "lift")
ENOUGH = 3e-5
"""Of float32 that solvers and differences made less certain."""


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    """Three to learn from."""
    settings = GenerateSettings(
        train_trajectories=3,
        valid_trajectories=2,
        test_trajectories=1,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        trajectories_per_shard=3,
        workers=1,
    )
    return generate(SYSTEM, StreamNewton(SYSTEM), settings, folder=Path(tmp_path_factory.mktemp("s")) / "s")


def stacked(pairs: Pairs) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Inputs and outputs of all."""
    return pairs.batch(range(len(pairs)))


def close(one: np.ndarray, other: np.ndarray) -> bool:
    """In units of the largest."""
    return bool(np.abs(one - other).max() <= ENOUGH * np.abs(other).max())


def test_the_solver_answers_each_image_as_the_pair_says(flows: TrainingSet) -> None:
    pairs = Direct(outputs=NAMES, images=True).examples(flows, "train")
    inputs, outputs = stacked(pairs)
    plain, _ = stacked(Direct(outputs=NAMES).examples(flows, "train"))
    assert len(pairs) == 6
    assert np.array_equal(inputs["distance"][:3], plain["distance"])
    assert not np.allclose(inputs["distance"][3:], plain["distance"], atol=0.01)
    solved = StreamNewton(SYSTEM)(inputs, ONCE)
    fluid = inputs["distance"] > 0
    for name in NAMES:
        said, true = outputs[name], solved.values[name][:, 0]
        where = fluid if name == "p" else np.ones(said.shape, bool)
        assert close(np.where(where, said, 0.0), np.where(where, true, 0.0)), name


def test_corrections_of_images_lead_from_their_own_rough_answers_to_their_truth(flows: TrainingSet) -> None:
    rough = StreamNewton(SYSTEM, rows=8, tolerance=1e-8)
    inputs, outputs = stacked(Corrected(rough, outputs=NAMES, images=True).examples(flows, "train"))
    said = rough(inputs, ONCE).values
    true = StreamNewton(SYSTEM)(inputs, ONCE).values
    assert len(inputs["distance"]) == 6
    for name in ("u", "v", "psi", "drag", "lift"):
        assert close(inputs[f"rough/{name}"], said[name][:, 0]), name
        assert close(inputs[f"rough/{name}"] + outputs[name], true[name][:, 0]), name


def test_a_surrogate_answers_the_image_of_a_query() -> None:
    class Half:
        device, dtype = torch.device("cpu"), torch.float64
        input_shapes: ClassVar = {"distance": SYSTEM.grid}

        def __call__(self, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return {"u": inputs["distance"] / 2}

    (mirrored,) = SYSTEM.symmetries
    query = SYSTEM.draw([np.random.default_rng(0)])
    image = mirrored({**query, "guess/psi": np.ones((1, *SYSTEM.grid))})
    assert np.array_equal(image["guess/psi"][:, :-1], np.zeros((1, 15, 32)))
    said = Direct().answer(Half())(image, ONCE).values["u"][:, 0]
    assert np.array_equal(said, query["distance"][:, ::-1] / 2)


def test_images_of_timed_pairs_are_what_the_solver_says_of_their_starts(tmp_path: Path) -> None:
    """Of three bodies: each trajectory in a pose of its own, then all of these turned again."""
    system = ThreeBody(mass_ratio=2.0, speed=0.2)
    solver = Regularised(system, tolerance=1e-12)
    settings = GenerateSettings(
        train_trajectories=3,
        valid_trajectories=1,
        test_trajectories=1,
        train_frames=4,
        valid_frames=4,
        test_frames=4,
        interval=0.1,
        workers=1,
    )
    bodies = generate(system, solver, settings, folder=tmp_path / "bodies")
    plain = TimeConditioned().examples(bodies, "train")
    poses = [Pose.drawn(np.random.default_rng(i)) for i in range(3)]
    pairs = WithImages(Seen(plain, poses), (Pose(angle=1.0, shift=(0.3, -0.2)), Pose(order=(2, 0, 1))))
    assert (len(pairs), pairs.trajectories, pairs.frames) == (36, 9, 4)
    held = pairs.held()
    solved = solver(held.inputs, plain.times)
    for name in ("x", "y", "vx", "vy"):
        assert close(held.outputs[name], solved.values[name]), name
    for place, pose in enumerate(poses):
        asked = pose(plain.trajectory(place)[0])
        assert np.array_equal(held.inputs["x"][place], asked["x"]), "a pose of its own"
    inputs, outputs = pairs[4 * 7 + 2]
    assert inputs["time"] == plain.times[2]
    assert np.array_equal(inputs["mass"], held.inputs["mass"][7])
    assert np.array_equal(outputs["vy"], held.outputs["vy"][7, 2])
    with pytest.raises(SolverError, match="a symmetry of its own, got 2 for 3"):
        Seen(plain, poses[:2])


def test_chosen_pairs_are_these_in_their_order(flows: TrainingSet) -> None:
    pairs = Direct(outputs=("psi",)).examples(flows, "train")
    some = ChosenPairs(pairs, [2, 0])
    assert len(some) == 2
    for place, own in ((0, 2), (1, 0)):
        assert np.array_equal(some[place][1]["psi"], pairs[own][1]["psi"])
    with pytest.raises(IndexError, match="pair 2 of 2"):
        some[2]
    with pytest.raises(IndexError, match="trajectory 3 of 3"):
        ChosenPairs(pairs, [3])


def test_held_in_memory_they_are_the_same(flows: TrainingSet) -> None:
    pairs = Direct(outputs=("psi", "lift"), images=True).examples(flows, "train")
    held = pairs.held()
    inputs, outputs = stacked(pairs)
    assert len(held) == len(pairs)
    for name, values in inputs.items():
        assert np.array_equal(held.inputs[name], values)
    for name, values in outputs.items():
        assert np.array_equal(held.outputs[name][:, 0], values)
    with pytest.raises(IndexError, match="pair 6 of 6"):
        pairs[6]
    with pytest.raises(IndexError, match="pair 6 of 6"):
        pairs.trajectory(6)


def test_only_what_is_learned_from_has_images(flows: TrainingSet) -> None:
    for task in (Direct(images=True), Corrected(StreamNewton(SYSTEM, rows=8), outputs=("u",), images=True)):
        assert len(task.examples(flows, "valid")) == 2


def test_a_system_without_symmetry_has_no_images(tmp_path: Path) -> None:
    system = KS.system()
    settings = GenerateSettings(
        train_trajectories=1,
        valid_trajectories=1,
        test_trajectories=1,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=0.25,
        transient=0.0,
        workers=1,
    )
    made = generate(system, KS.standard(system), settings, folder=tmp_path / "waves")
    with pytest.raises(SolverError, match="no symmetries"):
        Direct(images=True).examples(made, "train")
