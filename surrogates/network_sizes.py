"""Sizes of networks that make no sense, refused in the words of whoever gave them."""

from __future__ import annotations

from collections.abc import Sequence

from .surrogate import SurrogateError

__all__ = ["refuse_modes", "refuse_token_sizes"]


def refuse_modes(modes: int, grid: Sequence[int]) -> None:
    """Raise `SurrogateError` for modes that a grid does not carry."""
    most = (min(grid) - 1) // 2
    if not 1 <= modes <= most:
        raise SurrogateError(
            f"the grid {tuple(grid)} carries 1 to {most} modes along each axis, got {modes}; choose fewer "
            "modes or a finer grid"
        )


def refuse_token_sizes(patch: int, width: int, heads: int, blocks: int, expansion: int) -> None:
    """Raise `SurrogateError` for sizes of a transformer that make no sense."""
    if min(patch, width, heads, blocks, expansion) < 1 or width % heads:
        raise SurrogateError(
            "patch, width, heads, blocks and expansion must be at least 1, and the heads divide the width; "
            f"got {patch}, {width}, {heads}, {blocks} and {expansion}"
        )
