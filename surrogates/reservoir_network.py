"""The recurrent network of a reservoir, r' = (1 - leak) r + leak tanh(W r + W_in u + b), and its drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from ..solvers.methods.lanes import aligned
from .reservoir_kernels import advance, drive

__all__ = ["LANES", "Network", "draw_network", "spectral_radius"]

Array = NDArray[np.float64]
Index = NDArray[np.uint32]
"""Unsigned: numba need not look for negative indices, which makes the loops twice as fast."""

LANES = 8
"""Members of a batch that are advanced together."""


@dataclass(frozen=True, eq=False)
class Network:
    """A sparse matrix over (r, u, 1), in compressed rows, and a leak rate.

    Attributes:
        nodes, inputs: lengths of r and u.
        starts: (nodes + 1,) where each row begins.
        columns, weights: the entries; column `nodes + j` is input j, column `nodes + inputs` the constant 1.
        leak: in (0, 1]; 1 keeps nothing of the old state.
    """

    nodes: int
    inputs: int
    starts: Index
    columns: Index
    weights: Array
    leak: float = 1.0

    @classmethod
    def from_matrices(cls, recurrent: Any, incoming: Any, *, bias: Any = 0.0, leak: float = 1.0) -> Network:
        """From W (nodes, nodes), W_in (nodes, inputs), dense or sparse, and a bias: number or (nodes,)."""
        nodes = recurrent.shape[0]
        if recurrent.shape != (nodes, nodes) or incoming.shape[0] != nodes:
            raise ValueError(
                f"expected W (nodes, nodes) and W_in (nodes, inputs), got {recurrent.shape}, {incoming.shape}"
            )
        if not 0 < leak <= 1:
            raise ValueError(f"leak must lie in (0, 1], got {leak}")
        last = np.broadcast_to(np.asarray(bias, dtype=np.float64).reshape(-1, 1), (nodes, 1))
        matrix = scipy.sparse.hstack(
            [scipy.sparse.csr_array(part) for part in (recurrent, incoming, last)], format="csr"
        )
        matrix.sort_indices()
        return cls(
            nodes=nodes,
            inputs=incoming.shape[1],
            starts=matrix.indptr.astype(np.uint32),
            columns=matrix.indices.astype(np.uint32),
            weights=matrix.data.astype(np.float64),
            leak=leak,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What `from_arrays` needs, in types that can be stored as tensors."""
        return {
            "starts": self.starts.astype(np.int64),
            "columns": self.columns.astype(np.int64),
            "weights": self.weights,
            "leak": np.array([self.leak]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], *, inputs: int) -> Network:
        """From what `arrays` gave."""
        return cls(
            nodes=len(arrays["starts"]) - 1,
            inputs=inputs,
            starts=arrays["starts"].astype(np.uint32),
            columns=arrays["columns"].astype(np.uint32),
            weights=arrays["weights"],
            leak=float(arrays["leak"][0]),
        )

    def drive(self, inputs: Array, state: Array) -> Array:
        """States (times, nodes) of one series of inputs (times, inputs), from the state (nodes,) on.

        State t has seen the inputs up to and including t.
        """
        states = np.empty((len(inputs), self.nodes))
        stacked = np.concatenate([state, np.zeros(self.inputs), [1.0]])
        sums = aligned((-(-self.nodes // LANES) * LANES,), np.float64)
        series = np.ascontiguousarray(inputs, dtype=np.float64)
        drive(self.starts, self.columns, self.weights, self.leak, series, stacked, sums, states)
        return states

    def stacked(self, batch: int) -> Array:
        """Room for (r, u, 1) of a batch, with r = u = 0: (nodes + inputs + 1, batch, lanes filled up)."""
        room = aligned((self.nodes + self.inputs + 1, -(-batch // LANES) * LANES), np.float64)
        room[-1] = 1.0
        return room

    def advance(self, stacked: Array, following: Array) -> None:
        """Write the next r of each member of the batch into `following`; both are from `stacked()`."""
        advance(self.starts, self.columns, self.weights, self.leak, stacked, following)


def draw_network(
    generator: np.random.Generator,
    *,
    frame_shape: tuple[int, ...],
    nodes: int,
    degree: int,
    radius: float,
    input_scale: float,
    inputs_per_node: int,
    reach: int = 0,
    periodic: bool = True,
    bias_scale: float = 0.0,
    leak: float = 1.0,
) -> Network:
    """A random network that is driven by frames (channels, *grid).

    Each node has `degree` recurrent neighbours with weights even in [-1, 1], scaled to a spectral radius; it
    hears `inputs_per_node` inputs with weights even in [-input_scale, input_scale], and has a bias even in
    [-bias_scale, bias_scale]. With `reach` > 0 each node has a place on the grid, all places being taken
    equally often: its inputs and its neighbours then lie at most `reach` points away along each axis.
    Otherwise they lie anywhere. On a grid that is not periodic no node sits nearer to an end than its reach.
    """
    inputs = int(np.prod(frame_shape))
    if reach > 0:
        places = _Places(frame_shape, nodes, margin=0 if periodic else reach)
        sources = places.nodes_near(generator, reach, degree)
        heard = places.inputs_near(generator, reach, inputs_per_node)
    else:
        sources = _draw_columns(generator, rows=nodes, columns=nodes, count=min(degree, nodes))
        heard = _draw_columns(generator, rows=nodes, columns=inputs, count=min(inputs_per_node, inputs))
    recurrent = _rows(sources, generator.uniform(-1, 1, size=sources.shape), nodes)
    recurrent.sum_duplicates()
    recurrent = recurrent * (radius / spectral_radius(recurrent) if radius > 0 else 0.0)
    incoming = _rows(heard, generator.uniform(-input_scale, input_scale, size=heard.shape), inputs)
    bias = generator.uniform(-1, 1, size=nodes) * bias_scale
    return Network.from_matrices(recurrent, incoming, bias=bias, leak=leak)


class _Places:
    """Nodes spread over the places of a grid: nodes 2i and 2i + 1 sit at place i modulo the number of places.

    So the readout has squared (even) and plain (odd) nodes everywhere. The places are all points of a
    periodic grid, or those at least `margin` > 0 from the ends of another.
    """

    def __init__(self, frame_shape: tuple[int, ...], nodes: int, *, margin: int) -> None:
        self.channels, self.grid, self.margin = frame_shape[0], frame_shape[1:], margin
        self.room = tuple(points - 2 * margin for points in self.grid)
        self.nodes, self.count = nodes, int(np.prod(self.room))
        if min(self.room) < 1 or nodes < 2 * self.count - 1:
            raise ValueError(
                f"a grid of {self.grid} with a margin of {margin} has {self.count} places; there must be one "
                f"at least, and two nodes for each, got {nodes} nodes"
            )
        self.centres = np.stack(np.unravel_index(np.arange(nodes) // 2 % self.count, self.room), axis=-1)

    def nodes_near(self, generator: np.random.Generator, reach: int, count: int) -> NDArray[np.int64]:
        """(nodes, count) nodes no farther than `reach`; now and then one comes twice."""
        shifts = generator.integers(-reach, reach + 1, size=(self.nodes, count, len(self.grid)))
        there = self.centres[:, None] + shifts
        size = np.array(self.room)
        there = np.clip(there, 0, size - 1) if self.margin else there % size
        place = np.ravel_multi_index(tuple(np.moveaxis(there, -1, 0)), self.room)
        copies = ((self.nodes + 1) // 2 - 1 - place) // self.count + 1  # pairs of nodes that sit there
        pair = place + self.count * generator.integers(copies)
        return np.minimum(2 * pair + generator.integers(2, size=pair.shape), self.nodes - 1)

    def inputs_near(self, generator: np.random.Generator, reach: int, count: int) -> NDArray[np.int64]:
        """(nodes, count) different inputs no farther than `reach`, of any channel."""
        sides = [np.arange(-reach, reach + 1)] * len(self.grid)
        box = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(self.grid))
        box = np.unique(box % np.array(self.grid), axis=0)  # a small grid is its own vicinity
        choices = len(box) * self.channels
        order = generator.random((self.nodes, choices)).argsort(axis=1)[:, : min(count, choices)]
        there = (self.centres[:, None] + self.margin + box[order % len(box)]) % np.array(self.grid)
        place = np.ravel_multi_index(tuple(np.moveaxis(there, -1, 0)), self.grid)
        return np.asarray((order // len(box)) * int(np.prod(self.grid)) + place)


def spectral_radius(matrix: Any) -> float:
    """The largest magnitude of the eigenvalues of a sparse matrix."""
    size = matrix.shape[0]
    if size <= 600:
        return float(np.abs(np.linalg.eigvals(matrix.toarray())).max())
    # the eigenvalues of a random matrix fill a disc: those at its rim lie close together
    start = np.full(size, 1 / math.sqrt(size))
    found = scipy.sparse.linalg.eigs(
        matrix, k=4, ncv=80, v0=start, tol=1e-9, maxiter=2000, return_eigenvectors=False
    )
    return float(np.abs(found).max())


def _draw_columns(
    generator: np.random.Generator, *, rows: int, columns: int, count: int
) -> NDArray[np.int64]:
    """(rows, count) columns, different within a row, each used as evenly as can be."""
    repeats = -(-rows // columns)
    found = np.empty((rows, count), dtype=np.int64)
    for k in range(count):
        order = np.concatenate([generator.permutation(columns) for _ in range(repeats)])[:rows]
        found[:, k] = order
        while True:
            clash = np.flatnonzero((found[:, :k] == found[:, k : k + 1]).any(axis=1))
            if clash.size == 0:
                break
            found[clash, k] = generator.integers(columns, size=clash.size)
    return found


def _rows(columns: NDArray[np.int64], values: Array, width: int) -> scipy.sparse.csr_array:
    rows, count = columns.shape
    starts = np.arange(rows + 1) * count
    return scipy.sparse.csr_array((values.ravel(), columns.ravel(), starts), shape=(rows, width))
