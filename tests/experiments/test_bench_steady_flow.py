"""The steady-flow solvers are held against a benchmark, against one another, and against the processor."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from understudy.experiments import bench_steady_flow_floor as floor
from understudy.experiments import bench_steady_flow_refinement as refinement
from understudy.experiments import bench_steady_flow_time as time
from understudy.experiments.command import main
from understudy.experiments.compare import ComparisonError
from understudy.solvers.methods.nested_dissection import dissection


def test_an_error_that_falls_with_the_square_has_order_two_and_is_extrapolated_away() -> None:
    values = [(rows, 5.0 + 3.0 / rows**2) for rows in (10, 20, 40)]
    assert refinement.orders([(n, v - 5) for n, v in values]) == pytest.approx([2, 2])
    assert refinement.extrapolated(values) == pytest.approx(5)
    assert refinement.extrapolated(values[:1]) is None


def test_methods_are_compared_between_their_settings() -> None:
    rows = [
        {"method": method, "error": error, "seconds": seconds}
        for method, pairs in (
            ("newton", ((0.1, 1.0), (0.001, 4.0))),
            ("lattice", ((0.1, 30.0), (0.001, 300.0))),
        )
        for error, seconds in pairs
    ]
    found = time.at_equal_error(rows, 0.01)
    assert found["seconds"]["newton"]["seconds"] == pytest.approx(2.0)
    assert found["times_newton"]["lattice"]["times"] == pytest.approx(np.sqrt(30 * 300) / 2)
    assert time.at_equal_error(rows, 1e-5)["times_newton"] == {}


def test_an_elimination_has_as_many_operations_as_its_fronts() -> None:
    order = dissection(4, 4, leaf=20)
    assert floor.operations(order) == 2 * 16**3
    assert floor.operations(dissection(32, 64)) > 8 * floor.operations(dissection(16, 16))


def test_the_benchmark_writes_a_file_for_each_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "steady-flow", "--preset", "quick", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    for words in ("Schaefer & Turek 2D-1", "lattice-Boltzmann 16x32", "elimination of"):
        assert words in said
    found = {
        name: json.loads((tmp_path / f"{name}.json").read_text()) for name in ("refinement", "time", "floor")
    }
    drag = [grid["drag_error"] for grid in found["refinement"]["grids"]]
    assert max(map(abs, drag)) < 5e-3
    assert len(found["refinement"]["orders"]["drag"]) == 1
    solved = [row["solved"] for row in found["time"]["rows"]]
    assert solved == [2] * len(solved)
    assert found["floor"]["elimination"][0]["gigaflops"] < found["floor"]["peak_gigaflops"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--refinement.refinements", "2", "1"], "must be whole numbers that ascend"),
        (["--time.shapes", "0"], "must be positive"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "steady-flow", "--preset", "quick", "--folder", str(tmp_path), *options]
    assert main(command) != 0
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("*.json"))


def test_refinements_in_any_other_order_are_refused_before_anything_is_solved(tmp_path: Path) -> None:
    with pytest.raises(ComparisonError, match="ascend"):
        refinement.run(refinement.Settings(refinements=(2, 2)), path=tmp_path / "refinement.json")


def test_an_odd_number_of_lattice_steps_is_refused(tmp_path: Path) -> None:
    settings = dataclasses.replace(floor.PRESETS["quick"], lattice_steps=5)
    with pytest.raises(ComparisonError, match="lattice-steps must be even, got 5"):
        floor.run(settings, path=tmp_path / "floor.json")
