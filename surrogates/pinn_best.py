"""Which weights of a descent a network of coordinates answers with: those that obey best elsewhere."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from .pinn_loss import Term, data_term, equation_term
from .pinn_objective import DATA, EQUATIONS, PhysicsObjective
from .pinn_points import inner_points

__all__ = ["BestWeights"]

TIMES = 4
"""As many points of their own as those of the loss."""


class BestWeights:
    """The weights that had the smallest loss at points that stay where they are, spread evenly.

    The points of a descent move, and just after they have moved the network may be worse than it was before:
    its last weights are not always its best. Nothing here knows the truth.

    Arguments:
        objective: whose terms they are, weighed as its settings have it and not by what was measured.

    Attributes:
        place, loss: (numbers,) the best weights that were kept, and their loss there.
    """

    def __init__(self, objective: PhysicsObjective) -> None:
        self.place, self.loss = objective.place, math.inf
        self._objective, self._terms = objective, _terms_elsewhere(objective)

    def keep(self) -> None:
        """The network's weights as they are, if they are better."""
        loss = self._loss()
        if loss < self.loss:
            self.place, self.loss = self._objective.place, loss

    def or_as_they_are(self) -> NDArray[np.float64]:
        """Those that were kept, or the network's as they are if these are better; they are not kept."""
        return self._objective.place if self._loss() < self.loss else self.place

    @torch.no_grad()
    def _loss(self) -> float:
        network, weights = self._objective.network, dict(self._objective.settings.weights)
        return sum(weights.get(n, 1.0) * float(term.value(network)) for n, term in self._terms.items())


def _terms_elsewhere(objective: PhysicsObjective) -> dict[str, Term]:
    """The loss's terms, at more points that are drawn once."""
    network, settings = objective.network, objective.settings
    terms = {name: term for name, term in objective.terms.items() if name not in (EQUATIONS, DATA)}
    seed = int(np.random.SeedSequence([objective.seed, 20]).generate_state(1)[0])
    if EQUATIONS in objective.terms:
        problem, mirrored = network.problem, network.settings.mirrored
        places = objective.moved(inner_points(problem, TIMES * settings.points, seed=seed, mirrored=mirrored))
        terms[EQUATIONS] = equation_term(network, EQUATIONS, problem.equations, places)
    if objective.known is not None:
        limit = None if settings.known_points is None else TIMES * settings.known_points
        drawn = objective.known.drawn(limit, seed=seed)
        terms[DATA] = data_term(network, drawn, objective.sizes)
    return terms
