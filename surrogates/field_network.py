"""Surrogates that a gradient trains to map fields on a grid to other fields on it: what they share."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from torch import nn

from ..datasets.pairs import Pairs
from ..datasets.room import size_in_words
from .field_fit import FieldFit
from .field_scaling import Encoded, FieldScaling
from .field_settings import FieldSettings
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["FieldNetwork"]

SOME = 64
"""Queries that are answered at once."""


class FieldNetwork(Surrogate):
    """Fields and numbers of a query -> channels of an image -> network -> fields of the answer.

    Inputs are normalised; numbers become even channels, and two more tell each point where it is, if the
    settings say so. Of each output field the network learns what it has beyond its mean over the training
    set, point by point, unless they say otherwise; an output that is a number is the mean of a channel. Pairs
    that are timed, fields on several grids, and more pairs than memory holds as channels raise
    `SurrogateError`; more than it holds as they are, `DatasetError`.

    A subclass gives the network; its `Settings` have the fields `fields` and `training` besides its own.
    """

    scaling: FieldScaling | None = None
    module: nn.Module | None = None

    @property
    def fields(self) -> FieldSettings:
        """The settings of the loss and the channels."""
        found: FieldSettings = self.settings.fields
        return found

    @property
    def training(self) -> TrainingSettings:
        """The settings of the descent."""
        found: TrainingSettings = self.settings.training
        return found

    @abstractmethod
    def network(self, *, inputs: int, outputs: int, grid: tuple[int, int]) -> nn.Module:
        """A new network (batch, inputs, rows, columns) -> (batch, outputs, rows, columns), on normalised
        fields.
        """

    def fit(
        self,
        examples: Pairs,
        validation: Pairs,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read all pairs into memory, measure the scaling, then descend; see `Surrogate`."""
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        if examples.timed:
            raise SurrogateError(f"{type(self).__name__} learns steady fields; pose the task as Direct")
        self.input_shapes, self.output_shapes = examples.input_shapes, examples.output_shapes
        held, judged = (pairs.held(dtype="float32") for pairs in (examples, validation))
        self.scaling = FieldScaling.measure(held, self.fields)
        self._refuse_what_does_not_fit(len(examples) + len(validation))
        own, valid = (self.scaling.encoded(pairs, device=self.device) for pairs in (held, judged))
        del held, judged
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self._build().to(self.device, torch.float32)
        objective = FieldFit(own, valid, scaling=self.scaling)
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
        self.module = module.to(self.dtype).eval()
        self.scaling = self.scaling.to(self.device, self.dtype)
        return TrainingRecord(
            seconds=prepared + end.seconds,
            samples=len(examples),
            epochs=end.epochs,
            validation_error=end.validation_error,
            finished=end.finished,
        )

    def objective(self, examples: Pairs, validation: Pairs) -> FieldFit:
        """See `further_training`: means and scales stay those of the first set."""
        _, scaling = self._ready()
        self._refuse_what_does_not_fit(len(examples) + len(validation))
        own, valid = (
            scaling.encoded(pairs.held(dtype="float32"), device=self.device)
            for pairs in (examples, validation)
        )
        return FieldFit(own, valid, scaling=scaling)

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        module, scaling = self._ready()
        channels = scaling.channels(inputs)
        parts = [module(channels[first : first + SOME]) for first in range(0, len(channels), SOME)]
        return scaling.named(torch.cat(parts))

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        module, scaling = self._ready()
        found = {f"network.{name}": tensor for name, tensor in module.state_dict().items()}
        return found | scaling.tensors()

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        assert self.input_shapes is not None and self.output_shapes is not None
        self.scaling = FieldScaling.restored(tensors, self.fields, self.input_shapes, self.output_shapes)
        with torch.random.fork_rng(devices=[]):
            module = self._build().to(self.device, self.dtype)
        own = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.load_state_dict(own)
        self.scaling, self.module = self.scaling.to(self.device, self.dtype), module.eval()

    def _refuse_what_does_not_fit(self, pairs: int) -> None:
        assert self.scaling is not None
        needed = self.scaling.bytes_encoded(pairs)
        on_card = self.device.type == "cuda"
        free = torch.cuda.mem_get_info(self.device)[0] if on_card else psutil.virtual_memory().available
        if needed > free:
            raise SurrogateError(
                f"{pairs:,} pairs take {size_in_words(needed)} as the network sees them, and "
                f"{size_in_words(free)} are free; choose fewer edge scales or outputs, no images, a smaller "
                "set, or a machine with more memory"
            )

    def _ready(self) -> tuple[nn.Module, FieldScaling]:
        if self.module is None or self.scaling is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.module, self.scaling

    def _build(self) -> nn.Module:
        assert self.scaling is not None
        return self.network(inputs=self.scaling.inputs, outputs=self.scaling.outputs, grid=self.scaling.grid)

    def _identity(self, own: Encoded) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        digest = hashlib.sha256()
        for values in own.parts:
            digest.update(np.ascontiguousarray(values[:: max(1, len(values) // 64)].cpu().numpy()).tobytes())
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shape": list(own.fields.shape), "digest": digest.hexdigest()},
        }
