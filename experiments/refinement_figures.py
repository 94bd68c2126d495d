"""Figures of refinements: truth, what is seen of it, what is made of that, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .cost_figures import accuracy_against_cost, total_cost
from .figures import INK, PALETTE, WIDTH, accuracy_distribution, blank, colours_of, legend_below, save, tidy
from .refinement_findings import Findings
from .refinement_measures import FAINTEST, Ensemble, spectrum

__all__ = ["draw"]

Array = NDArray[np.float64]
SHOWN = 120
"""Frames of a trajectory that are drawn."""


def draw(findings: Findings, folder: Path) -> list[tuple[Path, str]]:
    """All figures; (file, caption) in the order of the report."""
    rows, metric, title = findings.rows, findings.plan.metric, findings.system.title
    pictures: list[tuple[Path, str]] = []

    def keep(name: str, figure: Any, caption: str) -> None:
        pictures.append((save(figure, folder / f"{name}.png"), caption))

    best = findings.best
    if best is not None:
        keep(
            "rebuilt",
            stretch_figure(
                findings.stretch[:SHOWN],
                findings.seen()[:SHOWN],
                findings.rebuilt(best.label)[:SHOWN],
                label=best.label,
                interval=findings.interval,
                positions=np.array(findings.system.axes[0].values),
                title=f"{title}: a fine field from a coarse one",
            ),
            f"A test trajectory, its coarse view, what {best.label} makes of that, and the error (on "
            "a scale of its own). Each frame is rebuilt for itself.",
        )
    keep(
        "cost",
        accuracy_against_cost(
            rows, findings.verdicts, metric=metric, title=f"{title}: error against cost", crowded=True
        ),
        "Error of the last frame (median, bars: 10 to 90 % of the windows) against seconds per query. Grey: "
        "insertion into the solver, by its step, each with several lengths of history; the black line joins "
        "the best, and goes on below. A coloured segment joins a surrogate to the solver at equal accuracy.",
    )
    labels = [label for label in findings.answers if _kind(findings, label) == "surrogate"]
    keep(
        "spectra",
        spectra_figure(
            findings.truth,
            {label: findings.said(label) for label in labels},
            findings.ensembles,
            colours_of(rows),
            highest=findings.truth.shape[1] // findings.settings.factor / 2,
            title=f"{title}: amplitudes of the waves",
        ),
        "Root mean square amplitude of each wave over the test windows. Right of the dotted line nothing is "
        "seen. Solid: answers; dashed: single members of ensembles, whose mean is smoother than they are.",
    )
    if findings.ensembles:
        keep(
            "doubt",
            doubt_figure(
                findings.ensembles,
                colours_of(rows),
                title=f"{title}: what ensembles doubt and where they err",
            ),
            "Deviation of an ensemble's members against the error of their mean, a dot for each window; the "
            "line joins root mean squares of eighths. On the diagonal doubts are as large as errors.",
        )
    keep(
        "errors",
        accuracy_distribution(rows, metric=metric, title=f"{title}: error of each window"),
        "Error of every test window and training seed: a dot each.",
    )
    keep(
        "total-cost",
        total_cost(rows, findings.verdicts, title=f"{title}: total cost and break-even"),
        "Total cost against the number of queries: a surrogate's bill comes first, the solver at the same "
        "accuracy (dashed) has none.",
    )
    return pictures


def stretch_figure(
    truth: Array,
    seen: Array,
    rebuilt: Array,
    *,
    label: str,
    interval: float,
    positions: Array,
    title: str,
) -> Figure:
    """Space and time: truth, what is seen, what is made of it, the difference; all (frames, points)."""
    figure = blank(WIDTH, 7.2, title)
    axes = figure.subplots(4, 1, sharex=True)
    limit = float(np.quantile(np.abs(truth), 0.999))
    wrong = rebuilt - truth
    finite = np.abs(wrong[np.isfinite(wrong)])
    largest = float(np.quantile(finite, 0.999)) if finite.size else 1.0
    times = interval * np.arange(len(truth))
    step = len(positions) // seen.shape[1]
    panels = (
        ("truth", truth, positions, limit),
        (f"seen: {seen.shape[1]} of {len(positions)} points", seen, positions[::step], limit),
        (f"rebuilt by {label}", rebuilt, positions, limit),
        ("error", wrong, positions, largest),
    )
    for ax, (name, values, places, most) in zip(axes, panels, strict=True):
        mesh = ax.pcolormesh(
            times,
            places,
            np.ma.masked_invalid(values.T),
            cmap="RdBu_r",
            vmin=-most,
            vmax=most,
            shading="nearest",
            rasterized=True,
        )
        ax.set_facecolor("#BBBBBB")
        ax.set_title(name, fontsize=9, loc="left", pad=3)
        ax.set_ylabel("x")
        figure.colorbar(mesh, ax=ax, aspect=8, pad=0.01)
    axes[-1].set_xlabel("time")
    return figure


def spectra_figure(
    truth: Array,
    answers: Mapping[str, Array],
    ensembles: Mapping[str, Ensemble],
    colours: Mapping[str, str],
    *,
    highest: float,
    title: str,
) -> Figure:
    """Amplitudes of the truth, of answers, and of the first members of ensembles, all (windows, points)."""
    figure = blank(WIDTH, 5.2, title)
    ax = figure.subplots()
    true = spectrum(truth)
    waves = np.arange(len(true))
    ax.semilogy(waves, true, color="#BBBBBB", linewidth=6, label="truth")
    for label, said in answers.items():
        ax.semilogy(waves, spectrum(said), color=colours[label], linewidth=1.3, label=label)
    for label, found in ensembles.items():
        first = spectrum(found.members[0])
        ax.semilogy(waves, first, "--", color=colours[label], linewidth=1.3, label=f"{label}, a member")
    ax.axvline(highest, color=INK, linewidth=0.8, linestyle=":")
    shown = np.flatnonzero(true > 0.1 * FAINTEST * true.max())
    ax.set_xlim(0, max(float(shown.max()) if shown.size else 1.0, 2 * highest))
    ax.set_ylim(0.1 * FAINTEST * true.max(), 2 * true.max())
    ax.set_xlabel("waves on the domain")
    ax.set_ylabel("amplitude")
    legend_below(figure, columns=5)
    tidy(ax)
    return figure


def doubt_figure(ensembles: Mapping[str, Ensemble], colours: Mapping[str, str], *, title: str) -> Figure:
    """Spread against error, of each window and of eighths in order of spread."""
    figure = blank(WIDTH, 5.2, title)
    ax = figure.subplots()
    ends = []
    for k, (label, found) in enumerate(ensembles.items()):
        colour = colours.get(label, PALETTE[k % len(PALETTE)])
        spreads, errors = found.spreads, found.errors
        ax.loglog(spreads, errors, ".", color=colour, alpha=0.35, markersize=5)
        parts = [p for p in np.array_split(np.argsort(spreads), 8) if len(p)]
        means = [[np.sqrt((v[p] ** 2).mean()) for p in parts] for v in (spreads, errors)]
        ax.loglog(*means, "o-", color=colour, linewidth=1.6, label=label)
        ends += [*means[0], *means[1]]
    ends = [end for end in ends if end > 0] or [1.0]
    ax.loglog([min(ends), max(ends)], [min(ends), max(ends)], ":", color=INK, linewidth=1)
    ax.set_xlabel("deviation of the members")
    ax.set_ylabel("error of their mean")
    legend_below(figure, columns=5)
    tidy(ax)
    return figure


def _kind(findings: Findings, label: str) -> str:
    return next(row.kind for row in findings.rows if row.label == label)
