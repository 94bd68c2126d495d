"""Three-body solvers are timed beside their peers, judged at equal error, and held against the processor."""

import dataclasses
import json
import sys

import numpy as np
import pytest
from understudy.experiments import bench_three_body as bench
from understudy.experiments import bench_three_body_floor as floor
from understudy.experiments import bench_three_body_trajectories as trajectories
from understudy.experiments.bench_three_body_peers import METHODS, Starts
from understudy.experiments.bench_three_body_verdict import COMPARISONS, at_equal_error, ratio
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.envelope import Cost
from understudy.solvers.methods.compiled import compiled
from understudy.solvers.methods.lanes import fma, load, sqrt, store
from understudy.solvers.three_body import Reference, Regularised, ThreeBody, regularised

QUICK = trajectories.PRESETS["quick"]
END = 2.0


def drawn(count):
    return ThreeBody().draw([np.random.default_rng((5, i)) for i in range(count)])


@pytest.fixture(scope="module")
def starts():
    return Starts(drawn(20), 20_000)


@pytest.fixture(scope="module")
def truth(starts):
    return trajectories.settle(starts.queries, (END,))[0][END]


def agrees(name, starts, truth, tolerance):
    errors = truth.errors(METHODS[name].made(starts, tolerance)(END))
    assert len(errors) == truth.known.sum() >= len(starts) - 3
    assert np.median(errors) < 1e-8, f"{name}: {errors}"
    return errors


@pytest.mark.parametrize("name", ["ours, batch", "ours, single"])
def test_ours_reach_the_truth_in_both_ways_and_give_the_same(name, starts, truth):
    agrees(name, starts, truth, 1e-12)
    both = [METHODS[n].made(starts, 1e-12)(END) for n in ("ours, batch", "ours, single")]
    np.testing.assert_array_equal(*both)


def test_scipy_solves_the_same_problem():
    few = Starts(drawn(2), 1000)
    truth = trajectories.settle(few.queries, (1.0,))[0][1.0]
    assert truth.errors(METHODS["DOP853"].made(few, 1e-10)(1.0)).max() < 1e-6


@pytest.mark.peers
@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if m.package == "heyoka"])
def test_heyoka_solves_the_same_problem_in_every_mode(name, starts, truth):
    pytest.importorskip("heyoka")
    errors = agrees(name, starts, truth, 1e-13)
    if "regularised" in name:
        assert errors.max() < 1e-7
    few = METHODS[name].made(starts.taken(3), 1e-13)(END)
    assert few.shape == (3, 3)
    assert trajectories.distance(few, truth.place[:3]).max() < 1e-6
    again = METHODS[name].made(starts.taken(45), 1e-13)(END)
    np.testing.assert_allclose(again[20:40], again[:20], rtol=0, atol=1e-3)


@pytest.mark.peers
@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if m.package == "heyoka"])
def test_a_trajectory_of_too_many_steps_fails_and_the_lanes_go_on(name, starts):
    pytest.importorskip("heyoka")
    impatient = dataclasses.replace(starts, most_steps=1)
    assert np.isnan(METHODS[name].made(impatient, 1e-12)(END)).all()


@pytest.mark.peers
@pytest.mark.parametrize(("name", "tolerance"), [("IAS15", 1e-9), ("BS", 1e-12)])
def test_rebound_solves_the_same_problem(name, tolerance, truth, starts):
    pytest.importorskip("rebound")
    few = starts.taken(4)
    errors = trajectories.distance(METHODS[name].made(few, tolerance)(END), truth.place[:4])
    assert np.median(errors) < 1e-8


def test_starts_are_repeated_in_their_order(starts):
    more = starts.taken(45)
    np.testing.assert_array_equal(more.queries["x"][20:40], starts.queries["x"])
    np.testing.assert_array_equal(more.states[40:, 2], starts.queries["x"][:5, 1])
    np.testing.assert_array_equal(more.states[:, 6:], 0)


