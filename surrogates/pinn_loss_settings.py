"""How the loss of a network of coordinates is made, and how it follows the network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from .surrogate import SurrogateError

__all__ = ["LossSettings"]


@dataclass(frozen=True)
class LossSettings:
    """The loss, and how it follows the network.

    Attributes:
        points: inside, where the equations are asked for.
        condition_points: of each condition.
        known_points: of known values, drawn from all at each refresh; None for all at once.
        resampling: of the points inside at each refresh: `residual` draws them from ten times as many, with a
            chance that grows with the residual (Wu et al., 2023), `even` spreads others evenly, `never` keeps
            the first.
        refresh: steps between two refreshes.
        hold: refreshes before numbers that are recovered leave their first guess (one comes early where the
            descent finds nothing lower). A network that knows neither data nor equation yet makes its loss
            small by a number with which there is little to obey.
        weighting: of the terms at each refresh: `fixed` keeps `weights`, `gradient_norm` makes their
            gradients equally long (Wang et al., 2021), `kernel` their neural tangent kernels' traces equal
            (Wang et al., 2022).
        weights: of terms by name, where not 1: `equations`, `data`, a condition's, `periodic x`; what the
            weighting finds is multiplied by them.
        causality: how strictly earlier times have to be solved first; 0 for not at all (Wang et al., 2024).
        slices: in time, for that.

    Raises `SurrogateError` for settings that make no sense.

    Wu, Zhu, Tan, Kartha & Lu, Comput. Methods Appl. Mech. Eng. 403 (2023), doi:10.1016/j.cma.2022.115671;
    Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43 (2021), doi:10.1137/20M1318043; Wang, Yu & Perdikaris,
    J. Comput. Phys. 449 (2022), doi:10.1016/j.jcp.2021.110768; Wang, Sankaran & Perdikaris, Comput. Methods
    Appl. Mech. Eng. 421 (2024), doi:10.1016/j.cma.2024.116813.
    """

    points: int = 2_048
    condition_points: int = 256
    known_points: int | None = 4_096
    resampling: Literal["residual", "even", "never"] = "residual"
    refresh: int = 200
    hold: int = 2
    weighting: Literal["fixed", "gradient_norm", "kernel"] = "fixed"
    weights: tuple[tuple[str, float], ...] = ()
    causality: float = 0.0
    slices: int = 16

    def __post_init__(self) -> None:
        least = min(self.points, self.condition_points, self.refresh, self.slices, self.known_points or 1)
        if least < 1 or self.known_points == 0 or self.hold < 0 or not 0 <= self.causality < math.inf:
            raise SurrogateError(
                "points, condition_points, refresh and slices must be positive, hold and causality at least "
                f"0, got {self.points}, {self.condition_points}, {self.refresh}, {self.slices}, {self.hold} "
                f"and {self.causality}"
            )
        for name, known in (
            ("resampling", ("residual", "even", "never")),
            ("weighting", ("fixed", "gradient_norm", "kernel")),
        ):
            if getattr(self, name) not in known:
                raise SurrogateError(f"{name} must be {', '.join(known)}, got {getattr(self, name)!r}")
        if any(not 0 < weight < math.inf for _, weight in self.weights):
            raise SurrogateError(f"weights must be positive and finite, got {dict(self.weights)}")
