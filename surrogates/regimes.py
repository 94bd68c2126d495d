"""A codebook of windows: what was seen is answered with the regime that fits it best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ..datasets.observations import Observations
from .blocks.k_means import k_means, spread_start
from .rebuilder import Rebuilder, Windows, on_a_line
from .surrogate import SurrogateError, TrainingRecord
from .training import Trained

__all__ = ["Regimes"]


class Regimes(Rebuilder):
    """Vector quantisation: training windows in clusters, each answered by its mean.

    On a periodic line windows are moved first to where the first Fourier mode of their middle frame has phase
    zero, so that one regime is one cluster wherever it stands; an answer is the cluster's mean at the place
    where it fits best. It learns all that varies together, linear or not, but answers nothing between two
    regimes: the error falls slowly with their number, as the inverse root of it by the dimension of what
    varies.

    Reference: Lloyd 1982, doi:10.1109/TIT.1982.1056489; analogues: Lorenz 1969,
    doi:10.1175/1520-0469(1969)26<636:APARBN>2.0.CO;2.
    """

    precision = "float32"

    @dataclass(frozen=True)
    class Settings:
        """How many.

        Attributes:
            regimes: clusters; no more than training windows are made.
            iterations: of k-means, at most.
            aligned: whether windows are moved along a periodic line; None: wherever the grid is one.
        """

        regimes: int = 256
        iterations: int = 30
        aligned: bool | None = None

        def __post_init__(self) -> None:
            if self.regimes < 1 or self.iterations < 1:
                raise SurrogateError(
                    f"regimes and iterations must be at least 1, got {self.regimes} and {self.iterations}"
                )

    settings: Settings
    aligned: bool = False
    centres: torch.Tensor | None = None
    """(regimes, frames, points)"""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """See `Rebuilder`. Raises `SurrogateError` for windows to be moved that lie on no periodic line."""
        self.aligned = on_a_line(examples, wanted=self.settings.aligned, setting="aligned")
        return super().fit(examples, validation, seed=seed, folder=folder, progress=progress)

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`."""
        windows = own.true.to(self.device)
        if self.aligned:
            phase = torch.fft.rfft(windows[:, windows.shape[1] // 2])[:, 1].angle()
            windows = _moved(windows, (phase * (-windows.shape[2] / (2 * math.pi))).round().long())
        samples = windows.flatten(1)
        start = spread_start(
            samples,
            clusters=min(self.settings.regimes, len(samples)),
            generator=torch.Generator().manual_seed(seed),
        )
        centres, _ = k_means(samples, start, iterations=self.settings.iterations)
        self.centres = centres.unflatten(1, windows.shape[1:]).to(self.dtype)
        return None

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        assert self.centres is not None
        centres = self.centres.to(seen)
        points = seen.shape[2]
        if not self.aligned:
            misfit = known.flatten(1) @ centres.flatten(1).square().mT
            misfit = misfit - 2 * (known * seen).flatten(1) @ centres.flatten(1).mT
            return centres[misfit.argmin(dim=1)]
        # at every place at once, as correlations along the line
        misfit = _correlated(known, centres.square()) - 2 * _correlated(known * seen, centres)
        best = misfit.flatten(1).argmin(dim=1)
        return _moved(centres[best // points], -(best % points))

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        assert self.centres is not None
        return {"centres": self.centres, "aligned": torch.tensor([self.aligned])}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.centres = tensors["centres"].to(self.device, self.dtype)
        self.aligned = bool(tensors["aligned"][0])


def _moved(windows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """(windows, frames, points), each so that what stood at its place, (windows,), stands at 0."""
    points = windows.shape[2]
    index = (torch.arange(points, device=windows.device) + places[:, None]) % points
    return windows.gather(2, index[:, None].expand_as(windows))


def _correlated(values: torch.Tensor, centres: torch.Tensor) -> torch.Tensor:
    """(windows, frames, points) and (regimes, frames, points) -> sums of their products over frames and
    points, the regime moved to each place: (windows, regimes, points).
    """
    modes = torch.einsum("btk,ctk->bck", torch.fft.rfft(values), torch.fft.rfft(centres).conj())
    return torch.fft.irfft(modes, n=values.shape[2])
