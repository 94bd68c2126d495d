"""Where a network of coordinates is asked to obey: points spread evenly, or drawn to where it fails."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch.quasirandom import SobolEngine

from ..solvers.pointwise import Condition, Places, Pointwise
from .surrogate import SurrogateError

__all__ = ["condition_points", "inner_points", "refuse_outside"]

DRAWS = 20
"""Times as many points are drawn as are wanted before a domain counts as empty."""


def inner_points(problem: Pointwise, points: int, *, seed: int, mirrored: bool) -> dict[str, torch.Tensor]:
    """So many points of the domain, spread evenly (Sobol, scrambled); with `mirrored`, in one half only.

    Raises `SurrogateError` where hardly a point of the box belongs to the domain.
    """
    wanted, found, engine = points, [], _engine(problem, seed)
    for _ in range(DRAWS):
        places = _spread(problem, engine.draw(points, dtype=torch.float64), mirrored=mirrored)
        if problem.inside is not None:
            inside = problem.inside(places)
            places = {name: values[inside] for name, values in places.items()}
        found.append({name: values[:wanted] for name, values in places.items()})
        wanted -= len(next(iter(found[-1].values())))
        if not wanted:
            return {name: torch.cat([f[name] for f in found]) for name in found[0]}
    raise SurrogateError(
        f"of {DRAWS * points} points of the box only {points - wanted} belong to the domain, {points} are "
        "wanted; look at the problem's `inside`, or narrow its coordinates"
    )


def condition_points(
    problem: Pointwise, condition: Condition, points: int, *, seed: int
) -> dict[str, torch.Tensor]:
    """So many points at which a condition holds; a single one where nothing is left to vary.

    Raises `SurrogateError` for points outside of the domain's box.
    """
    if callable(condition.where):
        generator = torch.Generator().manual_seed(seed)
        placed = {n: torch.as_tensor(v).double() for n, v in condition.where(points, generator).items()}
        missing = [name for name in problem.coordinate_names if name not in placed]
        if missing:
            raise SurrogateError(f"condition {condition.name!r} places no {missing[0]!r}; it must place all")
        count = len(placed[problem.coordinate_names[0]])
        spread = _spread(problem, _engine(problem, seed).draw(count, dtype=torch.float64), mirrored=False)
        placed = {**{number.name: spread[number.name] for number in problem.numbers}, **placed}
        refuse_outside(problem, placed, f"condition {condition.name!r}")
        return placed
    left = len(problem.coordinates) - len(condition.where) + len(problem.ranges)
    spread = _spread(
        problem, _engine(problem, seed).draw(points if left else 1, dtype=torch.float64), mirrored=False
    )
    for name, value in condition.where.items():
        spread[name] = torch.full_like(spread[name], value)
    return spread


def refuse_outside(problem: Pointwise, places: Places, what: str) -> None:
    """Raise `SurrogateError` for places beyond the ranges of coordinates and numbers."""
    bounds = {c.name: (c.low, c.high) for c in problem.coordinates}
    bounds |= {number.name: (number.low, number.high) for number in problem.ranges}
    for name, (low, high) in bounds.items():
        if name not in places:
            continue  # a number that is to be found is given nowhere
        slack = 1e-9 * max(abs(low), abs(high), high - low)
        values = places[name]
        outside = ~((values >= low - slack) & (values <= high + slack))
        if outside.any():
            raise SurrogateError(
                f"{what}: {int(outside.sum())} of {len(values)} points lie outside of the domain, the first "
                f"at {name} = {float(values[outside][0]):g}, which reaches from {low:g} to {high:g}; leave "
                "them out or widen the range"
            )


def _engine(problem: Pointwise, seed: int) -> SobolEngine:
    return SobolEngine(len(problem.coordinates) + len(problem.ranges), scramble=True, seed=seed)


def _spread(problem: Pointwise, shares: torch.Tensor, *, mirrored: bool) -> dict[str, torch.Tensor]:
    """From the unit cube to the box, in its ranges of numbers, too."""
    halved = {mirror.reflected[0] for mirror in problem.mirrors} if mirrored else set()
    places: dict[str, torch.Tensor] = {}
    for i, coordinate in enumerate(problem.coordinates):
        share = 0.5 + 0.5 * shares[:, i] if coordinate.name in halved else shares[:, i]
        places[coordinate.name] = coordinate.low + coordinate.length * share
    ranges: Mapping[str, int] = {n.name: len(problem.coordinates) + k for k, n in enumerate(problem.ranges)}
    for number in problem.numbers:
        share = shares[:, ranges[number.name]] if number.varies else torch.zeros(len(shares)).to(shares)
        places[number.name] = number.spread(share)
    return places
