"""How many samples are images under symmetries worth? Three bodies in any pose, and flows past obstacles.

Three bodies at rest are drawn in a frame of reference of their own, which leaves no symmetry. They are met in
any: turned, mirrored and numbered anew (not moved: what a network is given lies about the barycentre). A
network learns them as they are met, with images of these besides, or in their own frame, which asks who uses
it to turn each query there and the answer back. A flow past an obstacle has one image, mirrored in the middle
of the channel. Whatever the number of samples and images, there are equally many steps of descent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.chosen_pairs import ChosenPairs
from ..datasets.generate import GenerateSettings
from ..datasets.images import Seen, WithImages
from ..datasets.pairs import Pairs
from ..datasets.tasks import Direct, TimeConditioned
from ..solvers.three_body import KIT, ThreeBody
from ..solvers.three_body.pose import Pose
from ..surrogates.answering import AnsweringSettings
from ..surrogates.dense import Dense
from ..surrogates.field_mixer import FieldMixer
from ..surrogates.training import TrainingSettings
from .bench_low_cost_problems import channel, flow_error, of_steps
from .bench_rounds import busy_note, load, write_part
from .bench_structure_learning import Way, learning_curves, learning_figure, learning_table
from .compare import ComparisonError
from .figures import save
from .stages import generate_sets

__all__ = ["NAMES", "PRESETS", "Settings", "pair_error", "run", "table"]

PROBLEMS = ("bodies", "flow")
ALONE, IMAGES, FRAME = "as they are", "with images", "in their own frame"


@dataclass(frozen=True)
class Settings:
    """What is learned, from how much.

    Attributes:
        problems: `bodies`, `flow`.
        starts: of three bodies that are learned from, in turn.
        images: of each, in random poses.
        horizon, frames: of their trajectories, and how many times of each are learned.
        hidden: widths of their network.
        body_steps: of its descent.
        shapes: whose flows are learned from, in turn.
        rows: of their grid.
        channels, layers: of their network.
        flow_steps: of its descent.
        judged: starts and shapes of the test split.
        seeds: of networks.
        threads: of training.
    """

    problems: tuple[str, ...] = PROBLEMS
    starts: tuple[int, ...] = (30, 120, 480)
    images: int = 15
    horizon: float = 1.0
    frames: int = 20
    hidden: tuple[int, ...] = (128, 128, 128)
    body_steps: int = 2_500
    shapes: tuple[int, ...] = (25, 100, 400)
    rows: int = 32
    channels: int = 24
    layers: int = 2
    flow_steps: int = 700
    judged: int = 200
    seeds: int = 3
    threads: int = 1


NAMES: dict[str, tuple[str, ...]] = {"problems": PROBLEMS}
PRESETS = {
    "quick": Settings(
        starts=(8, 16),
        images=3,
        frames=6,
        hidden=(16,),
        body_steps=20,
        shapes=(8, 16),
        rows=24,
        channels=8,
        layers=1,
        flow_steps=10,
        judged=10,
        seeds=1,
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train all, or what is missing; results are written after each network, a figure in the end."""
    before, rows = load(), []
    results: dict[str, Any] = {}

    def done(row: dict[str, Any]) -> None:
        nonlocal results
        rows.append(row)
        results = write_part(
            {"rows": rows}, settings=settings, threads=settings.threads, load_before=before, path=path
        )

    folder = path.parent
    learn = partial(
        learning_curves,
        seeds=settings.seeds,
        threads=settings.threads,
        folder=folder / "learned",
        done=done,
    )
    if "bodies" in settings.problems:
        learn("three bodies", bodies(settings, folder=folder), samples=settings.starts)
    if "flow" in settings.problems:
        learn("flow past a shape", flows(settings, folder=folder), samples=settings.shapes)
    figure = learning_figure(
        results["rows"],
        title="Samples with their images under symmetries, and without, after equally many steps",
        samples="samples that a solver has answered",
        error=f"{ERROR};\nof flows its median over shapes",
    )
    save(figure, path.with_suffix(".png"))
    return results


SPARE = 1.3
"""Shapes that are solved for each that is learned: on coarse grids the solver fails on some."""
ERROR = "||error|| / ||truth|| on test queries"


