"""From rows to verdicts: speed-up at equal accuracy, its uncertainty, break-even, accuracy at equal time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compare import Row
from .envelope import Cost, Envelope, Sign, break_even
from .metrics import Metric

__all__ = ["MODES", "Mode", "Verdict", "envelope_of", "judge", "reached_by"]

MODES = ("single", "batch")


@dataclass(frozen=True)
class Mode:
    """One surrogate against the solver, either alone (`single`) or at both sides' best batch (`batch`).

    Attributes:
        seconds: per query.
        solver_seconds: what the solver's envelope needs for the same accuracy.
        speed_up: solver_seconds / seconds; below 1 means slower than the solver. None where there is nothing
            to compare; `why_not` says why.
        sign: `=`, or a bound where the accuracy falls off the ladder (`<=`: the solver's cheapest setting is
            already better; `>=`: no setting is as good).
        interval: 95 % bootstrap interval of the speed-up over test queries and timing rounds, drawn again;
            training seeds are pooled, not drawn. None where there is no speed-up.
        noise: speed-ups that show nothing: as far from 1, either way, as the control's interval reaches.
        naive: seconds of the first reference row / seconds: the flattering number, as the literature has it.
        break_even: queries after which the bill is repaid; None means never.
        break_even_sign: as `sign`, for the count.
        equal_time: the solver's accuracy in the surrogate's time, in the metric's unit.
        equal_time_sign: `<=` where the solver has no setting that fast.
    """

    seconds: float
    solver_seconds: float
    speed_up: float | None
    sign: Sign
    interval: tuple[float, float] | None
    naive: float
    break_even: float | None
    break_even_sign: Sign
    equal_time: float
    equal_time_sign: Sign
    noise: tuple[float, float] = (1.0, 1.0)
    why_not: str = ""

    @property
    def level(self) -> bool:
        """Whether neither side is shown to be faster.

        The interval meets 1, or lies above it but meets what the control shows. A control that comes out
        wide excuses no surrogate whose whole interval is below 1.
        """
        if self.sign != "=" or self.interval is None:
            return False
        low, high = self.interval
        return high >= 1 and low <= max(1.0, self.noise[1])

    def in_words(self) -> str:
        """E.g. `1.4 x faster (1.3 to 1.5)`, `at least 820 x slower`, `level: 1.04 (0.94 to 1.2)`, `no skill`.

        In brackets the interval; the number of `level` is the speed-up, below 1 for a slower surrogate.
        """
        if self.speed_up is None:
            return self.why_not
        low, high = self.interval or (self.speed_up, self.speed_up)
        if self.level:
            return f"level: {self.speed_up:.3g} ({low:.3g} to {high:.3g})"
        faster = self.speed_up >= 1
        size = self.speed_up if faster else 1 / self.speed_up
        number = f"{size:,.0f}" if size >= 1000 else f"{size:.3g}"
        if self.sign == "=":
            ends = (low, high) if faster else (1 / high, 1 / low)
            said = " to ".join(f"{end:,.0f}" if end >= 1000 else f"{end:.3g}" for end in ends)
            return f"{number} x {'faster' if faster else 'slower'} ({said})"
        bound = {
            ">=": "at least " if faster else "at most ",
            "<=": "at most " if faster else "at least ",
        }
        return f"{bound[self.sign]}{number} x {'faster' if faster else 'slower'}"

    def repaid_in_words(self) -> str:
        """E.g. `7.4e+05`, `never`; `not shown` where the two are level."""
        if self.speed_up is None:
            return "-"
        if self.level:
            return "not shown"
        if self.break_even is None:
            return "never" if self.break_even_sign == "=" else "none found"
        bound = {"=": "", "<=": "<= ", ">=": ">= "}[self.break_even_sign]
        return f"{bound}{self.break_even:.2g}"


@dataclass(frozen=True)
class Verdict:
    """What the comparison says of one surrogate."""

    label: str
    accuracy: float
    skill: bool
    modes: dict[str, Mode]

    def plain(self) -> dict[str, Any]:
        """As JSON takes it, with the sentence."""
        return {
            "label": self.label,
            "accuracy": self.accuracy,
            "skill": self.skill,
            **{name: {**asdict(mode), "in_words": mode.in_words()} for name, mode in self.modes.items()},
        }


def reached_by(share: float, scores: NDArray[np.float64], metric: Metric) -> float:
    """The accuracy that this share of the scores has or betters; of one half the median."""
    return float(_reached(share, np.ravel(scores), metric))


def _reached(share: float, scores: NDArray[np.float64], metric: Metric) -> NDArray[np.float64]:
    """As `reached_by`, along the last axis."""
    if share == 0.5:
        return np.asarray(np.median(scores, axis=-1))
    place = 1 - share if metric.higher_is_better else share
    return np.asarray(np.quantile(scores, place, axis=-1, method="inverted_cdf"))


def envelope_of(rows: Sequence[Row], metric: Metric, mode: str, *, share: float = 0.5) -> Envelope:
    """The envelope of the ladder's rows (the reference is not part of the ladder)."""
    ladder = [row for row in rows if row.kind == "ladder"]
    return Envelope.of(
        np.array([row.seconds(mode) for row in ladder]),
        metric.quality(np.array([reached_by(share, row.scores, metric) for row in ladder])),
    )


