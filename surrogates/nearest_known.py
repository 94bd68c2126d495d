"""The null model of rebuilding: everywhere what was seen nearest."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.ndimage
import torch

from ..datasets.observations import Observations
from .rebuilder import Rebuilder, Windows
from .surrogate import SurrogateError, TrainingRecord
from .training import Trained

__all__ = ["NearestKnown"]


class NearestKnown(Rebuilder):
    """Answers, at each place and frame, the value that is known nearest to it, noise and all.

    What does not beat it has no skill. On periodic axes it looks around the ends. Of values that are equally
    near any may be taken. A window of which nothing is known is zero.
    """

    @dataclass(frozen=True)
    class Settings:
        """What is near.

        Attributes:
            frame: points that are as far as the next frame.
        """

        frame: float = 1.0

        def __post_init__(self) -> None:
            if not self.frame > 0:
                raise SurrogateError(f"frame must be positive, got {self.frame}")

    settings: Settings
    null: ClassVar[bool] = True
    wraps: tuple[bool, ...] = ()
    """Of each axis, whether it is periodic."""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Notes shapes and axes; nothing is learned."""
        axes = len(examples.output_shapes[examples.field]) - 1
        self.wraps = (False,) * axes if examples.axes is None else tuple(a.periodic for a in examples.axes)
        begin = time.perf_counter()
        record = super().fit(examples, validation, seed=seed, folder=folder, progress=progress)
        return TrainingRecord(time.perf_counter() - begin, 0, 0, record.validation_error)

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`."""
        return None

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        grid = self.grid
        some = zip(seen.cpu().numpy(), known.cpu().numpy(), strict=True)
        found = [self._spread(s.reshape(len(s), *grid), k.reshape(len(k), *grid)) for s, k in some]
        return torch.from_numpy(np.stack(found).reshape(seen.shape)).to(seen)

    def _spread(self, seen: np.ndarray, known: np.ndarray) -> np.ndarray:
        """(frames, *grid) of one window."""
        if not known.any():
            return np.zeros_like(seen)
        # a periodic axis goes on for half its points on either side
        width = [
            (0, 0),
            *((n // 2, n // 2) if w else (0, 0) for n, w in zip(self.grid, self.wraps, strict=True)),
        ]
        inside = tuple(slice(a, size + a) for (a, _), size in zip(width, seen.shape, strict=True))
        wide = np.pad(seen, width, mode="wrap")
        places = scipy.ndimage.distance_transform_edt(
            np.pad(known, width, mode="wrap") == 0,
            sampling=(self.settings.frame, *[1.0] * len(self.grid)),
            return_distances=False,
            return_indices=True,
        )
        return np.asarray(wide[tuple(places)][inside])

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        return {"wraps": torch.tensor(self.wraps)}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.wraps = tuple(bool(wrap) for wrap in tensors["wraps"])
