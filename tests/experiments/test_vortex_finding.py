"""The experiment with vortices at its smallest setting, and how finders are judged."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few_readings import FEW_READINGS
from understudy.experiments import vortex_finding
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError, Contestant
from understudy.experiments.vortex_comparison import refined
from understudy.experiments.vortex_measures import (
    average_precision,
    mask_scores,
    matched,
    missed_distance,
)
from understudy.solvers.contract import Solution
from understudy.solvers.vortices import FittedVortices, Planted, Vortices
from understudy.solvers.vortices.finder import answer_of
from understudy.solvers.vortices.table import in_slots

ONCE = np.zeros(1)
SYSTEM = Vortices()
CELL = SYSTEM.spacing


def said(*tables: Any) -> Solution:
    """An answer whose samples are these rows: how sure, x, y, circulation, radius."""
    found = [np.array(table, dtype=np.float64).reshape(-1, 5) for table in tables]
    return answer_of(SYSTEM, in_slots(found, slots=8), ONCE, begin=0.0)


TRUE = [[1, 0.3, 0.3, 1.0, 0.05], [1, 0.7, 0.7, -1.0, 0.05]]


def test_the_quick_preset_runs_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "vortex-finding", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]
    assert main([*command, *FEW_READINGS]) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    chosen = vortex_finding.PRESETS["quick"].candidates
    expected = {label for label, c in chosen.items() if c.by_default} | {"finder + fit"}
    rows = {row["label"]: row for row in results["rows"]}
    assert expected <= set(rows)
    assert {row["kind"] for row in rows.values()} == {"reference", "ladder", "surrogate", "control", "null"}
    for label in expected:
        assert label in printed
        share, recall = (results["found"][label][name] for name in ("precision", "recall"))
        harmonic = 2 * share * recall / max(share + recall, 1e-12)  # of whole seeds, then their mean
        assert results["found"][label]["f1"] == pytest.approx(harmonic, abs=0.02)
        assert set(results["by_noise"][label]) and set(results["by_number"][label])
    found = results["found"]
    fits = {label: t for label, t in found.items() if label.startswith("least squares")}
    best = max(fits.values(), key=lambda t: t["f1"])
    assert best["f1"] > 0.8
    assert best["circulation"] < 0.05
    assert found["training-mean"]["f1"] < 0.2
    assert rows["truth: as drawn"]["accuracy"]["median"] == 1e-6 < rows["control"]["accuracy"]["median"]
    for name in ("fields", "cost", "noise", "number", "errors", "total-cost"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 5_000
    report = (tmp_path / "report.html").read_text()
    assert "What is found" in report
    assert "By number of vortices" in report


def test_distances_count_misses_and_false_ones_as_the_cutoff() -> None:
    metric = missed_distance(spacing=CELL, cutoff=4.0)
    near = [[0.9, 0.3 + CELL, 0.3, 1, 0.05], [0.9, 0.7, 0.7 - 3 * CELL, 1, 0.05]]
    crossed = [near[1], near[0]]
    false = [*near, [0.8, 0.1, 0.9, 1, 0.05]]
    unsure = [*near, [0.4, 0.1, 0.9, 1, 0.05]]
    far = [near[0], [0.9, 0.7, 0.7 - 9 * CELL, 1, 0.05]]
    answers = said(near, crossed, near[:1], false, unsure, [], far)
    scores = metric.score(answers, said(*[TRUE] * 7))
    np.testing.assert_allclose(scores, [2, 2, (1 + 4) / 2, (1 + 3 + 4) / 3, 2, 4, (1 + 4) / 2], rtol=1e-9)
    assert metric.score(said([]), said([]))[0] == 1e-6


def test_matches_are_within_reach_one_for_each_and_the_surest_first() -> None:
    near = [0.9, 0.3 + 0.5 * CELL, 0.3, 1.1, 0.06]
    twin = [0.8, 0.3, 0.3, 1.0, 0.05]
    far = [0.7, 0.7 + 2 * CELL, 0.7, -1.0, 0.05]
    matches = matched(said([near, twin, far], []), said(TRUE, TRUE), spacing=CELL, reach=1.0)
    assert matches.hit.tolist() == [True, False, False]
    assert matches.there.tolist() == [2, 2]
    assert matches.place[0] == pytest.approx(0.5)
    assert matches.circulation[0] == pytest.approx(0.1)
    tally = matches.tally(np.array([True, False]))
    assert tally["precision"] == pytest.approx(1 / 3)
    assert tally["recall"] == pytest.approx(1 / 2)
    assert tally["f1"] == pytest.approx(2 / 5)
    assert tally["radius"] == pytest.approx(0.2)
    assert matches.tally(np.array([True, True]))["recall"] == pytest.approx(1 / 4)


def test_average_precision_is_the_area_that_loops_find() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        hit, score = generator.random(30) < 0.5, generator.random(30)
        there = int(hit.sum()) + 5
        order, area, last = np.argsort(-score), 0.0, 0.0
        curve = [(hit[order[:n]].sum() / there, hit[order[:n]].mean()) for n in range(1, 31)]
        for recall, _ in curve:
            area += (recall - last) * max(p for r, p in curve if r >= recall)
            last = recall
        assert average_precision(score, hit, there=there) == pytest.approx(area, abs=1e-12)
    assert np.isnan(average_precision(np.ones(1), np.zeros(1, np.bool_), there=0))


def test_masks_overlap_fully_partly_or_not_at_all() -> None:
    other = [[1, 0.3, 0.7, 1.0, 0.05]]
    scores = mask_scores(said(TRUE, other, TRUE[:1], []), said(TRUE, TRUE, TRUE, []))
    np.testing.assert_allclose(scores, [1, 0, 0.5, 1], atol=0.02)


def test_a_fit_that_goes_on_from_a_rough_table_ends_at_the_fit() -> None:
    queries = SYSTEM.draw([np.random.default_rng([5, i]) for i in range(4)])

    def rough(asked: Any, times: Any) -> Solution:
        solution = Planted(SYSTEM)(asked, times)
        moved = solution.values["centre_x"] + 0.7 * CELL
        return replace(solution, values={**solution.values, "centre_x": moved})

    fit = FittedVortices(SYSTEM, iterations=15, rounds=0)
    one = refined(Contestant("rough", "surrogate", (rough,)), fit)
    metric = missed_distance(spacing=CELL, cutoff=4.0)
    truth = Planted(SYSTEM)(queries, ONCE)
    before = metric.score(rough(queries, ONCE), truth)
    after = metric.score(one.answers[0](queries, ONCE), truth)
    assert (after < 0.3 * before).all()
    assert one.label == "rough + fit"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rounds": 0}, "--comparison.rounds must be at least 1"),
        ({"cutoff": 0.0}, "--comparison.cutoff must be positive"),
        ({"noises": (0.5, 0.2)}, "--comparison.noises must rise"),
        ({"batches": ()}, "--comparison.batches"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_solved(
    change: dict[str, Any], said: str
) -> None:
    settings = vortex_finding.PRESETS["quick"]
    with pytest.raises(ComparisonError, match=said):
        replace(settings, comparison=replace(settings.comparison, **change)).check({})
    with pytest.raises(ComparisonError, match="one frame"):
        replace(settings, main=replace(settings.main, train_frames=2)).check({})
    with pytest.raises(ComparisonError, match="test-trajectories must be at least 1"):
        replace(settings, main=replace(settings.main, test_trajectories=0)).check({})
    with pytest.raises(ComparisonError, match=r"finder cuts the field.*no multiple of 4"):
        replace(settings, system=Vortices(points=30)).check(settings.candidates)


@pytest.mark.parametrize("preset", vortex_finding.PRESETS)
def test_every_preset_fits_itself(preset: str) -> None:
    settings = vortex_finding.PRESETS[preset]
    settings.check(settings.candidates)
