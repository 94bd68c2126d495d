"""Every target for three bodies beside what the committed results say, as the tables of its page.

`python -m understudy.experiments.targets_three_body` fills them in; a test keeps page and results equal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from .report import duration
from .results_table import RESULTS
from .targets_page import Measured, Tables, Target, fill_in, made_table, targets_table

__all__ = ["PAGE", "TABLES"]

PAGE = RESULTS / "TARGETS-three-body.md"
COMPARISONS = {
    "default": "three-body-default",
    "paper": "three-body-paper",
    "paper until 7.8": "three-body-paper/until-7.8125",
    "paper until 10": "three-body-paper/until-10",
}
LATER = tuple(name for name in COMPARISONS if name.startswith("paper until"))
BENCH = "bench-three-body"

Results = Mapping[str, Any]


def load(name: str) -> Results:
    """The committed results of a comparison (`COMPARISONS`) or of a part of the benchmark."""
    path = RESULTS / COMPARISONS.get(name, "") / "results.json"
    if name not in COMPARISONS:
        path = RESULTS / BENCH / f"{name}.json"
    return dict(json.loads(path.read_text()))


def equal_error(ours: str, peer: str, *, least: float) -> Measured:
    """Our speed over a peer's at equal median error, for each window and error."""
    found = [row for row in load("trajectories")["equal_error"] if (row["ours"], row["peer"]) == (ours, peer)]
    bound = {"=": "", "<=": "at most ", ">=": "at least ", "~": "about "}
    said = [
        f"t = {row['end']:g}, {row['error']:.0e}: {bound[row['sign']]}{row['times']:.1f}" for row in found
    ]
    assert all(row["wanted"] == least for row in found), "the benchmark aims at something else"
    return "; ".join(said), bool(found) and all(row["reached"] for row in found)


def reference() -> Measured:
    """Standard starts that the arbitrary-precision solver settles to ten decimals, and what they need."""
    took = load("trajectories")["reference"]
    end = max(map(float, load("trajectories")["truth"]))
    said = (
        f"{took['solved']} of {took['starts']} standard starts until t = {end:g}, "
        f"{took['digits']['median']:.0f} to {took['digits']['most']:.0f} digits, "
        f"{duration(took['seconds']['median'])} each (median; {duration(took['seconds']['most'])} at most)"
    )
    return said, took["solved"] >= 100 and end >= 10


def network(comparison: str, *, mean: float, median: float | None) -> Measured:
    """The network with the least median error."""
    results = load(comparison)
    best = min(_networks(results), key=lambda label: float(results["errors"][label]["median"]))
    errors = results["errors"][best]
    said = (
        f"{best}: mean {errors['mean']:.3f} ({_mean_interval(results, best)}), median {errors['median']:.4f}"
    )
    return said, errors["mean"] < mean and (median is None or errors["median"] < median)


def windows() -> Measured:
    """The published and the best network until the later ends, with interpolation beside them."""
    parts = []
    for name in LATER:
        results = load(name)
        errors = results["errors"]
        said = (
            f"{label} {errors[label]['mean']:.2f} and {errors[label]['median']:.3f}"
            for label in (*_networks(results), "interpolation", "training-mean")
        )
        truth = results["truth"]
        parts.append(
            f"t = {results['times'][-1]:g}, {truth['converged']} of {truth['starts']} starts, mean and "
            f"median: {', '.join(said)}"
        )
    return "; ".join(parts), len(parts) == 2


def _mean_interval(results: Results, label: str) -> str:
    """95 % interval of the mean error when the starts are drawn again."""
    (row,) = (r for r in results["rows"] if r["label"] == label)
    scores = np.array(row["scores"], dtype=float).mean(axis=0)
    drawn = np.random.default_rng(0).integers(len(scores), size=(2_000, len(scores)))
    low, high = np.quantile(scores[drawn].mean(axis=1), [0.025, 0.975])
    return f"{low:.3f} to {high:.3f} over starts"


