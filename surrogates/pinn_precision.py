"""Whether single precision holds a loss up: the same weights in double precision say so."""

from __future__ import annotations

import logging

import torch

from .pinn_network import CoordinateNetwork
from .pinn_objective import PhysicsObjective

__all__ = ["floor_in_words"]

logger = logging.getLogger(__name__)

FLOOR = 2_000.0
"""Times the residual's round-off within which a loss counts as held up by it: descents end at some 200 to
1,600 times that, as differences of losses are lost before the losses themselves."""


def floor_in_words(objective: PhysicsObjective) -> str:
    """A sentence with the measured floor where the loss has come near it; empty where not, or in double."""
    if objective.dtype == torch.float64:
        return ""
    network = objective.network
    loss = float(objective.loss().detach())
    finer = CoordinateNetwork(network.problem, network.settings, recover=network.guesses)
    finer = finer.to(objective.device, torch.float64)
    finer.load_state_dict({k: v.double() for k, v in network.state_dict().items()})
    floor = 0.0
    with torch.no_grad():
        for name, term in objective.terms.items():
            mine, true = term.residuals(network), objective.twin(finer, name).residuals(finer)
            shares = 1.0 if term.weights is None else term.weights.double()
            parts = [(shares * (true[k] - mine[k].double()).square()).mean() for k in mine]
            floor += objective.weights[name] * float(sum(parts[1:], parts[0]))
    if loss > FLOOR * floor:
        return ""
    note = (
        f"in float32 the residuals' round-off alone gives a loss of {floor:.1e}, and the loss is {loss:.1e}: "
        "train in float64 for more"
    )
    logger.warning("%s", note)
    return note
