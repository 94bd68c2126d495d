"""Ridge regression from a stream of examples: min over W of ||X W - Y||^2 + ridge ||W||^2."""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from .gram import GramMatrix

__all__ = ["NormalEquations", "RidgeError"]

Array = NDArray[np.float64]


class RidgeError(ArithmeticError):
    """The regression has no stable solution; the text says what to do."""


class NormalEquations:
    """Accumulates X^T X and X^T Y in float64 and solves for W; memory does not grow with the examples.

    While fewer examples than features have come, the rows themselves are kept and the smaller problem over
    the examples is solved (W = X^T (X X^T + ridge)^-1 Y, the same W at less cost).

    Squaring X squares its condition number. Directions of X whose singular value lies below about 1e-8 of the
    largest are lost in rounding, so `solve` fails where `ridge` does not cover them: then scale the features
    alike, raise `ridge`, or perturb the inputs by noise.

    Arguments:
        features: columns of X.
        targets: columns of Y.
    """

    def __init__(self, features: int, targets: int) -> None:
        self.features = features
        self.targets = targets
        self.samples = 0
        """Examples taken in so far."""
        self._gram: GramMatrix | None = None
        self._cross = np.zeros((features, targets))
        self._held: list[tuple[Array, Array]] = []

    def add(self, features: Array, targets: Array) -> None:
        """Take in examples: (samples, features) and (samples, targets).

        Raises ValueError for wrong shapes, and RidgeError if a number is not finite.
        """
        samples = len(features)
        if features.shape != (samples, self.features) or targets.shape != (samples, self.targets):
            raise ValueError(
                f"expected shapes (samples, {self.features}) and (samples, {self.targets}), "
                f"got {features.shape} and {targets.shape}"
            )
        cross = features.T @ targets
        if not np.isfinite(cross).all():
            raise RidgeError("the examples hold NaN or infinity; remove those trajectories")
        self._cross += cross
        self.samples += samples
        if self.samples < self.features:
            self._held.append((features.astype(np.float64), targets.astype(np.float64)))
            return
        if self._gram is None:
            self._gram = GramMatrix(self.features)
            for held, _ in self._held:
                self._gram.add(held)
            self._held = []
        self._gram.add(features)

    def solve(self, ridge: float) -> Array:
        """W (features, targets). More examples can be added, and other values of `ridge` tried, afterwards.

        Raises RidgeError where the matrix is not positive definite in float64.
        """
        if ridge < 0 or not np.isfinite(ridge):
            raise ValueError(f"ridge must be a finite number of at least 0, got {ridge}")
        if self.samples == 0:
            raise ValueError("there are no examples to solve for")
        if self._gram is None:
            rows = np.concatenate([held for held, _ in self._held])
            targets = np.concatenate([target for _, target in self._held])
            between = GramMatrix(self.samples)
            between.add(np.ascontiguousarray(rows.T))
            return np.asarray(rows.T @ self._solve_positive(between.lower(), ridge, targets))
        return self._solve_positive(self._gram.lower(), ridge, self._cross)

    def _solve_positive(self, lower: Array, ridge: float, right: Array) -> Array:
        matrix = np.array(lower, order="F")
        diagonal = np.einsum("ii->i", matrix)
        largest = float(diagonal.max())
        diagonal += ridge
        try:
            factor = scipy.linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError as error:
            # the rounding of a sum of squares is about the machine's precision times its size
            enough = np.finfo(np.float64).eps * largest * len(matrix)
            raise RidgeError(
                f"the normal equations of {self.samples} examples and {self.features} features are not "
                f"positive definite with ridge {ridge:g} ({error}); a ridge of {enough:.0e} is enough"
            ) from error
        return np.asarray(scipy.linalg.cho_solve((factor, True), right, check_finite=False))