def beats_interpolation(comparison: str) -> Measured:
    """The best network against reading off the table of the same trajectories."""
    results = load(comparison)
    rows, errors = _networks(results), results["errors"]
    best, table = min(errors[label]["median"] for label in rows), errors["interpolation"]
    mean = min(errors[label]["mean"] for label in rows)
    said = (
        f"median {best:.4f} against {table['median']:.4f}, mean {mean:.3f} against {table['mean']:.3f} "
        f"(best network in each, {results['training_sets']['main']['trajectories']:,} trajectories)"
    )
    return said, best < table["median"] and mean < table["mean"]


def _networks(results: Results) -> list[str]:
    """Labels of what has learned by itself: no hybrid, nothing restored, no table."""
    return [
        r["label"]
        for r in results["rows"]
        if r["kind"] == "surrogate" and "of" not in r["settings"] and r["label"] != "interpolation"
    ]


def energy() -> Measured:
    """Energy before and after the projection, and what that does to the positions."""
    results = load("default")
    label = next(name for name in results["energy_errors"] if name.endswith(" restored"))
    plain = label.removesuffix(" restored")
    before, after = (results["energy_errors"][name] for name in (plain, label))
    errors = results["errors"]
    said = (
        f"{plain}: {before['median']:.1e} before, {after['median']:.1e} after (90 %: {after['q90']:.1e}); "
        f"median error of the positions {errors[plain]['median']:.4f} before, "
        f"{errors[label]['median']:.4f} after"
    )
    return said, after["q90"] <= 1e-5 and errors[label]["median"] <= 1.005 * errors[plain]["median"]


def speed_ups() -> Measured:
    """Whether every surrogate with skill has both speed-ups, alone and in batch; what has none gets none."""
    verdicts = [v for v in load("default")["verdicts"] if v["label"] != "control"]
    without = [
        v["label"]
        for v in verdicts
        if v["skill"] and None in (v["batch"]["speed_up"], v["single"]["speed_up"])
    ]
    said = [
        f"{v['label']}: {v['batch']['in_words']} in batch, {v['single']['in_words']} alone, naively "
        f"{v['batch']['naive']:,.0f} and {v['single']['naive']:,.0f} x"
        for v in verdicts
    ]
    return "; ".join(said), not without


TARGETS: tuple[Target, ...] = (
    ("batch throughput against heyoka's best mode at equal error", "10 times",
     lambda: equal_error("ours, batch", "heyoka, documented modes", least=10), "bench"),
    ("the same, heyoka driven as our own kernel is", "10 times",
     lambda: equal_error("ours, batch", "heyoka, our refill too", least=10), "bench"),
    ("batch throughput against REBOUND's IAS15", "50 times",
     lambda: equal_error("ours, batch", "IAS15", least=50), "bench"),
    ("single trajectory against heyoka", "level",
     lambda: equal_error("ours, single", "heyoka, single", least=1), "bench"),
    ("arbitrary precision, ten decimals at t = 10", "100 starts", reference, "bench"),
    ("network, t up to 3.9", "mean below 0.05, median below 0.01",
     lambda: network("default", mean=0.05, median=0.01), "default"),
    ("network at the published scale, t up to 3.9", "mean below 0.03",
     lambda: network("paper", mean=0.03, median=None), "paper"),
    ("the same, t up to 7.8 and 10", "reported", windows, "paper"),
    ("below the interpolation null", "mean and median", lambda: beats_interpolation("default"), "default"),
    ("the same, at the published scale", "mean and median", lambda: beats_interpolation("paper"), "paper"),
    ("energy after projection, positions not worse", "1e-5", energy, "default"),
    ("naive and equal-accuracy speed-ups, both modes, for every row", "stated", speed_ups, "default"),
)  # fmt: skip


TABLES: Tables = {
    "targets": partial(targets_table, TARGETS),
    "made": partial(made_table, (*COMPARISONS, "trajectories", "floor"), load),
}


if __name__ == "__main__":
    sys.exit(fill_in(PAGE, TABLES))
