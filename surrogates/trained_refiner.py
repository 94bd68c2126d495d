"""Refiners that a gradient trains: what super-resolution and diffusion share."""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..datasets.observations import Observations
from .blocks.mode_filter import ModeFilter, soft_filter
from .data_digest import digest_of
from .refinement_scaling import EncodedViews, RefinementScaling
from .refiner import Refiner
from .surrogate import SurrogateError, TrainingRecord
from .training import Objective, TrainingSettings, train

__all__ = ["TrainedRefiner"]


class TrainedRefiner(Refiner):
    """Fourier interpolation, and what a network adds to it in waves that the coarse grid does not see.

    It is kept out of waves that the fields hardly have: what it says is halved in a wave whose amplitude, in
    what the interpolation lacks, is `filter_floor` of the largest.

    A subclass gives the network and its objective; its `Settings` have `training` and `filter_floor` besides
    its own.
    """

    scaling: RefinementScaling | None = None
    passed: torch.Tensor | None = None
    """See `ModeFilter`."""
    module: nn.Module | None = None

    @property
    def training(self) -> TrainingSettings:
        """The settings of the descent."""
        found: TrainingSettings = self.settings.training
        return found

    @abstractmethod
    def build(self) -> nn.Module:
        """A new network, for the shapes that were noted."""

    @abstractmethod
    def fit_of(self, own: EncodedViews, judged: EncodedViews) -> Objective:
        """What the network is to make small."""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Read all windows into memory, measure the scaling, then descend; see `Surrogate`."""
        begin = time.perf_counter()
        views = self.read(examples, validation, dtype=self.training.data_dtype)
        self.scaling = RefinementScaling.measure(views[0])
        own, judged = (self.scaling.encoded(part, device=self.device) for part in views)
        dimensions, floor = own.dimensions, self.settings.filter_floor
        # rounded as the network has it while it learns
        self.passed = soft_filter(own.lacking, dimensions=dimensions, floor=floor).float().double().cpu()
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self.build().to(self.device, torch.float32)
            objective = self.fit_of(own, judged)
        identity = self._identity(own, judged)
        prepared = time.perf_counter() - begin
        end = train(
            module,
            objective,
            self.training,
            seed=seed,
            folder=folder,
            identity=identity,
            progress=progress,
        )
        self.module = module.to(self.dtype).eval()
        return TrainingRecord(
            seconds=prepared + end.seconds,
            samples=len(examples),
            epochs=end.epochs,
            validation_error=end.validation_error,
            finished=end.finished,
        )

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        module, scaling = self.ready()
        assert self.passed is not None
        own = {f"network.{k}": v for k, v in module.state_dict().items()}
        return own | scaling.tensors() | {"filter": self.passed}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.scaling = RefinementScaling.from_tensors(tensors)
        self.passed = tensors["filter"].cpu()
        with torch.random.fork_rng(devices=[]):
            module = self.build().to(self.device, self.dtype)
        own = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.load_state_dict(own)
        self.module = module.eval()

    def new_filter(self) -> ModeFilter:
        """What a network's answers pass."""
        assert self.passed is not None
        return ModeFilter(self.passed, grid=self.grid)

    def ready(self) -> tuple[nn.Module, RefinementScaling]:
        """Network and scaling; `SurrogateError` where nothing was learned yet."""
        if self.module is None or self.scaling is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.module, self.scaling

    def _identity(self, own: EncodedViews, judged: EncodedViews) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        digest = digest_of(*(part for views in (own, judged) for part in (views.shown, views.lacking)))
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shape": list(own.shown.shape), "digest": digest},
        }
