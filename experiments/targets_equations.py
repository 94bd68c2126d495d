"""Every target for networks that know an equation beside what the committed results say, as tables.

`python -m understudy.experiments.targets_equations` fills in the page of targets and the README's tables of
these networks; a test keeps both equal to the results.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .one_query_report import Curve, error_at
from .report import duration
from .results_table import RESULTS, mode_of
from .targets_page import Measured, Tables, Target, fill_in, made_table, targets_table

__all__ = ["PAGE", "README", "README_TABLES", "TABLES"]

PAGE = RESULTS / "TARGETS-equations.md"
README = Path(__file__).parents[1] / "README.md"
ONE_QUERY = {
    "burgers": "Burgers",
    "allen-cahn": "Allen-Cahn",
    "one-kuramoto-sivashinsky": "Kuramoto-Sivashinsky until t = 10",
    "heat": "heat",
    "poisson": "Poisson",
    "cavity": "lid-driven cavity, Re 100",
    "one-steady-flow": "flow about an obstacle",
    "one-three-body": "three bodies, figure eight",
}
"""Experiments that ask one query, and what they are called."""
BENCH = {"deepxde": "bench-burgers", "derivatives": "bench-burgers", "numbers": "bench-inverse"}
RANGE = "burgers over viscosities"
NETWORKS = ("pinn", "pinn-tanh")
"""As recommended: with gelu, and with tanh."""
OPTIMISERS = ("pinn", "pinn-ssbfgs", "pinn-bfgs", "pinn-lbfgs", "pinn-adam")
MOST_SECONDS = 600.0
"""Of a training that targets allow."""

Results = Mapping[str, Any]


def path_of(name: str) -> Path:
    """Where the committed results of an experiment, or of a part of a benchmark, lie."""
    if name in BENCH:
        return RESULTS / BENCH[name] / f"{name}.json"
    if name == RANGE:
        return RESULTS / "burgers-default" / "results.json"
    folder = RESULTS / f"{name}-default"
    return folder / "one-query" / "results.json" if name == "burgers" else folder / "results.json"


def load(name: str) -> Results:
    """The committed results of an experiment or of a part of a benchmark."""
    return dict(json.loads(path_of(name).read_text()))


def there() -> list[tuple[str, str, Results]]:
    """Name, title and results of what was asked once and is committed."""
    return [(name, title, load(name)) for name, title in ONE_QUERY.items() if path_of(name).is_file()]


# targets -------------------------------------------------------------------------------------------------


def error_below(name: str, least: float, *, labels: Sequence[str] = NETWORKS) -> Measured:
    """Median error over training seeds of the better one of these networks, in time."""
    rows = [_row(load(name), label) for label in labels]
    said = [
        f"{row['label']} {row['accuracy']['median']:.1e} (seeds {min(row['seed_medians']):.1e} to "
        f"{max(row['seed_medians']):.1e}) in {duration(_seconds(row))}"
        for row in rows
    ]
    in_time = [row for row in rows if _seconds(row) <= MOST_SECONDS]
    return "; ".join(said), any(row["accuracy"]["median"] < least for row in in_time)


def times_deepxde(who: str, *, least: float) -> Measured:
    """How many times as large DeepXDE's median error is, by activation."""
    rows, ratios, said = load("deepxde")["rows"], [], []
    for activation in dict.fromkeys(row["activation"] for row in rows):
        theirs, ours = (_median_error(rows, name, activation) for name in ("DeepXDE", who))
        ratios.append(theirs / ours)
        said.append(f"{activation} {theirs:.1e} against {ours:.1e}: {theirs / ours:,.0f} times")
    return "; ".join(said), min(ratios) >= least


def over_viscosities(least: float) -> Measured:
    """Median error over the range, from equations alone."""
    row = _row(load(RANGE), "range-equations")
    low, high = row["accuracy"]["q10"], row["accuracy"]["q90"]
    said = f"{row['accuracy']['median']:.1e} ({low:.1e} to {high:.1e})"
    seconds = row["bill_seconds"]["training"]
    return f"{said}, {duration(seconds)} of training", (
        row["accuracy"]["median"] < least and seconds <= MOST_SECONDS
    )


def repaid() -> Measured:
    """Speed-ups over the range and after how many queries the training is repaid."""
    verdict = next(v for v in load(RANGE)["verdicts"] if v["label"] == "range-equations")
    said = []
    for mode, words in (("single", "alone"), ("batch", "in batch")):
        found = mode_of(verdict[mode])
        said.append(f"{found.in_words()} {words}, repaid after {found.repaid_in_words()} queries")
    return "; ".join(said), None


