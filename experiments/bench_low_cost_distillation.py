"""What do small networks learn from a large one's answers, beside what they learn from a solver's?"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.images import WithImages
from ..datasets.pairs import Pairs
from ..datasets.training_set import TrainingSet
from ..surrogates.copies import copied
from ..surrogates.distilling import Taught, Together
from ..surrogates.field_mixer import FieldMixer
from .bench_low_cost_figures import distillation_figure
from .bench_low_cost_problems import Problem, channel, of_steps
from .bench_rounds import busy_note, interleave, load, write_part
from .figures import save
from .seeds import SEEDS, cell, level_with_best, median_of
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "run", "sources", "table"]

logger = logging.getLogger(__name__)

SOURCES = ("labels", "teacher", "both")
TEACHER = "teacher itself"


@dataclass(frozen=True)
class Settings:
    """A teacher, students, and what each learns from.

    Attributes:
        shapes, rows: flows that a solver has answered, and rows of their grid.
        queries: shapes that only the teacher has answered.
        channels: of the students, one size after the other.
        layers: of all students.
        sources: what students learn from: the solver's `labels`, the `teacher`'s answers, or `both`; all with
            their mirror images.
        steps: of the teacher's descent.
        student_steps: of each student's: so many that it is labels which they are short of, if anything.
        seeds: of the students.
        batch: queries at once, where they are not alone.
        rounds: timed calls of each.
        threads: of training and timing.
    """

    shapes: int = 400
    rows: int = 32
    queries: int = 2_000
    channels: tuple[int, ...] = (8, 32)
    layers: int = 2
    sources: tuple[str, ...] = SOURCES
    steps: int = 1_200
    student_steps: int = 4_000
    seeds: int = 2
    batch: int = 64
    rounds: int = 25
    threads: int = 1


NAMES: dict[str, tuple[str, ...]] = {"sources": SOURCES}
PRESETS = {
    "quick": Settings(
        shapes=24,
        rows=24,
        queries=40,
        channels=(8, 16),
        steps=10,
        student_steps=10,
        seeds=1,
        batch=8,
        rounds=3,
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train the teacher, then the students; judge and time all of them."""
    before, folder = load(), path.parent
    problem = channel(
        "taught",
        rows=settings.rows,
        shapes=settings.shapes,
        surrogates=("mixer",),
        steps=settings.steps,
        seed=41,
    )
    training_set = problem.training_set(folder)
    (trained,) = problem.trained(training_set, folder=folder, threads=settings.threads, workers=1)
    teacher = copied(trained.surrogates[0], dtype=torch.float32)
    task, large = trained.candidate.task, trained.candidate.settings
    labelled, validation = (task.examples(training_set, split) for split in ("train", "valid"))
    learned = sources(problem, labelled, teacher, queries=settings.queries, threads=settings.threads)
    rows = [_judged(TEACHER, 0, 0, teacher, trained.records[0].seconds, problem, training_set)]
    asked = _asked(validation, settings.batch)
    known: dict[str, FieldMixer] = {TEACHER: teacher}
    results: dict[str, Any] = {
        "rows": rows,
        "error": problem.in_words,
        "labelled": len(training_set.split("train")),
        "seconds": {},
    }
    for channels, seed, source in product(settings.channels, range(settings.seeds), settings.sources):
        small = dataclasses.replace(
            large,
            channels=channels,
            layers=settings.layers,
            training=of_steps(large.training, settings.student_steps),
        )
        student = FieldMixer(small, dtype=torch.float32)
        with pinned_threads(settings.threads):
            record = student.fit(
                learned[source],
                validation,
                seed=seed,
                folder=folder / "students" / f"{source}-{channels}-{seed}",
            )
        rows.append(_judged(source, channels, seed, student, record.seconds, problem, training_set))
        # what a student costs to ask is a matter of its size, not of its teacher
        known.setdefault(str(channels), student)
        logger.info("%d channels, from %s: %.2e", channels, source, rows[-1]["test"])
    with pinned_threads(settings.threads):
        for size, inputs in asked.items():
            calls = {name: partial(one, inputs) for name, one in known.items()}
            spreads = interleave(calls, rounds=settings.rounds)
            results["seconds"][str(size)] = {name: asdict(spread) for name, spread in spreads.items()}
    whole = write_part(results, settings=settings, threads=settings.threads, load_before=before, path=path)
    save(distillation_figure(whole), path.with_suffix(".png"))
    return whole


