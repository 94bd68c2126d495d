"""Options for whole runs of an experiment: each rung and each network is timed as rarely as can be, in one
process."""

__all__ = ["FEW_READINGS", "SHORT_FORECASTS"]

ALONE = ("--workers", "1", "--main.workers", "1")
FEW_READINGS = (
    *ALONE,
    *("--comparison.rounds", "1", "--comparison.alone", "1"),
    *("--comparison.batches", "1", "4"),
)
SHORT_FORECASTS = (
    *(*ALONE, "--fine.workers", "1"),
    *("--comparison.horizon", "5", "--comparison.free-run", "10"),
    *("--comparison.rounds", "1", "--comparison.batches", "1", "4"),
)
"""Of chaos: networks that go on step by step take most of a comparison's time."""
