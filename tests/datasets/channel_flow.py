"""A toy system of two dimensions with walls, in- and outflow: geometry, a profile and numbers as queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from understudy.datasets.generate import GenerateSettings
from understudy.solvers.contract import Axis, Field, Queries, Solution, Solver, System


@dataclass(frozen=True)
class ChannelFlow(System):
    """u = reynolds inlet(y) (1 - solid(x, y)) (1 + pulse t), p = (2 - x) (1 + pulse t); steady without pulse.

    The drag is reynolds times the share of solid, the flux is the mean of u.
    """

    name: ClassVar[str] = "channel_flow"
    title: ClassVar[str] = "Channel flow"

    pulse: float = 0.0

    @property
    def axes(self) -> tuple[Axis, ...]:
        return (
            Axis("x", (0.0, 0.5, 1.0, 1.5, 2.0), "m", ends=("inflow", "outflow")),
            Axis("y", (0.0, 0.5, 1.0), ends=("wall", "open")),
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        return (
            Field("u", "m/s"),
            Field("p", "Pa", axes=("x",)),
            Field("flux", "m/s", axes=()),
            Field("drag", "N", axes=(), varies_in_time=False),
        )

    @property
    def query_fields(self) -> tuple[Field, ...]:
        return (Field("solid"), Field("inlet", "m/s", axes=("y",)), Field("reynolds", axes=()))

    @property
    def characteristic_time(self) -> float:
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        return {
            "solid": np.stack([g.random(self.grid) < 0.3 for g in generators]).astype(float),
            "inlet": np.stack([1 + g.random(len(self.axes[1])) for g in generators]),
            "reynolds": np.array([g.uniform(1, 40) for g in generators]),
        }

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """The drag that is too much or too little for the shape."""
        due = queries["reynolds"] * queries["solid"].mean(axis=(1, 2))
        return {"drag balance": np.asarray(values["drag"]) - due[:, None]}

    def residual(
        self, values: Mapping[str, torch.Tensor], queries: Mapping[str, torch.Tensor], *, interval: float
    ) -> dict[str, torch.Tensor]:
        """The two equations of the flow, and what must hold in the solid."""
        u, open_share = values["u"], 1 - queries["solid"][:, None]
        growth = 1 + self.pulse * interval * torch.arange(u.shape[1], dtype=u.dtype)
        free = queries["reynolds"][:, None, None, None] * queries["inlet"][:, None, None]
        x = torch.tensor(self.axes[0].values, dtype=u.dtype)
        return {
            "momentum": open_share * (u - free * growth[:, None, None]),
            "pressure": values["p"] - (2 - x) * growth[:, None],
            "no slip": queries["solid"][:, None] * u,
        }


@dataclass(frozen=True)
class Flow(Solver):
    """The exact solution."""

    system: ChannelFlow

    @property
    def label(self) -> str:
        return "flow"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        samples = self.system.check_queries(queries)
        growth = 1 + self.system.pulse * np.asarray(times)
        steady = queries["reynolds"][:, None, None] * queries["inlet"][:, None] * (1 - queries["solid"])
        u = steady[:, None] * growth[:, None, None]
        p = np.broadcast_to((2 - np.array(self.system.axes[0].values)) * growth[:, None], (*u.shape[:2], 5))
        drag = queries["reynolds"] * queries["solid"].mean(axis=(1, 2))
        return Solution(
            times=times,
            values={
                "u": u,
                "p": p,
                "flux": u.mean(axis=(2, 3)),
                "drag": np.repeat(drag[:, None], len(times), axis=1),
            },
            status=np.zeros(samples, np.int8),
            seconds=np.zeros(samples),
            error_estimate=np.full(samples, np.nan),
        )


STEADY = GenerateSettings(
    train_trajectories=5,
    valid_trajectories=2,
    test_trajectories=3,
    train_frames=1,
    valid_frames=1,
    test_frames=1,
    interval=1.0,
    seed=4,
    trajectories_per_shard=2,
)
