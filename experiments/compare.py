"""The comparison: everything that answers a query, judged on the same queries, machine and threads.

Nothing here knows how a contestant works inside, or which system it answers for: a contestant is a function
`(queries, times) -> Solution` with a bill for what it took to make it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..solvers.contract import Answer, Queries, Solution, Status
from .metrics import Metric, frame_errors
from .throughput import clock_all
from .timing import Timing, pinned_threads

__all__ = ["Bill", "ComparisonError", "Contestant", "Plan", "Row", "compare"]

Kind = Literal["reference", "ladder", "surrogate", "control", "null"]
QUANTILES = (0.1, 0.5, 0.9)


class ComparisonError(ValueError):
    """What was asked cannot be compared; the text says what to change."""


@dataclass(frozen=True)
class Bill:
    """Seconds spent before the first query could be answered."""

    data: float = 0.0
    training: float = 0.0
    tuning: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.data + self.training + self.tuning


@dataclass(frozen=True)
class Contestant:
    """One entry of the comparison.

    Attributes:
        label: unique, as printed.
        kind: `reference` is the truth's own setting, `ladder` a cheap way to run a solver, `null` what no
            surrogate may lose to, `control` a solver's scheme that goes the surrogates' way: by how far its
            speed-up is not 1, no other speed-up can be trusted.
        answers: one or more answers (one per training seed); accuracy pools them, timing uses the first.
        bill: what it took; for several seeds, that of one.
        settings: anything JSON takes, printed in the results.
        device: where the answer is computed, as torch names it; the solver's is `cpu`.
        remark: one sentence for the reader, e.g. that it knows the form of the equation.
        answered: what it said to the plan's queries, where that is known: the truth is not solved twice.
    """

    label: str
    kind: Kind
    answers: tuple[Answer, ...]
    bill: Bill = field(default_factory=Bill)
    settings: Mapping[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    remark: str = ""
    answered: Solution | None = None


@dataclass(frozen=True)
class Plan:
    """What is asked, and how it is judged and timed.

    Attributes:
        queries: arrays by name, samples first.
        times: output times at which answers are judged.
        timed: output times that are asked for while the clock runs; fewer, so that what is timed is computing
            and not the writing of frames. They should end near the end of `times`.
        truth: the reference's answer; the samples that `metric.counted` names count.
        metric: the accuracy at which costs are compared.
        scale: root mean square of the true field, for errors over time.
        others: further metrics by name, of which the medians are reported.
        alone: queries that are timed alone; one by one, so that their mean is fair to hard and easy ones.
        batches: batch sizes tried for throughput.
        rounds: interleaved timing rounds; medians over them.
        budget: seconds that one timed call in a batch may take, and that the timed calls of one contestant
            may take in a round, in the mean: what is dearer is timed in fewer rounds, spread among all.
        threads: pinned for solver and surrogate alike.
    """

    queries: Queries
    times: NDArray[np.float64]
    timed: NDArray[np.float64]
    truth: Solution
    metric: Metric
    scale: float
    others: Mapping[str, Metric] = field(default_factory=dict)
    alone: int = 3
    batches: tuple[int, ...] = (1, 16, 64, 256)
    rounds: int = 5
    budget: float = 2.0
    threads: int = 1

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(samples,) which count."""
        return self.metric.counted(self.truth)

    def asked(self, size: int) -> Queries:
        """The first `size` queries that count, repeated in turn where there are fewer."""
        pool = np.flatnonzero(self.counted)
        chosen = pool[np.arange(size) % len(pool)]
        return {name: array[chosen] for name, array in self.queries.items()}


