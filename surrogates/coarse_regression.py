"""The best linear estimate of a fine field from a coarse view: what a network must beat to be worth one."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.observations import Observations
from .blocks.fourier_resampling import resampled
from .refiner import Refiner, Views
from .ridge import NormalEquations
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["CoarseRegression"]

SOME = 64
"""Windows that are taken in at once."""


class CoarseRegression(Refiner):
    """Fourier interpolation, and what ridge regression on the whole view and its past adds to it.

    In every coarse cell the same weights are used, so that it commutes with translations by whole cells and
    a window teaches it in all of its cells. What it adds has no coarse view of its own. Of fields whose law
    is the same everywhere, waves of different lengths are not correlated: then a single frame tells nothing
    linear of shorter waves, and this is Fourier interpolation. So what a network has beyond it is nonlinear.

    Its weights are (frames x coarse points) x (frames x points of a cell): for grids of two or three axes
    take coarse ones.
    """

    @dataclass(frozen=True)
    class Settings:
        """The regression.

        Attributes:
            ridge: weight of the squared weights against the mean squared error; features have unit deviation.
        """

        ridge: float = 1e-6

        def __post_init__(self) -> None:
            if not 0 <= self.ridge < math.inf:
                raise SurrogateError(f"ridge must be at least 0 and finite, got {self.ridge}")

    settings: Settings
    null: ClassVar[bool] = True
    weights: torch.Tensor | None = None
    """(frames * coarse points + 1, frames * points of a cell), the last row for a constant."""
    scale: torch.Tensor | None = None
    """(2,) mean and deviation of what is seen."""
    _around: torch.Tensor | None = None

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """The normal equations over all cells of all windows, solved once."""
        begin = time.perf_counter()
        own, judged = self.read(examples, validation, dtype=torch.float64)
        deviation = float(own.seen.std())
        scale = torch.tensor([float(own.seen.mean()), deviation or 1.0], dtype=torch.float64)
        self._around = _around(self.coarse)
        self.restore({"weights": torch.from_numpy(self._solved(own, scale)), "scale": scale})
        return TrainingRecord(time.perf_counter() - begin, len(examples), 1, self.error(judged))

    def refined(self, seen: torch.Tensor) -> torch.Tensor:
        """See `Refiner`."""
        weights, scale = self._ready()
        features = self._features((seen - scale[0]) / scale[1])
        return resampled(seen, self.grid) + self._joined(features @ weights)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        weights, scale = self._ready()
        return {"weights": weights, "scale": scale}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        # row-major, as it comes back from a file: products of another layout round differently
        self.weights = tensors["weights"].to(self.device, self.dtype).contiguous()
        self.scale = tensors["scale"].to(self.device, self.dtype)
        self._around = _around(self.coarse).to(self.device)

    def _solved(self, own: Views, scale: torch.Tensor) -> NDArray[np.float64]:
        cells = math.prod(self.coarse)
        places = math.prod(self.grid) // cells
        equations = NormalEquations(1 + self.frames * cells, self.frames * places)
        for first in range(0, len(own.seen), SOME):
            seen, fields = own.seen[first : first + SOME], own.fields[first : first + SOME]
            features = self._features((seen - scale[0]) / scale[1])
            lacking = self._parted(fields - resampled(seen, self.grid))
            equations.add(features.flatten(0, 1).numpy(), lacking.flatten(0, 1).numpy())
        return equations.solve(self.settings.ridge * equations.samples)

    def _features(self, scaled: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *coarse) -> (batch, cells, features): the view from each cell, and a one."""
        assert self._around is not None
        seen = scaled.flatten(2)[..., self._around].transpose(1, 2).flatten(2)
        return torch.cat([seen, torch.ones_like(seen[..., :1])], dim=2)

    def _parted(self, fields: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *grid) -> (batch, cells, frames * points of a cell)"""
        axes = len(self.coarse)
        split = [n for few, many in zip(self.coarse, self.grid, strict=True) for n in (few, many // few)]
        apart = fields.reshape(*fields.shape[:2], *split)
        order = (0, *range(2, 2 + 2 * axes, 2), 1, *range(3, 3 + 2 * axes, 2))
        return apart.permute(order).reshape(len(fields), math.prod(self.coarse), -1)

    def _joined(self, parts: torch.Tensor) -> torch.Tensor:
        """Undoes `_parted`."""
        axes = len(self.coarse)
        inner = [many // few for few, many in zip(self.coarse, self.grid, strict=True)]
        apart = parts.reshape(len(parts), *self.coarse, self.frames, *inner)
        order = [0, 1 + axes, *(n for axis in range(axes) for n in (1 + axis, 2 + axes + axis))]
        return apart.permute(order).reshape(len(parts), self.frames, *self.grid)

    def _ready(self) -> tuple[torch.Tensor, torch.Tensor]:
        if self.weights is None or self.scale is None:
            raise SurrogateError("CoarseRegression has not learned yet: call `fit` or `load` first")
        return self.weights, self.scale


def _around(coarse: tuple[int, ...]) -> torch.Tensor:
    """(cells, cells) which cell stands where, seen from each of them."""
    places = np.indices(coarse).reshape(len(coarse), -1)
    sums = places[:, :, None] + places[:, None, :]
    turned = sums % np.array(coarse)[:, None, None]
    return torch.from_numpy(np.ravel_multi_index(tuple(turned), coarse))