def twin_of(row: Row, rows: Sequence[Row]) -> Row | None:
    """The ladder's row of a control's settings; None for surrogates, and for a control of its own kind."""
    if row.kind != "control" or not row.settings:
        return None
    return next((one for one in rows if one.kind == "ladder" and one.settings == row.settings), None)


def judge(
    rows: Sequence[Row],
    metric: Metric,
    *,
    ceiling: float | None = None,
    share: float = 0.5,
    resamples: int = 400,
    seed: int = 0,
) -> list[Verdict]:
    """One verdict per surrogate and control.

    A surrogate has skill if its median accuracy is better than every null's. It gets no speed-up without
    skill, on another device than the ladder's, nor where `ceiling`, the best score that can be given, is its
    median: then it is only known to be at least that good. Accuracies are equal where the same `share` of the
    queries is answered as well: one half for medians; 0.9 lets the worst answers of both sides count. A
    control that is a setting of the ladder once more is compared with that setting, which need not lie on
    the envelope. Raises `ValueError` where the rows hold no reference or no ladder.
    """
    references = [row for row in rows if row.kind == "reference"]
    if not references:
        raise ValueError("the rows hold no reference: add the reference solver as a contestant")
    nulls = [reached_by(share, row.scores, metric) for row in rows if row.kind == "null"]
    device = references[0].device
    envelopes = {mode: envelope_of(rows, metric, mode, share=share) for mode in MODES}
    controls = [row for row in rows if row.kind == "control"]
    drawn = _Drawn.of(rows, metric, share=share, resamples=resamples, seed=seed)
    noise = {mode: [drawn.interval(r, rows, metric, mode, share) for r in controls] for mode in MODES}
    verdicts = []
    for row in (r for r in rows if r.kind in ("surrogate", "control")):
        accuracy = reached_by(share, row.scores, metric)
        skill = all(metric.better(accuracy, null) for null in nulls)
        quality = float(metric.quality(accuracy))
        why_not = ""
        if not skill:
            why_not = "no skill"
        elif row.device != device:
            why_not = f"not compared: {row.device} against {device}"
        elif ceiling is not None and accuracy == ceiling:
            why_not = "not compared: valid to the end"
        modes = {}
        for mode, envelope in envelopes.items():
            seconds, solver = row.seconds(mode), envelope.cost(quality)
            if (twin := twin_of(row, rows)) is not None:
                solver = Cost(twin.seconds(mode), "=")
            count, count_sign = break_even(row.bill.total, solver, seconds)
            equal, equal_sign = envelope.quality_at(seconds)
            held = [] if row.kind == "control" else noise[mode]
            modes[mode] = Mode(
                seconds=seconds,
                solver_seconds=solver.seconds,
                speed_up=None if why_not else solver.seconds / seconds,
                sign=solver.sign,
                interval=None if why_not else drawn.interval(row, rows, metric, mode, share),
                naive=references[0].seconds(mode) / seconds,
                break_even=None if why_not else count,
                break_even_sign=count_sign,
                equal_time=_back(metric, equal),
                equal_time_sign=equal_sign,
                noise=_widest(held),
                why_not=why_not,
            )
        verdicts.append(Verdict(row.label, accuracy, skill, modes))
    return verdicts


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Queries and timing rounds drawn again and again, alike for all rows, and the envelopes of each draw.

    Attributes:
        queries: (draws, samples) numbers of queries.
        places: (draws, rounds) from 0 to 1. Rounds are interleaved, so those of one number belong together.
        envelopes: of each draw, by mode.
    """

    queries: NDArray[np.intp]
    places: NDArray[np.float64]
    envelopes: dict[str, list[Envelope]]

    @classmethod
    def of(cls, rows: Sequence[Row], metric: Metric, *, share: float, resamples: int, seed: int) -> _Drawn:
        """From the ladder's scores and timings."""
        generator = np.random.default_rng(seed)
        ladder = [row for row in rows if row.kind == "ladder"]
        samples = ladder[0].scores.shape[1]
        rounds = max(len(_timing(row, mode)) for row in rows for mode in MODES)
        queries = np.empty((resamples, samples), dtype=np.intp)
        places = np.empty((resamples, rounds))
        for i in range(resamples):
            queries[i] = generator.integers(samples, size=samples)
            places[i] = generator.random(rounds)
        reached = np.stack([_reached(share, row.scores[0][queries], metric) for row in ladder], axis=1)
        quality = metric.quality(reached)
        envelopes = {}
        for mode in MODES:
            seconds = np.stack([cls._medians(places, row, mode) for row in ladder], axis=1)
            envelopes[mode] = [Envelope.of(s, q) for s, q in zip(seconds, quality, strict=True)]
        return cls(queries, places, envelopes)

    def interval(
        self, row: Row, rows: Sequence[Row], metric: Metric, mode: str, share: float
    ) -> tuple[float, float]:
        """95 % interval of the row's speed-up."""
        own = self._medians(self.places, row, mode)
        if (twin := twin_of(row, rows)) is not None:
            costs = self._medians(self.places, twin, mode)
        else:
            scores = np.moveaxis(row.scores[:, self.queries], 0, 1).reshape(len(self.queries), -1)
            quality = metric.quality(_reached(share, scores, metric))
            drawn = zip(self.envelopes[mode], quality, strict=True)
            costs = np.array([envelope.cost(float(q)).seconds for envelope, q in drawn])
        low, high = np.quantile(costs / own, [0.025, 0.975])
        return float(low), float(high)

    @staticmethod
    def _medians(places: NDArray[np.float64], row: Row, mode: str) -> NDArray[np.float64]:
        """(draws,) median seconds of a row in the rounds that were drawn."""
        timing = _timing(row, mode)
        chosen = (places[:, : len(timing)] * len(timing)).astype(int)
        return np.asarray(np.median(timing[chosen], axis=1))


def _timing(row: Row, mode: str) -> NDArray[np.float64]:
    """Seconds per query of each round."""
    return np.array((row.single if mode == "single" else row.batch).rounds)


def _widest(controls: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """About 1, as far to one side as to the other: by how much a control is off, up or down, says nothing."""
    off = max([1.0, *(max(high, 1 / low) for low, high in controls)])
    return 1 / off, off


def _back(metric: Metric, quality: float) -> float:
    """From the quality scale to the metric's own unit."""
    number = quality if metric.higher_is_better else -quality
    return float(10.0**number) if metric.logarithmic else number
