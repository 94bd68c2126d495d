"""The fastest solver: Newton's method on the discrete stream function."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from ..methods.stream_function import Boundary, Stream, Walk, grids, richardson, solved
from .steady_solver import Flow, SteadySolver, Unsettled

__all__ = ["StreamNewton"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StreamNewton(SteadySolver):
    """Second order in space; converged to the tolerance, or marked.

    Fluid is conserved to round-off, at any tolerance. The error is that of the grid: with twice as many rows
    about a quarter of it is left.

    The error estimate is that of the velocities, relative and root-mean-square, from the next coarser grid by
    Richardson's rule; NaN where there is none. The measures: `steps` on the last grid; `factorisations` on
    all; `change`, the last relative change of the stream function; `reynolds`, that of the obstacle.

    Where a query holds `guess/psi`, Newton's method begins with that, on the last grid.

    Attributes:
        tolerance: error of the stream function on its grid, relative to its range.
        most_steps: on each grid.

    Raises `SolverError` for settings that make no sense.
    """

    _: KW_ONLY
    tolerance: float = 1e-8
    most_steps: int = 40

    names: ClassVar[tuple[str, ...]] = ("steps", "factorisations", "change")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1e-13 <= self.tolerance < 1:
            raise SolverError(f"tolerance must lie between 1e-13 and 1, got {self.tolerance}")
        if self.most_steps < 1:
            raise SolverError(f"most_steps must be at least 1, got {self.most_steps}")

    @property
    def label(self) -> str:
        """E.g. `Newton 64x128 1e-08`."""
        rows, columns = self.own_grid
        return f"Newton {rows}x{columns} {self.tolerance:.0e}"

    def streams(self, distance: Array, viscosity: float) -> list[Stream]:
        """The own grid and its halves, coarsest first, with the geometry in each."""
        grip = 2.0 if self.system.walls == "no_slip" else 0.0
        found = []
        for grid in grids(*self.own_grid):
            at_u = self.distances(distance, grid, sides=(False, True))
            at_v = self.distances(distance, grid, sides=(True, False))
            boundary = Boundary(self.system.inflow(grid[0]), grip=grip)
            found.append(Stream(boundary, grid[1], 1 / grid[0], viscosity, at_u, at_v))
        return found

    def flow(self, distance: Array, viscosity: float, guess: Array | None) -> Flow:
        """See `SteadySolver`."""
        streams = self.streams(distance, viscosity)
        try:
            psi, walk, coarse = solved(
                streams, tolerance=self.tolerance, most_steps=self.most_steps, guess=guess
            )
        except np.linalg.LinAlgError:  # a guess full of NaN, say
            psi, walk, coarse = np.empty(0), Walk(False, (np.nan,), 0), None
        measures = {
            "steps": len(walk.changes),
            "factorisations": walk.factorisations,
            "change": walk.changes[-1],
        }
        if not walk.converged:
            raise Unsettled(
                f"did not converge in {self.most_steps} steps on some grid; take more rows or a larger "
                "viscosity, for a grid too coarse for its Reynolds number may have no solution",
                measures,
            )
        drag, lift = streams[-1].forces(psi)
        pressure = streams[-1].pressure(psi)
        return Flow(psi, pressure, drag, lift, measures, richardson(psi, coarse))
