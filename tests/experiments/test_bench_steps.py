"""The benchmark times only what agrees, reports what is absent, and counts operations correctly."""

import dataclasses
import json
import sys

import pytest
from understudy.experiments import bench_floor, bench_steps
from understudy.experiments.bench_peers import PEERS
from understudy.experiments.bench_steps import PRESETS, Settings, run, table
from understudy.solvers.methods.butterflies import real_forward

SMALL = Settings(
    points=(16,),
    batches=(1, 3),
    methods=("compiled ETDRK4", "compiled ETD-AB4", "exponax", "numpy", "numba loops"),
    seconds=1e-4,
    repeats=2,
)


def test_a_run_writes_rates_of_all_methods_and_names_the_absent(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "exponax", None)  # as if it were not installed
    results = run(SMALL, path=tmp_path / "bench" / "steps.json")
    stored = json.loads((tmp_path / "bench" / "steps.json").read_text())
    assert list(results["absent"]) == ["exponax"]
    assert {(r["method"], r["batch"]) for r in stored["rows"]} == {
        (m, b) for m in SMALL.methods if m != "exponax" for b in (1, 3)
    }
    assert all(0 < r["low"] <= r["median"] <= r["high"] <= r["best"] for r in stored["rows"])
    assert all(r["difference"] < 1e-10 for r in stored["rows"] if r["method"] != "compiled ETD-AB4")
    assert stored["settings"] == json.loads(json.dumps(dataclasses.asdict(SMALL)))
    assert {"versions", "machine", "date", "peak", "load", "commit", "threads"} <= set(stored)
    printed = table(results)
    assert "exponax: not installed" in printed
    assert "of the floor" in printed


@pytest.mark.peers
def test_exponax_and_pyfftw_agree_with_ours_and_exponax_is_the_yardstick(tmp_path):
    pytest.importorskip("exponax")
    pytest.importorskip("pyfftw")
    methods = ("compiled ETDRK4", "exponax", "pyFFTW", "scipy", "torch", "compiled ETDRK4 float32")
    settings = dataclasses.replace(SMALL, methods=methods, batches=(2,), points=(32,))
    results = run(settings, path=tmp_path / "steps.json")
    rows = {r["method"]: r for r in results["rows"]}
    assert rows["exponax"]["times_yardstick"] == 1
    assert all(r["difference"] < 1e-10 for m, r in rows.items() if "float32" not in m)


def test_a_method_that_computes_something_else_is_not_timed(tmp_path, monkeypatch):
    def wrong(task):
        right = PEERS["numpy"](task)
        return lambda steps: right(steps + 1)

    monkeypatch.setitem(bench_steps.PEERS, "wrong", wrong)
    settings = dataclasses.replace(SMALL, methods=("compiled ETDRK4", "numpy", "wrong"), batches=(1,))
    with pytest.raises(AssertionError, match="wrong differs from the other methods"):
        run(settings, path=tmp_path / "steps.json")


def test_operations_are_counted_as_the_literature_counts_them():
    # a real transform of 8 points takes 20 sums and 2 products; the last sum and difference are the caller's
    tally = bench_floor._Tally()
    real_forward([bench_floor._Counted(tally)] * 8)
    assert tally.flops == 22 - 2
    for points, halved in ((64, 32), (128, 64), (256, 128), (512, 256)):
        flops, instructions = bench_floor.operations_of_a_step(points)
        assert instructions < flops
        # N log N: between 2 and 2.5 times the work of half the points
        assert 2 < flops / bench_floor.operations_of_a_step(halved)[0] < 2.5
        transforms = flops - points * 24
        assert transforms == pytest.approx(8 * 2.0 * points * (points.bit_length() - 1), rel=0.3)


def test_presets_name_known_methods():
    for preset in PRESETS.values():
        assert set(preset.methods) <= set(PEERS)
