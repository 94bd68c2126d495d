"""A number of an equation from noisy data: by a network, with its error bar, and by least squares through the
solver, which is the bar to reach.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from ..surrogates.pinn import PINN
from ..surrogates.pinn_training import DescentSettings
from ..surrogates.pinn_uncertainty import error_bars
from ..surrogates.surrogate import SurrogateError
from .compare import ComparisonError
from .inverse_problems import PROBLEMS, InverseProblem, Measured
from .report import write_json
from .timing import pinned_threads, provenance

__all__ = ["NAMES", "PRESETS", "Settings", "run", "summary", "table"]

logger = logging.getLogger(__name__)

NAMES: dict[str, tuple[str, ...]] = {"problems": tuple(PROBLEMS)}
FAR = 3.0
"""Error bars from the truth, beyond which a number counts as missed."""


@dataclass(frozen=True)
class Settings:
    """What is found, and from what.

    Attributes:
        problems: `viscosity` of Burgers' equation, `diffusivity` of a rod, `mass` of one of three bodies,
            `length` of a line with Kuramoto-Sivashinsky's equation.
        values: that are measured.
        noise: of their size.
        seconds: for which each network is trained.
        seeds: of data and network alike.
        points: at which equations are asked for, at most.
        refresh: steps between two draws of points; numbers keep their first guess for two of these.
        equations: weight of the equations beside the data.
        resamples, refit: how often the noise is drawn anew for an error bar, and steps of each fit then.
        threads: of network and solver alike.
    """

    problems: tuple[str, ...] = tuple(PROBLEMS)
    values: int = 400
    noise: float = 0.01
    seconds: float = 60.0
    seeds: int = 3
    points: int = 2_048
    refresh: int = 200
    equations: float = 100.0
    resamples: int = 12
    refit: int = 200
    threads: int = 1


PRESETS = {
    "quick": Settings(
        ("diffusivity", "mass"),
        values=60,
        seconds=2.0,
        seeds=1,
        points=128,
        refresh=20,
        resamples=3,
        refit=10,
    ),
    "default": Settings(),
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Find all, one after the other; writes the results after each, and returns them.

    A fit that fails is kept with the reason, and counts as missed. Raises `ComparisonError` for settings from
    which no error bar comes.
    """
    if settings.resamples < 3 or settings.values < 3:
        raise ComparisonError(
            "--numbers.resamples and --numbers.values must be at least 3, got "
            f"{settings.resamples} and {settings.values}"
        )
    rows: list[dict[str, Any]] = []
    results = {"rows": rows, "settings": asdict(settings), **provenance()}
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in settings.problems:
        problem = PROBLEMS[name]()
        with pinned_threads(settings.threads):
            _compile(problem, settings)
            for seed in range(settings.seeds):
                measured = problem.measured(settings.values, noise=settings.noise, seed=seed)
                rows.append(
                    {
                        "problem": name,
                        "seed": seed,
                        "true": problem.true,
                        "guess": problem.guess,
                        "network": _tried(partial(by_network, problem, measured, settings, seed=seed)),
                        "solver": _tried(partial(by_solver, problem, measured)),
                    }
                )
                write_json(path, results)
    return results


def _compile(problem: InverseProblem, settings: Settings) -> None:
    """What is compiled on first use is nobody's time."""
    problem.answers(problem.true, fast=True)
    few = problem.measured(4, noise=settings.noise, seed=0)
    loss = dataclasses.replace(problem.loss, hold=0)
    pinn = PINN(PINN.Settings(problem.network, loss, DescentSettings(steps=2)))
    pinn.solve(problem.pointwise, known=problem.known(few), recover={problem.number: problem.guess})


