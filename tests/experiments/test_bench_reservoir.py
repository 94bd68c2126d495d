"""Reservoirs are timed only where states, predictions and forecasts agree with reservoirpy's."""

import json

import numpy as np
import pytest
from understudy.experiments import bench_reservoir
from understudy.experiments.bench_reservoir import FORECASTS, PRESETS, TOLERANCES, Settings, run, table

pytest.importorskip("reservoirpy")

SMALL = Settings(sizes=((96, 150), (60, 150)), batches=(1, 3), steps=4, warm_up=8, rounds=2)


def test_a_run_times_training_and_forecasts_of_both_on_the_same_weights(tmp_path):
    results = run(SMALL, path=tmp_path / "reservoir.json")
    stored = json.loads((tmp_path / "reservoir.json").read_text())
    assert {(r["nodes"], r["task"], r["batch"], r["method"]) for r in stored["rows"]} == {
        (nodes, task, batch, method)
        for nodes in (96, 60)
        for task, batch, methods in (
            ("training", 1, list(FORECASTS)[:2]),
            ("forecast", 1, FORECASTS),
            ("forecast", 3, FORECASTS),
        )
        for method in methods
    }
    for row in stored["rows"]:
        seconds = row["seconds"]
        assert 0 < seconds["best"] <= seconds["low"] <= seconds["median"] <= seconds["high"]
        if row["method"] == "reservoirpy":
            assert row["times_yardstick"] == row["times_yardstick_at_best"] == 1
    for row in stored["rows"]:
        base = next(
            r
            for r in stored["rows"]
            if r["method"] == "reservoirpy"
            and (r["nodes"], r["task"], r["batch"]) == (row["nodes"], row["task"], row["batch"])
        )
        assert row["times_yardstick"] == base["seconds"]["median"] / row["seconds"]["median"]
        assert row["each"] == (1 if row["task"] == "training" else 4 * row["batch"])
    for found in stored["differences"]:
        assert all(0 <= found[kind] <= TOLERANCES[kind] for kind in TOLERANCES)
        assert found["states"] < 1e-14
    printed = table(results)
    assert "(96, 150)" in printed and "forecast, batch of 3" in printed
    assert table(stored) == printed


def test_wrong_weights_are_not_timed(tmp_path, monkeypatch):
    right = bench_reservoir._matrices

    def wrong(network):
        recurrent, incoming = right(network)
        recurrent.data[7] *= 1 + 1e-6
        return recurrent, incoming

    monkeypatch.setattr(bench_reservoir, "_matrices", wrong)
    with pytest.raises(AssertionError, match=r"60 nodes: states differ .* not timed"):
        run(Settings(sizes=((60, 150),), warm_up=8), path=tmp_path / "reservoir.json")
    assert not list(tmp_path.iterdir())


def test_another_regression_is_not_timed(tmp_path, monkeypatch):
    right = bench_reservoir.Pair.train_peer

    def wrong(self):
        self.readout.ridge *= 1.5
        right(self)

    monkeypatch.setattr(bench_reservoir.Pair, "train_peer", wrong)
    with pytest.raises(AssertionError, match="predictions differ"):
        run(SMALL, path=tmp_path / "reservoir.json")


@pytest.mark.parametrize("method", list(FORECASTS))
def test_a_forecast_that_computes_something_else_is_not_timed(method, tmp_path, monkeypatch):
    right = FORECASTS[method]

    def late(pair, history, steps):
        return right(pair, history, steps + 1)[:, 1:]

    if method == bench_reservoir.YARDSTICK:  # what the others are held against
        monkeypatch.setattr(bench_reservoir, "_one_by_one", late)
    else:
        monkeypatch.setitem(FORECASTS, method, late)
    with pytest.raises(AssertionError, match="forecasts differ"):
        run(SMALL, path=tmp_path / "reservoir.json")


def test_forecasts_start_where_training_ended_or_later():
    frames = bench_reservoir._chaos(SMALL)
    pair = bench_reservoir.Pair(SMALL, 60, 150, frames)
    history = pair.history(5)
    assert history.shape == (5, 9, 64)
    np.testing.assert_array_equal(history[0], frames[158:167])
    np.testing.assert_array_equal(history[-1], frames[-9:])
    assert len(pair.series) == 8 + 150 + 1


def test_presets_are_those_of_the_target():
    assert PRESETS["default"].sizes == ((1024, 4000), (3008, 4000), (5056, 4000))
    assert {1, 16, 128} <= set(PRESETS["default"].batches)
