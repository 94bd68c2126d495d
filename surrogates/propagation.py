"""One interval of an evolution: an exact linear part in Fourier space, and a network for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from .blocks.spectral_resampling import extend_modes, restrict_modes
from .linear_part import LinearPart, apply_modes
from .surrogate import SurrogateError

__all__ = ["Propagation", "SteppingSettings", "refuse_wide"]


@dataclass(frozen=True)
class SteppingSettings:
    """How a stepper is put together and what its loss looks at.

    Attributes:
        unroll: autoregressive steps in the loss.
        input_noise: white noise on the first frame of the loss, in standard deviations of the state.
        linear: solve for the linear part in each Fourier mode before training; else the network learns the
            whole increment.
        conserve_mean: keep the network from changing the spatial mean; None: where it is constant in the
            training data.
        filter_floor: how strongly the network is kept out of Fourier modes that the data hardly use: it is
            halved where the remainder's amplitude is this fraction of its largest. 0 for no filter.
        coarsen: the network works on a grid with so many times fewer points along each axis.
    """

    unroll: int = 1
    input_noise: float = 1e-4
    linear: bool = True
    conserve_mean: bool | None = None
    filter_floor: float = 1e-3
    coarsen: int = 1

    def __post_init__(self) -> None:
        if self.unroll < 1 or self.coarsen < 1 or self.input_noise < 0 or self.filter_floor < 0:
            raise SurrogateError(
                "unroll and coarsen must be at least 1, input_noise and filter_floor at least 0; "
                f"got {self.unroll}, {self.coarsen}, {self.input_noise}, {self.filter_floor}"
            )

    def coarse(self, grid: Sequence[int]) -> tuple[int, ...]:
        """The grid on which the network works."""
        if any(points % self.coarsen or points // self.coarsen < 4 for points in grid):
            raise SurrogateError(
                f"coarsen ({self.coarsen}) must divide the points of the grid {tuple(grid)} and leave at "
                "least 4 along each axis"
            )
        return tuple(points // self.coarsen for points in grid)


def refuse_wide(width: int, coarse: Sequence[int]) -> None:
    """Raise `SurrogateError` for kernels that would wrap around a periodic grid more than once."""
    if width // 2 > min(coarse):
        raise SurrogateError(
            f"kernels of {width} points wrap around the (coarse) grid {tuple(coarse)} more than once; lower "
            "width or stepping.coarsen"
        )


class Propagation(nn.Module):
    """state -> P state + filter * remainder * network(state), on normalised states.

    P (the propagator) and the filter act on Fourier modes and are not trained; the network is given the state
    on the coarse grid. A network that answers zero leaves exactly the linear part.
    """

    def __init__(self, network: nn.Module, linear: LinearPart, *, grid: Sequence[int], coarse: Sequence[int]):
        super().__init__()
        self.network = network
        self.linear = linear
        self.grid, self.coarse = tuple(grid), tuple(coarse)
        self.axes = tuple(range(-len(self.grid), 0))
        self._prepared: tuple[torch.Tensor, torch.Tensor] | None = None

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid), normalised, one interval on."""
        modes = self.modes(state)
        return self.advance(modes, self.network(self.seen(state, modes)))

    def modes(self, state: torch.Tensor) -> torch.Tensor:
        """(batch, channels, *grid) -> (batch, channels, *modes)"""
        return torch.fft.rfftn(state, dim=self.axes)

    def seen(self, state: torch.Tensor, modes: torch.Tensor) -> torch.Tensor:
        """What the network is given of a state and its modes: (batch, channels, *coarse)."""
        if self.coarse == self.grid:
            return state
        fewer = restrict_modes(modes, self.grid, self.coarse)
        return torch.fft.irfftn(fewer, s=self.coarse, dim=self.axes)

    def advance(self, modes: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
        """The state one interval on, from its modes and the network's answer (batch, channels, *coarse)."""
        propagator, passed = self._prepare(answer)
        learned = torch.fft.rfftn(answer, dim=self.axes)
        if self.coarse != self.grid:
            learned = extend_modes(learned, self.coarse, self.grid)
        following = apply_modes(propagator, modes) + passed * learned
        return torch.fft.irfftn(following, s=self.grid, dim=self.axes)

    def _prepare(self, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Propagator and filter on the state's device and in its precision, kept until either changes."""
        if (
            self._prepared is None
            or self._prepared[1].device != state.device
            or self._prepared[1].dtype != state.dtype
        ):
            column = self.linear.remainder.reshape(-1, *[1] * len(self.grid))
            self._prepared = (
                self.linear.propagator.to(state.device, state.dtype.to_complex()),
                (self.linear.filter * column).to(state.device, state.dtype),
            )
        return self._prepared
