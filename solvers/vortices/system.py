"""Vortices in a flow that was measured: what is seen is noisy, and the question is what turns where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Axis, Field, Queries, SolverError, System
from .lamb_oseen import background, velocity
from .table import SLOTTED

__all__ = ["Vortices"]

Array = NDArray[np.float64]
TRIES = 200
"""Places that are tried for one vortex before the drawing begins anew."""
TURN = 2 * math.pi
UNITS = {"present": "1", "centre_x": "L", "centre_y": "L", "circulation": "U L", "radius": "L"}


@dataclass(frozen=True)
class Vortices(System):
    """A few Lamb-Oseen vortices in a flow that is linear in the place, on the cells of a unit square.

    A query is what is seen: `u` and `v`, with noise, that of a particle image velocimetry without outliers.
    Drawn with it, for the truth and never for who seeks, are the vortices (`drawn_present` and so on) and the
    `noise`; who brings a field of one's own leaves these out. The answer is a table with a few slots,
    `present` (how sure: at least one half where a vortex is said to be), place, circulation and core radius,
    and `mask`: the cells in a core. There is no time: the answer is the same at all times.

    Attributes:
        points: cells along x and y.
        slots: of the table.
        fewest, most: vortices, as many of each number.
        least_circulation, most_circulation: of either sign, evenly.
        least_radius, most_radius: of cores, evenly; they lie wholly in the square.
        apart: middles are at least so many times the sum of their radii from each other.
        speed, rate: largest uniform velocity, and largest rates of shear and strain, evenly up to them.
        least_noise, most_noise: standard deviation of each velocity, evenly.

    Raises `SolverError` for parameters that make no sense, and where vortices do not fit.
    """

    name: ClassVar[str] = "vortices"
    title: ClassVar[str] = "Vortices"

    _: KW_ONLY
    points: int = 64
    slots: int = 8
    fewest: int = 1
    most: int = 6
    least_circulation: float = 0.5
    most_circulation: float = 1.5
    least_radius: float = 0.03
    most_radius: float = 0.08
    apart: float = 1.25
    speed: float = 1.0
    rate: float = 5.0
    least_noise: float = 0.0
    most_noise: float = 0.5

    def __post_init__(self) -> None:
        if self.points < 8:
            raise SolverError(f"points must be at least 8, got {self.points}")
        if not 0 <= self.fewest <= self.most <= self.slots or self.slots < 1:
            raise SolverError(
                "fewest and most must lie between 0 and the slots, of which there is at least 1, got "
                f"{self.fewest}, {self.most} and {self.slots}"
            )
        for name in ("circulation", "radius", "noise"):
            least, most = getattr(self, f"least_{name}"), getattr(self, f"most_{name}")
            if not (least > 0 or name == "noise") or not 0 <= least <= most < math.inf:
                raise SolverError(
                    f"least_{name} must be positive and no larger than most_{name}, got {least} and {most}"
                )
        if self.most_radius > 0.25:
            raise SolverError(f"most_radius must be at most a quarter of the side, got {self.most_radius}")
        for name in ("apart", "speed", "rate"):
            if not 0 <= getattr(self, name) < math.inf:
                raise SolverError(f"{name} must be at least 0, got {getattr(self, name)}")

    @property
    def spacing(self) -> float:
        """Of the cells."""
        return 1 / self.points

    @property
    def middles(self) -> Array:
        """(points,) of the cells, along either axis."""
        return np.asarray((np.arange(self.points) + 0.5) / self.points)

    # what is asked for with every query is put together once

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The cells' middles, and the slots of the table."""
        middles = tuple(self.middles.tolist())
        slots = tuple(float(slot) for slot in range(self.slots))
        return Axis("y", middles, "L"), Axis("x", middles, "L"), Axis("vortex", slots)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The table, and the cells in a core."""
        return (
            *(Field(name, UNITS[name], meaning=MEANINGS[name], axes=("vortex",)) for name in SLOTTED),
            Field("mask", meaning="1 in a core, else 0", axes=("y", "x")),
        )

    @cached_property
    def query_fields(self) -> tuple[Field, ...]:
        """What is seen; then what was drawn, which only the truth may read."""
        return (
            *(
                Field(n, "U", varies_in_time=False, meaning=f"{m}, as seen", axes=("y", "x"))
                for n, m in SEEN.items()
            ),
            *(
                Field(
                    f"drawn_{n}",
                    UNITS[n],
                    varies_in_time=False,
                    meaning=f"{MEANINGS[n]}, as drawn",
                    axes=("vortex",),
                )
                for n in SLOTTED
            ),
            Field("noise", "U", varies_in_time=False, meaning="standard deviation in what is seen", axes=()),
        )

    @property
    def characteristic_time(self) -> float:
        """The unit of a time that plays no part."""
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Vortices, a background and noise for each generator, and what is then seen."""
        x, y = np.meshgrid(self.middles, self.middles)
        basis = background(x.ravel(), y.ravel())
        seen = np.empty((len(generators), 2, self.points, self.points))
        slots, noise = np.zeros((len(generators), self.slots, len(SLOTTED))), np.empty(len(generators))
        for i, generator in enumerate(generators):
            vortices = self._vortices(generator)
            angle, size = generator.uniform(0, TURN), self.speed * generator.uniform()
            a, b, c = generator.uniform(-self.rate, self.rate, 3)
            linear = basis @ np.array([size * np.cos(angle), a, b, size * np.sin(angle), c, -a])
            noise[i] = generator.uniform(self.least_noise, self.most_noise)
            seen[i] = velocity(vortices, x, y)
            seen[i] += linear.reshape(seen[i].shape) + noise[i] * generator.standard_normal(seen[i].shape)
            slots[i, : len(vortices)] = np.insert(vortices, 0, 1.0, axis=1)
        drawn = {f"drawn_{name}": slots[..., k].copy() for k, name in enumerate(SLOTTED)}
        return {"u": seen[:, 0].copy(), "v": seen[:, 1].copy(), **drawn, "noise": noise}

    def check_queries(self, queries: Queries) -> int:
        """See `System`; what was drawn may be missing, for it is the truth that is sought."""
        return self.check_fields(
            queries, [f for f in self.query_fields if f.name in SEEN or f.name in queries]
        )

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, Array]:
        """None."""
        return {}

    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float = 1.0,
    ) -> dict[str, torch.Tensor]:
        """`u` and `v` (samples, times, y, x): what is seen beyond the answer's vortices, each as far as it is
        present, and the flow, linear in the place, that fits the rest best. Of the truth only noise is left.
        """
        present = values["present"]
        middles = torch.from_numpy(self.middles).to(present)
        across = middles - values["centre_x"][..., None, None]
        along = middles[:, None] - values["centre_y"][..., None, None]
        radius = values["radius"][..., None, None].clamp(min=1e-6)
        share = ((across.square() + along.square()) / radius.square()).clamp(min=1e-12)
        turning = (present * values["circulation"])[..., None, None] / (TURN * radius.square())
        turning = turning * -torch.expm1(-share) / share
        found = {"u": -(along * turning).sum(dim=2), "v": (across * turning).sum(dim=2)}
        centred = middles - 0.5
        plane = (
            torch.ones(self.points, self.points).to(present),
            *torch.meshgrid(centred, centred, indexing="ij"),
        )
        basis = torch.stack([part.flatten() / part.norm() for part in plane])  # orthogonal on this grid
        left = {}
        for name, own in found.items():
            rest = (queries[name].to(present)[:, None] - own).flatten(2)
            left[name] = (rest - (rest @ basis.T) @ basis).unflatten(2, (self.points, self.points))
        return left

    def _vortices(self, generator: np.random.Generator) -> Array:
        """(vortices, 4), none nearer to another or to the edge than may be."""
        count = int(generator.integers(self.fewest, self.most + 1))
        for _ in range(TRIES):
            radius = generator.uniform(self.least_radius, self.most_radius, count)
            circulation = generator.uniform(self.least_circulation, self.most_circulation, count)
            circulation *= generator.choice((-1.0, 1.0), count)
            places: list[Array] = []
            for k in range(count):
                for _ in range(TRIES):
                    place = generator.uniform(radius[k], 1 - radius[k], 2)
                    if all(
                        np.hypot(*(place - other)) >= self.apart * (radius[k] + radius[i])
                        for i, other in enumerate(places)
                    ):
                        places.append(place)
                        break
                else:
                    break
            if len(places) == count:
                return np.column_stack([np.reshape(places, (count, 2)), circulation, radius])
        raise SolverError(
            f"{count} vortices of these sizes do not fit into the square {self.apart:g} times the sum of "
            "their radii apart; draw fewer or smaller ones, or let them be nearer"
        )


SEEN = {"u": "velocity along x", "v": "velocity along y"}
MEANINGS = {
    "present": "how sure it is that the slot holds a vortex; one half and more says that it does",
    "centre_x": "middle of the vortex, along x",
    "centre_y": "middle of the vortex, along y",
    "circulation": "far from the vortex; positive where it turns from x to y",
    "radius": "of the core, within which 1 - 1 / e of the circulation lies",
}
