"""What the velocity's gradient says about turning and stretching: the Q criterion and Okubo-Weiss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..methods.compiled import compiled

__all__ = ["okubo_weiss", "q_criterion", "turning_of", "velocity_gradient"]

Array = NDArray[np.float64]
Gradient = tuple[Array, Array, Array, Array]
"""u by x, u by y, v by x, v by y."""


def velocity_gradient(u: Array, v: Array, *, spacing: float) -> Gradient:
    """By central differences, one-sided at the edges; rows are y, columns x.

    Of first order there: the second one would nearly double the noise, and its peaks pass for vortices.
    """
    (u_y, u_x), (v_y, v_x) = (np.gradient(w, spacing, axis=(-2, -1)) for w in (u, v))
    return np.asarray(u_x), np.asarray(u_y), np.asarray(v_x), np.asarray(v_y)


@compiled(inline="always")
def q_criterion(gradient: Any) -> Any:
    """Half of what the squares of the rotation's rates exceed those of the strain's: positive in a vortex.

    Of a `Gradient`, or of its four numbers at one place.

    Hunt, Wray & Moin, Center for Turbulence Research Report CTR-S88 (1988), 193.
    """
    u_x, u_y, v_x, v_y = gradient
    rotation = (v_x - u_y) ** 2 / 2
    strain = u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2
    return (rotation - strain) / 2


@compiled(inline="always")
def okubo_weiss(gradient: Any) -> Any:
    """The square of the strain's rate less that of the vorticity: negative in a vortex. Of a flow without
    divergence it is -4 times Q.

    Of a `Gradient`, or of its four numbers at one place.

    Okubo, Deep-Sea Research 17 (1970), doi:10.1016/0011-7471(70)90059-8; Weiss, Physica D 48 (1991),
    doi:10.1016/0167-2789(91)90088-Q.
    """
    u_x, u_y, v_x, v_y = gradient
    return (u_x - v_y) ** 2 + (v_x + u_y) ** 2 - (v_x - u_y) ** 2


@compiled(fastmath={"contract"})
def turning_of(u: Array, v: Array, spacing: float, by_q: bool, out: Array) -> None:
    """Q, or Okubo-Weiss with its sign turned, of the same differences as `velocity_gradient`'s; both are
    positive in vortices. All arrays are (y, x).
    """
    rows, columns = u.shape
    last = columns - 1
    one, two = 1 / spacing, 0.5 / spacing
    for y in range(rows):
        low, high = max(y - 1, 0), min(y + 1, rows - 1)
        along = one if high - low == 1 else two
        below_u, above_u, below_v, above_v = u[low], u[high], v[low], v[high]
        here_u, here_v, line = u[y], v[y], out[y]
        if by_q:
            for x in range(1, last):
                line[x] = q_criterion(
                    (
                        two * (here_u[x + 1] - here_u[x - 1]),
                        along * (above_u[x] - below_u[x]),
                        two * (here_v[x + 1] - here_v[x - 1]),
                        along * (above_v[x] - below_v[x]),
                    )
                )
        else:
            for x in range(1, last):
                line[x] = -okubo_weiss(
                    (
                        two * (here_u[x + 1] - here_u[x - 1]),
                        along * (above_u[x] - below_u[x]),
                        two * (here_v[x + 1] - here_v[x - 1]),
                        along * (above_v[x] - below_v[x]),
                    )
                )
        for x in (0, last):
            before, after = max(x - 1, 0), min(x + 1, last)
            edge = (
                one * (here_u[after] - here_u[before]),
                along * (above_u[x] - below_u[x]),
                one * (here_v[after] - here_v[before]),
                along * (above_v[x] - below_v[x]),
            )
            line[x] = q_criterion(edge) if by_q else -okubo_weiss(edge)
