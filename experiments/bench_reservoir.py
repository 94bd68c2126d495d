"""How fast do reservoirs train and forecast, beside reservoirpy with the same weights? One run, one thread.

Both are given the same sparse matrices, the same series and the same ridge, without squares and without a
bias. States, one-step predictions and closed-loop forecasts must agree before anything is timed.

reservoirpy forecasts one member of a batch after the other, node by node: of its public ways (nodes, models,
stored as array or matrix) the fastest. Its nodes' inner formula also takes a matrix of states, one column a
member, although its interface does not offer that; it is timed beside the others under its own name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray

from ..datasets.tasks import Trajectories
from ..solvers.kuramoto_sivashinsky import ETDAB, KuramotoSivashinsky
from ..surrogates.reservoir import Reservoir
from ..surrogates.reservoir_network import draw_network
from .bench_rounds import busy_note, interleave, load, write_part
from .timing import pinned_threads

__all__ = ["FORECASTS", "NAMES", "PRESETS", "YARDSTICK", "Settings", "run", "table"]

Array = NDArray[Any]
YARDSTICK = "reservoirpy"
OURS = "understudy"
TOLERANCES = {"states": 1e-13, "predictions": 1e-5, "forecasts": 1e-7}
"""Largest differences, in units of the state's standard deviation (states: of their bound 1). Predictions are
one step ahead, each with its own readout: the ridge solution of a matrix of condition 1e10, so that round-off
shows. Forecasts are in a closed loop with the same readout."""
AGREEMENT_STEPS = 10


@dataclass(frozen=True)
class Settings:
    """What is trained and timed.

    Attributes:
        sizes: (nodes, training samples) of each reservoir.
        batches: forecasts at once.
        steps: how many a timed forecast has, in a closed loop after the warm-up, which is part of it.
        warm_up: frames that set the reservoir's state, before training and before a forecast.
        length: of the periodic line of the Kuramoto-Sivashinsky series.
        points: of its grid.
        interval: time between its frames.
        degree: connections of each node.
        radius: spectral radius of the connections.
        input_scale: largest weight of an input.
        inputs_per_node: how many inputs each node hears.
        ridge: strength of the regularisation.
        rounds: timed calls of each, interleaved.
    """

    sizes: tuple[tuple[int, int], ...] = ((1024, 4000), (3008, 4000), (5056, 4000))
    batches: tuple[int, ...] = (1, 16, 128)
    steps: int = 128
    warm_up: int = 32
    length: float = 22.0
    points: int = 64
    interval: float = 0.25
    degree: int = 3
    radius: float = 0.6
    input_scale: float = 1.0
    inputs_per_node: int = 1
    ridge: float = 1e-4
    rounds: int = 7


NAMES: dict[str, tuple[str, ...]] = {}
"""Known names by setting: there are none."""

PRESETS = {
    "quick": Settings(sizes=((200, 300),), batches=(1, 4), steps=16, rounds=3),
    "default": Settings(),
}


class _Series:
    """One trajectory (frames, points) in the place of a set's split."""

    def __init__(self, values: Array) -> None:
        self.values, self.frames, self.grid = values, len(values), values.shape[1:]

    def __len__(self) -> int:
        return 1

    def read(self, trajectory: int, start: int, stop: int, *, step: int, field: str) -> Array:
        return np.asarray(self.values[start:stop:step])


