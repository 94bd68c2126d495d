"""A network of coordinates answers with the weights that obeyed best elsewhere, not with its last ones."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from known_problems import decay, heat, measured, small
from numpy.typing import NDArray
from understudy.surrogates import pinn_training
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_best import LATEST, TIMES, BestWeights
from understudy.surrogates.pinn_loss import Known, equation_term
from understudy.surrogates.pinn_loss_settings import LossSettings
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings, flat_weights
from understudy.surrogates.pinn_objective import PhysicsObjective
from understudy.surrogates.pinn_points import inner_points
from understudy.surrogates.pinn_training import PhysicsTraining

REFRESH = 25
SOFT = NetworkSettings(hidden=(6, 6), built_in=False, mirrored=False)


def objective_of(*, known: Known | None = None, equations: bool = True, **loss: Any) -> PhysicsObjective:
    settings = LossSettings(**{"points": 64, "condition_points": 16, **loss})
    network = CoordinateNetwork(heat(), SOFT, seed=0).double()
    return PhysicsObjective(network, settings, seed=3, known=known, equations=equations)


def moved(objective: PhysicsObjective, by: float) -> NDArray[np.float64]:
    objective.place = objective.place + by
    return objective.place


def test_of_two_the_better_is_answered_with_and_what_is_not_kept_does_not_stay() -> None:
    objective = objective_of()
    best, first = BestWeights(objective), objective.place
    assert np.array_equal(best.or_as_they_are(), first)
    best.keep()
    worse = moved(objective, 1.0)
    assert np.array_equal(best.or_as_they_are(), first)
    best.keep()
    assert np.array_equal(best.or_as_they_are(), first)

    other = BestWeights(objective)
    other.keep()
    objective.place = first
    assert np.array_equal(other.or_as_they_are(), first)
    objective.place = worse
    assert np.array_equal(other.or_as_they_are(), worse)
    best.forget()
    assert np.array_equal(best.or_as_they_are(), worse)


def test_what_is_not_finite_is_never_the_best() -> None:
    objective = objective_of()
    first = objective.place
    best = BestWeights(objective)
    moved(objective, np.nan)
    best.keep()
    objective.place = first
    assert np.array_equal(best.or_as_they_are(), first)
    best.keep()
    moved(objective, np.nan)
    assert np.array_equal(best.or_as_they_are(), first)


def test_what_was_good_long_ago_is_forgotten() -> None:
    objective = objective_of()
    best, first = BestWeights(objective), objective.place
    best.keep()
    worse = moved(objective, 1.0)
    for _ in range(LATEST - 1):
        best.keep()
    assert np.array_equal(best.or_as_they_are(), first)
    best.keep()
    assert np.array_equal(best.or_as_they_are(), worse)


def test_what_was_kept_is_taken_up_again() -> None:
    objective = objective_of()
    best, first = BestWeights(objective), objective.place
    again = BestWeights(objective)
    again.resume(*best.state())
    best.keep()
    worse = moved(objective, 1.0)
    assert np.array_equal(again.or_as_they_are(), worse)
    again.resume(*best.state())
    assert np.array_equal(again.or_as_they_are(), first)


def test_its_loss_is_that_of_all_terms_at_more_points_of_its_own() -> None:
    known = measured("heat", heat(), 60)
    weights = (("start", 7.0), ("data", 3.0))
    objective = objective_of(known=known, known_points=10, weights=weights)
    best = BestWeights(objective)
    problem, network = objective.network.problem, objective.network
    places = inner_points(problem, 20_000, seed=99, mirrored=False)
    with torch.no_grad():
        inside = float(equation_term(network, "equations", problem.equations, places).value(network))
        drawn = BestWeights(objective)._terms
        start, left, right = (float(objective.terms[n].value(network)) for n in ("start", "left", "right"))
        data = float(drawn["data"].value(network))
    assert best.loss() == pytest.approx(inside + 7 * start + left + right + 3 * data, rel=0.02)
    assert len(drawn["equations"].places["x"]) == TIMES * 64
    assert len(drawn["data"].places["x"]) == TIMES * 10
    assert len(objective.terms["data"].places["x"]) == 10
    assert set(BestWeights(objective_of(known=known, equations=False))._terms) == {"data"}


def test_other_points_and_measured_weights_do_not_change_it() -> None:
    objective = objective_of(weighting="gradient_norm", causality=1.0, slices=4)
    best = BestWeights(objective)
    before, weights = best.loss(), dict(objective.weights)
    objective.refresh()
    assert objective.weights != weights
    assert objective.terms["equations"].weights is not None
    assert best.loss() == before


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_descent_that_ends_worse_answers_with_what_was_better(
    spoiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, places = PhysicsTraining._refresh, []

    def spoil(training: PhysicsTraining) -> None:
        refresh(training)
        places.append(training.objective.place)
        if spoiled and training.step == 2 * REFRESH:
            moved(training.objective, 1.0)

    monkeypatch.setattr(PhysicsTraining, "_refresh", spoil)
    pinn = small(2 * REFRESH + 1, optimiser="adam", loss={"refresh": REFRESH})
    pinn.solve(decay())
    assert np.array_equal(pinn.weights, places[-1]) == spoiled
    assert np.array_equal(pinn.history.snapshots[-1], pinn.weights)
    assert np.array_equal(flat_weights(pinn.network), pinn.weights)


def test_what_it_would_have_answered_with_never_gets_worse_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinn_training, "FIRST", 0.0)
    monkeypatch.setattr(pinn_training, "GROWTH", 1.0)
    pinn = small(150, optimiser="adam", learning_rate=0.05, loss={"refresh": REFRESH})
    pinn.solve(heat())
    assert len(pinn.history.snapshots) > 150
    judge = BestWeights(PhysicsObjective(pinn.network, pinn.settings.loss, seed=0))
    losses = []
    for snapshot in pinn.history.snapshots:
        pinn.weights = snapshot
        losses.append(judge.loss())
    # those in between are not kept, only those before points are drawn anew
    kept = losses[REFRESH:151:REFRESH]
    assert len(kept) == 150 // REFRESH < LATEST
    assert all(later <= earlier for earlier, later in itertools.pairwise(kept))
    assert all(loss <= kept[i // REFRESH - 1] for i, loss in enumerate(losses[:151]) if i >= REFRESH)
    assert losses[-1] < 0.1 * losses[0]


def test_the_best_weights_survive_a_run_that_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The descent is spoiled, then killed: what was better before is still answered with."""
    refresh, write = PhysicsTraining._refresh, PhysicsTraining._write
    places: list[NDArray[np.float64]] = []

    def spoil(training: PhysicsTraining) -> None:
        refresh(training)
        if training.step == 2 * REFRESH:
            places.append(training.objective.place)
            moved(training.objective, 1.0)

    class Killed(Exception):
        pass

    def written(training: PhysicsTraining) -> None:
        write(training)
        if training.step > 2 * REFRESH:
            raise Killed

    def run() -> PINN:
        pinn = small(2 * REFRESH + 5, optimiser="adam", loss={"refresh": REFRESH})
        pinn.solve(decay(), folder=tmp_path)
        return pinn

    with monkeypatch.context() as patch:
        patch.setattr(pinn_training, "EVERY", -1.0)
        patch.setattr(PhysicsTraining, "_refresh", spoil)
        patch.setattr(PhysicsTraining, "_write", written)
        with pytest.raises(Killed):
            run()
    assert np.array_equal(run().weights, places[0])


