"""A window that completes itself: the matrix of its frames, were it of low rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from .rebuilder import Rebuilder, Windows
from .surrogate import SurrogateError
from .training import Trained

__all__ = ["MatrixCompletion", "shrunk"]


class MatrixCompletion(Rebuilder):
    """Soft-impute: gaps are filled, singular values shrunk, gaps filled with what is left, again and again.

    It minimises the squared misfit of what is known plus a multiple of the sum of the singular values, for
    the frames as rows of one matrix. Nothing is learned of the system but how much to shrink, which the
    validation windows choose: so it is what a window says of itself alone. A matrix of low rank comes back
    from enough of its values; the window of a field that travels is of no low rank, and then it fails.

    The multiple falls from large to small, each time going on from the matrix before, and is measured in the
    largest singular value of what is seen, zero in the gaps.

    References: Mazumder, Hastie & Tibshirani, J. Mach. Learn. Res. 11 (2010) 2287 (soft-impute); Cai, Candes
    & Shen 2010 (arXiv:0810.3286), doi:10.1137/080738970 (singular-value thresholding).
    """

    @dataclass(frozen=True)
    class Settings:
        """How it shrinks.

        Attributes:
            shares: multiples that are tried, of the largest singular value, falling; the path to the one that
                is chosen goes through those before.
            iterations: at each of them.
        """

        shares: tuple[float, ...] = (0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05)
        iterations: int = 20

        def __post_init__(self) -> None:
            falling = all(a > b for a, b in zip(self.shares, self.shares[1:], strict=False))
            if not self.shares or not falling or not 0 <= self.shares[-1] <= self.shares[0] < 1:
                raise SurrogateError(f"shares must fall from below 1 to at least 0, got {self.shares}")
            if self.iterations < 1:
                raise SurrogateError(f"iterations must be at least 1, got {self.iterations}")

    settings: Settings
    steps: int = 0
    """How many of the shares are gone through."""

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`."""
        wrong = torch.zeros(len(self.settings.shares), dtype=torch.float64)
        for part in self.parts(judged):
            for step, found in enumerate(self.path(part.seen, part.known, len(wrong))):
                wrong[step] += float((found - part.true).square().sum())
        self.steps = 1 + int(wrong.argmin())
        return None

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        *_, last = self.path(seen, known, self.steps)
        return last

    def path(self, seen: torch.Tensor, known: torch.Tensor, steps: int) -> Iterator[torch.Tensor]:
        """What the windows are rebuilt to with each of so many shares, one going on from the other."""
        largest = torch.linalg.matrix_norm(seen, ord=2)
        found, gaps = torch.zeros_like(seen), known == 0
        for share in self.settings.shares[:steps]:
            for _ in range(self.settings.iterations):
                found = shrunk(torch.where(gaps, found, seen), share * largest)
            yield found

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        return {"steps": torch.tensor([self.steps])}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.steps = int(tensors["steps"][0])


def shrunk(matrices: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """(..., rows, columns) with every singular value smaller `by`, (...), and no less than zero.

    With Z Z^T = U S^2 U^T it is U (1 - by / S)+ U^T Z: only the smaller side's eigenvectors are needed.
    """
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.mT
    squares, vectors = torch.linalg.eigh(wide @ wide.mT)
    values = squares.clamp(min=0).sqrt()
    floor = torch.finfo(values.dtype).tiny
    kept = (1 - by[..., None] / values.clamp(min=floor)).clamp(min=0)
    found = (vectors * kept[..., None, :]) @ (vectors.mT @ wide)
    return found if matrices.shape[-2] <= matrices.shape[-1] else found.mT
