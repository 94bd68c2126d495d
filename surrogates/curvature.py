"""What a quasi-Newton descent has learned of the Hessian: a dense inverse, or the last steps."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dger

from .surrogate import SurrogateError

__all__ = ["Curvature", "DenseCurvature", "LimitedCurvature"]

Array = NDArray[np.float64]
MOST_NUMBERS = 20_000
"""Of which the dense inverse takes 3 GiB."""


class Curvature(Protocol):
    """An inverse Hessian that is learned step by step; the identity at first."""

    def times(self, vector: Array) -> Array:
        """The inverse Hessian times a vector."""

    def learn(self, step: Array, change: Array, expected: float) -> None:
        """A step changed the gradient so; `expected` is step times old Hessian times step."""

    def forget(self) -> None:
        """The identity again."""

    def state(self) -> dict[str, Array]:
        """A copy of what `resume` needs."""

    def resume(self, state: dict[str, Any]) -> None:
        """Take `state()` back; `SurrogateError` for one of another size."""


class DenseCurvature:
    """The inverse Hessian as a matrix, symmetric, in Fortran's order.

    Self-scaling goes deeper than plain BFGS where the first guess is too stiff, for it lets large eigenvalues
    be forgotten.

    Oren & Luenberger, Manage. Sci. 20 (1974), doi:10.1287/mnsc.20.5.845; Al-Baali, Comput. Optim. Appl. 9
    (1998), doi:10.1023/A:1018315205474.

    Arguments:
        numbers: of the place.
        update: `bfgs`, `ssbfgs` (what was learned is scaled at each step) or `ssbroyden` (and how much of
            each direction is renewed is chosen at each step).

    Raises `SurrogateError` for more than `MOST_NUMBERS` numbers.
    """

    def __init__(self, numbers: int, *, update: str) -> None:
        if numbers > MOST_NUMBERS:
            raise SurrogateError(
                f"a dense inverse Hessian of {numbers:,} numbers is too large; take at most "
                f"{MOST_NUMBERS:,} or another optimiser, such as lbfgs"
            )
        self.update = update
        self.inverse = np.eye(numbers, order="F")

    def times(self, vector: Array) -> Array:
        """See `Curvature`."""
        return np.asarray(self.inverse @ vector)

    def forget(self) -> None:
        """See `Curvature`."""
        self.inverse[...] = 0.0
        np.fill_diagonal(self.inverse, 1.0)

    def state(self) -> dict[str, Array]:
        """See `Curvature`."""
        return {"inverse": self.inverse.copy(order="F")}

    def resume(self, state: dict[str, Any]) -> None:
        """See `Curvature`."""
        _refuse_another_size(np.shape(state.get("inverse", ())), self.inverse.shape)
        self.inverse = np.array(state["inverse"], dtype=np.float64, order="F")

    def learn(self, step: Array, change: Array, expected: float) -> None:
        """See `Curvature`."""
        along = float(np.dot(change, step))
        turned = self.inverse @ change
        spread = float(np.dot(change, turned))
        scale, share = self._scale_and_share(b=expected / along, h=spread / along)
        if not (0 < scale < np.inf and np.isfinite(share)):
            return
        # (H - turned turned' / spread + share v v') / scale + step step' / along, written out
        both = share * spread / along**2 / scale + 1 / along
        mixed = -share / along / scale
        own = (share - 1) / spread / scale
        if scale != 1:
            self.inverse /= scale
        self.inverse = dger(1.0, step, both * step + mixed * turned, a=self.inverse, overwrite_a=1)
        self.inverse = dger(1.0, turned, mixed * step + own * turned, a=self.inverse, overwrite_a=1)

    def _scale_and_share(self, *, b: float, h: float) -> tuple[float, float]:
        """By which the old inverse is divided, and how much of BFGS (1) or DFP (0) is in the update.

        `b` and `h` are the curvature along the step that the old matrices expect, over what was met.
        """
        if self.update == "bfgs":
            return 1.0, 1.0
        if self.update == "ssbfgs":
            return min(1.0, 1 / b), 1.0
        a = max(h * b - 1, 1e-14)  # at least 0 by Cauchy and Schwarz
        least = min(1.0, h / ((a + 1) * (1 + np.sqrt(a / (a + 1)))))
        theta = max((least - 1) / a, min(1 / least, (1 - b) / b))
        sigma = 1 + a * theta
        root = abs(sigma) ** (1 / (1 - max(2, len(self.inverse))))
        most = min(1.0, 1 / b)
        scale = min(most * root, sigma) if theta <= 0 else most * min(root, 1 / theta)
        return float(scale), float((1 - theta) / sigma)


class LimitedCurvature:
    """The last steps and the changes of the gradient, from which BFGS's product is made (two loops).

    Liu & Nocedal, Math. Program. 45 (1989), doi:10.1007/BF01589116.

    Arguments:
        numbers: of the place.
        pairs: steps that are kept.
    """

    def __init__(self, numbers: int, *, pairs: int) -> None:
        self.pairs = pairs
        self.steps = np.empty((0, numbers))
        self.changes = np.empty((0, numbers))

    def times(self, vector: Array) -> Array:
        """See `Curvature`."""
        found, factors = np.array(vector), np.zeros(len(self.steps))
        along = np.einsum("ij,ij->i", self.steps, self.changes)
        for i in reversed(range(len(self.steps))):
            factors[i] = np.dot(self.steps[i], found) / along[i]
            found -= factors[i] * self.changes[i]
        if len(self.steps):
            found *= along[-1] / np.dot(self.changes[-1], self.changes[-1])
        for i in range(len(self.steps)):
            found += (factors[i] - np.dot(self.changes[i], found) / along[i]) * self.steps[i]
        return found

    def learn(self, step: Array, change: Array, expected: float) -> None:
        """See `Curvature`."""
        self.steps = np.vstack([self.steps, step])[-self.pairs :]
        self.changes = np.vstack([self.changes, change])[-self.pairs :]

    def forget(self) -> None:
        """See `Curvature`."""
        self.steps, self.changes = self.steps[:0], self.changes[:0]

    def state(self) -> dict[str, Array]:
        """See `Curvature`."""
        return {"pair_steps": self.steps.copy(), "pair_changes": self.changes.copy()}

    def resume(self, state: dict[str, Any]) -> None:
        """See `Curvature`."""
        for name in ("pair_steps", "pair_changes"):
            _refuse_another_size(np.shape(state.get(name, ()))[1:], self.steps.shape[1:])
        self.steps = np.array(state["pair_steps"], dtype=np.float64)
        self.changes = np.array(state["pair_changes"], dtype=np.float64)


def _refuse_another_size(found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if found != wanted:
        raise SurrogateError(
            f"the state of a descent must hold what it learned as {wanted}, got {found}; take the state of "
            "the same optimiser and a network of the same size"
        )
