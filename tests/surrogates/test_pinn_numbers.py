"""Numbers that are recovered keep their first guess until the network knows something, and then move."""

import numpy as np
import pytest
from even_clock import EvenClock
from known_problems import RATE, decay, measured, small
from understudy.solvers.pointwise import Number
from understudy.surrogates import pinn_training
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_loss_settings import LossSettings
from understudy.surrogates.pinn_network import CoordinateNetwork, NetworkSettings
from understudy.surrogates.pinn_objective import PhysicsObjective
from understudy.surrogates.pinn_training import PhysicsTraining
from understudy.surrogates.pinn_uncertainty import error_bars
from understudy.surrogates.quasi_newton import QuasiNewton
from understudy.surrogates.surrogate import SurrogateError

PROBLEM = decay(rate=Number("rate", 1.0, 1.0))
KNOWN = measured("decay", decay(), noise=0.01)


def objective_of(hold: int) -> PhysicsObjective:
    network = CoordinateNetwork(PROBLEM, NetworkSettings(hidden=(6,)), recover={"rate": 3.0}).double()
    return PhysicsObjective(network, LossSettings(points=32, hold=hold), seed=0, known=KNOWN)


def slope_of_the_number(objective: PhysicsObjective) -> float:
    names = [name for name, p in objective.network.named_parameters() for _ in range(p.numel())]
    return float(objective(objective.place)[1][names.index("recovered.rate")])


def test_nothing_is_learned_of_a_number_that_is_held_and_all_else_is() -> None:
    objective, free = objective_of(2), objective_of(0)
    assert slope_of_the_number(objective) == 0.0
    assert slope_of_the_number(free) != 0.0
    ours, theirs = (o(o.place)[1] for o in (objective, free))
    assert (ours != theirs).sum() == 1
    objective.refresh()
    assert slope_of_the_number(objective) == 0.0
    objective.refresh()
    assert slope_of_the_number(objective) != 0.0


def test_a_run_that_is_taken_up_again_holds_as_long_as_was_left() -> None:
    objective, again = objective_of(2), objective_of(2)
    for _ in range(2):
        objective.refresh()
    again.resume(*objective.state())
    assert slope_of_the_number(again) != 0.0
    again.resume(*objective_of(2).state())
    assert slope_of_the_number(again) == 0.0


@pytest.mark.parametrize("optimiser", ["ssbroyden", "lbfgs", "adam"])
def test_a_number_stays_while_it_is_held_and_is_found_after(
    optimiser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh, rates = PhysicsTraining._refresh, []

    def noted(training: PhysicsTraining) -> None:
        rates.append(float(training.objective.network.number("rate").detach()))
        refresh(training)

    monkeypatch.setattr(PhysicsTraining, "_refresh", noted)
    pinn = small(600, optimiser=optimiser, learning_rate=0.02, loss={"refresh": 50, "hold": 2})
    pinn.solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    assert rates[:2] == [3.0, 3.0]
    assert rates[2] != 3.0
    assert pinn.recovered["rate"] == pytest.approx(RATE, rel=0.03)


def test_a_descent_that_would_end_before_they_are_let_go_is_refused() -> None:
    with pytest.raises(SurrogateError, match=r"for 2 x 50 steps .* and there are 100; take more, or hold 0"):
        small(100, loss={"refresh": 50}).solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    small(100, loss={"refresh": 50}).solve(PROBLEM, known=KNOWN)
    with pytest.raises(SurrogateError, match="hold and causality at least 0"):
        LossSettings(hold=-1)


def test_a_time_that_is_up_before_they_are_let_go_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinn_training, "time", EvenClock(1.0))
    pinn = small(10_000, seconds=50.0, optimiser="lbfgs")
    record = pinn.solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    assert "before numbers left their first guess" in record.note
    assert pinn.recovered["rate"] == pytest.approx(3.0, rel=1e-12)
    assert small(20).solve(PROBLEM, known=KNOWN).note == ""


def test_an_error_bar_is_of_numbers_that_move() -> None:
    pinn: PINN = small(300, loss={"refresh": 50})
    record = pinn.solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    assert record.note == ""
    bar = error_bars(pinn, KNOWN, resamples=4, steps=30)["rate"]
    assert 1e-4 < bar < 0.1
    assert np.isfinite(pinn.recovered["rate"])


@pytest.mark.parametrize("resampling", ["never", "residual"])
def test_a_descent_that_finds_nothing_lower_while_numbers_are_held_lets_them_go(
    resampling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = QuasiNewton._step
    pinn = small(400, loss={"refresh": 150, "resampling": resampling})
    monkeypatch.setattr(QuasiNewton, "_step", lambda newton: not pinn.network.held and step(newton))
    record = pinn.solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    assert record.note == ""
    assert pinn.recovered["rate"] == pytest.approx(RATE, rel=0.03)


def test_weights_that_were_best_for_the_first_guess_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    refresh, held = PhysicsTraining._refresh, []

    def noted(training: PhysicsTraining) -> None:
        refresh(training)
        held.append((training.objective.network.held, len(training.best.state()[1]["losses"])))

    monkeypatch.setattr(PhysicsTraining, "_refresh", noted)
    small(300, loss={"refresh": 50}).solve(PROBLEM, known=KNOWN, recover={"rate": 3.0})
    assert held[:3] == [(True, 1), (False, 0), (False, 1)]
