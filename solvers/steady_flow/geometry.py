"""Obstacles as closed polygons, their signed distances, and how to bring one's own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..contract import SolverError
from ..methods.compiled import compiled

__all__ = ["Family", "Shape", "airfoil", "distance_of_image", "ellipse", "obstacle", "shape_of_csv"]

Array = NDArray[np.float64]
Family = Literal["ellipse", "polygon", "airfoil", "blob", "pair"]
VERTICES = 240
"""Of a smooth outline."""
THINNEST = 0.03
"""Radius of the largest circle within an obstacle that is drawn, at least; in channel heights."""
CLEAR = 0.12
"""Between an obstacle that is drawn and the walls, at least; and between two of them."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One obstacle or more, each a closed polygon.

    Attributes:
        outlines: (vertices, 2) x and y of each in turn, in channel heights; the last joins the first.

    >>> square = Shape((np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]),))
    >>> square.distance(np.array([0.5, 2.0]), np.array([0.5, 0.5])).tolist()
    [-0.5, 1.0]
    """

    outlines: tuple[Array, ...]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x, largest x, smallest y, largest y."""
        every = np.concatenate(self.outlines)
        low, high = every.min(axis=0), every.max(axis=0)
        return float(low[0]), float(high[0]), float(low[1]), float(high[1])

    @property
    def height(self) -> float:
        """Across the flow, from the lowest point to the highest."""
        return self.bounds[3] - self.bounds[2]

    def distance(self, x: Array, y: Array) -> Array:
        """Signed distance to the nearest outline, negative within; in the shape of x and y."""
        found = np.full(np.shape(x), np.inf)
        for outline in self.outlines:
            one = np.empty(np.size(x))
            _distances(np.ravel(x), np.ravel(y), np.ascontiguousarray(outline), one)
            found = np.minimum(found, one.reshape(found.shape))
        return found

    def placed(self, *, x: float = 0.0, y: float = 0.0, size: float = 1.0, turned: float = 0.0) -> Shape:
        """Turned by an angle (radians, against the clock) about the origin, scaled, then moved."""
        c, s = np.cos(turned), np.sin(turned)
        turn = np.array([[c, s], [-s, c]])
        return Shape(tuple(size * outline @ turn + [x, y] for outline in self.outlines))


@compiled()
def _distances(x: Any, y: Any, outline: Any, found: Any) -> None:
    """Of points (points,) to a closed polygon (vertices, 2)."""
    for p in range(x.size):
        nearest, inside = np.inf, False
        ax, ay = outline[-1, 0], outline[-1, 1]
        for k in range(outline.shape[0]):
            bx, by = outline[k, 0], outline[k, 1]
            dx, dy, px, py = bx - ax, by - ay, x[p] - ax, y[p] - ay
            length = dx * dx + dy * dy
            share = min(1.0, max(0.0, (px * dx + py * dy) / length)) if length > 0.0 else 0.0
            ex, ey = px - share * dx, py - share * dy
            nearest = min(nearest, ex * ex + ey * ey)
            if (ay > y[p]) != (by > y[p]) and px < dx * py / dy:
                inside = not inside
            ax, ay = bx, by
        found[p] = -np.sqrt(nearest) if inside else np.sqrt(nearest)


def ellipse(ratio: float = 1.0) -> Shape:
    """One long along x, `ratio` high, its middle at the origin. The area is that of the smooth one."""
    angle = 2 * np.pi * np.arange(VERTICES) / VERTICES
    # vertices a little outside make up for the chords' cutting corners
    out = 0.5 * np.sqrt(2 * np.pi / VERTICES / np.sin(2 * np.pi / VERTICES))
    return Shape((np.stack([out * np.cos(angle), out * ratio * np.sin(angle)], axis=1),))


