"""Seconds per query, alone and in batches, of answers that are clocked in turn on the same queries.

What is clocked is answering and nothing else: the first call of each kind, which compiles and warms up, is
kept apart, and just before a query alone is clocked it is answered once unclocked, so that nobody pays for
what another answer left in the caches. The rounds interleave all answers, so that a machine that slows down
slows all alike.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..solvers.contract import Answer, Queries
from .timing import Timing, clock, peak_memory

__all__ = ["Speed", "clock_all"]

WORTHLESS = 1.5
"""A batch that takes this many times as long per query as the best so far is not clocked."""


@dataclass(frozen=True)
class Speed:
    """How fast one answer is.

    Attributes:
        single: seconds of a query alone.
        batch: seconds per query in the batch size that was fastest by the median over the rounds.
        size: that batch size.
        memory: bytes by which the largest batch that was tried made the process grow at its first call.
    """

    single: Timing
    batch: Timing
    size: int
    memory: int


class _Clocked:
    """One answer and its readings: batch size -> seconds per query, round by round."""

    def __init__(
        self,
        answer: Answer,
        asked: Callable[[int], Queries],
        times: NDArray[np.float64],
        *,
        alone: int,
        batches: Sequence[int],
        budget: float,
        synchronise: bool,
    ) -> None:
        self.answer, self.times, self.synchronise = answer, times, synchronise
        queries = asked(alone)
        self.alone = [{name: array[i : i + 1] for name, array in queries.items()} for i in range(alone)]
        first = self._clock(self.alone[0])
        best = self._clock(self.alone[0])
        self.first = max(0.0, first - best)
        self.memory = 0
        self.batches: dict[int, Queries] = {}
        for size in sorted(b for b in batches if b > 1):
            if best * size > budget:
                break
            queries = asked(size)
            self.memory = peak_memory(partial(answer, queries, times), cuda=synchronise)
            seconds = self._clock(queries) / size
            if seconds > WORTHLESS * best:
                continue  # vectors that are not full cost as much as full ones: a larger one may pay
            self.batches[size] = queries
            best = min(best, seconds)
        if not self.memory:
            self.memory = peak_memory(partial(answer, self.alone[0], times), cuda=synchronise)
        self.readings: dict[int, list[float]] = {1: [], **{size: [] for size in self.batches}}
        self.spent = 0.0

    def _clock(self, queries: Queries) -> float:
        return clock(lambda: self.answer(queries, self.times), synchronise=self.synchronise)

    def round(self) -> None:
        """One reading of each kind."""
        self.answer(self.alone[0], self.times)
        seconds = sum(self._clock(one) for one in self.alone)
        self.readings[1].append(seconds / len(self.alone))
        self.spent += seconds
        for size, queries in self.batches.items():
            seconds = self._clock(queries)
            self.readings[size].append(seconds / size)
            self.spent += seconds

    def speed(self) -> Speed:
        """Medians; the batch is the size with the least."""
        size = min(self.readings, key=lambda n: float(np.median(self.readings[n])))
        return Speed(
            single=Timing.of(self.readings[1], first=self.first),
            batch=Timing.of(self.readings[size], first=0.0),
            size=size,
            memory=self.memory,
        )


def clock_all(
    answers: Sequence[tuple[Answer, str]],
    asked: Callable[[int], Queries],
    times: NDArray[np.float64],
    *,
    alone: int,
    batches: Sequence[int],
    rounds: int,
    budget: float,
    progress: bool = False,
) -> list[Speed]:
    """Clock all answers, each given with its device, in `rounds` rounds.

    Args:
        answers: (answer, device) each.
        asked: how many -> so many queries.
        times: that are asked for.
        alone: queries that are asked one after the other in each round, the same ones each time and of
            everybody: more where one takes much longer than another.
        batches: sizes that are tried, 1 always among them.
        rounds: at most; see `budget`.
        budget: seconds that one batch may take, by what a smaller one took, and that an answer's calls may
            take in a round, in the mean: who has taken more sits rounds out until it is level.
        progress: show a bar.
    """
    gc.collect()  # once: with torch loaded it takes a quarter of a second
    clocked = [
        _Clocked(
            answer,
            asked,
            times,
            alone=alone,
            batches=batches,
            budget=budget,
            synchronise=device.startswith("cuda"),
        )
        for answer, device in tqdm(answers, desc="warm-up", disable=not progress, unit="entry", leave=False)
    ]
    for done in tqdm(range(rounds), desc="timing", disable=not progress, unit="round", leave=False):
        for one in clocked:
            if one.spent <= budget * done:
                one.round()
    return [one.speed() for one in clocked]
