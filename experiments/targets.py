"""Every target for Kuramoto-Sivashinsky beside what the committed results say, as the tables of TARGETS.md.

`python -m understudy.experiments.targets` fills them in; a test keeps page and results equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from .report import duration
from .results_table import RESULTS, mode_of
from .targets_page import Measured, Tables, Target, fill_in, targets_table

__all__ = ["PAGE", "TABLES"]

PAGE = RESULTS / "TARGETS.md"

COMPARISONS = {
    "default": "kuramoto-sivashinsky-default",
    "60": "kuramoto-sivashinsky-60",
    "paper": "kuramoto-sivashinsky-paper",
    "free-runs": "kuramoto-sivashinsky-free-runs",
    "networks": "kuramoto-sivashinsky-networks",
    "envelope 22": "kuramoto-sivashinsky-envelope-22",
    "envelope 60": "kuramoto-sivashinsky-envelope-60",
}
LENGTHS = {"envelope 22": 22, "envelope 60": 60, "paper": 200}
NOT_LEARNED = "classical weights were kept"
CONTROL = "control"
"""A solver's scheme in the surrogate's wrapper: nothing learned, so that its speed-up should be 1."""

Results = Mapping[str, Any]


def load(name: str) -> Results:
    """The committed results of a comparison (`COMPARISONS`) or of a part of the benchmark."""
    path = RESULTS / COMPARISONS.get(name, "") / "results.json"
    if name not in COMPARISONS:
        path = RESULTS / "bench-kuramoto-sivashinsky" / f"{name}.json"
    return dict(json.loads(path.read_text()))


# targets -------------------------------------------------------------------------------------------------


def steps(points: int, batch: int, *, least: float, hoped: float) -> Measured:
    """Compiled ETDRK4 against exponax, trajectory-steps per second."""
    row = next(
        r
        for r in load("steps")["rows"]
        if (r["points"], r["batch"], r["method"]) == (points, batch, "compiled ETDRK4")
    )
    best, median = row["times_yardstick_at_best"], row["times_yardstick"]
    said = f"{best:.1f} (best calls), {median:.1f} (medians)"
    if least <= min(best, median) < hoped:
        said += "; the ambition not"
    return said, min(best, median) >= least


def floor() -> Measured:
    """Share of what the machine allows, N = 64."""
    row = next(
        r
        for r in load("steps")["rows"]
        if (r["points"], r["batch"], r["method"]) == (64, 256, "compiled ETDRK4")
    )
    peak = load("steps")["peak"]["gigaflops"]
    return (
        f"{row['share_of_floor']:.0%} of the floor (instructions issued), {row['gigaflops']:.0f} of "
        f"{peak:.0f} GFLOP/s of one core",
        None,
    )


def simulated_time() -> Measured:
    """Against exponax's ETDRK4 at its best grid and step."""
    best = {b["batch"]: b["times_yardstick_of_median"] for b in load("simulated-time")["best"]}
    return f"{best[256]:.0f} (batch 256), {best[1]:.0f} (single)", min(best.values()) >= 12


def same_states() -> Measured:
    """Reservoir states against reservoirpy's."""
    worst = max(d["states"] for d in load("reservoir")["differences"])
    return f"{worst:.0e}", worst < 1e-14


def reservoirpy(task: str, batch: int, *, least: float) -> Measured:
    """Training, or a batch of forecasts, against reservoirpy, at each size."""
    rows = [
        r
        for r in load("reservoir")["rows"]
        if (r["task"], r["batch"], r["method"]) == (task, batch, "understudy")
    ]
    said = [
        f"{r['nodes']:,} nodes {r['times_yardstick']:.1f} (best calls {r['times_yardstick_at_best']:.1f})"
        for r in rows
    ]
    return "; ".join(said), all(r["times_yardstick"] >= least for r in rows)