def worth() -> Measured:
    """Errors from equations, answers or both, at equal time."""
    results = load(RANGE)
    said = []
    for label, learned in results["learned_from"].items():
        if learned["answers"] is not None:
            parts = ["equations"] * learned["equations"]
            parts += [f"{learned['answers']} answers"] * bool(learned["answers"])
            said.append(f"{' and '.join(parts)} {_row(results, label)['accuracy']['median']:.1e}")
    return "; ".join(said), None


def derivatives() -> Measured:
    """Milliseconds of a loss with its gradient, by way."""
    results = load("derivatives")
    rows, said = results["rows"], [f"products with the weights alone {1e3 * results['floor_seconds']:.1f}"]
    for activation in dict.fromkeys(row["activation"] for row in rows):
        ways = [
            f"{row['way']} {1e3 * row['seconds']:.1f}"
            for row in rows
            if row["activation"] == activation and row["seconds"] is not None
        ]
        said.append(f"{activation}: {', '.join(ways)}")
    return "; ".join(said), None


def slower_than_solver() -> Measured:
    """The best network of each problem against the solver at equal error."""
    said = []
    for _, title, results in there():
        best = min(NETWORKS, key=lambda label: float(_row(results, label)["accuracy"]["median"]))
        verdict = next(v for v in results["verdicts"] if v["label"] == best)
        said.append(f"{title}: {mode_of(verdict['single']).in_words()}")
    return "; ".join(said), None


def numbers_within() -> Measured:
    """Recovered numbers, in error bars from the truth."""
    rows = load("numbers")["rows"]
    off = [abs(r["network"]["found"] - r["true"]) / r["network"]["error_bar"] for r in rows]
    return (
        f"{sum(o < 2 for o in off)} of {len(off)} within two error bars, the farthest at {max(off):.1f}",
        None,
    )


TARGETS: tuple[Target, ...] = (
    ("Burgers, viscosity 0.01/pi, with GELU", "5e-6 within 10 minutes",
     lambda: error_below("burgers", 5e-6, labels=("pinn",)), "run burgers"),
    ("the same, the best activation", "3e-7", lambda: error_below("burgers", 3e-7), "run burgers"),
    ("the same, further", "1e-7", lambda: error_below("burgers", 1e-7), "run burgers"),
    ("Allen-Cahn", "1e-5", lambda: error_below("allen-cahn", 1e-5), "run allen-cahn"),
    ("lid-driven cavity, Re 100", "below 1 %", lambda: error_below("cavity", 1e-2), "run cavity"),
    ("Kuramoto-Sivashinsky over a short horizon", "below 1e-3",
     lambda: error_below("one-kuramoto-sivashinsky", 1e-3), "run one-kuramoto-sivashinsky"),
    ("three bodies over a window", "below 1e-5",
     lambda: error_below("one-three-body", 1e-5), "run one-three-body"),
    ("DeepXDE's error over ours: network, points and time alike, ours as recommended", "100 times",
     lambda: times_deepxde("ours, recommended", least=100), "bench burgers"),
    ("the same, ours without symmetry, built-in start and moving points: only the optimiser differs",
     "100 times", lambda: times_deepxde("ours, plain, SSBroyden", least=100), "bench burgers"),
    ("the same, and by DeepXDE's optimisers", "stated",
     lambda: (times_deepxde("ours, plain, Adam and L-BFGS", least=0)[0], None), "bench burgers"),
    ("Burgers over viscosities 0.005 to 0.05, from equations alone", "below 1e-4",
     lambda: over_viscosities(1e-4), "run burgers"),
    ("the same against the spectral solver, and break-even", "stated", repaid, "run burgers"),
    ("worth of the equations against answers, at equal time", "stated", worth, "run burgers"),
    ("heat, an easy known answer", "stated", lambda: (error_below("heat", 1)[0], None), "run heat"),
    ("Poisson, another", "stated", lambda: (error_below("poisson", 1)[0], None), "run poisson"),
    ("flow about an obstacle, Re 100 of its height", "stated",
     lambda: (error_below("one-steady-flow", 1)[0], None), "run one-steady-flow"),
    ("one query, training counted, against the solver at equal error", "stated", slower_than_solver,
     "all of these"),
    ("milliseconds of Burgers' loss with gradient on 2,048 points, 3 x 20", "the fastest that is right",
     derivatives, "bench burgers"),
    ("numbers found from noisy data", "with an error bar", numbers_within, "bench inverse"),
)  # fmt: skip


