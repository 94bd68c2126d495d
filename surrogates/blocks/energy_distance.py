"""How unlike two clouds of points are, as distributions: no point need be the other's."""

from __future__ import annotations

import torch

__all__ = ["inhomogeneity"]


def inhomogeneity(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The energy distance 2 E|x - y| - E|x - x'| - E|y - y'| as a share of 2 E|x - y|: () from 0 to 1.

    Of clouds (points, numbers), which may have different numbers of points: 0 for the same distribution, 1
    for two places. With each point's distance to itself, so that it is never negative; of two finite clouds
    from the same distribution it is about the inverse of their size.
    Reference: Szekely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
    """
    between = torch.cdist(one, other).mean()
    within = torch.cdist(one, one).mean() + torch.cdist(other, other).mean()
    return (1 - 0.5 * within / between.clamp(min=torch.finfo(one.dtype).tiny)).clamp(min=0)
