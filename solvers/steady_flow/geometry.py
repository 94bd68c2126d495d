"""Obstacles as closed polygons, their signed distances, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..contract import SolverError
from ..methods.compiled import compiled

__all__ = ["Family", "Shape", "airfoil", "ellipse", "obstacle", "thinnest"]

Array = NDArray[np.float64]
Family = Literal["ellipse", "polygon", "airfoil", "blob", "car", "pair"]
VERTICES = 240
"""Of a smooth outline."""
THINNEST = 0.03
"""Radius of the largest circle within an obstacle that is drawn, at least; in channel heights."""
TRIES = 1_000
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


def _car(generator: np.random.Generator) -> Shape:
    """A silhouette from the side, a length of 1: bonnet, cabin, boot and two wheels, driving either way."""
    floor, body, cabin = 0.05, generator.uniform(0.16, 0.24), generator.uniform(0.12, 0.2)
    bonnet, screen = generator.uniform(0.15, 0.3), generator.uniform(0.05, 0.15)
    rear = generator.uniform(0.7, 0.95)
    roof = rear - generator.uniform(0.03, 0.15)
    top = floor + body
    upper = [(1.0, floor), (1.0, top - 0.04), (rear, top), (roof, top + cabin)]
    upper += [(bonnet + screen, top + cabin), (bonnet, top), (0.02, top - 0.06), (0.0, floor)]
    radius, lower = generator.uniform(0.07, 0.1), []
    for middle in (generator.uniform(0.16, 0.22), generator.uniform(0.76, 0.84)):
        angle = np.linspace(np.pi, 2 * np.pi, 25)
        lower += list(zip(middle + radius * np.cos(angle), floor + radius * np.sin(angle), strict=True))
    outline = np.array(upper + lower) - [0.5, floor + body / 2]
    return Shape((outline * [generator.choice([-1.0, 1.0]), 1.0],))


ONES: dict[Family, Callable[[np.random.Generator], tuple[Shape, float]]] = {
    "ellipse": lambda g: (ellipse(g.uniform(0.25, 1.0)), g.uniform(0, np.pi)),
    "polygon": lambda g: (_polygon(g), g.uniform(0, 2 * np.pi)),
    "airfoil": lambda g: (
        airfoil(g.uniform(0, 0.08), g.uniform(0.3, 0.6), g.uniform(0.15, 0.35)),
        g.uniform(-0.5, 0.5),
    ),
    "blob": lambda g: (_blob(g), g.uniform(0, 2 * np.pi)),
    "car": lambda g: (_car(g), g.uniform(-0.2, 0.2)),
}


def obstacle(
    generator: np.random.Generator, family: Family, *, smallest: float, largest: float, length: float
) -> Shape:
    """A random one of a family, in a channel 1 high and so long: in its first half, clear of the walls, its
    larger side between `smallest` and `largest`, and somewhere thick enough to be seen. Each of a pair is
    seven tenths as large.

    Raises `SolverError` where none fits in many tries.
    """
    for _ in range(TRIES):
        if family == "pair":
            first, second = (_one(generator, "ellipse", 0.7 * smallest, 0.7 * largest) for _ in range(2))
            aside = first.height / 2 + second.height / 2 + CLEAR + generator.uniform(0, 0.1)
            behind = generator.uniform(-0.3, 0.3)
            shape = Shape(
                (
                    *first.placed(x=-behind / 2, y=-aside / 2).outlines,
                    *second.placed(x=behind / 2, y=aside / 2).outlines,
                )
            )
        else:
            shape = _one(generator, family, smallest, largest)
        left, right, low, high = shape.bounds
        x0, x1 = 0.2 * length - left, 0.5 * length - right
        y0, y1 = CLEAR - low, 1 - CLEAR - high
        placed = shape.placed(x=generator.uniform(x0, max(x0, x1)), y=generator.uniform(y0, max(y0, y1)))
        if y0 <= y1 and x0 <= x1 and _thickest(placed) >= THINNEST:
            return placed
    raise SolverError(
        f"no {family} between {smallest:g} and {largest:g} fits into a channel {length:g} long, clear of its "
        f"walls and {2 * THINNEST:g} thick somewhere: let sizes, in channel heights, be larger or smaller, "
        "the channel longer, or leave that family out"
    )


def _one(generator: np.random.Generator, family: Family, smallest: float, largest: float) -> Shape:
    """At the origin, its larger side between these two."""
    shape, turned = ONES[family](generator)
    shape = shape.placed(turned=turned)
    left, right, low, high = shape.bounds
    shape = shape.placed(x=-(left + right) / 2, y=-(low + high) / 2)
    return shape.placed(size=generator.uniform(smallest, largest) / max(right - left, high - low))


def _thickest(shape: Shape) -> float:
    """Radius of the largest circle within its thinnest body, about."""
    radii = []
    for outline in shape.outlines:
        one = Shape((outline,))
        left, right, low, high = one.bounds
        x, y = np.meshgrid(np.linspace(left, right, 41), np.linspace(low, high, 41))
        radii.append(-one.distance(x, y).min())
    return float(min(radii))


def thinnest(distance: NDArray[np.float64], spacing: float) -> float:
    """Of the thinnest body, how deep within it a cell's middle lies; negative where none is within, infinite
    without bodies. What is less than a cell apart, as pieces of a pointed tail, is one body.
    """
    near = distance < 0.5 * spacing
    bodies, count = ndimage.label(near, structure=np.ones((3, 3)))
    least = np.full(count + 1, np.inf)
    np.minimum.at(least, bodies[near], distance[near])
    return float(-least[1:].max(initial=-np.inf))