def airfoil(camber: float = 0.02, place: float = 0.4, thickness: float = 0.12) -> Shape:
    """NACA four-digit, a chord of 1 along x with its middle at the origin and its nose upstream; NACA 2412 by
    default.

    The tail is closed. Jacobs, Ward & Pinkerton, NACA Report 460 (1933).

    Raises `SolverError` for numbers that make no airfoil.
    """
    if not (0 <= camber < 0.3 and 0 < place < 1 and 0 < thickness < 1):
        raise SolverError(
            "an airfoil needs a camber from 0 to 0.3, its place and a thickness between 0 and 1, in parts of "
            f"the chord; got {camber}, {place}, {thickness}"
        )
    x = 0.5 * (1 - np.cos(np.pi * np.arange(VERTICES // 2 + 1) / (VERTICES // 2)))
    half = 5 * thickness * (0.2969 * np.sqrt(x) + x * (-0.126 + x * (-0.3516 + x * (0.2843 - 0.1036 * x))))
    front = x < place
    reach = np.where(front, place, 1 - place)
    line = camber / reach**2 * np.where(front, x * (2 * place - x), 1 - 2 * place + x * (2 * place - x))
    slope = np.arctan(2 * camber / reach**2 * (place - x))
    upper = np.stack([x - half * np.sin(slope), line + half * np.cos(slope)], axis=1)
    lower = np.stack([x + half * np.sin(slope), line - half * np.cos(slope)], axis=1)
    return Shape((np.concatenate([lower, upper[-2:0:-1]]) - [0.5, 0.0],))


def _polygon(generator: np.random.Generator) -> Shape:
    """Three to eight corners, at random distances."""
    corners = int(generator.integers(3, 9))
    angle = 2 * np.pi * (np.arange(corners) + generator.uniform(-0.3, 0.3, corners)) / corners
    reach = generator.uniform(0.55, 1.0, corners)
    return Shape((np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1),))


def _blob(generator: np.random.Generator) -> Shape:
    """Smooth, its radius a sum of the first five waves around it."""
    angle = 2 * np.pi * np.arange(VERTICES) / VERTICES
    radius = np.ones(VERTICES)
    for wave in range(1, 6):
        size, phase = 0.35 * generator.standard_normal() / wave, generator.uniform(0, 2 * np.pi)
        radius += size * np.cos(wave * angle + phase)
    radius = np.maximum(radius, 0.2)
    return Shape((np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1),))


ONES: dict[Family, Callable[[np.random.Generator], tuple[Shape, float]]] = {
    "ellipse": lambda g: (ellipse(g.uniform(0.25, 1.0)), g.uniform(0, np.pi)),
    "polygon": lambda g: (_polygon(g), g.uniform(0, 2 * np.pi)),
    "airfoil": lambda g: (
        airfoil(g.uniform(0, 0.08), g.uniform(0.3, 0.6), g.uniform(0.15, 0.35)),
        g.uniform(-0.5, 0.5),
    ),
    "blob": lambda g: (_blob(g), g.uniform(0, 2 * np.pi)),
}


def obstacle(generator: np.random.Generator, family: Family, *, largest: float, length: float) -> Shape:
    """A random one of a family, in a channel 1 high and so long: in its first half, clear of the walls,
    nowhere larger than `largest`, and somewhere thick enough to be seen.
    """
    while True:
        if family == "pair":
            first, second = (_one(generator, "ellipse", 0.7 * largest) for _ in range(2))
            aside = first.height / 2 + second.height / 2 + CLEAR + generator.uniform(0, 0.1)
            behind = generator.uniform(-0.3, 0.3)
            shape = Shape(
                (
                    *first.placed(x=-behind / 2, y=-aside / 2).outlines,
                    *second.placed(x=behind / 2, y=aside / 2).outlines,
                )
            )
        else:
            shape = _one(generator, family, largest)
        left, right, low, high = shape.bounds
        x0, x1 = 0.2 * length - left, 0.5 * length - right
        y0, y1 = CLEAR - low, 1 - CLEAR - high
        placed = shape.placed(x=generator.uniform(x0, max(x0, x1)), y=generator.uniform(y0, max(y0, y1)))
        if y0 <= y1 and x0 <= x1 and _thickest(placed) >= THINNEST:
            return placed


def _one(generator: np.random.Generator, family: Family, largest: float) -> Shape:
    """At the origin, its larger side at most `largest`, at least four tenths of that."""
    shape, turned = ONES[family](generator)
    shape = shape.placed(turned=turned)
    left, right, low, high = shape.bounds
    shape = shape.placed(x=-(left + right) / 2, y=-(low + high) / 2)
    return shape.placed(size=largest * generator.uniform(0.4, 1.0) / max(right - left, high - low))


def _thickest(shape: Shape) -> float:
    """Radius of the largest circle within its thinnest body, about."""
    radii = []
    for outline in shape.outlines:
        one = Shape((outline,))
        left, right, low, high = one.bounds
        x, y = np.meshgrid(np.linspace(left, right, 41), np.linspace(low, high, 41))
        radii.append(-one.distance(x, y).min())
    return float(min(radii))


def shape_of_csv(path: str | Path) -> Shape:
    """One's own polygons: a line x,y for each vertex, in channel heights from the inflow's lower corner; an
    empty line between two polygons.

    Raises `SolverError` for a file that cannot be read so.
    """
    outlines: list[list[list[float]]] = [[]]
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if not any(cell.strip() for cell in row):
                    outlines.append([])
                    continue
                try:
                    x, y = (float(cell) for cell in row)
                except ValueError:
                    if number == 1:
                        continue  # a heading
                    raise SolverError(
                        f"line {number} of {path} must be two numbers x,y; got {','.join(row)!r}"
                    ) from None
                outlines[-1].append([x, y])
    except (OSError, UnicodeDecodeError) as error:
        raise SolverError(f"{path} cannot be read as CSV: {error}") from error
    return _checked([np.array(outline) for outline in outlines if outline], str(path))


def _checked(outlines: Iterable[Array], source: str) -> Shape:
    """Polygons of three corners or more, finite, of some area."""
    found = tuple(outlines)
    for outline in found:
        if len(outline) < 3 or not np.isfinite(outline).all():
            raise SolverError(
                f"a polygon of {source} must have three finite vertices or more, got {outline.tolist()}"
            )
        x, y = outline.T
        if abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) < 1e-12:
            raise SolverError(f"a polygon of {source} has no area: its vertices lie on a line")
    if not found:
        raise SolverError(f"{source} holds no polygon")
    return Shape(found)


