"""The solvers that other people have for three bodies, each at its best: what ours is timed against.

A `Method` takes starts and a tolerance and returns a function `end -> positions`, complex (starts, bodies),
NaN where it failed. What it builds once (compiled code, most of all) it builds before that function is
called; what a start costs in Python, for us as for them, is part of the call. A method whose package is not
installed raises `ImportError`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ..solvers.contract import Queries
from ..solvers.three_body import Regularised, ThreeBody
from ..solvers.three_body.system import PAIRS
from .bench_three_body_heyoka import HeyokaRefilled, build, heggie, newton

__all__ = ["METHODS", "Answer", "Method", "Starts"]

Array = NDArray[Any]
SHORTEST_STEP = 1e-12
"""Of IAS15, which without one stands still at some of the closest encounters; BS stands still with one.

Measured until t = 3.9: 1e-8 ruins 14 % of the starts, 1e-10 7 %, 1e-12 and 1e-14 5 %; the median stays.
"""
Answer = Callable[[float], Array]


@dataclass(frozen=True, eq=False)
class Starts:
    """Three equal masses at rest, to be followed for `most_steps` at most."""

    queries: Queries
    most_steps: int

    def __len__(self) -> int:
        return len(self.queries["x"])

    @property
    def place(self) -> Array:
        """(starts, bodies) complex."""
        return np.asarray(self.queries["x"] + 1j * self.queries["y"])

    @property
    def states(self) -> Array:
        """(starts, 12): x, y of each body in turn, then velocities."""
        place = self.place
        still = np.zeros((len(self), 6))
        return np.concatenate([np.stack([place.real, place.imag], axis=-1).reshape(-1, 6), still], axis=1)

    def taken(self, count: int) -> Starts:
        """The first ones; where there are not so many, from the first on again."""
        which = np.arange(count) % len(self)
        return Starts({name: value[which] for name, value in self.queries.items()}, self.most_steps)


@dataclass(frozen=True)
class Method:
    """One way to run a solver.

    Attributes:
        family: whose settings of tolerance it takes.
        several: whether trajectories are computed side by side; else it is asked one by one.
        made: (starts, tolerance) -> answer.
        package: that has to be installed.
        loops: whether it is asked for the whole `batch`, else for the starts only.
    """

    family: str
    several: bool
    made: Callable[[Starts, float], Answer]
    package: str | None = None
    loops: bool = False


def ours_in_batch(starts: Starts, tolerance: float) -> Answer:
    """`Regularised`, all starts in one call."""
    solver = Regularised(ThreeBody(), tolerance=tolerance, most_steps=starts.most_steps)

    def answer(end: float) -> Array:
        values = solver(starts.queries, np.array([end])).values
        return np.asarray(values["x"][:, 0] + 1j * values["y"][:, 0])

    return answer


def ours_one_by_one(starts: Starts, tolerance: float) -> Answer:
    """`Regularised`, a call for each start."""
    solver = Regularised(ThreeBody(), tolerance=tolerance, most_steps=starts.most_steps)
    asked = [{name: value[i : i + 1] for name, value in starts.queries.items()} for i in range(len(starts))]

    def answer(end: float) -> Array:
        place, times = np.empty((len(asked), 3), complex), np.array([end])
        for i, query in enumerate(asked):
            values = solver(query, times).values
            place[i].real, place[i].imag = values["x"][0, 0], values["y"][0, 0]
        return place

    return answer


def heyoka_one_by_one(starts: Starts, tolerance: float) -> Answer:
    """heyoka's `taylor_adaptive`, built once, its state set for each start."""
    import heyoka

    integrator = build(newton(), tolerance, lanes=None)
    states = starts.states

    def answer(end: float) -> Array:
        place, state = np.full((len(states), 6), np.nan), integrator.state
        for i in range(len(states)):
            integrator.time = 0.0
            state[:] = states[i]
            outcome = integrator.propagate_until(end, max_steps=starts.most_steps)[0]
            if outcome == heyoka.taylor_outcome.time_limit:
                place[i] = state[:6]
        return np.asarray(place[:, 0::2] + 1j * place[:, 1::2])

    return answer


