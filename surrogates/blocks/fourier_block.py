"""What acts over the whole domain, mode by mode, beside what acts in each point."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from .periodic_convolution import PeriodicConvolution
from .spectral_convolution import SpectralConvolution

__all__ = ["FourierBlock"]


class FourierBlock(nn.Module):
    """x + mix(f(far(x) + near(x))): a spectral convolution beside a pointwise one: the same shape.

    The layer of Li et al. 2021, "Fourier neural operator" (arXiv:2010.08895), as a residual block: `mix`, a
    pointwise linear map that starts at zero, makes a new block the identity bit for bit.

    All linear parts are maps of functions: with the same weights a finer grid gives the same function, of
    waves that both grids carry. What breaks this is f: it makes waves shorter than those it is given, and
    those that the grid does not carry alias into longer ones. A GELU makes waves of any length; a gate, a
    product, doubles the highest wavenumber and no more, so it breaks nothing where the grid carries the
    double. Neither holds for a `width` above 1, which is counted in points.

    Arguments:
        grid: points along each axis, which wraps around.
        channels: in and out.
        modes: of the spectral convolution, which see.
        width: points of the kernel beside it along each axis; odd.
        gated: f is a product a (1 + b) of two linear maps (see `GatedConvolution`) in place of a GELU.
    Raises ValueError where the grid does not carry that many modes.
    """

    def __init__(
        self, *, grid: Sequence[int], channels: int, modes: int, width: int = 1, gated: bool = False
    ) -> None:
        super().__init__()
        self.gated = gated
        inner = 2 * channels if gated else channels
        self.far = SpectralConvolution(grid=grid, inputs=channels, outputs=inner, modes=modes)
        self.near = PeriodicConvolution(dimensions=len(grid), inputs=channels, outputs=inner, width=width)
        self.mix = PeriodicConvolution(
            dimensions=len(grid), inputs=channels, outputs=channels, width=1, zero=True
        )

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) -> the same shape"""
        hidden = self.far(field) + self.near(field)
        if self.gated:
            value, gate = hidden.chunk(2, dim=1)
            hidden = torch.addcmul(value, value, gate)
        else:
            hidden = functional.gelu(hidden)
        answer: torch.Tensor = field + self.mix(hidden)
        return answer
