"""How much simulated time per second at a given valid time, beside exponax's ETDRK4? One run, one thread.

For every scheme and grid the largest step 1/n is sought whose median valid time reaches what is wanted, on
one set of starts; its valid time on a second set stands beside it. All that reach it are timed in turn, from
initial values on the system's grid to the answer on it, over just the wanted valid time. What counts is the
ratio of the fastest of ours to the fastest of exponax's, whatever their steps, grids and dealiasing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..solvers.contract import Queries, Solution, Solver, Status
from ..solvers.kuramoto_sivashinsky import ETDAB, ETDABM, ETDRK4, Krogstad, KuramotoSivashinsky, Reference
from ..solvers.methods.fourier import resample
from .bench_peers import exponax_runner
from .bench_rounds import busy_note, interleave, load, write_part
from .compare import ComparisonError
from .metrics import Metric, valid_time
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "SCHEMES", "YARDSTICK", "Settings", "run", "table"]

Array = NDArray[np.float64]
Integrate = Callable[[Array, Array], Array]
"""(u (starts, points), times) -> u (starts, times, points), all on the system's grid."""

YARDSTICK = "exponax ETDRK4"
SCHEMES: dict[str, Callable[..., Any]] = {
    "ETDRK4": ETDRK4,
    "Krogstad": Krogstad,
    "ETDAB3": partial(ETDAB, order=3),
    "ETDAB4": partial(ETDAB, order=4),
    "ETDAB5": partial(ETDAB, order=5),
    "ETDABM3": partial(ETDABM, order=3),
    "ETDABM4": partial(ETDABM, order=4),
}


@dataclass(frozen=True)
class Settings:
    """What has to be reached, what is tried, and how it is timed.

    Attributes:
        wanted: median valid time that has to be reached, in Lyapunov times.
        threshold: normalised error at which a forecast stops being valid.
        horizon: how long the scored runs are, in Lyapunov times.
        starts: how many there are on the attractor, in each of two sets: one to choose on, one to confirm on.
        transient: time from random waves to the attractor.
        length: of the periodic line.
        points: of the grid on which questions and answers live.
        schemes: those of ours that are tried, by name.
        grids: points that ours compute on.
        peer_grids: points that exponax computes on.
        dealiasing: shares of the modes that exponax keeps; 2/3 is its default, 1 the more accurate here.
        counts: steps per unit time, tried in this order until one is accurate enough.
        batches: trajectories at once, when timed.
        rounds: timed calls of each, interleaved.
    """

    wanted: float = 8.7
    threshold: float = 0.5
    horizon: float = 14.0
    starts: int = 256
    transient: float = 250.0
    length: float = 22.0
    points: int = 64
    schemes: tuple[str, ...] = tuple(SCHEMES)
    grids: tuple[int, ...] = (32, 64)
    peer_grids: tuple[int, ...] = (32, 48, 64)
    dealiasing: tuple[float, ...] = (2 / 3, 1.0)
    counts: tuple[int, ...] = tuple(range(2, 41))
    batches: tuple[int, ...] = (1, 256)
    rounds: int = 9


NAMES = {"schemes": tuple(SCHEMES)}
"""Known names by setting."""

PRESETS = {
    "quick": Settings(
        wanted=3.0,
        horizon=5.0,
        starts=8,
        transient=50.0,
        schemes=("ETDRK4", "ETDAB4"),
        grids=(64,),
        peer_grids=(32,),
        dealiasing=(1.0,),
        counts=(2, 4, 8, 12, 16),
        batches=(1, 8),
        rounds=3,
    ),
    "default": Settings(),
}