class Pair:
    """Our reservoir and reservoirpy's nodes with the same weights, and the series they are trained on."""

    def __init__(self, settings: Settings, nodes: int, samples: int, frames: Array) -> None:
        from reservoirpy.nodes import Reservoir as Pool
        from reservoirpy.nodes import Ridge

        s = self.settings = settings
        self.frames, self.samples = frames, samples
        self.network = draw_network(
            np.random.default_rng(nodes),
            frame_shape=(1, s.points),
            nodes=nodes,
            degree=s.degree,
            radius=s.radius,
            input_scale=s.input_scale,
            inputs_per_node=s.inputs_per_node,
        )
        recurrent, incoming = _matrices(self.network)
        self.pool, self.readout = Pool(W=recurrent, Win=incoming), Ridge(ridge=s.ridge, fit_bias=False)
        self.ours = Reservoir(
            Reservoir.Settings(nodes=nodes, squared=False, ridge=s.ridge, warm_up=s.warm_up),
            dtype=torch.float64,
        )
        self.ours.network = self.network
        self.train_ours()
        self.series = self.scaled(frames[: s.warm_up + samples + 1])
        self.pool.initialize(self.series)

    def scaled(self, frames: Array) -> Array:
        """As our reservoir scales them; reservoirpy is given them ready."""
        return np.asarray((frames - self.ours.mean) / self.ours.spread)

    def train_ours(self) -> None:
        """`fit`, validation left out."""
        training, nothing = (
            Trajectories(_Series(self.frames[:count]), fields=("u",), stride=1, interval=s.interval)
            for s, count in (
                (self.settings, self.settings.warm_up + self.samples + 1),
                (self.settings, self.settings.warm_up + 1),
            )
        )
        self.ours.fit(training, nothing, seed=0)

    def train_peer(self) -> None:
        """States by `run`, readout by `fit`."""
        self.pool.reset()
        states = self.pool.run(self.series[:-1])
        self.readout.fit(states, self.series[1:], warmup=self.settings.warm_up)

    def history(self, batch: int) -> Array:
        """(batch, frames, points): the warm-up and the initial state, spread over the frames not learned."""
        length = self.settings.warm_up + 1
        last = len(self.frames) - length
        starts = np.linspace(self.settings.warm_up + self.samples, last, batch).astype(int)
        return np.stack([self.frames[start : start + length] for start in starts])


def _matrices(network: Any) -> tuple[Any, Any]:
    """W and W_in as reservoirpy runs fastest with them: compressed rows."""
    shape = (network.nodes, network.nodes + network.inputs + 1)
    parts = (network.weights, network.columns.astype(np.int32), network.starts.astype(np.int32))
    matrix = scipy.sparse.csr_matrix(parts, shape=shape)
    return matrix[:, : network.nodes], matrix[:, network.nodes : -1]


def _ours(pair: Pair, history: Array, steps: int) -> Array:
    forecast = pair.ours.forecast(torch.from_numpy(history[:, :, None]), steps)
    return np.asarray(pair.scaled(forecast.numpy()[:, :, 0]))


def _one_by_one(pair: Pair, history: Array, steps: int) -> Array:
    out = np.empty((len(history), steps, pair.settings.points))
    for member, frames in enumerate(pair.scaled(history)):
        pair.pool.reset()
        value = pair.readout.step(pair.pool.run(frames)[-1])
        out[member, 0] = value
        for t in range(1, steps):
            value = pair.readout.step(pair.pool.step(value))
            out[member, t] = value
    return out


def _as_matrix(pair: Pair, history: Array, steps: int) -> Array:
    out = np.empty((len(history), steps, pair.settings.points))
    series = pair.scaled(history)
    state = {"out": np.zeros((pair.network.nodes, len(history)))}
    for t in range(series.shape[1]):
        state = pair.pool._step(state, series[:, t].T)
    for t in range(steps):
        if t:
            state = pair.pool._step(state, out[:, t - 1].T)
        out[:, t] = pair.readout._step({}, state["out"].T)["out"]
    return out


