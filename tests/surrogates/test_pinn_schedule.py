"""The settings of a descent: what is refused, Adam's learning rate, and when another method takes over."""

import math
from typing import Any

import numpy as np
import pytest
from known_problems import decay, small
from understudy.surrogates.pinn_training import DescentSettings
from understudy.surrogates.quasi_newton import QuasiNewton
from understudy.surrogates.surrogate import SurrogateError


@pytest.mark.parametrize(
    "wrong",
    [
        {"optimiser": "sgd"},
        {"steps": 0},
        {"adam_steps": -1},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"seconds": -1.0},
        {"seconds": 0.0},
        {"threads": 0},
        {"threads": -1},
        {"seconds": math.nan},
        {"learning_rate": math.inf},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SurrogateError, match=r"must be (positive|ssbroyden, ssbfgs)"):
        DescentSettings(**wrong)


def test_the_learning_rate_rises_and_falls_as_a_half_cosine() -> None:
    settings = DescentSettings("adam", steps=1000, learning_rate=0.01)
    assert settings.rate(0) == pytest.approx(0.01 / 20)
    assert settings.rate(9) == pytest.approx(0.01 / 2, rel=1e-3)
    assert settings.rate(19) == pytest.approx(0.01, rel=1e-3)
    assert settings.rate(500) == pytest.approx(0.005)
    assert settings.rate(750) == pytest.approx(0.01 * (1 - math.sqrt(0.5)) / 2)
    assert 0 < settings.rate(999) < 1e-7
    assert DescentSettings("adam", steps=10, learning_rate=0.01).rate(0) == 0.01


def test_adam_before_another_has_a_schedule_of_its_own() -> None:
    before = DescentSettings("lbfgs", steps=1000, adam_steps=100, learning_rate=0.01)
    assert before.first_steps == 100
    assert before.rate(50) == pytest.approx(0.005)
    assert DescentSettings("lbfgs", steps=50, adam_steps=100).first_steps == 50
    assert DescentSettings("lbfgs").first_steps == 0


def test_adam_s_first_step_is_as_long_as_the_first_rate() -> None:
    pinn = small(1, optimiser="adam", learning_rate=0.02)
    pinn.solve(decay())
    moved = np.abs(pinn.history.snapshots[1] - pinn.history.snapshots[0])
    assert moved.max() == pytest.approx(pinn.settings.descent.rate(0), rel=1e-3)


def test_adam_hands_over_after_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = [], QuasiNewton.run

    def noted(newton: QuasiNewton, *arguments: Any) -> Any:
        begun.append(newton.steps)
        return go(newton, *arguments)

    monkeypatch.setattr(QuasiNewton, "run", noted)
    assert small(50, adam_steps=30).solve(decay()).epochs == 50
    assert begun == [30]
    begun.clear()
    assert small(20, optimiser="adam").solve(decay()).epochs == 20
    assert begun == []
