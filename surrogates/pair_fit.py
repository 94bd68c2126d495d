"""The loss of a surrogate of pairs: answers at random queries and times against the solver's."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from ..datasets.held_pairs import HeldPairs
from .affine_span import AffineSpan
from .coded_span import CodedSpan

__all__ = ["EncodedPairs", "PairFit"]

_BLOCK = 2**20
"""Pairs that are encoded, or answered for validation, at once."""
_VALIDATION_PAIRS = 32_768


class EncodedPairs:
    """Pairs in memory as a network meets them, in coordinates on the affine spans.

    Attributes:
        query: (trajectories, coordinates of the inputs).
        time: (1, frames) scaled to [-1, 1]; None for pairs that are not timed.
        target: (trajectories, frames, coordinates of the outputs).
    """

    def __init__(
        self,
        held: HeldPairs,
        *,
        inputs: AffineSpan | CodedSpan,
        outputs: AffineSpan,
        horizon: float | None,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        count, frames = held.trajectories, held.frames
        given = {name: torch.from_numpy(values) for name, values in held.inputs.items()}
        self.query = inputs.encode(inputs.flatten(given).double()).to(device, dtype)
        self.time = None
        if held.times is not None and horizon is not None:
            self.time = scaled_time(torch.from_numpy(held.times), horizon)[None].to(device, dtype)
        self.target = torch.empty(count, frames, outputs.coordinates, dtype=dtype, device=device)
        for first in range(0, count, max(1, _BLOCK // frames)):
            some = slice(first, first + max(1, _BLOCK // frames))
            wanted = {name: torch.from_numpy(values[some]) for name, values in held.outputs.items()}
            flat = torch.cat([w.reshape(*w.shape[:2], -1) for w in wanted.values()], dim=2).double()
            self.target[some] = outputs.encode(flat).to(device, dtype)

    def __len__(self) -> int:
        return len(self.query)

    @property
    def frames(self) -> int:
        """Pairs of each trajectory."""
        return self.target.shape[1]


class PairFit:
    """An `Objective`: an example is a trajectory, of which each update sees some random frames.

    The loss is taken on the fields, not on the coordinates: of every number of every output the error e, in
    units of its field's deviation over the training set, all fields weighing alike, as its absolute value
    (`mae`), its square (`mse`) or log(1 + |e| / small) (`log`). Of a field that is seen by its logarithm it
    is the error of that, in units of its deviation. Where a few answers are hopeless, as in chaos, squares
    spend the network on these and the logarithm gives them up: it makes the median smaller and the mean
    larger. The absolute error lies between. A loss tells a reader little; the validation error is relative
    to the size of each field itself, as a mean of absolute values, or root mean square for `mse`.

    Arguments:
        examples, validation: what to learn and what to be judged by; of many, evenly spread pairs are used.
        outputs: the span on which answers are coordinates.
        loss: `mae`, `mse` or `log`.
        small: an error below which the logarithm no longer asks for less.
        frames: of each trajectory in an update; the same ones for all trajectories of it if `shared`.
    """

    def __init__(
        self,
        examples: EncodedPairs,
        validation: EncodedPairs,
        *,
        outputs: AffineSpan,
        loss: Literal["mae", "mse", "log"],
        frames: int,
        shared: bool,
        small: float = 0.01,
    ) -> None:
        self._pairs, self._span, self._loss, self._small = examples, outputs, loss, small
        self._frames, self._shared = min(frames, examples.frames), shared
        device = examples.query.device
        self._to_scaled = (outputs.deviation[:, None] * outputs.basis).to(device)
        self._weights = outputs.field_weights.to(device)
        every = -(-len(validation) * validation.frames // _VALIDATION_PAIRS)
        rows = -(-len(validation) // 1024)
        self._judged = validation.query[::rows], validation.target[::rows, :: max(1, every // rows)]
        self._times = None if validation.time is None else validation.time[:, :: max(1, every // rows)]

    @property
    def examples(self) -> int:
        """Trajectories."""
        return len(self._pairs)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Mean error at random frames of the trajectories `indices`."""
        weights = next(module.parameters())
        query, time, target = self._draw(indices, generator)
        query, target = query.to(weights.dtype), target.to(weights.dtype)
        answer = module(query, None if time is None else time.to(weights.dtype))
        error = (answer - target) @ self._to_scaled.to(weights.dtype)
        if self._loss == "mse":
            size = error.square()
        else:
            size = error.abs() if self._loss == "mae" else (error.abs() / self._small).log1p()
        return (size * self._weights.to(weights.dtype)).mean()

    def validate(self, module: nn.Module) -> float:
        """Mean over the fields of the error relative to the field, in the norm of the loss."""
        query, target = self._judged
        dtype = next(module.parameters()).dtype
        time = None if self._times is None else self._times.to(dtype)
        wrong: dict[str, float] = {}
        whole: dict[str, float] = {}
        power = 2 if self._loss == "mse" else 1
        some = max(1, 65_536 // target.shape[1])
        for first in range(0, len(query), some):
            asked, wanted = query[first : first + some].to(dtype), target[first : first + some]
            truth = self._span.decode(wanted.double().flatten(0, 1))
            error = self._span.decode(module(asked, time).double().flatten(0, 1)) - truth
            for name, part in self._span.fields(error).items():
                wrong[name] = wrong.get(name, 0.0) + float(part.abs().pow(power).sum())
            for name, part in self._span.fields(truth).items():
                whole[name] = whole.get(name, 0.0) + float(part.abs().pow(power).sum())
        ratios = [wrong[name] / (whole[name] or 1.0) for name in wrong]
        return float((sum(ratios) / len(ratios)) ** (1 / power))

    def _draw(
        self, indices: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        """Queries, (1 or batch, frames) times and targets of an update."""
        pairs, batch, frames = self._pairs, len(indices), self._pairs.frames
        indices = indices.to(pairs.query.device)
        if pairs.time is None or self._frames == frames:
            return pairs.query[indices], pairs.time, pairs.target[indices]
        if self._shared:
            chosen = torch.randperm(frames, generator=generator)[: self._frames].to(indices.device)
            return pairs.query[indices], pairs.time[:, chosen], pairs.target[indices[:, None], chosen]
        # drawn on the CPU, so that it does not depend on the device
        drawn = torch.randint(frames, (batch, self._frames), generator=generator).to(indices.device)
        return pairs.query[indices], pairs.time[0, drawn], pairs.target[indices[:, None], drawn]


def scaled_time(time: torch.Tensor, horizon: float) -> torch.Tensor:
    """[0, horizon] -> [-1, 1]"""
    return time * (2 / horizon) - 1
