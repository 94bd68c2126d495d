"""What makes no sense is refused in words: settings, systems, and answers that do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from travelling_wave import SMALL, Exact, TravellingWave
from understudy.datasets.generate import GenerateSettings, generate
from understudy.datasets.plan import SPLITS, DatasetError
from understudy.solvers.contract import Solution, SolverError

SYSTEM = TravellingWave()


class _Broken(Exact):
    """Answers something that does not fit; what, is its `patience`."""

    def __call__(self, queries: object, times: np.ndarray) -> Solution:
        good = Exact(self.system)(queries, times)  # type: ignore[arg-type]
        values = dict(good.values)
        if self.patience == 1:
            del values["flow"]
        elif self.patience == 2:
            values["u"] = values["u"][..., :-1]
        elif self.patience == 3:
            values["u"][0, -1, 2] = np.nan
        elif self.patience == 4:
            values["u"][0] *= 1e300
        return replace(good, values=values)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (1.0, r"gave no field 'flow', only \['u'\]"),
        (2.0, r"'u' must have shape \(2, 40, 16\).*\(2, 40, 15\)"),
        (3.0, r"'u' hold NaN although exact calls the sample solved"),
        (4.0, r"'u' do not fit float32; ask for dtype='float64'"),
    ],
)
def test_a_solution_that_does_not_fit_is_refused(tmp_path: Path, fault: float, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        generate(SYSTEM, _Broken(SYSTEM, fault), replace(SMALL, dtype="float32"), folder=tmp_path / "waves")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train_trajectories": 0}, "train_trajectories must be a whole number of at least 1, got 0"),
        ({"valid_trajectories": -1}, "valid_trajectories must be a whole number of at least 0"),
        ({"test_frames": 0}, "test_frames"),
        ({"train_frames": 1.5}, "train_frames"),
        ({"interval": 0.0}, "interval must be positive"),
        ({"interval": float("nan")}, "interval must be positive"),
        ({"transient": -1.0}, "transient must be zero or positive"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
        ({"dtype": "float16"}, "dtype must be 'float64' or 'float32', got 'float16'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        replace(SMALL, **change)  # type: ignore[arg-type]


class _NamedTime(TravellingWave):
    @property
    def parameters(self) -> dict[str, object]:
        return {"time_grid": 1.0}


def test_a_parameter_that_the_reader_would_take_for_something_else_is_refused(tmp_path: Path) -> None:
    system = _NamedTime()
    with pytest.raises(DatasetError, match="rename 'time_grid'"):
        generate(system, Exact(system), SMALL, folder=tmp_path / "waves")


def test_what_the_solver_refuses_is_passed_on(tmp_path: Path) -> None:
    class Refusing(Exact):
        def __call__(self, *_: object) -> Solution:
            raise SolverError("ask for less")

    with pytest.raises(SolverError, match="ask for less"):
        generate(SYSTEM, Refusing(SYSTEM), SMALL, folder=tmp_path / "waves")


def test_settings_need_no_more_than_sizes_and_interval() -> None:
    sizes = {f"{s}_{what}": 1 for s in SPLITS for what in ("trajectories", "frames")}
    settings = GenerateSettings(**sizes, interval=1)  # type: ignore[arg-type]
    assert (settings.transient, settings.seed, settings.workers, settings.dtype) == (0.0, 0, 1, "float64")