def bodies(settings: Settings, *, folder: Path) -> dict[str, Way]:
    """Three bodies as they are met, with images of these, and in their own frame."""
    system = ThreeBody()
    sizes = GenerateSettings(
        train_trajectories=max(settings.starts),
        valid_trajectories=settings.judged,
        test_trajectories=settings.judged,
        train_frames=settings.frames + 1,
        valid_frames=settings.frames + 1,
        test_frames=settings.frames + 1,
        interval=settings.horizon / settings.frames,
        seed=51,
    )
    bodies_set = generate_sets({"bodies": (KIT.standard(system), sizes)}, folder=folder)["bodies"]
    task = TimeConditioned(outputs=("x", "y"))
    own = {split: task.examples(bodies_set, split) for split in ("train", "valid", "test")}
    met = {
        split: Seen(pairs, [_pose(place, split) for place in range(pairs.trajectories)])
        for split, pairs in own.items()
    }
    images = [Pose.drawn(np.random.default_rng([52, i])) for i in range(settings.images)]
    network = Dense.Settings(
        hidden=settings.hidden,
        activation="silu",
        answering=AnsweringSettings(loss="mae", frames=8),
        training=of_steps(TrainingSettings(batch=64, learning_rate=3e-3), settings.body_steps),
    )
    new = partial(Dense, network, dtype=torch.float32)

    def way(pairs: Mapping[str, Pairs], symmetries: Sequence[Pose] = ()) -> Way:
        return Way(
            new,
            lambda count: WithImages(ChosenPairs(pairs["train"], range(count)), symmetries),
            pairs["valid"],
            lambda surrogate: (pair_error(surrogate, pairs["valid"]), pair_error(surrogate, pairs["test"])),
        )

    return {ALONE: way(met), IMAGES: way(met, images), FRAME: way(own)}


def flows(settings: Settings, *, folder: Path) -> dict[str, Way]:
    """Flows as they are, and with their mirror images."""
    problem = channel(
        "flows",
        rows=settings.rows,
        shapes=round(SPARE * max(settings.shapes)),
        surrogates=("mixer",),
        steps=settings.flow_steps,
        seed=53,
        judged=settings.judged,
    )
    flow_set = problem.training_set(folder)
    (candidate,) = problem.candidates.values()
    assert isinstance(candidate.task, Direct)
    task = dataclasses.replace(candidate.task, images=False)
    train, valid = (task.examples(flow_set, split) for split in ("train", "valid"))
    if train.trajectories < max(settings.shapes):
        raise ComparisonError(
            f"on {settings.rows} rows only {train.trajectories} shapes could be solved, which is less than "
            f"--symmetry.shapes asks for ({max(settings.shapes)}); give more --symmetry.rows, or fewer shapes"
        )
    chosen = dataclasses.replace(candidate.settings, channels=settings.channels, layers=settings.layers)

    def way(symmetries: Sequence[Any]) -> Way:
        return Way(
            partial(FieldMixer, chosen, dtype=torch.float32),
            lambda count: WithImages(ChosenPairs(train, range(count)), symmetries),
            valid,
            lambda surrogate: (
                flow_error(surrogate, flow_set, "valid"),
                flow_error(surrogate, flow_set, "test"),
            ),
        )

    return {ALONE: way(()), IMAGES: way(flow_set.system.symmetries)}


def pair_error(surrogate: Any, pairs: Pairs) -> float:
    """Root mean square over all pairs and outputs together, in units of the truth's."""
    held = pairs.held()
    inputs, outputs = held.batch(np.arange(len(held)))
    given = {name: torch.from_numpy(v).to(surrogate.device, surrogate.dtype) for name, v in inputs.items()}
    said = surrogate(given)
    wrong = sum(float(((said[n].double().numpy() - truth) ** 2).sum()) for n, truth in outputs.items())
    error = (wrong / sum(float((truth**2).sum()) for truth in outputs.values())) ** 0.5
    return error if np.isfinite(error) else float("inf")


def _pose(place: int, split: str) -> Pose:
    """In which a trajectory is met."""
    return Pose.drawn(np.random.default_rng([54, ("train", "valid", "test").index(split), place]))


def table(results: Mapping[str, Any]) -> str:
    """Errors by samples, with images and without."""
    return "\n".join(
        [
            *learning_table(results["rows"]),
            f"error: {ERROR}; of flows its median over shapes; {results['settings']['images']} images of "
            "each start, one of each shape",
            "of all ways the best weights are chosen on the same validation split, which has no images",
            *busy_note(results),
        ]
    )
