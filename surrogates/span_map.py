"""Maps from queries to fields that work in coordinates on the spans of what they were trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.held_pairs import HeldPairs
from ..datasets.pairs import Pairs
from .affine_span import AffineSpan
from .categories import Categories
from .coded_span import CodedSpan
from .pair_fit import EncodedPairs, scaled_time
from .surrogate import Surrogate, SurrogateError

__all__ = ["SpanMap"]

_ROWS = 65_536
"""Pairs that are answered at once."""


class SpanMap(Surrogate):
    """What networks and interpolation share: two spans, the horizon, and questions in their coordinates.

    What lies outside raises `SurrogateError`: inputs off the span of those it was trained on, such as other
    masses where all were one, and times beyond the last it has seen. Queries within the span but outside the
    region that was sampled are answered, badly.
    """

    asked: AffineSpan | CodedSpan | None = None
    answered: AffineSpan | None = None
    horizon: float | None = None
    """The latest time it has seen; None for pairs that are not timed."""
    known: Mapping[str, tuple[float, ...]] = MappingProxyType({})
    """Of each input that is a category, the codes that it has seen."""

    @property
    def categories(self) -> tuple[str, ...]:
        """Names of inputs that are codes and no numbers; what a subclass's settings say."""
        return ()

    @property
    def logarithmic(self) -> tuple[str, ...]:
        """Names of inputs and outputs that are seen by their logarithms; what a subclass's settings say."""
        return ()

    def measure(self, examples: Pairs, validation: Pairs) -> tuple[HeldPairs, HeldPairs]:
        """Note shapes, horizon and spans of the examples; all pairs of both splits, in memory.

        Raises `SurrogateError` for a set without validation, of one time only, without what is named as a
        category or logarithmic, or whose inputs are all categories.
        """
        self.refuse_without_both(examples, validation)
        # in double precision: what follows linearly must do so to round-off
        held, judged = examples.held(), validation.held()
        horizon = None if held.times is None else float(held.times[-1])
        if horizon is not None and not horizon > 0:
            raise SurrogateError("timed pairs need more than the first frame; raise the horizon")
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        self.horizon = horizon
        self._refuse_unknown_names()
        self.known = Categories.measure(held.inputs, self.categories).known
        if self.known and not self._number_shapes:
            raise SurrogateError(
                f"all inputs are categories ({', '.join(self.known)}), and {type(self).__name__} needs "
                "something to compute with; give at least one number, or take boosted_trees"
            )
        numbers, logarithmic = self._number_shapes, self.logarithmic
        span = AffineSpan.measure(lambda: _input_blocks(held, numbers), numbers, logarithmic=logarithmic)
        self.asked = self._with_categories(span)
        self.answered = AffineSpan.measure(
            lambda: _output_blocks(held), self.output_shapes, logarithmic=logarithmic
        )
        return held, judged

    def encoded(self, held: HeldPairs, *, dtype: torch.dtype) -> EncodedPairs:
        """In coordinates on the spans, which are measured."""
        assert self.asked is not None and self.answered is not None
        return EncodedPairs(
            held,
            inputs=self.asked,
            outputs=self.answered,
            horizon=self.horizon,
            device=self.device,
            dtype=dtype,
        )

    def encoded_again(self, held: HeldPairs, *, dtype: torch.dtype) -> EncodedPairs:
        """Of another set than that which the spans were measured on.

        Raises `SurrogateError` for inputs off their span and times beyond the horizon.
        """
        assert self.asked is not None
        given = {name: torch.from_numpy(values) for name, values in held.inputs.items()}
        self.asked.refuse_off(self.asked.flatten(given).double())
        last = 0.0 if held.times is None else float(held.times[-1])
        if self.horizon is not None and last > self.horizon * (1 + 1e-6):
            raise SurrogateError(
                f"this surrogate has learned times up to {self.horizon:g}, and these pairs go to {last:g}; "
                "give the task a shorter horizon, or train a new surrogate"
            )
        return self.encoded(held, dtype=dtype)

    def questions(
        self, inputs: Mapping[str, torch.Tensor]
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor | None]]:
        """Queries (n, coordinates) and scaled times (n or 1, m), a handful at once.

        A batch that asks each query at m times in turn, as a task does, is taken as n queries of m times.
        """
        if self.asked is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        flat = self.asked.flatten(inputs)
        times = inputs.get("time")
        if not len(flat):
            raise SurrogateError("expected at least one query, got none")
        if self.horizon is None or times is None:
            if self.horizon is not None:
                raise SurrogateError("expected 'time' of shape (batch), got nothing")
            self.asked.refuse_off(flat)
            for some in self.asked.encode(flat).split(_ROWS):
                yield some, None
            return
        if tuple(times.shape) != (len(flat),):
            raise SurrogateError(f"expected 'time' of shape ({len(flat)},), got shape {tuple(times.shape)}")
        if not bool(((times >= 0) & (times <= self.horizon * (1 + 1e-6))).all()):
            raise SurrogateError(
                f"this surrogate has learned times from 0 to {self.horizon:g}, and was asked for "
                f"{float(times.min()):g} to {float(times.max()):g}; train it with a longer horizon"
            )
        each = _times_of_each(flat)
        flat, times = flat[::each], scaled_time(times, self.horizon).reshape(-1, each)
        self.asked.refuse_off(flat)
        query, alike = self.asked.encode(flat), bool((times == times[:1]).all())
        for first in range(0, len(query), max(1, _ROWS // each)):
            some = slice(first, first + max(1, _ROWS // each))
            yield query[some], times[:1] if alike and each > 1 else times[some]

    def restore_spans(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """The part of `restore` that they share."""
        assert self.output_shapes is not None
        logarithmic = self.logarithmic
        span = AffineSpan.from_tensors(tensors, "inputs", self._number_shapes, logarithmic=logarithmic)
        self.asked = self._with_categories(span)
        self.answered = AffineSpan.from_tensors(
            tensors, "outputs", self.output_shapes, logarithmic=logarithmic
        )

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`."""
        return {**super().noted(), "horizon": self.horizon, "known": dict(self.known)}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.horizon = noted["horizon"]
        # surrogates of before there were categories have none
        self.known = {name: tuple(codes) for name, codes in noted.get("known", {}).items()}

    @property
    def query_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of its inputs, `time` apart."""
        return {name: shape for name, shape in (self.input_shapes or {}).items() if name != "time"}

    @property
    def _number_shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: shape for name, shape in self.query_shapes.items() if name not in self.known}

    def _with_categories(self, span: AffineSpan) -> AffineSpan | CodedSpan:
        return CodedSpan(span, Categories(dict(self.known))) if self.known else span

    def _refuse_unknown_names(self) -> None:
        """What is misspelt must not be left out in silence."""
        names = {*self.query_shapes, *(self.output_shapes or {})} - {*self.categories}
        for name in self.logarithmic:
            if name not in names:
                raise SurrogateError(
                    f"{name!r} in `logarithmic` is no number that is asked or answered; there are "
                    f"{sorted(names)}"
                )


def _times_of_each(flat: torch.Tensor) -> int:
    """How many rows in turn are the same, if that is the same number throughout, else 1."""
    if len(flat) == 1:
        return 1
    changes = torch.nonzero((flat[1:] != flat[:-1]).any(dim=1)).flatten() + 1
    each = int(changes[0]) if len(changes) else len(flat)
    regular = len(flat) % each == 0 and len(changes) == len(flat) // each - 1
    return each if regular and bool((changes % each == 0).all()) else 1


def _input_blocks(held: HeldPairs, names: Iterable[str]) -> Iterator[NDArray[np.float64]]:
    parts = [held.inputs[name].reshape(held.trajectories, -1) for name in names]
    yield np.concatenate(parts, axis=1).astype(np.float64)


def _output_blocks(held: HeldPairs) -> Iterator[NDArray[np.float64]]:
    rows = max(1, 2**18 // held.frames)
    for first in range(0, held.trajectories, rows):
        parts = [values[first : first + rows] for values in held.outputs.values()]
        flat = [part.reshape(len(part) * held.frames, -1) for part in parts]
        yield np.concatenate(flat, axis=1).astype(np.float64)
