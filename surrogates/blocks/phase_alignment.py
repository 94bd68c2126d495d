"""Where a field stands on its periodic line, told apart from its shape."""

from __future__ import annotations

import torch

__all__ = ["aligned", "shifted"]


def aligned(field: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(..., points) -> the field moved to where its first Fourier mode has phase zero, and that phase, (...).

    Two fields that differ by a translation come out alike, so that what learns from the first part need not
    learn every place anew: the slice of the first mode (Budanur, Cvitanovic, Davidchack & Siminos 2015,
    doi:10.1103/PhysRevLett.114.084102). The phase lies in [-pi, pi]; `shifted(shape, phase)` is the field
    again. Where the first mode vanishes the phase jumps by pi: shape and phase together stay continuous,
    each alone does not.
    """
    phase = torch.fft.rfft(field, dim=-1)[..., 1].angle()
    return shifted(field, -phase), phase


def shifted(field: torch.Tensor, phase: torch.Tensor) -> torch.Tensor:
    """(..., points) moved along its line so that its first Fourier mode's phase grows by `phase`, (...).

    Every mode k turns by k times the phase. The highest mode of an even number of points, whose place is not
    known, stays as it is; so does the mean. To be undone by the opposite phase. Raises `ValueError` for
    fewer than three points, which have no first mode that can turn.
    """
    points = field.shape[-1]
    if points < 3:
        raise ValueError(f"a field needs at least 3 points to be moved, got {points}")
    modes = torch.fft.rfft(field, dim=-1)
    numbers = torch.arange(modes.shape[-1], device=field.device, dtype=field.dtype)
    if points % 2 == 0:
        numbers[-1] = 0
    turned = modes * torch.polar(torch.ones_like(phase)[..., None], phase[..., None] * numbers)
    return torch.fft.irfft(turned, n=points, dim=-1)