def valid_time(comparison: str, label: str, *, least: float) -> Measured:
    """The median valid time of one surrogate."""
    row = _row(load(comparison), label)
    return f"{_accuracy(row)}, {duration(row['bill_seconds']['training'])} of training", (
        row["accuracy"]["median"] >= least
    )


def best_learned(comparison: str, *, least: float) -> Measured:
    """The longest forecast by what did learn: a scheme that kept its classical weights does not count."""
    rows = [
        r for r in load(comparison)["rows"] if r["kind"] == "surrogate" and NOT_LEARNED not in r["remark"]
    ]
    best = max(rows, key=lambda r: float(r["accuracy"]["median"]))
    return f"{_accuracy(best)}, {best['label']}", best["accuracy"]["median"] >= least


def above_envelope() -> Measured:
    """Surrogates whose whole interval of the speed-up lies above 1, and above what the control shows."""
    found = []
    for name, length in LENGTHS.items():
        verdicts = {verdict["label"]: verdict for verdict in load(name)["verdicts"]}
        for mode, words in (("batch", "in batch"), ("single", "alone")):
            least = max(1.0, verdicts[CONTROL][mode]["interval"][1])
            found += [
                f"L = {length}: {label} {mode_of(verdict[mode]).in_words()} {words}"
                for label, verdict in verdicts.items()
                if verdict[mode]["speed_up"] and verdict[mode]["interval"][0] > least
            ]
    return "; ".join(found) or "none", bool(found)


def free_runs() -> Measured:
    """All contestants of the long free runs."""
    results = load("free-runs")
    free = results["free_runs"]
    names = list(free["contestants"])
    unbounded = [n for n in names if free["climates"][n]["bounded"] < 1]
    within = [n for n in names if n not in unbounded and _within(free["contestants"][n])]
    lyapunov_times = free["length"] / results["characteristic_time"]
    said = (
        f"{free['runs']} runs of {lyapunov_times:,.0f} each: {len(names) - len(unbounded)} of {len(names)} "
    )
    said += f"surrogates bounded, {len(within)} within the sampling error in all three"
    return said, len(within) == len(names) and lyapunov_times >= 10_000


def _within(contestant: Results) -> bool:
    return (
        max(contestant["times_sampling_error"].values()) <= 1
        and abs(contestant["growth_rate_standard_errors_apart"] or 99) <= 2
    )


TARGETS: tuple[Target, ...] = (
    ("ETDRK4 float64 against exponax, batch 256, N = 64", "4, then 8 times",
     lambda: steps(64, 256, least=4, hoped=8), "bench"),
    ("the same, N = 512", "3, then 5", lambda: steps(512, 256, least=3, hoped=5), "bench"),
    ("single trajectory, N = 64", "8, then 25", lambda: steps(64, 1, least=8, hoped=25), "bench"),
    ("single trajectory, N = 512", "3, then 8", lambda: steps(512, 1, least=3, hoped=8), "bench"),
    ("share of the floor, N = 64, batch 256", "stated", floor, "bench"),
    ("simulated time at a valid time of 8.7, against exponax's ETDRK4 at its best grid and step", "12 times",
     simulated_time, "bench"),
    ("reservoir states equal to reservoirpy's", "round-off", same_states, "bench"),
    ("reservoir training against reservoirpy", "2.5 times",
     lambda: reservoirpy("training", 1, least=2.5), "bench"),
    ("batch of 16 forecasts against reservoirpy", "5 times",
     lambda: reservoirpy("forecast", 16, least=5), "bench"),
    ("single reservoir, L = 22", "5.5, then 6", lambda: valid_time("default", "reservoir", least=6),
     "default"),
    ("parallel reservoirs, L = 22", "8", lambda: valid_time("free-runs", "parallel-reservoirs", least=8),
     "free-runs"),
    ("parallel reservoirs, L = 60", "10", lambda: valid_time("60", "parallel-reservoirs", least=10), "60"),
    ("parallel reservoirs, L = 200", "9 (headline 8)",
     lambda: valid_time("paper", "parallel-reservoirs", least=9), "paper"),
    ("best surrogate, L = 22", "14", lambda: best_learned("default", least=14), "default"),
    ("best surrogate, L = 60", "14", lambda: best_learned("60", least=14), "60"),
    ("best surrogate, L = 200", "12", lambda: best_learned("paper", least=12), "paper"),
    ("CNN, L = 22", "5", lambda: valid_time("default", "cnn", least=5), "default"),
    ("ResNet, L = 22", "5", lambda: valid_time("networks", "resnet", least=5), "networks"),
    ("a surrogate above the solver's envelope at equal accuracy", "one, or the proof that none is",
     above_envelope, "envelope, paper"),
    ("free runs of 10,000 Lyapunov times stay on the attractor: spectrum, distribution, exponent",
     "all within the solver's own sampling error", free_runs, "free-runs"),
)  # fmt: skip


