"""Equations point by point: what a network of coordinates has to obey, and where."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import torch

from .asked_for import TIME, refuse_form, refuse_missing, refuse_outside, refuse_reading, wanted_by
from .solution import SolverError

__all__ = [
    "TIME",
    "At",
    "Condition",
    "Coordinate",
    "Derivative",
    "Equations",
    "Mirror",
    "Number",
    "Places",
    "Pointwise",
    "Read",
    "wanted_by",
]

Places = Mapping[str, torch.Tensor]
"""Coordinates and numbers by name, (points,) each."""
Derivative = tuple[str, tuple[int, ...]]
"""An unknown, and how often it is differentiated by each coordinate."""


class At(Protocol):
    """What equations are written with: everything at all points at once, as tensors (points,).

    `at("u")` is an unknown, `at("u", x=2)` its second derivative by x, `at("u", x=1, y=1)` a mixed one;
    `at("x")` is a coordinate, `at("viscosity")` a number of the problem.
    """

    def __call__(self, name: str, /, **orders: int) -> torch.Tensor: ...


Equations = Callable[[At], Mapping[str, torch.Tensor]]
"""What has to be zero, by name. Which derivatives it asks for must not depend on values."""


@dataclass(frozen=True)
class Coordinate:
    """One coordinate and its range; time is called `t`.

    Raises `SolverError` for a range that is not finite or empty.

    >>> Coordinate("x", -1.0, 1.0, periodic=True).length
    2.0
    """

    name: str
    low: float
    high: float
    periodic: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise SolverError(
                f"coordinate {self.name!r} must have a finite range that ascends, got {self.low} to "
                f"{self.high}"
            )

    @property
    def length(self) -> float:
        """Of the range."""
        return self.high - self.low


@dataclass(frozen=True)
class Number:
    """A number on which the equations depend, and the range over which they are to be solved at once.

    With `low` equal to `high` it is a constant. Raises `SolverError` for a range that makes no sense.
    """

    name: str
    low: float
    high: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high):
            raise SolverError(f"number {self.name!r} must have a finite range, got {self.low} to {self.high}")
        if self.logarithmic and self.low <= 0:
            raise SolverError(f"number {self.name!r} is logarithmic, so it must be positive, got {self.low}")

    @property
    def varies(self) -> bool:
        """Whether it is a range."""
        return self.low < self.high

    def scaled(self, value: torch.Tensor) -> torch.Tensor:
        """From its range to [-1, 1], by its logarithm where it is logarithmic."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = value.log(), math.log(low), math.log(high)
        return (value - 0.5 * (low + high)) / (0.5 * (high - low))

    def spread(self, share: torch.Tensor) -> torch.Tensor:
        """From [0, 1] to its range, evenly, or evenly in its logarithm."""
        if not self.logarithmic:
            return self.low + (self.high - self.low) * share
        return self.low * (self.high / self.low) ** share


@dataclass(frozen=True)
class Condition:
    """Equations that hold on a part of the domain: at the start, at a wall, around a body.

    Attributes:
        name: for people, and to weigh it by.
        where: the coordinates that are fixed there; or, for other shapes, a function that places a number of
            points, (points, generator) -> places of all coordinates.
        equations: what has to be zero there.
        built_in: whether the problem's `form` makes it hold whatever the network says.
    """

    name: str
    where: Mapping[str, float] | Callable[[int, torch.Generator], Places]
    equations: Equations
    built_in: bool = False


@dataclass(frozen=True)
class Mirror:
    """A symmetry of the solution: some coordinates are reflected in the middle of their range, and the
    unknowns that are odd change their sign.
    """

    reflected: tuple[str, ...]
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Read:
    """How a number of the system's solution is read off the unknowns.

    Attributes:
        unknown: of which it is made.
        orders: how often that is differentiated, by coordinate.
        shift: how far from the grid's point it is read, by coordinate.
        factor: by which it is multiplied.
        outside: what is answered where a place is not inside the domain; None for what the unknown is there.
    """

    unknown: str
    orders: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    shift: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    factor: float = 1.0
    outside: float | None = None


@dataclass(frozen=True)
class Pointwise:
    """A problem for a network of coordinates: equations inside, conditions on parts, and how to answer.

    Attributes:
        coordinates: of a point, their ranges with them.
        unknowns: names of the functions that are looked for.
        equations: what has to be zero at every point inside.
        conditions: what has to hold on parts of the domain.
        numbers: constants, and ranges of numbers over which the problem is to be solved at once.
        inside: which points of the box belong to the domain; None for all.
        form: coordinates -> for unknowns by name (a, b), with which the unknown is a + b times what the
            network says, so that conditions that are `built_in` hold; made of torch's smooth functions.
        mirrors: symmetries of the solution, which may be built in.
        answers: for fields of the system's solution how each is read off; several stand along its last axis.
        free: coordinates at whose ends nothing needs to be given.

    Raises `SolverError` for names that are not known or occur twice, a condition outside the ranges,
    equations in which no unknown stands, and where conditions are missing: as many equations at the ends of
    time as an unknown is differentiated by it, one at each end of another coordinate in which it is
    differentiated twice, as many in all as it is differentiated more often. What is held at places that a
    function gives, or at an end by fewer of the unknowns than it names, is not looked into.
    """

    coordinates: tuple[Coordinate, ...]
    unknowns: tuple[str, ...]
    equations: Equations
    conditions: tuple[Condition, ...] = ()
    numbers: tuple[Number, ...] = ()
    inside: Callable[[Places], torch.Tensor] | None = None
    form: Callable[[Places], Mapping[str, tuple[torch.Tensor, torch.Tensor]]] | None = None
    mirrors: tuple[Mirror, ...] = ()
    answers: Mapping[str, Read | tuple[Read, ...]] = field(default_factory=lambda: MappingProxyType({}))
    free: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = [*self.coordinate_names, *self.unknowns, *(n.name for n in self.numbers)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice or not self.coordinates or not self.unknowns:
            raise SolverError(
                f"a problem needs coordinates and unknowns, each name once; got {names}"
                + (f", {twice[0]!r} twice" if twice else "")
            )
        titles = [condition.name for condition in self.conditions]
        if len(set(titles)) < len(titles):
            raise SolverError(f"each condition needs a name of its own, got {titles}")
        asked = wanted_by(self, self.equations, "the equations")
        for condition in self.conditions:
            refuse_outside(self, condition)
            wanted_by(self, condition.equations, f"condition {condition.name!r}")
            if condition.built_in and self.form is None:
                raise SolverError(
                    f"condition {condition.name!r} is said to be built in, but the problem has no form"
                )
        for mirror in self.mirrors:
            unknown = {*mirror.reflected} - {*self.coordinate_names} | {*mirror.odd} - {*self.unknowns}
            if unknown or not mirror.reflected:
                raise SolverError(
                    f"a mirror reflects coordinates and changes unknowns, got {mirror.reflected} and "
                    f"{mirror.odd} where there are {self.coordinate_names} and {self.unknowns}"
                )
        refuse_form(self)
        refuse_reading(self)
        refuse_missing(self, asked)

    @property
    def coordinate_names(self) -> tuple[str, ...]:
        """In their order."""
        return tuple(coordinate.name for coordinate in self.coordinates)

    @property
    def ranges(self) -> tuple[Number, ...]:
        """The numbers that vary."""
        return tuple(number for number in self.numbers if number.varies)
