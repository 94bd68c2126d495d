"""The pipe-flow experiment at its smallest setting, and what it finds."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from few_readings import FEW_READINGS
from understudy.experiments import pipe_findings, pipe_flow
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.pipe_figures import found_in, pipes_of
from understudy.experiments.pipe_findings import Findings
from understudy.solvers.pipe_flow import MATERIALS, REGIMES, PipeFlow
from understudy.surrogates import tree_growing

TREES = {"trees", "trees-groups"}


def test_the_quick_preset_runs_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "pipe-flow", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]
    assert main([*command, *FEW_READINGS]) == 0
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
    with pytest.raises(ComparisonError, match="valid-trajectories must be at least 1"):
        replace(settings, main=replace(settings.main, valid_trajectories=0)).check({})
    with pytest.raises(ComparisonError, match="test-trajectories must be at least 1"):
        replace(settings, main=replace(settings.main, test_trajectories=0)).check({})


@pytest.mark.parametrize("named", ["trees", "boosted-trees"])
def test_trees_without_their_library_are_refused_before_anything_is_solved(
    named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in (pipe_flow, tree_growing):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert not any(pipe_flow.PRESETS["default"].candidates[label].by_default for label in TREES)
    told = ["pipe-flow", "--preset", "quick", "--folder", str(tmp_path), "--quiet", "--surrogates", named]
    assert main(["run", *told]) == 1
    assert "needs scikit-learn, which is not installed: pip install" in capsys.readouterr().err
    assert not (tmp_path / "sets").exists()
    assert main(["compare", *told]) == 1
    assert "scikit-learn" not in capsys.readouterr().err, "what is trained answers without it"


def findings_without_trees() -> Findings:
    reference = SimpleNamespace(kind="reference", seconds=lambda how: 1.0)
    nothing: Any = {name: {} for name in ("at_ninety", "loads", "answers", "trained")}
    some: Any = dict.fromkeys(("plan", "verdicts", "regimes", "system", "settings", "training"))
    rows: Any = [reference]
    return Findings(rows=rows, **nothing, **some)


@pytest.mark.parametrize("installed", [True, False])
def test_a_missing_library_is_named_only_where_it_is_missing(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipe_findings, "find_spec", lambda name: object() if installed else None)
    assert ("need scikit-learn" in findings_without_trees().in_words()) == (not installed)


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


def test_a_chart_of_other_pipes_has_the_lines_that_these_have() -> None:
    system = PipeFlow(least_diameter=0.5)
    lines = np.array([1e-7, 1e-6, 1e-3, 1e-2, 4e-2])
    found = found_in(system, lines)
    np.testing.assert_array_equal(found, [1e-6, 1e-3])
    pipes = pipes_of(system, np.full(2, 1e5), found)
    np.testing.assert_allclose(system.relative_roughness(pipes), found, rtol=1e-12)
    assert ((pipes["diameter"] >= 0.5) & (pipes["diameter"] <= 2.0)).all()
    alike = PipeFlow(least_diameter=0.5, most_diameter=0.5)
    np.testing.assert_allclose(
        found_in(alike, np.array([1e-7, 4e-2])), sorted(2 * m.roughness for m in MATERIALS)
    )