# tables --------------------------------------------------------------------------------------------------


def problems_table() -> str:
    """One line for each problem and recommended network: error, time, and the solver's time for it."""
    lines = [
        "| one query | network | relative L2 error (seeds) | trained for | the solver, at equal error "
        "| so the network is |",
        "|---|---|---|---|---|---|",
    ]
    for _, title, results in there():
        verdicts = {v["label"]: v for v in results["verdicts"]}
        for label in NETWORKS:
            row, mode = _row(results, label), mode_of(verdicts[label]["single"])
            seeds = f"{min(row['seed_medians']):.1e} to {max(row['seed_medians']):.1e}"
            bound = {"=": "", "<=": "at most ", ">=": "more than "}[mode.sign]
            lines.append(
                f"| {title if label == NETWORKS[0] else ''} | {'GELU' if label == 'pinn' else 'tanh'} | "
                f"{row['accuracy']['median']:.1e} ({seeds}) | {duration(_seconds(row))} | "
                f"{bound}{duration(mode.solver_seconds)} | {mode.in_words().partition(' (')[0]} |"
            )
    return "\n".join(lines)


def optimisers_table() -> str:
    """Errors at equal time, one seed each."""
    shown = [label.removeprefix("pinn-") for label in OPTIMISERS]
    shown[0] = "ssbroyden"
    lines = [f"| GELU, one seed, after | {' | '.join(shown)} |", "|---|" + "---|" * len(shown)]
    for _, title, results in there():
        found = results["at_equal_time"]
        cells = [f"{found['errors'][label]:.1e}" for label in OPTIMISERS]
        lines.append(f"| {title}, {duration(found['seconds'])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ablations_table() -> str:
    """Errors at equal time without, or with, each part; those that a problem has."""
    lines = ["| problem, time | as recommended (seeds) | with one change |", "|---|---|---|"]
    for _, title, results in there():
        found = results["at_equal_time"]
        seeds = [error_at(Curve(**curve), found["seconds"]) for curve in results["curves"]["pinn"]]
        cells = [
            f"{label.removeprefix('pinn-')} {error:.1e}"
            for label, error in found["errors"].items()
            if label not in (*NETWORKS, *OPTIMISERS)
        ]
        lines.append(
            f"| {title}, {duration(found['seconds'])} | {found['errors']['pinn']:.1e} ({min(seeds):.1e} to "
            f"{max(seeds):.1e}) | {', '.join(cells)} |"
        )
    return "\n".join(lines)


def numbers_table() -> str:
    """Recovered numbers beside a fit by the solver."""
    lines = [
        "| number | true | first guess | by | found (median of seeds) | error bar | farthest, in error bars "
        "| time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    if not path_of("numbers").is_file():
        return "not measured yet"
    results = load("numbers")
    for name in dict.fromkeys(row["problem"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["problem"] == name]
        for who in ("network", "solver"):
            found, bars, seconds = (
                np.array([row[who][key] for row in rows]) for key in ("found", "error_bar", "seconds")
            )
            off = np.abs(found - rows[0]["true"]) / bars
            first = (
                f"{name} | {rows[0]['true']:.5g} | {rows[0]['guess']:.5g}" if who == "network" else " | | "
            )
            lines.append(
                f"| {first} | {who} | {np.median(found):.5g} | {np.median(bars):.2g} | {off.max():.1f} | "
                f"{duration(float(np.median(seconds)))} |"
            )
    return "\n".join(lines)


TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "optimisers": optimisers_table,
    "ablations": ablations_table,
    "numbers": numbers_table,
    "made": partial(made_table, (*ONE_QUERY, RANGE, *BENCH), load),
}
README_TABLES: Tables = {"problems": problems_table}


def _row(results: Results, label: str) -> Results:
    return next(r for r in results["rows"] if r["label"] == label)


def _seconds(row: Results) -> float:
    return float(row["seconds_per_query"]["single"]["median"])


def _median_error(rows: Sequence[Results], who: str, activation: str) -> float:
    return float(np.median([r["error"] for r in rows if (r["who"], r["activation"]) == (who, activation)]))


if __name__ == "__main__":
    fill_in(README, README_TABLES)
    sys.exit(fill_in(PAGE, TABLES))
