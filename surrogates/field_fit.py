"""Fields and numbers as normalised channels of an image, and how wrong a network's are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import nn

from ..datasets.held_pairs import HeldPairs
from .surrogate import SurrogateError

__all__ = ["FieldFit", "FieldScaling", "FieldSettings"]

Shapes = Mapping[str, tuple[int, ...]]
TENSORS = ("centre", "spread", "logarithmic", "mean", "scale", "number_mean", "number_scale")


@dataclass(frozen=True)
class FieldSettings:
    """What a network of fields learns by.

    Attributes:
        loss: of the errors, in units of each field's deviation, the mean square (`mse`) or absolute (`mae`);
            or the mean over samples of their root mean square over the sample's own (`relative`).
        slopes: compare differences between neighbours instead of values: of a stream function these are the
            velocities.
    """

    loss: Literal["mse", "mae", "relative"] = "mse"
    slopes: bool = False

    def __post_init__(self) -> None:
        if self.loss not in ("mse", "mae", "relative"):
            raise SurrogateError(f"the loss must be mse, mae or relative, got {self.loss!r}")


@dataclass(frozen=True, eq=False)
class FieldScaling:
    """From named fields and numbers to channels and back.

    Attributes:
        input_shapes, output_shapes: name -> shape of a sample's.
        centre, spread: (inputs,) of each input; of numbers that are all positive, of their logarithm.
        logarithmic: (inputs,) 1 where it is the logarithm.
        mean: (fields, rows, columns) of each output that is a field, over the training set.
        scale: (fields,) root mean square of what is beyond.
        number_mean, number_scale: (numbers,) of each output that is a number.
    """

    input_shapes: Shapes
    output_shapes: Shapes
    centre: torch.Tensor
    spread: torch.Tensor
    logarithmic: torch.Tensor
    mean: torch.Tensor
    scale: torch.Tensor
    number_mean: torch.Tensor
    number_scale: torch.Tensor

    @classmethod
    def measure(cls, held: HeldPairs) -> FieldScaling:
        """Of a training split; `SurrogateError` for what is neither a number nor on one grid of two axes."""
        answered = {name: values.shape[2:] for name, values in held.outputs.items()}
        asked = {name: values.shape[1:] for name, values in held.inputs.items()}
        grids = {shape for shape in (*answered.values(), *asked.values()) if shape}
        if len(grids) != 1 or len(next(iter(grids))) != 2 or not any(answered.values()):
            raise SurrogateError(
                "a network of fields needs inputs and outputs that are numbers or on one grid of two axes, "
                f"some output among these; got inputs {asked} and outputs {answered}: choose among them in "
                "the task"
            )
        centre, spread, logarithmic = [], [], []
        for name, values in held.inputs.items():
            of = np.asarray(values, dtype=np.float64)
            log = not asked[name] and bool((of > 0).all())
            of = np.log(of) if log else of
            centre.append(of.mean())
            spread.append(of.std() or 1.0)
            logarithmic.append(float(log))
        fields = np.stack([v[:, 0] for n, v in held.outputs.items() if answered[n]], axis=1)
        mean = fields.mean(axis=0, dtype=np.float64)
        scale = np.sqrt(((fields - mean) ** 2).mean(axis=(0, 2, 3), dtype=np.float64))
        numbers = [np.asarray(v[:, 0], np.float64) for n, v in held.outputs.items() if not answered[n]]
        number_mean = np.array([of.mean() for of in numbers])
        number_scale = np.array([of.std() for of in numbers])
        scale[scale == 0], number_scale[number_scale == 0] = 1.0, 1.0
        measured = (centre, spread, logarithmic, mean, scale, number_mean, number_scale)
        return cls(asked, answered, *(torch.tensor(part, dtype=torch.float64) for part in measured))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.mean.shape[1]), int(self.mean.shape[2])

    @property
    def inputs(self) -> int:
        """Channels of an input, the two of the place among them."""
        return len(self.centre) + 2

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
        """(batch, inputs, rows, columns): numbers as even channels, and where each point is."""
        parts = []
        for k, name in enumerate(self.input_shapes):
            values = inputs[name].to(self.centre)
            if self.logarithmic[k]:
                values = values.log()
            values = (values - self.centre[k]) / self.spread[k]
            parts.append(values if values.ndim == 3 else values[:, None, None].expand(-1, *self.grid))
        ends = [
            torch.linspace(-1, 1, n, dtype=self.centre.dtype, device=self.centre.device) for n in self.grid
        ]
        place = torch.stack(torch.meshgrid(*ends, indexing="ij"))
        return torch.cat([torch.stack(parts, dim=1), place.expand(len(parts[0]), -1, -1, -1)], dim=1)

    def parted(self, answers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Normalised fields (batch, fields, rows, columns) and numbers (batch, numbers), the means of their
        channels.
        """
        return answers[:, : self.fields], answers[:, self.fields :].mean(dim=(2, 3))

    def named(self, answers: torch.Tensor) -> dict[str, torch.Tensor]:
        """Outputs by name, from what the network says."""
        fields, numbers = self.parted(answers)
        fields = self.mean + self.scale[:, None, None] * fields
        numbers = self.number_mean + self.number_scale * numbers
        field, number = iter(fields.unbind(1)), iter(numbers.unbind(1))
        return {name: next(field if shape else number) for name, shape in self.output_shapes.items()}

    def encoded(self, held: HeldPairs, *, device: torch.device) -> Encoded:
        """All of a split in single precision."""
        single = self.to(torch.device("cpu"), torch.float32)
        given = single.channels({name: torch.from_numpy(v) for name, v in held.inputs.items()})
        shown = {name: torch.from_numpy(v[:, 0]) for name, v in held.outputs.items()}
        fields = torch.stack([shown[n] for n, shape in self.output_shapes.items() if shape], dim=1)
        fields = (fields - single.mean) / single.scale[:, None, None]
        numbers = [shown[n] for n, shape in self.output_shapes.items() if not shape]
        count = len(fields)
        stacked = torch.stack(numbers, dim=1) if numbers else torch.empty(count, 0)
        stacked = (stacked - single.number_mean) / single.number_scale
        return Encoded(given.to(device), fields.to(device), stacked.to(device))

    def tensors(self) -> dict[str, torch.Tensor]:
        """What `restored` takes."""
        return {f"scaling.{name}": getattr(self, name) for name in TENSORS}

    @classmethod
    def restored(cls, tensors: Mapping[str, torch.Tensor], asked: Shapes, answered: Shapes) -> FieldScaling:
        """From `tensors`."""
        return cls(asked, answered, *(tensors[f"scaling.{name}"] for name in TENSORS))


