"""Compiled runs of reservoirs side by side on a periodic line, each reading its neighbours' points, too."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.methods import lanes
from ..solvers.methods.compiled import compiled
from ..solvers.methods.copies import copy_table
from .reservoir_kernels import tanh

__all__ = ["run_patches"]

Array = NDArray[np.float64]
Index = NDArray[np.uint32]

# numba's decorator tells type checkers of an argument that no caller gives
fill: Any = lanes.fill
load: Any = lanes.load
store: Any = lanes.store
fma = lanes.fma


@compiled(error_model="numpy")
def run_patches(
    starts: Index,
    columns: Index,
    weights: Array,
    leak: float,
    readout: Array,
    shared: bool,
    state: Array,
    other: Array,
    u: Array,
    known: Array,
    steps: int,
    every: int,
    out: Array,
) -> None:
    """Advance a few fields together: first along the known frames, then freely.

    Lane l holds patch l modulo `patches` of field l div `patches`.

    Args:
        starts, columns, weights, leak: the network over (r, window of u, 1); see `Network`.
        readout: (patches, points of a patch, features, 8), features being (r, even nodes squared; window; 1).
            The same number stands in all lanes where the readout is shared (then patches = 1 here); otherwise
            lane l of a block is the weight of the block's l-th patch, and the first axis is the block.
        shared: see above.
        state: (blocks, rows, 8), the state (r, window, 1) of each lane; it is advanced in place.
        other: as `state`; room, but for the 1.
        u: (fields, points), the present frames; advanced in place.
        known: (frames, fields, points) that follow `u`: their network is driven, nothing is predicted.
        steps: free steps after them.
        every: keep each so-many-th of them.
        out: (fields, steps // every, points).
    """
    nodes = starts.size - 1
    blocks, rows, _ = state.shape
    fields, points = u.shape
    window = rows - nodes - 1
    patch = readout.shape[1]
    patches = points // patch
    side = (window - patch) // 2
    following = np.empty_like(u)
    room = np.empty((1, 8))
    for step in range(known.shape[0] + steps):
        free = step >= known.shape[0]
        for block in range(blocks):
            old, new = state[block], other[block]
            if step % 2:
                old, new = new, old
            for lane in range(8):
                field = (8 * block + lane) // patches
                first = (8 * block + lane) % patches * patch - side + points
                if field < fields:
                    for w in range(window):
                        old[nodes + w, lane] = u[field, (first + w) % points]
            for i in range(nodes):
                total = fill(0.0, 8)
                for entry in range(starts[i], starts[i + 1]):
                    total = fma(load(old, columns[entry], 8), weights[entry], total)
                store(new, i, load(old, i, 8) * (1 - leak) + tanh(total) * leak)
            if free:
                for p in range(patch):
                    weight = readout[0 if shared else block, p]
                    even, odd = fill(0.0, 8), fill(0.0, 8)
                    for i in range(0, nodes - 1, 2):
                        r, next_r = load(new, i, 8), load(new, i + 1, 8)
                        even = fma(r * r, load(weight, i, 8), even)
                        odd = fma(next_r, load(weight, i + 1, 8), odd)
                    if nodes % 2:
                        r = load(new, nodes - 1, 8)
                        even = fma(r * r, load(weight, nodes - 1, 8), even)
                    for w in range(nodes, rows):
                        odd = fma(load(old, w, 8), load(weight, w, 8), odd)
                    store(room, 0, even + odd)
                    for lane in range(8):
                        field = (8 * block + lane) // patches
                        point = (8 * block + lane) % patches * patch + p
                        if field < fields:
                            following[field, point] = u[field, point] + room[0, lane]
        if free:
            copy_table(following, u)
            done = step - known.shape[0] + 1
            if done % every == 0:
                copy_table(u, out[:, done // every - 1])
        else:
            copy_table(known[step], u)
    if (known.shape[0] + steps) % 2:
        for block in range(blocks):
            copy_table(other[block, :nodes], state[block])
