"""What else is asked of a refined field: its spectrum, its coarse view, and how good ensembles are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
import torch
from numpy.typing import NDArray

from ..solvers.contract import Solution
from ..surrogates.blocks.proper_scores import crps, spread_skill
from .metrics import Metric

__all__ = ["Ensemble", "consistency", "spectrum", "spectrum_error"]

FAINTEST = 1e-5
"""Of the largest amplitude of a wave: fainter ones are not told apart."""


def spectrum(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    """(points // 2 + 1,) root mean square amplitudes of the waves of (samples, points)."""
    modes = np.abs(scipy.fft.rfft(fields, axis=-1, norm="forward"))
    return np.asarray(np.sqrt((modes**2).mean(axis=0)))


def spectrum_error(factor: int) -> Metric:
    """By how many decades amplitudes are off in waves that the coarse grid does not see."""

    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        ((name, true),) = truth.values.items()
        last = answer.values[name][:, -1]
        finite = np.isfinite(last).all(axis=-1)
        pairs = (np.where(finite[:, None], last, 0.0), true[:, -1])
        said, known = (np.abs(scipy.fft.rfft(v, axis=-1, norm="forward")) for v in pairs)
        typical = np.sqrt((known**2).mean(axis=0))
        floor = FAINTEST * typical.max()
        waves = np.arange(len(typical))
        hidden = (waves > true.shape[-1] / factor / 2) & (typical > floor)
        if not hidden.any():
            return np.where(finite, 0.0, np.inf)
        off = np.log10(np.maximum(said, floor) / np.maximum(known, floor))[:, hidden]
        return np.where(finite, np.sqrt((off**2).mean(axis=1)), np.inf)

    return Metric(
        name="spectrum error",
        unit="decades",
        higher_is_better=False,
        logarithmic=False,
        score=score,
        definition=(
            "root mean square of log10(amplitude / true amplitude) over the waves that the coarse grid does "
            f"not see; amplitudes below {FAINTEST:g} of the largest count as that"
        ),
    )


def consistency(factor: int) -> Metric:
    """How far the coarse view of an answer is from what was seen."""

    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        ((name, true),) = truth.values.items()
        points = true.shape[-1] // factor
        wrong, seen = (
            scipy.signal.resample(v[:, -1], points, axis=-1) for v in (answer.values[name] - true, true)
        )
        found = np.sqrt((wrong**2).sum(axis=-1) / (seen**2).sum(axis=-1))
        return np.where(np.isfinite(found), found, np.inf)

    return Metric(
        name="inconsistency",
        unit="1",
        higher_is_better=False,
        logarithmic=True,
        score=score,
        definition="||coarse view of the answer - what was seen|| / ||what was seen||",
    )


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Members of one surrogate at all test windows, (members, windows, points), beside the truth."""

    members: NDArray[np.float64]
    truth: NDArray[np.float64]

    @property
    def scores(self) -> NDArray[np.float64]:
        """(windows,) continuous ranked probability scores, means over the points."""
        return np.asarray(crps(torch.from_numpy(self.members), torch.from_numpy(self.truth)).mean(dim=1))

    @property
    def spreads(self) -> NDArray[np.float64]:
        """(windows,) deviations of the members about their mean, root mean squares over the points."""
        return np.asarray(np.sqrt(self.members.var(axis=0, ddof=1).mean(axis=1)))

    @property
    def errors(self) -> NDArray[np.float64]:
        """(windows,) of the members' mean, root mean squares over the points."""
        return np.asarray(np.sqrt(((self.members.mean(axis=0) - self.truth) ** 2).mean(axis=1)))

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        spread, skill = spread_skill(torch.from_numpy(self.members), torch.from_numpy(self.truth))
        return {
            "members": len(self.members),
            "crps_median": float(np.median(self.scores)),
            "crps_mean": float(self.scores.mean()),
            "spread": spread,
            "skill": skill,
            "spread_over_skill": spread / skill if skill else None,
        }
