"""Which directions to differentiate along, so that all derivatives that equations ask for can be read off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .blocks.jet_perceptron import HIGHEST
from .surrogate import SurrogateError

__all__ = ["Directions"]

Orders = tuple[int, ...]
"""How often something is differentiated by each coordinate."""
MIXED: dict[tuple[int, int], tuple[tuple[float, float, float, float], float]] = {
    (1, 1): ((1, 0, -1, -1), 2),
    (2, 1): ((1, -1, 0, -2), 6),
    (1, 2): ((1, 1, -2, 0), 6),
    (2, 2): ((1, 1, -2, -2), 12),
}
"""Derivatives by i and j, as those of their whole order along i + j, i - j, i and j: factors, and by what the
sum is divided. Of a polynomial in two variables these determine the mixed ones (polarisation)."""


@dataclass(frozen=True)
class Directions:
    """Directions, each with the highest derivative along it, and the recipe for each derivative.

    Attributes:
        vectors: one number for each coordinate.
        orders: of each vector the highest derivative.
        recipes: for each derivative that is wanted the streams that it is made of: factor and place, where
            place 0 is the value, and then come the derivatives of each vector in turn.
    """

    vectors: tuple[tuple[int, ...], ...]
    orders: tuple[int, ...]
    recipes: dict[Orders, tuple[tuple[float, int], ...]]

    @classmethod
    def of(cls, wanted: Iterable[Orders]) -> Directions:
        """Directions that will do; `SurrogateError` for derivatives beyond the fourth, or mixed ones of three
        coordinates or that are not known from two directions.
        """
        wanted = sorted(set(wanted))
        needed: dict[tuple[int, ...], int] = {}
        parts: dict[Orders, tuple[tuple[float, tuple[int, ...]], ...]] = {}
        for orders in wanted:
            total = sum(orders)
            if total > HIGHEST:
                raise SurrogateError(f"derivatives up to the {HIGHEST}th are known, not {orders}")
            parts[orders] = _parts(orders) if total else ()
            for _, vector in parts[orders]:
                needed[vector] = max(needed.get(vector, 0), total)
        places, first = {}, 1
        for vector, order in needed.items():
            places[vector] = first
            first += order
        recipes: dict[Orders, tuple[tuple[float, int], ...]] = {
            orders: tuple((factor, places[vector] + sum(orders) - 1) for factor, vector in parts[orders])
            or ((1.0, 0),)
            for orders in wanted
        }
        return cls(tuple(needed), tuple(needed.values()), recipes)


def _parts(orders: Orders) -> tuple[tuple[float, tuple[int, ...]], ...]:
    """A derivative as a sum of derivatives along single directions: factor and direction."""
    axes = [i for i, n in enumerate(orders) if n]

    def vector(**signs: int) -> tuple[int, ...]:
        return tuple(signs.get(f"a{i}", 0) for i in range(len(orders)))

    if len(axes) == 1:
        return ((1.0, vector(**{f"a{axes[0]}": 1})),)
    known = MIXED.get((orders[axes[0]], orders[axes[1]])) if len(axes) == 2 else None
    if known is None:
        raise SurrogateError(
            f"mixed derivatives of two coordinates are known of orders {', '.join(map(str, MIXED))}, not "
            f"{orders}; introduce an unknown for one of them"
        )
    i, j = (f"a{axis}" for axis in axes)
    factors, divisor = known
    along = (
        vector(**{i: 1, j: 1}),
        vector(**{i: 1, j: -1}),
        vector(**{i: 1}),
        vector(**{j: 1}),
    )
    return tuple((f / divisor, v) for f, v in zip(factors, along, strict=True) if f)
