"""The descent of a network of coordinates: it is kept, resumed bit for bit, and told about."""

import bisect
import functools
import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from even_clock import EvenClock
from known_problems import decay, heat, measured, small
from understudy.surrogates import pinn_training
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_network import CoordinateNetwork
from understudy.surrogates.pinn_objective import PhysicsObjective
from understudy.surrogates.pinn_training import PhysicsTraining, read_history
from understudy.surrogates.quasi_newton import QuasiNewton
from understudy.surrogates.surrogate import SurrogateError

STEPS, REFRESH = 100, 25
SOFT = {"built_in": False, "mirrored": False}


class Killed(Exception):
    """As if by a signal."""


def run(folder: Path | None = None, **how: Any) -> PINN:
    """A rod of which some values are known, refreshed now and then."""
    loss = {"points": 64, "condition_points": 16, "refresh": REFRESH, **how.pop("loss", {})}
    pinn = small(**{"steps": STEPS, "hidden": (6, 6), **how}, loss=loss)
    pinn.solve(heat(), known=measured("heat", heat(), 20, noise=0.1), folder=folder)
    return pinn


def run_and_be_killed(folder: Path, step: int, **how: Any) -> None:
    """It is gone as soon as this step's checkpoint is written."""
    write = PhysicsTraining._write

    def written(training: PhysicsTraining) -> None:
        write(training)
        if training.step >= step:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pinn_training, "EVERY", -1.0)
        patch.setattr(PhysicsTraining, "_write", written)
        with pytest.raises(Killed):
            run(folder, **how)


# kept and resumed ------------------------------------------------------------------------------------

WAYS: dict[str, dict[str, Any]] = {
    "adam": {"optimiser": "adam"},
    "lbfgs": {"optimiser": "lbfgs"},
    "ssbroyden": {"optimiser": "ssbroyden"},
    "ssbroyden after adam": {"optimiser": "ssbroyden", "adam_steps": 40},
    "all that follows the network": {
        "network": SOFT,
        "loss": {"weighting": "kernel", "causality": 0.5, "slices": 4},
    },
    "others evenly": {"loss": {"resampling": "even"}},
    "in single precision": {"dtype": torch.float32},
}
SOON = ("adam", "ssbroyden after adam")
"""Ways of which a kill at step 39 is tried in any case; all are killed at step 75."""


@pytest.mark.parametrize(
    ("way", "step"),
    [
        pytest.param(
            *(way, step),
            marks=[pytest.mark.slow] * ("single" in way or (step == 39 and way not in SOON)),
        )
        for way in WAYS
        for step in (39, 75)
    ],
)
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(way: str, step: int, tmp_path: Path) -> None:
    whole = run(**WAYS[way])
    run_and_be_killed(tmp_path, step, **WAYS[way])
    resumed = run(tmp_path, **WAYS[way])
    assert np.array_equal(resumed.weights, whole.weights)
    assert resumed.history.losses[-1] == whole.history.losses[-1]
    assert resumed.history.steps[-1] == STEPS


def test_other_points_make_another_descent() -> None:
    assert not np.array_equal(run().weights, run(loss={"refresh": STEPS}).weights)
    assert not np.array_equal(run().weights, run(loss={"resampling": "even"}).weights)


