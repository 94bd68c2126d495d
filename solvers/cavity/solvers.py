"""Newton's method on the discrete stream function of the cavity."""

from __future__ import annotations

import time as clock
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from ..contract import Queries, Solution, Solver, SolverError, Status, check_times
from ..methods.stream_function import Boundary, Stream, grids, richardson, solved
from .equations import corners
from .system import Cavity

__all__ = ["CavityNewton"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CavityNewton(Solver):
    """Second order in space away from the upper corners, which hold it up; converged, or marked.

    The error estimate is that of the velocities, relative and root-mean-square, from the next coarser grid by
    Richardson's rule; NaN where there is none.

    Attributes:
        cells: of the own grid along each side; None for the system's.
        tolerance: error of the stream function on its grid, relative to its range.
        most_steps: on each grid.

    Raises `SolverError` for settings that make no sense.
    """

    system: Cavity
    _: KW_ONLY
    cells: int | None = None
    tolerance: float = 1e-9
    most_steps: int = 60

    def __post_init__(self) -> None:
        if self.own != int(self.own) or self.own < 8:
            raise SolverError(f"cells must be a whole number of at least 8, got {self.cells}")
        if not 1e-13 <= self.tolerance < 1 or self.most_steps < 1:
            raise SolverError(
                "tolerance must lie between 1e-13 and 1 and most_steps be at least 1, got "
                f"{self.tolerance} and {self.most_steps}"
            )

    @property
    def own(self) -> int:
        """Cells of the own grid along each side."""
        return self.system.cells if self.cells is None else self.cells

    @property
    def label(self) -> str:
        """E.g. `Newton 64x64 1e-09`."""
        return f"Newton {self.own}x{self.own} {self.tolerance:.0e}"

    def streams(self, viscosity: float) -> list[Stream]:
        """The own grid and its halves, coarsest first."""
        found = []
        for rows, columns in grids(self.own, self.own):
            free = np.ones((rows, columns + 1)), np.ones((rows + 1, columns))
            boundary = Boundary(np.zeros(rows + 1), lid=1.0, closed=True)
            found.append(Stream(boundary, columns, 1 / rows, viscosity, *free))
        return found

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        """See `Solver`; the answer is the same at all times."""
        times = check_times(times)
        samples = self.system.check_queries(queries)
        n = self.system.cells
        middles = (np.arange(n) + 0.5) / n
        once = {name: np.full((samples, n, n), np.nan) for name in ("u", "v", "psi")}
        status = np.full(samples, Status.SOLVED, dtype=np.int8)
        seconds, estimate = np.zeros(samples), np.full(samples, np.nan)
        for i, viscosity in enumerate(np.asarray(queries["viscosity"], dtype=np.float64)):
            begin = clock.perf_counter()
            found, walk, coarse = solved(
                self.streams(float(viscosity)), tolerance=self.tolerance, most_steps=self.most_steps
            )
            if walk.converged:
                nodes = np.linspace(0, 1, self.own + 1)
                # a spline through what is smooth: without what the flow is in the upper corners
                surface = RectBivariateSpline(nodes, nodes, found - _corners(self.own, nodes=True)[0])
                psi, slope_x, slope_y = _corners(n, nodes=False)
                once["psi"][i] = psi + surface(middles, middles)
                once["u"][i] = slope_y + surface(middles, middles, dx=1)
                once["v"][i] = -slope_x - surface(middles, middles, dy=1)
                estimate[i] = richardson(found, coarse)
            else:
                status[i] = Status.NOT_CONVERGED
            seconds[i] = clock.perf_counter() - begin
        failed = int((status != Status.SOLVED).sum())
        return Solution(
            times=times,
            values={name: np.repeat(a[:, None], len(times), axis=1) for name, a in once.items()},
            status=status,
            seconds=seconds,
            error_estimate=estimate,
            notes=(
                f"{failed} of {samples} samples did not converge in {self.most_steps} steps on some grid; "
                "take more cells",
            )
            if failed
            else (),
        )


@lru_cache(maxsize=64)  # alike for all queries: no part of what a query takes
def _corners(cells: int, *, nodes: bool) -> tuple[Array, Array, Array]:
    """The upper corners' flow at a grid's nodes or in the middles of its cells, (y, x): stream function, its
    slopes along x and along y.
    """
    line = np.linspace(0, 1, cells + 1) if nodes else (np.arange(cells) + 0.5) / cells
    y, x = (torch.from_numpy(m.copy()).requires_grad_() for m in np.meshgrid(line, line, indexing="ij"))
    psi = corners(x, y)
    slopes = torch.autograd.grad(psi.sum(), (x, y))
    found = [t.detach().numpy() for t in (psi, *slopes)]
    return found[0], found[1], found[2]
