"""Compiled closed-loop runs of a reservoir: the network drives the readout, the readout the network.

The readout of a large reservoir does not fit in the caches near the processor, so that a run is limited by
reading it. A batch reads it once for up to 24 members; a single run reads it at the speed of the memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.methods import lanes
from ..solvers.methods.compiled import compiled
from ..solvers.methods.copies import copy_line, copy_table
from .register_tiles import WIDE, tile8, tile16, tile24
from .reservoir_kernels import advance_nodes, tanh

__all__ = ["in_panels", "run_alone", "run_batch"]

Array = NDArray[np.float64]
Index = NDArray[np.uint32]

# numba's decorator tells type checkers of an argument that no caller gives
fill: Any = lanes.fill
load: Any = lanes.load
store: Any = lanes.store
fma = lanes.fma

_CHUNK = 128
"""Nodes whose features stay in the first-level cache until the readout has used them."""


def in_panels(readout: Array) -> Array:
    """(outputs, features) as (panels of 8 outputs, features, 8), filled up with zeros."""
    outputs, features = readout.shape
    panels = np.zeros((-(-outputs // WIDE), features, WIDE))
    _fill_panels(np.ascontiguousarray(readout), panels)
    return panels


@compiled(error_model="numpy")
def _fill_panels(readout: Array, panels: Array) -> None:
    outputs = readout.shape[0]
    for p in range(panels.shape[0]):
        for s in range(panels.shape[1]):
            for j in range(min(8, outputs - 8 * p)):
                panels[p, s, j] = readout[8 * p + j, s]


@compiled(error_model="numpy")
def run_batch(
    starts: Index,
    columns: Index,
    weights: Array,
    leak: float,
    panels: Array,
    squared: bool,
    direct: bool,
    state: Array,
    other: Array,
    every: int,
    out: Array,
) -> None:
    """Run freely from `state`, (r, u, 1) of the members side by side, (rows, 8, 16 or 24); it is used up.

    Args:
        starts, columns, weights, leak: the network; see `Network`.
        panels: the readout over (r, every even node squared if `squared`; with `direct` also u and 1); see
            `in_panels`. With `direct` it gives the change of u.
        squared, direct: see above.
        state, other: the state, and room for the next one with its last row 1.
        every: keep each so-many-th frame.
        out: (frames, inputs, members).
    """
    nodes = starts.size - 1
    rows, width = state.shape
    inputs = rows - nodes - 1
    features = np.empty((_CHUNK, width))
    predicted = np.empty((panels.shape[0] * 8, width))
    for step in range(out.shape[0] * every):
        old, new = state, other
        if step % 2:
            old, new = other, state
        predicted[:] = 0.0
        for first in range(0, nodes, _CHUNK):
            last = min(first + _CHUNK, nodes)
            advance_nodes(starts, columns, weights, leak, old, new, first, last)
            if squared:
                for i in range(first, last):
                    for member in range(width):
                        r = new[i, member]
                        features[i - first, member] = r if i % 2 else r * r
                _read_out(features, panels, first, last - first, width, predicted)
            else:
                _read_out(new[first:last], panels, first, last - first, width, predicted)
        if direct:
            for first in range(nodes, rows, _CHUNK):
                last = min(first + _CHUNK, rows)
                _read_out(old[first:last], panels, first, last - first, width, predicted)
            for i in range(inputs):
                for member in range(width):
                    predicted[i, member] += old[nodes + i, member]
        copy_table(predicted[:inputs], new[nodes:])
        if (step + 1) % every == 0:
            copy_table(predicted[:inputs, : out.shape[2]], out[step // every])


@compiled(error_model="numpy")
def _read_out(features: Array, panels: Array, first: int, count: int, width: int, sums: Array) -> None:
    """Add panels[:, first : first + count] times features to the sums, (outputs, width)."""
    for p in range(panels.shape[0]):
        if width == 8:
            tile8(features, panels[p, first:], count, sums[8 * p :])
        elif width == 16:
            tile16(features, panels[p, first:], count, sums[8 * p :])
        else:
            tile24(features, panels[p, first:], count, sums[8 * p :])


@compiled(error_model="numpy")
def run_alone(
    starts: Index,
    columns: Index,
    weights: Array,
    leak: float,
    panels: Array,
    squared: bool,
    direct: bool,
    state: Array,
    every: int,
    out: Array,
) -> None:
    """`run_batch` for one member: `state` (rows,) and `out` (frames, inputs)."""
    nodes = starts.size - 1
    rows = state.size
    inputs = rows - nodes - 1
    sums = np.zeros((nodes + 7) // 8 * 8)
    features = np.ones(panels.shape[1])
    partial = np.empty((1, 8))
    for step in range(out.shape[0] * every):
        for i in range(nodes):
            total = 0.0
            for entry in range(starts[i], starts[i + 1]):
                total += weights[entry] * state[columns[entry]]
            sums[i] = total
        for row in range(sums.size // 8):
            store(sums, row, tanh(load(sums, row, 8)))
        for i in range(nodes):
            new = (1 - leak) * state[i] + leak * sums[i]
            state[i] = new
            features[i] = new * new if squared and i % 2 == 0 else new
        if direct:
            copy_line(state[nodes:], features[nodes:])
        for p in range(panels.shape[0]):
            panel = panels[p]
            a, b, c, d = fill(0.0, 8), fill(0.0, 8), fill(0.0, 8), fill(0.0, 8)
            whole = features.size // 4 * 4
            for s in range(0, whole, 4):
                a = fma(load(panel, s, 8), features[s], a)
                b = fma(load(panel, s + 1, 8), features[s + 1], b)
                c = fma(load(panel, s + 2, 8), features[s + 2], c)
                d = fma(load(panel, s + 3, 8), features[s + 3], d)
            for s in range(whole, features.size):
                a = fma(load(panel, s, 8), features[s], a)
            store(partial, 0, (a + b) + (c + d))
            for j in range(min(8, inputs - 8 * p)):
                before = state[nodes + 8 * p + j] if direct else 0.0
                state[nodes + 8 * p + j] = before + partial[0, j]
        if (step + 1) % every == 0:
            copy_line(state[nodes : nodes + inputs], out[step // every])
