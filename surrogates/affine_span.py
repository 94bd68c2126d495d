"""What really varies in a set of samples: coordinates on the flat subspace in which all of them lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from .surrogate import SurrogateError

__all__ = ["AffineSpan"]

Shapes = Mapping[str, tuple[int, ...]]
Blocks = Callable[[], Iterator[NDArray[np.float64]]]

RANK_TOLERANCE = 1e-6
"""A direction is held to be constant where samples vary less along it, relative to the widest; sets are often
stored in single precision, whose rounding is ten times smaller."""
OFF_TOLERANCE = 1e-5
"""How far off the span a sample may lie, in the scale of its field."""
WIDEST = 2048
"""Numbers of a sample up to which linear dependence is looked for."""


@dataclass(frozen=True, eq=False)
class AffineSpan:
    """Named fields <-> coordinates of unit deviation on the affine span of the samples it was measured on.

    What is constant in all samples, or follows linearly from the rest, has no coordinate of its own and comes
    back by construction: bodies whose barycentre rests, a field that is another's mirror image. Between few
    samples (no more than numbers in each) everything looks linearly dependent: then each number that varies
    is a coordinate; so, too, where a sample has more than 2,048 numbers.

    Fields that are `logarithmic` are seen by the logarithm of their numbers, which must be positive: mean,
    scale, basis and deviation are those of the logarithms, and an error in a coordinate is a relative one.

    Attributes:
        shapes: name -> shape of one sample, in the order in which they are put side by side.
        mean: (numbers,) of the samples.
        scale: (numbers,) the deviation of the field to which each number belongs, over samples and points; of
            a constant field its size, or 1 where it is zero.
        basis: (coordinates, numbers) orthonormal rows, in units of `scale`.
        deviation: (coordinates,) of the samples along each row, in units of `scale`.
        logarithmic: names of fields.
    """

    shapes: dict[str, tuple[int, ...]]
    mean: torch.Tensor
    scale: torch.Tensor
    basis: torch.Tensor
    deviation: torch.Tensor
    logarithmic: tuple[str, ...] = ()
    _casts: dict[tuple[torch.device, torch.dtype], _Cast] = field(
        default_factory=dict, init=False, repr=False
    )

    @classmethod
    def measure(cls, blocks: Blocks, shapes: Shapes, *, logarithmic: Sequence[str] = ()) -> AffineSpan:
        """Measured over samples that come in blocks (samples, numbers), read twice.

        Raises `SurrogateError` where there are none, or one holds NaN or infinity, or is not positive where
        its logarithm counts.
        """
        logarithmic = tuple(name for name in shapes if name in logarithmic)
        if logarithmic:
            blocks = _logarithms_of(blocks, shapes, logarithmic)
        numbers = sum(math.prod(shape) for shape in shapes.values())
        count, total = 0, np.zeros(numbers)
        for block in blocks():
            count, total = count + len(block), total + block.sum(axis=0)
        if not count or not numbers:
            raise SurrogateError(
                "there is nothing to learn from: no training samples, or none of their fields"
            )
        if not np.isfinite(total).all():
            raise SurrogateError("the training samples hold NaN or infinity; remove those from the set")
        mean = total / count
        dependent = count > 2 * numbers and numbers <= WIDEST
        products = np.zeros((numbers, numbers) if dependent else numbers)
        for block in blocks():
            centred = block - mean
            products += centred.T @ centred if dependent else (centred**2).sum(axis=0)
        squares = (np.diag(products) if dependent else products) / count
        scale = _field_scale(mean, squares, shapes)
        if dependent:
            values, vectors = np.linalg.eigh(products / count / np.outer(scale, scale))
            kept = np.flatnonzero(values > RANK_TOLERANCE**2 * max(values[-1], 0.0))[::-1]
            kept = kept[values[kept] > RANK_TOLERANCE**2]
            basis, deviation = vectors[:, kept].T.copy(), np.sqrt(values[kept])
        else:
            deviations = np.sqrt(squares) / scale
            kept = np.flatnonzero(deviations > RANK_TOLERANCE)
            basis, deviation = np.eye(numbers)[kept], deviations[kept]
        measured = {"mean": mean, "scale": scale, "basis": basis, "deviation": deviation}
        parts = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in measured.items()}
        return cls(dict(shapes), logarithmic=logarithmic, **parts)

    @property
    def coordinates(self) -> int:
        """How many there are."""
        return len(self.deviation)

    @property
    def field_weights(self) -> torch.Tensor:
        """(numbers,) weights of mean 1, with which all fields weigh alike, whatever their points."""
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        parts = [torch.full((size,), sum(sizes) / (len(sizes) * size), dtype=torch.float64) for size in sizes]
        return torch.cat(parts)

    def flatten(self, fields: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Fields (batch, *shape) side by side: (batch, numbers). `SurrogateError` for other shapes."""
        parts = []
        for name, shape in self.shapes.items():
            if name not in fields or tuple(fields[name].shape[1:]) != shape:
                got = "nothing" if name not in fields else f"shape {tuple(fields[name].shape)}"
                expected = ", ".join(["batch", *map(str, shape)])
                raise SurrogateError(f"expected {name!r} of shape ({expected}), got {got}")
            parts.append(fields[name].reshape(len(fields[name]), math.prod(shape)))
        return torch.cat(parts, dim=1)

    def encode(self, flat: torch.Tensor) -> torch.Tensor:
        """(..., numbers) -> (..., coordinates); what lies off the span is dropped."""
        own = self._as(flat)
        return (self._seen(flat, own) - own.mean) @ own.encoding

    def decode(self, coordinates: torch.Tensor) -> torch.Tensor:
        """(..., coordinates) -> (..., numbers)"""
        own = self._as(coordinates)
        said = coordinates @ own.decoding + own.mean
        if own.logarithms is None:
            return said
        return torch.where(own.logarithms, said.where(own.logarithms, 0.0).exp(), said)

    def fields(self, flat: torch.Tensor) -> dict[str, torch.Tensor]:
        """(batch, numbers) -> fields (batch, *shape)."""
        parts = flat.split([math.prod(shape) for shape in self.shapes.values()], dim=1)
        named = zip(self.shapes.items(), parts, strict=True)
        return {name: part.reshape(len(flat), *shape) for (name, shape), part in named}

    def refuse_off(self, flat: torch.Tensor) -> None:
        """`SurrogateError` where a sample lies off the span: it differs in what never differed before."""
        own = self._as(flat)
        centred = (self._seen(flat, own) - own.mean) / own.scale
        off = (centred - centred @ own.basis.T @ own.basis).abs()
        bound = max(OFF_TOLERANCE, 100 * torch.finfo(flat.dtype).eps) * (1 + centred.abs().amax(dim=1))
        wrong = torch.nonzero(off.amax(dim=1) > bound)
        if len(wrong):
            sample = int(wrong[0])
            worst = int(off[sample].argmax())
            name = [n for n, shape in self.shapes.items() for _ in range(math.prod(shape))][worst]
            by = float(off[sample, worst] * self.scale[worst])
            unit = " in its logarithm" if name in self.logarithmic else ""
            raise SurrogateError(
                f"sample {sample} has a {name!r} unlike any that this surrogate was trained on: {name!r} was "
                f"constant there, or followed linearly from the other inputs, and here it is off by "
                f"{by:.3g}{unit}; ask for what the training set varies, "
                "or train on a set in which this varies, too"
            )

    def tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """What is stored with the weights."""
        return {f"{prefix}.{n}": getattr(self, n) for n in ("mean", "scale", "basis", "deviation")}

    @classmethod
    def from_tensors(
        cls,
        tensors: Mapping[str, torch.Tensor],
        prefix: str,
        shapes: Shapes,
        *,
        logarithmic: Sequence[str] = (),
    ) -> AffineSpan:
        """Undoes `tensors`."""
        parts = {n: tensors[f"{prefix}.{n}"].cpu() for n in ("mean", "scale", "basis", "deviation")}
        own = tuple(name for name in shapes if name in logarithmic)
        return cls(dict(shapes), logarithmic=own, **parts)

    def _seen(self, flat: torch.Tensor, own: _Cast) -> torch.Tensor:
        """(..., numbers) with logarithms where these count; `SurrogateError` where there are none."""
        if own.logarithms is None:
            return flat
        positive = flat.where(own.logarithms, 1.0)
        if not bool((positive > 0).all()):
            raise _not_positive(self.logarithmic)
        return torch.where(own.logarithms, positive.log(), flat)

    def _as(self, values: torch.Tensor) -> _Cast:
        """Of the values' own kind, made once: a query alone is answered in microseconds."""
        kind = values.device, values.dtype
        if kind not in self._casts:
            with torch.inference_mode(False):  # they serve those who want gradients, too
                encoding = ((self.basis / self.scale) / self.deviation[:, None]).T
                decoding = self.deviation[:, None] * self.basis * self.scale
                made = (self.mean, self.scale, self.basis, encoding, decoding)
                columns = _columns(self.shapes, self.logarithmic)
                logarithms = torch.from_numpy(columns).to(kind[0]) if self.logarithmic else None
                self._casts[kind] = _Cast(logarithms, *(t.to(*kind).contiguous() for t in made))
        return self._casts[kind]


