"""The pipe-flow experiment at its smallest setting, and what it finds."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from understudy.experiments import pipe_flow
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.pipe_figures import pipes_of
from understudy.solvers.pipe_flow import REGIMES, PipeFlow

TREES = {"trees", "trees-groups"}


def test_the_quick_preset_runs_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "pipe-flow", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]) == 0
    said = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    expected = {label for label, c in pipe_flow.PRESETS["quick"].candidates.items() if c.by_default}
    assert set(results["by_regime"]) == expected
    assert expected >= TREES or find_spec("sklearn") is None
    for label in expected:
        assert label in said
        regimes = results["by_regime"][label]
        assert set(regimes) == {"all", *REGIMES}
        for numbers in regimes.values():
            assert 0 < numbers["median"] <= numbers["q90"] <= numbers["q99"]
    assert sum(results["pipes_by_regime"].values()) == 200
    assert {row["kind"] for row in results["rows"]} == {"reference", "ladder", "surrogate", "control", "null"}
    medians = {label: found["all"]["median"] for label, found in results["by_regime"].items()}
    assert medians["interpolation"] < 0.2 * medians["training-mean"]
    for label, seeds in results["experts"].items():
        assert label.startswith("mixture")
        for loads in seeds[0].values():
            assert len(loads) == 8
            assert sum(loads) == pytest.approx(1)
    assert set(results["experts"]) == {"mixture-1", "mixture-1-free", "mixture-2"}
    weights = results["weights"]
    assert weights["mixture-1"]["active"] < weights["mixture-2"]["active"] < weights["mixture-2"]["stored"]
    assert "the exact solution takes" in said
    for name in ("moody", "regimes", "map", "experts", "cost", "errors", "total-cost"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 5_000
    report = (tmp_path / "report.html").read_text()
    assert "By regime" in report
    assert "Experts" in report


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rounds": 0}, "--comparison.rounds must be at least 1"),
        ({"map_points": 0}, "--comparison.map-points"),
        ({"batches": ()}, "--comparison.batches"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_solved(
    change: dict[str, Any], said: str
) -> None:
    settings = pipe_flow.PRESETS["quick"]
    wrong = replace(settings, comparison=replace(settings.comparison, **change))
    with pytest.raises(ComparisonError, match=said):
        wrong.check({})
    with pytest.raises(ComparisonError, match="one frame"):
        replace(settings, main=replace(settings.main, train_frames=2)).check({})
    with pytest.raises(ComparisonError, match="test-trajectories must be at least 1"):
        replace(settings, main=replace(settings.main, test_trajectories=0)).check({})


def test_trees_without_their_library_are_refused_before_anything_is_solved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipe_flow, "find_spec", lambda name: None)
    settings = pipe_flow.PRESETS["default"]
    assert not any(settings.candidates[label].by_default for label in TREES)
    with pytest.raises(ComparisonError, match=r"trees needs scikit-learn.*understudy\[trees\]"):
        settings.check({"trees": settings.candidates["trees"]})
    settings.check({label: c for label, c in settings.candidates.items() if c.by_default})


@pytest.mark.parametrize("preset", pipe_flow.PRESETS)
def test_every_preset_fits_itself(preset: str) -> None:
    settings = pipe_flow.PRESETS[preset]
    settings.check({label: c for label, c in settings.candidates.items() if c.by_default})


def test_the_chart_s_pipes_have_the_roughness_that_is_asked_for() -> None:
    system = PipeFlow()
    roughness = np.geomspace(1e-6, 0.045, 40)
    pipes = pipes_of(system, np.full(40, 1e5), roughness)
    system.check_queries(pipes)
    np.testing.assert_allclose(system.relative_roughness(pipes), roughness, rtol=1e-12)
    assert (pipes["diameter"] >= system.least_diameter).all()
    assert (pipes["diameter"] <= system.most_diameter).all()
