"""What the results of every comparison hold, beside what is its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..datasets.training_set import TrainingSet
from ..solvers.contract import System
from .compare import Row
from .metrics import Metric
from .timing import provenance
from .verdict import Verdict

__all__ = ["results_card"]


def results_card(
    system: System,
    metric: Metric,
    *,
    rows: Sequence[Row],
    verdicts: Sequence[Verdict],
    at_ninety: Sequence[Verdict] | None = None,
    sets: Mapping[str, TrainingSet],
    described: Mapping[str, Any],
    own: Mapping[str, Any],
) -> dict[str, Any]:
    """Ready to be written. `described` are the experiment's settings, `own` goes in as it is, and wins."""
    ninety = {} if at_ninety is None else {"verdicts_at_equal_90_percent": [v.plain() for v in at_ninety]}
    return {
        "system": {"name": system.name, **system.parameters},
        "metric": {"name": metric.name, "unit": metric.unit, "definition": metric.definition},
        "verdicts": [v.plain() for v in verdicts],
        **ninety,
        "rows": [row.plain() for row in rows],
        "training_sets": {
            name: {"fingerprint": s.fingerprint, "seconds": s.seconds, "samples": len(s.split("train"))}
            for name, s in sets.items()
        },
        "settings": described,
        **own,
        **provenance(),
    }
