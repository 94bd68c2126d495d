"""From named fields and numbers to the normalised channels of an image, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ..datasets.held_pairs import HeldPairs
from .field_settings import ENDINGS, FieldSettings
from .surrogate import SurrogateError

__all__ = ["Encoded", "FieldScaling"]

Shapes = Mapping[str, tuple[int, ...]]
BLOCK = 256
"""Pairs that are looked at together: so many at a time need no second copy of a whole set."""
FAR = 10.0
"""Deviations beyond which logarithms are not told apart."""
TENSORS = (
    *("centre", "spread", "logarithmic", "mean", "scale", "moves"),
    *("number_mean", "number_scale", "number_logarithmic"),
)


@dataclass(frozen=True, eq=False)
class FieldScaling:
    """From named fields and numbers to channels and back.

    Attributes:
        settings: what is shown, and what answers go through.
        input_shapes, output_shapes: name -> shape of a sample's.
        centre, spread: (inputs,) of each input; of numbers that are all positive, of their logarithm.
        logarithmic: (inputs,) 1 where it is the logarithm.
        mean: (fields, rows, columns) of each output that is a field, over the training set; 0 if not centred.
        scale: (fields,) root mean square of what is beyond.
        moves: (fields, rows, columns) 0 where a field was the same in all of the training set: there, as on a
            wall, it always is that if fields are centred; 1 elsewhere.
        number_mean, number_scale: (numbers,) of each output that is a number; of those that are all positive,
            of their logarithm.
        number_logarithmic: (numbers,) 1 where it is the logarithm.
    """

    settings: FieldSettings
    input_shapes: Shapes
    output_shapes: Shapes
    centre: torch.Tensor
    spread: torch.Tensor
    logarithmic: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor
    moves: torch.Tensor
    number_mean: torch.Tensor
    number_scale: torch.Tensor
    number_logarithmic: torch.Tensor

    @classmethod
    def measure(cls, held: HeldPairs, settings: FieldSettings) -> FieldScaling:
        """Of a training split; `SurrogateError` for what is neither a number nor on one grid of two axes."""
        answered = {name: values.shape[2:] for name, values in held.outputs.items()}
        asked = {name: values.shape[1:] for name, values in held.inputs.items()}
        _refuse_other_shapes(asked, answered, settings)
        measured = [_measured(held.inputs[name], logarithm=not asked[name]) for name in asked]
        numbers = [_measured(v[:, 0], logarithm=True) for n, v in held.outputs.items() if not answered[n]]
        if settings.scaled and not (held.outputs[settings.scaled_by] > 0).all():
            raise SurrogateError(
                f"scaled_by names {settings.scaled_by!r}, which is not always positive: it measures nothing"
            )
        count = held.trajectories
        first = next(_wanted(held, settings))
        mean, lowest, highest = np.zeros(first.shape[1:]), first[0].copy(), first[0].copy()
        for fields in _wanted(held, settings):
            mean += fields.sum(axis=0)
            np.minimum(lowest, fields.min(axis=0), out=lowest)
            np.maximum(highest, fields.max(axis=0), out=highest)
        mean *= settings.centred / count
        moves = highest > lowest
        squares = np.zeros(len(mean))
        for fields in _wanted(held, settings):
            squares += ((fields - mean) ** 2).mean(axis=(2, 3)).sum(axis=0)
        scale = np.sqrt(squares / count)
        if settings.together:
            scale[:] = np.sqrt((scale**2).mean())
        scale[scale == 0] = 1.0
        parts = (*np.array(measured).T, mean, scale, moves, *np.array(numbers).reshape(-1, 3).T)
        return cls(settings, asked, answered, *(torch.tensor(p, dtype=torch.float64) for p in parts))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.mean.shape[1]), int(self.mean.shape[2])

    @property
    def shown(self) -> list[str]:
        """Inputs that are channels themselves."""
        return [name for name, shape in self.input_shapes.items() if self.settings.plain or not shape]

    @property
    def inputs(self) -> int:
        """Channels of an input: those shown, the edge's, and two of the place."""
        return len(self.shown) + len(self.settings.edge_scales) + 2 * self.settings.place

    @property
    def edges(self) -> range:
        """Channels of an input that are functions of the edge."""
        return range(len(self.shown), len(self.shown) + len(self.settings.edge_scales))

    @property
    def even(self) -> list[int]:
        """Channels of an input that are the same at all points, for they are numbers."""
        return [k for k, name in enumerate(self.shown) if not self.input_shapes[name]]

    @property
    def fields(self) -> int:
        """Channels of an output that are fields; they come before the numbers' channels."""
        return len(self.scale)

    @property
    def outputs(self) -> int:
        """Channels of an output."""
        return len(self.scale) + len(self.number_scale)

    def to(self, device: torch.device, dtype: torch.dtype) -> FieldScaling:
        """Somewhere else, in another precision."""
        return replace(self, **{name: getattr(self, name).to(device, dtype) for name in TENSORS})

    def channels(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(batch, inputs, rows, columns): those shown, numbers as even channels; the edge's; the place."""
        return self.image(*self.seen(inputs))

    def seen(self, inputs: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """What `image` is made of: fields that are shown and the edge's channels, (batch, planes, rows,
        columns); numbers that are shown, (batch, numbers).
        """
        planes: list[torch.Tensor] = []
        numbers: list[torch.Tensor] = []
        for k, (name, shape) in enumerate(self.input_shapes.items()):
            if not (self.settings.plain or not shape):
                continue
            values = inputs[name].to(self.centre)
            if self.logarithmic[k]:
                # nothing, where the training set has something, is very little
                values = values.clamp(min=torch.finfo(values.dtype).tiny).log()
            values = (values - self.centre[k]) / self.spread[k]
            if self.logarithmic[k]:
                values = values.clamp(-FAR, FAR)
            (planes if shape else numbers).append(values)
        if self.settings.edge:
            planes += self._edges(inputs[self.settings.edge].to(self.centre))
        if not numbers:
            return torch.stack(planes, dim=1), planes[0].new_empty(len(planes[0]), 0)
        return torch.stack(planes, dim=1), torch.stack(numbers, dim=1)

    def image(self, planes: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, rows, columns) of what `seen` gives."""
        fields = iter(planes.unbind(1))
        levels = iter(numbers[:, :, None, None].expand(-1, -1, *self.grid).unbind(1))
        parts = [next(fields if self.input_shapes[name] else levels) for name in self.shown]
        parts += fields
        if self.settings.place:
            ends = [torch.linspace(-1, 1, n, dtype=planes.dtype, device=planes.device) for n in self.grid]
            parts += [end.expand_as(planes[:, 0]) for end in torch.meshgrid(*ends, indexing="ij")]
        return torch.stack(parts, dim=1)

    def _edges(self, edge: torch.Tensor) -> list[torch.Tensor]:
        wide = functional.pad(edge[:, None], (0, 1, 0, 1), mode="replicate")[:, 0]
        for dim, part in zip((1, 2), self.settings.edge_at, strict=True):
            points = wide.shape[dim] - 1
            wide = (1 - part) * wide.narrow(dim, 0, points) + part * wide.narrow(dim, 1, points)
        beyond = wide.clamp(min=0)
        return [
            1 - torch.exp(-((beyond / scale) ** 2)) if scale else (wide < 0).to(wide)
            for scale in self.settings.edge_scales
        ]

    def parted(self, answers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised fields (batch, fields, rows, columns), through the ending, nothing where none moves; and
        numbers (batch, numbers), the means of their channels.
        """
        fields = ENDINGS[self.settings.ending](answers[:, : self.fields])
        if self.settings.centred:
            fields = fields * self.moves.to(fields)
        return fields, answers[:, self.fields :].mean(dim=(2, 3))

    def named(self, answers: torch.Tensor) -> dict[str, torch.Tensor]:
        """Outputs by name, from what the network says."""
        fields, numbers = self.parted(answers)
        fields = self.mean + self.scale[:, None, None] * fields
        numbers = self.number_mean + self.number_scale * numbers
        numbers = torch.where(self.number_logarithmic > 0, numbers.exp(), numbers)
        field, number = iter(fields.unbind(1)), iter(numbers.unbind(1))
        found = {name: next(field if shape else number) for name, shape in self.output_shapes.items()}
        for name in self.settings.scaled:
            found[name] = found[name] * found[self.settings.scaled_by][:, None, None]
        return found

    def encoded(self, held: HeldPairs, *, device: torch.device) -> Encoded:
        """All of a split in single precision, made a block at a time."""
        single = self.to(torch.device("cpu"), torch.float32)
        count = held.trajectories
        planes = torch.empty(count, self.inputs - len(self.even) - 2 * self.settings.place, *self.grid)
        levels = torch.empty(count, len(self.even))
        fields = torch.empty(count, self.fields, *self.grid)
        for first, wanted in zip(range(0, count, BLOCK), _wanted(held, self.settings), strict=True):
            some = slice(first, first + BLOCK)
            planes[some], levels[some] = single.seen(
                {name: torch.from_numpy(v[some]) for name, v in held.inputs.items()}
            )
            fields[some] = (torch.from_numpy(wanted) - single.mean) / single.scale[:, None, None]
        numbers = [torch.from_numpy(held.outputs[n][:, 0]) for n, s in self.output_shapes.items() if not s]
        stacked = torch.stack(numbers, dim=1) if numbers else torch.empty(count, 0)
        stacked = torch.where(single.number_logarithmic > 0, stacked.log(), stacked)
        stacked = (stacked - single.number_mean) / single.number_scale
        parts = (planes, levels, fields, stacked.nan_to_num())
        return Encoded(*(part.to(device) for part in parts))

    def bytes_encoded(self, pairs: int) -> int:
        """That `encoded` takes for so many pairs."""
        planes = self.inputs - len(self.even) - 2 * self.settings.place + self.fields
        return 4 * pairs * planes * math.prod(self.grid)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What `restored` takes."""
        return {f"scaling.{name}": getattr(self, name) for name in TENSORS}

    @classmethod
    def restored(
        cls, tensors: Mapping[str, torch.Tensor], settings: FieldSettings, asked: Shapes, answered: Shapes
    ) -> FieldScaling:
        """From `tensors`."""
        return cls(settings, asked, answered, *(tensors[f"scaling.{name}"] for name in TENSORS))


@dataclass(frozen=True, eq=False)
class Encoded:
    """Pairs as a network sees them.

    Attributes:
        planes, levels: what is given, see `FieldScaling.seen`; what is the same for all pairs is not kept.
        fields: (pairs, fields, rows, columns) that are wanted.
        numbers: (pairs, numbers) that are wanted.
    """

    planes: torch.Tensor
    levels: torch.Tensor
    fields: torch.Tensor
    numbers: torch.Tensor

    @property
    def parts(self) -> tuple[torch.Tensor, ...]:
        """All four."""
        return self.planes, self.levels, self.fields, self.numbers

    def some(self, chosen: torch.Tensor | slice, dtype: torch.dtype) -> Encoded:
        """These pairs, in this precision."""
        return Encoded(*(part[chosen].to(dtype) for part in self.parts))


def _wanted(held: HeldPairs, settings: FieldSettings) -> Iterator[NDArray[np.float64]]:
    """(pairs, fields, rows, columns) of outputs that are fields, in blocks; those that are scaled in units of
    what scales them.
    """
    for first in range(0, held.trajectories, BLOCK):
        outputs = {n: np.asarray(v[first : first + BLOCK, 0], np.float64) for n, v in held.outputs.items()}
        for name in settings.scaled:
            outputs[name] = outputs[name] / outputs[settings.scaled_by][:, None, None]
        yield np.stack([v for v in outputs.values() if v.ndim == 3], axis=1)


def _measured(values: np.ndarray, *, logarithm: bool) -> tuple[float, float, float]:
    """Mean, deviation, and whether they are those of the logarithm: where it is wanted and there is one."""
    of = np.asarray(values, dtype=np.float64)
    log = logarithm and bool((of > 0).all())
    of = np.log(of) if log else of
    mean, spread = float(of.mean()), float(of.std())
    # the mean of equal numbers is not exact
    return mean, spread if spread > 1e-12 * max(1.0, abs(mean)) else 1.0, float(log)


def _refuse_other_shapes(asked: Shapes, answered: Shapes, settings: FieldSettings) -> None:
    grids = {shape for shape in (*answered.values(), *asked.values()) if shape}
    if len(grids) != 1 or len(next(iter(grids))) != 2 or not any(answered.values()):
        raise SurrogateError(
            "a network of fields needs inputs and outputs that are numbers or on one grid of two axes, "
            f"some output among these; got inputs {asked} and outputs {answered}: choose among them in "
            "the task"
        )
    if not (settings.edge or (settings.plain and any(asked.values()))):
        raise SurrogateError("no input field is shown: let fields be plain, name an edge, or give one")
    if settings.scaled_by and answered.get(settings.scaled_by) != ():
        raise SurrogateError(f"scaled_by names {settings.scaled_by!r}, which is no number that is answered")
    known = {
        "scaled": (settings.scaled, answered),
        "slopes": (settings.slopes, answered),
        "edge": ((settings.edge,) * bool(settings.edge), asked),
    }
    for what, (names, shapes) in known.items():
        for name in names:
            if not shapes.get(name):
                raise SurrogateError(f"{what} names {name!r}, which is no field among {sorted(shapes)}")
