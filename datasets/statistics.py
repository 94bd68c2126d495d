"""Mean, spread and size of every field over the train split, as The Well keeps them in `stats.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from tqdm import tqdm

from .plan import Plan
from .split import Split

__all__ = ["compute_statistics", "statistics_text"]


@dataclass
class Moments:
    """Count, mean, and sums of squares of many numbers per component, gathered block by block.

    Merging follows Chan, Golub & LeVeque (1983), doi:10.1080/00031305.1983.10483115.
    """

    count: int
    mean: NDArray[np.float64]
    deviations: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def none(cls, components: tuple[int, ...]) -> Moments:
        """Of no numbers at all."""
        return cls(0, np.zeros(components), np.zeros(components), np.zeros(components))

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Take in values of shape (..., *components)."""
        axes = tuple(range(values.ndim - self.mean.ndim))
        values = values.astype(np.float64, copy=False)
        count = values.size // max(1, self.mean.size)
        if count == 0:
            return
        mean = np.asarray(values.mean(axis=axes))
        shift, total = mean - self.mean, self.count + count
        self.mean = self.mean + shift * (count / total)
        self.deviations = (
            self.deviations
            + np.asarray(((values - mean) ** 2).sum(axis=axes))
            + shift**2 * (self.count * count / total)
        )
        self.squares = self.squares + np.asarray((values**2).sum(axis=axes))
        self.count = total

    @property
    def plain(self) -> dict[str, Any]:
        """`mean`, `std` and `rms` as numbers or nested lists; zeros where there was nothing to gather."""
        count = max(1, self.count)
        return {
            "mean": self.mean.tolist(),
            "std": np.sqrt(self.deviations / count).tolist(),
            "rms": np.sqrt(self.squares / count).tolist(),
        }


def compute_statistics(
    folder: Path, plan: Plan, *, progress: bool = False
) -> dict[str, dict[str, float | list[Any]]]:
    """`mean`, `std`, `rms`, `mean_delta`, `std_delta`, `rms_delta`: name -> field -> number(s).

    Deltas are differences of neighbouring frames; constant fields have none. One number per component for
    vectors and tensors. Gathered trajectory by trajectory in order, so shards do not matter.
    """
    found: dict[str, dict[str, Any]] = {
        f"{name}{suffix}": {} for suffix in ("", "_delta") for name in ("mean", "std", "rms")
    }
    with Split(folder, plan, name="train") as split:
        for field in plan.fields:
            components = (len(plan.grid),) * field.rank
            values, deltas = Moments.none(components), Moments.none(components)
            for trajectory in tqdm(
                range(len(split)), f"statistics of {field.name}", disable=not progress, delay=1, leave=False
            ):
                frames = split.read(trajectory, field=field.name)
                values.add(frames)
                if field.varies_in_time:
                    deltas.add(np.diff(frames.astype(np.float64, copy=False), axis=0))
            for name, number in values.plain.items():
                found[name][field.name] = number
            if field.varies_in_time:
                for name, number in deltas.plain.items():
                    found[f"{name}_delta"][field.name] = number
    return found


def statistics_text(statistics: dict[str, dict[str, Any]]) -> str:
    """As it stands in `stats.yaml`."""
    return yaml.safe_dump(statistics)
