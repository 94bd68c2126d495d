"""Answers made of others: a surrogate that hands over to the solver where it expects to be wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Answer, Queries, Solution

__all__ = ["Expectation", "changed", "with_fallback"]

Expectation = Callable[[Queries], NDArray[np.float64]]
"""queries -> (samples,) the error that a surrogate expects of its own answer, at whatever times."""


Values = dict[str, NDArray[np.float64]]
Change = Callable[[Values, Queries], Values]


def with_fallback(answer: Answer, expected: Expectation, solver: Answer, *, threshold: float) -> Answer:
    """The surrogate's answer where the error that it expects is at most the threshold, else the solver's.

    Each is asked only for its own samples. Of the fields, those that both give where both are asked.
    """

    def combined(queries: Queries, times: NDArray[np.float64]) -> Solution:
        trusted = expected(queries) <= threshold
        if trusted.all():
            return answer(queries, times)
        second = solver(_some(queries, ~trusted), times)
        if not trusted.any():
            return second
        return _merged(trusted, answer(_some(queries, trusted), times), second)

    return combined


def _some(queries: Queries, chosen: NDArray[np.bool_]) -> Queries:
    return {name: np.asarray(array)[chosen] for name, array in queries.items()}


def _merged(chosen: NDArray[np.bool_], first: Solution, second: Solution) -> Solution:
    """A solution of all samples, the first's where chosen and the second's elsewhere."""

    def joined(one: NDArray[np.generic], other: NDArray[np.generic]) -> NDArray[Any]:
        whole = np.empty((len(chosen), *one.shape[1:]), np.result_type(one, other))
        whole[chosen], whole[~chosen] = one, other
        return whole

    return replace(
        first,
        values={name: joined(first.values[name], second.values[name]) for name in first.values},
        status=joined(first.status, second.status),
        seconds=joined(first.seconds, second.seconds),
        error_estimate=joined(first.error_estimate, second.error_estimate),
        notes=(*first.notes, *second.notes),
        measures={},
    )


def changed(answer: Answer, change: Change) -> Answer:
    """An answer whose values are changed afterwards: `change(values, queries)` gives what it changed."""

    def after(queries: Queries, times: NDArray[np.float64]) -> Solution:
        first = answer(queries, times)
        return replace(first, values={**first.values, **change(dict(first.values), queries)})

    return after
