"""The null model of refinement: between the points of a coarse grid it says what a formula says."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

import numpy as np
import scipy.interpolate
import scipy.signal
import torch
from numpy.typing import NDArray

from ..datasets.observations import Observations
from .refiner import Refiner
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["CoarseInterpolation"]

Method = Literal["fourier", "cubic", "linear"]


class CoarseInterpolation(Refiner):
    """Each frame by itself, along one axis after the other, periodic. What does not beat it has no skill.

    Fourier's has the coarse view that it was given, and lacks all shorter waves; of fields whose law is the
    same everywhere no linear map of one frame does better. Splines pass through the same values with some of
    them, in places where they may not belong.
    """

    @dataclass(frozen=True)
    class Settings:
        """How.

        Attributes:
            method: `fourier`: the trigonometric polynomial; `cubic`: the twice differentiable spline;
                `linear`: straight lines.
        """

        method: Method = "fourier"

        def __post_init__(self) -> None:
            if self.method not in get_args(Method):
                raise SurrogateError(
                    f"the method must be one of {', '.join(get_args(Method))}, got {self.method!r}"
                )

    settings: Settings
    null: ClassVar[bool] = True
    _weights: tuple[torch.Tensor, ...] | None = None
    """Of each axis, (points, coarse points)."""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Notes the grids; nothing is learned."""
        begin = time.perf_counter()
        _, judged = self.read(examples, validation, dtype=torch.float64)
        self.restore({})
        return TrainingRecord(time.perf_counter() - begin, 0, 0, self.error(judged))

    def refined(self, seen: torch.Tensor) -> torch.Tensor:
        """See `Refiner`."""
        if self._weights is None:
            raise SurrogateError("CoarseInterpolation knows no grid yet: call `fit` or `load` first")
        for weights in self._weights:  # each takes the first axis of space that is left, and puts it last
            seen = torch.tensordot(seen, weights, dims=([2], [1]))
        return seen

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        return {}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`; the weights follow from the grids."""
        made = (_weights(self.settings.method, *sizes) for sizes in zip(self.coarse, self.grid, strict=True))
        self._weights = tuple(torch.from_numpy(w).to(self.device, self.dtype) for w in made)


def _weights(method: Method, coarse: int, points: int) -> NDArray[np.float64]:
    """(points, coarse): how much each value on a periodic coarse line counts at each fine point."""
    one = np.eye(coarse)
    if method == "fourier":
        return np.ascontiguousarray(scipy.signal.resample(one, points, axis=0))
    knots, around = np.arange(coarse + 1), np.concatenate([one, one[:1]])
    places = np.arange(points) * (coarse / points)
    if method == "cubic":
        return np.asarray(scipy.interpolate.CubicSpline(knots, around, bc_type="periodic")(places))
    return np.asarray(scipy.interpolate.make_interp_spline(knots, around, k=1)(places))
