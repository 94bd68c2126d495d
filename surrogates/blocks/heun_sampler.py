"""From noise to samples of the data that a denoiser knows: an ordinary differential equation, or nearly."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch

__all__ = ["noise_levels", "sampled"]

Denoise = Callable[[torch.Tensor, float], torch.Tensor]


def noise_levels(steps: int, *, smallest: float, largest: float, bend: float = 7.0) -> torch.Tensor:
    """(steps + 1,) falling levels of noise, from `largest` to `smallest` and then 0, in double precision.

    Steps are shorter where noise is weaker, and more so the higher `bend`. Raises ValueError for no step, or
    levels that are not positive and in this order.
    """
    if steps < 1 or not 0 < smallest < largest or not bend > 0:
        raise ValueError(
            "steps must be at least 1, bend positive and 0 < smallest < largest, got "
            f"{steps}, {bend}, {smallest} and {largest}"
        )
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    ends = largest ** (1 / bend), smallest ** (1 / bend)
    return torch.cat([(ends[0] + ramp * (ends[1] - ends[0])) ** bend, torch.zeros(1, dtype=torch.float64)])


def sampled(
    denoise: Denoise,
    start: torch.Tensor,
    levels: torch.Tensor,
    *,
    second_order: bool = True,
    churn: float = 0.0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Follow dx / d level = (x - denoise(x, level)) / level from the first level to the last.

    `start` is noise whose deviation is the first level. Without churn each start has one end, so ends are as
    many and as different as starts. By Heun's method, whose last step, to a level of 0, is Euler's; or all by
    Euler's, which asks half as often. Its error falls as the square of the steps' lengths, or as these.

    With churn, noise is added before each step and taken away by it: up to `churn` over the number of steps,
    relative to the level, and never more than a factor of the root of 2. That mends errors of earlier steps,
    and makes others. Noise comes from `generator`, on the CPU.

    Algorithm 2 of Karras, Aittala, Aila & Laine 2022 (arXiv:2206.00364).

    Arguments:
        denoise: (field, level) -> the mean of the data given that field, which has noise of that level.
        start: any shape.
        levels: falling, as `noise_levels` gives them.
    Raises ValueError where levels do not fall, or churn has no generator.
    """
    if len(levels) < 2 or not (levels.diff() < 0).all() or levels[-1] < 0:
        raise ValueError(f"levels must fall and not below 0, two at least; got {levels.tolist()}")
    if churn and generator is None:
        raise ValueError("churn adds noise: give a generator, or leave churn at 0")
    more = math.sqrt(2) if churn > (len(levels) - 1) * (math.sqrt(2) - 1) else 1 + churn / (len(levels) - 1)
    field = start
    for here, there in itertools.pairwise(levels.tolist()):
        if churn:
            noise = torch.randn(field.shape, generator=generator, dtype=field.dtype).to(field.device)
            field, here = field + here * math.sqrt(more**2 - 1) * noise, here * more
        slope = (field - denoise(field, here)) / here
        ahead = field + (there - here) * slope
        if second_order and there > 0:
            later = (ahead - denoise(ahead, there)) / there
            ahead = field + (there - here) * 0.5 * (slope + later)
        field = ahead
    return field
