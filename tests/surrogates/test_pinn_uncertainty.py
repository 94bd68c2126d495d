"""Error bars of recovered numbers are as wide as the noise makes them."""

import functools
import math

import numpy as np
import pytest
import torch
from understudy.solvers.pointwise import Condition, Coordinate, Number, Pointwise
from understudy.surrogates.pinn import PINN
from understudy.surrogates.pinn_loss import Known
from understudy.surrogates.pinn_network import NetworkSettings
from understudy.surrogates.pinn_objective import LossSettings
from understudy.surrogates.pinn_training import DescentSettings
from understudy.surrogates.pinn_uncertainty import error_bars
from understudy.surrogates.surrogate import SurrogateError

RATE, NOISE = 1.5, 0.02
DECAY = Pointwise(
    coordinates=(Coordinate("t", 0.0, 1.0),),
    unknowns=("u",),
    equations=lambda at: {"decay": at("u", t=1) + at("rate") * at("u")},
    conditions=(Condition("start", {"t": 0.0}, lambda at: {"u": at("u") - 1}, built_in=True),),
    numbers=(Number("rate", 1.0, 1.0),),
    form=lambda places: {"u": (torch.ones_like(places["t"]), places["t"])},
)


@functools.cache
def fitted(seed: int, *, values: int = 60) -> tuple[PINN, Known]:
    """A rate of decay from noisy values."""
    t = torch.linspace(0, 1, values, dtype=torch.float64)
    noise = torch.from_numpy(np.random.default_rng(seed).standard_normal(values))
    known = Known({"t": t}, {"u": torch.exp(-RATE * t) + NOISE * noise})
    pinn = PINN(
        PINN.Settings(
            network=NetworkSettings(hidden=(8,), activation="tanh", gain=1.0),
            loss=LossSettings(points=32, hold=0, weights=(("equations", 100.0),)),
            descent=DescentSettings(steps=80),
        )
    )
    pinn.solve(DECAY, seed=seed, known=known, recover={"rate": 1.0})
    return pinn, known


def test_an_error_bar_is_that_of_the_best_estimate_there_can_be() -> None:
    pinn, known = fitted(0)
    bar = error_bars(pinn, known, resamples=16, steps=30)["rate"]
    t = known.places["t"].numpy()
    best = NOISE / math.sqrt(float(((t * np.exp(-RATE * t)) ** 2).sum()))  # Cramer and Rao's bound
    assert 0.6 < bar / best < 1.7
    assert abs(pinn.recovered["rate"] - RATE) < 4 * bar


def test_what_is_found_from_other_data_spreads_as_the_error_bar_says() -> None:
    found = [fitted(seed)[0].recovered["rate"] for seed in range(8)]
    pinn, known = fitted(0)
    bar = error_bars(pinn, known, resamples=16, steps=30)["rate"]
    assert 0.4 < np.std(found, ddof=1) / bar < 2.5
    assert abs(np.mean(found) - RATE) < 3 * bar / math.sqrt(8)


def test_the_fitted_network_is_left_as_it_is() -> None:
    pinn, known = fitted(1)
    before = pinn.weights
    error_bars(pinn, known, resamples=3, steps=5)
    assert np.array_equal(pinn.weights, before)


def test_where_nothing_was_recovered_there_is_no_error_bar() -> None:
    pinn, known = fitted(2)
    with pytest.raises(SurrogateError, match="at least 3 resamples"):
        error_bars(pinn, known, resamples=2)
    alone = PINN(PINN.Settings(descent=DescentSettings(steps=2), loss=LossSettings(points=8)))
    alone.solve(DECAY)
    with pytest.raises(SurrogateError, match="has recovered numbers"):
        error_bars(alone, known)
