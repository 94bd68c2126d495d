"""From rows to verdicts: speed-up at equal accuracy, its uncertainty, break-even, accuracy at equal time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compare import Row
from .envelope import Envelope, Sign, break_even
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
    if share == 0.5:
        return float(np.median(scores))
    place = 1 - share if metric.higher_is_better else share
    return float(np.quantile(scores, place, method="inverted_cdf"))


def envelope_of(rows: Sequence[Row], metric: Metric, mode: str, *, share: float = 0.5) -> Envelope:
    """The envelope of the ladder's rows (the reference is not part of the ladder)."""
    ladder = [row for row in rows if row.kind == "ladder"]
    return Envelope.of(
        np.array([row.seconds(mode) for row in ladder]),
        metric.quality(np.array([reached_by(share, row.scores, metric) for row in ladder])),
    )


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
    queries is answered as well: one half for medians; 0.9 lets the worst answers of both sides count. Raises
    `ValueError` where the rows hold no reference or no ladder.
    """
    references = [row for row in rows if row.kind == "reference"]
    if not references:
        raise ValueError("the rows hold no reference: add the reference solver as a contestant")
    nulls = [reached_by(share, row.scores, metric) for row in rows if row.kind == "null"]
    device = references[0].device
    envelopes = {mode: envelope_of(rows, metric, mode, share=share) for mode in MODES}
    controls = [row for row in rows if row.kind == "control"]
    noise = {
        mode: [_bootstrap(rows, row, metric, mode, share, resamples, seed) for row in controls]
        for mode in MODES
    }
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
            count, count_sign = break_even(row.bill.total, solver, seconds)
            equal, equal_sign = envelope.quality_at(seconds)
            held = [] if row.kind == "control" else noise[mode]
            modes[mode] = Mode(
                seconds=seconds,
                solver_seconds=solver.seconds,
                speed_up=None if why_not else solver.seconds / seconds,
                sign=solver.sign,
                interval=None if why_not else _bootstrap(rows, row, metric, mode, share, resamples, seed),
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


def _bootstrap(
    rows: Sequence[Row], row: Row, metric: Metric, mode: str, share: float, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % interval of the speed-up when queries and timing rounds are drawn again, alike for all rows."""
    generator = np.random.default_rng(seed)
    ladder = [r for r in rows if r.kind == "ladder"]
    timings = [np.array((r.single if mode == "single" else r.batch).rounds) for r in (*ladder, row)]
    ladder_scores = np.stack([r.scores[0] for r in ladder])
    samples = ladder_scores.shape[1]
    found = np.empty(resamples)
    for i in range(resamples):
        drawn = generator.integers(samples, size=samples)
        # rounds are interleaved, so those of one number belong together
        places = generator.random(max(len(t) for t in timings))
        *seconds, own = (float(np.median(t[(places[: len(t)] * len(t)).astype(int)])) for t in timings)
        accuracies = np.array([reached_by(share, scores[drawn], metric) for scores in ladder_scores])
        envelope = Envelope.of(np.array(seconds), metric.quality(accuracies))
        quality = float(metric.quality(reached_by(share, row.scores[:, drawn], metric)))
        found[i] = envelope.cost(quality).seconds / own
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _widest(controls: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """About 1, as far to one side as to the other: by how much a control is off, up or down, says nothing."""
    off = max([1.0, *(max(high, 1 / low) for low, high in controls)])
    return 1 / off, off


def _back(metric: Metric, quality: float) -> float:
    """From the quality scale to the metric's own unit."""
    number = quality if metric.higher_is_better else -quality
    return float(10.0**number) if metric.logarithmic else number
