"""The shortest way from one normal distribution to another."""

from __future__ import annotations

import torch

__all__ = ["monge_map", "roots"]


def monge_map(given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """The symmetric map A with A given A = wanted, of covariances (numbers, numbers), which moves least.

    Among all maps that carry centred normal numbers of covariance `given` to those of covariance `wanted`,
    x -> A x has the least mean square of A x - x. It is positive, so it turns nothing: where regimes differ
    by a rotation it finds another map that carries the one to the other. Directions in which `given` does
    not vary are mapped to zero.
    Reference: Gelbrich 1990, doi:10.1002/mana.19901470121; Peyre & Cuturi 2019 (arXiv:1803.00567), 2.6.
    """
    root, inverse = roots(given)
    middle, _ = roots(root @ wanted @ root)
    return inverse @ middle @ inverse


def roots(covariance: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The symmetric square root of a covariance, and its inverse: zero along what does not vary."""
    values, vectors = torch.linalg.eigh(covariance)
    least = 1e-12 * values[-1].clamp(min=torch.finfo(values.dtype).tiny)
    deviation = values.clamp(min=0).sqrt()
    inverse = torch.where(values > least, deviation.clamp(min=1e-150).reciprocal(), 0.0)
    return (vectors * deviation) @ vectors.mT, (vectors * inverse) @ vectors.mT
