"""Weights of exponential schemes, as the compiled integrators take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .builds import Build
from .exponential import Multistep, RungeKutta

__all__ = ["MultistepTables", "RungeKuttaTables"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class RungeKuttaTables:
    """Weights of a four-stage exponential scheme, all (modes,) for wavenumbers 0 to points/2.

    Attributes:
        weights: name -> real weight: half, full, a21, a31, a32, a41, a43, b1, b2, b4 (`exponential_steps`).
        factor: what the transform of u^2 is multiplied by to give the nonlinear term: imaginary, such as
            -ik/2 (which is fastest), zero at both ends; or any other; zero also where it is to be cut off.
        forcing: a constant part of the nonlinear term, in the scaling of `numpy.fft.rfft(...) / points`; or
            None.
        cubed: whether it is u^3.
    """

    weights: dict[str, Array]
    factor: Array
    forcing: Array | None = None
    cubed: bool = False

    @classmethod
    def of(
        cls, scheme: RungeKutta, factor: Array, forcing: Array | None = None, *, cubed: bool = False
    ) -> RungeKuttaTables:
        """From the coefficients of `exponential.cox_matthews` or `krogstad`.

        Raises ValueError for a scheme of another form: two half steps and two whole ones, no weight of the
        second stage in the fourth, equal weights of the middle stages.
        """
        first, second, third = scheme.propagators
        (a21,), (a31, a32), (a41, a42, a43) = scheme.stages
        b1, b2, b3, b4 = scheme.weights
        zero = np.zeros_like(scheme.propagator)
        if not (
            np.array_equal(first, second)
            and np.array_equal(third, scheme.propagator)
            and np.array_equal(b2, b3)
            and (a42 is None or not np.any(a42))
        ):
            raise ValueError(
                "the compiled kernel takes schemes of the form of Cox & Matthews or Krogstad; "
                "use the plain engine for others"
            )
        named = {"half": first, "full": third, "a21": a21, "a31": a31, "a32": a32, "a41": a41, "a43": a43}
        named |= {"b1": b1, "b2": b2, "b4": b4}
        return cls({k: zero if v is None else v for k, v in named.items()}, factor, forcing, cubed)

    def build(self) -> tuple[Build, dict[str, Array]]:
        """What to compile (but for its size), and the tables by name."""
        w = self.weights
        tables: dict[str, Array] = {"half": w["half"], "full": w["full"]}
        tables |= {k: v * self.factor for k, v in w.items() if k not in tables}
        if self.forcing is not None:
            tables["+second"] = w["a21"] * self.forcing
            tables["+third"] = (w["a31"] + w["a32"]) * self.forcing
            tables["+fourth"] = (w["a41"] + w["a43"]) * self.forcing
            tables["+total"] = (w["b1"] + 2 * w["b2"] + w["b4"]) * self.forcing
        mixing = bool(np.any(np.real(self.factor)))
        return Build(0, mixing=mixing, forced=self.forcing is not None, cubed=self.cubed), tables


@dataclass(frozen=True, eq=False)
class MultistepTables:
    """Weights of v_{n+1} = sum_i linear_i v_{n-i} + sum_j nonlinear_j S_{n-j} + constant; S transforms u^2.

    v and S are in the scaling of `numpy.fft.rfft(...) / points`, for wavenumbers 0 to points/2.

    Attributes:
        linear: (linear terms, modes), real or complex.
        nonlinear: (nonlinear terms, modes), complex, the factor of the nonlinear term included.
        constant: (modes,) or None.
        compensated: carry what round-off cuts from each step to the next, which makes long runs some hundred
            times more accurate; the one linear weight must then be given less one.
        cubed: whether S transforms u^3.
    """

    linear: Array
    nonlinear: Array
    constant: Array | None = None
    compensated: bool = False
    cubed: bool = False

    def __post_init__(self) -> None:
        if self.compensated and len(self.linear) != 1:
            raise ValueError(f"compensation takes one linear weight, got {len(self.linear)}")

    @classmethod
    def of(
        cls,
        scheme: Multistep,
        factor: Array,
        forcing: Array | None = None,
        *,
        compensated: bool = False,
        cubed: bool = False,
    ) -> MultistepTables:
        """From the coefficients of `exponential.adams_bashforth` and its like, and as `RungeKuttaTables`."""
        constant = None if forcing is None else scheme.weights.sum(axis=0) * forcing
        linear = scheme.increment if compensated else scheme.propagator
        return cls(linear[None], scheme.weights * factor, constant, compensated, cubed)

    @property
    def history(self) -> int:
        """Frames that a run starts from."""
        return max(len(self.linear), len(self.nonlinear))

    def build(self) -> tuple[Build, dict[str, Array]]:
        """What to compile (but for its size), and the tables by name."""
        tables = {f"linear{i}": w for i, w in enumerate(self.linear)}
        tables |= {f"nonlinear{j}": w for j, w in enumerate(self.nonlinear)}
        if self.constant is not None:
            tables["+constant"] = self.constant
        pure = not np.any(np.imag(self.linear)) and not np.any(np.real(self.nonlinear))
        build = Build(
            0,
            linear=len(self.linear),
            nonlinear=len(self.nonlinear),
            mixing=not pure,
            forced=self.constant is not None,
            cubed=self.cubed,
            compensated=self.compensated,
        )
        return build, tables
