"""What every system, solver and solution promises.

A `System` is physics, a `Solver` is numerics, a `Solution` is what a solver answers. Anything that
takes `(queries, times)` and returns a `Solution` can be compared with anything else that does: a solver
and a surrogate alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from .pointwise import Pointwise
from .solution import Solution, SolverError, Status, notes_of

__all__ = [
    "PERIODIC",
    "Answer",
    "Axis",
    "End",
    "Field",
    "Queries",
    "Solution",
    "Solver",
    "SolverError",
    "Status",
    "Symmetry",
    "System",
    "notes_of",
]

Queries = Mapping[str, NDArray[Any]]
"""What is asked: arrays by name, samples along the first axis. The names are the system's `query_fields`
plus, for surrogates with memory, `history/<interval>/<field>` of shape (samples, frames, *grid) whose last
frame is the initial state."""


End = Literal["periodic", "open", "wall", "inflow", "outflow"]
"""What is at an end of an axis: the other end, nothing in particular, a wall, or what flows in or out."""
PERIODIC: tuple[End, End] = ("periodic", "periodic")


@dataclass(frozen=True)
class Axis:
    """One spatial (or body) axis: its coordinate values, unit, and what is at its two ends.

    Raises `SolverError` for ends that are not known, or periodic on one side only.

    >>> Axis("x", (0.0, 0.5), ends=PERIODIC).periodic
    True
    >>> Axis("y", (0.0, 0.5, 1.0), "m", ends=("wall", "open")).periodic
    False
    """

    name: str
    values: tuple[float, ...]
    unit: str = "1"
    ends: tuple[End, End] = ("open", "open")

    def __post_init__(self) -> None:
        known = get_args(End)
        if len(self.ends) != 2 or not set(self.ends) <= set(known):
            raise SolverError(f"axis {self.name!r} must have two ends out of {known}, got {self.ends}")
        if self.ends.count("periodic") == 1:
            raise SolverError(f"axis {self.name!r} must be periodic at both ends or none, got {self.ends}")

    def __len__(self) -> int:
        return len(self.values)

    @property
    def periodic(self) -> bool:
        """Whether it closes on itself."""
        return self.ends == PERIODIC


@dataclass(frozen=True)
class Field:
    """One physical field, or a number that goes with each sample.

    Attributes:
        name, unit, meaning: for people; the name is also the key in queries and solutions.
        rank: 0, 1, 2 adds that many trailing component axes, each as long as the system has axes.
        varies_in_time: whether it has a value at each time. A solution gives also what does not vary with
            a time axis, and its first entry counts.
        axes: names of the system's axes along which it varies, in the system's order; None for all of them.
            With `()` it is one number per sample: a Reynolds number, a drag.
    """

    name: str
    unit: str = "1"
    rank: int = 0
    varies_in_time: bool = True
    meaning: str = ""
    axes: tuple[str, ...] | None = None

    def varies_along(self, axes: Iterable[str]) -> tuple[bool, ...]:
        """For each of a system's axes, by name, whether this field varies along it."""
        return tuple(self.axes is None or name in self.axes for name in axes)


Symmetry = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]
"""Takes fields of a query or of its answer by name, as many of them as one likes, samples first. Where a name
has a prefix that ends in a slash, what stands behind it is the field."""

Answer = Callable[[Queries, NDArray[np.float64]], Solution]
"""Whatever answers queries at given times: a `Solver`, or a surrogate bound to its task."""


