"""Units in which a network refines: the interpolation of unit deviation, and so what it lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from .blocks.fourier_resampling import resampled
from .refiner import Views

__all__ = ["EncodedViews", "RefinementScaling"]

SOME = 1024
"""Windows that are looked at together."""


@dataclass(frozen=True, eq=False)
class EncodedViews:
    """Windows as a network meets them.

    Attributes:
        shown: (windows, frames, *grid) the interpolation of what was seen, normalised.
        lacking: (windows, frames, *grid) what the interpolation lacks, normalised.
        size: root mean square of the fields, in units of `lacking`.
    """

    shown: torch.Tensor
    lacking: torch.Tensor
    size: float

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def dimensions(self) -> int:
        """Axes of space."""
        return self.shown.ndim - 2

    def some(self, chosen: torch.Tensor | slice, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
        """What is shown of these windows, and what is lacking, in this precision."""
        if isinstance(chosen, torch.Tensor):
            chosen = chosen.to(self.shown.device)
        return self.shown[chosen].to(dtype), self.lacking[chosen].to(dtype)


@dataclass(frozen=True, eq=False)
class RefinementScaling:
    """Of a training set. What does not vary has unit 1; where nothing is lacking, nothing is added.

    Attributes:
        mean, deviation: of the fields.
        lacking: root mean square of what Fourier interpolation lacks of them.
    """

    mean: float
    deviation: float
    lacking: float

    @classmethod
    def measure(cls, views: Views) -> RefinementScaling:
        """Over all windows."""
        grid, squares = views.fields.shape[2:], 0.0
        for first in range(0, len(views.seen), SOME):
            seen, fields = (part[first : first + SOME].double() for part in (views.seen, views.fields))
            squares += float((fields - resampled(seen, grid)).square().sum())
        fields = views.fields.double()
        lacking = (squares / views.fields.numel()) ** 0.5
        return cls(float(fields.mean()), float(fields.std(correction=0)) or 1.0, lacking)

    def shown(self, seen: torch.Tensor, grid: Sequence[int]) -> torch.Tensor:
        """(batch, frames, *coarse) -> (batch, frames, *grid)"""
        return (resampled(seen, grid) - self.mean) / self.deviation

    def answer(self, shown: torch.Tensor, lacking: torch.Tensor) -> torch.Tensor:
        """The field, from what was shown of it and what it lacked; they need not be equally many."""
        return shown * self.deviation + self.mean + lacking * self.lacking

    def encoded(self, views: Views, *, device: torch.device) -> EncodedViews:
        """Windows in these units."""
        grid, unit = views.fields.shape[2:], self.lacking or 1.0
        shown, lacking = torch.empty_like(views.fields), torch.empty_like(views.fields)
        for first in range(0, len(views.seen), SOME):
            some = slice(first, first + SOME)
            seen, fields = views.seen[some].double(), views.fields[some].double()
            shown[some] = self.shown(seen, grid)
            lacking[some] = (fields - resampled(seen, grid)) / unit
        size = float(views.fields.double().square().mean().sqrt()) / unit
        return EncodedViews(shown.to(device), lacking.to(device), size)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {"scaling": torch.tensor([self.mean, self.deviation, self.lacking], dtype=torch.float64)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> RefinementScaling:
        """Undoes `tensors`."""
        return cls(*tensors["scaling"].tolist())
