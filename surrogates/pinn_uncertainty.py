"""How well numbers of an equation are known that were recovered from data: by fitting data anew."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from .pinn import PINN
from .pinn_loss import Known
from .pinn_objective import PhysicsObjective
from .quasi_newton import QuasiNewton, QuasiNewtonSettings
from .surrogate import SurrogateError
from .torch_threads import torch_threads

__all__ = ["error_bars"]


def error_bars(
    pinn: PINN, known: Known, *, resamples: int = 12, steps: int = 200, seed: int = 0
) -> dict[str, float]:
    """The standard deviation of each recovered number, as the noise of the data makes it.

    A parametric bootstrap: to what the network says where data are known, noise is added of the size by which
    the data differ from it, and the fit goes on from the network as it is, at the same points each time; the
    spread of what is then found is the error bar. It holds the noise to be independent and normal, of one
    size for each unknown, and knows nothing of an equation that is wrong, nor of a descent that had not come
    to its end.

    Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 6.

    Args:
        pinn: that has solved with `recover` and these data.
        known: the data.
        resamples: how often the noise is drawn, at least 3.
        steps: of each new fit.
        seed: of the noise.

    Raises `SurrogateError` where nothing was recovered or there are too few resamples.
    """
    if not pinn.network.guesses or resamples < 3 or steps < 1:
        raise SurrogateError(
            "error bars need a network that has recovered numbers, at least 3 resamples and a step; got "
            f"{sorted(pinn.network.guesses) or 'no numbers'}, {resamples} and {steps}"
        )
    names = [*pinn.problem.coordinate_names, *(number.name for number in pinn.network.given)]
    said = pinn.at(**{name: known.places[name] for name in names})
    spread = {
        name: float((said[name].cpu() - values)[torch.isfinite(values)].square().mean().sqrt())
        for name, values in known.values.items()
    }
    settings = dataclasses.replace(pinn.settings.loss, hold=0)
    generator, found = torch.Generator().manual_seed(seed), []
    network, fitted = pinn.network, pinn.weights
    try:
        with torch_threads(pinn.settings.descent.threads):
            for _ in range(resamples):
                noisy = {}
                for name, values in known.values.items():
                    noise = torch.randn(values.shape, generator=generator, dtype=torch.float64)
                    drawn = said[name].cpu() + spread[name] * noise
                    noisy[name] = torch.where(torch.isfinite(values), drawn, torch.nan)
                pinn.weights = fitted
                objective = PhysicsObjective(network, settings, seed=seed, known=Known(known.places, noisy))
                descent = QuasiNewton(objective, fitted, QuasiNewtonSettings(steps=steps))
                descent.run()
                pinn.weights = descent.place
                found.append([float(network.number(name).detach()) for name in network.guesses])
    finally:
        pinn.weights = fitted
    deviations = np.std(found, axis=0, ddof=1)
    return {name: float(d) for name, d in zip(pinn.network.guesses, deviations, strict=True)}
