"""The best that can be done where states evolve linearly: a Kalman filter, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from .blocks.linear_gaussian import filtered, smoothed_means
from .frame_components import FrameComponents
from .gappy_pod import refuse_wrong
from .rebuilder import Rebuilder, Windows
from .surrogate import SurrogateError
from .training import Trained

__all__ = ["KalmanSmoother"]

TINY = 1e-10
"""Added to the variances of what the steps leave, so that they stay positive where nothing is left."""


class KalmanSmoother(Rebuilder):
    """A linear system with normal noise, fitted to pairs of frames; its states given all that is known.

    Frames are principal components of unit variance. The step from one to the next is the best linear one
    (least squares over the training frames), what it leaves is the noise of the steps. Given that model the
    answer is exact, by a Kalman filter and the smoother of Rauch, Tung & Striebel, with any values missing.
    No linear smoother of this order does better; where the true evolution is not linear, as in chaos, the
    model takes for noise what is none, and later and earlier frames say less than they could.

    Where nothing is known it answers the training mean.

    References: Kalman 1960, doi:10.1115/1.3662552; Rauch, Tung & Striebel 1965, doi:10.2514/3.3166.
    """

    @dataclass(frozen=True)
    class Settings:
        """What is fitted.

        Attributes:
            both_ways: False for the filter alone, which knows no later frames.
            lost: share of the variance that the components left out may have.
            noise: deviation of the noise on a value, in units of the field; None to measure it.
            inflations: factors of the covariance of the steps' noise, of which the validation windows choose:
                what a linear step leaves of a nonlinear one is not independent from step to step.
        """

        both_ways: bool = True
        lost: float = 1e-6
        noise: float | None = None
        inflations: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)

        def __post_init__(self) -> None:
            refuse_wrong(self.lost, self.noise)
            if not self.inflations or not all(factor > 0 for factor in self.inflations):
                raise SurrogateError(
                    f"inflations must be one or more positive numbers, got {self.inflations}"
                )

    settings: Settings
    components: FrameComponents | None = None
    transition: torch.Tensor | None = None
    drift: torch.Tensor | None = None
    """(components, components) the step, and the covariance of what it leaves."""

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`. Raises `SurrogateError` for windows of a single frame."""
        if own.true.shape[1] < 2:
            raise SurrogateError(
                "steps are learned from windows of at least 2 frames, got 1; raise the task's window, or "
                "take gappy_pod, which knows no steps"
            )
        found = FrameComponents.measure(own, lost=self.settings.lost, noise=self.settings.noise)
        numbers = found.numbers(own.true)
        before, after = numbers[:, :-1].flatten(0, 1), numbers[:, 1:].flatten(0, 1)
        size = found.components
        eye = torch.eye(size, dtype=torch.float64)
        # both have unit variance, up to the windows' ends
        step = torch.linalg.solve(before.mT @ before + TINY * len(before) * eye, before.mT @ after).mT
        left = after - before @ step.mT
        drift = left.mT @ left / len(left) + TINY * eye
        self.components, self.transition = found.to(self.device), step.contiguous().to(self.device)
        errors = {}
        for factor in self.settings.inflations:
            self.drift = (factor * drift).to(self.device)
            errors[factor] = self.error(judged) if len(self.settings.inflations) > 1 else 0.0
        self.drift = (min(errors, key=lambda factor: errors[factor]) * drift).to(self.device)
        return None

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        assert self.components is not None and self.transition is not None and self.drift is not None
        precision, evidence = self.components.said(seen, known)
        found = filtered(
            precision,
            evidence,
            transition=self.transition,
            drift=self.drift,
            start=torch.eye(self.components.components, dtype=torch.float64, device=self.device),
        )
        both = self.settings.both_ways
        means = smoothed_means(found, transition=self.transition) if both else found.means
        return self.components.frames(means).to(seen.dtype)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        assert self.components is not None and self.transition is not None and self.drift is not None
        return {**self.components.tensors(), "transition": self.transition, "drift": self.drift}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.components = FrameComponents.from_tensors(tensors, self.device)
        self.transition, self.drift = (tensors[n].to(self.device) for n in ("transition", "drift"))
