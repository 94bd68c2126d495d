"""The steady-flow experiment at its smallest setting, and what it measures."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few_readings import FEW_READINGS
from understudy.datasets.generate import generate
from understudy.experiments import steady_flow
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError, Contestant
from understudy.experiments.entries import every_query
from understudy.experiments.flow_measures import MEASURES, measured, relu_floor, with_velocities
from understudy.experiments.flow_settings import FlowSettings
from understudy.experiments.steady_flow_comparison import families_of, finished, in_turn
from understudy.experiments.steady_flow_findings import warm_starts
from understudy.solvers.contract import Answer, Queries, Solution, Status
from understudy.solvers.steady_flow import SteadyFlow, StreamNewton
from understudy.solvers.steady_flow.system import STEADY_UNTIL

SYSTEM = SteadyFlow(16, 32)
ONCE = np.zeros(1)
QUICK = steady_flow.PRESETS["quick"]


def drawn(samples: int, system: SteadyFlow = SYSTEM) -> dict[str, np.ndarray]:
    return dict(system.draw([np.random.default_rng(i) for i in range(samples)]))


def told(change: Any) -> Answer:
    """The solver's answer, changed."""

    def answer(queries: Queries, times: np.ndarray) -> Solution:
        whole = StreamNewton(SYSTEM)(queries, times)
        return dataclasses.replace(whole, values={**whole.values, **change(whole.values)})

    return answer


@pytest.fixture(scope="module")
def query() -> dict[str, np.ndarray]:
    every = drawn(12)
    thick = [i for i, said in enumerate(SYSTEM.objections(every)) if not said]
    return {name: array[thick[:5]] for name, array in every.items()}


@pytest.fixture(scope="module")
def truth(query: dict[str, np.ndarray]) -> Solution:
    return StreamNewton(SYSTEM)(query, ONCE)


def test_the_truth_has_no_errors_and_its_forces_are_in_its_fields(query: Any, truth: Solution) -> None:
    found = measured(SYSTEM, truth, truth, query)
    assert list(found) == list(MEASURES)
    finer = StreamNewton(SYSTEM, rows=4 * SYSTEM.rows)(query, ONCE)
    assert measured(SYSTEM, finer, finer, query)["drag of fields"].max() < 0.015
    found.pop("drag of fields")
    for name, limit in (("slip", 1e-5), ("divergence", 1e-12)):
        assert found.pop(name).max() < limit
    assert all((of == 0).all() for of in found.values())


def test_errors_are_relative_and_each_names_its_own(query: Any, truth: Solution) -> None:
    values = dict(truth.values)
    values["v"] = 1.1 * values["v"]
    values["p"] = 0.8 * values["p"]
    values["drag"] = 1.05 * values["drag"]
    values["lift"] = values["lift"] + 0.3 * values["drag"]
    found = measured(SYSTEM, dataclasses.replace(truth, values=values), truth, query)
    np.testing.assert_allclose(found["u"], 0)
    np.testing.assert_allclose(found["v"], 0.1)
    np.testing.assert_allclose(found["pressure"], 0.2)
    np.testing.assert_allclose(found["drag"], 0.05)
    np.testing.assert_allclose(found["lift"], 0.3 * 1.05)
    assert (found["velocity"] < 0.1).all()
    assert (found["velocity"] > 0).all()
    assert found["divergence"].min() > 0.01


def test_near_the_wall_only_what_is_near_counts(query: Any, truth: Solution) -> None:
    far = np.asarray(query["distance"])[:, None] > 0.15
    values = {**truth.values, "u": truth.values["u"] + far, "v": truth.values["v"] + far}
    found = measured(SYSTEM, dataclasses.replace(truth, values=values), truth, query)
    np.testing.assert_allclose(found["near wall"], 0)
    assert found["velocity"].min() > 0.1


def test_what_is_not_finite_is_infinitely_wrong(query: Any, truth: Solution) -> None:
    values = {**truth.values, "u": truth.values["u"].copy()}
    values["u"][2] = np.nan
    found = measured(SYSTEM, dataclasses.replace(truth, values=values), truth, query)
    assert found["velocity"][2] == np.inf
    assert np.isfinite(found["velocity"][[0, 1, 3, 4]]).all()