def test_without_peers_ours_are_timed_and_the_missing_are_named(tmp_path, monkeypatch, capsys):
    for package in ("heyoka", "rebound"):
        monkeypatch.setitem(sys.modules, package, None)
    assert main(["bench", "three-body", "--preset", "quick", "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    stored = json.loads((tmp_path / "trajectories.json").read_text())
    assert set(stored["absent"]) == {n for n, m in METHODS.items() if m.package in ("heyoka", "rebound")}
    assert "IAS15: not installed" in printed and "of floor" in printed
    assert {(r["method"], r["tolerance"], r["end"]) for r in stored["rows"]} == {
        (method, tolerance, end)
        for method in METHODS
        if method not in stored["absent"]
        for tolerance in getattr(QUICK, METHODS[method].family)
        for end in QUICK.ends
    }
    for row in stored["rows"]:
        spent = row["microseconds"]
        assert 0 < spent["best"] <= spent["low"] <= spent["median"] <= spent["high"]
        assert row["trajectories"] == {"ours, batch": 16, "ours, single": 8, "DOP853": 1}[row["method"]]
        assert row["error"]["q10"] <= row["error"]["median"] <= row["error"]["q90"]
        assert row["failed"] == 0
    assert stored["equal_error"] == []
    assert {"versions", "machine", "date", "load", "commit", "threads", "peers"} <= set(stored)
    assert stored["settings"] == json.loads(json.dumps(dataclasses.asdict(QUICK)))
    assert trajectories.table(stored) in printed
    assert (tmp_path / "trajectories.png").read_bytes().startswith(b"\x89PNG")
    measured = json.loads((tmp_path / "floor.json").read_text())
    assert floor.table(measured) in printed
    for row in measured["rows"]:
        assert 0 < row["share_of_floor"] < 1
        assert 0 < row["share_of_peak_flops"] < 1


@pytest.mark.peers
def test_with_peers_ratios_at_equal_error_are_given(tmp_path):
    pytest.importorskip("heyoka")
    pytest.importorskip("rebound")
    methods = ("ours, batch", "ours, single", "heyoka, single", "IAS15")
    settings = dataclasses.replace(QUICK, methods=methods, ends=(1.0,), starts=4, batch=8)
    results = trajectories.run(settings, path=tmp_path / "trajectories.json")
    found = {(f["ours"], f["peer"], f["at"]) for f in results["equal_error"]}
    assert ("ours, batch", "IAS15", "peer's best") in found
    assert ("ours, single", "heyoka, single", "0.0001") in found
    printed = trajectories.table(results)
    assert "wanted 50: reached in" in printed
    assert trajectories.table(json.loads((tmp_path / "trajectories.json").read_text())) == printed


def row(method, tolerance, microseconds, error, end=1.0):
    return {
        "method": method,
        "end": end,
        "tolerance": tolerance,
        "microseconds": {"median": microseconds},
        "error": {"median": error},
    }


def test_times_are_compared_where_both_sides_are_equally_wrong():
    rows = [
        row("ours, batch", 1, 1.0, 1e-2),
        row("ours, batch", 2, 4.0, 1e-10),
        row("IAS15", 1, 100.0, 1e-6),
        row("IAS15", 2, 90.0, 1e-5),
        row("IAS15", 3, 400.0, 1e-12),
        row("IAS15", 4, 500.0, np.inf),
    ]
    found = {f["at"]: f for f in at_equal_error(rows, errors=(1e-4, 1e-6), finest={1.0: 1e-10})}
    assert found["1e-06"]["times"] == pytest.approx(100 / 2)  # halfway from 1 to 4
    assert (found["1e-06"]["sign"], found["1e-06"]["reached"]) == ("=", True)
    assert found["0.0001"]["peer_microseconds"] == 90
    assert found["0.0001"]["sign"] == "<="
    best = found["peer's best"]
    assert (best["error"], best["ours_microseconds"]) == (pytest.approx(1e-10), pytest.approx(4))
    assert best["times"] == pytest.approx(100)


def test_what_ours_cannot_reach_is_not_counted_as_reached():
    rows = [row("ours, batch", 1, 1.0, 1e-3), row("IAS15", 1, 900.0, 1e-9)]
    assert [f["reached"] for f in at_equal_error(rows, errors=(1e-4,), finest={1.0: 1e-12})] == [False, False]


@pytest.mark.parametrize(
    ("peer", "ours", "sign"),
    [("=", "=", "="), ("<=", "=", "<="), ("=", "<=", ">="), ("=", ">=", "<="), (">=", "<=", ">="),
     ("<=", "<=", "~")],
)  # fmt: skip
def test_a_ratio_of_bounds_is_a_bound_or_says_nothing(peer, ours, sign):
    assert ratio(Cost(6.0, peer), Cost(2.0, ours)) == (3.0, sign)


def test_all_methods_that_are_compared_exist():
    assert {m for c in COMPARISONS for m in (c.ours, *c.methods)} <= set(METHODS)
    wanted = {(c.ours, c.methods): c.wanted for c in COMPARISONS if c.wanted}
    assert wanted["ours, batch", ("IAS15",)] == 50
    assert wanted["ours, batch", ("heyoka, single", "heyoka, batch")] == 10
    assert wanted["ours, single", ("heyoka, single",)] == 1


def test_where_no_answer_came_the_error_is_infinite_and_unknown_starts_do_not_count():
    place = np.zeros((3, 3), complex)
    truth = trajectories.Truth(place, np.array([True, False, True]))
    answer = place + np.array([[0.5j], [7.0], [complex(np.nan)]])
    np.testing.assert_array_equal(truth.errors(answer), [0.5, np.inf])
    np.testing.assert_array_equal(truth.errors(np.concatenate([answer, answer])), [0.5, np.inf])
    np.testing.assert_array_equal(truth.errors(answer[:1]), [0.5])


def test_where_arbitrary_precision_settles_nothing_there_is_no_benchmark():
    """The equilateral triangle at rest falls into its centre."""
    collapsing = drawn(1)
    collapsing["x"][0], collapsing["y"][0] = [1.0, -0.5, -0.5], [0.0, 0.75**0.5, -(0.75**0.5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trajectories, "Reference", lambda system: Reference(system, budget=0.5))
        with pytest.raises(ComparisonError, match=r"settled none of 1 starts up to t = 4: .*budget"):
            trajectories.settle(collapsing, (4.0,))


def test_the_truth_is_of_no_solver_that_is_compared_and_says_what_it_took(starts, truth):
    ours = Regularised(ThreeBody(), tolerance=1e-15)(starts.queries, np.array([END])).values
    apart = trajectories.distance(ours["x"][:, 0] + 1j * ours["y"][:, 0], truth.place)
    assert 0 < np.median(apart) < 1e-10
    _, took = trajectories.settle({n: v[:2] for n, v in starts.queries.items()}, (END,))
    assert took["solved"] == took["starts"] == 2
    assert took["digits"]["most"] >= took["digits"]["median"] >= 15
    assert took["estimate"] < 1e-9


def test_operations_are_counted_from_the_code():
    @compiled()
    def known(x, out):
        total = fma(load(x, 0, 8), load(x, 1, 8), load(x, 2, 8)) + load(x, 0, 8) * 3.0  # the second is fused
        store(out, 0, sqrt(total + total) / total)

    assert dataclasses.asdict(floor.operations_of(known, None, None)) == {
        "flops": 2 + 1 + 1 + 1 + 1 + 1,
        "instructions": 1 + 1 + 0 + 1,
        "products": 2,
        "divisions": 1,
        "roots": 1,
    }


def test_a_step_is_twelve_derivatives_and_their_sums():
    step, derivative = (
        floor.operations_of_a_step(),
        floor.operations_of(regularised.derivative, None, None, 0, None),
    )
    assert derivative.divisions == derivative.roots == 1
    assert 100 < derivative.instructions < 200
    assert 12 * derivative.instructions < step.instructions < 24 * derivative.instructions
    assert step.products <= step.instructions <= step.flops <= 2 * step.instructions


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--parts", "flor"], "did you mean 'floor'?"),
        (["--trajectories.rounds", "0"], "--trajectories.rounds must be positive"),
        (["--trajectories.methods", "ours, bach"], "ours, batch"),
        (["--floor.tolerance", "nan"], "--floor.tolerance must be positive and finite"),
    ],
)
def test_senseless_settings_are_refused_before_anything_is_timed(arguments, said, tmp_path, capsys):
    folder = tmp_path / "new"
    assert main(["bench", "three-body", "--preset", "quick", "--folder", str(folder), *arguments]) != 0
    assert said in capsys.readouterr().err
    assert not folder.exists()


def test_the_default_asks_what_the_targets_ask():
    settings = bench.PRESETS["default"].trajectories
    assert settings.ends == (3.9, 10.0) and settings.errors == (1e-4, 1e-8)
    assert settings.starts >= 200 and settings.batch >= 1000
    assert set(settings.methods) == set(METHODS)
    assert min(settings.ours) == pytest.approx(1e-15)
    assert trajectories.Reference(ThreeBody()).decimals >= 10
