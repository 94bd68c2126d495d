"""What a network of fields is shown, learns by, and can answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from .surrogate import SurrogateError

__all__ = ["ENDINGS", "FieldSettings"]

REACH = 10.0
ENDINGS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "none": lambda answers: answers,
    "relu": torch.relu,
    "tanh": lambda answers: REACH * torch.tanh(answers / REACH),
}


@dataclass(frozen=True)
class FieldSettings:
    """What a network of fields is shown, learns by, and can answer.

    Attributes:
        loss: of the errors, in units of each field's deviation, the mean square (`mse`) or absolute (`mae`);
            or the mean over samples of their root mean square, in that unit (`rms`) or over the field's own
            (`relative`). Of numbers it is the mean square, whatever this says.
        slopes: fields of which differences between neighbours are compared: of a stream function these are
            the velocities. What lies before the first row and column must be the same for all samples.
        others: weight of all fields and numbers after the first field, in the loss.
        scaled, scaled_by: fields that are answered in units of a number that is answered, too, and always
            positive: so those of small and of large samples are equally large.
        together: whether the output fields are components of one vector, with one deviation and one error.
        plain: whether input fields are channels as they are.
        place: whether two more channels say where each point is.
        edge: an input field whose zeros are an edge, as of a signed distance; empty for none.
        edge_scales: for each of these a channel that is 0 where the edge's field is negative and goes to 1
            over this way beyond, at first with its square; 0 for one that is 1 within and 0 beyond.
        edge_at: by which part of a point's spacing, along rows and columns, outputs lie after the inputs: the
            edge's channels are taken there.
        centred: whether of each output field only what it has beyond its mean over the training set is
            learned.
        ending: what the answers, in units of their deviation, go through: `none`, `relu`, which can answer
            nothing negative, or a `tanh` that saturates at ten.

    Raises `SurrogateError` for settings that make no sense.
    """

    loss: Literal["mse", "mae", "rms", "relative"] = "mse"
    slopes: tuple[str, ...] = ()
    others: float = 1.0
    scaled: tuple[str, ...] = ()
    scaled_by: str = ""
    together: bool = False
    plain: bool = True
    place: bool = True
    edge: str = ""
    edge_scales: tuple[float, ...] = ()
    edge_at: tuple[float, float] = (0.0, 0.0)
    centred: bool = True
    ending: Literal["none", "relu", "tanh"] = "none"

    def __post_init__(self) -> None:
        if self.loss not in ("mse", "mae", "rms", "relative"):
            raise SurrogateError(f"the loss must be mse, mae, rms or relative, got {self.loss!r}")
        if self.ending not in ENDINGS:
            raise SurrogateError(f"the ending must be none, relu or tanh, got {self.ending!r}")
        if any(scale < 0 for scale in self.edge_scales) or bool(self.edge) != bool(self.edge_scales):
            raise SurrogateError(
                "an edge needs scales of at least 0, and scales need an edge; got "
                f"{self.edge!r} and {self.edge_scales}"
            )
        if not self.others >= 0 or bool(self.scaled) != bool(self.scaled_by):
            raise SurrogateError(
                "others must be at least 0, and scaled fields need a number that scales them; got "
                f"{self.others}, {self.scaled} and {self.scaled_by!r}"
            )
        if self.ending == "relu" and self.centred:
            raise SurrogateError(
                "what ends in a relu cannot be centred: it would answer nothing below the mean"
            )
        if len(self.edge_at) != 2 or not all(0 <= part <= 1 for part in self.edge_at):
            raise SurrogateError(f"edge_at must be two numbers from 0 to 1, got {self.edge_at}")
