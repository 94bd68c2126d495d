"""Problems with a number that is to be found from noisy data, by a network and by the solver alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..solvers.burgers.system import Burgers
from ..solvers.contract import Queries, Solver, System
from ..solvers.discovery import find_kit
from ..solvers.heat.exact import SineSeries
from ..solvers.heat.system import Heat
from ..solvers.kuramoto_sivashinsky.system import KuramotoSivashinsky
from ..solvers.methods.spectral_schemes import ETDAB
from ..solvers.pointwise import TIME, Pointwise, Read
from ..solvers.three_body.exact import FIGURE_EIGHT_PERIOD
from ..solvers.three_body.solvers import Regularised
from ..solvers.three_body.system import ThreeBody
from ..surrogates.pinn_loss import Known
from ..surrogates.pinn_loss_settings import LossSettings
from ..surrogates.pinn_network import NetworkSettings

__all__ = ["PROBLEMS", "InverseProblem", "Measured"]

FRAMES = 64
"""Times at which something may be measured, evenly spread."""


@dataclass(frozen=True)
class Measured:
    """Noisy values, and where they were measured.

    Attributes:
        frames, points: (values,) of the times and of the grid; `points` is None where all unknowns of a frame
            are measured at once.
        values: unknowns by name, (values,) each.
        deviations: of the noise of each.
    """

    frames: NDArray[np.intp]
    points: NDArray[np.intp] | None
    values: dict[str, NDArray[np.float64]]
    deviations: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class InverseProblem:
    """A start that is known, a number that is not.

    Attributes:
        number, true, guess: its name, what it is, and what it is held to be at first.
        horizon: until when is measured.
        with_number: a value of the number -> the system and query that have it.
        fast: the solver that a fit asks again and again: a cheap one whose error is far below the noise. Data
            are made by that which makes training sets.
        network, loss: settings of the network that suit it.
    """

    number: str
    true: float
    guess: float
    horizon: float
    with_number: Callable[[float], tuple[System, Queries]]
    fast: Callable[[Any], Solver]
    network: NetworkSettings = field(default_factory=NetworkSettings)
    loss: LossSettings = field(default_factory=LossSettings)

    @property
    def times(self) -> NDArray[np.float64]:
        """(FRAMES,)"""
        return self.horizon * np.arange(1, FRAMES + 1) / FRAMES

    @cached_property
    def _reads(self) -> Mapping[str, Read | tuple[Read, ...]]:
        return self.pointwise.answers

    @property
    def pointwise(self) -> Pointwise:
        """The equations, of the number as it is held to be at first."""
        system, query = self.with_number(self.guess)
        return system.pointwise(query, horizon=self.horizon)

    def solver(self, value: float, *, fast: bool = False) -> tuple[Solver, Queries]:
        """That makes training sets, or the fast one, with this value."""
        system, query = self.with_number(value)
        return self.fast(system) if fast else find_kit(system.name).standard(system), query

    def answers(self, value: float, *, fast: bool = False) -> dict[str, NDArray[np.float64]]:
        """Unknowns by name, (frames, points) each or (frames,), with this value, as the solver has them."""
        solver, query = self.solver(value, fast=fast)
        solved = solver(query, self.times).values
        found = {}
        for name, reads in self._reads.items():
            some = (reads,) if isinstance(reads, Read) else reads
            parts = solved[name][0] if isinstance(reads, Read) else np.moveaxis(solved[name][0], -1, 0)
            for read, part in zip(some, [parts] if isinstance(reads, Read) else parts, strict=True):
                if not any(read.orders.values()) and not read.shift:
                    found[read.unknown] = part.reshape(FRAMES, -1).squeeze() / read.factor
        return found

    def measured(self, values: int, *, noise: float, seed: int) -> Measured:
        """So many values at places drawn by chance, with normal noise of this share of each unknown's size;
        where there is no place but time, at so many times, of all unknowns.
        """
        generator, true = np.random.default_rng(seed), self.answers(self.true)
        shape = next(iter(true.values())).shape
        flat = generator.choice(int(np.prod(shape)), size=min(values, int(np.prod(shape))), replace=False)
        frames, *points = np.unravel_index(flat, shape)
        deviations = {name: noise * float(np.sqrt(np.mean(v**2))) for name, v in true.items()}
        return Measured(
            frames=frames,
            points=points[0] if points else None,
            values={
                name: v.reshape(-1)[flat] + deviations[name] * generator.standard_normal(len(flat))
                for name, v in true.items()
            },
            deviations=deviations,
        )

    def known(self, measured: Measured) -> Known:
        """As a network is told it."""
        places = {TIME: self.times[measured.frames]}
        if measured.points is not None:
            (axis,) = self.with_number(self.guess)[0].axes
            places[axis.name] = np.array(axis.values)[measured.points]
        problem = self.pointwise
        for number in problem.numbers:
            places[number.name] = np.full(len(measured.frames), number.low)
        return Known(
            {name: torch.from_numpy(v) for name, v in places.items()},
            {name: torch.from_numpy(v) for name, v in measured.values.items()},
        )

    def misfit(self, value: float, measured: Measured) -> NDArray[np.float64]:
        """(values times unknowns,) what the fast solver says less the data, in units of noise."""
        said = self.answers(value, fast=True)
        picked = measured.frames if measured.points is None else (measured.frames, measured.points)
        off = [(said[n][picked] - v) / measured.deviations[n] for n, v in measured.values.items()]
        return np.concatenate(off)


def viscosity() -> InverseProblem:
    """Of Burgers' equation, three times as large as it is: the shock is steeper than one would think."""
    system, true = Burgers(), 0.01 / np.pi
    query = system.draw([np.random.default_rng(0)])

    def with_number(value: float) -> tuple[System, Queries]:
        return system, {**query, "viscosity": np.array([value])}

    def fast(system: Burgers) -> Solver:
        return ETDAB(system, order=4, step=1 / 4096, points=1024)

    return InverseProblem(
        number="viscosity", true=true, guess=3 * true, horizon=1.0, with_number=with_number, fast=fast
    )


