"""Training examples of reservoirs on patches of a line: what they feel, and how their patch changes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .reservoir_network import Network

__all__ = ["PatchExamples"]

Array = NDArray[np.float64]
_ROWS = 4096
"""Examples that are gathered before they go to the regression."""
_MEMBERS = 64
"""Patches that are driven side by side."""


@dataclass(frozen=True, eq=False)
class PatchExamples:
    """Drives a network with the windows of patches, by the true frames, and gathers its states.

    Attributes:
        network: over the window of a patch.
        patch: points that are forecast.
        side: points that are seen on either side of them.
        warm_up: frames before the first example.
        samples: examples wanted, from all trajectories and patches together.
        stride: at most every so-many-th frame is taken.
        noise: standard deviation of what is added to the inputs.
    """

    network: Network
    patch: int
    side: int
    warm_up: int
    samples: int
    stride: int
    noise: float

    def blocks(
        self,
        read: Callable[[int, int], Array],
        *,
        trajectories: int,
        frames: int,
        pool: NDArray[np.int64],
        draws: np.random.Generator,
    ) -> Iterator[tuple[Array, Array]]:
        """Blocks of (features, changes) of the patches in `pool`, evenly from all trajectories.

        `read(i, count)` gives the first `count` frames of trajectory i, (count, points), scaled.
        """
        network, nodes, window = self.network, self.network.nodes, self.network.inputs
        inside = slice(self.side, self.side + self.patch)
        usable = frames - 1 - self.warm_up
        share = -(-self.samples // (trajectories * len(pool)))  # of each patch of each trajectory
        stride = int(np.clip(usable // share, 1, self.stride))
        count = self.warm_up + min(share, usable // stride) * stride + 1
        together = max(1, _MEMBERS // len(pool))
        for first in range(0, trajectories, together):
            fields = np.stack([read(i, count) for i in range(first, min(first + together, trajectories))])
            points = (self.patch * pool[:, None] - self.side + np.arange(window)) % fields.shape[2]
            members = len(fields) * len(pool)
            series = fields[:, :, points].transpose(1, 3, 0, 2).reshape(count, window, members)
            old, new = network.stacked(members), network.stacked(members)
            rows: list[Array] = []
            targets: list[Array] = []
            for t in range(count - 1):
                noise = self.noise * draws.standard_normal((window, members))
                old[nodes:-1, :members] = series[t] + noise
                network.advance(old, new)
                if t >= self.warm_up and (t - self.warm_up) % stride == stride - 1:
                    rows.append(features(old, new, nodes)[:, :members].T)
                    targets.append((series[t + 1, inside] - series[t, inside] - noise[inside]).T)
                old, new = new, old
                if rows and (len(rows) * members >= _ROWS or t == count - 2):
                    yield np.concatenate(rows), np.concatenate(targets)
                    rows, targets = [], []


def features(old: Array, new: Array, nodes: int) -> Array:
    """(features, lanes): the new states, even ones squared, and the window and the 1 that led to them."""
    stacked = np.concatenate([new[:nodes], old[nodes:]])
    stacked[:nodes:2] **= 2
    return stacked
