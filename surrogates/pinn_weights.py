"""Weights for the terms of a loss, and for its points: so that none drowns another, and none runs ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from .pinn_loss import Term
from .pinn_network import CoordinateNetwork

__all__ = ["causal", "gradient_norms", "kernel_traces"]

PROBES = 16
"""Random signs by which a trace is estimated."""


def gradient_norms(
    network: CoordinateNetwork, terms: Mapping[str, Term], parameters: Sequence[torch.Tensor], *, seed: int
) -> dict[str, float]:
    """Weights with which the gradients of all terms are as long as their mean.

    Wang, Teng & Perdikaris, SIAM J. Sci. Comput. 43 (2021), doi:10.1137/20M1318043.
    """
    norms = {name: _length(term.value(network), parameters) for name, term in terms.items()}
    return _inverse(norms)


def kernel_traces(
    network: CoordinateNetwork, terms: Mapping[str, Term], parameters: Sequence[torch.Tensor], *, seed: int
) -> dict[str, float]:
    """Weights with which the neural tangent kernels of all terms have the same mean on their diagonal: then
    all fall equally fast at first. The traces are estimated by random signs (Hutchinson).

    Wang, Yu & Perdikaris, J. Comput. Phys. 449 (2022), doi:10.1016/j.jcp.2021.110768.
    """
    generator, traces = torch.Generator().manual_seed(seed), {}
    for name, term in terms.items():
        found = 0.0
        for _ in range(PROBES):
            residuals = term.residuals(network).values()
            signs = [torch.randint(0, 2, r.shape, generator=generator).to(r) * 2 - 1 for r in residuals]
            parts = [(s * r).sum() for s, r in zip(signs, residuals, strict=True)]
            found += _length(sum(parts[1:], parts[0]), parameters) ** 2 / len(signs[0]) / PROBES
        traces[name] = found
    return _inverse(traces)


def causal(squares: torch.Tensor, times: torch.Tensor, *, tolerance: float, slices: int) -> torch.Tensor:
    """(points,) weights that open a slice of time when what came before it is solved: exp(-tolerance times
    the sum of the mean squares of all slices before).

    Wang, Sankaran & Perdikaris, Comput. Methods Appl. Mech. Eng. 421 (2024), doi:10.1016/j.cma.2024.116813.
    """
    low, high = times.min(), times.max()
    share = (times - low) / (high - low).clamp_min(1e-300)
    slice_of = (share * slices).long().clamp_max(slices - 1)
    sums = squares.new_zeros(slices).index_add_(0, slice_of, squares)
    counts = squares.new_zeros(slices).index_add_(0, slice_of, torch.ones_like(squares))
    means = sums / counts.clamp_min(1)
    before = torch.cumsum(means, 0) - means
    return torch.exp(-tolerance * before)[slice_of]


def _length(value: torch.Tensor, parameters: Sequence[torch.Tensor]) -> float:
    slopes = torch.autograd.grad(value, parameters, allow_unused=True)
    return float(sum(float(s.detach().square().sum()) for s in slopes if s is not None) ** 0.5)


def _inverse(sizes: Mapping[str, float]) -> dict[str, float]:
    mean = sum(sizes.values()) / len(sizes)
    return {name: mean / max(size, 1e-30) for name, size in sizes.items()}
