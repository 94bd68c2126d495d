"""Every target for steady flow beside what the committed results say, as the tables of its page.

`python -m understudy.experiments.targets_steady_flow` fills them in; a test keeps page and results equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from .report import duration
from .results_table import RESULTS
from .targets_page import Measured, Tables, Target, fill_in, made_table, targets_table

__all__ = ["PAGE", "TABLES"]

PAGE = RESULTS / "TARGETS-steady-flow.md"
COMPARISON = "steady-flow-default"
BENCH = "bench-steady-flow"
PARTS = ("refinement", "time", "floor")
BOOTCAMP = ("dense", "cnn", "gated-unet")
OURS = ("mixer", "corrected")

Results = Mapping[str, Any]


def load(name: str) -> Results:
    """The committed results of the comparison (`default`) or of a part of the benchmark."""
    path = RESULTS / BENCH / f"{name}.json" if name in PARTS else RESULTS / COMPARISON / "results.json"
    return dict(json.loads(path.read_text()))


def cylinder() -> Measured:
    """Errors of the coefficients on the finest grid, orders between grids, and what is extrapolated."""
    found = load("refinement")
    last = found["grids"][-1]
    orders = {name: ", ".join(f"{order:.1f}" for order in found["orders"][name]) for name in ("drag", "lift")}
    said = (
        f"{last['rows']} x {last['columns']} cells: drag {100 * last['drag_error']:+.3f} % (orders from grid "
        f"to grid {orders['drag']}), lift {100 * last['lift_error']:+.2f} % ({orders['lift']})"
    )
    return said, abs(last["drag_error"]) < 1e-3 and abs(last["lift_error"]) < 0.02


def faster_than(method: str, *, error: float, least: float) -> Measured:
    """Newton's method against another at equal error."""
    (row,) = (r for r in load("time")["at_equal_error"] if r["error"] == error)
    if method not in row["seconds"]:
        return "not measured", False
    if method not in row["times_newton"]:
        return "Newton's own time is but a bound at this error", False
    found, own = row["times_newton"][method], row["seconds"]["newton"]["seconds"]
    bound = {"=": "", "<=": "at most ", ">=": "at least "}[found["sign"]]
    said = f"{bound}{found['times']:.0f} times: {duration(own)} against {duration(own * found['times'])}"
    return said, found["times"] >= least and found["sign"] != "<="


def seconds_of(label: str, *, most: float) -> Measured:
    """Median over the shapes of one setting of Newton's method, on one core."""
    (row,) = (r for r in load("time")["rows"] if r["label"] == label)
    said = f"{duration(row['seconds'])} ({duration(min(row['seconds_of_each']))} to "
    return said + f"{duration(max(row['seconds_of_each']))})", row["seconds"] < most


def lattice_floor() -> Measured:
    """Bytes that the largest lattice moves at least, a second, against what memory gives."""
    found = load("floor")
    last = found["lattice"][-1]
    share = last["gigabytes"] / found["memory_gigabytes"]
    return f"{share:.0%} on {last['rows']} x {2 * last['rows']} cells", share >= 0.5


def level_with_lbmpy() -> Measured:
    """Speed of our lattice over lbmpy's, grid by grid, both without walls and solids."""
    found = [row for row in load("floor")["lattice"] if "times_lbmpy" in row]
    said = [
        f"{row['rows']} x {2 * row['rows']}: {row['times_lbmpy']:.2g} times as fast (with walls and solids, "
        f"which lbmpy's has not, {row['times_lbmpy_with_walls']:.2g})"
        for row in found
    ]
    return "; ".join(said) or "not measured", bool(found) and min(r["times_lbmpy"] for r in found) >= 0.9


def bootcamp() -> Measured:
    """The faithful networks, and what no training of a ReLU's ending gets below."""
    results = load("default")
    said = [f"{label} {results['measures'][label]['velocity']:.1%}" for label in BOOTCAMP]
    floor = results["relu_floor"]
    ends = f"floor of a ReLU's ending {floor['velocity']:.1%}, across the channel {floor['v']:.0%}"
    return f"{', '.join(said)}; {ends}", None


