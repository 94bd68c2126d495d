"""Every cheap way to run the solvers: scheme, step, grid and precision, for the comparison at equal accuracy.

The grid limits how long a forecast is right: the attractor's spectrum falls exponentially, and what a grid
cuts off acts on the large waves like an error of exp(-1.9 (2 k_max - 1)) of the solution, k_max its largest
wavenumber (measured at L = 22 and 200). So each scheme and step is run on the coarsest grid that does not
limit it, and on the one below where that is a matter of taste.
"""

from __future__ import annotations

from typing import Any

from ..contract import Solver
from ..methods.compiled_spectral import CompiledEngine
from ..methods.spectral_schemes import ETDAB, ETDABM, ETDRK4, Krogstad
from ..methods.spectral_solver import SpectralSolver
from .system import KuramotoSivashinsky

__all__ = ["DENSITIES", "compiled_grid", "ladder"]

DENSITIES = (1.06, 1.3, 1.6, 1.9)
"""Points per unit length that suffice for some 10, 13, 17 and 20 Lyapunov times."""

SINGLE: dict[str, Any] = {"dtype": "float32"}
KAHAN: dict[str, Any] = {"dtype": "float32", "compensated": True}
FOUR, FIVE, SIX = ({"order": n} for n in (4, 5, 6))

SETTINGS: tuple[tuple[type[SpectralSolver], dict[str, Any], tuple[int, ...], tuple[int, ...]], ...] = (
    (ETDRK4, {}, (1, 2, 4), (0,)),
    (ETDRK4, {}, (8, 16), (1,)),
    (Krogstad, {}, (1, 2, 4), (0,)),
    (Krogstad, {}, (4, 8, 16), (1,)),
    (Krogstad, SINGLE, (2, 4), (1,)),
    (ETDAB, FOUR, (8,), (0,)),
    (ETDAB, FOUR, (8, 12, 16, 24), (1,)),
    (ETDAB, FOUR | SINGLE, (8, 12, 16), (1,)),
    (ETDABM, FOUR | SINGLE, (12, 16), (1,)),
    (ETDABM, FOUR | KAHAN, (12, 16, 20), (1,)),
    (ETDABM, FOUR, (12, 16, 20), (1, 2)),
    (ETDABM, FOUR, (24,), (2,)),
    (ETDAB, FIVE, (20, 24), (1, 2)),
    (ETDAB, FIVE, (28, 32), (2, 3)),
    (ETDAB, FIVE, (24, 40, 48), (3,)),
    (ETDAB, SIX, (64, 96), (3,)),
)
"""Class, its settings, steps per unit time, positions in `DENSITIES`. Steps divide one unit of time, so that
output at whole ones costs nothing. A scheme's largest step is stable on most starts at L = 22 and on few at
L = 200: what blows up is counted. float32 stands where round-off does not yet end the forecast, which is
later where it is compensated."""


def compiled_grid(system: KuramotoSivashinsky, *, density: float) -> int:
    """The smallest grid with so many points per unit length on which the solvers run compiled.

    At most the system's own grid; the largest compiled one below it where none is large enough.
    """
    sizes = [n for n in range(16, max(system.points, 16) + 1) if CompiledEngine.can_run(n, "float64")]
    return next((n for n in sizes if n >= density * system.length), sizes[-1])


def ladder(system: KuramotoSivashinsky) -> list[Solver]:
    """From the cheapest run that works to an accurate one; see `SETTINGS`."""
    grids = [compiled_grid(system, density=density) for density in DENSITIES]
    found = {
        (kind, count, grids[i], *sorted(settings.items())): kind(
            system, step=1 / count, points=grids[i], **settings
        )
        for kind, settings, counts, positions in SETTINGS
        for count in counts
        for i in positions
    }
    return list(found.values())
