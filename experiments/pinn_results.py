"""Committed results of networks that know an equation, as the tables of README and targets read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .results_table import RESULTS

__all__ = [
    "BENCH",
    "MARKS",
    "NETWORKS",
    "ONE_QUERY",
    "OPTIMISERS",
    "RANGE",
    "Results",
    "load",
    "path_of",
    "row_of",
    "seconds_of",
    "there",
]

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
NETWORKS = {"pinn": "GELU", "pinn-tanh": "tanh"}
"""As recommended, by activation."""
MARKS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""Errors at which times are compared."""
OPTIMISERS = ("pinn", "pinn-ssbfgs", "pinn-bfgs", "pinn-lbfgs", "pinn-adam")

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


def row_of(results: Results, label: str) -> Results:
    """Of one contestant."""
    return next(r for r in results["rows"] if r["label"] == label)


def seconds_of(row: Results) -> float:
    """Of one answer."""
    return float(row["seconds_per_query"]["single"]["median"])
