"""How long does a trajectory of three bodies take at a given error, beside peers? One run, one thread.

All contestants follow the same standard starts to the same times and give the positions there, nothing in
between. Every setting is timed in turn with all others, and its positions are held against a truth. What
counts are ratios of time at equal error, along each side's cheapest settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..datasets.machine import version
from ..solvers.contract import Queries
from ..solvers.three_body import Reference, ThreeBody
from .bench_rounds import Spread, interleave, load, write_part
from .bench_three_body_figure import draw
from .bench_three_body_peers import METHODS, Answer, Starts
from .bench_three_body_verdict import at_equal_error, table
from .compare import ComparisonError
from .timing import pinned_threads

__all__ = ["NAMES", "PRESETS", "WRONG", "Settings", "Truth", "distance", "run", "settle", "table"]

Array = NDArray[Any]

WRONG = 1e-2
"""A position that is off by more is of another trajectory."""


@dataclass(frozen=True)
class Settings:
    """What is timed.

    Attributes:
        starts: trajectories, the same for all.
        batch: of methods that take up a new trajectory as soon as one is through; `starts`, repeated.
        few: starts of SciPy.
        ends: times up to which they are followed.
        methods: what is timed, by name; those not installed are reported as absent.
        ours, heyoka, heyoka_regularised, ias15, bs, scipy: tolerances of each.
        errors: at which times are compared, besides the least that each peer reaches.
        most_steps: after which a trajectory counts as failed (REBOUND and SciPy know no such bound).
        rounds: timed calls of each, interleaved.
    """

    starts: int = 200
    batch: int = 1000
    few: int = 3
    ends: tuple[float, ...] = (3.9, 10.0)
    methods: tuple[str, ...] = tuple(METHODS)
    ours: tuple[float, ...] = tuple(10.0**-n for n in range(4, 16))
    heyoka: tuple[float, ...] = (1e-4, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16)
    heyoka_regularised: tuple[float, ...] = (1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-15)
    ias15: tuple[float, ...] = (1e-6, 1e-9)
    bs: tuple[float, ...] = (1e-6, 1e-8)
    scipy: tuple[float, ...] = (1e-8, 1e-12)
    errors: tuple[float, ...] = (1e-4, 1e-8)
    most_steps: int = 20_000
    rounds: int = 3


NAMES = {"methods": tuple(METHODS)}
"""Known names by setting."""

PRESETS = {
    "quick": Settings(
        starts=8,
        batch=16,
        few=1,
        ends=(1.0, 2.0),
        ours=(1e-4, 1e-7, 1e-10, 1e-13),
        heyoka=(1e-4, 1e-6),
        heyoka_regularised=(1e-4, 1e-6),
        ias15=(1e-6,),
        bs=(1e-6,),
        scipy=(1e-6,),
        rounds=1,
    ),
    "default": Settings(),
}


@dataclass(frozen=True, eq=False)
class Truth:
    """Where the bodies are at the end, to ten decimals or more: that is no solver's of those compared.

    Attributes:
        place: (starts, bodies) complex.
        known: (starts,) where arbitrary precision settled it.
    """

    place: Array
    known: Array

    @property
    def finest(self) -> float:
        """The rounding of the places: an error below says nothing."""
        return float(4 * np.finfo(np.float64).eps * np.abs(self.place[self.known]).max())

    def errors(self, place: Array) -> Array:
        """Largest of any coordinate, of the first starts, where known; infinite where no answer came."""
        count = min(len(place), len(self.place))
        return distance(place[:count], self.place[:count])[self.known[:count]]


def distance(one: Array, other: Array) -> Array:
    """(starts,) largest difference of any coordinate of any body; infinite where one is NaN."""
    apart = one - other
    largest = np.maximum(np.abs(apart.real), np.abs(apart.imag)).max(axis=1)
    return np.where(np.isfinite(largest), largest, np.inf)


def settle(queries: Queries, ends: tuple[float, ...]) -> tuple[dict[float, Truth], dict[str, Any]]:
    """The truth at each of the ends, and what it took. Raises `ComparisonError` where no start has one."""
    solver, times = Reference(ThreeBody()), np.array(sorted(ends))
    count = len(queries["x"])
    bar = tqdm(range(count), desc="solving in arbitrary precision", unit="start", leave=False, disable=None)
    parts = [solver({name: a[i : i + 1] for name, a in queries.items()}, times) for i in bar]
    place = np.concatenate([part.values["x"] + 1j * part.values["y"] for part in parts])
    known = np.isfinite(place).all(axis=2)
    if not known.any(axis=0).all():
        raise ComparisonError(
            f"arbitrary precision settled none of {count} starts up to t = {times[-1]:g}: "
            f"{'; '.join(parts[0].notes)}"
        )
    digits = np.concatenate([part.measures["digits"] for part in parts])
    seconds = np.concatenate([part.seconds for part in parts])
    took = {
        "by": solver.label,
        "starts": count,
        "solved": int(np.isfinite(digits).sum()),
        "digits": {name: float(np.nanquantile(digits, q)) for name, q in (("median", 0.5), ("most", 1.0))},
        "seconds": {name: float(np.quantile(seconds, q)) for name, q in (("median", 0.5), ("most", 1.0))},
        "estimate": float(max(np.nanmax(part.error_estimate) for part in parts)),
    }
    return {end: Truth(place[:, i], known[:, i]) for i, end in enumerate(times.tolist())}, took


def run(settings: Settings, *, path: Path) -> dict[str, Any]:
    """Time everything, judge it, draw it; returns the results and writes them to `path`."""
    before = load()
    absent: dict[str, str] = {}
    system = ThreeBody()
    drawn = system.draw([np.random.default_rng((0, i)) for i in range(settings.starts)])
    with pinned_threads(1):
        truths, took = settle(drawn, settings.ends)
        answers = _answers(settings, Starts(drawn, settings.most_steps), absent)
        found, spreads = _timed(settings, answers)
    rows = [
        _row(settings, name, tolerance, end, spreads[key], truths[end], found[key])
        for key, (name, tolerance, end) in _keys(settings, answers).items()
    ]
    results = {
        "truth": {
            str(end): {"known": int(t.known.sum()), "starts": len(t.known), "finest": t.finest}
            for end, t in truths.items()
        },
        "reference": took,
        "rows": rows,
        "equal_error": at_equal_error(
            rows, errors=settings.errors, finest={end: t.finest for end, t in truths.items()}
        ),
        "absent": absent,
        "peers": {name: version(name) for name in ("heyoka", "rebound", "scipy")},
    }
    whole = write_part(results, settings=settings, threads=1, load_before=before, path=path)
    draw(whole, path.with_suffix(".png"))
    return whole


def _answers(
    settings: Settings, starts: Starts, absent: dict[str, str]
) -> dict[tuple[str, float], tuple[Answer, int]]:
    """(method, tolerance) -> what is called and how many trajectories it follows; built, not yet called."""
    asked = [(name, float(t)) for name in settings.methods for t in getattr(settings, METHODS[name].family)]
    answers = {}
    for name, tolerance in tqdm(asked, desc="building", unit="setting", leave=False, disable=None):
        method = METHODS[name]
        count = settings.batch if method.loops else settings.starts
        count = min(settings.few, settings.starts) if method.family == "scipy" else count
        try:
            answers[name, tolerance] = method.made(starts.taken(count), tolerance), count
        except ImportError as error:
            absent[name] = str(error)
    return answers


def _keys(
    settings: Settings, answers: Mapping[tuple[str, float], Any]
) -> dict[str, tuple[str, float, float]]:
    return {
        f"{name} {tolerance:g} until {end:g}": (name, tolerance, end)
        for name, tolerance in answers
        for end in settings.ends
    }


def _timed(
    settings: Settings, answers: Mapping[tuple[str, float], tuple[Answer, int]]
) -> tuple[dict[str, Array], dict[str, Spread]]:
    """What each setting answered, and how long it took in all."""
    found: dict[str, Array] = {}
    keys = _keys(settings, answers)
    bar = tqdm(total=len(keys) * (settings.rounds + 1), desc="timing", unit="call", leave=False, disable=None)

    def call(key: str, answer: Answer, end: float) -> Callable[[], None]:
        def timed() -> None:
            found[key] = answer(end)
            bar.update()

        return timed

    with bar:
        calls = {key: call(key, answers[name, t][0], end) for key, (name, t, end) in keys.items()}
        return found, interleave(calls, rounds=settings.rounds)


def _row(
    settings: Settings, name: str, tolerance: float, end: float, spread: Spread, truth: Truth, place: Array
) -> dict[str, Any]:
    errors = truth.errors(place)
    low, median, high = (
        float(e) for e in np.quantile(errors, [0.1, 0.5, 0.9], method="nearest")
    ) if len(errors) else (np.inf,) * 3  # fmt: skip
    scale = 1e6 / len(place)
    return {
        "method": name,
        "several": METHODS[name].several,
        "tolerance": tolerance,
        "end": end,
        "trajectories": len(place),
        "microseconds": {k: scale * getattr(spread, k) for k in ("low", "median", "high", "best")},
        "judged": len(errors),
        "error": {"median": median, "q10": low, "q90": high},
        "above": float(np.mean(errors > WRONG)) if len(errors) else None,
        "failed": int((~np.isfinite(place).all(axis=1)).sum()),
    }
