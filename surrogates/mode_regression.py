"""Least squares per wavenumber: the next transform of u from transforms of u and u^2 at several delays.

The examples enter a triangular factor by QR, so that nothing is squared: float64 keeps all its digits, and
memory does not grow with the examples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..solvers.methods.lane_tables import MultistepTables

__all__ = ["ModeRegression"]

Array = NDArray[np.float64]
_BLOCK = 512
"""Frames that enter the factors at a time."""


class ModeRegression:
    """Accumulates trajectories on a periodic grid; `solve` gives the weights for any strength of noise.

    v' = sum over i < delays of linear_i v(t - i h) + sum over j < squares of nonlinear_j S(t - j h)

    with v and S the transforms of u and u^2, wavenumber by wavenumber, and a constant where there is forcing.
    Translation symmetry allows no other term that is linear in v or S. With `reflection`, u(x) -> -u(-x) is a
    symmetry, too: linear weights are real and nonlinear ones imaginary, which halves the unknowns.

    Arguments:
        points: of the grid, even.
        delays, squares: terms of either kind.
        reflection: whether the reflection is a symmetry of all but the constant.
        forced: whether there is a constant: a forcing that is steady in time.
    """

    def __init__(self, points: int, *, delays: int, squares: int, reflection: bool, forced: bool) -> None:
        self.points = points
        self.delays = delays
        self.squares = squares
        self.reflection = reflection
        self.forced = forced
        self.samples = 0
        """Examples taken in so far; each gives one complex equation per wavenumber."""
        self.factors = np.zeros((points // 2 + 1, 0, self._unknowns + 1))
        """(wavenumbers, unknowns + 1, unknowns + 1): R of the QR factorisation of [features, target]."""

    @property
    def history(self) -> int:
        """Frames that an example looks back on, the present one included."""
        return max(self.delays, self.squares)

    @property
    def _unknowns(self) -> int:
        return (self.delays + self.squares) * (1 if self.reflection else 2) + 2 * self.forced

    def add(self, frames: Array) -> None:
        """Take in all examples of one trajectory (frames, points)."""
        past = self.history
        for start in range(0, len(frames) - past, _BLOCK):
            part = frames[start : start + _BLOCK + past]
            v = np.fft.rfft(part) / self.points
            s = np.fft.rfft(part * part) / self.points
            count = len(part) - past
            lagged = [v[past - 1 - i : past - 1 - i + count] for i in range(self.delays)]
            lagged += [1j * s[past - 1 - j : past - 1 - j + count] for j in range(self.squares)]
            columns = lagged if self.reflection else lagged + [1j * column for column in lagged]
            if self.forced:
                columns += [np.ones_like(v[past:]), np.full_like(v[past:], 1j)]
            system = np.stack([*columns, v[past:]], axis=-1).transpose(1, 0, 2)
            rows = np.concatenate([self.factors, system.real, system.imag], axis=1)
            self.factors = np.asarray(np.linalg.qr(rows, mode="r"), dtype=np.float64)
            self.samples += count

    def solve(self, noise: float, *, spread: float) -> MultistepTables:
        """The weights that are best if independent noise is put on every value that is looked back on.

        Noise of standard deviation `noise * spread` on u disturbs v by that over sqrt(points), and S by twice
        the size of u times as much: a ridge that knows the scale of each feature and of each wavenumber.
        It is what keeps a forecast stable. `spread` is the standard deviation of u.
        """
        size = np.concatenate([np.ones(self.delays), np.full(self.squares, 2 * spread)])
        size = np.tile(size, 1 if self.reflection else 2) * noise * spread
        size = np.concatenate([size, np.zeros(2 * self.forced)])
        penalty = np.diag(size * np.sqrt(self.samples / self.points))
        modes = self.points // 2 + 1
        weights = np.zeros((modes, self._unknowns))
        for mode in range(modes - 1):  # the highest wavenumber has half a meaning and stays zero
            factor = self.factors[mode]
            if mode == 0 and self.reflection:  # v is real there and S cannot drive it
                factor = factor.copy()
                factor[:, self.delays : self.delays + self.squares] = 0
            rows = np.vstack([factor[:, :-1], penalty])
            lengths = np.sqrt((rows**2).sum(axis=0))
            lengths[lengths == 0] = 1.0
            right = np.concatenate([factor[:, -1], np.zeros(self._unknowns)])
            weights[mode] = np.linalg.lstsq(rows / lengths, right, rcond=1e-15)[0] / lengths
        return self._tables(weights)

    def _tables(self, weights: Array) -> MultistepTables:
        half = self.delays + self.squares
        complete = weights[:, :half].astype(complex)
        if not self.reflection:
            complete += 1j * weights[:, half : 2 * half]
        complete[:, self.delays :] *= 1j
        return MultistepTables(
            linear=np.ascontiguousarray(complete[:, : self.delays].T),
            nonlinear=np.ascontiguousarray(complete[:, self.delays :].T),
            constant=weights[:, -2] + 1j * weights[:, -1] if self.forced else None,
        )
