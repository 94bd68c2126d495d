"""The best that can be done where states evolve linearly: a Kalman filter, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from ..datasets.observations import SEEN
from .blocks.linear_gaussian import filtered, smoothed_means
from .frame_components import ROOM, FrameComponents
from .gappy_pod import refuse_wrong
from .rebuilder import SOME, Rebuilder, Windows
from .surrogate import SurrogateError
from .training import Trained

__all__ = ["KalmanSmoother"]

TINY = 1e-10
"""Added to all variances, of which those of the components are 1, so that they stay positive."""


class KalmanSmoother(Rebuilder):
    """A linear system with normal noise, fitted to runs of frames; its states given all that is known.

    Frames are principal components of unit variance, a state is some frames in turn. The next frame is the
    best linear guess from the state (least squares over the training frames), what that leaves is the noise
    of the steps. Given that model the answer is exact, by a Kalman filter and the smoother of Rauch, Tung &
    Striebel, with any values missing. Where the true evolution is not linear, as in chaos, the model takes
    for noise what is none, and later and earlier frames say less than they could.

    Where nothing is known it answers the training mean.

    References: Kalman 1960, doi:10.1115/1.3662552; Rauch, Tung & Striebel 1965, doi:10.2514/3.3166.
    """

    @dataclass(frozen=True)
    class Settings:
        """What is fitted.

        Attributes:
            both_ways: False for the filter alone, which knows no later frames.
            order: frames in a state. Fields that move smoothly go on as they went: two frames tell how, one
                does not.
            lost: share of the variance that the components left out may have.
            noise: deviation of the noise on a value, in units of the field; None to measure it.
            inflations: factors of the covariance of the steps' noise, of which the validation windows choose:
                what a linear step leaves of a nonlinear one is not independent from step to step.
        """

        both_ways: bool = True
        order: int = 2
        lost: float = 1e-6
        noise: float | None = None
        inflations: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)

        def __post_init__(self) -> None:
            refuse_wrong(self.lost, self.noise)
            if self.order < 1:
                raise SurrogateError(f"order must be at least 1, got {self.order}")
            if not self.inflations or not all(factor > 0 for factor in self.inflations):
                raise SurrogateError(
                    f"inflations must be one or more positive numbers, got {self.inflations}"
                )

    settings: Settings
    components: FrameComponents | None = None
    transition: torch.Tensor
    process_noise: torch.Tensor
    initial: torch.Tensor
    """(size, size) the step of a state, the covariance of what it leaves, and of the states themselves."""

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`. Raises `SurrogateError` for windows that are no longer than a state."""
        order = self.settings.order
        if own.true.shape[1] <= order:
            raise SurrogateError(
                f"steps are learned from windows of at least {order + 1} frames, got {own.true.shape[1]}; "
                "raise the task's window, lower order, or take gappy_pod, which knows no steps"
            )
        found = FrameComponents.measure(own, lost=self.settings.lost, noise=self.settings.noise)
        numbers, size = found.numbers(own.true), found.components
        frames = numbers.shape[1] - order + 1
        # the newest frame comes first
        states = torch.cat([numbers[:, order - 1 - k :][:, :frames] for k in range(order)], dim=2)
        before, after = states[:, :-1].flatten(0, 1), numbers[:, order:].flatten(0, 1)
        eye = torch.eye(order * size, dtype=torch.float64)
        step = torch.linalg.solve(before.mT @ before + TINY * len(before) * eye, before.mT @ after).mT
        left = after - before @ step.mT
        transition = torch.cat([step, eye[:-size]])  # what was new is old
        process_noise = functional.pad(left.mT @ left / len(left), (0, len(eye) - size) * 2)
        flat = states.flatten(0, 1)
        self.components = found.to(self.device)
        self.transition = transition.contiguous().to(self.device)
        self.initial = (flat.mT @ flat / len(flat) + TINY * eye).to(self.device)
        errors = {}
        for factor in self.settings.inflations:
            self.process_noise = (factor * process_noise + TINY * eye).to(self.device)
            errors[factor] = self.error(judged) if len(self.settings.inflations) > 1 else 0.0
        best = min(errors, key=lambda factor: errors[factor])
        self.process_noise = (best * process_noise + TINY * eye).to(self.device)
        return None

    @property
    def at_once(self) -> int:
        """See `Rebuilder`: each window has a square matrix for each frame."""
        assert self.components is not None and self.input_shapes is not None
        return max(1, min(SOME, ROOM // (self.input_shapes[SEEN][0] * len(self.initial) ** 2)))

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        assert self.components is not None
        precision, information = self.components.said(seen, known)
        older = len(self.initial) - self.components.components
        found = filtered(
            functional.pad(precision, (0, older) * 2),
            functional.pad(information, (0, older)),
            transition=self.transition,
            process_noise=self.process_noise,
            initial=self.initial,
        )
        both = self.settings.both_ways
        means = smoothed_means(found, transition=self.transition) if both else found.means
        return self.components.frames(means[..., : self.components.components]).to(seen.dtype)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        assert self.components is not None
        own = {"transition": self.transition, "process_noise": self.process_noise, "initial": self.initial}
        return {**self.components.tensors(), **own}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.components = FrameComponents.from_tensors(tensors, self.device)
        self.transition, self.process_noise, self.initial = (
            tensors[name].to(self.device) for name in ("transition", "process_noise", "initial")
        )