@pytest.mark.parametrize("optimiser", ["ssbroyden", "lbfgs", "adam"])
def test_a_network_that_is_lost_goes_on_from_where_it_was_best(
    optimiser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh = PhysicsTraining._refresh
    seen: list[NDArray[np.float64]] = []

    def lose(training: PhysicsTraining) -> None:
        best = training.objective.place
        if training.step == 2 * REFRESH:
            moved(training.objective, 1e3)
            if training.newton is not None:
                training.newton.place = training.objective.place
        refresh(training)
        seen.append(training.objective.place)
        if training.step == 2 * REFRESH:
            assert np.abs(training.objective.place - best).max() < 100
            if training.newton is not None:
                assert np.array_equal(training.newton.place, training.objective.place)

    monkeypatch.setattr(PhysicsTraining, "_refresh", lose)
    pinn = small(8 * REFRESH, optimiser=optimiser, learning_rate=0.02, loss={"refresh": REFRESH})
    pinn.solve(decay())
    judge = BestWeights(PhysicsObjective(pinn.network, pinn.settings.loss, seed=0))
    end = judge.loss()
    pinn.weights = seen[1]
    assert end < 0.5 * judge.loss()


def test_what_is_beyond_all_measure_is_not_kept() -> None:
    objective = objective_of()
    best, first = BestWeights(objective), objective.place
    assert best.keep()
    moved(objective, 1e4)
    assert not best.keep()
    assert np.array_equal(best.or_as_they_are(), first)
    assert len(best.state()[1]["losses"]) == 1
