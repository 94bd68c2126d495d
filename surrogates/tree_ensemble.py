"""Regression trees as plain arrays: stored as such, they answer without the library that grew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from .tree_kernels import add_up

__all__ = ["Tree", "TreeEnsemble"]

Array = NDArray[np.float64]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Tree(NamedTuple):
    """One tree; its first node is the root.

    Attributes:
        feature: (nodes,) the column that a node looks at; -1 for a leaf.
        number: (nodes,) what is compared with it, smaller or equal going left; of a leaf what it adds.
        left, right: (nodes,) where to go on; anything for a leaf.
        missing_left: (nodes,) whether NaN goes left.
        sets: node -> codes that go left, for those that look at a category.
    """

    feature: Integers
    number: Array
    left: Integers
    right: Integers
    missing_left: Bytes
    sets: Mapping[int, Sequence[int]]


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """The sum of a number and of what each tree says.

    Attributes:
        start: () what is there before the first tree.
        roots: (trees,) where each begins among the nodes of all.
        feature, number, left, right, missing_left: (nodes,) as in `Tree`, `left` and `right` among all nodes.
        members: (nodes,) the row of `sets` that holds the codes that go left; -1 where a number is compared.
        sets: (rows, codes) 1 for those that go left.
        single: () whether columns are rounded to single precision before they are compared, as in training.
    """

    start: Array
    roots: Integers
    feature: Integers
    number: Array
    left: Integers
    right: Integers
    missing_left: Bytes
    members: Integers
    sets: Bytes
    single: Bytes

    @classmethod
    def of(cls, trees: Sequence[Tree], *, start: float, codes: int = 0, single: bool = False) -> TreeEnsemble:
        """From trees one by one; `codes` is the number of codes of the largest category."""
        sizes = np.array([len(tree.feature) for tree in trees], dtype=np.int64)
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(trees) else np.zeros(0)
        members = [np.full(size, -1, np.int32) for size in sizes]
        rows: list[NDArray[np.bool_]] = []
        for tree, own in zip(trees, members, strict=True):
            for node, chosen in tree.sets.items():
                own[node] = len(rows)
                rows.append(np.isin(np.arange(codes), list(chosen)))

        def joined(name: str, dtype: type) -> Any:
            parts: list[Any] = [np.asarray(getattr(tree, name), dtype=dtype) for tree in trees]
            return np.concatenate([np.zeros(0, dtype), *parts])

        def shifted(name: str) -> Integers:
            return np.asarray(joined(name, np.int32) + np.repeat(roots, sizes), dtype=np.int32)

        return cls(
            start=np.array(start, dtype=np.float64),
            roots=np.asarray(roots, dtype=np.int32),
            feature=joined("feature", np.int32),
            number=joined("number", np.float64),
            left=shifted("left"),
            right=shifted("right"),
            missing_left=joined("missing_left", np.uint8),
            members=np.concatenate([np.zeros(0, np.int32), *members]),
            sets=np.array(rows, dtype=np.uint8).reshape(len(rows), codes),
            single=np.array(single, dtype=np.uint8),
        )

    def __len__(self) -> int:
        """Trees."""
        return len(self.roots)

    def __call__(self, rows: Array) -> Array:
        """(samples, features) -> (samples,), added up in the order of the trees."""
        total = np.full(len(rows), float(self.start))
        self._add(self._rounded(rows), slice(None), total)
        return total

    def stages(self, rows: Array) -> Array:
        """(trees + 1, samples): before the first tree, and after each."""
        found, seen = np.empty((len(self) + 1, len(rows))), self._rounded(rows)
        found[0] = float(self.start)
        for tree in range(len(self)):
            found[tree + 1] = found[tree]
            self._add(seen, slice(tree, tree + 1), found[tree + 1])
        return found

    def first(self, trees: int) -> TreeEnsemble:
        """With only the first so many trees."""
        nodes = len(self.feature) if trees >= len(self) else int(self.roots[trees])
        rows = int(self.members[:nodes].max(initial=-1)) + 1
        by_node = ("feature", "number", "left", "right", "missing_left", "members")
        kept = {name: getattr(self, name)[:nodes] for name in by_node}
        return TreeEnsemble(
            start=self.start, roots=self.roots[:trees], sets=self.sets[:rows], single=self.single, **kept
        )

    def tensors(self, prefix: str) -> dict[str, torch.Tensor]:
        """What is stored."""
        arrays = {entry.name: np.array(getattr(self, entry.name)) for entry in fields(self)}
        return {f"{prefix}.{name}": torch.from_numpy(array) for name, array in arrays.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, torch.Tensor], prefix: str) -> TreeEnsemble:
        """Undoes `tensors`."""
        return cls(**{entry.name: tensors[f"{prefix}.{entry.name}"].cpu().numpy() for entry in fields(cls)})

    def _rounded(self, rows: Array) -> Array:
        if self.single:
            rows = rows.astype(np.float32)
        return np.ascontiguousarray(rows, dtype=np.float64)

    def _add(self, rows: Array, trees: slice, total: Array) -> None:
        add_up(
            rows,
            self.roots[trees],
            self.feature,
            self.number,
            self.left,
            self.right,
            self.missing_left,
            self.members,
            self.sets,
            total,
        )
