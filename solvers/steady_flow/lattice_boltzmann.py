"""A second, independent solver: a lattice-Boltzmann fluid, marched until it changes no more."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .lattice import advance, force, links_of, moments, rest
from .steady_solver import Flow, SteadySolver, Unsettled

__all__ = ["LatticeBoltzmann"]

Array = NDArray[np.float64]
CHECKED_EVERY = 0.25
"""Time, in crossings of the channel's height, between two looks at how much has changed."""


@dataclass(frozen=True)
class LatticeBoltzmann(SteadySolver):
    """Explicit, local, easily told: the check on `StreamNewton`, which is far faster.

    It marches in time until the velocities change by less than the tolerance in one crossing of the channel's
    height, relative and root-mean-square. The error is that of the grid, of second order, and that of the
    fluid's compressibility, which falls with the square of `speed` while the number of steps grows with its
    inverse.

    The stream function is summed up from the velocities, and scaled to let as much through each cross-section
    as flows in. The forces are those of the momentum exchanged with solids. The measures: `steps`; `change`,
    the last; `reynolds`, that of the obstacle. A guess is not used.

    Attributes:
        speed: mean inflow in lattice units, cells per step; the speed of sound is 0.58.
        tolerance: see above.
        most_crossings: longest time, in crossings of the channel's height; beyond it a flow counts as
            unsteady.

    Raises `SolverError` for settings that make no sense.
    """

    _: KW_ONLY
    speed: float = 0.05
    tolerance: float = 1e-5
    most_crossings: float = 200.0

    names: ClassVar[tuple[str, ...]] = ("steps", "change")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.speed <= 0.2:
            raise SolverError(f"speed must be positive and at most 0.2 cells per step, got {self.speed}")
        if not 1e-12 <= self.tolerance < 1:
            raise SolverError(f"tolerance must lie between 1e-12 and 1, got {self.tolerance}")
        if not self.most_crossings > 0:
            raise SolverError(f"most_crossings must be positive, got {self.most_crossings}")

    @property
    def label(self) -> str:
        """E.g. `lattice-Boltzmann 64x128 U=0.05 1e-05`."""
        rows, columns = self.own_grid
        return f"lattice-Boltzmann {rows}x{columns} U={self.speed:g} {self.tolerance:.0e}"

    def flow(self, distance: Array, viscosity: float, guess: Array | None) -> Flow:
        """See `SteadySolver`."""
        rows, columns = self.own_grid
        here = self.distances(distance, self.own_grid, sides=(False, False))
        inflow = np.diff(self.system.inflow(rows)) * rows * self.speed
        links = links_of(here, inflow, slip=self.system.walls == "slip")
        f = rest(rows, columns, inflow)
        g = f.copy()
        each = max(2, 2 * round(CHECKED_EVERY * rows / self.speed / 2))
        crossing, steps, change = each * self.speed / rows, 0, np.inf
        before = moments(f)[:2]
        while change > self.tolerance and steps * self.speed < self.most_crossings * rows:
            advance(f, g, links, viscosity=viscosity * rows * self.speed, steps=each)
            steps += each
            after = moments(f)[:2]
            gap, whole = (
                sum(float((part**2).sum()) for part in parts)
                for parts in ((a - b for a, b in zip(after, before, strict=True)), after)
            )
            change, before = float(np.sqrt(gap / whole) / crossing), after
            if not np.isfinite(change):
                break
        measures = {"steps": steps, "change": change}
        if not change <= self.tolerance:
            raise Unsettled(
                f"still change after {self.most_crossings:g} crossings of the channel, or have blown up: "
                "they may be unsteady; lower speed, raise tolerance or viscosity",
                measures,
            )
        u, _, density = moments(f)
        u[here < 0] = 0
        sides = np.concatenate([inflow[:, None], 0.5 * (u[:, 1:] + u[:, :-1]), u[:, -1:]], axis=1)
        psi = np.zeros((rows + 1, columns + 1))
        psi[1:] = np.cumsum(sides, axis=0)
        psi /= psi[-1]
        pressure = (density - 1) / 3 / self.speed**2
        drag, lift = (part / self.speed**2 / rows for part in force(f, links))
        return Flow(psi, pressure, drag, lift, measures)
