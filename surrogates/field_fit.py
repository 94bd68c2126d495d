"""How wrong the fields of a network are: what its training makes small."""

from __future__ import annotations

import torch
from torch import nn

from .field_scaling import Encoded, FieldScaling

__all__ = ["FieldFit"]

SHARE = 0.2
"""Of the values beside the slopes, which do not see a constant."""


class FieldFit:
    """The objective: errors of all fields and numbers, each in units of its own deviation."""

    def __init__(self, own: Encoded, judged: Encoded, *, scaling: FieldScaling) -> None:
        self._own, self._judged, self._settings = own, judged, scaling.settings
        self._scaling = scaling
        single = scaling.to(own.given.device, torch.float32)
        self._offset = single.mean / single.scale[:, None, None]
        names = [name for name, shape in scaling.output_shapes.items() if shape]
        self._slopes = [name in self._settings.slopes for name in names]
        every = range(len(names))
        self._groups = [list(every)] if self._settings.together else [[k] for k in every]
        self._units = [self._unit(group) for group in self._groups]

    @property
    def examples(self) -> int:
        """Pairs."""
        return len(self._own.given)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `FieldSettings`; the numbers' mean square error is added."""
        dtype = next(module.parameters()).dtype
        pairs = self._own.some(indices.to(self._own.given.device), dtype)
        fields, numbers = self._scaling.parted(module(pairs.given))
        total = (numbers - pairs.numbers).square().mean() if pairs.numbers.shape[1] else 0.0
        errors = fields - pairs.fields
        for group, unit in zip(self._groups, self._units, strict=True):
            parts = self._seen(group, errors)
            if self._settings.loss == "mae":
                one = torch.cat([part.abs().flatten() for part in parts]).mean() / unit
            elif self._settings.loss == "mse":
                one = torch.cat([part.square().flatten() for part in parts]).mean() / unit**2
            else:
                one = (_squares(parts) / self._whole(group, pairs)).sqrt().mean()
            total = total + one / len(self._groups)
        assert isinstance(total, torch.Tensor)
        return total

    def validate(self, module: nn.Module) -> float:
        """Median over the pairs of the root mean square error over the field's own, as the loss sees it; the
        mean over fields.
        """
        dtype, found = next(module.parameters()).dtype, []
        for first in range(0, len(self._judged.given), 64):
            pairs = self._judged.some(slice(first, first + 64), dtype)
            errors = self._scaling.parted(module(pairs.given))[0] - pairs.fields
            shares = [_squares(self._seen(g, errors)) / self._whole(g, pairs) for g in self._groups]
            found.append(torch.stack(shares).sqrt().mean(dim=0))
        return float(torch.cat(found).median())

    def _whole(self, group: list[int], pairs: Encoded) -> torch.Tensor:
        """(batch,) sums of squares of the fields themselves, their mean with them."""
        return _squares(self._seen(group, pairs.fields + self._offset.to(pairs.fields)))

    def _seen(self, group: list[int], fields: torch.Tensor) -> list[torch.Tensor]:
        """What is compared of some fields: their values, or their differences along both axes."""
        found = []
        for k in group:
            values = fields[:, k]
            if self._slopes[k]:
                found += [values.diff(dim=1), values.diff(dim=2), SHARE * values]
            else:
                found.append(values)
        return found

    def _unit(self, group: list[int]) -> float:
        """Deviation of what is compared."""
        if not any(self._slopes[k] for k in group):
            return 1.0
        parts = self._seen(group, self._own.fields[:256])
        return float(torch.cat([part.square().flatten() for part in parts]).mean().sqrt()) or 1.0


def _squares(parts: list[torch.Tensor]) -> torch.Tensor:
    """(batch,) sums of squares."""
    return torch.stack([part.square().sum(dim=(1, 2)) for part in parts]).sum(dim=0)
