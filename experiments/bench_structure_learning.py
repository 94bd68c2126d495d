"""Networks that learn from a growing number of samples, told what they are told: trained, judged, tabled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ..datasets.pairs import Pairs
from .figures import PALETTE, WIDTH, blank, legend_below, tidy
from .seeds import SEEDS, cell, level_line, median_of, number
from .timing import pinned_threads

__all__ = ["Way", "learning_curves", "learning_figure", "learning_table"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Way:
    """How much a network is told.

    Attributes:
        new: a network that has learned nothing.
        examples: so many samples, as it is given them.
        validation: by which its best weights are chosen.
        errors: (network) -> errors on the validation and the test split.
    """

    new: Callable[[], Any]
    examples: Callable[[int], Pairs]
    validation: Pairs
    errors: Callable[[Any], tuple[float, float]]


def learning_curves(
    problem: str,
    ways: Mapping[str, Way],
    *,
    samples: Sequence[int],
    seeds: int,
    threads: int,
    folder: Path,
    done: Callable[[dict[str, Any]], None],
) -> None:
    """Train each way on each number of samples with each seed; `done` is given a row after each.

    Checkpoints lie below `folder`, so that what was trained is not trained again.
    """
    for count in samples:
        for seed in range(seeds):
            for name, way in ways.items():
                with pinned_threads(threads):
                    network = way.new()
                    record = network.fit(
                        way.examples(count),
                        way.validation,
                        seed=seed,
                        folder=folder / f"{problem}-{name.replace(' ', '-')}-{count}-{seed}",
                    )
                    valid, test = way.errors(network)
                row = {
                    "problem": problem,
                    "way": name,
                    "samples": count,
                    "seed": seed,
                    "valid": valid,
                    "test": test,
                    "seconds": record.seconds,
                }
                logger.info("%s, %s, %d samples: %.2e", problem, name, count, test)
                done(row)


def learning_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Errors on the test split by problem, way and samples, and seconds of the longest trainings: medians of
    seeds, how many times the lowest the highest is, and which ways seeds cannot tell from the best.
    """
    lines: list[str] = []
    for problem in dict.fromkeys(row["problem"] for row in rows):
        here = [row for row in rows if row["problem"] == problem]
        counts = sorted({row["samples"] for row in here})
        lines.append(f"{problem:24}" + "".join(f"{count:>16,}" for count in counts) + f"{'training s':>12}")
        errors: dict[int, dict[str, list[float | None]]] = {count: {} for count in counts}
        for way in dict.fromkeys(row["way"] for row in here):
            own = [row for row in here if row["way"] == way]
            for count, ways in errors.items():
                ways[way] = [row["test"] for row in own if row["samples"] == count]
            seconds = median_of([row["seconds"] for row in own if row["samples"] == counts[-1]])
            cells = "".join(f"{cell(ways[way]):>16}" for ways in errors.values())
            lines.append(f"  {way:22}{cells}{seconds:>12.3g}")
        lines.append(f"  {level_line(errors)}")
    return [*lines, SEEDS]


def learning_figure(rows: Sequence[Mapping[str, Any]], *, title: str, samples: str, error: str) -> Figure:
    """A panel for each problem: error on the test split against samples, a line for each way; every seed is
    a dot.
    """
    problems = list(dict.fromkeys(row["problem"] for row in rows))
    ways = list(dict.fromkeys(row["way"] for row in rows))
    figure = blank(WIDTH, 4.6, title)
    panels = figure.subplots(1, len(problems), squeeze=False)[0]
    shown: set[str] = set()
    for ax, problem in zip(panels, problems, strict=True):
        for way in ways:
            own = [row for row in rows if (row["problem"], row["way"]) == (problem, way)]
            if not own:
                continue
            colour = PALETTE[ways.index(way) % len(PALETTE)]
            counts = sorted({row["samples"] for row in own})
            middle = [median_of([r["test"] for r in own if r["samples"] == count]) for count in counts]
            ax.plot(counts, middle, "-", color=colour, label=None if way in shown else way)
            dots = [(row["samples"], number(row["test"])) for row in own]
            ax.plot(*zip(*dots, strict=True), "o", color=colour, markersize=4)
            shown.add(way)
        ax.set_title(problem, fontsize=9, loc="left")
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xlabel(samples)
        tidy(ax)
    panels[0].set_ylabel(error)
    legend_below(figure, columns=5)
    return figure
