"""Colebrook's equation by compiled iterations: what a careful engineer would run a thousand times."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError
from .colebrook import GRAINS, START, VISCOUS
from .exact import PACE
from .kernels import by_clamond, by_newton
from .regime_solver import RegimeSolver
from .system import PipeFlow

__all__ = ["Compiled"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Compiled(RegimeSolver):
    """A fixed number of iterations in one pass over the pipes, without an array between any two of them.

    `newton` is that of `Iterated`, from x = 7 on. `clamond` has the unknown F = x log(10) / 2, of which
    F + log(F + wall) is known, and a correction by which one iteration leaves the fourth power of an error:
    one is good to 2e-4, two to round-off, at the price of one logarithm each and one for the start.

    Attributes:
        method: one of the two.
        iterations: how many, always.
        precision: `single` computes Newton's method in four bytes a number.

    Raises `SolverError` for settings that make no sense.

    Reference: Clamond, Industrial & Engineering Chemistry Research 48 (2009), arXiv:0810.5564,
    doi:10.1021/ie801626g.
    """

    system: PipeFlow
    _: KW_ONLY
    method: Literal["newton", "clamond"] = "clamond"
    iterations: int = 2
    precision: Literal["double", "single"] = "double"

    def __post_init__(self) -> None:
        if self.method not in ("newton", "clamond"):
            raise SolverError(f"method must be 'newton' or 'clamond', got {self.method!r}")
        if not isinstance(self.iterations, int) or self.iterations < 1:
            raise SolverError(f"iterations must be a whole number of at least 1, got {self.iterations}")
        if self.precision not in ("double", "single"):
            raise SolverError(f"precision must be 'double' or 'single', got {self.precision!r}")
        if self.precision == "single" and self.method != "newton":
            raise SolverError("precision must be 'double' but for Newton's method; leave it out")

    @property
    def label(self) -> str:
        """E.g. `compiled Newton n=2 single`."""
        return f"compiled {self.method.title()} n={self.iterations}" + " single" * (
            self.precision == "single"
        )

    def turbulent(self, reynolds: Array, roughness: Array) -> Array:
        """See `RegimeSolver`."""
        if self.method == "newton":
            kind = np.float32 if self.precision == "single" else np.float64
            slope, wall = (VISCOUS / reynolds).astype(kind), (roughness / GRAINS).astype(kind)
            root = np.full(reynolds.shape, START, kind)
            by_newton(slope, wall, root, self.iterations, np.array([1 / PACE], kind))
            return root.astype(np.float64) ** -2
        speed, found = PACE / VISCOUS * reynolds, np.empty_like(reynolds)
        by_clamond(speed * (roughness / GRAINS), np.log(speed), found, self.iterations)
        return np.asarray((PACE / found) ** 2)
