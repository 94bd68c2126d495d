"""A linear layer whose products are those of whole numbers of 8 bits."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

__all__ = ["QuantisedLinear", "StoredQuantised", "product_in_eights", "quantised"]

LARGEST = 127
"""Of a code: -128 is left out, so that codes are symmetric."""
EIGHT, LEAST_ROWS = 8, 17
"""What sizes are multiples of, and how few rows there may be, in CUDA's product of 8 bits."""


def quantised(values: torch.Tensor, *, dims: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers -> codes from -127 to 127 as int8, and scales: a number is its code times the scale, to half a
    scale. Numbers along `dims`, which stay as axes of length 1, share theirs: their largest size over 127.
    """
    size = values.abs().amax(dim=tuple(dims), keepdim=True)
    scale = size.clamp(min=LARGEST * torch.finfo(values.dtype).tiny) / LARGEST
    return (values / scale).round().clamp(-LARGEST, LARGEST).to(torch.int8), scale


class StoredQuantised(nn.Module):
    """A parametrization (see `torch.nn.utils.parametrize`): weights stored as codes with a scale for each
    output, and products in full precision; for layers that have none of whole numbers.

    Arguments:
        outputs: axes of the weight along which its outputs lie; see `matrix_layers.output_axes`.
    """

    def __init__(self, *, outputs: Sequence[int] = (0,)) -> None:
        super().__init__()
        self.outputs = tuple(outputs)

    def right_inverse(self, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What is stored."""
        return quantised(weight, dims=[axis for axis in range(weight.ndim) if axis not in self.outputs])

    def forward(self, codes: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        """The weights."""
        return codes.to(scale.dtype) * scale


class QuantisedLinear(nn.Module):
    """(..., inputs) -> (..., outputs): rounded inputs times rounded weights, summed up without rounding.

    Weights have a scale for each output, inputs one for each sample, found when they come. For use after
    training: it has no gradient. Numbers that differ much in size within a sample lose the small ones.

    Dettmers et al. 2022 (arXiv:2208.07339), without their care for outliers.

    Arguments:
        weight: (outputs, inputs) of the layer in full precision.
        bias: (outputs,) or None.

    Raises `ValueError` for a weight that is no matrix.
    """

    codes: torch.Tensor
    scale: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, *, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        if weight.ndim != 2:
            raise ValueError(f"a linear layer's weight is a matrix, got shape {tuple(weight.shape)}")
        codes, scale = quantised(weight.detach(), dims=(1,))
        self.register_buffer("codes", codes)
        self.register_buffer("scale", scale[:, 0])
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(..., inputs) -> (..., outputs), in the precision of the inputs"""
        codes, size = quantised(x.reshape(-1, x.shape[-1]), dims=(1,))
        return self.scaled(codes, size).reshape(*x.shape[:-1], -1)

    def scaled(self, codes: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        """(rows, inputs) codes and the scale of each row, (rows, 1) -> (rows, outputs)"""
        answer = _product(codes, self.codes).to(size.dtype) * (size * self.scale)
        return answer if self.bias is None else answer + self.bias


def _product(rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(rows, inputs) and (outputs, inputs), int8 -> (rows, outputs), int32"""
    inputs = rows.shape[1]
    # torch's product on the CPU is silently wrong where rows do not lie a row apart, as of a matrix of one
    # column or of patches that share memory (pytorch issue 195066)
    if inputs == 1:
        return rows.int() * weights.int().T
    if rows.stride() != (inputs, 1):
        rows = rows.clone(memory_format=torch.contiguous_format)
    # the one product of this kind that torch has on CPU and GPU alike; sums are of 32 bits
    return product_in_eights(rows, weights) if rows.is_cuda else torch._int_mm(rows, weights.T)


def product_in_eights(rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(rows, inputs) and (outputs, inputs), int8 -> (rows, outputs), int32, of any sizes on a GPU.

    CUDA has the product for inputs and outputs in multiples of 8, and more than 16 rows: zeros fill up what
    is missing, and what they answer is cut off. They change no sum.
    """
    (count, inputs), outputs = rows.shape, len(weights)
    rows = functional.pad(rows, (0, -inputs % EIGHT, 0, max(0, LEAST_ROWS - count)))
    weights = functional.pad(weights, (0, -inputs % EIGHT, 0, -outputs % EIGHT))
    return torch._int_mm(rows, weights.T)[:count, :outputs]
