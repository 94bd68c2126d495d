"""What a network of coordinates is to make small: residuals at points, term by term, weighed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from ..solvers.pointwise import Derivative, Equations, Places, wanted_by
from .pinn_network import CoordinateNetwork, Prepared
from .surrogate import SurrogateError

__all__ = ["Known", "Term", "data_term", "equation_term", "periodic_term", "sizes_of"]


@dataclass(frozen=True)
class Known:
    """Known values of unknowns, measured or computed.

    Attributes:
        places: all coordinates, and the numbers that vary, by name, (values,) each.
        values: unknowns by name, (values,) each; NaN where one is not known.
    """

    places: Places
    values: Mapping[str, torch.Tensor]

    def __post_init__(self) -> None:
        counts = {name: tuple(v.shape) for name, v in (*self.places.items(), *self.values.items())}
        if len(set(counts.values())) != 1 or len(next(iter(counts.values()))) != 1 or not self.values:
            raise SurrogateError(f"known values need a place each, as tensors (values,); got {counts}")

    def drawn(self, limit: int | None, *, seed: int) -> Known:
        """Itself, or so many of it by chance where there are more."""
        some = next(iter(self.values.values()))
        if limit is None or len(some) <= limit:
            return self
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(some), generator=generator)[:limit].to(some.device)
        return Known(
            {name: values[chosen] for name, values in self.places.items()},
            {name: values[chosen] for name, values in self.values.items()},
        )


Residuals = Callable[[CoordinateNetwork], dict[str, torch.Tensor]]


@dataclass
class Term:
    """One part of the loss: residuals by name, (points,) each, of which the mean square counts.

    Attributes:
        name: for people.
        residuals: network -> what has to be zero.
        places: of the points.
        weights: (points,) of each point's square, at most 1; None for 1.
    """

    name: str
    residuals: Residuals
    places: Places
    weights: torch.Tensor | None = None

    def squares(self, network: CoordinateNetwork) -> torch.Tensor:
        """(points,) the sum of the squares of all residuals."""
        parts = [r.square() for r in self.residuals(network).values()]
        return sum(parts[1:], parts[0])

    def value(self, network: CoordinateNetwork) -> torch.Tensor:
        """The mean square."""
        squares = self.squares(network)
        return squares.mean() if self.weights is None else (self.weights * squares).mean()


@dataclass
class _Said:
    """An `At` at prepared points."""

    network: CoordinateNetwork
    prepared: Prepared
    said: dict[Derivative, torch.Tensor] = field(default_factory=dict)

    def __call__(self, name: str, /, **orders: int) -> torch.Tensor:
        problem = self.network.problem
        if name in self.network.guesses:
            return self.network.number(name).expand(len(self.prepared.places[problem.coordinate_names[0]]))
        if name not in problem.unknowns:
            return self.prepared.places[name]
        return self.said[name, tuple(orders.get(c, 0) for c in problem.coordinate_names)]


def equation_term(network: CoordinateNetwork, name: str, equations: Equations, places: Places) -> Term:
    """Equations at points."""
    prepared = network.prepare(places, wanted_by(network.problem, equations, name))

    def residuals(network: CoordinateNetwork) -> dict[str, torch.Tensor]:
        return dict(equations(_Said(network, prepared, network(prepared))))

    return Term(name, residuals, places)


def sizes_of(known: Known) -> dict[str, float]:
    """The root mean square of each unknown's known values; 1 where all are zero or none is known."""
    found = {}
    for name, values in known.values.items():
        there = values[torch.isfinite(values)]
        found[name] = float(there.square().mean().nan_to_num().sqrt()) or 1.0  # (of none it is NaN)
    return found


def data_term(network: CoordinateNetwork, known: Known, sizes: Mapping[str, float]) -> Term:
    """Known values, in units of each unknown's size."""
    none = (0,) * len(network.problem.coordinates)
    prepared = network.prepare(known.places, [(name, none) for name in known.values])
    there = {name: torch.isfinite(values) for name, values in known.values.items()}

    def residuals(network: CoordinateNetwork) -> dict[str, torch.Tensor]:
        said = network(prepared)
        return {
            name: torch.where(there[name], said[name, none] - values.nan_to_num(), 0.0) / sizes[name]
            for name, values in known.values.items()
        }

    return Term("data", residuals, known.places)


def periodic_term(network: CoordinateNetwork, coordinate: str, places: Places, *, highest: int) -> Term:
    """Values and derivatives below the highest are the same at both ends of a coordinate."""
    problem = network.problem
    bounds = next(c for c in problem.coordinates if c.name == coordinate)
    i = problem.coordinate_names.index(coordinate)
    wanted = [
        (unknown, tuple(n if j == i else 0 for j in range(len(problem.coordinates))))
        for unknown in problem.unknowns
        for n in range(max(1, highest))
    ]
    low, high = (
        network.prepare({**places, coordinate: torch.full_like(places[coordinate], end)}, wanted)
        for end in (bounds.low, bounds.high)
    )

    def residuals(network: CoordinateNetwork) -> dict[str, torch.Tensor]:
        at_low, at_high = network(low), network(high)
        return {
            f"{unknown}, {orders[i]}": (at_low[unknown, orders] - at_high[unknown, orders])
            * (0.5 * bounds.length) ** orders[i]
            for unknown, orders in wanted
        }

    return Term(f"periodic {coordinate}", residuals, places)
