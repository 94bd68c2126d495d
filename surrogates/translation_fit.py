"""What a shared encoder is to make small: without pairs, and with them."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import nn

from .alignment import GIVEN_KIND, WANTED_KIND
from .blocks.energy_distance import inhomogeneity
from .blocks.shared_encoder import SharedEncoder
from .blocks.sliced_wasserstein import sliced_wasserstein
from .surrogate import SurrogateError

__all__ = ["Aligned", "MatchSettings", "MatchingFit", "RegressionFit"]

KINDS = (GIVEN_KIND, WANTED_KIND)


@dataclass(frozen=True)
class MatchSettings:
    """Weights of what is made small without pairs; all squares and distances in units of the wanted fields.

    Attributes:
        reconstruct: the error of either kind, decoded as its own.
        match: how unlike translations and fields of that kind are distributed, both ways; see
            `sliced_wasserstein`.
        code: how unlike the codes of the two kinds are distributed, in units of a number's deviation.
        cycle: the error of fields that are translated there and back. Zhu et al. 2017 (arXiv:1703.10593).
        near: the mean square by which a translation differs from that of the alignment: of all maps that make
            the distributions agree, one near to it.
    """

    reconstruct: float = 1.0
    match: float = 3.0
    code: float = 0.1
    cycle: float = 1.0
    near: float = 0.1

    def __post_init__(self) -> None:
        for field in fields(self):
            weight = getattr(self, field.name)
            if not 0 <= weight < math.inf:
                raise SurrogateError(f"the weight {field.name} must be at least 0 and finite, got {weight}")


@dataclass(frozen=True, eq=False)
class Aligned:
    """Numbers of two kinds, as `Alignment` gives them, and what they are as components of the fields.

    Attributes:
        numbers: of the given and of the wanted kind, (samples, components) each.
        decodings: (2, components, components), in units of the wanted fields' size.
    """

    numbers: tuple[torch.Tensor, torch.Tensor]
    decodings: torch.Tensor

    def some(self, kind: int, indices: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Numbers of some samples."""
        return self.numbers[kind][indices].to(dtype)

    def seen(self, numbers: torch.Tensor, kind: int) -> torch.Tensor:
        """Numbers as components of fields, whose squares are those of the fields."""
        return numbers @ self.decodings[kind].to(numbers)


class MatchingFit:
    """An `Objective` without pairs: an example is a field that is given; wanted ones are drawn besides.

    Arguments:
        own, judged: what to learn and what to be judged by; neither has pairs.
        weights: of the parts of the loss.
    """

    def __init__(self, own: Aligned, judged: Aligned, weights: MatchSettings) -> None:
        self._own, self._judged, self._weights = own, judged, weights

    @property
    def examples(self) -> int:
        """Fields that are given."""
        return len(self._own.numbers[GIVEN_KIND])

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`."""
        assert isinstance(module, SharedEncoder)
        own, weights = self._own, self._weights
        dtype = next(module.parameters()).dtype
        drawn = torch.randint(len(own.numbers[WANTED_KIND]), (len(indices),), generator=generator)
        numbers = [own.some(kind, at, dtype) for kind, at in zip(KINDS, (indices, drawn), strict=True)]
        codes = [module.encode(part) for part in numbers]
        total = weights.code * sliced_wasserstein(*codes, generator=generator)
        for kind, other in (KINDS, KINDS[::-1]):
            translated = module.decode(codes[kind], other)
            back = module(translated, kind)
            clouds = (own.seen(translated, other), own.seen(numbers[other], other))
            alike = sliced_wasserstein(*clouds, generator=generator)
            total = (
                total
                + weights.reconstruct * self._off(module.decode(codes[kind], kind), numbers[kind], kind)
                + weights.cycle * self._off(back, numbers[kind], kind)
                + weights.near * self._off(translated, numbers[kind], other)
                + weights.match * alike
            )
        return total

    def validate(self, module: nn.Module) -> float:
        """How unlike translations and wanted fields are, of those that were held out; see `inhomogeneity`."""
        assert isinstance(module, SharedEncoder)
        dtype, judged = next(module.parameters()).dtype, self._judged
        translated = module(judged.numbers[GIVEN_KIND].to(dtype), WANTED_KIND)
        wanted = judged.seen(judged.numbers[WANTED_KIND].double(), WANTED_KIND)
        return float(inhomogeneity(judged.seen(translated.double(), WANTED_KIND), wanted))

    def _off(self, one: torch.Tensor, other: torch.Tensor, kind: int) -> torch.Tensor:
        return self._own.seen(one - other, kind).square().sum(dim=1).mean()


class RegressionFit:
    """An `Objective` with pairs: the mean square error of translations, and nothing else.

    Arguments:
        own, judged: pairs, the numbers of both kinds in the same order.
    """

    def __init__(self, own: Aligned, judged: Aligned) -> None:
        self._own, self._judged = own, judged

    @property
    def examples(self) -> int:
        """Pairs."""
        return len(self._own.numbers[GIVEN_KIND])

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """See `Objective`; nothing is random."""
        dtype = next(module.parameters()).dtype
        given, wanted = (self._own.some(kind, indices, dtype) for kind in KINDS)
        return self._squares(self._own, module, given, wanted)

    def validate(self, module: nn.Module) -> float:
        """Root mean square error of the components, in units of the wanted fields' deviation."""
        dtype = next(module.parameters()).dtype
        given, wanted = (part.to(dtype) for part in self._judged.numbers)
        return float(self._squares(self._judged, module, given, wanted).sqrt())

    @staticmethod
    def _squares(of: Aligned, module: nn.Module, given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return of.seen(module(given, WANTED_KIND) - wanted, WANTED_KIND).square().sum(dim=1).mean()
