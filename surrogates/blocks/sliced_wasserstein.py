"""How far two clouds of points are apart, seen along many lines: its slopes lead one to the other."""

from __future__ import annotations

import torch

__all__ = ["sliced_wasserstein"]


def sliced_wasserstein(
    one: torch.Tensor, other: torch.Tensor, *, lines: int = 64, generator: torch.Generator | None = None
) -> torch.Tensor:
    """The squared Wasserstein distance along random lines, in the mean, times the numbers of a point: ().

    For clouds (points, numbers) of as many points. Along a line the best transport is to sort. A cloud that
    was shifted is as far as the square of the shift, in the mean over draws. Of two finite clouds from the
    same distribution it is not zero, but falls as they grow.
    Reference: Bonneel, Rabin, Peyre & Pfister 2015, doi:10.1007/s10851-014-0506-3.

    Arguments:
        lines: how many are drawn, on the CPU, from `generator`.

    Raises `ValueError` for clouds of different shapes and for no lines.
    """
    if one.shape != other.shape or lines < 1:
        raise ValueError(
            f"clouds must have as many points and there must be lines, got {tuple(one.shape)}, "
            f"{tuple(other.shape)} and {lines}"
        )
    numbers = one.shape[1]
    drawn = torch.randn(numbers, lines, generator=generator, dtype=one.dtype).to(one.device)
    directions = drawn / drawn.norm(dim=0)
    first, second = (torch.sort(cloud @ directions, dim=0).values for cloud in (one, other))
    return numbers * (first - second).square().mean()