def sources(
    problem: Problem, labelled: Pairs, teacher: FieldMixer, *, queries: int, threads: int
) -> dict[str, Pairs]:
    """What students learn from, by name: labels, which have their mirror images, a teacher's answers to other
    queries, which are given theirs, and both.
    """
    generators = [np.random.default_rng([42, i]) for i in range(queries)]
    with pinned_threads(threads):
        answers = Taught(problem.system.draw(generators), teacher)
    taught = WithImages(answers, problem.system.symmetries)
    return {"labels": labelled, "teacher": taught, "both": Together(labelled, taught)}


def _judged(
    source: str,
    channels: int,
    seed: int,
    surrogate: FieldMixer,
    seconds: float,
    problem: Problem,
    training_set: TrainingSet,
) -> dict[str, Any]:
    (network,) = surrogate.networks().values()
    return {
        "source": source,
        "channels": channels,
        "seed": seed,
        "weights": sum(weight.numel() for weight in network.parameters()),
        "train": problem.error(surrogate, training_set, "train"),
        "valid": problem.error(surrogate, training_set, "valid"),
        "test": problem.error(surrogate, training_set, "test"),
        "seconds": seconds,
    }


def _asked(examples: Pairs, batch: int) -> dict[int, dict[str, torch.Tensor]]:
    """Queries alone and so many at once, again from the first where there are fewer."""
    inputs = examples.batch([i % len(examples) for i in range(batch)])[0]
    whole = {name: torch.from_numpy(values).float() for name, values in inputs.items()}
    return {size: {name: values[:size] for name, values in whole.items()} for size in (1, batch)}


def table(results: Mapping[str, Any]) -> str:
    """Errors of teacher and students by size and by what they learned from, with milliseconds: medians of
    seeds, and which sources seeds cannot tell from the best.
    """
    chosen = results["settings"]
    batch, rows = str(chosen["batch"]), results["rows"]
    judged = ("train", "valid")
    lines = [
        f"{'learned from':16}{'channels':>9}{'weights':>10}"
        + "".join(f"{split:>10}" for split in judged)
        + f"{'test':>16}{'ms alone':>10}{f'ms in {batch}':>10}{'training s':>12}"
    ]
    for channels, source in dict.fromkeys((row["channels"], row["source"]) for row in rows):
        own = [row for row in rows if (row["channels"], row["source"]) == (channels, source)]
        errors = "".join(f"{median_of([row[split] for row in own]):>10.2e}" for split in judged)
        name = str(channels) if channels else source
        times = [1e3 * results["seconds"][size][name]["median"] for size in ("1", batch)]
        lines.append(
            f"{source:16}{channels or '':>9}{own[0]['weights']:>10,}{errors}"
            f"{cell([row['test'] for row in own]):>16}{times[0]:>10.3g}{times[1]:>10.3g}"
            f"{median_of([row['seconds'] for row in own]):>12.3g}"
        )
    for channels in dict.fromkeys(row["channels"] for row in rows if row["channels"]):
        ways = {
            source: [row["test"] for row in rows if (row["channels"], row["source"]) == (channels, source)]
            for source in chosen["sources"]
        }
        known = {source: errors for source, errors in ways.items() if errors}
        lines.append(
            f"{channels} channels, best as far as the seeds tell: {' = '.join(level_with_best(known))}"
        )
    lines.append(
        f"{results['labelled']:,} labelled shapes, {chosen['queries']:,} that only the teacher has answered; "
        f"error: {results['error']}. {SEEDS}. Training: of each alone; what learns from a teacher needs its "
        "training, too"
    )
    return "\n".join([*lines, *busy_note(results)])
