"""How a network that answers at once is judged, and how it starts from what it was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from .affine_span import AffineSpan
from .blocks.category_embedding import CategoryEmbedding
from .surrogate import SurrogateError
from .training import TrainingSettings

__all__ = ["Anchored", "AnsweringSettings", "Embedded", "Start", "start_of"]

RISE = 20.0
"""How fast the network gains its say after time 0, in units of the horizon."""


@dataclass(frozen=True)
class AnsweringSettings:
    """What an answering network learns by.

    Attributes:
        loss: of the errors of the fields, in units of their deviation, the mean absolute (`mae`), the mean
            square (`mse`), or the mean logarithm (`log`), which gives up on hopeless answers; see `PairFit`.
        small: an error, in units of the field's deviation, below which `log` no longer asks for less.
        exact_start: answer the initial state at time 0 exactly, by adding to it what the network says times
            1 - exp(-20 t / horizon); None: wherever each output is a field of the query, too.
        frames: random frames of each trajectory in an update; `training.batch` counts trajectories.
        confidence: learn to predict the error of each answer, too; see `AnswerNetwork.expected_error`.
        held_out: share of the training trajectories that only the predicted error learns from; 0: it learns
            from the errors on the trajectories that the network has seen, which are smaller than on others.
        confidence_hidden: widths of the predicted error's own small network.
        confidence_training: its descent.
        categories: inputs that are codes, of which only equality means anything: a material, a make. Each is
            embedded, see `CategoryEmbedding`.
        embedding: numbers of each code's vector; None: its one-hot vector.
        logarithmic: inputs and outputs, all positive, that are seen by their logarithms: where they span
            decades, and where it is the relative error that counts. The loss is then that of the logarithms.
    """

    loss: Literal["mae", "mse", "log"] = "mae"
    small: float = 0.01
    exact_start: bool | None = None
    frames: int = 16
    confidence: bool = False
    held_out: float = 0.1
    confidence_hidden: tuple[int, ...] = (96, 96, 96)
    confidence_training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
        steps=3_000, batch=256, optimiser="adam", learning_rate=3e-3, check_every=250
    )
    categories: tuple[str, ...] = ()
    embedding: int | None = 4
    logarithmic: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.loss not in ("mae", "mse", "log"):
            raise SurrogateError(f"the loss must be mae, mse or log, got {self.loss!r}")
        if not self.small > 0:
            raise SurrogateError(f"small must be positive, got {self.small}")
        if self.frames < 1 or not 0 <= self.held_out < 1:
            raise SurrogateError(
                f"frames must be at least 1 and held_out lie in [0, 1), got {self.frames}, {self.held_out}"
            )
        if self.embedding is not None and self.embedding < 1:
            raise SurrogateError(
                f"embedding must be at least 1, or None for one-hot vectors, got {self.embedding}"
            )


@dataclass(frozen=True, eq=False)
class Start:
    """Coordinates of the initial state from those of the query: query @ matrix + offset.

    Attributes:
        matrix: (query coordinates, output coordinates).
        offset: (output coordinates,).
    """

    matrix: torch.Tensor
    offset: torch.Tensor


def start_of(
    asked: AffineSpan, answered: AffineSpan, settings: AnsweringSettings, *, timed: bool
) -> Start | None:
    """Where answers start; None where they are free. `SurrogateError` where that cannot be had but must."""
    possible = timed and all(asked.shapes.get(name) == shape for name, shape in answered.shapes.items())
    if not possible and settings.exact_start:
        raise SurrogateError(
            "exact_start needs pairs that are timed and whose outputs are all among the query's fields; the "
            f"query has {sorted(asked.shapes)}, the outputs are {sorted(answered.shapes)}"
        )
    if not possible or settings.exact_start is False:
        return None
    corners = torch.cat([torch.zeros(1, asked.coordinates), torch.eye(asked.coordinates)]).double()
    fields = asked.fields(asked.decode(corners))
    at_corners = answered.encode(answered.flatten(fields))
    return Start(at_corners[1:] - at_corners[0], at_corners[0])


class Anchored(nn.Module):
    """A network of coordinates, that starts at the initial state where it knows it.

    (batch, query) and times in [-1, 1], (batch or 1, m), or None -> (batch, m or 1, outputs). The start
    follows from the first columns of the query, which are numbers; those behind them are codes.
    """

    matrix: torch.Tensor
    offset: torch.Tensor

    def __init__(self, network: nn.Module, start: Start | None) -> None:
        super().__init__()
        self.network, self.anchored = network, start is not None
        if start is not None:
            self.register_buffer("matrix", start.matrix, persistent=False)
            self.register_buffer("offset", start.offset, persistent=False)

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        """See the class."""
        answer: torch.Tensor = self.network(query, time)
        if not self.anchored or time is None:
            return answer
        share = -torch.expm1((time + 1) * (-0.5 * RISE))
        return (query[:, : len(self.matrix)] @ self.matrix + self.offset)[:, None] + share[..., None] * answer


class Embedded(nn.Module):
    """A network of query and time that is given vectors in the place of codes."""

    def __init__(self, embedding: CategoryEmbedding, network: nn.Module) -> None:
        super().__init__()
        self.embedding, self.network = embedding, network

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        """See the class."""
        answer: torch.Tensor = self.network(self.embedding(query), time)
        return answer
