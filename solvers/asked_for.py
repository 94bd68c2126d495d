"""What equations ask for, found by asking them; and whether a problem gives all that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from .solution import SolverError

if TYPE_CHECKING:
    from .pointwise import Condition, Derivative, Equations, Pointwise

__all__ = ["refuse_form", "refuse_missing", "refuse_outside", "refuse_reading", "wanted_by"]

TIME = "t"
"""The name of the coordinate that is time."""


class _Recorder:
    """An `At` that notes what it is asked for, at two points and with values that are all one."""

    def __init__(self, problem: Pointwise) -> None:
        self.problem = problem
        self.asked: set[Derivative] = set()

    def __call__(self, name: str, /, **orders: int) -> torch.Tensor:
        problem, one = self.problem, torch.ones(2, dtype=torch.float64)
        names = problem.coordinate_names
        if name in problem.unknowns:
            if not {*orders} <= {*names} or not all(isinstance(n, int) and n >= 0 for n in orders.values()):
                raise SolverError(f"{name!r} can be differentiated by {', '.join(names)}, got {orders}")
            self.asked.add((name, tuple(orders.get(c, 0) for c in names)))
            return one
        numbers = tuple(number.name for number in problem.numbers)
        if name not in (*names, *numbers):
            raise SolverError(
                f"the problem has no {name!r}; it has unknowns {', '.join(problem.unknowns)}, coordinates "
                f"{', '.join(names)}" + (f" and numbers {', '.join(numbers)}" if numbers else "")
            )
        if orders:
            raise SolverError(f"only unknowns can be differentiated, {name!r} is none")
        return one


def wanted_by(problem: Pointwise, equations: Equations, what: str) -> frozenset[Derivative]:
    """Which derivatives of which unknowns equations ask for; `SolverError` for none, and for equations that
    give anything but a number for each point.
    """
    return _asked(problem, equations, what)[0]


def _asked(problem: Pointwise, equations: Equations, what: str) -> tuple[frozenset[Derivative], int]:
    """What is asked for, and how many equations there are."""
    recorder = _Recorder(problem)
    found = equations(recorder)
    if not isinstance(found, Mapping) or not found:
        raise SolverError(f"{what} must give what has to be zero, by name; got {found!r:.60}")
    for name, value in found.items():
        if not isinstance(value, torch.Tensor) or value.shape != (2,):
            shape = type(value).__name__
            if hasattr(value, "shape"):
                shape = f"a {shape} of shape {tuple(value.shape)}"
            raise SolverError(
                f"{name!r} of {what} must be one number for each point; at 2 points it is {shape}"
            )
    if not recorder.asked:
        raise SolverError(
            f"{what} ask for no unknown ({', '.join(problem.unknowns)}), so nothing the network says changes "
            "them; write them with at(...)"
        )
    return frozenset(recorder.asked), len(found)


def refuse_outside(problem: Pointwise, condition: Condition) -> None:
    """Raise `SolverError` for a condition at other coordinates, or beyond their ranges."""
    if callable(condition.where):
        return
    bounds = {c.name: c for c in problem.coordinates}
    for name, value in condition.where.items():
        if name not in bounds:
            raise SolverError(
                f"condition {condition.name!r} fixes {name!r}, which is no coordinate; there are "
                f"{', '.join(bounds)}"
            )
        if not bounds[name].low <= value <= bounds[name].high:
            raise SolverError(
                f"condition {condition.name!r} is at {name} = {value:g}, outside of "
                f"{bounds[name].low:g} to {bounds[name].high:g}"
            )


def refuse_missing(problem: Pointwise, asked: frozenset[Derivative]) -> None:
    """Where derivatives need values at the ends of a coordinate, some condition must give these."""
    held = Counter[tuple[str, str, float]]()
    for condition in problem.conditions:
        if callable(condition.where):
            continue
        wanted, count = _asked(problem, condition.equations, condition.name)
        for unknown in {unknown for unknown, _ in wanted}:
            for name, value in condition.where.items():
                held[unknown, name, float(value)] += count
    anywhere = any(callable(condition.where) for condition in problem.conditions)
    for i, coordinate in enumerate(problem.coordinates):
        if coordinate.periodic or coordinate.name in problem.free:
            continue
        for unknown in problem.unknowns:
            highest = max((orders[i] for name, orders in asked if name == unknown), default=0)
            ends = (coordinate.low, coordinate.high)
            given = [held[unknown, coordinate.name, end] for end in ends]
            missing = [end for end, count in zip(ends, given, strict=True) if not count]
            if coordinate.name == TIME and highest > sum(given):  # both ends: a problem between two times
                raise SolverError(
                    f"{unknown} is differentiated by time, but no condition says what it is at "
                    f"t = {coordinate.low:g}; add an initial condition"
                    if not sum(given)
                    else f"{unknown} is differentiated {highest} times by time, but of its start only "
                    f"{sum(given)} equation is given; say what its speed is, too"
                )
            if coordinate.name != TIME and highest > 1 and missing and not anywhere:
                raise SolverError(
                    f"{unknown} is differentiated {highest} times by {coordinate.name}, but no condition "
                    f"says what it does at {coordinate.name} = {missing[0]:g}; add a boundary condition, "
                    f"or name {coordinate.name!r} in `free` if there is none"
                )
            if coordinate.name != TIME and highest > 2 and sum(given) < highest and not anywhere:
                raise SolverError(
                    f"{unknown} is differentiated {highest} times by {coordinate.name}, but {sum(given)} "
                    "equations say what it does at the ends; add boundary conditions, or name "
                    f"{coordinate.name!r} in `free`"
                )


def refuse_form(problem: Pointwise) -> None:
    """Raise `SolverError` for a form that gives what is no unknown."""
    if problem.form is None:
        return
    middle = {
        c.name: torch.full((2,), 0.5 * (c.low + c.high), dtype=torch.float64) for c in problem.coordinates
    }
    middle |= {n.name: torch.full((2,), n.low, dtype=torch.float64) for n in problem.numbers}
    strange = sorted({*problem.form(middle)} - {*problem.unknowns})
    if strange:
        raise SolverError(
            f"the form gives {strange[0]!r}, which is no unknown; there are {', '.join(problem.unknowns)}"
        )


def refuse_reading(problem: Pointwise) -> None:
    """Raise `SolverError` for answers that are read off no unknown, or shifted along no coordinate."""
    for reads in problem.answers.values():
        for read in reads if isinstance(reads, tuple) else (reads,):
            _Recorder(problem)(read.unknown, **read.orders)
            if read.unknown not in problem.unknowns or not {*read.shift} <= {*problem.coordinate_names}:
                raise SolverError(
                    f"an answer is read off unknowns, {', '.join(problem.unknowns)}, and shifted along "
                    f"{', '.join(problem.coordinate_names)}; got {read}"
                )