def test_velocities_come_from_the_stream_function_whatever_else_is_answered(query: Any) -> None:
    answer = with_velocities(told(lambda values: {"u": 0 * values["u"], "psi": values["psi"] + 0.01}), SYSTEM)
    found = answer(query, ONCE).values
    laws = SYSTEM.invariants({name: found[name] for name in ("u", "v")}, query)
    assert max(of.max() for of in laws.values()) < 1e-12
    assert np.abs(found["u"]).max() > 1


def test_a_relu_costs_what_is_negative() -> None:
    u, v = np.array([3.0, -4.0]), np.array([0.0, 12.0])
    floor = relu_floor({"u": u.reshape(1, 1, 1, 2), "v": v.reshape(1, 1, 1, 2)})
    assert floor["u"] == pytest.approx(0.8)
    assert floor["v"] == 0
    assert floor["velocity"] == pytest.approx(4 / 13)


def test_a_true_guess_saves_nearly_all_steps_and_a_worthless_one_is_counted(query: Any) -> None:
    answers: dict[str, Answer] = {
        "knows": told(lambda values: {}),
        "raves": told(lambda values: {"psi": 1e3 * np.random.default_rng(0).random(values["psi"].shape)}),
    }
    found = warm_starts(answers, SYSTEM, query, ONCE)
    assert [row["label"] for row in found] == ["knows", "raves", "knows", "raves"]
    knows, raves = found[:2]
    assert knows["samples"] == 5
    assert knows["warm_steps"] < 2 < knows["cold_steps"]
    assert knows["lost"] == 0
    assert raves["lost"] + raves["samples"] == 5
    assert raves["lost"] > 0
    assert found[2]["solver"] == "Newton 32x64 1e-08"


def test_the_solver_goes_on_from_what_a_surrogate_says(query: Any, truth: Solution) -> None:
    one = Contestant("half", "surrogate", (told(lambda values: {"psi": 0.99 * values["psi"]}),))
    entry = finished(one, StreamNewton(SYSTEM, tolerance=1e-9))
    np.testing.assert_allclose(entry.answers[0](query, ONCE).values["u"], truth.values["u"], atol=1e-6)
    assert entry.settings["of"] == "half"


def test_truth_in_parts_is_truth(query: Any, truth: Solution) -> None:
    more = {name: np.concatenate([a, a]) for name, a in query.items()}
    found = in_turn(StreamNewton(SYSTEM), more, progress=False)
    for name, values in found.values.items():
        np.testing.assert_array_equal(values, np.concatenate([truth.values[name]] * 2))
    assert found.status.tolist() == [Status.SOLVED] * 10
    assert len(found.measures["reynolds"]) == 10


def test_what_lies_beyond_is_not_what_is_learned() -> None:
    system = SteadyFlow(32, 64)
    inside = system.draw([np.random.default_rng(i) for i in range(20)])
    reynolds = system.heights(inside) / inside["viscosity"]
    others = steady_flow.beyond(system)
    assert others["pairs"].families == ("pair",)
    assert others["cars"].families == ("car",)
    found = {name: drawn(20, other) for name, other in others.items()}
    numbers = {name: system.heights(q) / q["viscosity"] for name, q in found.items()}
    assert numbers["faster"].min() > 0.9 * system.most_reynolds
    assert numbers["slower"].max() < 1.1 * system.least_reynolds
    area = {name: (q["distance"] < 0).mean(axis=(1, 2)) for name, q in found.items()}
    assert np.median(area["larger"]) > 2 * np.median((inside["distance"] < 0).mean(axis=(1, 2)))
    assert reynolds.max() < 1.1 * system.most_reynolds
    near = dataclasses.replace(system, most_reynolds=0.9 * STEADY_UNTIL)
    assert steady_flow.beyond(near)["faster"].most_reynolds == STEADY_UNTIL
    assert "faster" not in steady_flow.beyond(dataclasses.replace(system, most_reynolds=STEADY_UNTIL))
    assert "pairs" not in steady_flow.beyond(dataclasses.replace(system, families=("ellipse", "pair")))