def heyoka_in_groups(starts: Starts, tolerance: float) -> Answer:
    """heyoka's `taylor_adaptive_batch`, as documented: as many at a time as it has lanes."""
    import heyoka

    lanes = heyoka.recommended_simd_size()
    integrator = build(newton(), tolerance, lanes=lanes)
    states = starts.taken(-(-len(starts) // lanes) * lanes).states

    def answer(end: float) -> Array:
        place, state = np.full((len(states), 6), np.nan), integrator.state
        ends, begin = np.full(lanes, end), np.zeros(lanes)
        for i in range(0, len(states), lanes):
            integrator.set_time(begin)
            state[:] = states[i : i + lanes].T
            integrator.propagate_until(ends, max_steps=starts.most_steps)
            fine = np.array(integrator.time) == end
            place[i : i + lanes][fine] = state[:6].T[fine]
        place = place[: len(starts)]
        return np.asarray(place[:, 0::2] + 1j * place[:, 1::2])

    return answer


def heyoka_refilled(starts: Starts, tolerance: float) -> Answer:
    """The same, but a lane that is through takes up the next start, as ours do: better than documented."""
    lanes = HeyokaRefilled(newton(), tolerance, most_steps=starts.most_steps)
    states = starts.states

    def answer(end: float) -> Array:
        found = lanes.follow(states, end)
        return np.asarray(found[:, 0:6:2] + 1j * found[:, 1:6:2])

    return answer


def heyoka_regularised(starts: Starts, tolerance: float, *, several: bool) -> Answer:
    """heyoka on the equations that ours solves, which it does not bring along; its event finds the end."""
    lanes = HeyokaRefilled(heggie(), tolerance, most_steps=starts.most_steps, several=several)
    place = starts.place
    roots = np.sqrt(np.roll(place, -2, axis=1) - np.roll(place, -1, axis=1))
    states = np.zeros((len(starts), 13))
    states[:, 0:6:2], states[:, 1:6:2] = roots.real, roots.imag
    energy = -sum(1 / np.abs(place[:, i] - place[:, j]) for i, j in PAIRS)

    def answer(end: float) -> Array:
        found = lanes.follow(states, end, np.asarray(energy))
        sides = (found[:, 0:6:2] + 1j * found[:, 1:6:2]) ** 2
        return np.asarray((np.roll(sides, -1, axis=1) - np.roll(sides, -2, axis=1)) / 3)

    return answer


def rebound_one_by_one(starts: Starts, tolerance: float, *, scheme: str, settings: tuple[str, ...]) -> Answer:
    """A `Simulation` for each start, which costs about 40 us of it."""
    import rebound

    place = starts.place

    def answer(end: float) -> Array:
        found = np.empty((len(place), 3), complex)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", RuntimeWarning
            )  # of loops that did not converge: seen in the errors
            for i, bodies in enumerate(place):
                simulation = rebound.Simulation()
                simulation.integrator = scheme
                for name in settings:
                    setattr(simulation.integrator, name, tolerance)
                if scheme == "ias15":
                    simulation.integrator.min_dt = SHORTEST_STEP
                for body in bodies:
                    simulation.add(m=1.0, x=body.real, y=body.imag)
                simulation.integrate(end)
                found[i] = [p.x + 1j * p.y for p in simulation.particles]
        return found

    return answer


def scipy_one_by_one(starts: Starts, tolerance: float) -> Answer:
    """SciPy's `solve_ivp` with DOP853."""

    def slope(_: float, state: Array) -> Array:
        place = state[:3]
        sides = place[[1, 2, 0]] - place
        pull = sides / np.abs(sides) ** 3
        return np.concatenate([state[3:], pull - pull[[2, 0, 1]]])

    place = starts.place

    def answer(end: float) -> Array:
        found = np.full((len(place), 3), complex(np.nan, np.nan))
        for i, bodies in enumerate(place):
            begin = np.concatenate([bodies, np.zeros(3)])
            run = solve_ivp(
                slope, (0, end), begin, "DOP853", t_eval=[end], rtol=max(tolerance, 1e-13), atol=tolerance
            )
            if run.success:
                found[i] = run.y[:3, -1]
        return found

    return answer


METHODS: dict[str, Method] = {
    "ours, batch": Method("ours", True, ours_in_batch, loops=True),
    "ours, single": Method("ours", False, ours_one_by_one),
    "heyoka, single": Method("heyoka", False, heyoka_one_by_one, "heyoka"),
    "heyoka, batch": Method("heyoka", True, heyoka_in_groups, "heyoka"),
    "heyoka, batch refilled": Method("heyoka", True, heyoka_refilled, "heyoka", loops=True),
    "heyoka regularised, single": Method(
        "heyoka_regularised", False, partial(heyoka_regularised, several=False), "heyoka"
    ),
    "heyoka regularised, batch refilled": Method(
        "heyoka_regularised", True, partial(heyoka_regularised, several=True), "heyoka", loops=True
    ),
    "IAS15": Method(
        "ias15", False, partial(rebound_one_by_one, scheme="ias15", settings=("epsilon",)), "rebound"
    ),
    "BS": Method(
        "bs", False, partial(rebound_one_by_one, scheme="bs", settings=("eps_rel", "eps_abs")), "rebound"
    ),
    "DOP853": Method("scipy", False, scipy_one_by_one, "scipy"),
}
"""By name; the part before the comma is how its settings are told apart in figures."""
