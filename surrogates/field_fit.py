"""How wrong the fields of a network are: what its training makes small."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from .field_scaling import Encoded, FieldScaling

__all__ = ["FieldFit"]

TINY = 1e-30
"""Of what is nothing, so that its root has a slope and its inverse a value."""


class FieldFit:
    """The objective: errors of all fields and numbers, each in units of its own deviation."""

    def __init__(self, own: Encoded, judged: Encoded, *, scaling: FieldScaling) -> None:
        self._own, self._judged, self._settings = own, judged, scaling.settings
        self._scaling = scaling
        single = scaling.to(own.fields.device, torch.float32)
        self._offset = single.mean / single.scale[:, None, None]
        names = [name for name, shape in scaling.output_shapes.items() if shape]
        self._slopes = [name in self._settings.slopes for name in names]
        every = range(len(names))
        self._groups = [list(every)] if self._settings.together else [[k] for k in every]
        self._units = [self._unit(group) for group in self._groups]

    @property
    def examples(self) -> int:
        """Pairs."""
        return len(self._own.fields)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """The fields' losses, see `FieldSettings`, and the numbers' mean square error, summed."""
        dtype = next(module.parameters()).dtype
        device = self._own.fields.device
        pairs = self._own.some(indices.to(device), dtype)
        # what is left out while training, too, is the step's own
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
            answers = module(self._scaling.image(pairs.planes, pairs.levels))
        fields, numbers = self._scaling.parted(answers)
        others = self._settings.others
        total = others * (numbers - pairs.numbers).square().mean() if pairs.numbers.shape[1] else 0.0
        errors = fields - pairs.fields
        for group, unit in zip(self._groups, self._units, strict=True):
            parts = self._seen(group, errors)
            if self._settings.loss == "mae":
                one = torch.cat([part.abs().flatten() for part in parts]).mean() / unit
            elif self._settings.loss == "mse":
                one = torch.cat([part.square().flatten() for part in parts]).mean() / unit**2
            elif self._settings.loss == "rms":
                points = sum(part[0].numel() for part in parts)
                one = (_squares(parts) / points).clamp(min=TINY).sqrt().mean() / unit
            else:
                one = (_squares(parts) / self._whole(group, pairs)).clamp(min=TINY).sqrt().mean()
            total = total + (one if group[0] == 0 else others * one)
        assert isinstance(total, torch.Tensor)
        return total

    def validate(self, module: nn.Module) -> float:
        """Median over the pairs of the root mean square error over the fields' own, as the loss sees and
        weighs it; the mean over fields.
        """
        dtype, found = next(module.parameters()).dtype, []
        for first in range(0, len(self._judged.fields), 64):
            pairs = self._judged.some(slice(first, first + 64), dtype)
            answers = module(self._scaling.image(pairs.planes, pairs.levels))
            errors = self._scaling.parted(answers)[0] - pairs.fields
            shares = [_squares(self._seen(g, errors)) / self._whole(g, pairs) for g in self._groups]
            weights = torch.tensor([1.0] + [self._settings.others] * (len(shares) - 1)).to(errors)
            found.append((weights / weights.sum()) @ torch.stack(shares).sqrt())
        return float(torch.cat(found).median())

    def _whole(self, group: list[int], pairs: Encoded) -> torch.Tensor:
        """(batch,) sums of squares of the fields themselves, their mean with them."""
        whole = self._seen(group, pairs.fields + self._offset.to(pairs.fields), known=False)
        return _squares(whole).clamp(min=TINY)

    def _seen(self, group: list[int], fields: torch.Tensor, *, known: bool = True) -> list[torch.Tensor]:
        """What is compared of some fields: their values, or their differences along both axes.

        Of errors those before the first row and column are zero, for there the field is `known`: so slopes
        see a constant, too.
        """
        found = []
        for k in group:
            values = fields[:, k]
            if self._slopes[k]:
                tall, wide = ((0, 0, 1, 0), (1, 0)) if known else ((0, 0), (0, 0))
                found += [
                    functional.pad(values, tall).diff(dim=1),
                    functional.pad(values, wide).diff(dim=2),
                ]
            else:
                found.append(values)
        return found

    def _unit(self, group: list[int]) -> float:
        """Deviation of what is compared."""
        if not any(self._slopes[k] for k in group):
            return 1.0
        parts = self._seen(group, self._own.fields[:256], known=False)
        return float(torch.cat([part.square().flatten() for part in parts]).mean().sqrt()) or 1.0


def _squares(parts: list[torch.Tensor]) -> torch.Tensor:
    """(batch,) sums of squares."""
    return torch.stack([part.square().sum(dim=(1, 2)) for part in parts]).sum(dim=0)