def diffusivity() -> InverseProblem:
    """Of a rod, three times as large as it is."""
    system = Heat()
    query = system.draw([np.random.default_rng(0)])
    true = float(query["diffusivity"][0])

    def with_number(value: float) -> tuple[System, Queries]:
        return system, {**query, "diffusivity": np.array([value])}

    return InverseProblem(
        number="diffusivity",
        true=true,
        guess=3 * true,
        horizon=system.characteristic_time,
        with_number=with_number,
        fast=SineSeries,
    )


def mass() -> InverseProblem:
    """Of the first of three bodies that run along the figure eight, if it is one."""
    system = ThreeBody(orbit="figure_eight")
    query = system.draw([np.random.default_rng(0)])

    def with_number(value: float) -> tuple[System, Queries]:
        masses = np.array(query["mass"], dtype=np.float64)
        masses[0, 0] = value
        return system, {**query, "mass": masses}

    def fast(system: ThreeBody) -> Solver:
        return Regularised(system, tolerance=1e-7)

    return InverseProblem(
        number="mass1",
        true=1.0,
        guess=1.5,
        horizon=0.5 * FIGURE_EIGHT_PERIOD,
        with_number=with_number,
        fast=fast,
        loss=LossSettings(points=256),
    )


def length() -> InverseProblem:
    """Of a line on which the Kuramoto-Sivashinsky equation runs, held to be a tenth longer."""
    system = KuramotoSivashinsky()
    start = system.draw([np.random.default_rng(0)])

    def with_number(value: float) -> tuple[System, Queries]:
        return KuramotoSivashinsky(value, system.points), start

    def fast(system: KuramotoSivashinsky) -> Solver:
        return ETDAB(system, order=4, step=1 / 32)

    return InverseProblem(
        number="length",
        true=system.length,
        guess=1.1 * system.length,
        horizon=10.0,
        with_number=with_number,
        fast=fast,
        network=NetworkSettings(harmonics=4),
    )


PROBLEMS: dict[str, Callable[[], InverseProblem]] = {
    "viscosity": viscosity,
    "diffusivity": diffusivity,
    "mass": mass,
    "length": length,
}
"""By name."""