def held_out() -> Measured:
    """Errors of the velocity on shapes as they were learned."""
    found = load("default")["measures"]
    said = [f"{label} {found[label]['velocity']:.2%}" for label in OURS]
    return ", ".join(said), min(found[label]["velocity"] for label in OURS) < 0.01


def beyond() -> Measured:
    """Errors of the velocity on each set beyond what was learned."""
    found = load("default")["beyond"]
    said, worst = [], {}
    for label in OURS:
        sets = {name: of["velocity"] for name, of in found[label].items() if name != "main"}
        worst[label] = max(sets.values())
        said.append(f"{label}: " + ", ".join(f"{name} {error:.1%}" for name, error in sets.items()))
    return "; ".join(said), min(worst.values()) < 0.04


def drag() -> Measured:
    """Errors of the drag, as it is answered and as the fields have it."""
    found = load("default")["measures"]
    said = [f"{label} {found[label]['drag']:.1%} ({found[label]['drag of fields']:.1%})" for label in OURS]
    return f"{', '.join(said)} (in brackets from the fields)", min(found[la]["drag"] for la in OURS) < 0.02


def round_off() -> Measured:
    """Largest divergence and slip, of all test shapes, of what answers a stream function."""
    found = load("default")["largest"]
    said = [
        f"{label}: divergence {found[label]['divergence']:.0e}, slip {found[label]['slip']:.0e}"
        for label in OURS
    ]
    worst = max(found[label][law] for label in OURS for law in ("divergence", "slip"))
    return "; ".join(said), worst < 1e-12


def speed_ups() -> Measured:
    """Whether every surrogate with skill has both speed-ups."""
    verdicts = [v for v in load("default")["verdicts"] if v["label"] != "control"]
    without = [
        v for v in verdicts if v["skill"] and None in (v["batch"]["speed_up"], v["single"]["speed_up"])
    ]
    said = [
        f"{v['label']}: {v['single']['in_words']} alone, {v['batch']['in_words']} in batch, naively "
        f"{v['batch']['naive']:,.0f} x"
        for v in verdicts
    ]
    return "; ".join(said), not without


def warm_starts() -> Measured:
    """Steps and factorisations to full accuracy, cold and from a guess."""
    said = [
        f"{row['label']}, {row['solver']}: {row['cold_steps']:.1f} -> {row['warm_steps']:.1f} steps, "
        f"{row['cold_factorisations']:.1f} -> {row['warm_factorisations']:.1f} factorisations"
        for row in load("default")["warm_starts"]
    ]
    return "; ".join(said), None


TARGETS: tuple[Target, ...] = (
    ("Schaefer & Turek 2D-1 by refinement", "drag 0.1 %, lift 2 %", cylinder, "bench"),
    ("time to 1 % of velocity against simpleFoam (SIMPLEC, cut cells)", "50 times",
     lambda: faster_than("openfoam", error=0.01, least=50), "bench"),
    ("the same against lattice Boltzmann", "50 times",
     lambda: faster_than("lattice", error=0.01, least=50), "bench"),
    ("128 x 256 to 1e-8 on one core", "0.25 s",
     lambda: seconds_of("Newton 128x256 1e-08", most=0.25), "bench"),
    ("the same", "0.1 s", lambda: seconds_of("Newton 128x256 1e-08", most=0.1), "bench"),
    ("lattice Boltzmann, share of what memory gives", "50 %", lattice_floor, "bench"),
    ("lattice Boltzmann against lbmpy, both bare", "level", level_with_lbmpy, "bench"),
    ("the bootcamp's networks, velocity", "as measured", bootcamp, "default"),
    ("ours on held-out shapes, velocity, one of them", "below 1 %", held_out, "default"),
    ("ours beyond what was learned, velocity, one of them on every set", "below 4 %", beyond, "default"),
    ("drag, one of ours", "below 2 %", drag, "default"),
    ("divergence and slip", "round-off", round_off, "default"),
    ("naive and equal-accuracy speed-ups, both modes, for every row", "stated", speed_ups, "default"),
    ("what a warm start saves", "stated", warm_starts, "default"),
)  # fmt: skip


TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "made": partial(made_table, ("default", *PARTS), load),
}


if __name__ == "__main__":
    sys.exit(fill_in(PAGE, TABLES))
