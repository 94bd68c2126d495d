"""Three bodies for heyoka: equations, integrators, and lanes that take up a new start when they are through.

heyoka brings no regularised equations; those that ours solves are typed in here, so that it has the same
advantage. Biscani & Izzo, MNRAS 504 (2021), doi:10.1093/mnras/stab1032.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Equations", "HeyokaRefilled", "build", "heggie", "newton"]

Array = NDArray[Any]
Equations = list[tuple[Any, Any]]
"""(variable, its derivative) for each row of the state."""
CHUNK = 128
"""Steps between two looks at which lanes are through."""
FAR = 1e9
"""A bound of the transformed time that no trajectory reaches."""


def newton() -> Equations:
    """Equal masses 1 in the plane, twelve rows: x, y of each body in turn, then velocities."""
    import heyoka

    place = [heyoka.make_vars(f"x{i}", f"y{i}") for i in range(3)]
    speed = [heyoka.make_vars(f"vx{i}", f"vy{i}") for i in range(3)]
    pull: list[list[Any]] = [[], [], []]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        side = [b - a for a, b in zip(place[i], place[j], strict=True)]
        weight = (side[0] ** 2 + side[1] ** 2) ** -1.5
        pull[i].append([weight * s for s in side])
        pull[j].append([-weight * s for s in side])
    rows = [(place[i][c], speed[i][c]) for i in range(3) for c in range(2)]
    return rows + [(speed[i][c], pull[i][0][c] + pull[i][1][c]) for i in range(3) for c in range(2)]


def heggie() -> Equations:
    """The equations of `solvers.three_body.regularised` for equal masses 1; par[0] is the energy.

    Thirteen rows: the pairs' u, their P, time. The unit of s is that of dt = R_0 R_1 R_2 ds, with which the
    right-hand sides are polynomials: on a Taylor method it costs less than ours and is no less accurate.
    """
    import heyoka

    u = [heyoka.make_vars(f"ux{k}", f"uy{k}") for k in range(3)]
    p = [heyoka.make_vars(f"px{k}", f"py{k}") for k in range(3)]
    time, energy = heyoka.make_vars("t"), heyoka.par[0]
    distance = [ux**2 + uy**2 for ux, uy in u]
    product = [_times(a, b) for a, b in zip(u, p, strict=True)]
    excess = [0.25 * (px**2 + py**2) - 1.0 for px, py in p]
    places: Equations = []
    momenta: Equations = []
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        z = [-0.25 * (distance[j] * product[i][c] + distance[i] * product[j][c]) for c in range(2)]
        overlap = product[i][0] * product[j][0] + product[i][1] * product[j][1]
        others = distance[i] * distance[j]
        pull = 2.0 * (excess[i] * distance[j] + excess[j] * distance[i] - 0.25 * overlap - energy * others)
        by_place, by_momentum = _conjugate_times(p[k], z), _conjugate_times(u[k], z)
        for c in range(2):
            places.append((u[k][c], 0.5 * others * p[k][c] + by_momentum[c]))
            momenta.append((p[k][c], -(pull * u[k][c] + by_place[c])))
    return [*places, *momenta, (time, distance[0] * distance[1] * distance[2])]


def _times(a: Any, b: Any) -> list[Any]:
    return [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]


def _conjugate_times(a: Any, b: Any) -> list[Any]:
    return [a[0] * b[0] + a[1] * b[1], a[0] * b[1] - a[1] * b[0]]


def build(equations: Equations, tolerance: float, *, lanes: int | None) -> Any:
    """An integrator in heyoka's fastest mode; one with 13 rows ends when the last of them reaches par[1]."""
    import heyoka

    rows = len(equations)
    options: dict[str, Any] = {"tol": tolerance, "fast_math": True, "compact_mode": False}
    regularised = rows % 2 == 1
    if regularised:
        options["pars"] = np.zeros((2,) if lanes is None else (2, lanes))
        event = heyoka.t_event if lanes is None else heyoka.t_event_batch
        options["t_events"] = [event(equations[-1][0] - heyoka.par[1])]
    if lanes is None:
        return heyoka.taylor_adaptive(equations, np.zeros(rows), **options)
    return heyoka.taylor_adaptive_batch(equations, np.zeros((rows, lanes)), **options)


class HeyokaRefilled:
    """Follows any number of starts in the lanes of one integrator, or with `several` false in one."""

    def __init__(
        self, equations: Equations, tolerance: float, *, most_steps: int, several: bool = True
    ) -> None:
        import heyoka

        self.lanes = heyoka.recommended_simd_size() if several else None
        self.integrator = build(equations, tolerance, lanes=self.lanes)
        self.regularised = len(equations) % 2 == 1
        self.most_steps = most_steps
        self.outcomes = heyoka.taylor_outcome

    def follow(self, states: Array, end: float, energy: Array | None = None) -> Array:
        """(starts, rows) -> the same at time `end`; NaN where it failed or took too many steps."""
        if self.lanes is None:
            return self._one_by_one(states, end, energy)
        integrator, out = self.integrator, np.full(states.shape, np.nan)
        state, lanes = integrator.state, self.lanes
        holds, spent = np.full(lanes, -1), np.zeros(lanes, dtype=int)
        times, todo = np.zeros(lanes), 0
        ends = np.full(lanes, FAR if self.regularised else end)
        free = list(range(lanes))
        while True:
            for lane in free:
                if todo < len(states):
                    holds[lane], spent[lane] = todo, 0
                    state[:, lane], times[lane] = states[todo], 0.0
                    self._aim(lane, end, None if energy is None else energy[todo])
                    todo += 1
                else:  # what it goes on with does not matter, if only it does not end
                    holds[lane], times[lane] = -1, 0.0 if self.regularised else end
                    state[:, lane] = states[0]
                    self._aim(lane, FAR, None if energy is None else energy[0])
            if not (holds >= 0).any():
                return out
            integrator.set_time(times)
            integrator.propagate_until(ends, max_steps=min(CHUNK, self.most_steps))
            times = np.array(integrator.time)
            free = []
            # a lane that is through is said to be at the limit of steps as long as another is not through
            for lane, (outcome, _, _, steps, *_) in enumerate(integrator.propagate_res):
                if holds[lane] < 0:
                    if outcome == self.outcomes.err_nf_state:
                        free.append(lane)
                    continue
                spent[lane] += steps
                if self._arrived(outcome) or times[lane] == ends[lane]:
                    out[holds[lane]] = state[:, lane]
                    free.append(lane)
                elif outcome == self.outcomes.err_nf_state or spent[lane] >= self.most_steps:
                    free.append(lane)

    def _one_by_one(self, states: Array, end: float, energy: Array | None) -> Array:
        integrator, out = self.integrator, np.full(states.shape, np.nan)
        state, limit = integrator.state, FAR if self.regularised else end
        for i in range(len(states)):
            integrator.time = 0.0
            state[:] = states[i]
            if energy is not None:
                integrator.reset_cooldowns()
                integrator.pars[0], integrator.pars[1] = energy[i], end
            if self._arrived(integrator.propagate_until(limit, max_steps=self.most_steps)[0]):
                out[i] = state
        return out

    def _aim(self, lane: int, end: float, energy: float | None) -> None:
        if self.regularised:
            self.integrator.reset_cooldowns(lane)
            self.integrator.pars[:, lane] = energy, end

    def _arrived(self, outcome: Any) -> bool:
        """Event 0, which ends a run, has the outcome -1."""
        return int(outcome) == -1 if self.regularised else outcome == self.outcomes.time_limit
