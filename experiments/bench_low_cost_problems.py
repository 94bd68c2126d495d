"""Small problems on which cheap inference and adaptation are judged: a chaotic line, a channel, pipes."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.generate import GenerateSettings
from ..datasets.tasks import Autoregressive, Direct
from ..datasets.training_set import TrainingSet
from ..solvers.contract import System
from ..solvers.discovery import find_kit
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..solvers.pipe_flow.system import PipeFlow
from ..solvers.steady_flow.system import SteadyFlow
from ..surrogates.forecaster import Forecaster
from ..surrogates.training import TrainingSettings
from . import kuramoto_sivashinsky, pipe_flow, steady_flow
from .flow_measures import with_velocities
from .stages import Candidate, Trained, generate_sets, train_all

__all__ = [
    "Problem",
    "channel",
    "flow_error",
    "forecast_error",
    "friction_error",
    "further",
    "line",
    "of_steps",
    "pipes",
]

INTERVAL = 0.25
JUDGED = 120
"""Frames of each trajectory that is judged."""
AHEAD = 83
"""Steps of a longer forecast: a Lyapunov time at length 22, to the nearest step."""
APART = 12
"""Frames from one start of a forecast to the next."""
ONCE = np.zeros(1)


@dataclass(frozen=True)
class Problem:
    """What is learned, and how an answer is judged.

    Attributes:
        name: of its set on disk.
        system: whose solver makes the set.
        sizes: of the set.
        candidates: surrogates by label; in double precision, of which all forms can be made.
        error: (surrogate, set, split) -> relative error.
        ahead: the same of a longer forecast; None where nothing steps.
        in_words: what these errors are.
    """

    name: str
    system: System
    sizes: GenerateSettings
    candidates: Mapping[str, Candidate]
    error: Callable[[Any, TrainingSet, str], float]
    ahead: Callable[[Any, TrainingSet, str], float] | None
    in_words: str

    def training_set(self, folder: Path) -> TrainingSet:
        """Made, or just opened, below the folder."""
        wanted = {self.name: (find_kit(self.system.name).standard(self.system), self.sizes)}
        return generate_sets(wanted, folder=folder)[self.name]

    def trained(
        self, training_set: TrainingSet, *, folder: Path, threads: int, workers: int
    ) -> list[Trained]:
        """All candidates, trained or just loaded."""
        return train_all(
            self.candidates, {self.name: training_set}, folder=folder, threads=threads, workers=workers
        )


def line(
    name: str,
    *,
    length: float,
    trajectories: int,
    frames: int,
    surrogates: tuple[str, ...],
    steps: int,
    seed: int,
) -> Problem:
    """Kuramoto-Sivashinsky chaos, stepped; networks as those of its own experiment, `steps` of descent each,
    of the perceptron a quarter.
    """
    system = KuramotoSivashinsky(length, 64)
    task = kuramoto_sivashinsky.stepping(system, INTERVAL)
    sizes = GenerateSettings(
        train_trajectories=trajectories,
        valid_trajectories=8,
        test_trajectories=16,
        train_frames=frames,
        valid_frames=JUDGED,
        test_frames=JUDGED,
        interval=INTERVAL,
        transient=200.0,
        seed=seed,
        trajectories_per_shard=32,
    )
    every = kuramoto_sivashinsky.steppers("default", task, points=system.points)
    candidates = {
        f"{name}-{label}": _retold(every[label], name, steps=steps // 4 if label == "mlp" else steps)
        for label in surrogates
    }
    return Problem(
        name,
        system,
        sizes,
        candidates,
        functools.partial(forecast_error, task=task, steps=1),
        functools.partial(forecast_error, task=task, steps=AHEAD),
        f"||error|| / ||truth|| of a step of {INTERVAL:g}, and of {AHEAD} of them",
    )


def channel(
    name: str,
    *,
    rows: int,
    shapes: int,
    surrogates: tuple[str, ...],
    steps: int,
    seed: int,
    judged: int | None = None,
) -> Problem:
    """Steady flows past obstacles, at once; networks as those of its own experiment, `steps` of descent each,
    of the U-Net a third. `judged` shapes are in the test split, half as many in that for validation; by
    default a fifth of those that are learned.
    """
    system = SteadyFlow(rows, 2 * rows, most_reynolds=30.0)
    sizes = GenerateSettings(
        train_trajectories=shapes,
        valid_trajectories=max(8, (shapes // 5 if judged is None else judged) // 2),
        test_trajectories=max(8, shapes // 5) if judged is None else judged,
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=seed,
        trajectories_per_shard=64,
        dtype="float32",
    )
    every = steady_flow.candidates("default", system)
    candidates = {
        f"{name}-{label}": _retold(every[label], name, steps=steps // 3 if label == "unet" else steps)
        for label in surrogates
    }
    return Problem(
        name,
        system,
        sizes,
        candidates,
        flow_error,
        None,
        "median over shapes of ||error|| / ||truth|| of the velocity",
    )


def pipes(name: str, *, tubes: int, surrogates: tuple[str, ...], steps: int, seed: int) -> Problem:
    """Friction in pipes, at once; networks as those of its own experiment, `steps` of descent each."""
    system = PipeFlow()
    sizes = GenerateSettings(
        train_trajectories=tubes,
        valid_trajectories=max(8, tubes // 4),
        test_trajectories=max(8, tubes // 4),
        train_frames=1,
        valid_frames=1,
        test_frames=1,
        interval=1.0,
        seed=seed,
        trajectories_per_shard=4_000,
    )
    every = pipe_flow.candidates("default", system)
    candidates = {f"{name}-{label}": _retold(every[label], name, steps=steps) for label in surrogates}
    return Problem(
        name, system, sizes, candidates, friction_error, None, "median over pipes of |error| / friction"
    )


def of_steps(training: TrainingSettings, steps: int) -> TrainingSettings:
    """The same descent of so many steps, checked ten times."""
    return dataclasses.replace(training, steps=steps, check_every=max(1, steps // 10))


def further(training: TrainingSettings, steps: int) -> TrainingSettings:
    """A descent from where one has ended: at a third of its learning rate."""
    return dataclasses.replace(of_steps(training, steps), learning_rate=training.learning_rate / 3)


def forecast_error(
    surrogate: Forecaster, training_set: TrainingSet, split: str, *, task: Autoregressive, steps: int
) -> float:
    """Root mean square over starts and points, after so many steps, in units of the truth's."""
    examples = task.examples(training_set, split)
    frames = torch.from_numpy(np.stack([examples[i] for i in range(len(examples))]))
    starts = range(0, frames.shape[1] - steps, APART)
    past = torch.cat([frames[:, start : start + 1] for start in starts])
    truth = torch.cat([frames[:, start + steps] for start in starts])
    said = surrogate.forecast(past, steps, every=steps)[:, 0].double()
    error = float(((said - truth).square().sum() / truth.square().sum()).sqrt())
    return error if np.isfinite(error) else float("inf")


