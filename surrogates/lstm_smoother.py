"""A recurrent network that rebuilds a window, reading it forwards and backwards."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..datasets.observations import Observations
from .blocks.patchwise_lstm import PatchwiseLSTM
from .data_digest import digest_of
from .rebuilder import Rebuilder, Windows, on_a_line
from .rebuilding_fit import RebuildingFit, channels_of
from .ridge import NormalEquations
from .surrogate import SurrogateError, TrainingRecord
from .training import Trained, TrainingSettings, train

__all__ = ["LSTMSmoother"]

RIDGE = 1e-6
"""Of the linear reading, for each example and unit of variance."""


class LSTMSmoother(Rebuilder):
    """Frame by frame what was seen and where -> the frames: a linear reading, and what the network adds.

    With two directions each answer knows the whole window, as a smoother does, with one only the frames up to
    its own, as a filter does. On a linear system with normal noise it comes near the Kalman smoother, and
    does not pass it; where the system is not linear it can.

    On a periodic line the same small network runs at every patch of neighbouring points (see
    `PatchwiseLSTM`): it learns from each place for all others. Elsewhere one network sees whole frames, and
    must learn every place anew. It has learned one share of known values and one noise; with others it still
    answers, worse than one that has learned those.

    References: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; Schuster & Paliwal 1997,
    doi:10.1109/78.650093.
    """

    precision = "float32"

    @dataclass(frozen=True)
    class Settings:
        """The network's size, and how it learns.

        Attributes:
            directions: 2 for a smoother, 1 for a filter.
            width: hidden numbers of each direction and layer.
            layers: one upon the other; from the second on neighbouring patches hear of each other.
            local: whether the line is cut into patches; None: wherever the grid is one periodic axis that
                `patch` cuts into at least three.
            patch: points that one network answers.
            reach: more that it sees on either side.
            training: optimiser, steps, schedule; its batch counts windows.
        """

        directions: int = 2
        width: int = 48
        layers: int = 2
        local: bool | None = None
        patch: int = 4
        reach: int = 6
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=3_000, batch=32, learning_rate=3e-3, clip=1.0, check_every=250
        )

        def __post_init__(self) -> None:
            least = {"width": 1, "layers": 1, "patch": 1, "reach": 0}
            for name, bound in least.items():
                if getattr(self, name) < bound:
                    raise SurrogateError(f"{name} must be at least {bound}, got {getattr(self, name)}")
            if self.directions not in (1, 2):
                raise SurrogateError(f"directions must be 1 or 2, got {self.directions}")

    settings: Settings
    local: bool = False
    module: PatchwiseLSTM | None = None
    mean: torch.Tensor
    deviation: torch.Tensor
    """(points,) and () of the training frames; patches have one mean for all points."""

    def fit(
        self,
        examples: Observations,
        validation: Observations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """See `Rebuilder`. Raises `SurrogateError` where patches are wanted and do not fit the line."""
        wanted, patch = self.settings.local, self.settings.patch
        self.local = on_a_line(examples, wanted=wanted, setting="local")
        points = math.prod(examples.output_shapes[examples.field][1:])
        fits = points % patch == 0 and points >= 3 * patch and self.settings.reach <= points
        if wanted and not fits:
            raise SurrogateError(
                f"patches of {patch} points that see {self.settings.reach} more do not cut a line of "
                f"{points} into three or more equal parts; change patch or reach, or set local to None"
            )
        self.local = self.local and fits
        return super().fit(examples, validation, seed=seed, folder=folder, progress=progress)

    def learn(
        self, own: Windows, judged: Windows, *, seed: int, folder: Path | None, progress: bool
    ) -> Trained | None:
        """See `Rebuilder`: the linear reading in closed form, then the descent."""
        begin = time.perf_counter()
        frames = own.true.flatten(0, 1).double()
        mean = frames.mean().expand(frames.shape[1]) if self.local else frames.mean(dim=0)
        deviation = (frames - mean).square().mean().sqrt()
        if not deviation > 0:
            raise SurrogateError("all training frames are alike, so there is nothing to rebuild")
        self.mean, self.deviation = mean.clone(), deviation
        # the network draws from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            module = self._build()
        self._read(module, own)
        objective = RebuildingFit(own, judged, mean=mean, deviation=deviation, device=self.device)
        prepared = time.perf_counter() - begin
        trained = train(
            module.to(self.device, torch.float32),
            objective,
            self.settings.training,
            seed=seed,
            folder=folder,
            identity=self._identity(own, judged),
            progress=progress,
        )
        self._take(module, mean, deviation)
        return dataclasses.replace(trained, seconds=prepared + trained.seconds)

    def rebuild(self, seen: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """See `Rebuilder`."""
        assert self.module is not None
        answer = self.module(channels_of(seen, known, mean=self.mean, deviation=self.deviation))
        whole: torch.Tensor = answer * self.deviation + self.mean
        return whole

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        assert self.module is not None
        found = {f"network.{name}": tensor for name, tensor in self.module.state_dict().items()}
        return {**found, "mean": self.mean, "deviation": self.deviation}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        with torch.random.fork_rng(devices=[]):
            module = self._build()
        own = {k.removeprefix("network."): v for k, v in tensors.items() if k.startswith("network.")}
        module.to(self.dtype).load_state_dict(own)
        self._take(module, tensors["mean"], tensors["deviation"])

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`."""
        return {**super().noted(), "local": self.local}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.local = noted["local"]

    def _build(self) -> PatchwiseLSTM:
        chosen, points = self.settings, math.prod(self.grid)
        return PatchwiseLSTM(
            points=points,
            channels=2,
            patch=chosen.patch if self.local else points,
            reach=chosen.reach if self.local else 0,
            width=chosen.width,
            layers=chosen.layers,
            directions=chosen.directions,
        )

    def _take(self, module: PatchwiseLSTM, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        """Ready to answer."""
        self.module = module.to(self.device, self.dtype).eval()
        self.mean, self.deviation = (part.to(self.device, self.dtype) for part in (mean, deviation))

    def _read(self, module: PatchwiseLSTM, own: Windows) -> None:
        """Set the network's linear reading to the best there is, of each frame by itself."""
        outputs = module.reading.out_features
        equations = NormalEquations(module.inputs + 1, outputs)
        for first in range(0, len(own), 64):
            some = slice(first, first + 64)
            seen, known, true = (part[some].double() for part in (own.seen, own.known, own.true))
            inputs = module.seen(channels_of(seen, known, mean=self.mean, deviation=self.deviation))
            rows = inputs.flatten(0, 2).numpy()
            wanted = ((true - self.mean) / self.deviation).reshape(-1, outputs).numpy()
            equations.add(np.concatenate([rows, np.ones((len(rows), 1))], axis=1), wanted)
        weights = torch.from_numpy(equations.solve(RIDGE * equations.samples))
        with torch.no_grad():
            module.reading.weight.copy_(weights[:-1].T)
            module.reading.bias.copy_(weights[-1])

    def _identity(self, own: Windows, judged: Windows) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and a digest of the data."""
        settings = {k: v for k, v in dataclasses.asdict(self.settings).items() if k != "training"}
        digest = digest_of(*(part for w in (own, judged) for part in (w.seen, w.known, w.true)))
        return {
            "surrogate": type(self).__name__,
            "settings": settings,
            "data": {"shape": list(own.true.shape), "local": self.local, "digest": digest},
        }