@dataclass(frozen=True)
class System(ABC):
    """The physics of one problem. Subclasses are frozen dataclasses whose fields are its parameters."""

    name: ClassVar[str]
    """The folder's name, with underscores; also the name on the command line (hyphens are accepted)."""
    title: ClassVar[str]
    """The name as it is printed."""
    time_unit: ClassVar[str] = "1"

    @property
    @abstractmethod
    def axes(self) -> tuple[Axis, ...]:
        """The grid on which queries are asked and solutions are given."""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The fields of a solution."""

    @property
    @abstractmethod
    def query_fields(self) -> tuple[Field, ...]:
        """The fields of a query (initial state, geometry, Reynolds number, ...), on axes of the same grid."""

    @property
    @abstractmethod
    def characteristic_time(self) -> float:
        """The time in which the solution changes by order one: the Lyapunov time where it is chaotic."""

    @abstractmethod
    def draw(self, generators: Sequence[np.random.Generator]) -> Queries:
        """One random query per generator, so that sample i does not depend on who asks for it."""

    @abstractmethod
    def invariants(
        self, values: Mapping[str, NDArray[Any]], queries: Queries = MappingProxyType({})
    ) -> dict[str, NDArray[np.float64]]:
        """Quantities that the exact solution conserves (or balances), each (samples, times).

        `values` are (samples, times, *grid[, components]); `queries` is what was asked (masses, geometry),
        which may be left out where the invariants do not depend on it.
        """

    @abstractmethod
    def residual(
        self,
        values: Mapping[str, torch.Tensor],
        queries: Mapping[str, torch.Tensor],
        *,
        interval: float,
    ) -> dict[str, torch.Tensor]:
        """How far the fields are from obeying each equation and condition: name -> (samples, times, ...).

        Differentiable, in values and queries alike. `values` are (samples, times, *grid[, components]) at
        times `interval` apart; `queries` is what was asked (samples first), as far as the equations need it.
        """

    def pointwise(self, query: Queries, *, horizon: float) -> Pointwise:
        """The equations point by point, until a time, for networks of coordinates.

        `query` is one sample, (1, ...) each. Numbers may be left out: the problem is then that of the whole
        range in which the system draws them. Raises `SolverError` where the system has no such form.
        """
        raise SolverError(
            f"{self.title} has no equations point by point, so no network can learn them; give it a method "
            "`pointwise`, or choose a surrogate that learns from a training set"
        )

    @property
    def symmetries(self) -> tuple[Symmetry, ...]:
        """Maps of a query to another one, and of the first one's answer to that one's; none by default."""
        return ()

    def groups(self, queries: Queries) -> dict[str, NDArray[np.float64]]:
        """Numbers that follow from a query and may say it better, (samples, ...) each: dimensionless groups.

        None by default. A task may show them to a surrogate in the place of what they follow from.
        """
        return {}

    def observed(
        self, values: Mapping[str, NDArray[Any]], queries: Queries
    ) -> dict[str, NDArray[np.float64]]:
        """What of an answer follows from configurations drawn for it, (samples, times, ...) each; none by
        default.
        """
        return {}

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as plain numbers and strings, for provenance."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @property
    def grid(self) -> tuple[int, ...]:
        """Points along each axis."""
        return tuple(len(axis) for axis in self.axes)

    def grid_of(self, field: Field) -> tuple[int, ...]:
        """Points along each axis along which a field varies; `()` for one number per sample."""
        varies = field.varies_along(axis.name for axis in self.axes)
        return tuple(points for points, along in zip(self.grid, varies, strict=True) if along)

    def check_queries(self, queries: Queries) -> int:
        """The number of samples; raises `SolverError` that names what is wrong with the queries."""
        return self.check_fields(queries, self.query_fields)

    def check_fields(self, queries: Queries, wanted_fields: Sequence[Field]) -> int:
        """The same, looking at these fields of a query alone."""
        samples: int | None = None
        for wanted in wanted_fields:
            if wanted.name not in queries:
                raise SolverError(
                    f"a query of {self.title} needs {wanted.name!r}; got {sorted(queries) or 'nothing'}"
                )
            array, grid = np.asarray(queries[wanted.name]), self.grid_of(wanted)
            if array.ndim != 1 + len(grid) + wanted.rank or array.shape[1 : 1 + len(grid)] != grid:
                expected = ", ".join(["samples", *map(str, grid), *["components"] * wanted.rank])
                raise SolverError(
                    f"query field {wanted.name!r} must have shape ({expected}), got {array.shape}"
                )
            if not np.isfinite(array).all():
                bad = np.unique(np.argwhere(~np.isfinite(array))[:, 0])
                raise SolverError(
                    f"query field {wanted.name!r} holds NaN or infinity in samples {bad[:5].tolist()}; "
                    "remove those samples"
                )
            if samples is not None and len(array) != samples:
                raise SolverError(
                    f"query field {wanted.name!r} has {len(array)} samples, the fields before it {samples}"
                )
            samples = len(array)
        if samples is None:
            raise SolverError(f"{self.title} declares no query fields")
        return samples


@dataclass(frozen=True)
class Solver(ABC):
    """The numerics. Subclasses are frozen dataclasses; the fields besides `system` *are* the accuracy.

    Calling it answers a batch of queries at the given times (strictly increasing, from 0 on):
    `solver(queries, times) -> Solution`. It never raises for a sample that fails: that sample is NaN and
    its status says why. It raises `SolverError` for a question that makes no sense.
    """

    system: System

    @abstractmethod
    def __call__(self, queries: Queries, times: NDArray[np.float64]) -> Solution: ...

    def advice(self, queries: Queries, times: NDArray[np.float64], solution: Solution) -> str:
        """What would do where samples of this solution failed; empty where there is nothing to say.

        It may take seconds, for it may try: so it is asked for, and no part of what is timed.
        """
        return ""

    @property
    @abstractmethod
    def label(self) -> str:
        """Short and unique among the settings of a ladder, e.g. `ETDRK4 h=1/16 N=64 float32`."""

    @property
    def settings(self) -> dict[str, Any]:
        """The solver's own fields and its class name, for provenance."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "system"}
        return {"solver": type(self).__name__, **own}


@dataclass(frozen=True)
class Kit:
    """What a system's package offers under the name `KIT`; discovery looks for nothing else.

    Attributes:
        system: the class of the system; its defaults are the standard problem.
        solvers: the solver classes.
        standard: system -> the solver that makes training sets.
        reference: system -> the solver that is truth; shown to be converged.
        ladder: system -> every cheap way to run the solver, for the comparison.
    """

    system: type[System]
    solvers: tuple[type[Solver], ...]
    standard: Callable[[Any], Solver]
    reference: Callable[[Any], Solver]
    ladder: Callable[[Any], list[Solver]]
    notes: Mapping[str, str] = field(default_factory=dict)


def check_times(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times as float64, or a `SolverError`: they must be finite, non-negative and strictly increasing."""
    checked = np.asarray(times, dtype=np.float64)
    if checked.ndim != 1 or checked.size == 0:
        raise SolverError(f"times must be a non-empty one-dimensional array, got shape {checked.shape}")
    if not np.isfinite(checked).all() or checked[0] < 0 or (np.diff(checked) <= 0).any():
        raise SolverError("times must be finite, non-negative and strictly increasing")
    return checked
