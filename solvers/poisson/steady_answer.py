"""What a solver of a steady potential answers with: the same values at all times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract import Solution, Status

__all__ = ["steady_answer"]


def steady_answer(
    u: NDArray[np.float64],
    times: NDArray[np.float64],
    *,
    seconds: float,
    error_estimate: NDArray[np.float64] | None = None,
) -> Solution:
    """From (samples, points, points) u, found in so many seconds in all; what is not finite is not solved."""
    samples = len(u)
    finite = np.asarray(np.isfinite(u).all(axis=(1, 2)))
    lost = int((~finite).sum())
    return Solution(
        times=times,
        values={"u": np.repeat(np.where(finite[:, None, None], u, np.nan)[:, None], len(times), axis=1)},
        status=np.where(finite, Status.SOLVED, Status.DIVERGED).astype(np.int8),
        seconds=np.full(samples, seconds / max(samples, 1)),
        error_estimate=np.full(samples, np.nan) if error_estimate is None else error_estimate,
        notes=(f"{lost} of {samples} samples have a source too large to sum",) if lost else (),
    )
