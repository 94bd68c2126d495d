"""Fields on a grid whose answers are known: discs, and what surrounds them."""

from typing import Any

import numpy as np
import torch
from known_dynamics import Asked
from understudy.datasets.pairs import Pairs


def tensors(named: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values) for name, values in named.items()}


def shapes(samples: int, seed: int, grid: tuple[int, int] = (10, 14)) -> Pairs:
    """Discs -> what grows with the square of the distance from them, and nothing within: a field with an
    edge; a signed one; and the area, which is positive.
    """
    generator = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.arange(n) / 10 for n in grid), indexing="ij")
    middle = generator.uniform(0.3, 0.7, (samples, 2, 1, 1))
    radius = generator.uniform(0.1, 0.3, samples)
    distance = np.hypot(x - middle[:, 0], y - middle[:, 1]) - radius[:, None, None]
    away = 1 - np.exp(-((np.maximum(distance, 0) / 0.2) ** 2))
    asked: Any = Asked(distance=distance, away=away, twist=away * (x - 0.6), area=np.pi * radius**2)
    return Pairs(asked, inputs=("distance",), outputs=("away", "twist", "area"))


def trigonometric(
    grid: tuple[int, ...],
    highest: int,
    *,
    seed: int = 0,
    time: float = 0.0,
    speed: float = 0.0,
    diffusivity: float = 0.0,
) -> torch.Tensor:
    """A real field of wavenumbers up to `highest` along each axis, by its formula; after some time, if it is
    carried along by `speed` on the first axis, twice as fast on the second and so on, and spread.
    """
    generator = np.random.default_rng(seed)
    axes = np.meshgrid(*[2 * np.pi * np.arange(n) / n for n in grid], indexing="ij")
    waves = generator.integers(-highest, highest + 1, size=(20, len(grid)))
    amplitudes, phases = generator.normal(size=20), generator.uniform(0, 2 * np.pi, size=20)
    amplitudes = amplitudes * np.exp(-diffusivity * (waves**2).sum(axis=1) * time)
    phases = phases - speed * time * waves @ (1.0 + np.arange(len(grid)))
    u = sum(
        a * np.cos(sum(k * x for k, x in zip(wave, axes, strict=True)) + phase)
        for a, wave, phase in zip(amplitudes, waves, phases, strict=True)
    )
    return torch.from_numpy(np.asarray(u))
