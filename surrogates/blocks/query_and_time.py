"""A query put beside each of its times."""

from __future__ import annotations

import torch

__all__ = ["beside"]


def beside(query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
    """(batch, query) and (batch or 1, m) or (batch or 1, m, features) -> (batch, m, query + features).

    Without times: (batch, 1, query).

    >>> beside(torch.zeros(5, 2), torch.zeros(1, 7)).shape
    torch.Size([5, 7, 3])
    """
    if time is None:
        return query[:, None]
    features = time if time.ndim == 3 else time[..., None]
    samples, times = len(query), features.shape[1]
    return torch.cat(
        [query[:, None].expand(-1, times, -1), features.expand(samples, -1, -1)],
        dim=-1,
    )
