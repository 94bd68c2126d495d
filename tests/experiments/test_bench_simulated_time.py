"""The step is the largest that is accurate enough, and both sides are timed at their own."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from understudy.experiments import bench_simulated_time
from understudy.experiments.bench_simulated_time import PRESETS, SCHEMES, YARDSTICK, Settings, run, table
from understudy.solvers.kuramoto_sivashinsky import ETDRK4, KuramotoSivashinsky

QUICK = dataclasses.replace(PRESETS["quick"], rounds=1)


@pytest.fixture(scope="module")
def exam():
    system = KuramotoSivashinsky(QUICK.length, QUICK.points)
    return bench_simulated_time._exam(QUICK, system, 0)


def solver(count, points=64):
    system = KuramotoSivashinsky(QUICK.length, QUICK.points)
    return lambda u, times: ETDRK4(system, step=1 / count, points=points)({"u": u}, times).values["u"]


def test_the_truth_itself_is_valid_to_the_end_and_finer_steps_for_longer(exam):
    end = exam.truth.times[-1] / KuramotoSivashinsky(22.0).characteristic_time
    assert np.all(exam.scores(lambda u, times: exam.truth.values["u"]) == end)
    assert np.median(exam.scores(solver(1))) < np.median(exam.scores(solver(8)))
    assert np.all(exam.scores(lambda u, times: np.full_like(exam.truth.values["u"], np.inf)) == 0)


def test_starts_are_on_the_attractor_and_the_two_sets_differ(exam):
    other = bench_simulated_time._exam(QUICK, KuramotoSivashinsky(QUICK.length, QUICK.points), 1)
    assert len(exam.starts) == len(other.starts) == QUICK.starts
    assert not np.isin(exam.starts, other.starts).any()
    assert 0.8 < np.sqrt(np.mean(exam.starts**2)) < 1.8


def test_the_step_is_the_largest_that_reaches_the_wanted_time(exam):
    wanted = float(np.median(exam.scores(solver(1)))) + 0.1
    settings = dataclasses.replace(QUICK, counts=(1, 2, 4, 8), wanted=wanted)
    row, integrate = bench_simulated_time._largest_step(settings, {"method": "x"}, solver, exam)
    assert integrate is not None
    *before, last = row["tried"]
    assert last == row["steps_per_unit_time"]
    assert row["tried"][last] >= wanted > max(row["tried"][count] for count in before)
    hopeless = dataclasses.replace(settings, wanted=100.0)
    row, integrate = bench_simulated_time._largest_step(hopeless, {"method": "x"}, solver, exam)
    assert integrate is None
    assert list(row["tried"]) == [1, 2, 4, 8]


def test_without_exponax_ours_are_timed_and_the_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "exponax", None)
    settings = dataclasses.replace(QUICK, schemes=("ETDRK4", "ETDAB4"), counts=(1, 2, 8))
    results = run(settings, path=tmp_path / "simulated-time.json")
    stored = json.loads((tmp_path / "simulated-time.json").read_text())
    assert list(stored["absent"]) == [YARDSTICK]
    assert [r["method"] for r in stored["rows"]] == ["ETDRK4", "ETDAB4"]
    for row in stored["rows"]:
        assert row["valid_time"]["median"] >= settings.wanted
        for batch in settings.batches:
            timing = row["timings"][str(batch)]
            assert timing["best"] >= timing["median"] > 0
            assert timing["best"] == pytest.approx(batch * stored["timed_over"] / timing["seconds"]["best"])
    assert [b["times_yardstick_of_median"] for b in stored["best"]] == [None, None]
    assert "not installed" in table(results)
    assert table(stored) == table(results)


@pytest.mark.peers
@pytest.mark.parametrize(
    ("points", "dealiasing"), [(48, 1.0), pytest.param(64, 2 / 3, marks=pytest.mark.slow)]
)
def test_exponax_follows_the_same_trajectories_on_other_grids(exam, points, dealiasing):
    pytest.importorskip("exponax")
    system = KuramotoSivashinsky(QUICK.length, QUICK.points)
    times = np.array([1.0, 2.0, 5.0])
    expected = solver(16)(exam.starts, times)
    found = bench_simulated_time._exponax(system, points, 16, dealiasing)(exam.starts, times)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


@pytest.mark.peers
def test_the_ratio_is_that_of_the_fastest_on_each_side(tmp_path):
    pytest.importorskip("exponax")
    results = run(QUICK, path=tmp_path / "simulated-time.json")
    for best in results["best"]:
        rates = {
            peer: [
                r["timings"][str(best["batch"])]["median"]
                for r in results["rows"]
                if (r["method"] == YARDSTICK) == peer
            ]
            for peer in (True, False)
        }
        assert best["times_yardstick_of_median"] == max(rates[False]) / max(rates[True])
    assert f"times {YARDSTICK}" in table(results)


def test_the_default_asks_what_the_target_asks():
    settings = Settings()
    assert (settings.wanted, settings.threshold, settings.horizon) == (8.7, 0.5, 14.0)
    assert settings.starts >= 100 and 256 in settings.batches
    assert set(settings.schemes) <= set(SCHEMES)
