"""What is it worth to know which inputs are codes? The wall's material in the friction of pipes.

The code is embedded, given as a one-hot vector, given as if its size meant something, or left out. The other
inputs, the network and the steps of descent are the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.chosen_pairs import ChosenPairs
from ..datasets.tasks import Direct
from ..datasets.training_set import TrainingSet
from ..surrogates.dense import Dense
from .bench_low_cost_problems import friction_error, pipes
from .bench_rounds import busy_note, load, write_part
from .bench_structure_learning import Way, learning_curves, learning_figure, learning_table
from .compare import ComparisonError
from .figures import save

__all__ = ["NAMES", "PRESETS", "Settings", "run", "table", "ways"]

CODE = "material"
WAYS = ("embedded", "one-hot", "number", "left-out")


@dataclass(frozen=True)
class Settings:
    """What is learned, from how much.

    Attributes:
        ways: how the material is given.
        samples: pipes that are learned from, in turn.
        steps: of each descent.
        seeds: of networks.
        threads: of training.
    """

    ways: tuple[str, ...] = WAYS
    samples: tuple[int, ...] = (125, 500, 2_000)
    steps: int = 2_000
    seeds: int = 5
    threads: int = 1


NAMES: dict[str, tuple[str, ...]] = {"ways": WAYS}
PRESETS = {"quick": Settings(samples=(60, 120), steps=20, seeds=1), "default": Settings()}


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

    known = ways(settings, folder=path.parent)
    learning_curves(
        "friction of pipes",
        {name: known[name] for name in settings.ways},
        samples=settings.samples,
        seeds=settings.seeds,
        threads=settings.threads,
        folder=path.parent / "learned",
        done=done,
    )
    figure = learning_figure(
        results["rows"],
        title="A category among the inputs, by how it is given, after equally many steps",
        samples="pipes that are learned from",
        error=ERROR,
    )
    save(figure, path.with_suffix(".png"))
    return results


ERROR = "median over test pipes of |error| / friction"


def ways(settings: Settings, *, folder: Path) -> dict[str, Way]:
    """Networks that are given the material in each way."""
    problem = pipes(
        "pipes", tubes=max(settings.samples), surrogates=("dense",), steps=settings.steps, seed=55
    )
    pipe_set = problem.training_set(folder)
    _refuse_few(pipe_set, min(settings.samples))
    (candidate,) = problem.candidates.values()
    answering = candidate.settings.answering
    others = tuple(name for name in pipe_set.plan.query if name != CODE)
    blind = dataclasses.replace(answering, categories=())
    given = {
        "embedded": (Direct(), answering),
        "one-hot": (Direct(), dataclasses.replace(answering, embedding=None)),
        "number": (Direct(), blind),
        "left-out": (Direct(inputs=others), blind),
    }

    def way(task: Direct, how: Any) -> Way:
        chosen = dataclasses.replace(candidate.settings, answering=how)
        train, valid = (task.examples(pipe_set, split) for split in ("train", "valid"))
        return Way(
            lambda: Dense(chosen, dtype=torch.float32),
            lambda count: ChosenPairs(train, range(count)),
            valid,
            lambda surrogate: (
                friction_error(surrogate, pipe_set, "valid"),
                friction_error(surrogate, pipe_set, "test"),
            ),
        )

    return {name: way(task, how) for name, (task, how) in given.items()}


def _refuse_few(pipe_set: TrainingSet, count: int) -> None:
    """A network that was shown too few pipes does not know all materials that it will be asked for."""
    codes = {split: pipe_set.split(split).queries()[CODE] for split in ("train", "valid", "test")}
    strange = np.setdiff1d(np.concatenate(list(codes.values())), codes["train"][:count])
    if len(strange):
        first = [codes["train"].tolist().index(code) for code in strange if code in codes["train"]]
        needed = f"{max(first) + 1} or more" if len(first) == len(strange) else "and end with more"
        raise ComparisonError(
            f"of {count} pipes none has the {CODE} {', '.join(f'{code:g}' for code in strange)}, which "
            f"others have; --categories.samples must begin with {needed}"
        )


def table(results: Mapping[str, Any]) -> str:
    """Errors by samples and by how the material is given."""
    return "\n".join([*learning_table(results["rows"]), f"error: {ERROR}", *busy_note(results)])
