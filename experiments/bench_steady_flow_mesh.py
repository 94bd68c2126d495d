"""A channel with cut cells around its obstacles, as OpenFOAM reads meshes: the peer gets smooth walls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CutMesh", "header"]

Array = NDArray[np.float64]
SLIVER = 0.03
"""Part of a whole cell below which what is left of one is no cell."""
NEAREST = 0.02
"""How near a corner, in sides of a cell, a wall may cross an edge."""
PATCHES = ("inlet", "outlet", "walls", "body", "sides")


@dataclass(frozen=True, eq=False)
class CutMesh:
    """Squares, and polygons where a wall cuts them, one layer deep.

    Attributes:
        points: (points, 2) x and y.
        cells: corners of each, counter-clockwise.
        inner: (owner, neighbour, first, second) of each edge between two cells: its ends as the owner goes
            round.
        outer: (patch, owner, first, second) of each other edge, by patch.
        across: (inner edges, 2) row and column of the vertical grid line's piece that is this edge, or -1.
        outlet_rows: rows of the edges at the outlet.
        spacing: side of a whole cell, and the layer's depth.
    """

    points: Array
    cells: list[list[int]]
    inner: list[tuple[int, int, int, int]]
    outer: list[tuple[str, int, int, int]]
    across: NDArray[np.int64]
    outlet_rows: list[int]
    spacing: float

    @classmethod
    def around(cls, corners: Array, middles: Array, *, spacing: float) -> CutMesh:
        """From signed distances at the (rows + 1, columns + 1) corners and (rows, columns) middles of cells.

        Walls cross edges where the distance, linear between the ends, is zero.
        """
        rows, columns = middles.shape
        fluid = corners >= 0
        places: list[tuple[float, float]] = []
        at: dict[tuple[Any, ...], int] = {}

        def point(key: tuple[Any, ...], x: float, y: float) -> int:
            if key not in at:
                at[key] = len(places)
                places.append((x * spacing, y * spacing))
            return at[key]

        def crossing(j: int, i: int, k: int, m: int) -> int:
            (j, i), (k, m) = sorted(((j, i), (k, m)))
            share = corners[j, i] / (corners[j, i] - corners[k, m])
            share = float(np.clip(share, NEAREST, 1 - NEAREST))
            return point((j, i, k, m), i + share * (m - i), j + share * (k - j))

        cells: list[list[int]] = []
        edges: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        inner: list[tuple[int, int, int, int, int, int]] = []
        for j in range(rows):
            for i in range(columns):
                ring = ((j, i), (j, i + 1), (j + 1, i + 1), (j + 1, i))
                inside = [fluid[c] for c in ring]
                changes = sum(a != b for a, b in zip(inside, inside[1:] + inside[:1], strict=True))
                if not any(inside) or (changes == 4 and middles[j, i] < 0):
                    continue
                polygon: list[int] = []
                # which side of the square each edge of the polygon lies on: 0 below, 1 right, 2 above, 3 left
                sides: list[int] = []
                for side, (here, there) in enumerate(zip(ring, (*ring[1:], ring[0]), strict=True)):
                    if fluid[here]:
                        polygon.append(point(here, here[1], here[0]))
                        sides.append(side)
                    if fluid[here] != fluid[there]:
                        polygon.append(crossing(*here, *there))
                        sides.append(side if fluid[there] else -1)
                if _area(polygon, places) < SLIVER * spacing**2:
                    continue
                number = len(cells)
                cells.append(polygon)
                ends = polygon[1:] + polygon[:1]
                for side, first, second in zip(sides, polygon, ends, strict=True):
                    if (second, first) in edges:
                        other, _, row, line = edges.pop((second, first))
                        inner.append((other, number, second, first, row, line))
                    else:
                        # the right side of a cell is the line after its column
                        edges[first, second] = number, side, j, i + 1 if side == 1 else -1
        inner.sort()
        outer = []
        for (first, second), (owner, side, j, _) in edges.items():
            ends_at = {x for x, _ in (places[first], places[second])}
            patch = "body"
            if side == 3 and ends_at == {0.0}:
                patch = "inlet"
            elif side == 1 and ends_at == {columns * spacing}:
                patch = "outlet"
            elif side in (0, 2) and j in (0, rows - 1):
                level = {y for _, y in (places[first], places[second])}
                patch = "walls" if level in ({0.0}, {rows * spacing}) else "body"
            outer.append((PATCHES.index(patch), owner, first, second, j))
        outer.sort()
        return cls(
            points=np.array(places),
            cells=cells,
            inner=[edge[:4] for edge in inner],
            outer=[(PATCHES[patch], owner, first, second) for patch, owner, first, second, _ in outer],
            across=np.array([(j, i) if i > 0 else (-1, -1) for *_, j, i in inner]).reshape(-1, 2),
            outlet_rows=[j for patch, *_, j in outer if PATCHES[patch] == "outlet"],
            spacing=spacing,
        )

    @property
    def areas(self) -> Array:
        """(cells,)"""
        return np.array([_area(cell, self.points) for cell in self.cells])

    def stream_function(self, inner: Array, *, outlet: Array, inflow: Array, columns: int) -> Array:
        """(rows + 1, columns + 1) at the corners of the grid, from what flows through the inner edges and
        those at the outlet, per depth; `inflow` is (rows + 1,) at the inflow.
        """
        through = np.zeros((len(inflow) - 1, columns + 1))
        through[:, 0] = np.diff(inflow)
        lines = self.across[:, 1] > 0
        through[self.across[lines, 0], self.across[lines, 1]] = inner[lines]
        through[self.outlet_rows, columns] = outlet
        return np.concatenate([np.zeros((1, columns + 1)), np.cumsum(through, axis=0)])

    def write(self, folder: Path) -> None:
        """The five files of a mesh into `folder`, in ASCII."""
        folder.mkdir(parents=True)
        count = len(self.points)
        points = [f"({x!r} {y!r} {z!r})" for z in (0.0, self.spacing) for x, y in self.points.tolist()]
        walls = [(a, b, b + count, a + count) for _, _, a, b in (*self.inner, *self.outer)]
        layers = [tuple(reversed(cell)) for cell in self.cells]
        layers += [tuple(n + count for n in cell) for cell in self.cells]
        faces = [f"{len(face)}({' '.join(map(str, face))})" for face in (*walls, *layers)]
        twice = 2 * list(range(len(self.cells)))
        owners = [*(e[0] for e in self.inner), *(e[1] for e in self.outer), *twice]
        _write(folder / "points", "vectorField", points)
        _write(folder / "faces", "faceList", faces)
        _write(folder / "owner", "labelList", owners)
        _write(folder / "neighbour", "labelList", [e[1] for e in self.inner])
        sizes = {name: sum(edge[0] == name for edge in self.outer) for name in PATCHES}
        sizes["sides"] = len(layers)
        kinds = dict.fromkeys(PATCHES, "wall") | {"inlet": "patch", "outlet": "patch", "sides": "empty"}
        begin, entries = len(self.inner), []
        for name, size in sizes.items():
            entries.append(f"{name} {{ type {kinds[name]}; nFaces {size}; startFace {begin}; }}")
            begin += size
        _write(folder / "boundary", "polyBoundaryMesh", entries)


def header(kind: str, name: str) -> str:
    """What every file of OpenFOAM begins with."""
    return f"FoamFile {{ version 2.0; format ascii; class {kind}; object {name}; }}\n"


def _write(path: Path, kind: str, entries: Iterable[Any]) -> None:
    lines = [str(entry) for entry in entries]
    path.write_text(header(kind, path.name) + f"{len(lines)}\n(\n" + "\n".join(lines) + "\n)\n")


def _area(polygon: Sequence[int], places: Any) -> float:
    x, y = np.array([places[n] for n in polygon]).T
    return float(0.5 * (np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
