"""Samples in groups about their means."""

from __future__ import annotations

import torch

__all__ = ["k_means", "spread_start"]

_AT_ONCE = 2**24
"""Numbers in the table of distances that is made at once."""


def spread_start(samples: torch.Tensor, *, clusters: int, generator: torch.Generator) -> torch.Tensor:
    """(samples, features) -> as many of them as there are to be clusters, far apart: (clusters, features).

    Each next one is drawn with a chance that goes with the square of its distance from the nearest so far
    (k-means++), which bounds how far from the best grouping the end can lie. Raises `ValueError` where there
    are fewer samples than clusters.

    Reference: Arthur & Vassilvitskii 2007, doi:10.5555/1283383.1283494.
    """
    if not 1 <= clusters <= len(samples):
        raise ValueError(f"clusters must lie between 1 and the {len(samples)} samples, got {clusters}")
    chosen = [int(torch.randint(len(samples), (1,), generator=generator))]
    nearest = (samples - samples[chosen[0]]).square().sum(dim=1)
    while len(chosen) < clusters:
        # on the CPU in double precision, so that the draw depends neither on device nor on rounding
        reached = nearest.double().cpu().cumsum(dim=0)
        drawn = torch.rand(1, generator=generator, dtype=torch.float64) * reached[-1]
        place = int(torch.searchsorted(reached, drawn, right=True).clamp(max=len(samples) - 1))
        chosen.append(place)
        nearest = torch.minimum(nearest, (samples - samples[place]).square().sum(dim=1))
    return samples[chosen].clone()


def k_means(
    samples: torch.Tensor, start: torch.Tensor, *, iterations: int = 100
) -> tuple[torch.Tensor, torch.Tensor]:
    """(samples, features) and first centres (clusters, features) -> centres, and (samples,) to which each
    belongs.

    Every sample goes to the nearest centre, every centre to the mean of its samples, until none changes its
    place or so many times (Lloyd's algorithm): a minimum of the squared distances, not always the least. A
    centre that is nearest to none takes the sample that is farthest from its own. Where several clusters are
    natural but the start missed one, it ends with two centres in another: start anew with another seed.

    Reference: Lloyd 1982, doi:10.1109/TIT.1982.1056489.
    """
    centres, members = start.clone(), torch.full((len(samples),), -1, device=samples.device)
    for _ in range(iterations):
        distances, nearest = _nearest(samples, centres)
        if torch.equal(nearest, members):
            break
        members = nearest
        counts = torch.bincount(members, minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, members, samples)
        centres = sums / counts.clamp(min=1)[:, None].to(sums.dtype)
        empty = torch.nonzero(counts == 0).flatten()
        if len(empty):
            centres[empty] = samples[distances.topk(len(empty)).indices]
    return centres, _nearest(samples, centres)[1]


def _nearest(samples: torch.Tensor, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(samples,) squared distances to the nearest centre, and which that is."""
    sizes = 0.5 * centres.square().sum(dim=1)
    rows = max(1, _AT_ONCE // len(centres))
    found = [(sizes - some @ centres.mT).min(dim=1) for some in samples.split(rows)]
    least = torch.cat([part.values for part in found])
    distances = 2 * least + samples.square().sum(dim=1)
    return distances, torch.cat([part.indices for part in found])
