"""The sums of the Dormand-Prince scheme as straight-line code, its weights among the instructions."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import NumbaTypeError
from scipy.integrate import DOP853

from ..methods.builds import Rows
from ..methods.lanes import Lanes, emitted

__all__ = ["ERROR3", "ERROR5", "POLYNOMIAL", "STAGES", "TABLEAU", "weigh", "weigh_on"]

STAGES = 16
"""Derivatives that a step knows: at its 12 stages, its end, and three more places for the polynomial."""
ERROR5, ERROR3, POLYNOMIAL = 16, 17, 18
"""Rows of the tableau: error estimates of order 5 and 3, then the polynomial's last four coefficients."""


def _tableau() -> Any:
    """(22, STAGES): row i < 16 holds the weights of stage i (12: the end of the step), then see above."""
    table = np.zeros((22, STAGES))
    table[:12, :12] = DOP853.A
    table[12, :12] = DOP853.B
    table[13:16] = DOP853.A_EXTRA
    table[ERROR5, :13] = DOP853.E5
    table[ERROR3, :13] = DOP853.E3
    table[POLYNOMIAL:] = DOP853.D
    return table


TABLEAU = _tableau()


def _sum(k: Rows, row: Any, rows: Any, which: int) -> Any:
    """sum_j TABLEAU[which, j] k_j of one row; k holds the rows of stage 0, then of stage 1, and so on."""
    total = None
    for stage, weight in enumerate(TABLEAU[which]):
        if weight:
            place = k.builder.add(row, k.builder.mul(rows, ir.Constant(rows.type, stage)))
            part = k.load(place)
            total = part * float(weight) if total is None else part.times_plus(float(weight), total)
    return total


def _check(which: Any, *arrays: Any) -> None:
    if not isinstance(which, types.IntegerLiteral) or any(a.layout != "C" for a in arrays):
        raise NumbaTypeError("a sum of stages needs C-contiguous arrays and its row as a constant")


@emitted
def weigh(typing: Any, k: Any, row: Any, rows: Any, which: Any) -> Any:
    """`weigh(k, row, rows, which)`: one row of the sum of the derivatives with the tableau's weights."""
    _check(which, k)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _sum(
            Rows(context, builder, sig.args[0], args[0], 8), args[1], args[2], which.literal_value
        ).value

    return Lanes(types.float64, 8)(k, types.intp, types.intp, which), emit


@emitted
def weigh_on(typing: Any, y: Any, k: Any, h: Any, out: Any, rows: Any, which: Any) -> Any:
    """`weigh_on(y, k, h, out, rows, which)`: y + h times the sum, all rows, into out; h has one row."""
    _check(which, y, k, h, out)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        start, slopes, step, end = (
            Rows(context, builder, kind, value, 8) for kind, value in zip(sig.args[:4], args[:4], strict=True)
        )
        size = step.load(ir.Constant(args[4].type, 0))
        with cgutils.for_range(builder, args[4]) as loop:
            total = _sum(slopes, loop.index, args[4], which.literal_value)
            end.store(loop.index, size.times_plus(total, start.load(loop.index)))
        return context.get_dummy_value()

    return types.void(y, k, h, out, types.intp, which), emit
