"""The three-body experiment at its smallest setting, and the answers that it makes of others."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from few_readings import FEW_READINGS
from numpy.typing import NDArray
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.plan import Shard
from understudy.experiments import three_body
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.experiments.entries import every_query
from understudy.experiments.hybrid import changed, with_fallback
from understudy.experiments.metrics import absolute_error
from understudy.experiments.orbit_figures import (
    Orbit,
    StartMap,
    calibration_figure,
    difficulty_figure,
    map_figure,
    orbit_figure,
)
from understudy.solvers.contract import Queries, Solution, Status
from understudy.solvers.three_body import Regularised, ThreeBody

Array = NDArray[np.float64]


def constant(value: float, status: Status = Status.SOLVED) -> object:
    """Answers every query with one number."""

    def answer(queries: Queries, times: Array) -> Solution:
        samples = len(queries["x"])
        return Solution(
            times=times,
            values={"x": np.full((samples, len(times), 3), value)},
            status=np.full(samples, status, dtype=np.int8),
            seconds=np.ones(samples),
            error_estimate=np.full(samples, np.nan),
        )

    return answer


def test_a_hybrid_asks_the_solver_exactly_where_more_than_the_threshold_is_expected() -> None:
    queries = {"x": np.arange(12.0).reshape(4, 3)}
    combined = with_fallback(
        constant(1.0),
        lambda q: np.array([0.1, 0.5, np.nan, 0.3])[q["x"][:, 0].astype(int) // 3],
        constant(2.0),
        threshold=0.3,
    )
    solution = combined(queries, np.array([1.0, 2.0]))
    assert solution.values["x"][:, 0, 0].tolist() == [1.0, 2.0, 2.0, 1.0]
    assert solution.seconds.tolist() == [1.0] * 4
    for chosen, said in (([0, 3], [1.0, 1.0]), ([1, 2], [2.0, 2.0])):
        some = combined({"x": queries["x"][chosen]}, np.array([3.0]))
        assert some.values["x"][:, 0, 0].tolist() == said


def test_a_hybrid_asks_each_side_only_for_its_own_starts() -> None:
    asked: dict[str, list[float]] = {"surrogate": [], "solver": []}

    def noting(who: str) -> object:
        def answer(queries: Queries, times: Array) -> Solution:
            asked[who] += queries["x"][:, 0].tolist()
            return constant(1.0)(queries, times)

        return answer

    combined = with_fallback(noting("surrogate"), lambda q: q["x"][:, 0], noting("solver"), threshold=1.5)
    combined({"x": np.arange(4.0)[:, None] * np.ones(3)}, np.array([1.0]))
    assert asked == {"surrogate": [0.0, 1.0], "solver": [2.0, 3.0]}


def test_a_hybrid_passes_on_that_the_solver_failed() -> None:
    combined = with_fallback(
        constant(1.0),
        lambda q: np.array([0.0, 1.0]),
        constant(np.nan, Status.OUT_OF_BUDGET),
        threshold=0.3,
    )
    status = combined({"x": np.zeros((2, 3))}, np.array([1.0])).status
    assert status.tolist() == [Status.SOLVED, Status.OUT_OF_BUDGET]


def test_a_changed_answer_keeps_what_was_not_changed() -> None:
    after = changed(constant(1.0), lambda values, queries: {"y": 2 * values["x"]})
    values = after({"x": np.zeros((2, 3))}, np.array([1.0])).values
    assert values["x"][0, 0, 0] == 1.0
    assert values["y"][0, 0, 0] == 2.0


def test_the_mean_absolute_error_is_infinite_where_a_frame_is_missing() -> None:
    truth = constant(1.0)({"x": np.zeros((2, 3))}, np.array([1.0, 2.0]))
    answer = constant(1.5)({"x": np.zeros((2, 3))}, np.array([1.0, 2.0]))
    answer.values["x"][1, 1, 2] = np.nan
    assert absolute_error("m", what="x").score(answer, truth).tolist() == [0.5, np.inf]


def test_the_quick_preset_runs_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", "three-body", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]
    assert main([*command, *FEW_READINGS, "--comparison.map-points", "8"]) == 0
    said = capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    for label in three_body.PRESETS["quick"].candidates:
        assert label in said
        assert label in results["errors"]
    for verdict in results["verdicts"]:
        assert verdict["single"]["in_words"]
    kinds = {row["kind"] for row in results["rows"]}
    assert kinds == {"reference", "ladder", "surrogate", "control", "null"}
    assert results["truth"]["digits_most"] >= results["truth"]["digits_median"] >= 15
    assert results["errors"]["interpolation"]["mean"] < results["errors"]["training-mean"]["mean"]
    restored = {label: e for label, e in results["energy_errors"].items() if label.endswith("restored")}
    assert restored
    for label, numbers in restored.items():
        plain = results["energy_errors"][label.removesuffix(" restored")]
        assert numbers["median"] < 1e-6 < plain["median"]
    assert results["calibration"]
    for name in ("orbits", "cost", "error", "errors", "difficulty", "calibration", "map", "total-cost"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 5_000
    assert "Expected errors" in (tmp_path / "report.html").read_text()


@pytest.mark.slow
def test_later_windows_are_compared_in_folders_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--comparison.horizon", "1", "--comparison.longer", "2", "--comparison.map-points", "0"]
    command = ["run", "three-body", "--preset", "quick", "--folder", str(tmp_path), "--quiet"]
    assert main([*command, "--surrogates", "dense", "dense-2", *options]) == 0
    first, later = (json.loads((tmp_path / place / "results.json").read_text()) for place in (".", "until-2"))
    assert (first["times"][-1], later["times"][-1]) == (1.0, 2.0)
    assert set(first["errors"]) == set(later["errors"]) == {"dense", "interpolation", "training-mean"}
    for label, numbers in later["errors"].items():
        assert numbers["mean"] > first["errors"][label]["mean"]
    horizons = {
        label: json.loads((tmp_path / "surrogates" / label / "seed-0" / "surrogate.json").read_text())
        for label in ("dense", "dense-2")
    }
    assert [card["extra"]["task"]["horizon"] for card in horizons.values()] == [1.0, 2.0]
    assert capsys.readouterr().out.count("mean absolute error of the positions") == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"horizon": -1.0}, "--comparison.horizon must be positive"),
        ({"horizon": 50.0}, "ask for --main.train-frames"),
        ({"longer": (1.0,)}, "--comparison.longer must be finite times after"),
        ({"longer": (50.0,)}, "--comparison.longer is 50; ask for --main.train-frames 501"),
        ({"frames": 0}, "--comparison.frames must be at least 1"),
        ({"fallback_share": 1.5}, "--comparison.fallback-share must lie between 0 and 1"),
        ({"batches": ()}, "--comparison.batches"),
    ],
)
def test_settings_that_do_not_fit_are_refused_before_anything_is_solved(
    change: dict[str, object], said: str
) -> None:
    settings = three_body.PRESETS["quick"]
    wrong = replace(settings, comparison=replace(settings.comparison, **change))  # type: ignore[arg-type]
    with pytest.raises(ComparisonError, match=said):
        wrong.check(settings.candidates)


def test_times_that_a_stepper_does_not_come_by_are_refused() -> None:
    settings = three_body.PRESETS["default"]
    wrong = replace(settings, comparison=replace(settings.comparison, frames=50))
    with pytest.raises(ComparisonError, match=r"stepper steps by 0.1, .*horizon 3.9 --comparison.frames 39"):
        wrong.check(settings.candidates)
    wrong.check({label: c for label, c in settings.candidates.items() if label != "stepper"})


@pytest.mark.parametrize("preset", three_body.PRESETS)
def test_every_preset_fits_itself(preset: str) -> None:
    settings = three_body.PRESETS[preset]
    settings.check(settings.candidates)
    ends = [window.times(settings.main.interval)[-1] for window in settings.comparison.windows]
    assert ends == pytest.approx({"quick": [2.0], "default": [3.9], "paper": [3.90625, 7.8125, 10.0]}[preset])


def test_figures_of_orbits_can_be_drawn_of_one_start_or_several() -> None:
    path = np.cumsum(np.random.default_rng(0).standard_normal((20, 3, 2)), axis=0)
    assert len(orbit_figure([Orbit("one", path, path + 0.1)], predicted_by="net", title="t").axes) == 1
    values = np.exp(path[:, :, 0])
    values[0, 0] = np.nan
    one = StartMap("map", "error", np.arange(3.0), np.arange(20.0), values)
    assert len(map_figure([one, one], labels=("x", "y"), title="t").axes) == 4
    errors = np.exp(path[:, 0, 0])
    assert calibration_figure({"net": (errors, 2 * errors)}, {}, unit="1", title="t").axes
    drawn = difficulty_figure(errors, {"net": errors}, {}, label="near", error="error", title="t")
    assert len(drawn.axes[0].lines) == 2


def test_the_starts_are_all_that_were_drawn_those_that_the_set_s_solver_failed_on_too(tmp_path: Path) -> None:
    system = ThreeBody()
    sizes = GenerateSettings(
        train_trajectories=1,
        valid_trajectories=0,
        test_trajectories=30,
        train_frames=2,
        valid_frames=2,
        test_frames=2,
        interval=3.0,
        seed=4,
    )
    solver = Regularised(system, tolerance=1e-10, most_steps=110)
    split = generate(system, solver, sizes, folder=tmp_path / "set").split("test")
    assert 0 < len(split.failures) < 30
    drawn = system.draw(Shard("test", 0, 0, 30).generators(4))
    found = every_query(split)
    assert set(found) == set(drawn)
    for name, values in drawn.items():
        assert sorted(map(tuple, found[name])) == sorted(map(tuple, values))
