"""Small whole numbers side by side in bytes, and out of them again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

__all__ = ["packed", "unpacked"]


def packed(codes: torch.Tensor, *, bits: int) -> torch.Tensor:
    """Whole numbers from 0 to 2^bits - 1, of any shape -> (bytes,) uint8, 8 / bits of them in each.

    The last byte is filled with zeros. Raises `ValueError` for other widths than 1, 2 and 4 bits, and for
    numbers that do not fit.

    >>> packed(torch.tensor([1, 0, 2, 3, 1]), bits=2).tolist()
    [225, 1]
    """
    each = _each(bits)
    if codes.numel() and not bool(((codes >= 0) & (codes < 2**bits)).all()):
        raise ValueError(
            f"codes of {bits} bits lie from 0 to {2**bits - 1}, got some from {codes.min()} to {codes.max()}"
        )
    flat = codes.flatten().to(torch.int64)
    rows = torch.cat([flat, flat.new_zeros(-len(flat) % each)]).reshape(-1, each)
    return (rows << (bits * torch.arange(each, device=codes.device))).sum(dim=1).to(torch.uint8)


def unpacked(stored: torch.Tensor, shape: Sequence[int], *, bits: int) -> torch.Tensor:
    """Undoes `packed`: (bytes,) uint8 -> uint8 of this shape."""
    places = (bits * torch.arange(_each(bits), device=stored.device)).to(torch.uint8)
    codes = (stored[:, None] >> places) & (2**bits - 1)
    return codes.flatten()[: math.prod(shape)].reshape(tuple(shape))


def _each(bits: int) -> int:
    if bits not in (1, 2, 4):
        raise ValueError(f"codes have 1, 2 or 4 bits, so that whole ones fill a byte; got {bits}")
    return 8 // bits
