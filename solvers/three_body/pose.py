"""The same three bodies seen by another: turned, mirrored, moved, and numbered in another order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import SolverError

__all__ = ["Pose"]


@dataclass(frozen=True)
class Pose:
    """A symmetry of Newton's law: what it makes of a solution is the solution of what it makes of the start.

    First the bodies are numbered anew, then y changes its sign, then the plane is turned and moved. It takes
    positions and velocities (..., 3), both components of each, and masses; of other names nothing changes.

    Attributes:
        order: the number, from 0, that each body had before.
        mirrored: whether y changes its sign.
        angle: of the turn, anticlockwise, in radians.
        shift: by which positions move.

    Raises `SolverError` for an order that does not name each body once, and for one component alone.

    >>> Pose(angle=np.pi / 2)({"x": np.array([1.0, 0.0, 0.0]), "y": np.zeros(3)})["y"]
    array([1., 0., 0.])
    """

    order: tuple[int, int, int] = (0, 1, 2)
    mirrored: bool = False
    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        if sorted(self.order) != [0, 1, 2]:
            raise SolverError(f"the order must name each of 0, 1, 2 once, got {self.order}")

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> Pose:
        """Any order, mirrored or not, and any angle, equally likely; not moved."""
        first, second, third = (int(i) for i in generator.permutation(3))
        return cls(
            order=(first, second, third),
            mirrored=bool(generator.integers(2)),
            angle=float(generator.uniform(0, 2 * np.pi)),
        )

    def __call__(self, named: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See the class and `Symmetry`."""
        found = {}
        for name, values in named.items():
            prefix, slash, field = name.rpartition("/")
            if field == "mass":
                found[name] = values[..., list(self.order)]
            elif field in ("x", "y", "vx", "vy"):
                other = f"{prefix}{slash}{field[:-1]}{'y' if field[-1] == 'x' else 'x'}"
                if other not in named:
                    raise SolverError(f"{name!r} cannot be turned without {other!r}; give both")
                found[name] = self._turned(values, named[other], field)
            else:
                found[name] = values
        return found

    def _turned(self, own: NDArray[Any], other: NDArray[Any], field: str) -> NDArray[Any]:
        """The component `own` of vectors whose other one is `other`."""
        own, other = (values[..., list(self.order)] for values in (own, other))
        sign = -1.0 if self.mirrored else 1.0
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        if field[-1] == "x":
            turned = cosine * own - sine * sign * other
        else:
            turned = sine * other + cosine * sign * own
        return np.asarray(turned + (0.0 if len(field) > 1 else self.shift["xy".index(field)]))
