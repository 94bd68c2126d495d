"""One recurrent network for all places of a line, forwards and backwards in time."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["PatchwiseLSTM"]


class PatchwiseLSTM(nn.Module):
    """Channels on a line, frame after frame -> one number for each point and frame.

    The line is cut into patches of neighbouring points. The same LSTM runs through the frames of each patch,
    seeing its points and `reach` more on either side; further layers see as many numbers as they have
    themselves, mixed from the layer before at the patch and at its two neighbours. The
    answer is a linear reading of what the first layer sees of the frame itself, and what the last layer adds,
    which starts at zero: so a new network is `reading`, which may be set to the best linear one. A shift of
    the line by a whole number of patches shifts the answer alike. With one patch it is a plain LSTM that sees
    the whole frame and knows nothing of space.

    With one direction an answer knows the frames up to its own, as a filter does; with two all of them, as a
    smoother does. Forget gates start open.

    Reference: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; both directions: Schuster &
    Paliwal 1997, doi:10.1109/78.650093.

    Arguments:
        points: of the line, which is periodic where there are several patches.
        channels: of each point.
        patch: points that an LSTM answers; divides `points` into one or at least three patches.
        reach: more that it sees on either side; 0 where there is one patch.
        width: hidden numbers of each direction and layer.
        layers: one upon the other.
        directions: 1 or 2.
    Raises `ValueError` for numbers that make no sense.
    """

    def __init__(
        self, *, points: int, channels: int, patch: int, reach: int, width: int, layers: int, directions: int
    ) -> None:
        super().__init__()
        if patch < 1 or points % patch or points // patch == 2:
            raise ValueError(
                f"patches must cut {points} points into one or at least three equal parts, got patch {patch}"
            )
        if not 0 <= reach <= points or (patch == points and reach):
            raise ValueError(
                f"reach must lie between 0 and the {points} points, and be 0 where one patch has them all, "
                f"got {reach}"
            )
        if width < 1 or layers < 1 or directions not in (1, 2):
            raise ValueError(
                f"width and layers must be at least 1 and directions 1 or 2, got {width}, {layers} and "
                f"{directions}"
            )
        self.patch, self.reach, self.places = patch, reach, points // patch
        self.inputs = channels * (patch + 2 * reach)
        hidden = directions * width
        beside = hidden if self.places == 1 else 3 * hidden
        self.reading = nn.Linear(self.inputs, patch)
        self.mixing = nn.ModuleList(nn.Linear(beside, width) for _ in range(layers - 1))
        self.layers = nn.ModuleList(
            nn.LSTM(width if k else self.inputs, width, batch_first=True, bidirectional=directions == 2)
            for k in range(layers)
        )
        self.readout = nn.Linear(hidden, patch)
        nn.init.zeros_(self.readout.weight)
        nn.init.zeros_(self.readout.bias)
        with torch.no_grad():
            for name, bias in self.layers.named_parameters():
                if ".bias" in name:  # there are two of each, which are added
                    bias[width : 2 * width] = float(".bias_ih" in name)

    def seen(self, channels: torch.Tensor) -> torch.Tensor:
        """(batch, frames, channels, points) -> what each patch sees, (batch, frames, places, inputs)."""
        if self.reach:
            ends = channels[..., -self.reach :], channels[..., : self.reach]
            channels = torch.cat([ends[0], channels, ends[1]], dim=-1)
        parts = channels.unfold(-1, self.patch + 2 * self.reach, self.patch)
        return parts.transpose(2, 3).flatten(3)

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """(batch, frames, channels, points) -> (batch, frames, points)"""
        hidden = seen = self.seen(channels)
        for k, layer in enumerate(self.layers):
            if k:
                hidden = self.mixing[k - 1](self._beside(hidden))
            rows = hidden.transpose(1, 2).flatten(0, 1)
            hidden = layer(rows)[0].unflatten(0, (len(channels), self.places)).transpose(1, 2)
        answer: torch.Tensor = self.reading(seen) + self.readout(hidden)
        return answer.flatten(2)

    def _beside(self, hidden: torch.Tensor) -> torch.Tensor:
        """(batch, frames, places, numbers), beside them those of the two neighbours, if there are any."""
        if self.places == 1:
            return hidden
        return torch.cat([hidden.roll(1, dims=2), hidden, hidden.roll(-1, dims=2)], dim=3)
