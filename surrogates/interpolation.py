"""Reading off a table of the training trajectories: what a network must beat."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ..datasets.pairs import Pairs
from .affine_span import AffineSpan
from .pair_fit import PairFit
from .scattered import Scattered
from .span_map import SpanMap
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["Interpolation"]


class Interpolation(SpanMap):
    """Between the nearest training queries, and between frames. It learns nothing: no network may lose to it.

    Where queries vary in up to three coordinates, they are triangulated (Delaunay) and an answer is linear in
    each simplex: exact for linear maps, with an error that falls as the square of the distance between
    training queries. In more, and where they cannot be triangulated, it is a mean of the nearest
    `neighbours`, weighted by the inverse square of their distance. A query outside of all triangles gets the
    answer of the nearest. Of inputs that are codes each combination has a table of its own, in which the
    numbers alone count. It carries the whole table: as large as the training set.

    See `Scattered`, which finds who counts.
    """

    @dataclass(frozen=True)
    class Settings:
        """How to read off.

        Attributes:
            neighbours: how many count where queries are not triangulated.
            between_frames: `linear`, or `cubic` through the four nearest frames.
            on_a_line: the same between queries that vary in a single coordinate: `cubic` takes two on either
                side.
            trajectories: use only the first so many; None for all.
            categories: inputs that are codes, between which there is nothing to read off.
            logarithmic: inputs and outputs, all positive, between whose logarithms it is linear.
        """

        neighbours: int = 8
        between_frames: Literal["linear", "cubic"] = "cubic"
        on_a_line: Literal["linear", "cubic"] = "linear"
        trajectories: int | None = None
        categories: tuple[str, ...] = ()
        logarithmic: tuple[str, ...] = ()

        def __post_init__(self) -> None:
            if self.trajectories is not None and self.trajectories < 1:
                raise SurrogateError(f"trajectories must be at least 1, or None, got {self.trajectories}")
            if self.neighbours < 1 or not {self.between_frames, self.on_a_line} <= {"linear", "cubic"}:
                raise SurrogateError(
                    "neighbours must be at least 1, between_frames and on_a_line linear or cubic, got "
                    f"{self.neighbours}, {self.between_frames!r} and {self.on_a_line!r}"
                )

    settings: Settings
    null: ClassVar[bool] = True
    queries: torch.Tensor | None = None
    table: torch.Tensor | None = None
    """(trajectories, frames, output coordinates)"""
    _parts: Mapping[tuple[float, ...], tuple[NDArray[np.intp], Scattered]] = MappingProxyType({})
    """Of each combination of codes: which trajectories it has, and the numbers that they were asked."""

    @property
    def categories(self) -> tuple[str, ...]:
        """See `SpanMap`."""
        return self.settings.categories

    @property
    def logarithmic(self) -> tuple[str, ...]:
        """See `SpanMap`."""
        return self.settings.logarithmic

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Keep the table, and triangulate its queries; see `Surrogate`.

        Raises `SurrogateError` for times that are not evenly apart from 0 on, and for validation queries
        whose codes do not occur together in the table.
        """
        begin = time.perf_counter()
        held, judged = self.measure(examples, validation)
        for pairs in (held, judged):
            _refuse_uneven(pairs.times)
        if self.settings.trajectories is not None:
            held, _ = held.parted(self.settings.trajectories)
        assert self.answered is not None
        own, valid = (self.encoded(part, dtype=self.dtype) for part in (held, judged))
        self.queries, self.table = own.query, own.target
        self._prepare()
        judge = PairFit(own, valid, outputs=self.answered, loss="mae", frames=1, shared=True)
        return TrainingRecord(
            time.perf_counter() - begin, len(held), 1, judge.validate(_Reading(self, self.dtype))
        )

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        answered = self._ready()[2]
        parts = [self.read_off(query, times).flatten(0, 1) for query, times in self.questions(inputs)]
        return answered.fields(answered.decode(torch.cat(parts)))

    def read_off(self, query: torch.Tensor, times: torch.Tensor | None) -> torch.Tensor:
        """(batch, coordinates) and scaled times (batch or 1, m) or None -> (batch, m or 1, outputs)."""
        _, table, _ = self._ready()
        nearest, shares = (torch.from_numpy(a).to(table.device) for a in self._nearest(query))
        shares = shares.to(table.dtype)
        if times is None:
            return torch.einsum("bvtk,bv->btk", table[nearest], shares)
        frames, weights = self._around(times)
        if 4 * times.shape[1] < table.shape[1]:
            known = table[nearest[:, :, None, None], frames[:, None]]
            return torch.einsum("bvmjk,bv,bmj->bmk", known, shares, weights.expand(len(query), -1, -1))
        whole = torch.stack(
            [torch.tensordot(w, table[n], dims=1) for n, w in zip(nearest, shares, strict=True)]
        )
        rows = torch.arange(len(query), device=table.device)[:, None, None]
        known = whole[rows, frames.expand(len(query), -1, -1)]
        return torch.einsum("bmjk,bmj->bmk", known, weights.expand(len(query), -1, -1))

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        queries, table, answered = self._ready()
        assert self.asked is not None
        spans = self.asked.tensors("inputs") | answered.tensors("outputs")
        return {"queries": queries, "table": table, **spans}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.restore_spans(tensors)
        self.queries = tensors["queries"].to(self.device, self.dtype)
        self.table = tensors["table"].to(self.device, self.dtype)
        self._prepare()

    def _ready(self) -> tuple[torch.Tensor, torch.Tensor, AffineSpan]:
        if self.queries is None or self.table is None or self.answered is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.queries, self.table, self.answered

    def _prepare(self) -> None:
        assert self.queries is not None
        points, numbers = self.queries.cpu().double().numpy(), self._numbers
        self._parts = {
            code: (
                rows,
                Scattered(
                    points[rows, :numbers],
                    neighbours=self.settings.neighbours,
                    on_a_line=self.settings.on_a_line,
                ),
            )
            for code, rows in _by_code(points[:, numbers:])
        }

    @property
    def _numbers(self) -> int:
        """Coordinates of a query that are numbers; codes follow."""
        assert self.queries is not None
        return self.queries.shape[1] - len(self.known)

    def _nearest(self, query: torch.Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(batch, vertices) which trajectories count, and their weights, which add up to 1.

        Raises `SurrogateError` for codes that do not occur together in the table.
        """
        asked, numbers = query.cpu().double().numpy(), self._numbers
        if not self.known:
            return self._parts[()][1].nearest(asked)
        found: list[tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.float64]]] = []
        for code, rows in _by_code(asked[:, numbers:]):
            if code not in self._parts:
                named = zip(self.known.items(), code, strict=True)
                said = ", ".join(f"{name!r} = {codes[int(place)]:g}" for (name, codes), place in named)
                raise SurrogateError(
                    f"the table has no query of {said}, so there is nothing to read off; ask for codes that "
                    "occur in it together, or train on a set in which these do"
                )
            own, part = self._parts[code]
            places, shares = part.nearest(asked[rows, :numbers])
            found.append((rows, own[places], shares))
        most = max(shares.shape[1] for _, _, shares in found)
        nearest, weights = np.zeros((len(asked), most), np.int64), np.zeros((len(asked), most))
        for rows, places, shares in found:  # where fewer count, the others weigh nothing
            nearest[rows, : places.shape[1]], weights[rows, : shares.shape[1]] = places, shares
        return nearest, weights

    def _around(self, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Frames (batch or 1, m, 2 or 4) about each scaled time, and their weights."""
        assert self.table is not None
        frames = self.table.shape[1]
        points = 4 if self.settings.between_frames == "cubic" and frames >= 4 else 2
        place = (times + 1) * (0.5 * (frames - 1))
        first = (place.floor() - (points // 2 - 1)).clamp(0, frames - points)
        offsets = torch.arange(points, device=times.device, dtype=times.dtype)
        along = (place - first)[..., None]
        weights = []
        for j in range(points):  # Lagrange's polynomials
            others = offsets[offsets != j]
            weights.append(((along - others) / (j - others)).prod(dim=-1))
        return (first[..., None] + offsets).long(), torch.stack(weights, dim=-1)


def _by_code(codes: NDArray[np.float64]) -> list[tuple[tuple[float, ...], NDArray[np.intp]]]:
    """(samples, categories) -> each combination that occurs, and its rows."""
    if not codes.shape[1]:
        return [((), np.arange(len(codes)))]
    combinations, whose = np.unique(codes, axis=0, return_inverse=True)
    return [
        (tuple(code), np.flatnonzero(whose.reshape(-1) == i)) for i, code in enumerate(combinations.tolist())
    ]


def _refuse_uneven(times: NDArray[np.floating] | None) -> None:
    if times is None:
        return
    even = np.linspace(0.0, times[-1], len(times))
    if not np.allclose(times, even, rtol=0, atol=1e-6 * float(times[-1])):
        first = int(np.abs(times - even).argmax())
        raise SurrogateError(
            "Interpolation reads off between frames that are evenly apart from time 0 on: expected "
            f"{even[first]:g} as time {first} of {len(times)}, got {times[first]:g}; give even times"
        )


class _Reading(torch.nn.Module):
    """The table in a module's place, for the same judge; its parameter only tells the precision."""

    def __init__(self, surrogate: Interpolation, dtype: torch.dtype) -> None:
        super().__init__()
        self.surrogate = surrogate
        self.precision = torch.nn.Parameter(torch.zeros((), dtype=dtype))

    def forward(self, query: torch.Tensor, times: torch.Tensor | None) -> torch.Tensor:
        return self.surrogate.read_off(query, times).detach()
