"""Answers made of others: a surrogate that hands over to the solver where it expects to be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution

__all__ = ["Expectation", "changed", "with_fallback"]

Expectation = Callable[[Queries, NDArray[np.float64]], NDArray[np.float64]]
"""(queries, times) -> (samples,) the error that a surrogate expects of its own answer."""


Values = dict[str, NDArray[np.float64]]
Change = Callable[[Values, Queries], Values]


def with_fallback(answer: Answer, expected: Expectation, solver: Answer, *, threshold: float) -> Answer:
    """The surrogate's answer, but the solver's for the samples whose expected error exceeds the threshold."""

    def combined(queries: Queries, times: NDArray[np.float64]) -> Solution:
        doubtful = np.flatnonzero(~(expected(queries, times) <= threshold))
        first = answer(queries, times)
        if not len(doubtful):
            return first
        second = solver({name: np.asarray(array)[doubtful] for name, array in queries.items()}, times)
        values = {name: array.copy() for name, array in first.values.items()}
        status, seconds, estimate = first.status.copy(), first.seconds.copy(), first.error_estimate.copy()
        for name, array in values.items():
            array[doubtful] = second.values[name]
        status[doubtful], estimate[doubtful] = second.status, second.error_estimate
        seconds[doubtful] += second.seconds
        return replace(
            first,
            values=values,
            status=status,
            seconds=seconds,
            error_estimate=estimate,
            notes=(*first.notes, *second.notes),
        )

    return combined


def changed(answer: Answer, change: Change) -> Answer:
    """An answer whose values are changed afterwards: `change(values, queries)` gives what it changed."""

    def after(queries: Queries, times: NDArray[np.float64]) -> Solution:
        first = answer(queries, times)
        return replace(first, values={**first.values, **change(dict(first.values), queries)})

    return after
