"""Surrogates that rebuild a window of frames from what was seen of it: what they share."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from ..datasets.observations import KNOWN, SEEN, Observations
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import Trained

__all__ = ["SOME", "Rebuilder", "Windows", "on_a_line"]

SOME = 64
"""Windows that are rebuilt at once, at most."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows in memory, their grid in one row: `seen`, `known` and `true` are (windows, frames, points)."""

    seen: torch.Tensor
    known: torch.Tensor
    true: torch.Tensor

    @classmethod
    def read(cls, examples: Observations, *, dtype: str) -> Windows:
        """All of them, zero where nothing is known; `SurrogateError` where they are not finite."""
        held = examples.held(dtype=dtype)
        parts = (held.inputs[SEEN], held.inputs[KNOWN], held.outputs[examples.field])
        shape = (held.trajectories, examples.window, -1)
        seen, known, true = (torch.from_numpy(part).reshape(shape) for part in parts)
        seen = torch.where(known > 0, seen, 0.0)
        if not (torch.isfinite(seen).all() and torch.isfinite(true).all()):
            raise SurrogateError("the windows hold NaN or infinity; remove their trajectories")
        return cls(seen, known, true)

    def __len__(self) -> int:
        return len(self.true)


class Rebuilder(Surrogate):
    """What was seen of a window of frames, and where -> the frames, without gaps and noise.

    Inputs are those of an instrument that leaves gaps: `seen`, (batch, frames, *grid), and `known`, 1 where a
    value was seen and 0 elsewhere. What stands in `seen` elsewhere, be it NaN, is not looked at. The window
    has as many frames as those it has learned from.

    A subclass gives `learn` and `rebuild`.
    """

    learns: ClassVar[type] = Observations
    precision: ClassVar[str] = "float64"
    """In which windows are held to learn from."""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read all windows into memory, then learn; see `Surrogate`.

        Raises `SurrogateError` for what no instrument with gaps gives, and for sets without validation.
        """
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        self._note(examples)
        own, judged = (Windows.read(part, dtype=self.precision) for part in (examples, validation))
        before = time.perf_counter() - begin
        trained = self.learn(own, judged, seed=seed, folder=folder, progress=progress)
        if trained is None:
            error = self.error(judged)
            return TrainingRecord(time.perf_counter() - begin, len(own), 1, error)
        return TrainingRecord(
            seconds=before + trained.seconds,
            samples=len(own),
            epochs=trained.epochs,
            validation_error=trained.validation_error,
            finished=trained.finished,
        )

    @abstractmethod
    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """Learn from windows; None where that is a closed form, which did not take passes."""

    @abstractmethod
    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """(windows, frames, points) both, `seen` zero where nothing is known -> the frames, alike."""

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.input_shapes is None or self.output_shapes is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        seen, known = (self._flat(inputs, name) for name in (SEEN, KNOWN))
        parts = zip(seen.split(self.at_once), known.split(self.at_once), strict=True)
        whole = torch.cat([self.rebuild(torch.where(k > 0, s, 0.0), k) for s, k in parts])
        name, shape = next(iter(self.output_shapes.items()))
        return {name: whole.to(self.dtype).reshape(len(seen), *shape)}

    @torch.no_grad()
    def error(self, windows: Windows) -> float:
        """Root mean square over those of the windows, relative."""
        wrong = sum(
            float((self.rebuild(part.seen, part.known) - part.true).square().sum())
            for part in self.parts(windows)
        )
        return math.sqrt(wrong / (float(windows.true.double().square().sum()) or 1.0))

    def parts(self, windows: Windows) -> Iterator[Windows]:
        """As many at a time as are rebuilt together, where and in the precision in which they are."""
        for first in range(0, len(windows), self.at_once):
            held = (windows.seen, windows.known, windows.true)
            yield Windows(*(part[first : first + self.at_once].to(self.device, self.dtype) for part in held))

    @property
    def at_once(self) -> int:
        """Windows that are rebuilt together; fewer where each takes much memory."""
        return SOME

    @property
    def grid(self) -> tuple[int, ...]:
        """Of a frame."""
        assert self.input_shapes is not None
        return self.input_shapes[SEEN][1:]

    def _note(self, examples: Observations) -> None:
        """Its shapes, if they are those of an instrument that leaves gaps."""
        wanted = next(iter(examples.output_shapes.values()))
        if examples.input_shapes != {SEEN: wanted, KNOWN: wanted}:
            raise SurrogateError(
                f"{type(self).__name__} rebuilds windows of which values are {SEEN!r} and {KNOWN!r}, each of "
                f"the windows' shape {wanted}; got {examples.input_shapes}: take the instrument Gappy"
            )
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes

    def _flat(self, inputs: Mapping[str, torch.Tensor], name: str) -> torch.Tensor:
        assert self.input_shapes is not None
        shape = self.input_shapes[name]
        if name not in inputs or tuple(inputs[name].shape[1:]) != shape:
            got = "nothing" if name not in inputs else f"shape {tuple(inputs[name].shape)}"
            expected = ", ".join(["batch", *map(str, shape)])
            raise SurrogateError(f"expected {name!r} of shape ({expected}), got {got}")
        return inputs[name].flatten(2)


def on_a_line(examples: Observations, *, wanted: bool | None, setting: str) -> bool:
    """Whether what is wanted of a periodic line is done: None for wherever the grid is known to be one.

    `SurrogateError` where it is wanted of another grid.
    """
    axes = examples.axes
    line = len(examples.output_shapes[examples.field]) == 2
    if wanted and (not line or (axes is not None and not axes[0].periodic)):
        raise SurrogateError(f"{setting} is for one periodic axis, and this grid is another; set it to None")
    known = line and axes is not None and axes[0].periodic
    return known if wanted is None else wanted
