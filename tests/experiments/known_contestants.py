"""Contestants whose accuracy and cost are known, and a clock that no busy machine disturbs."""

import numpy as np
from understudy.experiments.compare import Bill, Contestant, Plan
from understudy.experiments.metrics import relative_error
from understudy.solvers.contract import Answer, Queries, Solution, Status

TIMES = np.array([1.0, 2.0])
SPENT = [0.0]
"""Seconds that the answers pretend to have taken; see `pretended_clock`."""


def answering(error: float, seconds: float, *, fail: int = 0) -> Answer:
    """An answer u = (1 + error) * query that takes `seconds` per query; the last `fail` samples diverge."""

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        samples = len(queries["u"])
        SPENT[0] += seconds * samples
        values = np.repeat((1 + error) * queries["u"][:, None], len(times), axis=1)
        status = np.zeros(samples, np.int8)
        if fail:
            status[-fail:] = Status.DIVERGED
            values[-fail:] = np.nan
        return Solution(
            times=times,
            values={"u": values},
            status=status,
            seconds=np.full(samples, seconds),
            error_estimate=np.full(samples, np.nan),
        )

    return answer


def plan(samples: int = 6) -> Plan:
    queries = {"u": np.random.default_rng(0).normal(size=(samples, 4))}
    truth = answering(0.0, 0.0)(queries, TIMES)
    return Plan(
        queries=queries,
        times=TIMES,
        timed=TIMES[-1:],
        truth=truth,
        metric=relative_error(),
        scale=1.0,
        batches=(1, 2),
        rounds=3,
    )


def contestants() -> list[Contestant]:
    return [
        Contestant("truth", "reference", (answering(0.0, 0.02),)),
        Contestant("coarse", "ladder", (answering(1e-1, 0.001),)),
        Contestant("middle", "ladder", (answering(1e-2, 0.003),)),
        Contestant("wasteful", "ladder", (answering(1e-2, 0.006),)),
        Contestant("mean", "null", (answering(0.9, 1e-6),)),
        Contestant(
            "quick", "surrogate", (answering(1e-2, 0.001), answering(1.1e-2, 0.001)), bill=Bill(1.0, 1.0)
        ),
        Contestant("slow", "surrogate", (answering(1e-2, 0.012),), bill=Bill(1.0, 1.0)),
        Contestant("useless", "surrogate", (answering(2.0, 1e-6),)),
    ]
