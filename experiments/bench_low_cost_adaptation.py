"""How many samples of another regime does a trained surrogate need, by what of it is trained again?"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..datasets.tasks import Trajectories
from ..surrogates.adapting import WAYS, How, adapt
from ..surrogates.training import TrainingSettings
from .bench_low_cost_figures import adaptation_figure
from .bench_low_cost_problems import further, line, of_steps
from .bench_rounds import busy_note, load, write_part
from .compare import ComparisonError
from .figures import save
from .seeds import SEEDS, cell, level_line, median_of
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "few", "run", "table", "to_the_end"]

logger = logging.getLogger(__name__)

KNOWN = ("mlp", "cnn", "resnet")


@dataclass(frozen=True)
class Settings:
    """Two regimes, and what is tried on few samples of the second.

    Attributes:
        surrogate: which network.
        length, other: of the Kuramoto-Sivashinsky line, at first and then, on as many points.
        trajectories, frames: that it learns from at first.
        samples: trajectories of the second regime, in turn.
        sample_frames: of each of those.
        ways: what is trained on: see `adapt`; `scratch` learns from these samples alone. Of none are weights
            chosen by other samples: a sample is all that is known of the second regime.
        rank: of adapters.
        steps: of the first descent.
        further: of all others.
        seeds: each with other samples.
        threads: of training.
    """

    surrogate: str = "cnn"
    length: float = 22.0
    other: float = 26.0
    trajectories: int = 16
    frames: int = 1_000
    samples: tuple[int, ...] = (1, 4, 16, 64, 256)
    sample_frames: int = 17
    ways: tuple[str, ...] = WAYS
    rank: int = 4
    steps: int = 2_400
    further: int = 600
    seeds: int = 5
    threads: int = 1


NAMES: dict[str, tuple[str, ...]] = {"surrogate": KNOWN, "ways": WAYS}
PRESETS = {
    "quick": Settings(
        trajectories=2, frames=60, samples=(1, 4), sample_frames=9, steps=20, further=10, seeds=1
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train at first, then adapt in all ways; written after each, with a figure in the end.

    Raises `ComparisonError` for samples that are too short, or regimes that are one.
    """
    if settings.sample_frames < 3 or settings.length == settings.other:
        raise ComparisonError(
            "--adaptation.sample-frames must be at least 3, and --adaptation.other another length; got "
            f"{settings.sample_frames} and {settings.other:g}"
        )
    first = line(
        "first",
        length=settings.length,
        trajectories=settings.trajectories,
        frames=settings.frames,
        surrogates=(settings.surrogate,),
        steps=settings.steps,
        seed=31,
    )
    then = line(
        "then",
        length=settings.other,
        trajectories=settings.seeds * max(settings.samples),
        frames=settings.sample_frames,
        surrogates=(),
        steps=settings.steps,
        seed=32,
    )
    before, folder = load(), path.parent
    known, new = first.training_set(folder), then.training_set(folder)
    (trained,) = first.trained(known, folder=folder, threads=settings.threads, workers=1)
    surrogate, candidate = trained.surrogates[0], trained.candidate
    examples = candidate.task.examples(new, "train")
    rows: list[dict[str, Any]] = []
    found = {
        "as_it_is": {
            "first": first.error(surrogate, known, "test"),
            "then": then.error(surrogate, new, "test"),
            "valid": then.error(surrogate, new, "valid"),
        },
        "error": first.in_words,
        "chosen": LAST,
        "rows": rows,
    }
    results: dict[str, Any] = {}
    for seed in range(settings.seeds):
        for samples in settings.samples:
            some = few(examples, range(seed * max(settings.samples), len(examples))[:samples])
            for way in settings.ways:
                training = candidate.settings.training
                descent = to_the_end((of_steps if way == "scratch" else further)(training, settings.further))
                with pinned_threads(settings.threads):
                    adapted, record = adapt(
                        surrogate,
                        some,
                        some,  # its error is logged, and chooses nothing
                        how=cast(How, way),
                        rank=settings.rank,
                        training=descent,
                        seed=seed,
                        folder=folder / "adapted" / f"{way}-{samples}-{seed}",
                    )
                rows.append(
                    {
                        "way": way,
                        "samples": samples,
                        "seed": seed,
                        "valid": then.error(adapted, new, "valid"),
                        "test": then.error(adapted, new, "test"),
                        "first": first.error(adapted, known, "test"),
                        "seconds": record.seconds,
                    }
                )
                logger.info("%s, %d samples: %.2e", way, samples, rows[-1]["test"])
                results = write_part(
                    found, settings=settings, threads=settings.threads, load_before=before, path=path
                )
    save(adaptation_figure(results), path.with_suffix(".png"))
    return results


LAST = "of all ways the weights are the last ones: no sample but those that are learned chooses any"


def to_the_end(training: TrainingSettings) -> TrainingSettings:
    """The same descent, checked at its end alone: so that the last weights are the best that it knows."""
    return dataclasses.replace(training, check_every=training.steps, patience=None)


def few(examples: Trajectories, chosen: range) -> Trajectories:
    """Only these trajectories."""
    source = _Few(examples.source, chosen)
    interval = examples.interval / examples.stride
    return Trajectories(
        source, fields=examples.fields, stride=examples.stride, interval=interval, axes=examples.axes
    )


class _Few:
    """Some trajectories of a split, in its place."""

    def __init__(self, whole: Any, chosen: range) -> None:
        self.whole, self.chosen = whole, chosen
        self.frames, self.grid = whole.frames, whole.grid

    def __len__(self) -> int:
        return len(self.chosen)

    def read(self, trajectory: int, *window: Any, **how: Any) -> Any:
        return self.whole.read(self.chosen[trajectory], *window, **how)


def table(results: Mapping[str, Any]) -> str:
    """Errors in the second regime by way and samples, and in the first after the most of these; medians of
    seeds, and how many times the lowest of them the highest is.
    """
    rows, as_it_is = results["rows"], results["as_it_is"]
    counts = sorted({row["samples"] for row in rows})
    chosen = results["settings"]
    lines = [
        f"length {chosen['length']:g}, then {chosen['other']:g}: as it is {as_it_is['then']:.2e} there, "
        f"{as_it_is['first']:.2e} here",
        f"{'samples':12}" + "".join(f"{count:>16}" for count in counts) + f"{'here, then':>14}{'seconds':>9}",
    ]
    errors: dict[int, dict[str, list[float | None]]] = {count: {} for count in counts}
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way]
        for count, ways in errors.items():
            ways[way] = [row["test"] for row in own if row["samples"] == count]
        last = [row for row in own if row["samples"] == counts[-1]]
        lines.append(
            f"{way:12}"
            + "".join(f"{cell(ways[way]):>16}" for ways in errors.values())
            + f"{median_of([row['first'] for row in last]):>14.2e}"
            + f"{median_of([row['seconds'] for row in last]):>9.3g}"
        )
    lines += [
        level_line(errors),
        f"error: {results['error']}; the first of these. {SEEDS}",
        results["chosen"],
    ]
    return "\n".join([*lines, *busy_note(results)])
