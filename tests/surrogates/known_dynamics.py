"""Small known dynamics for the tests of surrogates: waves that travel, and a chaotic circle of numbers."""

from typing import Any

import numpy as np
from understudy.datasets.configurations import Configurations
from understudy.datasets.observations import Gappy, Instrument, Observations
from understudy.datasets.pairs import Pairs
from understudy.datasets.tasks import Trajectories
from understudy.solvers.contract import PERIODIC, Axis


class InMemory:
    """Trajectories (trajectories, frames, *grid) of one field, with the interface of a split on disk."""

    name = "train"

    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.frames = values.shape[1]
        self.grid = values.shape[2:]

    def __len__(self) -> int:
        return len(self.values)

    def shape_of(self, field: str) -> tuple[int, ...]:
        return self.grid

    def read(self, trajectory: int, start: int, stop: int, *, step: int = 1, field: str) -> np.ndarray:
        assert field == "u"
        return self.values[trajectory, start:stop:step]


class Asked:
    """What was asked and answered, (samples, *shape) by name, with the interface of a split on disk."""

    frames = 1

    def __init__(self, **values: np.ndarray) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(next(iter(self.values.values())))

    def shape_of(self, field: str) -> tuple[int, ...]:
        return self.values[field].shape[1:]

    def read(self, trajectory: int, start: int, stop: int, *, field: str) -> np.ndarray:
        return self.values[field][trajectory][None]


class Evolved:
    """Fields (samples, frames, *shape) and constants (samples, *shape), with the interface of a split."""

    def __init__(
        self, fields: dict[str, np.ndarray], constants: dict[str, np.ndarray], times: np.ndarray
    ) -> None:
        self.fields, self.constants, self.times = fields, constants, times
        self.frames, self.interval = len(times), float(times[1] - times[0])

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def shape_of(self, field: str) -> tuple[int, ...]:
        return self.fields[field].shape[2:] if field in self.fields else self.constants[field].shape[1:]

    def read(self, trajectory: int, start: int, stop: int, *, field: str) -> np.ndarray:
        if field in self.fields:
            return self.fields[field][trajectory, start:stop]
        return self.constants[field][trajectory][None]


def swings(samples: int, seed: int, *, frames: int = 33, horizon: float | None = None) -> Pairs:
    """Three masses on springs about their resting centre: the third follows from the two others.

    `x` and `v` swing with one frequency that grows with the first one's start; `mass` never varies.
    """
    generator = np.random.default_rng(seed)
    start = generator.uniform(-1, 1, (samples, 2))
    start = np.concatenate([start, -start.sum(axis=1, keepdims=True)], axis=1)
    times = np.linspace(0.0, 4.0, frames)
    pace = 1.5 + 0.3 * start[:, :1]
    phase = times[None, :, None] * pace[:, None]
    x, v = start[:, None] * np.cos(phase), -start[:, None] * pace[:, None] * np.sin(phase)
    source: Any = Evolved({"x": x, "v": v}, {"mass": np.ones((samples, 3))}, times)
    return Pairs(source, inputs=("x", "v", "mass"), outputs=("x", "v"), timed=True, horizon=horizon)


def obstacles(samples: int, seed: int) -> Pairs:
    """A field and a number -> a field and a number, linear in each."""
    generator = np.random.default_rng(seed)
    solid, reynolds = generator.random((samples, 6, 4)), generator.uniform(1, 2, samples)
    u = 1 + reynolds[:, None, None] * (solid + np.roll(solid, 1, axis=2))
    source = Asked(solid=solid, reynolds=reynolds, u=u, drag=u.mean(axis=(1, 2)))
    return Pairs(source, inputs=("solid", "reynolds"), outputs=("u", "drag"))  # type: ignore[arg-type]


def magnets(samples: int, seed: int, *, copies: int = 30) -> Configurations:
    """Spins on 3 x 4 places that know nothing of one another, each up with the chance 1 / (1 + exp(-2/T))."""
    generator = np.random.default_rng(seed)
    temperature = generator.uniform(1, 3, samples)
    up = generator.random((samples, copies, 3, 4)) < 1 / (1 + np.exp(-2 / temperature[:, None, None, None]))
    seeds = generator.integers(2**24, size=samples).astype(np.float64)
    source: Any = Asked(temperature=temperature, seed=seeds, spins=np.where(up, 1.0, -1.0))
    return Configurations(source, condition="temperature", seed="seed", drawn="spins")


def in_memory(values: np.ndarray, interval: float = 0.25) -> Trajectories:
    """Examples as a surrogate's `fit` takes them."""
    return Trajectories(InMemory(values), fields=("u",), stride=1, interval=interval)


def in_view(
    values: np.ndarray,
    instrument: Instrument,
    *,
    window: int = 1,
    every: int = 1,
    seed: int = 0,
    ring: bool = True,
) -> Observations:
    """What an instrument sees of windows of trajectories (trajectories, frames, *grid), and these."""
    source: Any = InMemory(values)
    axes = tuple(
        Axis(name, tuple(np.arange(points) / points), ends=PERIODIC if ring else ("wall", "wall"))
        for name, points in zip("xyz", values.shape[2:], strict=False)
    )
    return Observations(
        source, field="u", instrument=instrument, window=window, every=every, seed=seed, axes=axes
    )


def with_gaps(values: np.ndarray, *, share: float = 0.4, noise: float = 0.1, **how: Any) -> Observations:
    """Whole trajectories as an instrument that leaves gaps sees them; see `in_view`."""
    return in_view(values, Gappy(share, noise), **{"window": values.shape[1], **how})


def travelling_waves(
    *, trajectories: int, frames: int, points: int, seed: int, step: float = 0.2
) -> np.ndarray:
    """Two travelling cosines of random amplitude and phase: (trajectories, frames, points)."""
    generator = np.random.default_rng(seed)
    x = 2 * np.pi * np.arange(points) / points
    t = step * np.arange(frames)[:, None]
    amplitudes = generator.uniform(0.5, 1.0, size=(trajectories, 2, 1, 1))
    phases = generator.uniform(0, 2 * np.pi, size=(trajectories, 2, 1, 1))
    return amplitudes[:, 0] * np.cos(x - t + phases[:, 0]) + amplitudes[:, 1] * np.cos(
        2 * x + 0.7 * t + phases[:, 1]
    )


def lorenz96(*, trajectories: int, frames: int, points: int, seed: int, interval: float = 0.05) -> np.ndarray:
    """Lorenz (1996): dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + 8, past its transient."""
    generator = np.random.default_rng(seed)
    x = 8 + generator.normal(size=(trajectories, points))

    def slope(x: np.ndarray) -> np.ndarray:
        return (np.roll(x, -1, -1) - np.roll(x, 2, -1)) * np.roll(x, 1, -1) - x + 8

    kept = []
    step, substeps, transient = interval / 5, 5, 200
    for frame in range(transient + frames):
        for _ in range(substeps):
            a = slope(x)
            b = slope(x + step / 2 * a)
            c = slope(x + step / 2 * b)
            x = x + step / 6 * (a + 2 * b + 2 * c + slope(x + step * c))
        if frame >= transient:
            kept.append(x)
    return np.stack(kept, axis=1)
