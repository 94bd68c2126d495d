"""The Ising model on a periodic square lattice, its samplers and its exact sums."""

from __future__ import annotations

from dataclasses import replace

from ..contract import Kit, Solver
from .exact import Enumeration, Kaufman, levels_of
from .solvers import Metropolis, Sampler, Wolff
from .system import CRITICAL, SEEDS, Ising, energies_of

__all__ = [
    "CRITICAL",
    "KIT",
    "SEEDS",
    "Enumeration",
    "Ising",
    "Kaufman",
    "Metropolis",
    "Sampler",
    "Wolff",
    "energies_of",
    "levels_of",
]


def standard(system: Ising) -> Solver:
    """Makes training sets: clusters, between whose configurations little is remembered."""
    return Wolff(system, sweeps=8 * system.copies)


def reference(system: Ising) -> Solver:
    """Truth for the comparison, to round-off; of energy and specific heat only."""
    return Kaufman(system)


def ladder(system: Ising) -> list[Solver]:
    """Samplers with fewer and more sweeps; they are asked for no configurations, so they keep but one.

    The exact sums, which know the solution of this very model, are truth and no rung.
    """
    alone = replace(system, copies=1)
    even = system.rows % 2 == 0 and system.columns % 2 == 0
    return [
        *(Metropolis(alone, sweeps=4**n) for n in range(2, 9) if even),
        *(Wolff(alone, sweeps=4**n) for n in range(2, 8)),
    ]


KIT = Kit(
    system=Ising,
    solvers=(Metropolis, Wolff, Kaufman, Enumeration),
    standard=standard,
    reference=reference,
    ladder=ladder,
)
