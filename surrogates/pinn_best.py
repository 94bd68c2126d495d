"""Which weights a network of coordinates answers with: of its latest, those that obey best elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .pinn_loss import Term, data_term, equation_term
from .pinn_objective import DATA, EQUATIONS, PhysicsObjective
from .pinn_points import inner_points

__all__ = ["BestWeights"]

Array = NDArray[np.float64]
TIMES = 4
"""Times as many points of their own as the loss has."""
LATEST = 8
"""Of so many it is the best: what was good long ago may have been so for another reason, such as bodies that
are too far from one another to attract."""


LOST = 1e4
"""Times the smallest loss that was kept, beyond which a network is lost."""


class BestWeights:
    """Of the latest weights those with the smallest loss at points that stay where they are, spread evenly.

    The points of a descent move, and just after they have moved the network may be worse than it was before:
    its last weights are not always its best. Nothing here knows the truth. Equations are asked for at points
    of their own, conditions where the loss has them, data at the same places or at more.

    Arguments:
        objective: whose terms they are, weighed as its settings have it and not by what was measured.
    """

    def __init__(self, objective: PhysicsObjective) -> None:
        self._objective, self._terms = objective, _terms_elsewhere(objective)
        self._kept: list[tuple[float, Array]] = []

    def keep(self) -> bool:
        """The network's weights as they are, and forget what is too old.

        False, and they are not kept, where their loss is beyond all measure of what was kept: between the
        points of a descent a network may go anywhere.
        """
        loss, least = self.loss(), min((loss for loss, _ in self._kept), default=math.inf)
        if not loss <= LOST * least:
            return False
        self._kept = [*self._kept, (loss, self._objective.place)][-LATEST:]
        return True

    def forget(self) -> None:
        """All that was kept."""
        self._kept = []

    def or_as_they_are(self) -> Array:
        """The best of those that were kept and of the network's as they are, which are not kept."""
        kept = [(loss, place) for loss, place in self._kept if math.isfinite(loss)]
        best, place = min(kept, key=lambda each: each[0], default=(math.inf, self._objective.place))
        return self._objective.place if self.loss() < best else place

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """What was kept, as tensors and as JSON."""
        if not self._kept:
            return {}, {"losses": []}
        places = torch.from_numpy(np.array([place for _, place in self._kept]))
        return {"kept": places}, {"losses": [loss for loss, _ in self._kept]}

    def resume(self, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, Any]) -> None:
        """Take `state()` back."""
        places = list(tensors["kept"].numpy()) if "kept" in tensors else []
        self._kept = list(zip(numbers["losses"], places, strict=True))

    @torch.no_grad()
    def loss(self) -> float:
        """Of the network's weights as they are."""
        network, weights = self._objective.network, dict(self._objective.settings.weights)
        return sum(weights.get(n, 1.0) * float(term.value(network)) for n, term in self._terms.items())


def _terms_elsewhere(objective: PhysicsObjective) -> dict[str, Term]:
    """The loss's terms; equations and data at more points, which are drawn once."""
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
