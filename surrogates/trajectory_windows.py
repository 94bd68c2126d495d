"""Windows of a few frames out of trajectories, as a loss over several steps takes them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..datasets.tasks import Trajectories

__all__ = ["TrajectoryWindows"]

_IN_MEMORY = 2**31
"""Bytes up to which all frames are held in memory; larger sets are read window by window."""


class TrajectoryWindows:
    """Windows of consecutive frames, at every place of every trajectory, numbered through.

    Arguments:
        trajectories: in physical units, of at least `frames` frames each.
        frames: of a window.
        normalise: brings states (..., channels, *grid) into the units in which a network works.
        device: where the windows go.
    """

    def __init__(
        self,
        trajectories: Trajectories,
        *,
        frames: int,
        normalise: Callable[[torch.Tensor], torch.Tensor],
        device: torch.device,
    ) -> None:
        self._trajectories, self._normalise = trajectories, normalise
        self._length, self._device = frames, device
        self._places = trajectories.frames - frames + 1
        size = 8 * len(trajectories) * trajectories.frames * torch.Size(trajectories.frame_shape).numel()
        self._frames = (
            torch.stack([self._read(i, 0, trajectories.frames) for i in range(len(trajectories))]).to(device)
            if size <= _IN_MEMORY
            else None
        )

    def __len__(self) -> int:
        return len(self._trajectories) * self._places

    def take(self, numbers: torch.Tensor) -> torch.Tensor:
        """Those windows: (windows, frames, channels, *grid), normalised, in double precision."""
        trajectories, starts = numbers // self._places, numbers % self._places
        if self._frames is not None:
            offsets = torch.arange(self._length)
            return self._frames[trajectories[:, None], starts[:, None] + offsets]
        pairs = zip(trajectories.tolist(), starts.tolist(), strict=True)
        return torch.stack([self._read(i, start, self._length) for i, start in pairs]).to(self._device)

    def _read(self, trajectory: int, start: int, frames: int) -> torch.Tensor:
        return self._normalise(torch.from_numpy(self._trajectories.window(trajectory, start, frames)))