@dataclass(frozen=True, eq=False)
class _Exam:
    """Starts, the truth that follows, and the score of an answer."""

    starts: Array
    truth: Solution
    metric: Metric

    def scores(self, integrate: Integrate) -> Array:
        """Valid time of each start; 0 where it blew up at once."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = integrate(self.starts, self.truth.times)
        count = len(values)
        answer = Solution(
            times=self.truth.times,
            values={"u": values},
            status=np.full(count, Status.SOLVED, dtype=np.int8),
            seconds=np.zeros(count),
            error_estimate=np.full(count, np.nan),
        )
        return self.metric.score(answer, self.truth)


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Choose, confirm, time, and write to `path`; returns what was written."""
    before = load()
    system = KuramotoSivashinsky(settings.length, settings.points)
    absent: dict[str, str] = {}
    with pinned_threads(1):
        chosen_on, confirmed_on = (_exam(settings, system, seed) for seed in (0, 1))
        rows: list[dict[str, Any]] = []
        runs: list[Integrate] = []
        missed: list[dict[str, Any]] = []
        for description, at_count in _contenders(settings, system, absent):
            row, integrate = _largest_step(settings, description, at_count, chosen_on)
            if integrate is None:
                missed.append(row)
            else:
                rows.append({**row, "confirmed": _spread(confirmed_on.scores(integrate))})
                runs.append(integrate)
        end = np.array([settings.wanted * system.characteristic_time])
        for batch in settings.batches:
            _time(settings, rows, runs, _repeated(confirmed_on.starts, batch), end)
    results = {
        "yardstick": YARDSTICK,
        "characteristic_time": system.characteristic_time,
        "timed_over": end[0],
        "truth": Reference(system).label,
        "starts_known": [len(e.starts) for e in (chosen_on, confirmed_on)],
        "rows": rows,
        "missed": missed,
        "best": [_best(rows, batch) for batch in settings.batches],
        "absent": absent,
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def _exam(settings: Settings, system: KuramotoSivashinsky, seed: int) -> _Exam:
    """Starts of one set that the reference can vouch for up to the horizon."""
    drawn = system.draw([np.random.default_rng((seed, i)) for i in range(settings.starts)])
    starts = ETDAB(system, step=1 / 64).integrate(drawn["u"], np.array([settings.transient]))[:, 0]
    times = np.arange(1.0, np.ceil(settings.horizon * system.characteristic_time) + 1)
    reference: Solver = Reference(system)
    queries: Queries = {"u": starts}
    truth = reference(queries, times)
    known = truth.solved
    if not known.any():
        raise ComparisonError(
            f"the reference knows none of the starts up to t = {times[-1]:g}; lower --simulated-time.horizon"
        )
    kept = Solution(
        times=truth.times,
        values={"u": truth.values["u"][known]},
        status=truth.status[known],
        seconds=truth.seconds[known],
        error_estimate=truth.error_estimate[known],
    )
    scale = float(np.sqrt(np.mean(kept.values["u"] ** 2)))
    metric = valid_time(system.characteristic_time, scale=scale, threshold=settings.threshold)
    return _Exam(starts[known], kept, metric)


def _contenders(
    settings: Settings, system: KuramotoSivashinsky, absent: dict[str, str]
) -> Iterable[tuple[dict[str, Any], Callable[[int], Integrate]]]:
    """(description, steps per unit time -> a way to integrate) of ours, then of exponax."""
    for name in settings.schemes:
        for points in settings.grids:

            def ours(count: int, scheme: Any = SCHEMES[name], points: int = points) -> Integrate:
                solver = scheme(system, step=1 / count, points=points)
                return lambda u, times: np.asarray(solver({"u": u}, times).values["u"])

            yield {"method": name, "points": points, "dealiasing": None}, ours
    for points in settings.peer_grids:
        for share in settings.dealiasing:
            description = {"method": YARDSTICK, "points": points, "dealiasing": share}
            try:
                exponax_runner(system.length, points, 0.1, dealiasing=share)
            except ImportError as error:
                absent[YARDSTICK] = str(error)
                return

            def theirs(count: int, points: int = points, share: float = share) -> Integrate:
                return _exponax(system, points, count, share)

            yield description, theirs


def _exponax(system: KuramotoSivashinsky, points: int, count: int, dealiasing: float) -> Integrate:
    advance = exponax_runner(system.length, points, 1 / count, dealiasing=dealiasing)

    def integrate(u: Array, times: Array) -> Array:
        now, reached = resample(u, points), 0
        frames = []
        for steps in np.rint(times * count).astype(int):
            now, reached = advance(now, int(steps) - reached), int(steps)
            frames.append(now)
        return np.asarray(resample(np.stack(frames, axis=1), system.points))

    return integrate


def _largest_step(
    settings: Settings, description: dict[str, Any], at_count: Callable[[int], Integrate], exam: _Exam
) -> tuple[dict[str, Any], Integrate | None]:
    """The first of the counts that reaches the wanted median, as a row and a way to run it; None if none."""
    tried: dict[int, float] = {}
    for count in settings.counts:
        integrate = at_count(count)
        scores = exam.scores(integrate)
        tried[count] = float(np.median(scores))
        if tried[count] >= settings.wanted:
            row = {**description, "steps_per_unit_time": count, "valid_time": _spread(scores), "tried": tried}
            return row, integrate
    return {**description, "tried": tried}, None


def _time(
    settings: Settings, rows: list[dict[str, Any]], runs: list[Integrate], u: Array, end: Array
) -> None:
    """Add to each row the seconds and the simulated time per second, all trajectories together."""
    calls = {str(i): partial(integrate, u, end) for i, integrate in enumerate(runs)}
    spreads = interleave(calls, rounds=settings.rounds)
    for i, row in enumerate(rows):
        seconds = spreads[str(i)]
        row.setdefault("timings", {})[str(len(u))] = {
            "seconds": asdict(seconds),
            "median": len(u) * end[0] / seconds.median,
            "best": len(u) * end[0] / seconds.best,
        }


def _best(rows: list[dict[str, Any]], batch: int) -> dict[str, Any]:
    """The fastest of both sides at a batch, and their ratio; None where a side is missing."""
    found: dict[str, Any] = {"batch": batch}
    for kind in ("median", "best"):
        sides = [
            [row["timings"][str(batch)][kind] for row in rows if (row["method"] == YARDSTICK) == peer]
            for peer in (False, True)
        ]
        found[f"times_yardstick_of_{kind}"] = max(sides[0]) / max(sides[1]) if all(sides) else None
    return found


def _repeated(starts: Array, batch: int) -> Array:
    return np.asarray(starts[np.arange(batch) % len(starts)])


def _spread(scores: Array) -> dict[str, float]:
    low, median, high = np.quantile(scores, [0.1, 0.5, 0.9])
    return {"median": float(median), "low": float(low), "high": float(high)}


def table(results: Mapping[str, Any]) -> str:
    """The chosen settings of each, their valid times, and simulated time per second."""
    s = results["settings"]
    lines = [
        f"simulated time per second at a valid time of {s['wanted']:g} Lyapunov times (median of "
        f"{results['starts_known'][0]} starts; confirmed on {results['starts_known'][1]} others)",
        f"{'':18}{'N':>4}{'kept':>6}{'step':>7}{'valid':>7}{'confirmed':>11}"
        + "".join(f"{f'batch of {batch}':>14}" for batch in s["batches"]),
    ]
    for row in results["rows"]:
        kept = "" if row["dealiasing"] is None else f"{row['dealiasing']:.2f}"
        lines.append(
            f"{row['method']:18}{row['points']:4}{kept:>6}{'1/' + str(row['steps_per_unit_time']):>7}"
            f"{row['valid_time']['median']:7.1f}{row['confirmed']['median']:11.1f}"
            + "".join(f"{row['timings'][str(batch)]['median']:14.2e}" for batch in s["batches"])
        )
    for row in results["missed"]:
        kept = "" if row["dealiasing"] is None else f" kept {row['dealiasing']:.2f}"
        longest = max(row["tried"].values())
        lines.append(f"{row['method']} N={row['points']}{kept}: at most {longest:.1f} at any step tried")
    for best in results["best"]:
        if best["times_yardstick_of_median"] is not None:
            lines.append(
                f"batch of {best['batch']}: ours at {best['times_yardstick_of_median']:.1f} times "
                f"{results['yardstick']} (of medians; {best['times_yardstick_of_best']:.1f} of best runs)"
            )
    lines += [f"{name}: not installed ({reason})" for name, reason in results["absent"].items()]
    return "\n".join(lines + busy_note(results))
