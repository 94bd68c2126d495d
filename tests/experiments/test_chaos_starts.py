"""Every surrogate is handed the true past of every start, at its own interval."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from understudy.datasets.generate import GenerateSettings
from understudy.datasets.tasks import history_key
from understudy.datasets.training_set import TrainingSet
from understudy.experiments.chaos import ChaosSettings, starts
from understudy.experiments.compare import ComparisonError
from understudy.experiments.stages import generate_sets
from understudy.solvers.kuramoto_sivashinsky import ETDAB, KIT, KuramotoSivashinsky

SYSTEM = KuramotoSivashinsky(22.0, 32)
SOLVER = ETDAB(SYSTEM, step=1 / 240)


@pytest.fixture(scope="module")
def main(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    folder: Path = tmp_path_factory.mktemp("starts")
    settings = GenerateSettings(
        train_trajectories=1,
        valid_trajectories=1,
        test_trajectories=3,
        train_frames=2,
        valid_frames=2,
        test_frames=30,
        interval=0.2,
        transient=100.0,
    )
    return generate_sets({"main": (SOLVER, settings)}, folder=folder)["main"]


def wanting(interval: float, frames: int) -> Any:
    """What `starts` looks at of a trained surrogate."""
    return SimpleNamespace(
        candidate=SimpleNamespace(interval=interval), surrogates=(SimpleNamespace(history_frames=frames),)
    )


@pytest.mark.parametrize(("interval", "frames"), [(0.2, 5), (0.4, 5), (1 / 24, 2), (1 / 24, 9), (1 / 16, 10)])
def test_each_frame_of_a_history_leads_to_the_next_and_the_last_is_the_start(
    main: TrainingSet, interval: float, frames: int
) -> None:
    settings = ChaosSettings(warm_up=4.0)
    queries = starts(settings, [wanting(interval, frames)], kit=KIT, system=SYSTEM, main=main)
    history = queries[history_key("u", interval)][:, -frames:]
    assert history.shape == (3, frames, 32)
    np.testing.assert_array_equal(history[:, -1], queries["u"])
    test = main.split("test")
    np.testing.assert_allclose(queries["u"], [test.read(i, 20, 21)[0] for i in range(3)], atol=1e-7)
    for j in range(frames - 1):
        following = SOLVER({"u": history[:, j]}, np.array([interval])).values["u"][:, 0]
        np.testing.assert_allclose(following, history[:, j + 1], atol=1e-6)


@pytest.mark.parametrize(("interval", "frames"), [(0.2, 22), (1 / 16, 70)])
def test_more_history_than_the_warm_up_holds_is_refused(
    main: TrainingSet, interval: float, frames: int
) -> None:
    with pytest.raises(ComparisonError, match="raise warm_up"):
        starts(ChaosSettings(warm_up=4.0), [wanting(interval, frames)], kit=KIT, system=SYSTEM, main=main)
