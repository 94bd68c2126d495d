"""A second surrogate that answers as the first does, and shares none of its numbers."""

from __future__ import annotations

from typing import TypeVar

import torch

from .surrogate import Surrogate, SurrogateError

__all__ = ["copied"]

Kind = TypeVar("Kind", bound=Surrogate)


def copied(surrogate: Kind, *, dtype: torch.dtype | None = None) -> Kind:
    """A copy, as if it had been saved and loaded; in another precision, where one is given.

    Raises `SurrogateError` for one that has not learned yet, and for one that was lowered.
    """
    if surrogate.lowering:
        raise SurrogateError(
            f"this {type(surrogate).__name__} was lowered to {surrogate.lowering} already; give the one "
            "that it was made of"
        )
    if surrogate.input_shapes is None:
        raise SurrogateError(f"{type(surrogate).__name__} has not learned yet: call `fit` or `load` first")
    copy = type(surrogate)(surrogate.settings, device=surrogate.device, dtype=dtype or surrogate.dtype)
    copy.recall(surrogate.noted())
    copy.restore({name: tensor.detach().clone() for name, tensor in surrogate.tensors().items()})
    return copy
