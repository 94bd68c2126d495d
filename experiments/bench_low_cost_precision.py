"""What does a surrogate lose by fewer and shorter numbers, what does it gain? Error, time, bytes, energy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.training_set import TrainingSet
from ..surrogates.energy import energy, operations, zero_share
from ..surrogates.forecaster import Forecaster
from ..surrogates.low_precision import stored_bytes
from ..surrogates.surrogate import Surrogate
from .bench_low_cost_figures import precision_figure
from .bench_low_cost_forms import FORMS, NULL, all_forms
from .bench_low_cost_problems import Problem, channel, line, pipes
from .bench_rounds import busy_note, interleave, load, write_part
from .figures import save
from .seeds import number
from .stages import Trained
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "Settings", "run", "table"]

logger = logging.getLogger(__name__)

LINE, CHANNEL, PIPES = ("mlp", "cnn", "resnet"), ("mixer", "unet", "dense"), ("dense", "residual-dense")


@dataclass(frozen=True)
class Settings:
    """What is made cheaper, and how it is judged.

    Attributes:
        line: networks that step Kuramoto-Sivashinsky chaos at length 22.
        channel: networks that answer steady flows.
        pipes: networks that answer the friction in pipes.
        forms: what is made of each.
        trajectories, frames: that the first learn from.
        shapes, rows: that the second learn from, and rows of their grid.
        tubes: that the third learn from.
        steps, flow_steps, pipe_steps: of each descent.
        further: descents of those that are trained on for their form, as a share of the first.
        batch: queries at once, where they are not alone.
        rounds: timed calls of each.
        workers: trained at once.
        threads: of training and timing.
    """

    line: tuple[str, ...] = LINE
    channel: tuple[str, ...] = CHANNEL
    pipes: tuple[str, ...] = PIPES
    forms: tuple[str, ...] = tuple(FORMS)
    trajectories: int = 16
    frames: int = 1_000
    shapes: int = 600
    rows: int = 32
    tubes: int = 4_000
    steps: int = 2_400
    flow_steps: int = 1_200
    pipe_steps: int = 2_000
    further: float = 0.25
    batch: int = 32
    rounds: int = 11
    workers: int = 2
    threads: int = 1


NAMES: dict[str, tuple[str, ...]] = {
    "line": LINE,
    "channel": CHANNEL,
    "pipes": PIPES,
    "forms": tuple(FORMS),
}
PRESETS = {
    "quick": Settings(
        ("mlp", "cnn"),
        ("mixer",),
        ("dense",),
        trajectories=2,
        frames=60,
        shapes=24,
        rows=24,
        tubes=100,
        steps=20,
        flow_steps=10,
        pipe_steps=20,
        further=0.5,
        batch=8,
        rounds=3,
        workers=1,
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Train what is not there yet, then judge and time all forms; written after each surrogate."""
    before, rows = load(), []
    results: dict[str, Any] = {}
    for problem in _problems(settings):
        training_set = problem.training_set(path.parent)
        for trained in problem.trained(
            training_set, folder=path.parent, threads=settings.threads, workers=settings.workers
        ):
            with pinned_threads(settings.threads):
                rows += _rows(problem, training_set, trained, settings, folder=path.parent)
            results = write_part(
                {"rows": rows, "energy": ENERGY, "notes": NOTES},
                settings=settings,
                threads=settings.threads,
                load_before=before,
                path=path,
            )
    save(precision_figure(results), path.with_suffix(".png"))
    return results


def _problems(settings: Settings) -> list[Problem]:
    return [
        line(
            "line",
            length=22.0,
            trajectories=settings.trajectories,
            frames=settings.frames,
            surrogates=settings.line,
            steps=settings.steps,
            seed=21,
        ),
        channel(
            "channel",
            rows=settings.rows,
            shapes=settings.shapes,
            surrogates=settings.channel,
            steps=settings.flow_steps,
            seed=22,
        ),
        pipes("pipes", tubes=settings.tubes, surrogates=settings.pipes, steps=settings.pipe_steps, seed=23),
    ]


