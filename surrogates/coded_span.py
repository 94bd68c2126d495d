"""Coordinates of what is asked where some of it are codes: numbers on their span, codes by their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from .affine_span import AffineSpan
from .categories import Categories

__all__ = ["CodedSpan"]


@dataclass(frozen=True, eq=False)
class CodedSpan:
    """Named inputs -> coordinates on the affine span of the numbers, then the place of each code in its list.

    It is to a query with categories what `AffineSpan` is to one without; a network embeds the last columns.

    Attributes:
        span: of the numbers alone.
        categories: of the codes.
    """

    span: AffineSpan
    categories: Categories

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the numbers."""
        return self.span.shapes

    @property
    def coordinates(self) -> int:
        """Of numbers and codes together."""
        return self.span.coordinates + len(self.categories)

    def flatten(self, fields: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Side by side: (batch, numbers + codes). `SurrogateError` for other shapes and unknown codes."""
        return torch.cat([self.span.flatten(fields), self.categories.places(fields)], dim=1)

    def encode(self, flat: torch.Tensor) -> torch.Tensor:
        """(..., numbers + codes) -> (..., coordinates)"""
        numbers, codes = self._parted(flat)
        return torch.cat([self.span.encode(numbers), codes], dim=-1)

    def refuse_off(self, flat: torch.Tensor) -> None:
        """See `AffineSpan`."""
        self.span.refuse_off(self._parted(flat)[0])

    def tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """See `AffineSpan`; the codes are no tensors."""
        return self.span.tensors(prefix)

    def _parted(self, flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        numbers = flat.shape[-1] - len(self.categories)
        return flat[..., :numbers], flat[..., numbers:]
