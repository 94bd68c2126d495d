"""The solver's own ways from the flow that is given to the one that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..datasets.translations import GIVEN
from ..solvers.contract import Answer, Queries, Solution, Solver
from ..solvers.steady_flow.steady_solver import GUESS
from ..solvers.steady_flow.stream_newton import StreamNewton
from ..solvers.steady_flow.system import SteadyFlow
from .compare import Contestant

__all__ = ["from_given"]

LOOSE = (3e-1, 1e-1)
"""Tolerances that a cold start has no use for: from a flow that is given one or two steps reach them."""
CLIMBS = ((3e-1, 3e-1), (1e-1, 1e-1), (1e-1, 1e-2))
"""Tolerances on a coarse grid and then on a finer one."""


def from_given(system: SteadyFlow, ladder: Sequence[Solver]) -> list[Contestant]:
    """Every setting of the ladder, begun with the flow that is given; loose ones on grids as coarse as the
    system's or coarser; and on two grids, the first with half to three quarters of the second's rows.

    On finer grids than the system's loose tolerances leave an error far above the grid's own, unless a coarse
    grid comes first.
    """
    rows = sorted({rung.own_grid[0] for rung in ladder if isinstance(rung, StreamNewton)})
    loose = [
        StreamNewton(system, rows=own, tolerance=tolerance)
        for own in rows
        if own <= system.rows
        for tolerance in LOOSE
    ]
    climbs = [
        tuple(
            StreamNewton(system, rows=own, tolerance=tolerance)
            for own, tolerance in zip((coarse, fine), tolerances, strict=True)
        )
        for fine in rows
        for coarse in rows
        if 2 * coarse >= fine and 4 * coarse <= 3 * fine
        for tolerances in CLIMBS
    ]
    return [
        *(
            Contestant(f"{rung.label} from given", "ladder", (warmed(rung),), settings=rung.settings)
            for rung in (*ladder, *loose)
        ),
        *(
            Contestant(
                f"{first.label}, then {then.label} from given",
                "ladder",
                (warmed(first, then),),
                settings={**then.settings, "first": first.settings},
            )
            for first, then in climbs
        ),
    ]


def warmed(*solvers: Solver) -> Answer:
    """One solver after the other: the first begins with the flow that is given, the next where that ended.

    Where one fails, the next begins where that did.
    """

    def answer(queries: Queries, times: NDArray[np.float64]) -> Solution:
        guess = np.asarray(queries[GIVEN + "psi"])
        for solver in solvers:
            found = solver({**queries, GUESS: guess}, times)
            guess = np.where(found.solved[:, None, None], found.values["psi"][:, 0], guess)
        return found

    return answer