@pytest.mark.parametrize(("grid", "rows"), [((64, 128), 24), ((80, 172), 20), ((64, 129), None)])
def test_grids_of_any_proportions_have_candidates(grid: tuple[int, int], rows: int | None) -> None:
    found = steady_flow.candidates("default", SteadyFlow(*grid))
    assert "mixer" in found
    solver = getattr(found["corrected"].task, "solver", None) if "corrected" in found else None
    assert (None if solver is None else solver.rows) == rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"beyond": 0}, "--beyond must be at least 1"),
        ({"comparison": FlowSettings(rounds=0)}, "--comparison.rounds must be at least 1"),
        ({"comparison": FlowSettings(batches=())}, "--comparison.batches"),
        ({"main": dataclasses.replace(QUICK.main, test_trajectories=0)}, "--main.test-trajectories"),
        ({"main": dataclasses.replace(QUICK.main, train_frames=3)}, "steady flows have one frame"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ComparisonError, match=said):
        dataclasses.replace(QUICK, **change).check({})


def test_the_whole_experiment_runs_and_reports(
    few_rungs: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [
        "--main.workers",
        "1",
        "--beyond",
        "2",
        "--main.train-trajectories",
        "12",
        "--main.test-trajectories",
        "4",
    ]
    named = ["--surrogates", "training-mean", "dense", "mixer", "corrected"]
    command = [
        "run",
        "steady-flow",
        "--preset",
        "quick",
        "--folder",
        str(tmp_path),
        "--quiet",
        *named,
        *small,
        *FEW_READINGS,
    ]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "corrected + Newton" in said
    assert "cars" in said
    results = json.loads((tmp_path / "results.json").read_text())
    labels = [row["label"] for row in results["rows"]]
    assert {"training-mean", "dense", "mixer", "corrected", "mixer + Newton"} <= set(labels)
    assert "dense + Newton" not in labels
    assert list(results["shapes"]) == ["main", "pairs", "cars", "larger", "faster", "slower"]
    drawn_of = {name: of["judged"] + of["failed"] for name, of in results["shapes"].items()}
    assert drawn_of == dict.fromkeys(results["shapes"], 2) | {"main": 4}
    assert all(0 < of["truth_error_estimate_largest"] < 0.2 for of in results["shapes"].values())
    ours, learned = results["measures"]["mixer"], results["measures"]["dense"]
    assert max(ours["divergence"], ours["slip"]) < 1e-12
    assert learned["divergence"] > 1e-3
    assert "drag" in ours
    assert "drag" not in learned
    assert results["relu_floor"]["v"] > 0.3
    assert len(results["warm_starts"]) == 4
    page = (tmp_path / "report.html").read_text()
    for heading in ("Fields, walls and forces", "Beyond what was learned", "first guess"):
        assert heading in page
    pictures = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert {"fields", "cost", "beyond", "families", "reynolds", "errors", "total-cost"} == pictures


def test_each_shape_keeps_its_family_where_others_failed(tmp_path: Path) -> None:
    sizes = dataclasses.replace(QUICK.main, train_trajectories=8, valid_trajectories=0, test_trajectories=24)
    sizes = dataclasses.replace(sizes, workers=1, seed=3, dtype="float64", trajectories_per_shard=10)
    training_set = generate(SYSTEM, StreamNewton(SYSTEM), sizes, folder=tmp_path / "set")
    split = training_set.split("test")
    assert 0 < len(split.failures) < 24
    queries, families = every_query(split), families_of(SYSTEM, training_set)
    generators = [g for shard in split.shards for g in shard.generators(3)]
    drawn_ones = SYSTEM.draw(generators)["distance"]
    again = [g for shard in split.shards for g in shard.generators(3)]
    known = dict(zip((one.tobytes() for one in drawn_ones), SYSTEM.families_of(again), strict=True))
    assert [known[one.tobytes()] for one in queries["distance"]] == families
    assert len(set(families)) > 1
