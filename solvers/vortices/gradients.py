"""What the velocity's gradient says about turning and stretching: the Q criterion and Okubo-Weiss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["okubo_weiss", "q_criterion", "velocity_gradient"]

Array = NDArray[np.float64]
Gradient = tuple[Array, Array, Array, Array]
"""u by x, u by y, v by x, v by y."""


def velocity_gradient(u: Array, v: Array, *, spacing: float) -> Gradient:
    """By central differences, one-sided at the edges; rows are y, columns x.

    Of first order there: the second one would nearly double the noise, and its peaks pass for vortices.
    """
    (u_y, u_x), (v_y, v_x) = (np.gradient(w, spacing, axis=(-2, -1)) for w in (u, v))
    return np.asarray(u_x), np.asarray(u_y), np.asarray(v_x), np.asarray(v_y)


def q_criterion(gradient: Gradient) -> Array:
    """Half of what the squares of the rotation's rates exceed those of the strain's: positive in a vortex.

    Hunt, Wray & Moin, Center for Turbulence Research Report CTR-S88 (1988), 193.
    """
    u_x, u_y, v_x, v_y = gradient
    rotation = (v_x - u_y) ** 2 / 2
    strain = u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2
    return np.asarray((rotation - strain) / 2)


def okubo_weiss(gradient: Gradient) -> Array:
    """The square of the strain's rate less that of the vorticity: negative in a vortex. Of a flow without
    divergence it is -4 times Q.

    Okubo, Deep-Sea Research 17 (1970), doi:10.1016/0011-7471(70)90059-8; Weiss, Physica D 48 (1991),
    doi:10.1016/0167-2789(91)90088-Q.
    """
    u_x, u_y, v_x, v_y = gradient
    return np.asarray((u_x - v_y) ** 2 + (v_x + u_y) ** 2 - (v_x - u_y) ** 2)