def distance_of_image(image: NDArray[Any], rows: int, columns: int) -> Array:
    """(rows, columns) signed distance, in channel heights, to what is dark in an image of the whole channel.

    The image is (pixels, pixels) of grey or (pixels, pixels, 3 or 4) of colours, whole numbers up to 255 or
    floats up to 1, its first row the upper wall; dark is below half. Outlines run between pixels where grey
    is just half.

    Raises `SolverError` for an image of other proportions, one that is all dark or has nothing dark.
    """
    grey = np.asarray(image, dtype=np.float64)
    if grey.ndim == 3 and grey.shape[2] in (3, 4):
        grey = grey[..., :3].mean(axis=2)
    if grey.ndim != 2 or min(grey.shape) < 2 or not np.isfinite(grey).all():
        raise SolverError(
            f"an image must be (rows, columns) of finite grey, or of 3 or 4 colours; got {image.shape}"
        )
    tall, wide = grey.shape
    if abs(wide / tall - columns / rows) > 0.02 * columns / rows:
        raise SolverError(
            f"an image of the channel must be {columns / rows:g} times as wide as high, got {wide} x {tall} "
            "pixels"
        )
    grey = grey / (255 if np.issubdtype(np.asarray(image).dtype, np.integer) else 1)
    dark = grey[::-1] < 0.5
    if dark.all() or not dark.any():
        raise SolverError(
            f"the image is {'all' if dark.all() else 'nowhere'} dark: solids are what is below half grey"
        )
    # half a pixel, as distances are between middles and outlines are between pixels
    pixels = ndimage.distance_transform_edt(~dark) - ndimage.distance_transform_edt(dark)
    pixels = pixels - 0.5 * np.sign(pixels)
    at = [(np.arange(n) + 0.5) * m / n - 0.5 for n, m in ((rows, tall), (columns, wide))]
    places = np.meshgrid(*at, indexing="ij")
    return np.asarray(ndimage.map_coordinates(pixels, places, order=1, mode="nearest")) / tall