# tables --------------------------------------------------------------------------------------------------


def envelope_table() -> str:
    """The schemes that run in the solver's own kernel, against the solver's best settings."""
    lines = ["| | valid time | in batch | alone |", "|---|---|---|---|"]
    for name, length in LENGTHS.items():
        results = load(name)
        for verdict in results["verdicts"]:
            row = _row(results, verdict["label"])
            if "kernel" not in row["remark"] and row["label"] != CONTROL:
                continue
            cells = [_times(verdict[mode]) for mode in ("batch", "single")]
            lines.append(f"| L = {length}, {verdict['label']} | {_accuracy(row)} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def free_run_table() -> str:
    """Distances from the solver in units of its own sampling error, and growth rates."""
    free = load("free-runs")["free_runs"]
    mean, error = (free["solver"]["growth_rate"][k] for k in ("mean", "standard_error"))
    lines = [
        "| | bounded | distribution | spectrum | growth rate of small differences |",
        "|---|---|---|---|---|",
        f"| solver | {free['climates']['solver']['bounded']:.0%} | at most 1 | at most 1 | "
        f"{mean:.4f} ± {error:.4f} |",
    ]
    for label, found in free["contestants"].items():
        times = found["times_sampling_error"]
        rate = found["growth_rate"]
        lines.append(
            f"| {label} | {free['climates'][label]['bounded']:.0%} | {_number(times['distribution'])} | "
            f"{_number(times['log10_spectrum'])} | {_number(rate['mean'], 4)} ± "
            f"{_number(rate['standard_error'], 4)} |"
        )
    return "\n".join(lines)


def made_table() -> str:
    """When, from which commit and on what each of the results was made."""
    lines = ["| results | commit | date | machine | seed of the test starts |", "|---|---|---|---|---|"]
    for name in (*COMPARISONS, "steps", "simulated-time", "reservoir"):
        r = load(name)
        seed = r["settings"]["main"]["seed"] if name in COMPARISONS else ""
        lines.append(
            f"| `{name}` | {r['commit']} | {r['date'][:16]} | {r['machine']['processor']} | {seed} |"
        )
    return "\n".join(lines)


TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "envelope": envelope_table,
    "free-runs": free_run_table,
    "made": made_table,
}


def _row(results: Results, label: str) -> Results:
    return next(r for r in results["rows"] if r["label"] == label)


def _accuracy(row: Results) -> str:
    accuracy = row["accuracy"]
    return f"{accuracy['median']:.1f} ({accuracy['q10']:.1f} to {accuracy['q90']:.1f})"


def _times(mode: Results) -> str:
    if mode["speed_up"] is None:
        return "no skill"
    low, high = mode["interval"]
    bound = {"=": "", ">=": "at least ", "<=": "at most "}[mode["sign"]]
    return f"{bound}{mode['speed_up']:.2f} times the solver's speed ({low:.2f} to {high:.2f})"


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    sys.exit(fill_in(PAGE, TABLES))
