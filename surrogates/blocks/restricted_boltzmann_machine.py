"""A restricted Boltzmann machine of units +1 and -1, whose weights may follow a condition."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BoltzmannWeights", "RestrictedBoltzmannMachine", "log_double_cosh"]

MOST = 20
"""Units of a layer over whose states is summed."""


@dataclass(frozen=True, eq=False)
class BoltzmannWeights:
    """The machine at some conditions: P(v, h) ~ exp(v b + v W h + h c), visible v and hidden h of +1 and -1.

    There are no connections within a layer: given one, the units of the other are independent, and so a
    whole layer is drawn at once (block Gibbs).

    Attributes:
        visible: (..., visible) b.
        hidden: (..., hidden) c.
        coupling: (..., visible, hidden) W. The leading axes are those of the conditions.
    """

    visible: torch.Tensor
    hidden: torch.Tensor
    coupling: torch.Tensor

    def free_energy(self, v: torch.Tensor) -> torch.Tensor:
        """(..., copies, visible) -> (..., copies): -log of the sum over h of exp(v b + v W h + h c)."""
        field = v @ self.coupling + self.hidden[..., None, :]
        return -(v @ self.visible[..., None])[..., 0] - log_double_cosh(field).sum(dim=-1)

    def gibbs(self, v: torch.Tensor, steps: int, generator: torch.Generator) -> torch.Tensor:
        """(..., copies, visible) after so many steps, each of which draws the hidden layer and then this.

        Random numbers are drawn on the CPU, so that they do not depend on the device.
        """
        back = self.coupling.mT
        for _ in range(steps):
            h = _drawn(v @ self.coupling + self.hidden[..., None, :], generator)
            v = _drawn(h @ back + self.visible[..., None, :], generator)
        return v

    def contrastive_loss(self, data: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Mean free energy of the data less that of what the machine draws, (..., copies, visible) each: of
        use for its gradient alone.
        """
        return self.free_energy(data).mean() - self.free_energy(drawn).mean()

    def detached(self) -> BoltzmannWeights:
        """The same numbers, through which no gradient goes."""
        return BoltzmannWeights(self.visible.detach(), self.hidden.detach(), self.coupling.detach())

    def log_partition(self) -> torch.Tensor:
        """(...) log of the sum over all states, exact: over those of the smaller layer, and of the other at
        once. Raises `ValueError` where both layers have more than 20 units.
        """
        visible, hidden = self.coupling.shape[-2:]
        if min(visible, hidden) > MOST:
            raise ValueError(
                f"states of up to {MOST} units can be summed over, got layers of {visible} and {hidden}"
            )
        turned = self if visible <= hidden else BoltzmannWeights(self.hidden, self.visible, self.coupling.mT)
        units = min(visible, hidden)
        device = self.coupling.device
        bits = (torch.arange(2**units, device=device)[:, None] >> torch.arange(units, device=device)) & 1
        return (-turned.free_energy((2 * bits - 1).to(self.coupling.dtype))).logsumexp(dim=-1)

    def binary(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same machine of units 0 and 1: visible and hidden biases, couplings, and what its free energy
        is more than this one's, (...). Libraries such as scikit-learn know those.
        """
        rows, columns = self.coupling.sum(dim=-1), self.coupling.sum(dim=-2)
        more = self.coupling.sum(dim=(-2, -1)) - self.visible.sum(dim=-1) - self.hidden.sum(dim=-1)
        return 2 * (self.visible - rows), 2 * (self.hidden - columns), 4 * self.coupling, more


class RestrictedBoltzmannMachine(nn.Module):
    """Weights that are polynomials in a condition, a number from -1 to 1: b, c and W of `BoltzmannWeights`.

    With `grid`, a periodic one, the machine is the same after every shift: hidden units come in channels, one
    unit for each place of the grid, whose weights to the visible units depend on how far these are.

    Descend on the `contrastive_loss` of its weights, whose gradient is that of the negative log-likelihood
    where the copies that it is given are drawn from the machine. Chains that are never started anew but go on
    beside the descent, which moves slowly, stay near that (persistent contrastive divergence); chains started
    at the data and run for a few steps (contrastive divergence) are biased, and leave modes far from all data
    alone. Where modes are far apart neither mixes: keep weights small, or take chains at several conditions.

    References: Hinton 2002, doi:10.1162/089976602760128018; Tieleman 2008, doi:10.1145/1390156.1390290;
    Torlai & Melko 2016 (arXiv:1606.02718), on the Ising model.

    Arguments:
        visible: units; with a grid as many as places.
        hidden: units; with a grid channels.
        degree: of the polynomials; 0 where nothing depends on the condition.
        biased: without biases v and -v are alike.
        grid: along whose axes everything may be shifted; None for weights that are all free.
        scale: standard deviation of the first weights.
        generator: draws these.

    Raises `ValueError` for numbers that make no sense.
    """

    shifts: torch.Tensor | None

    def __init__(
        self,
        *,
        visible: int,
        hidden: int,
        generator: torch.Generator,
        degree: int = 0,
        biased: bool = True,
        grid: Sequence[int] | None = None,
        scale: float = 0.01,
    ) -> None:
        super().__init__()
        if visible < 1 or hidden < 1 or degree < 0 or not scale > 0:
            raise ValueError(
                "visible and hidden must be at least 1, degree at least 0 and scale positive, got "
                f"{visible}, {hidden}, {degree} and {scale}"
            )
        if grid is not None and math.prod(grid) != visible:
            raise ValueError(f"a grid of {tuple(grid)} has {math.prod(grid)} places, not {visible}")
        self.degree, self.units = degree, visible
        weights = scale * torch.randn(hidden, visible, generator=generator, dtype=torch.float64)
        first = torch.zeros(degree + 1, hidden, visible, dtype=torch.float32)
        first[0] = weights
        self.kernels = nn.Parameter(first)
        shape = (degree + 1, visible if grid is None else 1)
        self.visible = nn.Parameter(torch.zeros(shape)) if biased else None
        self.hidden = nn.Parameter(torch.zeros(degree + 1, hidden)) if biased else None
        self.register_buffer("shifts", None if grid is None else _shifts(grid), persistent=False)

    def at(self, condition: torch.Tensor) -> BoltzmannWeights:
        """(...) -> the weights at these conditions."""
        powers = condition[..., None] ** torch.arange(self.degree + 1, device=condition.device)
        powers = powers.to(self.kernels.dtype)
        kernels: torch.Tensor = self.kernels
        places = 1
        if self.shifts is not None:
            places = self.units
            # (degree + 1, channels, places of the hidden unit, of the visible unit)
            kernels = kernels[..., self.shifts].flatten(1, 2)
        coupling = torch.tensordot(powers, kernels, dims=1).mT
        shape = condition.shape
        if self.visible is None or self.hidden is None:
            nothing = coupling.new_zeros(())
            return BoltzmannWeights(
                nothing.expand(*shape, self.units), nothing.expand(*shape, coupling.shape[-1]), coupling
            )
        visible = (powers @ self.visible).expand(*shape, self.units)
        return BoltzmannWeights(visible, (powers @ self.hidden).repeat_interleave(places, dim=-1), coupling)


def log_double_cosh(x: torch.Tensor) -> torch.Tensor:
    """log(2 cosh x), which never overflows."""
    size = x.abs()
    return size + functional.softplus(-2 * size)


def _drawn(field: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """+1 with the chance 1 / (1 + exp(-2 field)), else -1."""
    random = torch.rand(field.shape, generator=generator, dtype=field.dtype).to(field.device)
    return torch.where(random < torch.sigmoid(2 * field), 1.0, -1.0).to(field.dtype)


def _shifts(grid: Sequence[int]) -> torch.Tensor:
    """(places, places): which place the second is as seen from the first, on a periodic grid."""
    places = torch.cartesian_prod(*(torch.arange(points) for points in grid)).reshape(-1, len(grid))
    apart = (places[None] - places[:, None]) % torch.tensor(tuple(grid))
    strides = torch.tensor([math.prod(grid[i + 1 :]) for i in range(len(grid))])
    return (apart * strides).sum(dim=-1)
