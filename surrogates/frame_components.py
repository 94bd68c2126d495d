"""Frames as a few numbers of unit variance, and what noisy values with gaps say of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from .affine_span import WIDEST, AffineSpan
from .rebuilder import Windows
from .surrogate import SurrogateError

__all__ = ["ROOM", "FrameComponents"]

ROOM = 2**24
"""Numbers of the matrices, of all windows that are rebuilt together."""

LEAST_NOISE = 1e-8
"""Variance of the noise is taken to be no less than this share of the field's: values without noise are
almost exact, and the equations stay solvable."""


@dataclass(frozen=True, eq=False)
class FrameComponents:
    """Frames (..., points) <-> their leading principal components (..., components), of unit variance.

    Attributes:
        mean: (points,) of the frames.
        directions: (points, components): a frame is the mean and these, times the numbers.
        variance: () of the noise on a value that is seen.
    """

    mean: torch.Tensor
    directions: torch.Tensor
    variance: torch.Tensor

    @classmethod
    def measure(cls, windows: Windows, *, lost: float, noise: float | None) -> FrameComponents:
        """As many components as leave no more than the share `lost` of the variance to the others.

        `noise` is the deviation of the noise on a value; None to measure it, too. Raises `SurrogateError`
        for too few frames, or too many points in each, to tell principal components.
        """
        frames = windows.true.flatten(0, 1).double()
        count, points = frames.shape
        if points > WIDEST or count <= 2 * points:
            raise SurrogateError(
                f"principal components of {points} points need more than {2 * points} training frames, and "
                f"at most {WIDEST} points; got {count} frames: generate more, or on a coarser grid"
            )
        span = AffineSpan.measure(lambda: iter([frames.numpy()]), {"frame": (points,)})
        variances = span.deviation.square()
        if not len(variances):
            raise SurrogateError("all training frames are alike, so there is nothing to rebuild")
        left = 1 - variances.cumsum(dim=0) / variances.sum()
        kept = 1 + int((left > lost).sum())
        directions = (span.deviation[:kept, None] * span.basis[:kept] * span.scale).T.contiguous()
        squares = (windows.known * (windows.seen - windows.true)).double().square().sum()
        measured = squares / windows.known.double().sum().clamp(min=1)
        variance = measured if noise is None else torch.tensor(noise, dtype=torch.float64).square()
        least = LEAST_NOISE * directions.square().sum() / points
        return cls(span.mean, directions, torch.maximum(variance, least))

    @property
    def components(self) -> int:
        """How many there are."""
        return self.directions.shape[1]

    def numbers(self, frames: torch.Tensor) -> torch.Tensor:
        """(..., points) -> (..., components), in double precision."""
        # the directions are at right angles
        return (frames.double() - self.mean) @ (self.directions / self.directions.square().sum(dim=0))

    def frames(self, numbers: torch.Tensor) -> torch.Tensor:
        """(..., components) -> (..., points)"""
        return numbers @ self.directions.mT + self.mean

    def said(self, seen: torch.Tensor, known: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of values and where they are known, (..., points), what they say of the numbers.

        Precision, (..., components, components), and information, (..., components): the numbers that fit the
        values alone solve precision @ numbers = information, if there is one solution.
        """
        weights = known.double() / self.variance
        size = self.components
        products = (self.directions[:, :, None] * self.directions[:, None, :]).flatten(1)
        precision = (weights @ products).unflatten(-1, (size, size))
        return precision, (weights * (seen.double() - self.mean)) @ self.directions

    def to(self, device: torch.device) -> FrameComponents:
        """Somewhere else."""
        return FrameComponents(*(part.to(device) for part in (self.mean, self.directions, self.variance)))

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {
            "components.mean": self.mean,
            "components.directions": self.directions,
            "components.variance": self.variance,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor], device: torch.device) -> FrameComponents:
        """Undoes `tensors`."""
        names = ("mean", "directions", "variance")
        return cls(*(tensors[f"components.{name}"].to(device) for name in names))
