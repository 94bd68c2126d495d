"""Gradient-boosted trees: steps instead of smooth curves, and in tables of few numbers hard to beat."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.held_pairs import HeldPairs
from ..datasets.pairs import Pairs
from .categories import Categories
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .tree_ensemble import TreeEnsemble
from .tree_growing import GROWERS, GrowingSettings

__all__ = ["BoostedTrees"]

Array = NDArray[np.float64]


class BoostedTrees(Surrogate):
    """Trees that are grown one after the other, each on what those before leave; one series for each number.

    The strong baseline wherever a few numbers are asked and answered: seconds of training, no scaling, no
    search for settings, and jumps cost nothing. The answer is constant between splits, so that smooth maps
    are learned to two or three digits, and beyond the region that was sampled it stays as it is at its edge.

    Needs an extra to learn, see `GrowingSettings`; what has learned answers without it. More output numbers
    than `most_outputs` raise `SurrogateError`: fields are for others. It computes in double precision
    whatever its `dtype`, and on the CPU whatever device it is given: its `device` is that.

    Reference: Friedman 2001, doi:10.1214/aos/1013203451; histograms and leaves: Ke et al. 2017 (LightGBM).
    """

    @dataclass(frozen=True)
    class Settings:
        """What is learned, and how.

        Attributes:
            growing: the trees.
            categories: inputs that are codes, which splits part into two sets.
            logarithmic: outputs, all positive, whose logarithms are learned: where they span decades, and
                where the relative error counts. (To trees an input and its logarithm are the same.)
            most_outputs: output numbers, all in all, for each of which trees are grown.
        """

        growing: GrowingSettings = GrowingSettings()  # noqa: RUF009 (frozen)
        categories: tuple[str, ...] = ()
        logarithmic: tuple[str, ...] = ()
        most_outputs: int = 16

    settings: Settings
    ensembles: tuple[TreeEnsemble, ...] = ()
    """One for each number of each output, in order."""
    categories: Categories | None = None

    def __init__(
        self,
        settings: Any = None,
        *,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(settings, device=device, dtype=dtype)
        self.device = torch.device("cpu")

    @classmethod
    def refuse_to_learn(cls, settings: Settings | None) -> None:
        """Raise `SurrogateError` where the library that grows trees is not installed."""
        (cls.Settings() if settings is None else settings).growing.refuse_without_library()

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Grow all trees, then keep as many as are best on the validation pairs; see `Surrogate`."""
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        self._refuse_what_is_not_for_trees(examples)
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        held, judged = examples.held(), validation.held()
        self.categories = Categories.measure(held.inputs, self.settings.categories)
        rows, judged_rows = self._rows_of(held), self._rows_of(judged)
        targets, truths = self._targets_of(held), self._targets_of(judged)
        grow = GROWERS[self.settings.growing.library]
        kept: list[TreeEnsemble] = []
        said: list[Array] = []
        for target, truth in zip(targets.T, truths.T, strict=True):
            grown = grow(rows, target, self.settings.growing, sizes=self.categories.sizes, seed=seed)
            stages = grown.stages(judged_rows)
            best = int(np.argmin(((stages - truth) ** 2).mean(axis=1)))
            kept.append(grown.first(best))
            said.append(stages[best])
        self.ensembles = tuple(kept)
        return TrainingRecord(
            seconds=time.perf_counter() - begin,
            samples=len(examples),
            epochs=self.settings.growing.trees,
            validation_error=self._error(np.stack(said, axis=1), truths),
        )

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        self._refuse_before_learning()
        rows = self._rows(inputs)
        said = np.stack([ensemble(rows) for ensemble in self.ensembles], axis=1)
        return {
            name: torch.from_numpy(values.reshape(len(rows), *shape)).to(self.device, self.dtype)
            for name, shape, values in self._parted(self._undone(said))
        }

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        self._refuse_before_learning()
        found: dict[str, torch.Tensor] = {}
        for number, ensemble in enumerate(self.ensembles):
            found |= ensemble.tensors(f"{number}")
        return found

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        assert self.output_shapes is not None
        count = sum(math.prod(shape) for shape in self.output_shapes.values())
        self.ensembles = tuple(TreeEnsemble.from_tensors(tensors, f"{number}") for number in range(count))

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`."""
        return {**super().noted(), "known": {} if self.categories is None else self.categories.known}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.categories = Categories({name: tuple(codes) for name, codes in noted["known"].items()})

    def _refuse_before_learning(self) -> None:
        if not self.ensembles:
            raise SurrogateError("BoostedTrees has not learned yet: call `fit` or `load` first")

    def _refuse_what_is_not_for_trees(self, examples: Pairs) -> None:
        count = sum(math.prod(shape) for shape in examples.output_shapes.values())
        most = self.settings.most_outputs
        if count > most:
            raise SurrogateError(
                f"BoostedTrees grows trees for each number that it answers, and these pairs have {count}: "
                f"more than most_outputs = {most}. Fields are for networks; else learn fewer, or raise it"
            )
        for name in self.settings.logarithmic:
            if name not in examples.output_shapes:
                raise SurrogateError(
                    f"{name!r} in `logarithmic` is no output; there are {sorted(examples.output_shapes)} (to "
                    "trees an input and its logarithm are the same)"
                )

    def _rows_of(self, held: HeldPairs) -> Array:
        """(pairs, columns) of all pairs."""
        given = {n: torch.from_numpy(np.repeat(v, held.frames, axis=0)) for n, v in held.inputs.items()}
        if held.times is not None:
            given["time"] = torch.from_numpy(np.tile(held.times, held.trajectories))
        return self._rows(given)

    def _rows(self, inputs: Mapping[str, torch.Tensor]) -> Array:
        """(batch, columns): the places of codes first, then all numbers side by side."""
        assert self.categories is not None and self.input_shapes is not None
        parts = []
        for name, shape in self.input_shapes.items():
            values = inputs.get(name)
            if values is None or tuple(values.shape[1:]) != shape or not len(values):
                got = "nothing" if values is None else f"shape {tuple(values.shape)}"
                expected = ", ".join(["batch", *map(str, shape)])
                raise SurrogateError(f"expected {name!r} of shape ({expected}), got {got}")
            if name not in self.categories.known:
                parts.append(values.reshape(len(values), -1))
        if len(self.categories):
            parts.insert(0, self.categories.places(inputs))
        return np.asarray(torch.cat(parts, dim=1).double().cpu().numpy())

    def _targets_of(self, held: HeldPairs) -> Array:
        """(pairs, numbers) that are to be answered, as they are learned."""
        parts = []
        for name, values in held.outputs.items():
            flat = values.reshape(len(held), -1).astype(np.float64)
            if name in self.settings.logarithmic:
                if not (flat > 0).all():
                    raise SurrogateError(
                        f"{name!r} must be positive, for its logarithm is learned; leave it out of "
                        "`logarithmic`"
                    )
                flat = np.log(flat)
            parts.append(flat)
        found = np.concatenate(parts, axis=1)
        if not np.isfinite(found).all():
            raise SurrogateError("the training samples hold NaN or infinity; remove those from the set")
        return found

    def _parted(self, numbers: Array) -> list[tuple[str, tuple[int, ...], Array]]:
        """(batch, numbers) -> name, shape and (batch, numbers) of each output."""
        assert self.output_shapes is not None
        ends = np.cumsum([math.prod(shape) for shape in self.output_shapes.values()])[:-1]
        parts = np.split(numbers, ends, axis=1)
        return [(n, s, p) for (n, s), p in zip(self.output_shapes.items(), parts, strict=True)]

    def _undone(self, said: Array) -> Array:
        """What was learned -> what is answered."""
        found = [np.exp(p) if n in self.settings.logarithmic else p for n, _, p in self._parted(said)]
        return np.concatenate(found, axis=1)

    def _error(self, said: Array, truth: Array) -> float:
        """The relative error of each output, root mean square over the outputs."""
        ratios = []
        for (_, _, one), (_, _, true) in zip(
            self._parted(self._undone(said)), self._parted(self._undone(truth)), strict=True
        ):
            ratios.append(float(((one - true) ** 2).sum()) / (float((true**2).sum()) or 1.0))
        return float(np.sqrt(np.mean(ratios)))
