"""Toy systems of no, one short, two and three dimensions: every field is its start times (1 + t)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from understudy.solvers.contract import PERIODIC, Axis, Field, Queries, Solution, Solver, System

NOTHING: Queries = MappingProxyType({})


@dataclass(frozen=True)
class Growing(System):
    """What the systems below have in common."""

    title: ClassVar[str] = "Growing fields"

    @property
    def query_fields(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.rank == 0)

    @property
    def characteristic_time(self) -> float:
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        drawn = [[g.standard_normal(self.grid) for _ in self.query_fields] for g in generators]
        return {f.name: np.stack([d[i] for d in drawn]) for i, f in enumerate(self.query_fields)}

    def invariants(self, values: Mapping[str, Any], queries: Queries = NOTHING) -> dict[str, Any]:
        return {}

    def residual(
        self, values: Mapping[str, torch.Tensor], queries: Mapping[str, torch.Tensor], *, interval: float
    ) -> dict[str, torch.Tensor]:
        return {}


@dataclass(frozen=True)
class Swing(Growing):
    """No dimension at all."""

    name: ClassVar[str] = "swing"

    @property
    def axes(self) -> tuple[Axis, ...]:
        return ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("angle", "rad"),)


@dataclass(frozen=True)
class Bodies(Growing):
    """Three bodies on an axis of their own."""

    name: ClassVar[str] = "bodies"

    @property
    def axes(self) -> tuple[Axis, ...]:
        return (Axis("body", (1.0, 2.0, 3.0)),)

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("east", "m"), Field("north", "m"))


@dataclass(frozen=True)
class Box(Growing):
    """Two or three dimensions, the first closed, with a scalar, a vector and a tensor."""

    name: ClassVar[str] = "box"
    dimensions: int = 2

    @property
    def axes(self) -> tuple[Axis, ...]:
        x, y, z = (0.0, 1.0, 2.0), (0.0, 0.5, 1.0, 1.5), (0.0, 1.0)
        return (Axis("x", x, ends=PERIODIC), Axis("y", y, "m"), Axis("z", z))[: self.dimensions]

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("heat"), Field("flux", rank=1), Field("stress", rank=2))


@dataclass(frozen=True)
class Grow(Solver):
    """The exact solution. Component i of a vector is (i + 1) times the first scalar, and so on."""

    @property
    def label(self) -> str:
        return "grow"

    def __call__(self, queries: Queries, times: np.ndarray) -> Solution:
        values, samples = {}, 0
        first = self.system.query_fields[0].name
        for field in self.system.fields:
            start = queries[field.name if field.rank == 0 else first]
            grown = np.multiply.outer(1 + times, start).swapaxes(0, 1)
            for _ in range(field.rank):
                grown = np.multiply.outer(grown, 1.0 + np.arange(len(self.system.grid)))
            values[field.name], samples = grown, len(start)
        return Solution(
            times=times,
            values=values,
            status=np.zeros(samples, np.int8),
            seconds=np.zeros(samples),
            error_estimate=np.full(samples, np.nan),
        )
