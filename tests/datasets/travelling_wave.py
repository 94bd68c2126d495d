"""A toy system with an exact solution: damped waves that travel round a ring. No numerics, no compiling."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from understudy.datasets.generate import GenerateSettings
from understudy.datasets.plan import SPLITS
from understudy.solvers.contract import (
    PERIODIC,
    Axis,
    Field,
    Queries,
    Solution,
    Solver,
    Status,
    System,
    check_times,
)


@dataclass(frozen=True)
class TravellingWave(System):
    """u(x, t) = exp(-damping t) f(x - speed t) on a ring; `medium` is a constant field for the ride."""

    name: ClassVar[str] = "travelling_wave"
    title: ClassVar[str] = "Travelling wave"
    time_unit: ClassVar[str] = "s"

    length: float = 2.0
    points: int = 16
    speed: float = 0.3
    damping: float = 0.05
    label: str = "toy"

    @property
    def axes(self) -> tuple[Axis, ...]:
        return (
            Axis("x", tuple(self.length / self.points * i for i in range(self.points)), "m", ends=PERIODIC),
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("u", "m/s", meaning="velocity"), Field("flow", "1", rank=1))

    @property
    def query_fields(self) -> tuple[Field, ...]:
        return (Field("u", "m/s"), Field("medium", "kg"))

    @property
    def characteristic_time(self) -> float:
        return 1.0

    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        u = np.stack([g.standard_normal(self.points) for g in generators])
        sawtooth = (-1.0) ** np.arange(self.points)  # cannot travel on this grid
        return {
            "u": u - (u * sawtooth).mean(axis=1, keepdims=True) * sawtooth,
            "medium": np.stack([1 + g.random(self.points) for g in generators]),
        }

    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        return {}

    def residual(
        self, values: Mapping[str, torch.Tensor], queries: Mapping[str, torch.Tensor], *, interval: float
    ) -> dict[str, torch.Tensor]:
        return {}


@dataclass(frozen=True)
class Exact(Solver):
    """The exact solution by Fourier shift. `patience` is seconds to wait per batch, for tests of killing.

    Samples whose u exceeds `breaks_above` anywhere at the start are reported as diverged half-way.
    """

    system: TravellingWave
    patience: float = 0.0
    breaks_above: float = np.inf

    @property
    def label(self) -> str:
        return "exact"

    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution:
        times = check_times(times)
        samples = self.system.check_queries(queries)
        begin = time.perf_counter()
        time.sleep(self.patience)
        u0 = np.asarray(queries["u"], dtype=np.float64)
        waves = 2 * np.pi / self.system.length * np.arange(self.system.points // 2 + 1)
        u = np.empty((samples, len(times), self.system.points))
        for i, row in enumerate(u0):  # one at a time, so that a batch gives the same bits
            for j, t in enumerate(times):
                shift = np.exp(-1j * waves * self.system.speed * t - self.system.damping * t)
                u[i, j] = np.fft.irfft(np.fft.rfft(row) * shift, n=self.system.points)
        broken = u0.max(axis=1) > self.breaks_above
        u[broken, 1 + len(times) // 2 :] = np.nan
        measures = {"steps": 10.0 * len(times) + np.arange(samples), "highest": u0.max(axis=1)}
        return Solution(
            times=times,
            values={"u": u, "flow": 2 * u[..., None]},
            status=np.where(broken, Status.DIVERGED, Status.SOLVED).astype(np.int8),
            seconds=np.full(samples, (time.perf_counter() - begin) / samples),
            error_estimate=np.full(samples, 1e-15),
            notes=(f"{broken.sum()} samples broke",) if broken.any() else (),
            measures=measures,
        )


SMALL = GenerateSettings(
    train_trajectories=5,
    valid_trajectories=2,
    test_trajectories=3,
    train_frames=40,
    valid_frames=40,
    test_frames=60,
    interval=0.1,
    transient=1.0,
    seed=120,
    trajectories_per_shard=2,
)


def reproducible_bytes(folder: Path) -> dict[str, bytes]:
    """All that two runs must have in common: everything but the records of cost."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def drawn(split: str, sample: int, *, seed: int = SMALL.seed) -> dict[str, np.ndarray]:
    """The query of one sample, by the rule that the documentation gives."""
    seeds = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), sample))
    return dict(TravellingWave().draw([np.random.default_rng(seeds)]))


class Unwilling(Exact):
    """Passes for `Exact` but must not be asked."""

    @property
    def settings(self) -> dict[str, object]:
        return {**super().settings, "solver": "Exact"}

    def __call__(self, *_: object) -> Solution:
        raise AssertionError("the solver was asked although nothing was missing")
