"""From a system's grid to a network's coordinates and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from ..datasets.pairs import Pairs
from ..solvers.contract import System
from ..solvers.pointwise import TIME, Derivative, Pointwise, Read
from .pinn_loss import Known
from .surrogate import Surrogate, SurrogateError

__all__ = ["CoordinateGrid", "relative_error"]

Tensors = Mapping[str, torch.Tensor]
Evaluate = Callable[[Tensors, list[Derivative]], Mapping[Derivative, torch.Tensor]]
"""Places by name, (points,) each, and what is wanted there -> (points,) each."""


class CoordinateGrid:
    """The points at which a system's solution is given, as coordinates of a problem.

    Axes that are coordinates are spread out; of an axis that is none, such as that of bodies, each entry is
    read off by itself (`Pointwise.answers`).

    Raises `SurrogateError` where the problem does not say how the solution's fields are read off.
    """

    def __init__(self, system: System, problem: Pointwise) -> None:
        self.problem, self.answers = problem, dict(problem.answers)
        strange = {*self.answers} - {field.name for field in system.fields}
        if not self.answers or strange:
            raise SurrogateError(
                f"the equations of {system.title} must say how fields of its solution, "
                f"{', '.join(f.name for f in system.fields)}, are read off the unknowns; they say it of "
                f"{', '.join(self.answers) or 'none'}"
            )
        axes = [axis for axis in system.axes if axis.name in problem.coordinate_names]
        mesh = np.meshgrid(*(np.array(axis.values) for axis in axes), indexing="ij")
        self.shape = tuple(len(axis) for axis in axes)
        self.points = int(np.prod(self.shape))
        self._along = {
            axis.name: torch.from_numpy(values.ravel().copy())
            for axis, values in zip(axes, mesh, strict=True)
        }

    def places(self, inputs: Tensors) -> dict[str, torch.Tensor]:
        """All coordinates and varying numbers of a batch of (query, time), flat: a grid after the other."""
        batch, like = len(next(iter(inputs.values()))), next(iter(inputs.values()))
        found = {name: values.to(like).repeat(batch) for name, values in self._along.items()}
        if TIME in self.problem.coordinate_names:
            found[TIME] = inputs["time"].repeat_interleave(self.points)
        for number in self.problem.ranges:
            found[number.name] = inputs[number.name].repeat_interleave(self.points)
        return found

    def fields(self, evaluate: Evaluate, inputs: Tensors) -> dict[str, torch.Tensor]:
        """The solution's fields by name, (batch, *grid), by what can be evaluated at places."""
        places, shape = self.places(inputs), (len(next(iter(inputs.values()))), *self.shape)
        said: dict[tuple[tuple[str, float], ...], Mapping[Derivative, torch.Tensor]] = {}
        reads = [(name, r) for name, some in self.answers.items() for r in _each(some)]
        for _, read in reads:
            shift = tuple(sorted(read.shift.items()))
            if shift not in said:
                wanted = [self._derivative(r) for _, r in reads if tuple(sorted(r.shift.items())) == shift]
                moved = {name: places[name] + by for name, by in shift}
                said[shift] = evaluate({**places, **moved}, wanted)
        found: dict[str, torch.Tensor] = {}
        for name, some in self.answers.items():
            parts = []
            for read in _each(some):
                shift = tuple(sorted(read.shift.items()))
                value = read.factor * said[shift][self._derivative(read)]
                if read.outside is not None and self.problem.inside is not None:
                    moved = {**places, **{c: places[c] + by for c, by in shift}}
                    value = torch.where(self.problem.inside(moved), value, read.outside)
                parts.append(value.reshape(shape))
            found[name] = parts[0] if isinstance(some, Read) else torch.stack(parts, dim=-1)
        return found

    def known(self, pairs: Pairs, trajectories: int) -> Known:
        """The first answers of a training set, each value with its place: of what is read off unknowns as
        they are.
        """
        places: dict[str, list[torch.Tensor]] = {}
        values: dict[str, list[torch.Tensor]] = {}
        for trajectory in range(trajectories):
            given, wanted = pairs.trajectory(trajectory)
            times = torch.from_numpy(np.asarray(pairs.times))
            inputs = {"time": times} | {
                n.name: torch.full((len(times),), float(given[n.name]), dtype=torch.float64)
                for n in self.problem.ranges
            }
            found = self.places(inputs)
            count = len(next(iter(found.values())))
            for number in self.problem.numbers:
                if not number.varies:
                    found[number.name] = torch.full((count,), number.low, dtype=torch.float64)
            for name, place in found.items():
                places.setdefault(name, []).append(place)
            for name, some in self.answers.items():
                true = torch.from_numpy(wanted[name].astype(np.float64))
                parts = [true] if isinstance(some, Read) else true.unbind(-1)
                for read, part in zip(_each(some), parts, strict=True):
                    if not any(read.orders.values()) and not read.shift:
                        values.setdefault(read.unknown, []).append(part.reshape(-1) / read.factor)
        return Known(
            {name: torch.cat(parts) for name, parts in places.items()},
            {name: torch.cat(parts) for name, parts in values.items()},
        )

    def _derivative(self, read: Read) -> Derivative:
        return read.unknown, tuple(read.orders.get(c, 0) for c in self.problem.coordinate_names)


def _each(reads: Read | tuple[Read, ...]) -> tuple[Read, ...]:
    return (reads,) if isinstance(reads, Read) else reads


def relative_error(surrogate: Surrogate, pairs: Pairs) -> float:
    """The root mean square of a surrogate's errors over all answers, over that of the answers."""
    gone, whole = 0.0, 0.0
    for trajectory in range(pairs.trajectories):
        given, wanted = pairs.trajectory(trajectory)
        inputs = {name: np.repeat(v[None], pairs.frames, axis=0) for name, v in given.items()}
        inputs["time"] = np.array(pairs.times)
        tensors = {n: torch.from_numpy(v).to(surrogate.device, surrogate.dtype) for n, v in inputs.items()}
        for name, said in surrogate(tensors).items():
            true = torch.from_numpy(wanted[name].copy()).to(said)
            known = torch.isfinite(true)
            gone += float((said - true)[known].square().sum())
            whole += float(true[known].square().sum())
    return float(np.sqrt(gone / max(whole, 1e-300)))
