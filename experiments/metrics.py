"""How good an answer is: one number per sample, and how such numbers are to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Solution

__all__ = ["Metric", "absolute_error", "drifts", "frame_errors", "relative_error", "valid_time"]


@dataclass(frozen=True)
class Metric:
    """An accuracy, with what the comparison needs in order to interpolate it.

    Attributes:
        name: as printed on an axis, e.g. `valid prediction time`.
        unit: as printed after the number.
        higher_is_better: True for a valid time, False for an error.
        logarithmic: True where equal steps of quality are equal ratios (an error), False where the number is
            already a logarithm of an error (a valid time in a chaotic system).
        score: (answer, truth) -> (samples,); a failed sample gets the worst value, never NaN.
        definition: one sentence, printed beside the table.
        partial_truth: True where a sample counts although its truth is known only up to some time.
    """

    name: str
    unit: str
    higher_is_better: bool
    logarithmic: bool
    score: Callable[[Solution, Solution], NDArray[np.float64]]
    definition: str
    partial_truth: bool = False

    def counted(self, truth: Solution) -> NDArray[np.bool_]:
        """(samples,) those that the truth suffices to judge."""
        return truth.solved | (truth.known[:, 0] & self.partial_truth)

    def better(self, a: float, b: float) -> bool:
        """Whether a is strictly better than b."""
        return a > b if self.higher_is_better else a < b

    def quality(self, value: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """The number on a scale on which more is better and interpolation is straight."""
        number = np.asarray(value, dtype=np.float64)
        if self.logarithmic:
            with np.errstate(divide="ignore"):
                number = np.log10(number)
        return number if self.higher_is_better else -number


def frame_errors(answer: Solution, truth: Solution, *, scale: float | None = None) -> NDArray[np.float64]:
    """Error of each frame, all fields together: ||answer - truth|| / (scale sqrt(points)).

    `scale` is the root mean square of the true field over space and time; by default it is taken from
    `truth`. A frame that is not finite has an infinite error; where the truth is not known, the error is NaN.
    Returns (samples, times).
    """
    missing = set(truth.values) - set(answer.values)
    if missing:
        raise ValueError(f"the answer lacks the fields {sorted(missing)}")
    shape = (len(truth.status), len(truth.times))
    difference, norm, points = np.zeros(shape), 0.0, 0
    for name, true in truth.values.items():
        given = answer.values[name]
        if given.shape != true.shape:
            raise ValueError(f"field {name!r}: the answer has shape {given.shape}, the truth {true.shape}")
        with np.errstate(over="ignore", invalid="ignore"):
            squares = (given - true).reshape(*shape, -1) ** 2
            difference += squares.sum(axis=2)
        points += squares.shape[2]
        if scale is None:
            norm += float(np.mean(true[truth.solved] ** 2)) * squares.shape[2]
    size = scale if scale is not None else np.sqrt(norm / points)
    errors = np.sqrt(difference / points) / size
    return np.where(truth.known, np.where(np.isfinite(errors), errors, np.inf), np.nan)


def valid_time(characteristic_time: float, *, scale: float, threshold: float = 0.5) -> Metric:
    """First time at which the error exceeds `threshold`, in units of `characteristic_time`.

    The error is that of `frame_errors` with the given climatological `scale`; between two frames the crossing
    is interpolated linearly. A forecast that never crosses is given the last time at which the truth is known
    (a lower bound): where chaos ends the truth early, to drop the sample would drop the hardest ones.

    Reference: Vlachas et al., Neural Networks 126 (2020), doi:10.1016/j.neunet.2020.02.016.
    """

    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        errors = frame_errors(answer, truth, scale=scale)
        times, known = truth.times, truth.known.sum(axis=1)
        beyond = errors > threshold
        first = np.where(beyond.any(axis=1), beyond.argmax(axis=1), len(times))
        result = np.empty(len(errors))
        for i, k in enumerate(first):
            if k == len(times):
                result[i] = times[known[i] - 1] if known[i] else 0.0
            elif k == 0:
                result[i] = 0.0
            else:
                low, high = errors[i, k - 1], errors[i, k]
                share = (threshold - low) / (high - low) if np.isfinite(high) else 0.0
                result[i] = times[k - 1] + share * (times[k] - times[k - 1])
        return result / characteristic_time

    return Metric(
        name="valid prediction time",
        unit="Lyapunov times",
        higher_is_better=True,
        logarithmic=False,
        score=score,
        definition=(
            f"the first time at which ||u_pred - u_true|| / sqrt(mean ||u_true||^2) exceeds {threshold:g}, "
            "times the largest Lyapunov exponent; a forecast that is still valid when the truth is no longer "
            "known, or at the end, counts up to there"
        ),
        partial_truth=True,
    )


def relative_error() -> Metric:
    """Relative L2 error of each sample over all its times and fields, at least a double's round-off.

    (An answer by the very method that gives the truth is exact to that and no further.)
    """

    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        errors = frame_errors(answer, truth, scale=1.0)
        sizes = frame_errors(truth, _zeros(truth), scale=1.0)
        found = np.sqrt((errors**2).sum(axis=1) / (sizes**2).sum(axis=1))
        return np.asarray(np.maximum(found, np.finfo(np.float64).eps))

    return Metric(
        name="relative L2 error",
        unit="1",
        higher_is_better=False,
        logarithmic=True,
        score=score,
        definition=(
            "||answer - truth|| / ||truth||, each over all output times, points and fields; at least 2e-16, "
            "a double's round-off"
        ),
    )


def absolute_error(unit: str, *, what: str) -> Metric:
    """Mean absolute error of each sample over its times and all the truth's fields.

    A sample of which any frame is missing has an infinite error. `what` says in words what is averaged.
    """

    def score(answer: Solution, truth: Solution) -> NDArray[np.float64]:
        samples = len(truth.status)
        parts = [
            np.abs(answer.values[name] - true).reshape(samples, -1) for name, true in truth.values.items()
        ]
        errors = np.concatenate(parts, axis=1).mean(axis=1)
        errors[~np.isfinite(errors)] = np.inf
        return np.asarray(errors)

    return Metric(
        name="mean absolute error",
        unit=unit,
        higher_is_better=False,
        logarithmic=True,
        score=score,
        definition=f"mean absolute error of {what}, of each start; the median over the starts is compared",
    )


def drifts(invariants: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """Largest departure of each conserved quantity from its first value: name -> (samples,)."""
    with np.errstate(invalid="ignore"):
        found = {name: np.abs(series - series[:, :1]).max(axis=1) for name, series in invariants.items()}
    return {name: np.where(np.isfinite(drift), drift, np.inf) for name, drift in found.items()}


def _zeros(like: Solution) -> Solution:
    return Solution(
        times=like.times,
        values={name: np.zeros_like(array) for name, array in like.values.items()},
        status=like.status,
        seconds=like.seconds,
        error_estimate=like.error_estimate,
    )
