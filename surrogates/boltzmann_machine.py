"""A restricted Boltzmann machine in a sampler's place: it draws configurations under a condition."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from ..datasets.configurations import Configurations
from .blocks.restricted_boltzmann_machine import RestrictedBoltzmannMachine
from .boltzmann_fit import BoltzmannFit, Drawn
from .copies import copied
from .surrogate import Surrogate, SurrogateError, TrainingRecord
from .training import TrainingSettings, train

__all__ = ["BoltzmannMachine"]


class BoltzmannMachine(Surrogate):
    """Learns how configurations of +1 and -1 are distributed, and draws new ones, at any condition asked for.

    One machine serves all conditions: its weights are polynomials in the condition. It learns by persistent
    contrastive divergence, is told no energy, and draws by block Gibbs sampling, from chains that training
    left at the nearest condition and that first run on for a while. A query's draws depend on its seed alone.

    What is observed of the draws has the error of the machine and that of their number. Draws that follow one
    another are alike, and the more so the stronger the weights: where the data themselves are slow to
    sample, so is the machine. Modes that no chain has reached are missing. Beyond the conditions that were
    learned from its polynomials go astray, and soon.

    References: Hinton 2002, doi:10.1162/089976602760128018; Tieleman 2008, doi:10.1145/1390156.1390290;
    Torlai & Melko 2016 (arXiv:1606.02718), with a machine for each temperature.
    """

    @dataclass(frozen=True)
    class Settings:
        """The machine, how it draws, and the training.

        Attributes:
            hidden: units; where weights are shared channels, with a unit at every place.
            shared: weights are the same at all places of the grid, which must be periodic.
            degree: of the polynomials.
            reciprocal: polynomials in the reciprocal of the condition, as for a temperature, which must be
                positive.
            biased: False for machines that like a configuration as much as its negative.
            scale: standard deviation of the first weights.
            chains: at each condition; an update sees as many configurations of the data.
            moves: steps of the chains for an update.
            draws: configurations in an answer.
            warm_up: steps of the chains before the first draw.
            training: optimiser, steps, schedule; a batch is of conditions.
        """

        hidden: int = 64
        shared: bool = False
        degree: int = 2
        reciprocal: bool = False
        biased: bool = True
        scale: float = 0.05
        chains: int = 128
        moves: int = 1
        draws: int = 8192
        warm_up: int = 20
        training: TrainingSettings = TrainingSettings(  # noqa: RUF009 (frozen)
            steps=2_000, batch=16, optimiser="adam", learning_rate=3e-3, check_every=200
        )

        def __post_init__(self) -> None:
            for name in ("hidden", "chains", "moves", "draws"):
                if getattr(self, name) < 1:
                    raise SurrogateError(f"{name} must be at least 1, got {getattr(self, name)}")
            if self.degree < 0 or self.warm_up < 0 or not self.scale > 0:
                raise SurrogateError(
                    "degree and warm_up must be at least 0 and scale positive, got "
                    f"{self.degree}, {self.warm_up} and {self.scale}"
                )

    learns: ClassVar[type] = Configurations
    settings: Settings
    machine: RestrictedBoltzmannMachine | None = None
    condition = seed = drawn = ""
    """Names of what it is asked, and of what it draws."""
    conditions: torch.Tensor | None = None
    """(conditions,) as they were learned from."""
    chains: torch.Tensor | None = None
    """(conditions, chains, units), where training left them."""

    def fit(
        self,
        examples: Configurations,
        validation: Configurations,
        *,
        seed: int,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TrainingRecord:
        """Descend beside the chains.

        Raises `SurrogateError` for configurations of anything but +1 and -1, and for conditions that are not
        positive where their reciprocals are wanted.
        """
        begin = time.perf_counter()
        self.refuse_without_both(examples, validation)
        (self.drawn, shape), *_ = examples.output_shapes.items()
        self.condition, self.seed = examples.condition, examples.seed
        self.input_shapes = dict(examples.input_shapes)
        self.output_shapes = {self.drawn: (self.settings.draws, *shape[1:])}
        own, judged = self._read(examples), self._read(validation)
        self.conditions = own.condition
        self.machine = self._build(torch.Generator().manual_seed(seed))
        fit = BoltzmannFit(
            Drawn(self._scaled(own.condition), own.copies),
            Drawn(self._scaled(judged.condition), judged.copies),
            chains=self.settings.chains,
            moves=self.settings.moves,
        )
        prepared = time.perf_counter() - begin
        identity = {"settings": repr(replace(self.settings, training=TrainingSettings())), "shape": shape}
        trained = train(
            self.machine,
            fit,
            self.settings.training,
            seed=seed,
            folder=folder,
            identity=identity,
            progress=progress,
        )
        self.machine, self.chains = self.machine.to(self.dtype).requires_grad_(False), fit.chains
        return TrainingRecord(
            prepared + trained.seconds,
            len(examples),
            trained.epochs,
            trained.validation_error,
            trained.finished,
        )

    @torch.no_grad()
    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """See `Surrogate`: (batch,) conditions and seeds -> (batch, draws, *grid) of +1 and -1."""
        machine, conditions, chains = self._ready()
        asked = inputs[self.condition].to(self.device, torch.float64)
        if self.settings.reciprocal:
            _refuse_not_positive(asked, self.condition)
        shape = (self.output_shapes or {})[self.drawn]
        rounds = math.ceil(self.settings.draws / chains.shape[1])
        answers = []
        for condition, seed in zip(asked, inputs[self.seed].tolist(), strict=True):
            generator = torch.Generator().manual_seed(int(seed))
            weights = machine.at(self._scaled(condition).to(self.dtype))
            nearest = (conditions - condition).abs().argmin()
            v = weights.gibbs(chains[nearest].to(self.dtype), self.settings.warm_up, generator)
            parts = [v := weights.gibbs(v, 1, generator) for _ in range(rounds)]
            answers.append(torch.cat(parts)[: self.settings.draws].reshape(shape))
        return {self.drawn: torch.stack(answers)}

    def drawing(self, draws: int) -> BoltzmannMachine:
        """The same machine, whose answers have so many draws."""
        other = copied(self)
        other.settings = replace(self.settings, draws=draws)
        assert other.output_shapes is not None
        other.output_shapes = {self.drawn: (draws, *other.output_shapes[self.drawn][1:])}
        return other

    def networks(self) -> dict[str, nn.Module]:
        """None: its weights are put together anew for each condition, so there are no layers to lower."""
        return {}

    @property
    def parameters_count(self) -> int:
        """Learned numbers; the chains that are kept are draws."""
        return sum(p.numel() for p in self._ready()[0].parameters())

    def noted(self) -> dict[str, Any]:
        """See `Surrogate`; the names, too."""
        return {**super().noted(), "condition": self.condition, "seed": self.seed}

    def recall(self, noted: Mapping[str, Any]) -> None:
        """See `Surrogate`."""
        super().recall(noted)
        self.condition, self.seed = noted["condition"], noted["seed"]
        (self.drawn,) = noted["output_shapes"]

    def tensors(self) -> dict[str, torch.Tensor]:
        """See `Surrogate`."""
        machine, conditions, chains = self._ready()
        weights = {f"machine.{name}": tensor for name, tensor in machine.state_dict().items()}
        return {**weights, "conditions": conditions, "chains": chains}

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """See `Surrogate`."""
        self.conditions, self.chains = (tensors[name].to(self.device) for name in ("conditions", "chains"))
        machine = self._build(torch.Generator().manual_seed(0)).to(self.dtype)
        machine.load_state_dict({name: tensors[f"machine.{name}"] for name in machine.state_dict()})
        self.machine = machine.requires_grad_(False)

    def _ready(self) -> tuple[RestrictedBoltzmannMachine, torch.Tensor, torch.Tensor]:
        if self.machine is None or self.conditions is None or self.chains is None:
            raise SurrogateError(f"{type(self).__name__} has not learned yet: call `fit` or `load` first")
        return self.machine, self.conditions, self.chains

    def _build(self, generator: torch.Generator) -> RestrictedBoltzmannMachine:
        chosen, shape = self.settings, (self.output_shapes or {})[self.drawn][1:]
        return RestrictedBoltzmannMachine(
            visible=math.prod(shape),
            hidden=chosen.hidden,
            generator=generator,
            degree=chosen.degree,
            biased=chosen.biased,
            grid=shape if chosen.shared else None,
            scale=chosen.scale,
        ).to(self.device)

    def _scaled(self, condition: torch.Tensor) -> torch.Tensor:
        """From -1 to 1 over the conditions that were learned from."""
        assert self.conditions is not None
        known = self.conditions
        if self.settings.reciprocal:
            condition, known = 1 / condition, 1 / known
        low, high = known.min(), known.max()
        half = 0.5 * (high - low)
        return (condition - 0.5 * (low + high)) / torch.where(half > 0, half, 1.0)

    def _read(self, examples: Configurations) -> Drawn:
        """All of them in memory, a byte for each unit; conditions as they are."""
        pairs = [examples.trajectory(i) for i in range(examples.trajectories)]
        condition = torch.tensor([float(asked[self.condition]) for asked, _ in pairs], dtype=torch.float64)
        values = np.stack([drawn[self.drawn][0] for _, drawn in pairs])
        if (np.abs(values) != 1).any():
            wrong = values[np.abs(values) != 1][0]
            raise SurrogateError(
                f"{type(self).__name__} learns configurations of +1 and -1, but {self.drawn!r} holds "
                f"{wrong:g}"
            )
        if self.settings.reciprocal:
            _refuse_not_positive(condition, self.condition)
        copies = torch.from_numpy(values.astype(np.int8)).flatten(2)
        return Drawn(condition.to(self.device), copies.to(self.device))


def _refuse_not_positive(condition: torch.Tensor, name: str) -> None:
    if not bool((condition > 0).all()):
        raise SurrogateError(
            f"{name!r} must be positive where its reciprocal counts, got {float(condition.min()):g}; set "
            "reciprocal to False, or ask for others"
        )
