"""Tables of networks that know an equation, for README and targets, from the committed results."""

from __future__ import annotations

import numpy as np

from .bench_inverse_numbers import summary
from .envelope import Envelope, Sign
from .one_query_report import Curve, error_at
from .pinn_results import MARKS, NETWORKS, OPTIMISERS, Results, load, path_of, row_of, seconds_of, there
from .report import duration
from .results_table import mode_of

__all__ = ["ablations_table", "fixed_errors_table", "numbers_table", "optimisers_table", "problems_table"]


def problems_table() -> str:
    """One line for each problem and recommended network: error, time, and the solver's time for it."""
    lines = [
        "| problem | network | relative L2 error (three seeds) | training, s | evaluating, s "
        "| solver at equal error, s | by | network / solver |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for _, title, results in there():
        verdicts = {v["label"]: v for v in results["verdicts"]}
        known = float(results["truth"]["error_estimate_largest"])
        for label, shown in NETWORKS.items():
            row, mode = row_of(results, label), mode_of(verdicts[label]["single"])
            error = row["accuracy"]["median"]
            seeds = f"{min(row['seed_medians']):.1e} to {max(row['seed_medians']):.1e}"
            if error < known:
                said = f"at most {known:.1e}, to which the truth is known | {_plain(seconds_of(row))}"
                lines.append(f"| {title if shown == 'GELU' else ''} | {shown} | {said} | | | | |")
                continue
            bound = {"=": "", "<=": "at most ", ">=": "more than "}[mode.sign]
            lines.append(
                f"| {title if shown == 'GELU' else ''} | {shown} | {error:.1e} ({seeds}) | "
                f"{_plain(seconds_of(row))} | {_plain(row['settings']['evaluating_seconds'])} | "
                f"{bound}{_plain(mode.solver_seconds)} | {_opponent(results, error)} | "
                f"{_ratio(mode.seconds / mode.solver_seconds, mode.sign)} |"
            )
    return "\n".join(lines)


def fixed_errors_table() -> str:
    """How many times the solver's time networks take to given errors, the median of seeds."""
    lines = [
        f"| network / solver, to an error of | {' | '.join(f'{mark:.0e}' for mark in MARKS)} |",
        "|---|" + "---|" * len(MARKS),
    ]
    for _, title, results in there():
        ladder = [row for row in results["rows"] if row["kind"] == "ladder"]
        envelope = Envelope.of(
            np.array([seconds_of(row) for row in ladder]),
            -np.log10([_finite(row["accuracy"]["median"]) for row in ladder]),
        )
        for label, shown in NETWORKS.items():
            cells = []
            for mark in MARKS:
                seconds = results["seconds_until"][label].get(f"{mark:g}")
                cost = envelope.cost(-np.log10(mark))
                cells.append("-" if seconds is None else _ratio(seconds / cost.seconds, cost.sign))
            lines.append(f"| {title}, {shown} | {' | '.join(cells)} |")
    return "\n".join(lines)


def optimisers_table() -> str:
    """Errors at equal time, one seed each."""
    shown = ("SSBroyden", "SSBFGS", "BFGS", "L-BFGS after 500 steps of Adam", "Adam")
    lines = [f"| GELU, first seed, after | {' | '.join(shown)} |", "|---|" + "---|" * len(shown)]
    for _, title, results in there():
        found = results["at_equal_time"]
        cells = [f"{found['errors'][label]:.1e}" for label in OPTIMISERS]
        lines.append(f"| {title}, {duration(found['seconds'])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def ablations_table() -> str:
    """Errors at equal time without, or with, each part; those that a problem has."""
    lines = ["| problem, time | as recommended: lowest to highest of three seeds | changed, one seed |"]
    lines += ["|---|---|---|"]
    for _, title, results in there():
        found = results["at_equal_time"]
        seeds = [error_at(Curve(**curve), found["seconds"]) for curve in results["curves"]["pinn"]]
        cells = [
            f"{label.removeprefix('pinn-')} {error:.1e}"
            for label, error in found["errors"].items()
            if label not in (*NETWORKS, *OPTIMISERS)
        ]
        lines.append(
            f"| {title}, {duration(found['seconds'])} | {min(seeds):.1e} to {max(seeds):.1e} | "
            f"{', '.join(cells)} |"
        )
    return "\n".join(lines)


def numbers_table() -> str:
    """Recovered numbers beside a fit by the solver."""
    lines = [
        "| number | true | first guess | by | found | error bar | true error, rms of seeds | missed | time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    if not path_of("numbers").is_file():
        return "not measured yet"
    results = load("numbers")
    for name in dict.fromkeys(row["problem"] for row in results["rows"]):
        rows = [row for row in results["rows"] if row["problem"] == name]
        for who in ("network", "solver"):
            said = summary(rows, who)
            first = (
                f"{name} | {rows[0]['true']:.5g} | {rows[0]['guess']:.5g}" if who == "network" else " | | "
            )
            lines.append(
                f"| {first} | {who} | {said['found']:.5g} | {said['error_bar']:.2g} | {said['error']:.2%} | "
                f"{said['missed']} of {said['of']} | {duration(said['seconds'])} |"
            )
    return "\n".join(lines)


def _opponent(results: Results, error: float) -> str:
    """The solver's cheapest setting that is as accurate; the most accurate one where none is."""
    ladder = [row for row in results["rows"] if row["kind"] == "ladder"]
    good = [row for row in ladder if _finite(row["accuracy"]["median"]) <= error]
    best = min(good, key=seconds_of) if good else min(ladder, key=lambda r: _finite(r["accuracy"]["median"]))
    return str(best["label"])


def _finite(value: float | None) -> float:
    return np.inf if value is None else float(value)


def _ratio(times: float, sign: Sign) -> str:
    """How many times the solver's time, whose bound the sign is, to two digits."""
    bound = {"=": "", "<=": "at least ", ">=": "at most "}[sign]
    return f"{bound}{float(f'{times:.2g}'):,.12g}"


def _plain(seconds: float) -> str:
    """Seconds with two digits, without powers of ten."""
    return f"{float(f'{seconds:.2g}'):.6f}".rstrip("0").rstrip(".")