def _tried(fit: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {**fit(), "why_not": ""}
    except (SurrogateError, ValueError) as error:
        logger.warning("a fit failed: %s", error)
        nothing = dict.fromkeys(("found", "error_bar", "seconds", "error_bar_seconds"), math.nan)
        return {**nothing, "note": "", "why_not": str(error)}


def by_network(
    problem: InverseProblem, measured: Measured, settings: Settings, *, seed: int
) -> dict[str, Any]:
    """The number, its error bar, and the seconds of both."""
    loss = dataclasses.replace(
        problem.loss,
        points=min(settings.points, problem.loss.points),
        refresh=settings.refresh,
        weights=(("equations", settings.equations),),
    )
    descent = DescentSettings(steps=10_000_000, seconds=settings.seconds, threads=settings.threads)
    pinn = PINN(PINN.Settings(problem.network, loss, descent))
    known = problem.known(measured)
    record = pinn.solve(problem.pointwise, seed=seed, known=known, recover={problem.number: problem.guess})
    begin = time.perf_counter()
    bars = error_bars(pinn, known, resamples=settings.resamples, steps=settings.refit, seed=seed)
    return {
        "found": pinn.recovered[problem.number],
        "error_bar": bars[problem.number],
        "seconds": record.seconds,
        "error_bar_seconds": time.perf_counter() - begin,
        "steps": record.epochs,
        "note": record.note,
    }


def by_solver(problem: InverseProblem, measured: Measured) -> dict[str, Any]:
    """The same by a solver, asked until the squares are least: from the same first guess, with the error bar
    of a fit that is straight there.
    """
    begin = time.perf_counter()
    # in logarithms, for all of these numbers are positive
    fit = least_squares(
        lambda power: problem.misfit(problem.guess * float(np.exp(power[0])), measured), [0.0], xtol=1e-10
    )
    found = problem.guess * float(np.exp(fit.x[0]))
    spread = float(np.sqrt(2 * fit.cost / max(1, len(fit.fun) - 1) / (fit.jac[:, 0] ** 2).sum()))
    return {
        "found": found,
        "error_bar": found * spread,
        "seconds": time.perf_counter() - begin,
        "error_bar_seconds": 0.0,  # the slopes are there
        "asked": float(fit.nfev + fit.njev),
        "note": "",
    }


def summary(rows: Sequence[Mapping[str, Any]], who: str) -> dict[str, Any]:
    """Of all seeds of a problem: medians of what was found, of its error bar, and of the seconds of both; the
    root mean square of the true relative error; how many were missed, and the notes.

    Missed is what lies farther from the truth than `FAR` error bars, or was not found.
    """
    found, bars, fit, bar_seconds = (
        np.array([np.nan if row[who][key] is None else row[who][key] for row in rows], dtype=np.float64)
        for key in ("found", "error_bar", "seconds", "error_bar_seconds")
    )
    true = rows[0]["true"]
    off = np.abs(found - true)
    return {
        "found": float(np.median(found)),
        "error_bar": float(np.median(bars)),
        "error": float(np.sqrt(np.mean((off / true) ** 2))),
        "missed": int((~(off <= FAR * bars)).sum()),
        "of": len(rows),
        "seconds": float(np.median(fit + bar_seconds)),
        "notes": tuple(
            dict.fromkeys(n for row in rows for n in (row[who]["note"], row[who]["why_not"]) if n)
        ),
    }


def table(results: Mapping[str, Any]) -> str:
    """What was found, how far off, and in what time, the error bar's with it; medians of the seeds."""
    lines = [
        f"{'':14}{'true':>11}{'first guess':>13}{'':12}{'found':>11}{'error bar':>11}"
        f"{'error, rms':>12}{'missed':>9}{'seconds':>10}"
    ]
    notes: list[str] = []
    for name in dict.fromkeys(row["problem"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["problem"] == name]
        for who in ("network", "solver"):
            said = summary(rows, who)
            shown = name if who == "network" else ""
            lines.append(
                f"{shown:14}{rows[0]['true']:11.5g}{rows[0]['guess']:13.5g}  {who:10}{said['found']:11.5g}"
                f"{said['error_bar']:11.2g}{100 * said['error']:10.2g} %{said['missed']:>4} of {said['of']}"
                f"{said['seconds']:10.3g}"
            )
            notes += [f"{name}, {who}: {note}" for note in said["notes"]]
    return "\n".join([*lines, *notes])
