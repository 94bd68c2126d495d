"""Each frame from its own values: the principal components that fit them best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ..datasets.observations import SEEN
from .frame_components import ROOM, FrameComponents
from .rebuilder import SOME, Rebuilder, Windows
from .surrogate import SurrogateError
from .training import Trained

__all__ = ["GappyPOD"]


class GappyPOD(Rebuilder):
    """Gappy proper orthogonal decomposition: a least-squares fit of each frame's components to what is known.

    The components' own variances are the prior, and the noise the weight of what is seen: so the fit is the
    mean of all frames that could be, were frames normal, and where nothing is known it is the training mean.
    Without noise, and with at least as many values as components, what lies in their span comes back exactly.
    It knows nothing of time: what the frames before and after say of a gap is lost.

    Reference: Everson & Sirovich 1995, doi:10.1364/JOSAA.12.001657.
    """

    @dataclass(frozen=True)
    class Settings:
        """How much is kept.

        Attributes:
            lost: share of the variance that the components left out may have.
            noise: deviation of the noise on a value, in units of the field; None to measure it.
        """

        lost: float = 1e-6
        noise: float | None = None

        def __post_init__(self) -> None:
            refuse_wrong(self.lost, self.noise)

    settings: Settings
    components: FrameComponents | None = None

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`."""
        found = FrameComponents.measure(own, lost=self.settings.lost, noise=self.settings.noise)
        self.components = found.to(self.device)
        return None

    @property
    def at_once(self) -> int:
        """See `Rebuilder`: each window has a square matrix for each frame."""
        assert self.components is not None and self.input_shapes is not None
        return max(1, min(SOME, ROOM // (self.input_shapes[SEEN][0] * self.components.components**2)))

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        assert self.components is not None
        precision, information = self.components.said(seen, known)
        precision.diagonal(dim1=-2, dim2=-1).add_(1)
        root = torch.linalg.cholesky(precision)
        numbers = torch.cholesky_solve(information[..., None], root)[..., 0]
        return self.components.frames(numbers).to(seen.dtype)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        assert self.components is not None
        return self.components.tensors()

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.components = FrameComponents.from_tensors(tensors, self.device)


def refuse_wrong(lost: float, noise: float | None) -> None:
    """`SurrogateError` for settings that make no sense."""
    if not 0 <= lost < 1 or (noise is not None and not noise >= 0):
        raise SurrogateError(
            f"lost must lie in [0, 1) and noise be at least 0, or None; got {lost} and {noise}"
        )
