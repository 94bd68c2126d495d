"""From a system's grid to a network's coordinates and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from ..datasets.pairs import Pairs
from ..solvers.contract import System
from ..solvers.pointwise import TIME, Pointwise
from .pinn_loss import Known
from .surrogate import SurrogateError

__all__ = ["CoordinateGrid"]


class CoordinateGrid:
    """The points at which a system's solution is given, as coordinates of a problem.

    Axes that are coordinates are spread out; of an axis that is none, such as that of bodies, each entry is an
    unknown of its own (`Pointwise.answers`).

    Raises `SurrogateError` where the problem does not say which unknowns make the solution's fields.
    """

    def __init__(self, system: System, problem: Pointwise) -> None:
        self.problem, self.answers = problem, dict(problem.answers)
        missing = [field.name for field in system.fields if field.name not in self.answers]
        unknown = {
            u for names in self.answers.values() for u in ([names] if isinstance(names, str) else names)
        } - {*problem.unknowns}
        if missing and not self.answers or unknown:
            raise SurrogateError(
                f"the equations of {system.title} must say which unknowns make each field of its solution; "
                f"{'nothing is said of ' + missing[0] if missing else sorted(unknown)[0] + ' is none'}"
            )
        self.axes = [axis for axis in system.axes if axis.name in problem.coordinate_names]
        mesh = np.meshgrid(*(np.array(axis.values) for axis in self.axes), indexing="ij")
        self.shape = tuple(len(axis) for axis in self.axes)
        self.places_of_axes = {
            axis.name: torch.from_numpy(values.ravel().copy())
            for axis, values in zip(self.axes, mesh, strict=True)
        }
        self.points = int(np.prod(self.shape))

    def places(
        self, inputs: Mapping[str, torch.Tensor], device: torch.device, dtype: torch.dtype
    ) -> tuple[dict[str, torch.Tensor], tuple[int, ...]]:
        """All coordinates and varying numbers of a batch of (query, time), flat, and the answer's shape."""
        batch = len(next(iter(inputs.values())))
        found = {
            name: values.to(device, dtype).repeat(batch) for name, values in self.places_of_axes.items()
        }
        for name, source in ((TIME, "time"), *((n.name, n.name) for n in self.problem.ranges)):
            if name in (*self.problem.coordinate_names, *(n.name for n in self.problem.ranges)):
                found[name] = inputs[source].to(device, dtype).repeat_interleave(self.points)
        return found, (batch, *self.shape)

    def fields(self, values: torch.Tensor, shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
        """(points, unknowns) -> the solution's fields by name, (batch, *grid)."""
        by_name = {u: values[:, i].reshape(shape) for i, u in enumerate(self.problem.unknowns)}
        return {
            field: by_name[names] if isinstance(names, str) else torch.stack([by_name[u] for u in names], -1)
            for field, names in self.answers.items()
        }

    def known(self, pairs: Pairs) -> Known:
        """Answers of a training set, each value with its place."""
        places: dict[str, list[torch.Tensor]] = {}
        values: dict[str, list[torch.Tensor]] = {}
        for trajectory in range(pairs.trajectories):
            given, wanted = pairs.trajectory(trajectory)
            times = torch.from_numpy(np.asarray(pairs.times))
            inputs = {"time": times} | {
                n.name: torch.full((len(times),), float(given[n.name]), dtype=torch.float64)
                for n in self.problem.ranges
            }
            found, _ = self.places(inputs, torch.device("cpu"), torch.float64)
            for name, place in found.items():
                places.setdefault(name, []).append(place)
            for number in self.problem.numbers:
                if not number.varies:
                    constant = torch.full((len(place),), number.low, dtype=torch.float64)
                    places.setdefault(number.name, []).append(constant)
            for field, names in self.answers.items():
                true = torch.from_numpy(wanted[field].astype(np.float64))
                parts = [(names, true)] if isinstance(names, str) else zip(names, true.unbind(-1), strict=True)
                for unknown, part in parts:
                    values.setdefault(unknown, []).append(part.reshape(-1))
        return Known(
            {name: torch.cat(parts) for name, parts in places.items()},
            {name: torch.cat(parts) for name, parts in values.items()},
        )