Forecast = Callable[[Pair, Array, int], Array]
FORECASTS: dict[str, Forecast] = {
    OURS: _ours,
    YARDSTICK: _one_by_one,
    "reservoirpy's formula on a matrix": _as_matrix,
}


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Check, time, and write to `path`; returns what was written.

    Raises AssertionError where the two disagree by more than `TOLERANCES`.
    """
    before = load()
    rows: list[dict[str, Any]] = []
    differences = []
    with pinned_threads(1):
        frames = _chaos(settings)
        for nodes, samples in settings.sizes:
            pair = Pair(settings, nodes, samples, frames)
            pair.train_peer()
            differences.append({"nodes": nodes, **_check_agreement(pair)})
            rows += _measure(pair)
    results = {
        "yardstick": YARDSTICK,
        "tolerances": TOLERANCES,
        "differences": differences,
        "rows": rows,
    }
    return write_part(results, settings=settings, threads=1, load_before=before, path=path)


def _chaos(settings: Settings) -> Array:
    """Frames (times, points) on the attractor: the longest training and as much again for starts, or 200."""
    system = KuramotoSivashinsky(settings.length, settings.points)
    longest = max(samples for _, samples in settings.sizes) + settings.warm_up
    frames = longest + max(200, longest // 4)
    times = 200 + settings.interval * np.arange(1, frames + 1, dtype=np.float64)
    solve = ETDAB(system, step=1 / 64, order=4)
    return np.asarray(solve(system.draw([np.random.default_rng(0)]), times).values["u"][0])


def _check_agreement(pair: Pair) -> dict[str, float]:
    """Largest difference of each kind; AssertionError beyond the tolerance."""
    history = pair.history(3)
    test = pair.scaled(pair.frames[-200:])
    pair.pool.reset()
    states, theirs = pair.network.drive(test, np.zeros(pair.network.nodes)), pair.pool.run(test)
    found = {
        "states": _distance(states, theirs),
        "predictions": _distance(states @ pair.ours.readout.T, pair.readout.run(theirs)),
    }
    learned, pair.readout.Wout = pair.readout.Wout, pair.ours.readout.T.copy()
    expected = _one_by_one(pair, history, AGREEMENT_STEPS)
    found["forecasts"] = max(
        _distance(forecast(pair, history, AGREEMENT_STEPS), expected) for forecast in FORECASTS.values()
    )
    pair.readout.Wout = learned
    for kind, difference in found.items():
        if not difference <= TOLERANCES[kind]:
            raise AssertionError(
                f"{pair.network.nodes} nodes: {kind} differ from reservoirpy's by {difference:.1e}, "
                f"more than {TOLERANCES[kind]:.0e}; what computes something else is not timed"
            )
    return found


def _distance(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max())


def _measure(pair: Pair) -> list[dict[str, Any]]:
    """Rows for training and for each batch of forecasts; `each` is what the seconds are divided by."""
    s = pair.settings
    tasks: list[tuple[str, int, int, dict[str, Callable[[], Any]]]] = [
        ("training", 1, 1, {OURS: pair.train_ours, YARDSTICK: pair.train_peer})
    ]
    for batch in s.batches:
        history = pair.history(batch)
        calls: dict[str, Callable[[], Any]] = {
            name: partial(call, pair, history, s.steps) for name, call in FORECASTS.items()
        }
        tasks.append(("forecast", batch, batch * s.steps, calls))
    rows = []
    for task, batch, each, timed in tasks:
        spreads = interleave(timed, rounds=s.rounds)
        base = spreads[YARDSTICK]
        for method, spread in spreads.items():
            rows.append(
                {
                    "nodes": pair.network.nodes,
                    "samples": pair.samples,
                    "task": task,
                    "batch": batch,
                    "each": each,
                    "method": method,
                    "seconds": asdict(spread),
                    "times_yardstick": base.median / spread.median,
                    "times_yardstick_at_best": base.best / spread.best,
                }
            )
    return rows


def table(results: Mapping[str, Any]) -> str:
    """Seconds of training, microseconds per step of each forecast, and how many times faster."""
    lines = [
        f"reservoirs: median seconds of training, or per closed-loop step and member (times "
        f"{results['yardstick']}: of medians; of best runs)"
    ]
    for row in results["rows"]:
        what = row["task"] if row["task"] == "training" else f"{row['task']}, batch of {row['batch']}"
        size = f"({row['nodes']}, {row['samples']})"
        lines.append(
            f"{size:14}{what:24}{row['method']:36}{row['seconds']['median'] / row['each']:12.2e} "
            f"({row['times_yardstick']:.1f}; {row['times_yardstick_at_best']:.1f})"
        )
    for found in results["differences"]:
        kinds = ", ".join(f"{kind} {found[kind]:.0e}" for kind in results["tolerances"])
        lines.append(f"{found['nodes']} nodes, largest differences: {kinds}")
    return "\n".join(lines + busy_note(results))
