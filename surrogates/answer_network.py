"""Surrogates that a gradient trains to answer at once, query (and time) to fields: what they share."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..datasets.held_pairs import HeldPairs
from ..datasets.pairs import Pairs
from .affine_span import AffineSpan
from .answering import Anchored, AnsweringSettings, Embedded, Start, start_of
from .blocks.category_embedding import CategoryEmbedding
from .coded_span import CodedSpan
from .confidence import Confidence
from .pair_fit import EncodedPairs, PairFit
from .span_map import SpanMap
from .surrogate import SurrogateError, TrainingRecord
from .training import Objective, TrainingSettings, train

__all__ = ["AnswerNetwork"]


class AnswerNetwork(SpanMap):
    """Inputs -> coordinates -> network -> coordinates -> outputs.

    Inputs and outputs are measured on the training set (`AffineSpan`): what never varies, or follows linearly
    from the rest, is neither shown to the network nor asked of it, and comes back exactly. Time is scaled to
    [-1, 1]. Inputs that are categories are embedded, and what spans decades can be seen by its logarithm; see
    `AnsweringSettings`. What lies outside raises `SurrogateError`: inputs off the span of those it was
    trained on, such as other masses where all were one, codes it has not seen, and times beyond the last
    it has seen. Queries within the span but outside the region that was sampled are answered, badly.

    A subclass gives the network; its `Settings` have the fields `answering` and `training` besides its own.
    """

    shares_times = False
    """Whether an update draws the same times for all its queries, as networks that are cheap in time want."""
    module: Anchored | None = None
    confidence: Confidence | None = None

    @property
    def answering(self) -> AnsweringSettings:
        """The settings of loss, start and confidence."""
        found: AnsweringSettings = self.settings.answering
        return found

    @property
    def training(self) -> TrainingSettings:
        """The settings of the descent; its batch counts trajectories."""
        found: TrainingSettings = self.settings.training
        return found

    @property
    def categories(self) -> tuple[str, ...]:
        """See `SpanMap`."""
        return self.answering.categories

    @property
    def logarithmic(self) -> tuple[str, ...]:
        """See `SpanMap`."""
        return self.answering.logarithmic

    @abstractmethod
    def network(self, *, query: int, outputs: int, timed: bool) -> nn.Module:
        """A new network: (batch, query) and times (batch or 1, m) or None -> (batch, m or 1, outputs)."""

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read all pairs into memory, measure the spans, then descend; see `Surrogate`.

        Raises `SurrogateError` for a set without validation, or of one time only.
        """
        begin = time.perf_counter()
        held, judged = self.measure(examples, validation)
        assert self.answered is not None
        own, kept_back, valid = self._encoded(held, judged)
        del held, judged  # they may be large
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self._build().to(self.device, torch.float32)
        objective = self.fit_of(own, valid)
        prepared = time.perf_counter() - begin
        end = train(
            module,
            objective,
            self.training,
            seed=seed,
            folder=folder,
            identity=self._identity(own),
            progress=progress,
        )
        if self.answering.confidence:
            confidence, seconds = Confidence.learn(
                module,
                kept_back,
                valid,
                outputs=self.answered,
                settings=self.answering,
                seed=seed,
                folder=None if folder is None else folder / "confidence",
                categories=self._sizes,
            )
            self.confidence = confidence.to(self.dtype)
            prepared += seconds
        # the start in full precision again
        self.module = Anchored(module.network, self._start()).to(self.device, self.dtype).eval()
        seen = end.epochs * min(self.answering.frames, own.frames)
        return TrainingRecord(
            seconds=prepared + end.seconds,
            samples=len(examples),
            epochs=-(-seen // own.frames),
            validation_error=end.validation_error,
            finished=end.finished,
        )

    def fit_of(self, examples: EncodedPairs, validation: EncodedPairs) -> Objective:
        """What the descent makes small."""
        assert self.answered is not None
        return PairFit(
            examples,
            validation,
            outputs=self.answered,
            loss=self.answering.loss,
            frames=self.answering.frames,
            shared=self.shares_times,
            small=self.answering.small,
        )

    def objective(self, examples: Pairs, validation: Pairs) -> Objective:
        """See `further_training`: spans and horizon stay those of the first set.

        Raises `SurrogateError` for inputs off the span, for times beyond the horizon, and where errors are
        predicted, too: of what the network has learned since, these know nothing.
        """
        self._ready()
        if self.confidence is not None:
            raise SurrogateError(
                f"this {type(self).__name__} predicts its error, which would be that of before; train one "
                "with answering.confidence off, and train that on"
            )
        own, valid = (
            self.encoded_again(pairs.held(), dtype=self.training.data_dtype)
            for pairs in (examples, validation)
        )
        return self.fit_of(own, valid)

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        module, answered = self._ready()
        parts = [module(query, times).flatten(0, 1) for query, times in self.questions(inputs)]
        return answered.fields(answered.decode(torch.cat(parts)))

    @torch.no_grad()
    def expected_error(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """The mean absolute error over all outputs that is to be expected: inputs by name -> (batch,).

        In the outputs' own units. Learned from trajectories that the network was not trained on, and
        calibrated on the validation split, so right on average over queries like those; of a single answer
        it tells easy from hopeless, not the digits. Raises `SurrogateError` without `confidence`.
        """
        self._ready()
        if self.confidence is None:
            raise SurrogateError(
                f"this {type(self).__name__} was trained without a predicted error; set "
                "answering.confidence and train it again"
            )
        return torch.cat([self.confidence(q, t).flatten() for q, t in self.questions(inputs)])

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        module, answered = self._ready()
        assert self.asked is not None
        found = {f"network.{name}": t for name, t in module.network.state_dict().items()}
        found |= self.asked.tensors("inputs") | answered.tensors("outputs")
        if self.confidence is not None:
            found |= {f"confidence.{name}": t for name, t in self.confidence.state_dict().items()}
        return found

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.restore_spans(tensors)
        assert self.asked is not None
        with torch.random.fork_rng(devices=[]):
            module = self._build().to(self.device, self.dtype)
            if self.answering.confidence:
                self.confidence = Confidence(
                    query=self.asked.coordinates,
                    timed=self.horizon is not None,
                    settings=self.answering,
                    categories=self._sizes,
                ).to(self.device, self.dtype)
        for part, owner in (("network", module.network), ("confidence", self.confidence)):
            if owner is not None:
                own = {k: v for k, v in tensors.items() if k.startswith(f"{part}.")}
                owner.load_state_dict({k.removeprefix(f"{part}."): v for k, v in own.items()})
        self.module = module.eval()

    def _ready(self) -> tuple[Anchored, AffineSpan]:
        if self.module is None or self.answered is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.module, self.answered

    def _build(self) -> Anchored:
        assert self.asked is not None and self.answered is not None
        timed, query, outputs = self.horizon is not None, self.asked.coordinates, self.answered.coordinates
        if not self._sizes:
            return Anchored(self.network(query=query, outputs=outputs, timed=timed), self._start())
        embedding = CategoryEmbedding(
            numbers=query - len(self._sizes), categories=self._sizes, width=self.answering.embedding
        )
        network = self.network(query=embedding.outputs, outputs=outputs, timed=timed)
        return Anchored(Embedded(embedding, network), self._start())

    @property
    def _sizes(self) -> tuple[int, ...]:
        """How many codes each category has."""
        return tuple(len(codes) for codes in self.known.values())

    def _start(self) -> Start | None:
        assert self.asked is not None and self.answered is not None
        numbers = self.asked.span if isinstance(self.asked, CodedSpan) else self.asked
        return start_of(numbers, self.answered, self.answering, timed=self.horizon is not None)

    def _encoded(self, held: HeldPairs, judged: HeldPairs) -> tuple[EncodedPairs, EncodedPairs, EncodedPairs]:
        """For the network, for the predicted error, and for validation."""
        kept_back = 0
        if self.answering.confidence:
            kept_back = min(held.trajectories - 1, round(self.answering.held_out * held.trajectories))
        own, rest = held.parted(held.trajectories - kept_back)
        dtype = self.training.data_dtype
        encoded = [self.encoded(part, dtype=dtype) for part in (own, rest if kept_back else own, judged)]
        return encoded[0], encoded[1], encoded[2]

    def _identity(self, own: EncodedPairs) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        digest = hashlib.sha256()
        for values in (own.query, own.target[:, :: max(1, own.frames // 16)]):
            digest.update(np.ascontiguousarray(values.cpu().numpy()).tobytes())
        shape = list(own.target.shape)
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shape": shape, "horizon": self.horizon, "digest": digest.hexdigest()},
        }
