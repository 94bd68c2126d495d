"""Long free runs: does the forecast stay on the attractor once it has left the true trajectory?

For fields on one periodic axis. The yardstick is the solver's own sampling error: two solver runs of the same
length from different states differ by that much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries

__all__ = ["Climate", "climate_figure", "distances", "growth_rate", "measure_climate"]

EDGES = np.linspace(-6.0, 6.0, 121)
"""Bins of the distribution, in units of the truth's standard deviation."""


@dataclass(frozen=True)
class Climate:
    """Statistics of long runs.

    Attributes:
        spectrum: (modes,) mean squared Fourier amplitude, mode 0 left out.
        distribution: (bins,) probability density of u over `EDGES` times `scale`.
        mean, deviation: of u over space and time.
        finite: share of the runs that never became infinite or NaN.
        bounded: share of the runs that stay within ten standard deviations of the truth.
        frames: frames that were counted.
    """

    spectrum: NDArray[np.float64]
    distribution: NDArray[np.float64]
    mean: float
    deviation: float
    finite: float
    bounded: float
    frames: int

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "spectrum": [float(f"{x:.5g}") for x in self.spectrum],
            "distribution": [float(f"{x:.5g}") for x in self.distribution],
            "mean": self.mean,
            "deviation": self.deviation,
            "finite": self.finite,
            "bounded": self.bounded,
            "frames": self.frames,
        }


def measure_climate(values: NDArray[np.float64], *, scale: float) -> Climate:
    """Statistics of `values` (samples, times, points); runs that leave the bounds are counted, not averaged.

    `scale` is the truth's standard deviation. Where no run stays bounded the statistics are NaN.
    """
    with np.errstate(invalid="ignore"):
        largest = np.abs(values).max(axis=(1, 2))
    finite, bounded = np.isfinite(largest), largest < 10 * scale
    kept = values[bounded]
    if not len(kept):
        empty = np.full(values.shape[2] // 2, np.nan), np.full(len(EDGES) - 1, np.nan)
        return Climate(*empty, np.nan, np.nan, float(finite.mean()), 0.0, 0)
    spectrum = np.zeros(values.shape[2] // 2)
    for run in kept:
        spectrum += (np.abs(np.fft.rfft(run, axis=1)[:, 1:]) ** 2).mean(axis=0)
    density, _ = np.histogram(kept / scale, bins=EDGES, density=True)
    return Climate(
        spectrum=spectrum / len(kept) / values.shape[2] ** 2,
        distribution=density,
        mean=float(kept.mean()),
        deviation=float(kept.std()),
        finite=float(finite.mean()),
        bounded=float(bounded.mean()),
        frames=kept.shape[0] * kept.shape[1],
    )


def distances(a: Climate, b: Climate) -> dict[str, float]:
    """How far two climates are apart: Wasserstein-1 of the distributions (in standard deviations), and the
    root mean square difference of the log10 spectra over the modes that hold 99.9 % of the variance of `a`.
    """
    width = float(EDGES[1] - EDGES[0])
    wasserstein = float(np.abs(np.cumsum(a.distribution - b.distribution)).sum() * width * width)
    order = np.argsort(a.spectrum)[::-1]
    share = np.cumsum(a.spectrum[order]) / a.spectrum.sum()
    kept = order[: int(np.searchsorted(share, 0.999)) + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(a.spectrum[kept]) - np.log10(b.spectrum[kept])
    return {"distribution": wasserstein, "log10_spectrum": float(np.sqrt(np.mean(logs**2)))}


def growth_rate(
    answer: Answer,
    queries: Queries,
    times: NDArray[np.float64],
    *,
    field: str,
    scale: float,
    size: float = 1e-7,
    window: tuple[float, float] = (1e-6, 1e-2),
    seed: int = 0,
) -> tuple[float, float]:
    """Largest Lyapunov exponent as a stranger would measure it: twin runs, mean log distance, its slope.

    The initial state of one twin is moved by `size * scale`; the slope is fitted for each sample where its
    distance lies within `window * scale`. Returns (mean, standard error) over the samples; NaN where fewer
    than two samples cross the window within `times`. Needs no access to the model's inside, so it serves
    solvers, networks and reservoirs alike.
    """
    generator = np.random.default_rng(seed)
    noise = generator.standard_normal(queries[field].shape)
    noise *= size * scale / np.sqrt((noise**2).mean(axis=-1, keepdims=True))
    twins = {
        name: _moved(array, noise) if name == field or name.endswith(f"/{field}") else array
        for name, array in queries.items()
    }
    one, two = answer(queries, times).values[field], answer(twins, times).values[field]
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.sqrt(((one - two) ** 2).mean(axis=2)) / scale
    slopes = []
    for distance in apart:
        enter = int(np.argmax(distance > window[0])) if (distance > window[0]).any() else len(times)
        leave = int(np.argmax(distance > window[1])) if (distance > window[1]).any() else len(times)
        if leave < len(times) and leave - enter >= 4:
            slopes.append(np.polyfit(times[enter:leave], np.log(distance[enter:leave]), 1)[0])
    if len(slopes) < 2:
        return float("nan"), float("nan")
    return float(np.mean(slopes)), float(np.std(slopes, ddof=1) / np.sqrt(len(slopes)))


def _moved(array: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """The array with noise on its last frame (a history) or on itself (a state)."""
    moved = array.copy()
    if array.ndim == noise.ndim:
        moved += noise
    else:
        moved[:, -1] += noise
    return moved


def climate_figure(
    climates: dict[str, Climate],
    colours: dict[str, str],
    *,
    length: float,
    scale: float,
    title: str,
    truth: str = "solver",
) -> Figure:
    """Spectrum and distribution of free runs over the solver's (the broad grey line)."""
    figure = Figure(figsize=(10.0, 4.9), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    left, right = figure.subplots(1, 2)
    wavenumbers = 2 * np.pi / length * np.arange(1, 1 + len(climates[truth].spectrum))
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    for label, climate in climates.items():
        if climate.frames == 0:
            left.plot([], [], color=colours.get(label, "#8A8A8A"), label=f"{label} (no run bounded)")
            continue
        style = {"color": "#222222", "linewidth": 3.2, "alpha": 0.45}
        if label != truth:
            style = {"color": colours.get(label, "#8A8A8A"), "linewidth": 1.2}
        name = label if climate.bounded == 1 else f"{label} ({climate.bounded:.0%} of runs bounded)"
        left.loglog(wavenumbers, climate.spectrum, label=name, **style)
        right.semilogy(middles, np.where(climate.distribution > 0, climate.distribution, np.nan), **style)
    left.set_xlabel("wavenumber k (rad per unit length)")
    left.set_ylabel("mean squared amplitude")
    left.set_ylim(bottom=max(1e-18, climates[truth].spectrum.min() / 10))
    right.set_xlabel(f"u / standard deviation ({scale:.3g})")
    right.set_ylabel("probability density")
    for ax in (left, right):
        ax.grid(True, color="#E8E8E8", linewidth=0.6)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    figure.legend(loc="outside lower left", fontsize=8.5, frameon=False, ncols=5, columnspacing=1.4)
    return figure
