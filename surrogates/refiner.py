"""The contract of surrogates that rebuild a fine field from a coarse view of it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch

from ..datasets.observations import SEEN, Coarse, Observations
from .surrogate import Surrogate, SurrogateError

__all__ = ["Refiner", "Views"]

AT_ONCE = 2**22
"""Numbers of fine fields that are answered at once."""


@dataclass(frozen=True, eq=False)
class Views:
    """Windows in memory: what was seen of each, (windows, frames, *coarse), and what was there,
    (windows, frames, *grid).
    """

    seen: torch.Tensor
    fields: torch.Tensor


class Refiner(Surrogate):
    """Rebuilds a window of fine frames from what `Coarse` shows of it: `seen` -> the field.

    Both have the frames of a window along their first axis. The grid is periodic, and the fine one has a
    whole number of times the coarse one's points along each axis.
    """

    learns: ClassVar[type] = Observations

    @abstractmethod
    def refined(self, seen: torch.Tensor) -> torch.Tensor:
        """(batch, frames, *coarse) -> (batch, frames, *grid), of some queries that fit into memory."""

    @property
    def field(self) -> str:
        """Name of what is rebuilt."""
        return next(iter(self._shapes[1]))

    @property
    def frames(self) -> int:
        """Of a window."""
        return self._shapes[0][SEEN][0]

    @property
    def coarse(self) -> tuple[int, ...]:
        """Points of the coarse grid along each axis."""
        return self._shapes[0][SEEN][1:]

    @property
    def grid(self) -> tuple[int, ...]:
        """Points of the fine grid along each axis."""
        return self._shapes[1][self.field][1:]

    def read(
        self, examples: Observations, validation: Observations, *, dtype: torch.dtype
    ) -> tuple[Views, Views]:
        """Note the shapes, and take both splits into memory.

        Raises `SurrogateError` where either is empty, was not seen by `Coarse`, or holds what is not finite.
        """
        self.refuse_without_both(examples, validation)
        if not isinstance(examples.instrument, Coarse):
            raise SurrogateError(
                f"{type(self).__name__} refines what Coarse sees of periodic fields, but these were seen by "
                f"{type(examples.instrument).__name__}; give the task Coarse, or choose another surrogate"
            )
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        views = []
        for pairs in (examples, validation):
            held = pairs.held(dtype=str(dtype).removeprefix("torch."))
            seen, fields = held.inputs[SEEN], held.outputs[self.field][:, 0]
            both = Views(torch.from_numpy(seen), torch.from_numpy(fields))
            if not torch.isfinite(both.fields).all():
                raise SurrogateError("the windows hold NaN or infinity; remove their trajectories")
            views.append(both)
        return views[0], views[1]

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`; `SurrogateError` for what is `seen` in another shape."""
        seen = self.check(inputs)
        return {self.field: torch.cat([self.refined(some) for some in seen.split(self.at_once)])}

    def check(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """What is seen, if it has the shape that was learned."""
        wanted = self._shapes[0][SEEN]
        if SEEN not in inputs or tuple(inputs[SEEN].shape[1:]) != wanted:
            got = "nothing" if SEEN not in inputs else f"shape {tuple(inputs[SEEN].shape)}"
            expected = ", ".join(["batch", *map(str, wanted)])
            raise SurrogateError(f"expected {SEEN!r} of shape ({expected}), got {got}")
        return inputs[SEEN]

    @property
    def at_once(self) -> int:
        """Queries that are answered at once."""
        return max(1, AT_ONCE // (self.frames * torch.Size(self.grid).numel()))

    @torch.no_grad()
    def error(self, views: Views) -> float:
        """Relative error over all windows, root mean square."""
        wrong = whole = 0.0
        for first in range(0, len(views.seen), self.at_once):
            some = slice(first, first + self.at_once)
            answer = self.refined(views.seen[some].to(self.device, self.dtype)).double().cpu()
            wrong += float((answer - views.fields[some].double()).square().sum())
            whole += float(views.fields[some].double().square().sum())
        return (wrong / (whole or 1.0)) ** 0.5

    @property
    def _shapes(self) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]]:
        if self.input_shapes is None or self.output_shapes is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.input_shapes, self.output_shapes
