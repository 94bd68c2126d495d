"""Two kinds of fields in the same few numbers, by their means and covariances alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from .blocks.monge_map import monge_map, roots
from .surrogate import SurrogateError

__all__ = ["GIVEN_KIND", "WANTED_KIND", "Alignment", "How", "Kinds"]

GIVEN_KIND, WANTED_KIND = 0, 1
"""Numbers of the two kinds: the fields that are given, and those that are asked for."""
How = Literal["shift", "transport", "components"]


@dataclass(frozen=True, eq=False)
class Kinds:
    """Fields of two kinds in memory, side by side in rows: (samples, points) each, not as many."""

    given: torch.Tensor
    wanted: torch.Tensor


@dataclass(frozen=True, eq=False)
class Alignment:
    """Fields (..., points) of either kind <-> numbers (..., components), which mean the same in both kinds.

    The fields are seen in the leading principal components of both kinds together. What lies off these stays
    as it is in a translation. Numbers of either kind have mean zero. How they are made to agree:

    - `shift`: they are the same numbers. A translation moves every field by the difference of the means, and
      by that is never worse than the identity in the mean square, whatever the pairs may be: what is left of
      the error is what it was, less the square of the shift. (But for the error of means of few samples.)
    - `transport`: they have covariance one, and a translation is the shortest map that carries the mean and
      the covariance of the one kind to those of the other: right where regimes differ little and without
      turning, exact for normal fields that do. See `monge_map`.
    - `components`: each is a principal component of its own kind, in the order of their variances, its sign
      such that the third moment is positive. Finds any orthogonal map between kinds, however far from the
      identity, whose components have distinct variances and third moments; between neighbouring regimes it
      is worse than `transport`, for components change their order.

    Attributes:
        means: (2, points).
        basis: (points, components) orthonormal columns.
        encodings, decodings: (2, components, components) numbers = components @ encoding, and back.
    """

    means: torch.Tensor
    basis: torch.Tensor
    encodings: torch.Tensor
    decodings: torch.Tensor

    @classmethod
    def measure(cls, kinds: Kinds, *, components: int, how: How) -> Alignment:
        """Of fields in double precision; as many components as asked for, or fewer where no more vary.

        Raises `SurrogateError` for another `how`, for fewer than two samples of a kind, and where nothing
        varies.
        """
        if how not in get_args(How):
            raise SurrogateError(f"kinds are aligned by {', '.join(get_args(How))}, got {how!r}")
        if min(len(kinds.given), len(kinds.wanted)) < 2:
            raise SurrogateError(
                "two kinds need at least 2 samples each to learn from, got "
                f"{len(kinds.given)} and {len(kinds.wanted)}"
            )
        means = [part.mean(dim=0) for part in (kinds.given, kinds.wanted)]
        centred = [kinds.given - means[0], kinds.wanted - means[1]]
        basis = _leading(torch.cat(centred), components)
        seen = [part @ basis for part in centred]
        covariances = [part.mT @ part / len(part) for part in seen]
        if how == "shift":
            same = torch.eye(basis.shape[1], dtype=basis.dtype)
            encodings = decodings = [same, same]
        elif how == "transport":
            root, inverse = roots(covariances[0])
            onto = root @ monge_map(*covariances)
            encodings, decodings = [inverse, torch.linalg.pinv(onto)], [root, onto]
        else:
            turned = [_own_components(part) for part in seen]
            encodings = [directions / deviation for directions, deviation in turned]
            decodings = [(directions * deviation).mT for directions, deviation in turned]
        return cls(torch.stack(means), basis, torch.stack(encodings), torch.stack(decodings))

    @property
    def components(self) -> int:
        """How many there are."""
        return self.basis.shape[1]

    def numbers(self, fields: torch.Tensor, kind: int) -> torch.Tensor:
        """(..., points) -> (..., components)"""
        return (fields - self.means[kind]) @ self.basis @ self.encodings[kind]

    def translated(self, given: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        """Fields that are given, and their numbers as the wanted kind's -> fields of that kind."""
        off = given - self.means[GIVEN_KIND]
        off = off - off @ self.basis @ self.basis.mT
        inside = numbers @ self.decodings[WANTED_KIND] @ self.basis.mT
        return self.means[WANTED_KIND] + inside + off

    def to(self, device: torch.device, dtype: torch.dtype) -> Alignment:
        """Somewhere else, in another precision."""
        parts = (self.means, self.basis, self.encodings, self.decodings)
        return Alignment(*(part.to(device, dtype).contiguous() for part in parts))

    def tensors(self) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {f"alignment.{name}": getattr(self, name) for name in PARTS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor]) -> Alignment:
        """Undoes `tensors`."""
        return cls(*(tensors[f"alignment.{name}"] for name in PARTS))


PARTS = ("means", "basis", "encodings", "decodings")


def _leading(centred: torch.Tensor, components: int) -> torch.Tensor:
    """(points, components) of rows whose mean is zero."""
    count, points = centred.shape
    few = count < points
    values, vectors = torch.linalg.eigh(centred @ centred.mT if few else centred.mT @ centred)
    kept = int((values > 1e-12 * values[-1]).sum()) if values[-1] > 0 else 0
    if not kept:
        raise SurrogateError("all samples of each kind are alike, so there is nothing to translate")
    leading = vectors[:, -min(components, kept) :].flip(1)
    if few:
        leading = centred.mT @ leading
        leading = leading / leading.norm(dim=0)
    return leading.contiguous()


def _own_components(seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Directions (components, components), as columns, and deviations along them, widest first."""
    values, vectors = torch.linalg.eigh(seen.mT @ seen / len(seen))
    values, vectors = values.flip(0), vectors.flip(1)
    third = (seen @ vectors).pow(3).mean(dim=0)
    signs = torch.where(third < 0, -1.0, 1.0).to(seen.dtype)
    return vectors * signs, values.clamp(min=1e-12 * values[0]).sqrt()
