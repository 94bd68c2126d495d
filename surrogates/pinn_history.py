"""What a descent of a network of coordinates would have answered with at growing times, and its losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .checkpoints import read_checkpoint, write_checkpoint

__all__ = ["History", "read_history", "write_history"]

FILE = "history.safetensors"


@dataclass
class History:
    """What a descent went through.

    Attributes:
        seconds, steps: at each snapshot.
        snapshots: the weights with which it would have answered then, which need not be those that it had.
        losses: of these, at the points of the time.
        terms: each term of that loss by name, not weighed.
    """

    seconds: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)
    snapshots: list[NDArray[np.float64]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """All but the weights, as JSON."""
        return {k: getattr(self, k) for k in ("seconds", "steps", "losses", "terms")}


def write_history(folder: Path, history: History) -> None:
    """Keep it in a folder."""
    tensors = {"snapshots": torch.from_numpy(np.array(history.snapshots))}
    write_checkpoint(folder / FILE, tensors, history.plain())


def read_history(folder: Path) -> History | None:
    """What a descent in this folder went through; None where none has ended there."""
    found = read_checkpoint(folder / FILE)
    if found is None:
        return None
    tensors, numbers = found
    return History(**numbers, snapshots=list(tensors["snapshots"].numpy()))
