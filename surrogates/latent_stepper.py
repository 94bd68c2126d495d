"""A latent model: an autoencoder finds few numbers for a state, a network steps those."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from ..datasets.tasks import Trajectories
from .blocks.autoencoder import Autoencoder
from .blocks.perceptron import ACTIVATIONS, Perceptron
from .data_digest import digest_of
from .forecaster import Forecaster, Memory
from .latent_fit import LatentSteps, Reconstruction
from .latent_frames import LatentFrames
from .surrogate import SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["LatentStepper"]


class LatentStepper(Forecaster):
    """state -> code -> code one interval on -> ... -> state.

    Where a chaotic field lives on a surface of few dimensions, as many numbers hold all of it, and stepping
    those is cheap. The state is encoded once, at the start; a forecast stays in the code. On a periodic line
    the field is moved to phase zero first, and the network says how the phase goes on: what it learns in one
    place holds everywhere.

    It fails where `latent` is smaller than that surface's dimension; where the first Fourier mode passes
    through zero, for there the phase jumps, and where the equation itself knows places, as a forcing does
    (set `aligned` to False for either). A state off the span of the training states raises `SurrogateError`.

    Reference: Linot & Graham, Phys. Rev. E 101 (2020) 062209 (arXiv:2001.04263).
    """

    @dataclass(frozen=True)
    class Settings:
        """Sizes of both networks, and how each learns.

        Attributes:
            latent: numbers of a code; the phase comes on top.
            hidden: widths of the encoder's hidden layers, in reverse those of the decoder; empty for a linear
                one, which stays at the principal components.
            stepping: widths of the map's hidden layers.
            aligned: whether translations are told apart; None: wherever the grid is one periodic axis and the
                state one field.
            activation: in all of them.
            unroll: steps in the map's loss.
            input_noise: white noise on its first code, in units of the codes' deviations.
            reduction: the autoencoder's descent.
            training: the map's descent.
        """

        latent: int = 8
        hidden: tuple[int, ...] = (256, 128)
        stepping: tuple[int, ...] = (128, 128)
        aligned: bool | None = None
        activation: Literal["relu", "gelu", "silu", "tanh"] = "gelu"
        unroll: int = 2
        input_noise: float = 1e-4
        reduction: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=6_000, batch=256, learning_rate=3e-3
        )
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=6_000, batch=256, learning_rate=3e-3
        )

        def __post_init__(self) -> None:
            if self.latent < 1 or self.unroll < 1 or self.input_noise < 0:
                raise SurrogateError(
                    "latent and unroll must be at least 1 and input_noise at least 0, got "
                    f"{self.latent}, {self.unroll} and {self.input_noise}"
                )
            if self.activation not in ACTIVATIONS or min((*self.hidden, *self.stepping), default=1) < 1:
                raise SurrogateError(
                    f"the activation must be one of {sorted(ACTIVATIONS)} and widths at least 1, got "
                    f"{self.activation!r}, {self.hidden} and {self.stepping}"
                )

    settings: Settings
    frames: LatentFrames | None = None
    autoencoder: Autoencoder | None = None
    module: _Map | None = None

    def fit(
        self,
        examples: Trajectories,
        validation: Trajectories,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """The autoencoder first, then the map between its codes; see `Surrogate`.

        Raises `SurrogateError` where the frames have fewer principal components than `latent`.
        """
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        if examples.frames <= self.settings.unroll or validation.frames < 2:
            raise SurrogateError(
                f"trajectories need more than {self.settings.unroll} frames, and 2 in validation; got "
                f"{examples.frames} and {validation.frames}: generate longer ones, or lower unroll"
            )
        self.interval, self.frame_shape = examples.interval, tuple(examples.frame_shape)
        self.frames = LatentFrames.measure(examples, align=self.settings.aligned)
        if self.settings.latent > self.frames.coordinates:
            raise SurrogateError(
                f"these frames have {self.frames.coordinates} principal components, fewer than latent "
                f"({self.settings.latent}); lower it"
            )
        # the blocks draw from torch's global generator; it is put back as it was
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            autoencoder = self._autoencoder().to(self.device, torch.float32)
            steps = self._map(torch.ones(self.settings.latent), torch.ones(self.settings.latent + 1))
        own, judged = (self._encoded(part) for part in (examples, validation))
        identity = self._identity(examples)
        prepared = time.perf_counter() - begin
        reconstruction = Reconstruction(own[0].flatten(0, 1), judged[0].flatten(0, 1))
        begun = copy.deepcopy(autoencoder.state_dict())
        with torch.no_grad():
            before = reconstruction.validate(autoencoder)
        first = train(
            autoencoder,
            reconstruction,
            self.settings.reduction,
            seed=seed,
            folder=None if folder is None else folder / "autoencoder",
            identity=identity,
            progress=progress,
        )
        begin = time.perf_counter()
        if before < first.validation_error:  # the components, at which it began, are better
            autoencoder.load_state_dict(begun)
        lost = min(before, first.validation_error)
        self.autoencoder = autoencoder.double().eval()
        codes = [self._codes(*part) for part in (own, judged)]
        sizes = codes[0][..., :-1].flatten(0, 1).std(dim=0).clamp(min=1e-12)
        scaled = [torch.cat([c[..., :-1] / sizes, c[..., -1:]], dim=-1) for c in codes]
        scale = scaled[0].diff(dim=1).flatten(0, 1).square().mean(dim=0).sqrt()
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        steps.sizes.copy_(sizes)
        steps.scale.copy_(scale)
        objective = LatentSteps(
            *scaled, scale=scale, unroll=self.settings.unroll, noise=self.settings.input_noise
        )
        prepared += time.perf_counter() - begin
        second = train(
            steps.to(self.device, torch.float32),
            objective,
            self.settings.training,
            seed=seed,
            # of other codes, as of an autoencoder that was trained on, it is another map
            folder=None if folder is None else folder / f"map-{digest_of(scale)[:12]}",
            identity={**identity, "codes": scale.tolist()},
            progress=progress,
        )
        steps.sizes, steps.scale = sizes, scale  # in full precision again
        self.autoencoder = autoencoder.to(self.dtype)
        self.module = steps.to(self.device, self.dtype).eval()
        begin = time.perf_counter()
        error = self._one_step_error(validation)
        return TrainingRecord(
            seconds=prepared + first.seconds + second.seconds + time.perf_counter() - begin,
            samples=len(examples) * examples.frames,
            epochs=first.epochs + second.epochs,
            validation_error=error,
            finished=first.finished and second.finished,
            note=f"error of reconstruction alone, before any step: {lost:.1e}",
        )

    @torch.no_grad()
    def step(self, state: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """See `Forecaster`; the memory is the code, from the first step on."""
        frames, autoencoder, module = self._ready()
        if tuple(state.shape[1:]) != self.frame_shape:
            raise SurrogateError(
                f"{type(self).__name__} was trained on frames (channels, *grid) of {self.frame_shape}, "
                f"got {tuple(state.shape[1:])}"
            )
        if memory is None:
            frames.refuse_strange(state)
            coordinates, phase = frames.encode(state)
            memory = torch.cat([autoencoder.encode(coordinates) / module.sizes, phase[:, None]], dim=1)
        memory = module(memory)
        coordinates = autoencoder.decode(memory[:, :-1] * module.sizes)
        return frames.decode(coordinates, memory[:, -1]), memory

    @torch.no_grad()
    def reconstructed(self, states: torch.Tensor) -> torch.Tensor:
        """States (batch, channels, *grid) through the code and back: what a forecast can be at best."""
        frames, autoencoder, _ = self._ready()
        coordinates, phase = frames.encode(states)
        return frames.decode(autoencoder(coordinates), phase)

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Forecaster`."""
        frames, autoencoder, module = self._ready()
        found = {f"autoencoder.{name}": t for name, t in autoencoder.state_dict().items()}
        return found | {f"map.{name}": t for name, t in module.state_dict().items()} | frames.tensors()

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Forecaster`."""
        assert self.frame_shape is not None
        self.frames = LatentFrames.from_tensors(tensors, self.frame_shape)
        parts: dict[str, dict[str, torch.Tensor]] = {"autoencoder": {}, "map": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            if part in parts:
                parts[part][rest] = tensor
        with torch.random.fork_rng(devices=[]):
            autoencoder = self._autoencoder().to(self.device, self.dtype)
            module = self._map(parts["map"]["sizes"], parts["map"]["scale"]).to(self.device, self.dtype)
        autoencoder.load_state_dict(parts["autoencoder"])
        module.load_state_dict(parts["map"])
        self.autoencoder, self.module = autoencoder.eval(), module.eval()

    def _autoencoder(self) -> Autoencoder:
        assert self.frames is not None
        chosen = self.settings
        return Autoencoder(
            features=self.frames.coordinates,
            latent=chosen.latent,
            hidden=chosen.hidden,
            activation=chosen.activation,
        )

    def _map(self, sizes: torch.Tensor, scale: torch.Tensor) -> _Map:
        return _Map(sizes, scale, hidden=self.settings.stepping, activation=self.settings.activation)

    def _encoded(self, examples: Trajectories) -> tuple[torch.Tensor, torch.Tensor]:
        """(trajectories, frames, coordinates) and phases that do not jump, (trajectories, frames)."""
        assert self.frames is not None
        parts = [self.frames.encode(torch.from_numpy(examples[i])) for i in range(len(examples))]
        coordinates, phases = (torch.stack(part).to(self.device) for part in zip(*parts, strict=True))
        turns = phases.diff(dim=1)
        turns = turns - 2 * math.pi * (turns / (2 * math.pi)).round()
        return coordinates, torch.cat([phases[:, :1], phases[:, :1] + turns.cumsum(dim=1)], dim=1)

    @torch.no_grad()
    def _codes(self, coordinates: torch.Tensor, phases: torch.Tensor) -> torch.Tensor:
        """(trajectories, frames, latent + 1), phase last."""
        assert self.autoencoder is not None
        codes = torch.stack([self.autoencoder.encode(part) for part in coordinates])
        return torch.cat([codes, phases[..., None]], dim=-1)

    def _one_step_error(self, validation: Trajectories) -> float:
        """Relative root mean square error of one step, encoding and decoding included."""
        wrong = total = 0.0
        for i in range(len(validation)):
            states = torch.from_numpy(validation[i]).to(self.device, self.dtype)
            wrong += float((self.step(states[:-1], None)[0] - states[1:]).double().square().sum())
            total += float(states[1:].double().square().sum())
        return math.sqrt(wrong / total) if total else math.nan

    def _ready(self) -> tuple[LatentFrames, Autoencoder, _Map]:
        if self.frames is None or self.autoencoder is None or self.module is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.frames, self.autoencoder, self.module

    def _identity(self, examples: Trajectories) -> dict[str, Any]:
        """What tells this training from others: the model's settings, and what was measured on the data."""
        assert self.frames is not None
        own = dataclasses.asdict(self.settings)
        data = {"interval": self.interval, "trajectories": len(examples), "frames": examples.frames}
        return {
            "surrogate": type(self).__name__,
            "settings": {k: v for k, v in own.items() if k not in ("training", "reduction")},
            "data": {**data, "deviation": self.frames.span.deviation.tolist()},
        }


class _Map(nn.Module):
    """Codes in units of `sizes`, and the phase: c -> c + scale * network(c); a new one changes nothing.

    The phase goes on by what the network says of the code; it says nothing itself.
    """

    sizes: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, sizes: torch.Tensor, scale: torch.Tensor, *, hidden: tuple[int, ...], activation: str
    ) -> None:
        super().__init__()
        latent = len(sizes)
        self.network = Perceptron(inputs=latent, hidden=hidden, outputs=latent + 1, activation=activation)
        self.register_buffer("sizes", sizes.clone())
        self.register_buffer("scale", scale.clone())

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """(batch, latent + 1) -> the same"""
        return codes + self.scale * self.network(codes[:, :-1])
