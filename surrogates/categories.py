"""Numbers that are no numbers: codes of materials, shapes, makes, of which only equality means anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from .surrogate import SurrogateError

__all__ = ["MOST", "Categories"]

MOST = 255
"""Different codes of one category; more are no category but a number, and trees keep no more apart."""


@dataclass(frozen=True, eq=False)
class Categories:
    """Which codes were learned, and the place of each among them: 0, 1, 2, ...

    Codes may be any numbers that single precision tells apart, in which they are compared. One that was not
    learned raises `SurrogateError`: nothing is known of it, and what lies between two others says nothing.

    Attributes:
        known: name -> its codes, in rising order.

    >>> found = Categories.measure({"make": np.array([30.0, 10.0, 30.0])}, ("make",))
    >>> found.places({"make": torch.tensor([10.0, 30.0])})
    tensor([[0.],
            [1.]])
    """

    known: dict[str, tuple[float, ...]]
    _tables: dict[tuple[str, torch.device], torch.Tensor] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def measure(cls, inputs: Mapping[str, NDArray[np.floating]], names: Sequence[str]) -> Categories:
        """Of the named inputs, (samples,) each.

        Raises `SurrogateError` for an input that is not there, that is a field, that has too many codes, or
        two that are one in single precision.
        """
        known = {}
        for name in names:
            if name not in inputs:
                raise SurrogateError(
                    f"there is no input {name!r} to be a category; there are {sorted(inputs)}"
                )
            if inputs[name].ndim != 1:
                raise SurrogateError(
                    f"a category is one code for each sample, but {name!r} has shape {inputs[name].shape[1:]}"
                )
            codes = np.unique(inputs[name].astype(np.float64))
            if len(codes) > MOST or not np.isfinite(codes).all():
                raise SurrogateError(
                    f"{name!r} has {len(codes)} different values; a category has at most {MOST}, all finite: "
                    "leave it out of `categories`, so that it counts as a number"
                )
            with np.errstate(over="ignore"):
                singles = codes.astype(np.float32)
            if len(np.unique(singles)) < len(codes) or not np.isfinite(singles).all():
                raise SurrogateError(
                    f"{name!r} has codes that single precision cannot tell apart; number them 0, 1, 2, ..."
                )
            known[name] = tuple(codes.tolist())
        return cls(known)

    def __len__(self) -> int:
        return len(self.known)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many codes each has."""
        return tuple(len(codes) for codes in self.known.values())

    def places(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """(samples, categories) whole numbers, in the inputs' own precision.

        Raises `SurrogateError` for a code that was not learned, and for inputs of other shapes.
        """
        return torch.stack([self._places(name, inputs) for name in self.known], dim=1)

    def _places(self, name: str, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        codes = inputs.get(name)
        if codes is None or codes.ndim != 1:
            got = "nothing" if codes is None else f"shape {tuple(codes.shape)}"
            raise SurrogateError(f"expected {name!r} of shape (batch), got {got}")
        kind = (name, codes.device)
        if kind not in self._tables:
            with torch.inference_mode(False):
                self._tables[kind] = torch.tensor(self.known[name], device=codes.device, dtype=torch.float32)
        table, singles = self._tables[kind], codes.float().contiguous()
        found = torch.searchsorted(table, singles).clamp(max=len(table) - 1)
        strange = torch.nonzero(table[found] != singles)
        if len(strange):
            sample = int(strange[0])
            listed = ", ".join(map(_written, self.known[name]))
            asked = _written(float(codes[sample]))
            raise SurrogateError(
                f"sample {sample} has {name!r} = {asked}, which this surrogate has not "
                f"learned; it knows {listed}: ask for one of these, or train on a set in which it occurs"
            )
        return found.to(codes.dtype)


def _written(code: float) -> str:
    """All digits by which single precision knows it."""
    return np.format_float_positional(np.float32(code), trim="-")
