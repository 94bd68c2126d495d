"""Numbers are found from noisy data by network and solver alike, and what is told of it is right."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from even_clock import EvenClock
from understudy.experiments import bench_inverse_numbers as numbers
from understudy.experiments.bench_inverse_numbers import by_solver
from understudy.experiments.command import main
from understudy.experiments.inverse_problems import FRAMES, PROBLEMS
from understudy.experiments.timing import clock
from understudy.surrogates import pinn_training
from understudy.surrogates.surrogate import SurrogateError


@pytest.mark.parametrize("name", PROBLEMS)
def test_data_are_the_solvers_answer_and_noise_of_the_size_that_is_told(name: str) -> None:
    problem = PROBLEMS[name]()
    assert abs(problem.guess / problem.true - 1) >= 0.09
    measured = problem.measured(60, noise=0.01, seed=1)
    off = problem.misfit(problem.true, measured)
    assert len(off) == 60 * len(measured.values)
    assert off.std() == pytest.approx(1.0, rel=0.3)
    assert np.abs(problem.misfit(problem.guess, measured)).max() > 10
    # other noise at other places from another seed, the same from the same
    other = problem.measured(60, noise=0.01, seed=2)
    again = problem.measured(60, noise=0.01, seed=1)
    for unknown, values in measured.values.items():
        np.testing.assert_array_equal(again.values[unknown], values)
        assert not np.array_equal(other.values[unknown], values)


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_a_network_is_told_are_the_same_values_at_their_places(name: str) -> None:
    problem = PROBLEMS[name]()
    measured = problem.measured(50, noise=0.0, seed=3)
    known = problem.known(measured)
    assert {*known.places} == {*problem.pointwise.coordinate_names} | {
        n.name for n in problem.pointwise.numbers
    }
    solver, query = problem.solver(problem.true)
    solution = solver(query, problem.times).values
    for i in (0, 7, 31):
        frame = int(np.argmin(np.abs(problem.times - float(known.places["t"][i]))))
        assert problem.times[frame] == pytest.approx(float(known.places["t"][i]))
        if name == "mass":
            found = solution["y"][0, frame, 1]
            assert float(known.values["y2"][i]) == pytest.approx(found)
            continue
        places = np.array(problem.with_number(problem.guess)[0].axes[0].values)
        point = int(np.argmin(np.abs(places - float(known.places["x"][i]))))
        assert float(known.values["u"][i]) == pytest.approx(solution["u"][0, frame, point], abs=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_fast_solvers_error_is_far_below_the_noise(name: str) -> None:
    problem = PROBLEMS[name]()
    exact = problem.measured(200, noise=1e-12, seed=0)
    off = problem.misfit(problem.true, exact) * 1e-12
    assert np.abs(off).max() < 1e-5
    misfit = problem.misfit(problem.guess, exact) * 1e-12
    assert np.abs(misfit).max() > 0.1
    if name != "diffusivity":  # whose exact series is fast
        seconds = []
        for fast in (True, False):
            solver, query = problem.solver(problem.true, fast=fast)
            solver(query, problem.times)
            seconds.append(min(clock(lambda s=solver, q=query: s(q, problem.times)) for _ in range(5)))  # type: ignore[misc]
        assert seconds[0] < seconds[1]


def test_there_are_no_more_values_than_places() -> None:
    problem = PROBLEMS["mass"]()
    assert len(problem.measured(10_000, noise=0.01, seed=0).frames) == FRAMES


def test_the_solvers_fit_is_the_best_estimate_there_can_be() -> None:
    problem, bars, off = PROBLEMS["diffusivity"](), [], []
    for seed in range(12):
        found = by_solver(problem, problem.measured(200, noise=0.02, seed=seed))
        bars.append(found["error_bar"])
        off.append((found["found"] - problem.true) / found["error_bar"])
    assert 0.4 < np.std(off) < 1.7
    assert np.abs(off).max() < 4
    # Cramer and Rao's bound: by how much misfits, in units of noise, change with the number
    measured, by = problem.measured(200, noise=0.02, seed=0), 1e-4 * problem.true
    near = [problem.misfit(problem.true + sign * by, measured) for sign in (1, -1)]
    bound = 1 / np.sqrt((((near[0] - near[1]) / (2 * by)) ** 2).sum())
    assert np.median(bars) == pytest.approx(bound, rel=0.1)
    # a fourth of the noise, a fourth of the error bar
    finer = by_solver(problem, problem.measured(200, noise=0.005, seed=0))
    assert bars[0] / finer["error_bar"] == pytest.approx(4.0, rel=0.2)


def test_the_benchmark_finds_a_diffusivity_and_a_mass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pinn_training, "time", EvenClock(2e-3))
    command = ["bench", "inverse", "--preset", "quick", "--folder", str(tmp_path)]
    assert main([*command, "--numbers.seconds", "1"]) == 0
    said = capsys.readouterr().out
    results = json.loads((tmp_path / "numbers.json").read_text())
    assert [row["problem"] for row in results["rows"]] == ["diffusivity", "mass"]
    for row in results["rows"]:
        assert row["problem"] in said
        for who in ("network", "solver"):
            assert row[who]["error_bar"] > 0
            assert abs(row[who]["found"] / row["true"] - 1) < 0.1 * abs(row["guess"] / row["true"] - 1)
    assert {"date", "commit", "machine", "settings"} <= {*results}


def rows_of(*found: dict[str, object]) -> list[dict[str, object]]:
    usual = {"seconds": 2.0, "error_bar_seconds": 3.0, "note": "", "why_not": ""}
    fine = {**usual, "found": 1.01, "error_bar": 0.01, "error_bar_seconds": 0.0}
    return [
        {"problem": "mass", "true": 1.0, "guess": 1.5, "network": {**usual, **each}, "solver": fine}
        for each in found
    ]


def test_missed_is_what_is_far_or_was_not_found() -> None:
    fine = {"found": 1.01, "error_bar": 0.01}
    far = {"found": 1.4, "error_bar": 0.1, "note": "too early"}
    failed = {"found": None, "error_bar": None, "why_not": "the loss is not finite"}  # as JSON has a NaN
    said = numbers.summary(rows_of(fine, far, fine), "network")
    assert (said["missed"], said["of"], said["found"], said["seconds"]) == (1, 3, 1.01, 5.0)
    assert said["error"] == pytest.approx(np.sqrt((0.01**2 + 0.4**2 + 0.01**2) / 3))
    assert said["notes"] == ("too early",)
    said = numbers.summary(rows_of(fine, failed), "network")
    assert said["missed"] == 1
    assert np.isnan(said["error"])
    network, solver, note = numbers.table({"rows": rows_of(fine, failed)}).splitlines()[1:]
    assert "1 of 2" in network
    assert "0 of 2" in solver
    assert "mass, network: the loss is not finite" in note


def test_a_fit_that_fails_is_kept_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise SurrogateError("the loss is not finite")

    monkeypatch.setattr(numbers, "error_bars", fails)
    settings = dataclasses.replace(numbers.PRESETS["quick"], problems=("mass",), seconds=0.5)
    numbers.run(settings, path=tmp_path / "numbers.json")
    (row,) = json.loads((tmp_path / "numbers.json").read_text())["rows"]
    assert row["network"]["why_not"] == "the loss is not finite"
    assert row["network"]["found"] is None
    assert row["solver"]["why_not"] == ""
    assert row["solver"]["found"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--numbers.noise", "-1"), "--numbers.noise must be positive"),
        (("--numbers.problems", "gravity"), "gravity"),
        (("--numbers.resamples", "2"), "must be at least 3, got 2"),
        (("--numbers.values", "1"), "must be at least 3, got 3 and 1"),
        (("--parts", "nombers"), "did you mean 'numbers'"),
    ],
)
def test_nonsense_is_refused_before_anything_is_found(
    wrong: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "inverse", "--preset", "quick", "--folder", str(tmp_path), *wrong]) != 0
    assert words in capsys.readouterr().err
    assert not (tmp_path / "numbers.json").exists()
