"""Steady flow through rough pipes: how much friction there is, from laminar to fully rough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract import Axis, Field, Queries, SolverError, System
from .colebrook import residual_of

__all__ = ["MATERIALS", "Material", "PipeFlow"]

Array = NDArray[np.float64]


class Material(NamedTuple):
    """What a wall is made of.

    Attributes:
        name: in words.
        roughness: the height, in metres, of the sand grains that would make as much friction.
    """

    name: str
    roughness: float


MATERIALS = (
    Material("asphalted cast iron", 1.2e-4),
    Material("cast iron", 2.6e-4),
    Material("commercial steel", 4.6e-5),
    Material("concrete", 1.0e-3),
    Material("drawn tubing", 1.5e-6),
    Material("galvanised iron", 1.5e-4),
    Material("riveted steel", 3.0e-3),
    Material("wood stave", 5.0e-4),
)
"""Those of Moody's chart (1944), doi:10.1115/1.4018140, by the alphabet: a code is a place in this list, and
its size means nothing. Where the chart gives a range (concrete, riveted steel, wood), one value within it."""
LISTED = ", ".join(f"{code} ({material.name})" for code, material in enumerate(MATERIALS))
ROUGHNESS = np.array([material.roughness for material in MATERIALS])
ROUGHEST = 0.1
"""Parts of the diameter beyond which walls are no longer rough but obstacles; the chart ends at 0.05."""


@dataclass(frozen=True)
class PipeFlow(System):
    """Darcy's friction factor of the fully developed flow in a round pipe: the pressure that is lost over one
    diameter's length, in units of the dynamic pressure.

    Up to a Reynolds number of 2,300 the flow is laminar: f = 64 / Re, whatever the wall is made of. From
    4,000 on it is turbulent, and f obeys Colebrook's equation,

        1 / sqrt f = -2 log10(roughness / (3.7 diameter) + 2.51 / (Re sqrt f)).

    In the critical zone between them, where turbulence comes in puffs and goes again, no law is known and
    measurements scatter. Here f is the straight line in Re from the one's end to the other's beginning, as
    Gnielinski has it for the transfer of heat: continuous, with a bend at either end, and steep. On smooth
    walls f rises by two fifths, on the roughest it becomes nearly three times as large.

    A query is (samples,) `reynolds`, `diameter` in metres and `material`, a code out of `MATERIALS`; there is
    no axis. It is steady: the answer is the same at all times.

    Attributes:
        least_reynolds, most_reynolds: between which Reynolds numbers are drawn, evenly in their logarithm.
        least_diameter, most_diameter: in metres, likewise.

    Raises `SolverError` for parameters that make no sense.

    Reference: Colebrook, J. Inst. Civil Engineers 11 (1939), doi:10.1680/ijoti.1939.13150; Gnielinski, Int.
    J. Heat Mass Transfer 63 (2013), doi:10.1016/j.ijheatmasstransfer.2013.04.015.

    >>> PipeFlow().relative_roughness({"material": np.array([4.0]), "diameter": np.array([0.15])})
    array([1.e-05])
    """

    name: ClassVar[str] = "pipe_flow"
    title: ClassVar[str] = "Pipe flow"

    _: KW_ONLY
    least_reynolds: float = 500.0
    most_reynolds: float = 1e8
    least_diameter: float = 0.06
    most_diameter: float = 2.0

    def __post_init__(self) -> None:
        for name in ("reynolds", "diameter"):
            least, most = getattr(self, f"least_{name}"), getattr(self, f"most_{name}")
            if not 0 < least <= most < math.inf:
                raise SolverError(
                    f"least_{name} must be positive and no larger than most_{name}, got {least} and {most}"
                )
        if ROUGHNESS.max() > ROUGHEST * self.least_diameter:
            raise SolverError(
                f"least_diameter must be at least {ROUGHNESS.max() / ROUGHEST:g} m, so that no wall is "
                f"rougher than {ROUGHEST:.0%} of a diameter; got {self.least_diameter}"
            )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """None: a pipe is a few numbers."""
        return ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """Darcy's friction factor, four times Fanning's."""
        return (Field("friction", meaning="Darcy's friction factor", axes=()),)

    @property
    def query_fields(self) -> tuple[Field, ...]:
        """Reynolds number, diameter, and a code for the material."""
        return (
            Field("reynolds", varies_in_time=False, meaning="Reynolds number", axes=()),
            Field("diameter", "m", varies_in_time=False, meaning="inner diameter", axes=()),
            Field("material", varies_in_time=False, meaning=f"of the wall: {LISTED}", axes=()),
        )

    @property
    def characteristic_time(self) -> float:
        """The unit of a time that plays no part."""
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """Reynolds numbers and diameters evenly in their logarithm, materials evenly, for each generator."""
        drawn = np.empty((len(generators), 3))
        for i, generator in enumerate(generators):
            drawn[i, :2] = generator.random(2)
            drawn[i, 2] = generator.integers(len(MATERIALS))
        return {
            "reynolds": _between(self.least_reynolds, self.most_reynolds, drawn[:, 0]),
            "diameter": _between(self.least_diameter, self.most_diameter, drawn[:, 1]),
            "material": drawn[:, 2].copy(),
        }

    def check_queries(self, queries: Queries) -> int:
        """See `System`; Reynolds numbers and diameters must be positive, codes whole and known, and walls no
        rougher than a tenth of the diameter.
        """
        samples = super().check_queries(queries)
        for name in ("reynolds", "diameter"):
            _refuse(np.asarray(queries[name]) > 0, name, "must be positive", queries)
        material = np.asarray(queries["material"])
        known = (material == np.floor(material)) & (material >= 0) & (material < len(MATERIALS))
        _refuse(known, "material", f"must be one of the codes {LISTED}", queries)
        wide = self.relative_roughness(queries) <= ROUGHEST
        _refuse(wide, "diameter", f"must be at least {1 / ROUGHEST:g} times the wall's roughness", queries)
        return samples

    def relative_roughness(self, queries: Queries) -> Array:
        """(samples,) the wall's roughness in parts of the diameter, of queries that are checked."""
        codes = np.asarray(queries["material"]).astype(np.intp)
        return np.asarray(ROUGHNESS[codes] / np.asarray(queries["diameter"], dtype=np.float64))

    def groups(self, queries: Queries) -> dict[str, Array]:
        """`relative_roughness`: with `reynolds` all that f depends on."""
        self.check_queries(queries)
        return {"relative_roughness": self.relative_roughness(queries)}

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
        """`friction` (samples, times), zero for the law of each regime; steady: the interval plays no part.

        Laminar: f Re / 64 - 1. Turbulent: Colebrook's equation times sqrt f. In the critical zone f over what
        is between its ends, less 1.

        Raises `SolverError` for arrays of other shapes.
        """
        friction, reynolds = values["friction"], queries["reynolds"]
        if friction.ndim != 2 or reynolds.shape != friction.shape[:1]:
            raise SolverError(
                f"friction must be (samples, times) and reynolds (samples), got {tuple(friction.shape)} and "
                f"{tuple(reynolds.shape)}"
            )
        roughness = torch.from_numpy(ROUGHNESS).to(friction)[queries["material"].long()]
        relative = roughness / queries["diameter"].to(friction)
        return {"friction": residual_of(friction, reynolds.to(friction)[:, None], relative[:, None])}


def _between(least: float, most: float, share: Array) -> Array:
    """Evenly in the logarithm, and never beyond an end by rounding."""
    return np.asarray(np.clip(least * (most / least) ** share, least, most))


def _refuse(good: NDArray[np.bool_], name: str, must: str, queries: Queries) -> None:
    """`SolverError` that names the first samples that are not good."""
    if good.all():
        return
    wrong = np.flatnonzero(~good)
    raise SolverError(
        f"{name!r} {must}; it is {np.asarray(queries[name])[wrong[0]]:g} in sample {wrong[0]}"
        f"{f', and {len(wrong) - 1} more are wrong' if len(wrong) > 1 else ''}"
    )
