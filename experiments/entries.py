"""What a comparison at equal error begins with: all test queries, and the solver's entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..datasets.split import Split
from ..solvers.contract import Queries, Solution, Solver
from .compare import Contestant

__all__ = ["every_query", "solver_entries", "truth_card"]

CONTROL = (
    "control: the roughest setting of the ladder once more, in the place of a surrogate; its speed-up says "
    "how far apart one and the same solver can come out"
)


def every_query(split: Split) -> Queries:
    """All that were drawn: those that the set's solver failed on come last; the hardest count, too."""
    solved, failed = split.queries(), [failure.query for failure in split.failures]
    return {
        name: np.concatenate(
            [np.asarray(a, dtype=np.float64), *(np.asarray(query[name])[None] for query in failed)]
        )
        for name, a in solved.items()
    }


def solver_entries(
    reference: Solver, standard: Solver, ladder: Sequence[Solver], *, solved: Solution
) -> list[Contestant]:
    """Truth, whose answer is known, the solver of the training data, the ladder, and a control."""
    return [
        Contestant(
            f"truth: {reference.label}",
            "reference",
            (reference,),
            settings=reference.settings,
            answered=solved,
        ),
        Contestant(f"data: {standard.label}", "reference", (standard,), settings=standard.settings),
        *(Contestant(s.label, "ladder", (s,), settings=s.settings) for s in ladder),
        Contestant("control", "control", (ladder[0],), settings=ladder[0].settings, remark=CONTROL),
    ]


def truth_card(reference: Solver, truth: Solution, *, queries: str) -> dict[str, Any]:
    """How good the truth is, and what it took; `queries` is what these are called."""
    estimates = truth.error_estimate[truth.solved]
    return {
        "solver": reference.label,
        queries: len(truth.status),
        "converged": int(truth.solved.sum()),
        "error_estimate_median": float(np.median(estimates)),
        "error_estimate_largest": float(estimates.max()),
        "seconds_median": float(np.median(truth.seconds)),
        "seconds_largest": float(truth.seconds.max()),
        "notes": truth.notes,
    }
