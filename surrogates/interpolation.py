"""Reading off a table of the training trajectories: what a network must beat."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import scipy.spatial
import torch
from numpy.typing import NDArray

from ..datasets.pairs import Pairs
from .affine_span import AffineSpan
from .pair_fit import PairFit
from .span_map import SpanMap
from .surrogate import SurrogateError, TrainingRecord

__all__ = ["Interpolation"]

_TRIANGULATED = 3
"""Coordinates up to which the queries are triangulated."""


class Interpolation(SpanMap):
    """Between the nearest training queries, and between frames. It learns nothing: no network may lose to it.

    Where queries vary in up to three coordinates, they are triangulated (Delaunay) and an answer is linear in
    each simplex: exact for linear maps, with an error that falls as the square of the distance between
    training queries. In more, and where they cannot be triangulated, it is a mean of the nearest
    `neighbours`, weighted by the inverse square of their distance. A query outside of all triangles gets the
    answer of the nearest. It carries the whole table: as large as the training set.

    Reference: Shepard 1968, doi:10.1145/800186.810616 (inverse distances).
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
            logarithmic: inputs and outputs, all positive, between whose logarithms it is linear.
        """

        neighbours: int = 8
        between_frames: Literal["linear", "cubic"] = "cubic"
        on_a_line: Literal["linear", "cubic"] = "linear"
        trajectories: int | None = None
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
    _triangles: scipy.spatial.Delaunay | None = None
    _tree: scipy.spatial.cKDTree | None = None

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
        """Keep the table, and triangulate its queries."""
        begin = time.perf_counter()
        held, judged = self.measure(examples, validation)
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
        points = self.queries.cpu().double().numpy()
        self._triangles = None
        self._tree = scipy.spatial.cKDTree(points) if points.shape[1] else None
        if 2 <= points.shape[1] <= _TRIANGULATED and len(points) > points.shape[1] + 1:
            try:
                self._triangles = scipy.spatial.Delaunay(points)
            except scipy.spatial.QhullError:  # all on one line, as rounding has it
                self._triangles = None

    def _nearest(self, query: torch.Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(batch, vertices) which trajectories count, and their weights, which add up to 1."""
        asked = query.cpu().double().numpy()
        samples, coordinates = asked.shape
        if not (finite := np.isfinite(asked).all(axis=1)).all():  # what is no number has no neighbour
            found, weights = self._nearest(torch.from_numpy(np.where(finite[:, None], asked, 0.0)))
            weights[~finite] = np.nan
            return found, weights
        if self._tree is None:
            return np.zeros((samples, 1), np.int64), np.ones((samples, 1))
        if coordinates == 1 and self._tree.n > 1:
            return self._between(asked[:, 0])
        if self._triangles is None:
            distances, found = self._tree.query(asked, k=min(self.settings.neighbours, self._tree.n))
            distances, found = distances.reshape(samples, -1), found.reshape(samples, -1)
            weights = 1 / np.maximum(distances, 1e-12 * np.maximum(distances[:, -1:], 1e-300)) ** 2
            return found.astype(np.int64), weights / weights.sum(axis=1, keepdims=True)
        simplex = self._triangles.find_simplex(asked)
        inside = simplex >= 0
        found = self._triangles.simplices[simplex].astype(np.int64)
        turn = self._triangles.transform[simplex]
        first = np.einsum("bij,bj->bi", turn[:, :-1], asked - turn[:, -1])
        weights = np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1)
        inside &= np.isfinite(weights).all(axis=1)  # a triangle that is flat
        found[~inside, 0] = self._tree.query(asked[~inside])[1]
        weights[~inside] = np.eye(coordinates + 1)[0]
        return found, weights

    def _between(self, asked: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """On a line: the neighbour on either side, or the end; two on either side where it is cubic."""
        assert self._tree is not None
        points = np.asarray(self._tree.data)[:, 0]
        order = np.argsort(points, kind="stable")
        right = np.clip(np.searchsorted(points[order], asked), 1, len(points) - 1)
        found = np.stack([order[right - 1], order[right]], axis=1)
        gap = points[found[:, 1]] - points[found[:, 0]]
        share = np.clip((asked - points[found[:, 0]]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        weights = np.stack([1 - share, share], axis=1)
        if self.settings.on_a_line == "linear" or len(points) < 4:
            return found.astype(np.int64), weights
        first = np.clip(right - 2, 0, len(points) - 4)
        four = order[first[:, None] + np.arange(4)]
        near, place = points[four], np.clip(asked, points.min(), points.max())
        through = np.ones_like(near)
        with np.errstate(divide="ignore", invalid="ignore"):
            for j, m in itertools.permutations(range(4), 2):  # Lagrange's polynomials
                through[:, j] *= (place - near[:, m]) / (near[:, j] - near[:, m])
        twice = ~np.isfinite(through).all(axis=1)  # two queries at one place: a line through the others
        four[twice, :2], through[twice, :2], through[twice, 2:] = found[twice], weights[twice], 0.0
        return four.astype(np.int64), through

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


class _Reading(torch.nn.Module):
    """The table in a module's place, for the same judge; its parameter only tells the precision."""

    def __init__(self, surrogate: Interpolation, dtype: torch.dtype) -> None:
        super().__init__()
        self.surrogate = surrogate
        self.precision = torch.nn.Parameter(torch.zeros((), dtype=dtype))

    def forward(self, query: torch.Tensor, times: torch.Tensor | None) -> torch.Tensor:
        return self.surrogate.read_off(query, times).detach()
