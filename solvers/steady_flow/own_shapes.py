"""One's own obstacles: polygons of a CSV file, and images of the whole channel."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..contract import SolverError
from .geometry import Shape

__all__ = ["distance_of_image", "shape_of_csv"]

Array = NDArray[np.float64]


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


def distance_of_image(image: str | Path | NDArray[Any], rows: int, columns: int) -> Array:
    """(rows, columns) signed distance, in channel heights, to what is dark in an image of the whole channel.

    The image is a PNG file, or (pixels, pixels) of grey or (pixels, pixels, 3 or 4) of colours: floats up to
    1, unsigned numbers up to the largest of their kind, other whole numbers up to 255; its first row is the
    upper wall. Dark is below half; what is transparent lets white through. Outlines run between pixels where
    grey is just half.

    Raises `SolverError` for a file that cannot be read, an image of other proportions, one that is all dark
    or has nothing dark.
    """
    shown = _read(Path(image)) if isinstance(image, str | Path) else np.asarray(image)
    grey = shown / _white(shown)
    if grey.ndim == 3 and grey.shape[2] in (3, 4):
        opaque = grey[..., 3] if grey.shape[2] == 4 else 1.0
        grey = 1 - opaque * (1 - grey[..., :3].mean(axis=2))
    if grey.ndim != 2 or min(grey.shape) < 2 or not np.isfinite(grey).all():
        raise SolverError(
            f"an image must be (rows, columns) of finite grey, or of 3 or 4 colours; got {shown.shape}"
        )
    if grey.min() < 0 or grey.max() > 1:
        raise SolverError(
            f"grey must be from 0 to {_white(shown)} in {shown.dtype}; got {shown.min()} to {shown.max()}"
        )
    tall, wide = grey.shape
    if abs(wide / tall - columns / rows) > 0.02 * columns / rows:
        raise SolverError(
            f"an image of the channel must be {columns / rows:g} times as wide as high, got {wide} x {tall} "
            "pixels"
        )
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


def _read(path: Path) -> NDArray[Any]:
    from matplotlib.image import imread  # half a second, for those who need it

    try:
        return np.asarray(imread(path, format="png"))
    except (OSError, SyntaxError, ValueError) as error:
        raise SolverError(f"{path} cannot be read as PNG: {error}") from error


def _white(image: NDArray[Any]) -> int:
    """The number that stands for white."""
    if not np.issubdtype(image.dtype, np.integer):
        return 1
    return int(np.iinfo(image.dtype).max) if np.issubdtype(image.dtype, np.unsignedinteger) else 255
