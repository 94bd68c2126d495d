"""Frames as an autoencoder meets them: coordinates in order of falling deviation, and a phase."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from .affine_span import WIDEST, AffineSpan
from .blocks.phase_alignment import aligned, shifted
from .surrogate import SurrogateError

__all__ = ["LatentFrames"]


@dataclass(frozen=True, eq=False)
class LatentFrames:
    """Frames (..., channels, *grid) <-> principal components (..., coordinates), and phases (...).

    Components are in units in which all of them together have a mean square of 1, so that a squared error is
    a share of what there is to explain.

    Attributes:
        span: of the frames, moved to phase zero if they are `aligned`; its rows are principal components.
        aligned: whether translations along the line are told apart first; see `aligned`. If not, phases are
            zero.
    """

    span: AffineSpan
    aligned: bool

    @classmethod
    def measure(cls, examples: Trajectories, *, align: bool | None) -> LatentFrames:
        """Read the trajectories twice. `align` None: wherever the grid is one periodic axis and the state
        one field.

        Raises `SurrogateError` where that is asked for and cannot be had, and for too few frames, or too many
        numbers in each, to tell principal components.
        """
        shape = tuple(examples.frame_shape)
        axes = examples.axes
        line = len(shape) == 2 and shape[0] == 1 and shape[1] >= 3
        possible = line and (axes is None or all(a.periodic for a in axes))
        if align and not possible:
            raise SurrogateError(
                "only one field on one periodic axis of at least 3 points can be aligned, and these frames "
                f"(channels, *grid) are {shape}; set aligned to None or False"
            )
        numbers, frames = math.prod(shape), len(examples) * examples.frames
        if numbers > WIDEST or frames <= 2 * numbers:
            raise SurrogateError(
                f"principal components of {numbers} numbers need more than {2 * numbers} training frames, "
                f"and at most {WIDEST} numbers in each; got {frames} frames: generate more, or on a coarser "
                "grid"
            )
        chosen = possible if align is None else align

        def blocks() -> Iterator[NDArray[np.float64]]:
            for i in range(len(examples)):
                states = torch.from_numpy(examples[i])
                yield (aligned(states)[0] if chosen else states).reshape(-1, numbers).numpy()

        return cls(AffineSpan.measure(blocks, {"frame": shape}), chosen)

    @property
    def coordinates(self) -> int:
        """Principal components."""
        return self.span.coordinates

    @property
    def sizes(self) -> torch.Tensor:
        """(coordinates,) root mean squares of the components over the training frames."""
        return self.span.deviation / self.span.deviation.square().sum().sqrt()

    def refuse_strange(self, frames: torch.Tensor) -> None:
        """`SurrogateError` where one of (batch, channels, *grid) lies off the span, and so has no code."""
        moved = aligned(frames)[0] if self.aligned else frames
        self.span.refuse_off(moved.reshape(len(frames), -1))

    def encode(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(..., channels, *grid) -> (..., coordinates), and phases (...)."""
        batch = frames.shape[: frames.ndim - len(self.span.shapes["frame"])]
        phase = torch.zeros(batch, dtype=frames.dtype, device=frames.device)
        if self.aligned:
            frames, phases = aligned(frames)
            phase = phases[..., 0]
        return self.span.encode(frames.reshape(*batch, -1)) * self.sizes.to(frames), phase

    def decode(self, coordinates: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
        """Undoes `encode`, but for what lies off the span."""
        flat = self.span.decode(coordinates / self.sizes.to(coordinates))
        frames = flat.reshape(*flat.shape[:-1], *self.span.shapes["frame"])
        return shifted(frames, phase[..., None]) if self.aligned else frames

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {**self.span.tensors("span"), "aligned": torch.tensor([self.aligned])}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor], shape: tuple[int, ...]) -> LatentFrames:
        """Undoes `tensors`."""
        span = AffineSpan.from_tensors(tensors, "span", {"frame": shape})
        return cls(span, bool(tensors["aligned"][0]))
