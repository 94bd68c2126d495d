"""A critic of periodic fields: is this one real, or made?"""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from .periodic_convolution import PeriodicConvolution

__all__ = ["Discriminator"]


class Discriminator(nn.Module):
    """(batch, inputs, *grid) -> (batch,): the mean over all places of a local verdict.

    Trained by the logistic loss on real fields of density p and made ones of density q it approaches
    log(p / q), so that its sigmoid is p / (p + q) (Goodfellow et al. 2014, arXiv:1406.2661). It judges
    textures, as wide as its kernels together, and not whole fields (Isola et al. 2017, arXiv:1611.07004); it
    knows no place from another. Its slopes are smooth, as a gradient penalty needs them. Left alone it may
    become so steep that it teaches nothing more: give it a penalty, or bound it.

    Arguments:
        dimensions: 1, 2 or 3 axes of space.
        inputs: channels; what a field is conditioned on may be some of them.
        channels, width, layers: of the convolutions.
        bounded: divide each kernel, as a matrix of its outputs against all else, by its largest singular
            value (Miyato et al. 2018, arXiv:1802.05957).
    Raises `ValueError` for no layer.
    """

    def __init__(
        self,
        *,
        dimensions: int,
        inputs: int,
        channels: int = 16,
        width: int = 5,
        layers: int = 3,
        bounded: bool = False,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"a discriminator needs at least 1 layer, got {layers}")
        widths = [inputs, *[channels] * layers]
        convolutions: list[nn.Module] = [
            PeriodicConvolution(dimensions=dimensions, inputs=before, outputs=after, width=width)
            for before, after in itertools.pairwise(widths)
        ]
        verdict: nn.Module = PeriodicConvolution(dimensions=dimensions, inputs=channels, outputs=1, width=1)
        if bounded:
            convolutions = [spectral_norm(one) for one in convolutions]
            verdict = spectral_norm(verdict)
        hidden = itertools.chain.from_iterable((one, nn.SiLU()) for one in convolutions)
        self.layers = nn.Sequential(*hidden, verdict)

    def forward(self, field: torch.Tensor) -> torch.Tensor:
        """(batch, inputs, *grid) -> (batch,)"""
        local: torch.Tensor = self.layers(field)
        return local.flatten(1).mean(dim=1)
