"""Whole ladders run at the quick preset, every rung of them; elsewhere few of their rungs are run."""

import json
from pathlib import Path

import pytest
from understudy.experiments import burgers, steady_flow
from understudy.experiments.command import main
from understudy.experiments.direct_insertion import RUNGS
from understudy.experiments.smoothing_comparison import SETTINGS
from understudy.experiments.super_resolution import PRESETS
from understudy.solvers.burgers import KIT as BURGERS
from understudy.solvers.kuramoto_sivashinsky import KuramotoSivashinsky, ladder
from understudy.solvers.steady_flow import KIT as FLOW

RUNS = {
    "burgers": len(BURGERS.ladder(burgers.PRESETS["quick"].ranged)),
    "steady-flow": len(FLOW.ladder(steady_flow.PRESETS["quick"].system)),
    "kuramoto-sivashinsky": len(ladder(KuramotoSivashinsky(22.0, 64))),
    "super-resolution": len(RUNGS) * len(PRESETS["quick"].comparison.histories),
    "smoothing": sum(len(schedules) for *_, schedules in SETTINGS),
}
"""How many rungs each has."""


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_every_rung_is_run_and_a_report_written(tmp_path: Path, name: str) -> None:
    assert main(["run", name, "--preset", "quick", "--folder", str(tmp_path), "--quiet"]) == 0
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    rungs = [row for row in rows if row["kind"] == "ladder"]
    assert len(rungs) == RUNS[name] >= 8
    assert all(row["accuracy"]["median"] is not None for row in rungs)
    assert (tmp_path / "report.html").stat().st_size > 100_000