class _Cast(NamedTuple):
    logarithms: torch.Tensor | None
    mean: torch.Tensor
    scale: torch.Tensor
    basis: torch.Tensor
    encoding: torch.Tensor
    decoding: torch.Tensor


def _columns(shapes: Shapes, names: Sequence[str]) -> NDArray[np.bool_]:
    """(numbers,) which of them belong to the named fields."""
    parts = [np.full(math.prod(shape), name in names) for name, shape in shapes.items()]
    return np.concatenate(parts)


def _logarithms_of(blocks: Blocks, shapes: Shapes, names: Sequence[str]) -> Blocks:
    """The same blocks with the logarithms of the named fields."""
    columns = _columns(shapes, names)

    def seen() -> Iterator[NDArray[np.float64]]:
        for block in blocks():
            if not (block[:, columns] > 0).all():
                raise _not_positive(names)
            yield np.where(columns, np.log(np.where(columns, block, 1.0)), block)

    return seen


def _not_positive(names: Sequence[str]) -> SurrogateError:
    return SurrogateError(
        f"{', '.join(names)} must be positive, for what is seen are logarithms; mend those samples, or "
        "leave it out of `logarithmic`"
    )


def _field_scale(
    mean: NDArray[np.float64], squares: NDArray[np.float64], shapes: Shapes
) -> NDArray[np.float64]:
    """For each number the deviation of its field, or the field's size where it does not vary."""
    scale, begin = np.empty_like(mean), 0
    for shape in shapes.values():
        own = slice(begin, begin + math.prod(shape))
        deviation, size = np.sqrt(squares[own].mean()), np.sqrt((mean[own] ** 2).mean())
        scale[own] = deviation if deviation > RANK_TOLERANCE * size else (size or 1.0)
        begin = own.stop
    return scale
