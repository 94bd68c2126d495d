"""How wrong an answer is likely to be, learned from how wrong others were."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scipy.optimize
import torch
from torch import nn

from .affine_span import AffineSpan
from .answering import AnsweringSettings
from .blocks.category_embedding import CategoryEmbedding
from .blocks.perceptron import Perceptron
from .blocks.query_and_time import beside
from .pair_fit import EncodedPairs
from .training import train

__all__ = ["Confidence"]

_ROWS = 65_536
_PAIRS = 131_072
"""Pairs of the validation split that calibrate."""


class Confidence(nn.Module):
    """(batch, query) and times (batch or 1, m), or None -> the expected error (batch, m or 1), positive.

    Says b(query, t) = typical * exp(offset + slope * network), where the network is trained on errors e to
    minimise log b + e / b, the likelihood of a Laplace distribution, whose minimum is the mean of e wherever
    the network can tell queries apart; then offset and slope are fitted in the same way to errors on the
    validation split. It fails where errors differ from those it saw: on queries of another region.

    Reference: Nix & Weigend 1994, doi:10.1109/ICNN.1994.374138 (with a normal distribution).
    """

    typical: torch.Tensor
    calibration: torch.Tensor

    def __init__(
        self, *, query: int, timed: bool, settings: AnsweringSettings, categories: Sequence[int] = ()
    ) -> None:
        super().__init__()
        self.embedding = None
        if categories:
            numbers = query - len(categories)
            self.embedding = CategoryEmbedding(
                numbers=numbers, categories=categories, width=settings.embedding
            )
            query = self.embedding.outputs
        self.network = Perceptron(
            inputs=query + timed, hidden=settings.confidence_hidden, outputs=1, activation="silu"
        )
        self.register_buffer("typical", torch.ones(()))
        self.register_buffer("calibration", torch.tensor([0.0, 1.0]))

    @classmethod
    def learn(
        cls,
        module: nn.Module,
        examples: EncodedPairs,
        validation: EncodedPairs,
        *,
        outputs: AffineSpan,
        settings: AnsweringSettings,
        seed: int,
        folder: Path | None,
        categories: Sequence[int] = (),
    ) -> tuple[Confidence, float]:
        """Trained on the errors that `module` makes, which stays as it is; and in how many seconds."""
        begin = time.perf_counter()
        seen, judged = (_errors(module, pairs, outputs) for pairs in (examples, validation))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            new = cls(
                query=examples.query.shape[1],
                timed=examples.time is not None,
                settings=settings,
                categories=categories,
            )
        new.typical.fill_(float(seen.mean()) or 1.0)
        new.to(examples.query.device, torch.float32)
        objective = _ErrorFit(examples, seen, validation, judged, frames=settings.frames)
        identity = {"typical": float(new.typical), "judged": float(judged.mean())}
        prepared = time.perf_counter() - begin
        end = train(new, objective, settings.confidence_training, seed=seed, folder=folder, identity=identity)
        again = time.perf_counter()
        new.float().eval()
        new._calibrate(validation, judged)
        return new, prepared + end.seconds + time.perf_counter() - again

    def forward(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        """See the class."""
        return self.typical * (self.calibration[0] + self.calibration[1] * self.logarithm(query, time)).exp()

    def logarithm(self, query: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
        """log(b / typical) before calibration, (batch, m or 1), within +-20."""
        shown = query if self.embedding is None else self.embedding(query)
        said: torch.Tensor = self.network(beside(shown, time))[..., 0]
        return 20 * torch.tanh(said / 20)

    @torch.no_grad()
    def _calibrate(self, validation: EncodedPairs, errors: torch.Tensor) -> None:
        rows = max(1, errors.numel() // _PAIRS)
        query, error = validation.query[::rows].float(), errors[::rows].double().cpu().numpy()
        time = None if validation.time is None else validation.time.float()
        said = np.concatenate([self.logarithm(q, time).double().cpu().numpy() for q in query.split(1024)])
        relative = error / float(self.typical)

        def misfit(ab: np.ndarray) -> float:
            exponent = np.clip(ab[0] + ab[1] * said, -40, 40)
            return float(np.mean(exponent + relative * np.exp(-exponent)))

        found = scipy.optimize.minimize(misfit, np.array([0.0, 1.0]), method="Nelder-Mead")
        self.calibration.copy_(torch.from_numpy(found.x))


class _ErrorFit:
    """An `Objective`: log b + e / b over random frames of trajectories."""

    def __init__(
        self,
        examples: EncodedPairs,
        errors: torch.Tensor,
        validation: EncodedPairs,
        judged: torch.Tensor,
        *,
        frames: int,
    ) -> None:
        self.pairs, self.errors, self.frames = examples, errors, frames
        every = max(1, validation.frames // 32)
        self.judged, self.query = judged[:1024, ::every], validation.query[:1024]
        self.time = None if validation.time is None else validation.time[:, ::every]

    @property
    def examples(self) -> int:
        return len(self.pairs)

    def loss(self, module: nn.Module, indices: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        assert isinstance(module, Confidence)
        indices = indices.to(self.errors.device)
        time, error = self.pairs.time, self.errors[indices]
        if time is not None:
            drawn = torch.randint(time.shape[1], (len(indices), self.frames), generator=generator)
            drawn = drawn.to(indices.device)
            time, error = time[0, drawn], error.gather(1, drawn)
        return self._misfit(module, self.pairs.query[indices], time, error)

    def validate(self, module: nn.Module) -> float:
        assert isinstance(module, Confidence)
        return float(self._misfit(module, self.query, self.time, self.judged).exp())

    @staticmethod
    def _misfit(
        module: Confidence, query: torch.Tensor, time: torch.Tensor | None, error: torch.Tensor
    ) -> torch.Tensor:
        dtype = module.typical.dtype
        said = module.logarithm(query.to(dtype), None if time is None else time.to(dtype))
        return (said + error.to(dtype) / module.typical * (-said).exp()).mean()


@torch.no_grad()
def _errors(module: nn.Module, pairs: EncodedPairs, outputs: AffineSpan) -> torch.Tensor:
    """(trajectories, frames) mean absolute error over all outputs, in their own units."""
    dtype = next(module.parameters()).dtype
    time = None if pairs.time is None else pairs.time.to(dtype)
    to_fields = (outputs.deviation[:, None] * outputs.basis * outputs.scale).to(pairs.query.device, dtype)
    parts = []
    for some in torch.arange(len(pairs)).split(max(1, _ROWS // pairs.frames)):
        said, true = module(pairs.query[some].to(dtype), time), pairs.target[some].to(dtype)
        # of logarithms the error does not follow linearly from that of the coordinates
        linear = not outputs.logarithmic
        wrong = (said - true) @ to_fields if linear else outputs.decode(said) - outputs.decode(true)
        parts.append(wrong.abs().mean(dim=-1))
    return torch.cat(parts)