def _rows(
    problem: Problem, training_set: TrainingSet, trained: Trained, settings: Settings, *, folder: Path
) -> list[dict[str, Any]]:
    """One for each form of a surrogate, timed in turn; those that cannot be had say why. The null model has
    errors alone: nobody would run a network for it.
    """

    def alone(one: Any) -> dict[str, torch.Tensor]:
        return _asked(one, training_set, trained, size=1)

    made, why_not = all_forms(
        settings.forms,
        trained,
        training_set,
        share=settings.further,
        asked=lambda one: one(alone(one)),
        folder=folder / "trained-on",
    )
    times = {
        size: interleave(
            {
                name: partial(one, _asked(one, training_set, trained, size=size))
                for name, one in made.items()
                if name != NULL
            },
            rounds=settings.rounds,
        )
        for size in (1, settings.batch)
    }
    full: Surrogate = trained.surrogates[0]
    whole = operations(full, alone(full))
    who = {"problem": problem.name, "surrogate": trained.label.removeprefix(f"{problem.name}-")}
    rows = []
    for name, one in made.items():
        form = FORMS[name]
        row = {
            **who,
            "form": name,
            "error": problem.in_words,
            "valid": problem.error(one, training_set, "valid"),
            "test": problem.error(one, training_set, "test"),
            **({} if problem.ahead is None else {"ahead": problem.ahead(one, training_set, "test")}),
            "why_not": "",
        }
        if name != NULL:
            count, stored = operations(one, alone(one)) if _narrow(one) else whole, stored_bytes(one)
            zeros = zero_share(one, alone(one)) if form.zeros else 0.0
            row |= {
                "alone": asdict(times[1][name]),
                "batch": asdict(times[settings.batch][name]),
                "bytes": stored,
                "operations": sum(count),
                "zeros": zeros,
                "joules": energy(count, stored, form.numbers, share=zeros),
            }
        rows.append(row)
        logger.info("%s, %s: %.2e", trained.label, name, rows[-1]["test"])
    return rows + [{**who, "form": name, "why_not": why} for name, why in why_not.items()]


def _narrow(surrogate: Surrogate) -> bool:
    return surrogate.lowering.startswith("narrowed")


def _asked(
    surrogate: Surrogate, training_set: TrainingSet, trained: Trained, *, size: int
) -> dict[str, torch.Tensor]:
    """So many queries of the test split, again from the first where it has fewer."""
    examples = trained.candidate.task.examples(training_set, "test")
    if isinstance(surrogate, Forecaster):
        frames = [examples[i % len(examples)][i // len(examples)] for i in range(size)]
        inputs = {"frame": np.stack(frames)}
    else:
        inputs = examples.batch([i % len(examples) for i in range(size)])[0]
    return {n: torch.from_numpy(v).to(surrogate.device, surrogate.dtype) for n, v in inputs.items()}


def table(results: Mapping[str, Any]) -> str:
    """Errors, milliseconds, bytes and estimated energy, one line for each form of each surrogate."""
    batch = results["settings"]["batch"]
    lines: list[str] = []
    last = ""
    for row in results["rows"]:
        who = f"{row['problem']}, {row['surrogate']}"
        if who != last:
            lines += ["" for _ in lines[:1]] + [
                f"{who:22}{'valid':>10}{'test':>10}{'ratio':>9}{'ahead':>10}{'ms alone':>10}"
                f"{f'ms in {batch}':>10}{'KiB':>11}{'uJ (estimate)':>15}"
            ]
            last = who
        if row["why_not"]:
            lines.append(f"  {row['form']:20}{row['why_not']}")
            continue
        valid, test, ahead = (_number(row[key]) if key in row else "" for key in ("valid", "test", "ahead"))
        lines.append(
            f"  {row['form']:20}{valid:>10}{test:>10}{_ratio(row, results['rows']):>9}{ahead:>10}"
            + (_costs(row) if row["form"] != NULL else "")
        )
    said = list(dict.fromkeys(f"{r['problem']}: {r['error']}" for r in results["rows"] if "error" in r))
    notes = [RATIO, *results["notes"], f"energy: {results['energy']}"]
    return "\n".join([*lines, *said, *notes, *busy_note(results)])


def _costs(row: Mapping[str, Any]) -> str:
    return (
        f"{1e3 * row['alone']['median']:>10.3g}{1e3 * row['batch']['median']:>10.3g}"
        f"{row['bytes'] / 1024:>11,.1f}{1e6 * row['joules']:>15.3g}"
    )


RATIO = "ratio: of the test error to that in single precision"
ENERGY = (
    "an estimate, not a measurement: products, sums and bytes read, each at its price in 45 nm (Horowitz "
    "2014, doi:10.1109/ISSCC.2014.6757323; see surrogates/energy.py); products with a weight of zero, pruned "
    "or ternary, are skipped"
)
NOTES = (
    "one training of each network, in single precision; float64 computes answers in double",
    "pruned: all matrices but those of the last layers, which are left whole",
    "float32-trained, the control of all that are trained on: as many steps more, for nothing else",
    "null: the network says nothing; what is left is the training mean, on the line the linear part",
)


def _number(error: float | None) -> str:
    return f"{number(error):.2e}"


def _ratio(row: Mapping[str, Any], rows: Any) -> str:
    """Of this test error to that in single precision; empty where that was not asked for."""
    for other in rows:
        same = all(other[key] == row[key] for key in ("problem", "surrogate"))
        if same and other["form"] == "float32" and other.get("test"):
            return "inf" if row["test"] is None else f"{row['test'] / other['test']:.3g}"
    return ""
