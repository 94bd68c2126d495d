"""The linear part of an evolution on a periodic grid, found by regression in each Fourier mode.

A network that has to learn stiff linear decay and fast linear waves besides the nonlinearity spends its
accuracy on them. Here both are solved for in closed form, with no knowledge of the equation: for every wave
vector the matrix that best maps the modes of one frame onto those of the next. The network learns the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch

from ..datasets.tasks import Trajectories
from .surrogate import SurrogateError

__all__ = ["LinearPart"]

_RIDGE = 1e-14
"""Of the mean power per mode: modes that hold nothing but round-off are damped, not amplified."""
_SMALLEST = 1e-10
"""Of a channel's deviation: a remainder below this is round-off, and nothing is gained by learning it."""
_CONSERVED = 1e-6
"""Of a channel's deviation: a spatial mean that drifts less is taken as conserved (float32 sets included)."""

Normalise = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, eq=False)
class LinearPart:
    """Per wave vector: the linear map of one interval, and how large that which it leaves is.

    All are on the CPU in double precision, in units of normalised states.

    Attributes:
        propagator: (channels, channels, *modes) complex.
        filter: (channels, *modes) between 0 and 1: r / (r + floor) with r the amplitude of the remainder in
            this mode relative to the largest. What a network adds passes through it, so that it cannot fill
            modes that the data hardly use; there it would feed on itself until the forecast blows up.
            Exactly 0 for the mean of a channel whose mean is conserved.
        remainder: (channels,) standard deviation of what the linear map leaves.
    """

    propagator: torch.Tensor
    filter: torch.Tensor
    remainder: torch.Tensor

    @classmethod
    def measure(
        cls,
        examples: Trajectories,
        normalise: Normalise,
        *,
        linear: bool = True,
        conserve_mean: bool | None = None,
        filter_floor: float = 1e-3,
    ) -> LinearPart:
        """Read the trajectories twice, one at a time in memory.

        With `linear` False the propagator is the identity, and the remainder the increment. `conserve_mean`
        None means: for the channels whose spatial mean is constant along every training trajectory.
        """
        channels, *grid = examples.frame_shape
        axes = tuple(range(-len(grid), 0))
        eye = torch.eye(channels, dtype=torch.complex128)
        power = cross = torch.zeros(())
        drift = torch.zeros(channels, dtype=torch.float64)
        pairs = 0
        for states in _states(examples, normalise):
            means = states.mean(dim=axes)
            drift = torch.maximum(drift, (means - means[0]).abs().amax(dim=0))
            modes = torch.fft.rfftn(states, dim=axes)
            before, after = modes[:-1], modes[1:]
            power = power + torch.einsum("ti...,tj...->...ij", before, before.conj())
            cross = cross + torch.einsum("ti...,tj...->...ij", after, before.conj())
            pairs += len(before)
        if not pairs or not power.any():
            raise SurrogateError(
                "nothing varies in the training trajectories, or they have one frame: a step is learned from "
                "frames that follow one another; generate longer trajectories, or others"
            )
        if linear:
            scale = power.diagonal(dim1=-2, dim2=-1).real.mean()
            # P power = cross, power being Hermitian
            solved = torch.linalg.solve(power + _RIDGE * scale * eye, cross.mH).mH
            propagator = solved.movedim((-2, -1), (0, 1)).resolve_conj().contiguous()
        else:
            shape = (channels, channels, *power.shape[:-2])
            propagator = eye.reshape(channels, channels, *[1] * len(grid)).expand(shape).clone()
        conserved = drift < _CONSERVED if conserve_mean is None else torch.full_like(drift, conserve_mean) > 0
        # flattened, mode 0 is the mean
        propagator.flatten(2)[conserved, :, 0] = eye[conserved]

        spectrum = torch.zeros(propagator.shape[1:], dtype=torch.float64)
        total = torch.zeros(channels, dtype=torch.float64)
        for states in _states(examples, normalise):
            modes = torch.fft.rfftn(states, dim=axes)
            left = modes[1:] - apply_modes(propagator, modes[:-1])
            spectrum += left.abs().square().sum(dim=0)
            physical = torch.fft.irfftn(left, s=tuple(grid), dim=axes)
            total += physical.square().mean(dim=axes).sum(dim=0)
        remainder = (total / pairs).sqrt().clamp(min=_SMALLEST)
        amplitude = spectrum.sqrt()
        relative = amplitude / amplitude.amax(dim=axes, keepdim=True).clamp(min=1e-300)
        passed = relative / (relative + filter_floor) if filter_floor > 0 else torch.ones_like(relative)
        passed.flatten(1)[conserved, 0] = 0.0
        return cls(propagator, passed, remainder)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights; the complex numbers as pairs."""
        return {
            "linear.propagator": torch.view_as_real(self.propagator),
            "linear.filter": self.filter,
            "linear.remainder": self.remainder,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> LinearPart:
        """Undoes `tensors`."""
        return cls(
            torch.view_as_complex(tensors["linear.propagator"].cpu().contiguous()),
            tensors["linear.filter"].cpu(),
            tensors["linear.remainder"].cpu(),
        )


def apply_modes(propagator: torch.Tensor, modes: torch.Tensor) -> torch.Tensor:
    """Mix channels in every mode: (out, in, *modes) on (batch, in, *modes) -> (batch, out, *modes)."""
    if propagator.shape[1] == 1:
        return propagator[:, 0] * modes
    return (propagator * modes[:, None]).sum(dim=2)


def _states(examples: Trajectories, normalise: Normalise) -> Iterator[torch.Tensor]:
    for i in range(len(examples)):
        yield normalise(torch.from_numpy(examples[i]))