def flow_error(surrogate: Any, training_set: TrainingSet, split: str) -> float:
    """Median over shapes, of both components together; a stream function's velocities are its differences."""
    system = training_set.system
    assert isinstance(system, SteadyFlow)
    source = training_set.split(split)
    queries = {name: np.asarray(v, dtype=np.float64) for name, v in source.queries().items()}
    answer = Direct().answer(surrogate)
    if "psi" in (surrogate.output_shapes or {}):
        answer = with_velocities(answer, system)
    said = answer(queries, ONCE).values
    wrong = whole = 0.0
    for name in ("u", "v"):
        truth = np.stack([source.read(i, field=name)[0] for i in range(len(source))]).astype(np.float64)
        wrong = wrong + _squares(said[name][:, 0] - truth)
        whole = whole + _squares(truth)
    errors = np.sqrt(wrong / whole)
    return float(np.median(np.where(np.isfinite(errors), errors, np.inf)))


def friction_error(surrogate: Any, training_set: TrainingSet, split: str) -> float:
    """Median over pipes of the relative error."""
    source = training_set.split(split)
    queries = {name: np.asarray(v, dtype=np.float64) for name, v in source.queries().items()}
    said = Direct().answer(surrogate)(queries, ONCE).values["friction"][:, 0]
    truth = np.array([float(source.read(i, field="friction")[0]) for i in range(len(source))])
    errors = np.abs(said / truth - 1)
    return float(np.median(np.where(np.isfinite(errors), errors, np.inf)))


def _squares(values: NDArray[np.float64]) -> Any:
    return (values**2).sum(axis=(1, 2))


def _retold(candidate: Candidate, training_set: str, *, steps: int) -> Candidate:
    """Of another set, in double precision, once, with a descent of so many steps."""
    settings = candidate.settings
    training = of_steps(settings.training, max(1, steps))
    return dataclasses.replace(
        candidate,
        settings=dataclasses.replace(settings, training=training),
        training_set=training_set,
        dtype="float64",
        seeds=1,
    )
