"""Translation by one encoder and two decoders: what it is with pairs and without."""

from __future__ import annotations

import dataclasses
import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .alignment import GIVEN_KIND, WANTED_KIND, Alignment, How, Kinds
from .blocks.perceptron import ACTIVATIONS
from .blocks.shared_encoder import SharedEncoder
from .gaussian_transport import refuse_wrong_alignment
from .surrogate import SurrogateError
from .training import Objective, Trained, TrainingSettings, train
from .translation_fit import Aligned
from .translator import Translator

__all__ = ["EncoderSettings", "SharedTranslation"]


@dataclass(frozen=True)
class EncoderSettings:
    """What the encoder sees, and how large it is.

    Attributes:
        components: principal components of both regimes together.
        how: by what these are made to agree; see `Alignment`. A new network translates as that does.
        hidden: widths of the encoder and of each decoder.
        activation: see `Perceptron`.
    """

    components: int = 32
    how: How = "transport"
    hidden: tuple[int, ...] = (96, 96)
    activation: str = "gelu"

    def __post_init__(self) -> None:
        refuse_wrong_alignment(self.components, self.how)
        if min(self.hidden, default=1) < 1 or self.activation not in ACTIVATIONS:
            raise SurrogateError(
                f"hidden must be widths of at least 1 and activation one of {sorted(ACTIVATIONS)}, got "
                f"{self.hidden} and {self.activation!r}"
            )


class SharedTranslation(Translator):
    """An alignment in closed form, and what a shared encoder and two decoders make of it.

    A subclass has `Settings` with the fields `encoder` and `training`, and gives the objective.
    """

    alignment: Alignment | None = None
    module: SharedEncoder | None = None

    @abstractmethod
    def fit_of(self, own: Aligned, judged: Aligned) -> Objective:
        """What the network is to make small."""

    def learn(
        self, own: Kinds, judged: Kinds, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """Align, then descend. Where held-out fields show no gain by that, the alignment is kept as it is."""
        chosen: EncoderSettings = self.settings.encoder
        training: TrainingSettings = self.settings.training
        measured = Alignment.measure(own, components=chosen.components, how=chosen.how)
        aligned = [self._aligned(measured, part, own, training.data_dtype) for part in (own, judged)]
        objective = self.fit_of(*aligned)
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = self._build(measured.components).to(self.device, torch.float32)
        begun = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        with torch.no_grad():
            before = objective.validate(module)
        trained = train(
            module,
            objective,
            training,
            seed=seed,
            folder=folder,
            identity=self._identity(aligned[0]),
            progress=progress,
        )
        if trained.validation_error >= before:
            module.load_state_dict(begun)
        self.alignment = measured.to(self.device, self.dtype)
        self.module = module.to(self.dtype).eval()
        return trained

    def translated(self, given: torch.Tensor) -> torch.Tensor:
        """See `Translator`."""
        assert self.alignment is not None
        assert self.module is not None
        numbers = self.alignment.numbers(given, GIVEN_KIND)
        return self.alignment.translated(given, self.module(numbers, WANTED_KIND))

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        if self.alignment is None or self.module is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return {f"network.{k}": v for k, v in self.module.state_dict().items()} | self.alignment.tensors()

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.alignment = Alignment.from_tensors(tensors).to(self.device, self.dtype)
        with torch.random.fork_rng(devices=[]):
            module = self._build(self.alignment.components).to(self.device, self.dtype)
        own = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.load_state_dict(own)
        self.module = module.eval()

    def _build(self, numbers: int) -> SharedEncoder:
        chosen: EncoderSettings = self.settings.encoder
        return SharedEncoder(numbers=numbers, hidden=chosen.hidden, activation=chosen.activation)

    def _aligned(self, by: Alignment, kinds: Kinds, own: Kinds, dtype: torch.dtype) -> Aligned:
        """Numbers of both kinds, and their units: those of the fields that are learned from."""
        numbers = [by.numbers(kinds.given, GIVEN_KIND), by.numbers(kinds.wanted, WANTED_KIND)]
        inside = by.numbers(own.wanted, WANTED_KIND) @ by.decodings[WANTED_KIND]
        size = inside.square().sum(dim=1).mean().sqrt()
        given, wanted = (part.to(self.device, dtype) for part in numbers)
        return Aligned((given, wanted), (by.decodings / size).to(self.device, dtype))

    def _identity(self, own: Aligned) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        digest = hashlib.sha256()
        for part in own.numbers:
            digest.update(part.contiguous().cpu().numpy().tobytes())
        shapes = [list(part.shape) for part in own.numbers]
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shapes": shapes, "digest": digest.hexdigest()},
        }