@dataclass(frozen=True)
class Row:
    """One contestant's result: raw points, so that any reader can judge again.

    `scores` are (seeds, samples). `error_quantiles` are (3, times): 10, 50 and 90 %, at each time over the
    samples whose truth is known then. `single` and `batch` are seconds per query, alone and in the batch size
    that was fastest. `others` are medians by the plan's further metrics.
    """

    label: str
    kind: Kind
    scores: NDArray[np.float64]
    error_quantiles: NDArray[np.float64]
    failures: dict[str, int]
    single: Timing
    batch: Timing
    batch_size: int
    memory_bytes: int
    bill: Bill
    settings: Mapping[str, Any]
    remark: str
    device: str = "cpu"
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Median score over samples and seeds."""
        return float(np.median(self.scores))

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """10, 50 and 90 % of the scores, all seeds together; infinite scores keep their rank."""
        ends = (QUANTILES[0], QUANTILES[-1])
        if np.isfinite(self.scores).all():
            low, high = np.quantile(self.scores, ends)
        else:
            low, high = np.quantile(self.scores, ends, method="inverted_cdf")
        return float(low), self.accuracy, float(high)

    @property
    def seed_accuracies(self) -> NDArray[np.float64]:
        """Median score of each seed."""
        return np.asarray(np.median(self.scores, axis=1))

    def seconds(self, mode: str) -> float:
        """Median seconds per query; `mode` is `single` or `batch`."""
        return (self.single if mode == "single" else self.batch).median

    def plain(self, *, every: int = 1) -> dict[str, Any]:
        """As JSON takes it; of the errors over time, every `every`-th."""
        low, middle, high = self.quantiles
        return {
            "label": self.label,
            "kind": self.kind,
            "accuracy": {"median": float(middle), "q10": float(low), "q90": float(high)},
            "other_medians": dict(self.others),
            "seed_medians": self.seed_accuracies.tolist(),
            "scores": [[_rounded(s) for s in seed] for seed in self.scores],
            "error_quantiles": [[_rounded(e) for e in q[every - 1 :: every]] for q in self.error_quantiles],
            "failures": self.failures,
            "seconds_per_query": {
                "single": self.single.plain(),
                "batch": self.batch.plain(),
                "batch_size": self.batch_size,
            },
            "memory_bytes": self.memory_bytes,
            "bill_seconds": {
                "data": self.bill.data,
                "training": self.bill.training,
                "tuning": self.bill.tuning,
            },
            "settings": dict(self.settings),
            "remark": self.remark,
            "device": self.device,
        }


def compare(plan: Plan, contestants: Sequence[Contestant], *, progress: bool = False) -> list[Row]:
    """Judge all contestants on the plan, in the order given.

    Accuracy first, then timing in interleaved rounds, so that a machine that slows down slows all alike.
    Raises `ComparisonError` where the truth holds no solved sample, or two labels are equal.
    """
    labels = [c.label for c in contestants]
    twice = {label for label in labels if labels.count(label) > 1}
    if twice:
        raise ComparisonError(f"labels must be unique; {sorted(twice)} occur more than once")
    if not plan.counted.any():
        raise ComparisonError("the truth holds no solved sample: the reference failed on every query")
    with pinned_threads(plan.threads):
        judged = [
            _judge(plan, c)
            for c in tqdm(contestants, desc="accuracy", disable=not progress, unit="entry", leave=False)
        ]
        speeds = clock_all(
            [(c.answers[0], c.device) for c in contestants],
            plan.asked,
            plan.timed,
            alone=plan.alone,
            batches=plan.batches,
            rounds=plan.rounds,
            budget=plan.budget,
            progress=progress,
        )
    rows = []
    for i, contestant in enumerate(contestants):
        scores, errors, failures, others = judged[i]
        rows.append(
            Row(
                label=contestant.label,
                kind=contestant.kind,
                scores=scores,
                error_quantiles=errors,
                failures=failures,
                single=speeds[i].single,
                batch=speeds[i].batch,
                batch_size=speeds[i].size,
                memory_bytes=speeds[i].memory,
                device=contestant.device,
                bill=contestant.bill,
                settings=contestant.settings,
                remark=contestant.remark,
                others=others,
            )
        )
    return rows


def _judge(
    plan: Plan, contestant: Contestant
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, int], dict[str, float]]:
    """Scores (seeds, samples), error quantiles (3, times), how many samples ended in each bad status, and the
    medians by the other metrics.
    """
    others: dict[str, list[NDArray[np.float64]]] = {name: [] for name in plan.others}
    scores, errors, failures = [], [], dict.fromkeys((s.name for s in Status if s != Status.SOLVED), 0)
    counted = plan.counted
    for answer in contestant.answers:
        solution = contestant.answered or answer(plan.queries, plan.times)
        scores.append(plan.metric.score(solution, plan.truth)[counted])
        for name, metric in plan.others.items():
            others[name].append(metric.score(solution, plan.truth)[counted])
        errors.append(frame_errors(solution, plan.truth, scale=plan.scale)[counted])
        for status in solution.status[counted]:
            if status != Status.SOLVED:
                failures[Status(status).name] += 1
    pooled = np.concatenate(errors)
    # sorting puts NaN, where the truth is not known, last
    pooled.sort(axis=0)
    ranks = np.rint(np.outer(QUANTILES, np.maximum((~np.isnan(pooled)).sum(axis=0) - 1, 0))).astype(int)
    quantiles = np.take_along_axis(pooled, ranks, axis=0)
    medians = {name: float(np.median(found)) for name, found in others.items()}
    return np.array(scores), quantiles, {name: count for name, count in failures.items() if count}, medians


def _rounded(number: float) -> float | None:
    """Four digits are enough for a raw point; JSON knows no infinity."""
    return float(f"{number:.4g}") if np.isfinite(number) else None
