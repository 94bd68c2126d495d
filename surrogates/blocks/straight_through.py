"""What is rounded on the way forth and not on the way back."""

from __future__ import annotations

import torch

__all__ = ["straight_through"]


def straight_through(rounded: torch.Tensor, smooth: torch.Tensor) -> torch.Tensor:
    """The value of `rounded`, and the gradient of `smooth`.

    The slope of a step is zero almost everywhere, so that nothing before it would learn. Where `rounded` is
    `smooth` rounded to a whole number, or cut to one, the value is exact: both differences are.

    Bengio, Leonard & Courville 2013 (arXiv:1308.3432).
    """
    return smooth + (rounded - smooth).detach()
