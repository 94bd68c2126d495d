"""The Ising experiment at its smallest setting, and what it finds."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few_readings import FEW_READINGS
from understudy.experiments import ising
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.ising_comparison import Remembered, of_one
from understudy.solvers.contract import Solution
from understudy.solvers.ising import Ising, Kaufman

ONCE = np.zeros(1)


def test_the_quick_preset_runs_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "ising", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]
    assert main([*command, *FEW_READINGS]) == 0
    said = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    expected = {*ising.PRESETS["quick"].candidates, "boltzmann-shared 64", "boltzmann-free 64"}
    kinds = {row["label"]: row["kind"] for row in results["rows"]}
    assert {label for label, kind in kinds.items() if kind in ("surrogate", "null")} == expected
    assert set(kinds.values()) == {"reference", "ladder", "surrogate", "control", "null"}
    assert kinds["interpolation"] == "surrogate"  # it may well be the best
    assert sum(results["temperatures_by_range"].values()) == 16
    for name in ("energy", "specific_heat"):
        found = results["by_range"][name]
        assert found["reweighting"]["all"] < found["training-mean"]["all"]
        assert found["Metropolis 65536"]["all"] < 0.2 * found["Metropolis 64"]["all"]
        assert found["Wolff 16384"]["all"] < 0.2 * found["Wolff 64"]["all"]
        assert found["interpolation"]["all"] < found["training-mean"]["all"]
        labels = {verdict["label"] for verdict in results["verdicts_of_each"][name]}
        assert labels == {label for label, kind in kinds.items() if kind in ("surrogate", "control")}
    assert "The exact sums" in said
    assert "Beside the best machine (boltzmann" in said
    medians = {row["label"]: row["accuracy"]["median"] for row in results["rows"]}
    best = min(median for label, median in medians.items() if label.startswith("boltzmann"))
    for label in ("reweighting", "interpolation", "interpolation-copies"):
        assert f"{label} {'is better' if medians[label] < best else 'is no better'}: " in said
    for name in ("curves", "observables", "cost", "errors", "total-cost"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 5_000
    report = (tmp_path / "report.html").read_text()
    assert "Of each observable, by temperature" in report


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rounds": 0}, "--comparison.rounds must be at least 1"),
        ({"shown": 1}, "--comparison.shown must be at least 2"),
        ({"near": 0.0}, "--comparison.near must be positive"),
        ({"batches": ()}, "--comparison.batches"),
        ({"draws": (0,)}, "--comparison.draws"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_solved(
    change: dict[str, Any], said: str
) -> None:
    settings = ising.PRESETS["quick"]
    with pytest.raises(ComparisonError, match=said):
        replace(settings, comparison=replace(settings.comparison, **change)).check({})
    with pytest.raises(ComparisonError, match="one frame"):
        replace(settings, main=replace(settings.main, train_frames=2)).check({})
    with pytest.raises(ComparisonError, match="test-trajectories must be at least 1"):
        replace(settings, main=replace(settings.main, test_trajectories=0)).check({})


@pytest.mark.parametrize("preset", ising.PRESETS)
def test_every_preset_fits_itself(preset: str) -> None:
    settings = ising.PRESETS[preset]
    settings.check(settings.candidates)
    assert settings.system.rows % 2 == 0


def test_an_error_of_one_observable_knows_nothing_of_the_other() -> None:
    queries = {"temperature": np.array([2.0, 2.5, 3.0]), "seed": np.zeros(3)}
    truth = Kaufman(Ising(4, 4))(queries, ONCE)
    values = {name: array.copy() for name, array in truth.values.items()}
    values["energy"] *= np.array([[1.1], [0.8], [np.nan]])
    answer = Solution(truth.times, values, truth.status, truth.seconds, truth.error_estimate)
    np.testing.assert_allclose(of_one("energy").score(answer, truth), [0.1, 0.2, np.inf], rtol=1e-12)
    np.testing.assert_allclose(of_one("specific_heat").score(answer, truth), np.finfo(float).eps)


def test_what_is_judged_is_answered_once_and_what_is_timed_every_time() -> None:
    judged = {"temperature": np.array([2.0, 3.0]), "seed": np.zeros(2)}
    asked = []

    def answer(queries: Any, times: np.ndarray) -> Solution:
        asked.append(queries)
        return Kaufman(Ising(4, 4))(queries, times)

    remembered = Remembered(answer, judged)
    assert remembered(judged, ONCE) is remembered(judged, ONCE)
    timed = {name: values[:1] for name, values in judged.items()}
    for _ in range(2):
        assert len(remembered(timed, ONCE).status) == 1
    assert [len(queries["seed"]) for queries in asked] == [2, 1, 1]
