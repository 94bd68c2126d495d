"""What every solver answers with: full-shape arrays, and how each sample ended."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Solution", "SolverError", "Status", "notes_of"]


class SolverError(ValueError):
    """A question that a system or solver cannot be asked; the text says what to ask instead."""


class Status(enum.IntEnum):
    """How one sample ended. Only `SOLVED` may be used as truth."""

    SOLVED = 0
    DIVERGED = 1
    NOT_CONVERGED = 2
    OUT_OF_BUDGET = 3
    REFUSED = 4

    @property
    def advice(self) -> str:
        """What happened, and what to do about it."""
        return {
            Status.SOLVED: "solved",
            Status.DIVERGED: "the solution became infinite or NaN; take a smaller step",
            Status.NOT_CONVERGED: "the tolerance was not reached; loosen it or refine the grid",
            Status.OUT_OF_BUDGET: "the budget of steps or seconds ran out; raise it or ask for less time",
            Status.REFUSED: "the query is not one that this system answers; see the message",
        }[self]


@dataclass(frozen=True, eq=False)
class Solution:
    """Full-shape arrays and one status per sample. What was not solved is NaN, never a short array.

    A sample that fails on its way keeps the frames before: NaN from the first that is not known, and a status
    other than `SOLVED`.

    Attributes:
        times: (times,) output times, in the system's unit of time, starting from the query's time 0.
        values: field name -> (samples, times, *grid[, components]), of the grid the field's own axes.
        status: (samples,) `Status` numbers.
        seconds: (samples,) wall-clock seconds that each sample cost (a batch's time shared equally).
        error_estimate: (samples,) the solver's own estimate of its relative error at the last time, NaN
            where it makes none.
        notes: one sentence per kind of failure, for people.
        measures: name -> (samples,) numbers about how each sample was solved: steps, iterations, the closest
            approach. A solver gives the same names every time, NaN where a number makes no sense.
    """

    times: NDArray[np.float64]
    values: Mapping[str, NDArray[Any]]
    status: NDArray[np.int8]
    seconds: NDArray[np.float64]
    error_estimate: NDArray[np.float64]
    notes: tuple[str, ...] = ()
    measures: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        samples = len(self.status)
        for name, array in self.values.items():
            if array.shape[:2] != (samples, len(self.times)):
                raise SolverError(
                    f"field {name!r} of a solution must begin with (samples, times) = "
                    f"({samples}, {len(self.times)}), got shape {array.shape}"
                )
        numbers = {"seconds": self.seconds, "error_estimate": self.error_estimate, **self.measures}
        for name, array in numbers.items():
            if np.shape(array) != (samples,):
                raise SolverError(f"{name} must have shape ({samples},), got {np.shape(array)}")

    @property
    def solved(self) -> NDArray[np.bool_]:
        """(samples,) which samples ended well."""
        return np.asarray(self.status == Status.SOLVED)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(samples, times) where all fields are finite: a sample not solved may be known for a while."""
        finite = [np.isfinite(array).all(axis=tuple(range(2, array.ndim))) for array in self.values.values()]
        return np.asarray(np.all(finite, axis=0))


def notes_of(status: NDArray[np.int8], said: Mapping[Status, str]) -> tuple[str, ...]:
    """A sentence for each kind of failure that there is: how many samples, and what is said of its kind.

    >>> notes_of(np.array([0, 4, 4], np.int8), {Status.REFUSED: "start with two bodies at one place"})
    ('2 of 3 samples start with two bodies at one place',)
    """
    if not status.any():  # a query alone is answered in microseconds
        return ()
    counts = {kind: int((status == kind).sum()) for kind in said}
    return tuple(f"{n} of {len(status)} samples {said[kind]}" for kind, n in counts.items() if n)
