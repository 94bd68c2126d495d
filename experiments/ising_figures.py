"""The figures of a comparison of the Ising model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..solvers.contract import Solution
from ..solvers.ising.exact import Kaufman
from ..solvers.ising.system import CRITICAL
from .compare import Row
from .cost_figures import accuracy_against_cost, total_cost
from .figures import INK, PALETTE, WIDTH, accuracy_distribution, blank, legend_below, save, tidy
from .ising_findings import OBSERVABLES, Findings

__all__ = ["curves_figure", "draw", "families_of", "observables_figure"]

Array = NDArray[np.float64]
ONCE = np.zeros(1)


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric, system = findings.rows, findings.plan.metric, findings.system
    title = f"{system.title}, {system.rows} x {system.columns}"
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Figure, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    answers = along(findings)
    keep(
        "curves",
        curves_figure(answers, title=f"{title}: energy and specific heat"),
        "Energy and specific heat per spin over temperature: the exact sums (black), the first training seed "
        "of the best machine of each kind, a table of the training energies, and a sampler of each kind. "
        "Below, their relative errors. Dotted: where an infinite lattice is critical. Beyond the coldest and "
        "the hottest training temperature tables stay as they are and machines extrapolate, which may fail.",
    )
    keep(
        "observables",
        observables_figure(findings, title=f"{title}: error against seconds"),
        "Median relative error against seconds for a temperature alone: samplers with more and more sweeps, "
        "machines with more and more draws, whose error ends at that of what they have learned. Dotted: what "
        "the exact sums take.",
    )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=f"{title}: error against cost", crowded=True
        ),
        "Error of energy and specific heat together (median, bars: 10 to 90 % of the temperatures) against "
        "seconds per temperature. Grey: one sampler's setting each; the black line joins the best.",
    )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=f"{title}: error at each temperature"),
        "Error at every test temperature and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=f"{title}: total cost and break-even"),
        "Total cost against the number of temperatures: a surrogate's bill comes first, the sampler of the "
        "same accuracy (dashed) has none.",
    )
    return pictures


def along(findings: Findings) -> dict[str, tuple[Array, Solution]]:
    """Label -> temperatures from end to end, and answers there; `exact` first."""
    system = findings.system
    temperatures = np.linspace(system.coldest, system.hottest, findings.settings.shown)
    queries = {"temperature": temperatures, "seed": np.arange(len(temperatures), dtype=np.float64)}
    fine = np.linspace(system.coldest, system.hottest, 400)
    exact = Kaufman(system)({"temperature": fine, "seed": np.zeros(400)}, ONCE)
    chosen: dict[str, str] = {}
    for row in findings.judged:
        if row.kind == "surrogate":
            chosen.setdefault(str(row.settings.get("of", row.label)).split(" ")[0], row.label)
    ladder = [row for row in findings.rows if row.kind == "ladder"]
    for kind, members in families_of(ladder).items():
        chosen[kind] = members[len(members) // 2].label
    return {
        "exact": (fine, exact),
        **{label: (temperatures, findings.answers[label](queries, ONCE)) for label in chosen.values()},
    }


def families_of(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by the first word of their labels, the fastest first."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.label.split(" ")[0], []).append(row)
    return {name: sorted(members, key=lambda r: r.seconds("single")) for name, members in found.items()}


def curves_figure(answers: Mapping[str, tuple[Array, Solution]], *, title: str) -> Figure:
    """Each observable over temperature, and below the errors; `exact` is among the answers."""
    figure = blank(WIDTH, 7.0, title)
    axes = figure.subplots(2, len(OBSERVABLES), sharex=True, height_ratios=(3, 2), squeeze=False)
    fine, exact = answers["exact"]
    for column, (name, words) in enumerate(OBSERVABLES.items()):
        above, below = axes[:, column]
        true = exact.values[name][:, 0]
        above.plot(fine, true, color=INK, linewidth=1.6, label="exact" if not column else None, zorder=1)
        others = [label for label in answers if label != "exact"]
        for k, label in enumerate(others):
            temperatures, said = answers[label]
            colour, values = PALETTE[k % len(PALETTE)], said.values[name][:, 0]
            mark = "." if label.startswith("boltzmann") else "x"
            above.plot(
                temperatures, values, mark, color=colour, markersize=5, label=None if column else label
            )
            error = np.abs(values / np.interp(temperatures, fine, true) - 1)
            below.plot(temperatures, np.maximum(error, 1e-6), "-", color=colour, linewidth=1)
        above.set_ylabel(f"{words} per spin")
        # what is further off is seen below
        above.set_ylim(float(true.min() - 0.3 * np.ptp(true)), float(true.max() + 0.3 * np.ptp(true)))
        below.set(yscale="log", xlabel="temperature", ylabel="relative error")
        for ax in (above, below):
            ax.axvline(CRITICAL, color=INK, linewidth=0.8, linestyle=":")
            tidy(ax)
    legend_below(figure, columns=4)
    return figure


def observables_figure(findings: Findings, *, title: str) -> Figure:
    """Median error of each observable against seconds, a line for each sampler and machine."""
    figure = blank(WIDTH, 4.8, title)
    axes = figure.subplots(1, len(OBSERVABLES), squeeze=False)[0]
    shown = [row for row in findings.rows if row.kind in ("ladder", "surrogate")]
    for ax, (name, words) in zip(axes, OBSERVABLES.items(), strict=True):
        medians = {row.label: float(np.median(findings.scores[name][row.label])) for row in shown}
        for k, (kind, members) in enumerate(families_of(shown).items()):
            ax.plot(
                [row.seconds("single") for row in members],
                [medians[row.label] for row in members],
                "s-" if members[0].kind == "ladder" else "o-",
                color=PALETTE[k % len(PALETTE)],
                markersize=4,
                linewidth=1.3,
                label=kind if ax is axes[0] else None,
            )
        ax.axvline(findings.exact_seconds, color=INK, linewidth=0.8, linestyle=":")
        ax.set(xscale="log", yscale="log", xlabel="seconds for a temperature")
        ax.set_ylabel(f"relative error of the {words}, median")
        tidy(ax)
    legend_below(figure, columns=4)
    return figure