@dataclass(frozen=True, eq=False)
class Encoded:
    """Pairs as a network sees them.

    Attributes:
        given: (pairs, inputs, rows, columns).
        fields: (pairs, fields, rows, columns) that are wanted.
        numbers: (pairs, numbers) that are wanted.
    """

    given: torch.Tensor
    fields: torch.Tensor
    numbers: torch.Tensor

    def some(self, chosen: torch.Tensor | slice, dtype: torch.dtype) -> Encoded:
        """These pairs, in this precision."""
        return Encoded(*(part[chosen].to(dtype) for part in (self.given, self.fields, self.numbers)))


class FieldFit:
    """The objective: errors of all fields and numbers, each in units of its own deviation."""

    def __init__(
        self, own: Encoded, judged: Encoded, *, scaling: FieldScaling, settings: FieldSettings
    ) -> None:
        self._own, self._judged, self._settings = own, judged, settings
        self._scaling = scaling
        single = scaling.to(own.given.device, torch.float32)
        self._offset = single.mean / single.scale[:, None, None]

    @property
    def examples(self) -> int:
        """Pairs."""
        return len(self._own.given)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `FieldSettings`; the numbers' mean square error is added."""
        dtype = next(module.parameters()).dtype
        pairs = self._own.some(indices.to(self._own.given.device), dtype)
        fields, numbers = self._scaling.parted(module(pairs.given))
        rest = (numbers - pairs.numbers).square().mean() if pairs.numbers.shape[1] else 0.0
        errors = self._seen(fields - pairs.fields)
        if self._settings.loss == "mae":
            return torch.cat([error.abs().flatten() for error in errors]).mean() + rest
        square = _squares(errors)
        if self._settings.loss == "mse":
            return square.mean() / sum(error[0].numel() for error in errors) + rest
        whole = _squares(self._seen(pairs.fields + self._offset.to(dtype)))
        return (square / whole).sqrt().mean() + rest

    def validate(self, module: nn.Module) -> float:
        """Median over the pairs of the root mean square error over that of the fields, as the loss sees
        them.
        """
        dtype, found = next(module.parameters()).dtype, []
        for first in range(0, len(self._judged.given), 64):
            pairs = self._judged.some(slice(first, first + 64), dtype)
            fields, _ = self._scaling.parted(module(pairs.given))
            whole = _squares(self._seen(pairs.fields + self._offset.to(dtype)))
            found.append((_squares(self._seen(fields - pairs.fields)) / whole).sqrt())
        return float(torch.cat(found).median())

    def _seen(self, fields: torch.Tensor) -> list[torch.Tensor]:
        """What is compared: the fields, or their differences along both axes."""
        return [fields.diff(dim=2), fields.diff(dim=3)] if self._settings.slopes else [fields]


def _squares(parts: list[torch.Tensor]) -> torch.Tensor:
    """(batch,) sums of squares."""
    return torch.stack([part.square().sum(dim=(1, 2, 3)) for part in parts]).sum(dim=0)
