"""All surrogates of the committed comparisons of families in one table, to choose a model by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .report import duration
from .results_table import RESULTS, VALID_TIME, mode_of

__all__ = ["FAMILIES", "family_table", "there"]

FAMILIES: Mapping[str, str] = {
    "kuramoto-sivashinsky-default": "forecasts of Kuramoto-Sivashinsky chaos",
    "sequence-models-default": "the same, by networks that remember",
    "latent-models-default": "the same, in a few numbers",
    "smoothing-default": "a window of chaos from a quarter of its values",
    "super-resolution-default": "fine fields of chaos from coarse ones",
    "steady-flow-default": "flow about an obstacle from its shape",
    "steady-flow-operators": "the same, by attention, Fourier layers and a U-Net of equal size",
    "translation-default": "flow about an obstacle from that at another viscosity",
    "three-body-default": "three bodies from their start",
    "pipe-flow-default": "friction in pipes",
    "ising-default": "energy and specific heat of the Ising model",
    "vortex-finding-default": "vortices in a noisy field",
}
"""Comparisons by the folder of their results, and what is asked there. Those of a single query, and on longer
lines, stand on their own pages."""
WIDTHS = {"float64": 8, "float32": 4}
HEADER = (
    "| asked | model | error or score (10 to 90 %) | numbers: stored (of which one answer takes) | kB "
    "| one query | per query in a batch | data + training | against the solver, in a batch |"
)

Results = Mapping[str, Any]


def there() -> dict[str, Results]:
    """Those whose results are committed, in the order of `FAMILIES`."""
    paths = {name: RESULTS / name / "results.json" for name in FAMILIES}
    return {name: dict(json.loads(path.read_text())) for name, path in paths.items() if path.is_file()}


def family_table(found: Mapping[str, Results] | None = None) -> str:
    """A group of rows for each comparison, the most accurate model first; null models and controls among
    them, so that a block that loses to either is seen to.
    """
    lines = [HEADER, "|" + "---|" * 9]
    for name, results in (there() if found is None else found).items():
        metric = results["metric"]
        verdicts = {v["label"]: v for v in results["verdicts"]}
        rows = [row for row in results["rows"] if row["kind"] in ("surrogate", "control", "null")]
        rows.sort(key=lambda row: _rank(row, higher=_higher_is_better(results)))
        for place, row in enumerate(rows):
            asked = f"{FAMILIES[name]} ({metric['name']})" if place == 0 else ""
            lines.append(f"| {asked} | {' | '.join(_cells(row, verdicts.get(row['label'])))} |")
    return "\n".join(lines)


def _cells(row: Results, verdict: Results | None) -> Sequence[str]:
    seconds, bill = row["seconds_per_query"], row["bill_seconds"]
    low, middle, high = (_number(row["accuracy"][key]) for key in ("q10", "median", "q90"))
    kind = "" if row["kind"] == "surrogate" else f" ({row['kind']})"
    return (
        f"{row['label']}{kind}",
        f"{middle} ({low} to {high})",
        *_sizes(row["settings"]),
        duration(seconds["single"]["median"]),
        duration(seconds["batch"]["median"]),
        f"{duration(bill['data'])} + {duration(bill['training'])}",
        mode_of(verdict["batch"]).in_words() if verdict is not None and row["kind"] != "null" else "",
    )


def _sizes(settings: Results) -> tuple[str, str]:
    """Numbers and kilobytes; results of before they were counted have only the numbers and their kind."""
    stored = settings.get("parameters")
    if stored is None:
        return "", ""
    active = settings.get("active_parameters", stored)
    size = settings.get("bytes", stored * WIDTHS.get(settings.get("dtype", "float64"), 8))
    return f"{stored:,}{f' ({active:,})' if active != stored else ''}", f"{size / 1000:,.3g}"


def _higher_is_better(results: Results) -> bool:
    return bool(results["metric"]["name"] == VALID_TIME)


def _rank(row: Results, *, higher: bool) -> float:
    value = row["accuracy"]["median"]
    if value is None:
        return float("inf")
    return -float(value) if higher else float(value)


def _number(value: float | None) -> str:
    """Three digits, and no more than are needed; what never ends or fails is infinite."""
    return "inf" if value is None else f"{value:.3g}"