def run_for(seconds: float, folder: Path) -> PINN:
    """By a clock of which each look takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pinn_training, "time", EvenClock(1.0))
        return run(folder, seconds=seconds, optimiser="lbfgs")


def test_a_run_whose_time_was_up_goes_on_with_more_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = run(optimiser="lbfgs")
    ends = []
    for seconds in (40.0, 97.0, 230.0):
        folder = tmp_path / str(seconds)
        pinn = run_for(seconds, folder)
        ends.append(pinn.history.steps[-1])
        assert np.array_equal(run(folder, optimiser="lbfgs").weights, whole.weights)
    assert 0 < ends[0] < ends[1] < ends[2] < STEPS
    assert not {*ends} & {REFRESH, 2 * REFRESH, 3 * REFRESH}


def test_a_run_whose_time_was_up_at_a_refresh_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = run(optimiser="lbfgs")

    @functools.cache
    def last_step(seconds: float) -> int:
        return run_for(seconds, tmp_path / str(seconds)).history.steps[-1]

    times = range(60, 130)
    first = times[bisect.bisect_left(times, REFRESH, key=last_step)]
    assert last_step(first) == REFRESH
    assert np.array_equal(run(tmp_path / str(first), optimiser="lbfgs").weights, whole.weights)


def test_a_run_whose_time_is_up_is_not_finished() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pinn_training, "time", EvenClock(1.0))
        pinn = small(STEPS, seconds=60.0)
        record = pinn.solve(decay())
    assert not record.finished
    assert 0 < record.epochs < STEPS
    assert 60 < record.seconds < 70


def test_a_checkpoint_of_another_run_is_refused_by_what_differs(tmp_path: Path) -> None:
    def solve(*, known: Any = None, seed: int = 0, **how: Any) -> PINN:
        pinn = small(3, **how)
        pinn.solve(decay(), known=known, seed=seed, folder=tmp_path)
        return pinn

    solve()
    for differs, how in (
        ("settings", {"hidden": (9,)}),
        ("settings", {"loss": {"refresh": 7}}),
        ("settings", {"learning_rate": 0.1}),
        ("seed", {"seed": 1}),
        ("known", {"known": measured("decay", decay(), 5)}),
        ("dtype", {"dtype": torch.float32}),
    ):
        with pytest.raises(
            SurrogateError, match=rf"was made with another .*{differs}.*; delete checkpoint\.safetensors"
        ):
            solve(**how)
    for changes in ({"recover": {"rate": 1.0}}, {"equations": False, "known": measured("decay", decay(), 5)}):
        with pytest.raises(SurrogateError, match=f"{next(iter(changes))}.*; delete checkpoint"):
            small(3, loss={"hold": 0}).solve(decay(), folder=tmp_path, **changes)
    with pytest.raises(SurrogateError, match=r"made with another .*problem"):
        small(3).solve(decay(coordinates=heat().coordinates[:1]), folder=tmp_path)
    again = solve(seconds=100.0)  # how long it may take is no part of it
    assert again.history.steps[-1] == 3


def test_a_checkpoint_of_other_equations_is_refused(tmp_path: Path) -> None:

    small(3).solve(decay(), folder=tmp_path)
    other = decay(equations=lambda at: {"growth": at("u", t=1) - at("rate") * at("u")})
    with pytest.raises(SurrogateError, match="made with another"):
        small(3).solve(other, folder=tmp_path)


def test_a_checkpoint_is_written_now_and_then_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, write = [], PhysicsTraining._write

    def noted(training: PhysicsTraining) -> None:
        steps.append(training.step)
        write(training)

    monkeypatch.setattr(PhysicsTraining, "_write", noted)
    run(tmp_path / "seldom")
    assert steps == [STEPS]
    steps.clear()
    monkeypatch.setattr(pinn_training, "EVERY", -1.0)
    run(tmp_path / "often", steps=5)
    assert steps == sorted(steps)
    assert {*steps} == {0, 1, 2, 3, 4, 5}
    assert sorted(path.name for path in (tmp_path / "often").iterdir()) == [
        "checkpoint.safetensors",
        "history.safetensors",
    ]


def test_a_descent_that_is_not_kept_is_not_interrupted_for_it(monkeypatch: pytest.MonkeyPatch) -> None:

    runs, go = [], QuasiNewton.run

    def counted(newton: QuasiNewton, *arguments: Any) -> Any:
        runs.append(newton.steps)
        return go(newton, *arguments)

    monkeypatch.setattr(QuasiNewton, "run", counted)
    monkeypatch.setattr(pinn_training, "EVERY", -1.0)
    monkeypatch.setattr(pinn_training, "FIRST", 1e9)
    run(optimiser="lbfgs")
    assert runs == [0, 25, 50, 75]


# what it went through --------------------------------------------------------------------------------


def kept_history(folder: Path, **how: Any) -> PINN:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pinn_training, "time", EvenClock(1.0))
        return run(folder, **how)


def test_the_history_ascends_and_begins_with_the_network_as_it_was_drawn(tmp_path: Path) -> None:
    pinn = kept_history(tmp_path)
    history = pinn.history
    assert history.steps[0] == 0
    assert history.steps[-1] == STEPS
    assert len(history.seconds) > 8
    assert all(a <= b for a, b in itertools.pairwise(history.steps))
    assert all(a < b for a, b in itertools.pairwise(history.seconds))
    gaps = [b / a for a, b in itertools.pairwise(history.seconds[2:-1])]
    assert min(gaps) >= pinn_training.GROWTH
    lengths = {len(values) for values in (history.losses, history.snapshots, *history.terms.values())}
    assert lengths == {len(history.seconds)}
    fresh = CoordinateNetwork(heat(), pinn.settings.network).double()
    assert len(history.snapshots[0]) == sum(p.numel() for p in fresh.parameters())


def test_snapshots_are_the_weights_of_which_the_terms_are_told(tmp_path: Path) -> None:
    weights = (("equations", 3.0), ("start", 0.5))
    pinn = kept_history(tmp_path, network=SOFT, loss={"resampling": "never", "weights": weights})
    known = measured("heat", heat(), 20, noise=0.1)
    objective = PhysicsObjective(pinn.network, pinn.settings.loss, seed=0, known=known)
    history = pinn.history
    assert set(history.terms) == {"equations", "start", "left", "right", "data"}
    for i, snapshot in enumerate(history.snapshots):
        objective.place = snapshot
        values = objective.values()
        assert {name: told[i] for name, told in history.terms.items()} == pytest.approx(values, rel=1e-12)
        whole = sum(dict(weights).get(name, 1.0) * value for name, value in values.items())
        assert history.losses[i] == pytest.approx(whole, rel=1e-12)
        assert float(objective.loss().detach()) == pytest.approx(whole, rel=1e-12)


def test_the_history_is_read_back_once_the_descent_has_ended(tmp_path: Path) -> None:
    assert read_history(tmp_path) is None
    run_and_be_killed(tmp_path, 30)
    assert read_history(tmp_path) is None
    history = kept_history(tmp_path).history
    back = read_history(tmp_path)
    assert back is not None
    assert back.plain() == history.plain()
    assert back.steps[0] == 0
    assert all(a < b for a, b in itertools.pairwise(back.seconds))
    assert len(back.snapshots) == len(history.snapshots)
    assert all(np.array_equal(*both) for both in zip(back.snapshots, history.snapshots, strict=True))


def test_a_descent_that_has_ended_goes_through_nothing_more(tmp_path: Path) -> None:

    first = run(tmp_path).history.plain()
    again = run(tmp_path)
    assert again.history.plain() == first
    assert read_history(tmp_path).plain() == first  # type: ignore[union-attr]


def test_a_descent_ends_where_nothing_leads_lower(caplog: pytest.LogCaptureFixture) -> None:
    pinn = small(5000, hidden=(4,), loss={"points": 4, "resampling": "never"})
    with caplog.at_level(logging.INFO):
        record = pinn.solve(decay(), seed=1)
    assert record.finished
    assert record.epochs < 1000
    assert pinn.history.losses[-1] < 1e-20
    assert f"the descent ends after {record.epochs} steps: " in caplog.text


def test_other_points_are_tried_before_a_descent_ends() -> None:
    steps = {}
    for resampling in ("never", "even"):
        pinn = small(400, hidden=(4,), loss={"points": 4, "resampling": resampling, "refresh": 10_000})
        steps[resampling] = pinn.solve(decay(), seed=1).epochs
    assert steps["never"] < steps["even"] == 400


def test_progress_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    small(3).solve(decay())
    assert capsys.readouterr() == ("", "")
    small(3).solve(decay(), progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    for part in ("solving", "3/3", "loss ", "equations ", "start "):
        assert part in shown.err
