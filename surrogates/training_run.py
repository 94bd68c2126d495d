"""The state of a training run, and how it goes from step to step and from checkpoint to checkpoint."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from .checkpoints import optimiser_to_plain, plain_to_optimiser, read_checkpoint, write_checkpoint
from .soap import SOAP
from .surrogate import SurrogateError

if TYPE_CHECKING:
    from .training import Objective, TrainingSettings

__all__ = ["Learner", "Run"]

logger = logging.getLogger(__name__)

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"


@runtime_checkable
class Learner(Protocol):
    """An objective that learns besides, as an adversary does: what it has learned goes into checkpoints."""

    def tensors(self) -> dict[str, torch.Tensor]:
        """All of it, by name."""

    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Take `tensors()` back."""


@dataclass
class Run:
    """The state of a training run, all of which is in a checkpoint."""

    module: nn.Module
    objective: Objective
    settings: TrainingSettings
    seed: int
    folder: Path | None
    identity: dict[str, Any]
    step: int = 0
    before: float = 0.0
    errors: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    best: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin = time.perf_counter()
        self.batch = min(self.settings.batch, self.objective.examples)
        self.order: tuple[int, torch.Tensor] | None = None
        self.module.train()
        self._choose_precision()
        if self.settings.optimiser == "soap":
            self.optimiser: torch.optim.Optimizer = SOAP(
                self.module.parameters(),
                learning_rate=self.settings.learning_rate,
                weight_decay=self.settings.weight_decay,
            )
        else:
            self.optimiser = torch.optim.AdamW(
                self.module.parameters(), betas=(0.9, 0.99), weight_decay=self.settings.weight_decay
            )
        described = {k: v for k, v in vars(self.settings).items() if k != "seconds"}
        self.identity = {**self.identity, "training": described, "seed": self.seed}

    @property
    def seconds(self) -> float:
        """Spent in this run and in those that it resumes."""
        return self.before + time.perf_counter() - self.begin

    @property
    def finished(self) -> bool:
        """Whether all steps were made, or patience ended."""
        return self.step >= self.settings.steps or self._stale

    @property
    def over(self) -> bool:
        """Whether to stop now; a stop for lack of time waits for the first step."""
        limit = self.settings.seconds
        return self.finished or (limit is not None and self.step > 0 and self.seconds > limit)

    @property
    def _stale(self) -> bool:
        if self.settings.patience is None or not self.errors:
            return False
        return len(self.errors) - 1 - int(np.argmin(self.errors)) >= self.settings.patience

    def advance(self) -> None:
        """One update."""
        self._choose_precision()
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate(self.step)
        loss = self.objective.loss(self.module, self._indices(), _generator(self.seed, 1, self.step))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise SurrogateError(
                f"the loss became {value} at step {self.step} of {self.settings.steps}; lower learning_rate "
                f"(now {self.settings.learning_rate:g}) or set clip (now {self.settings.clip})"
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.clip)
        self.optimiser.step()
        self.losses.append(value)
        self.step += 1

    def check(self) -> None:
        """Validate, remember the best weights, log, and write a checkpoint."""
        self.module.eval()
        with torch.no_grad():
            error = self.objective.validate(self.module)
        self.module.train()
        if not math.isfinite(error):
            raise SurrogateError(
                f"the validation error became {error} at step {self.step}; lower learning_rate "
                f"(now {self.settings.learning_rate:g})"
            )
        if not self.errors or error < min(self.errors):
            self.best = {name: tensor.clone() for name, tensor in self.module.state_dict().items()}
        self.errors.append(error)
        if self.folder is not None:
            line = {
                "step": self.step,
                "loss": float(np.mean(self.losses)) if self.losses else None,
                "validation_error": error,
                "learning_rate": self.settings.rate(max(0, self.step - 1)),
                "seconds": round(self.seconds, 3),
            }
            with (self.folder / LOG).open("a") as log:
                log.write(json.dumps(line) + "\n")
            self._write()
        self.losses = []

    def _write(self) -> None:
        assert self.folder is not None
        moments, counters = optimiser_to_plain(self.optimiser)
        tensors = {f"module.{k}": v for k, v in self.module.state_dict().items()}
        tensors |= {f"best.{k}": v for k, v in self.best.items()}
        tensors |= {f"optimiser.{k}": v for k, v in moments.items()}
        if isinstance(self.objective, Learner):
            tensors |= {f"objective.{k}": v for k, v in self.objective.tensors().items()}
        numbers = {
            "identity": self.identity,
            "step": self.step,
            "seconds": self.seconds,
            "errors": self.errors,
            "optimiser": counters,
        }
        write_checkpoint(self.folder / CHECKPOINT, tensors, numbers)

    def resume(self) -> None:
        """Take up the run that stands in the folder, if there is one."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        found = read_checkpoint(self.folder / CHECKPOINT)
        log = self.folder / LOG
        lines = log.read_text().splitlines() if log.is_file() else []
        if found:
            tensors, numbers = found
            self._refuse_another(numbers["identity"])
            self.step, self.before, self.errors = numbers["step"], numbers["seconds"], numbers["errors"]
            self._choose_precision(after=True)
            kinds = ("module", "best", "optimiser", "objective")
            parts: dict[str, dict[str, torch.Tensor]] = {kind: {} for kind in kinds}
            for name, tensor in tensors.items():
                kind, _, rest = name.partition(".")
                parts[kind][rest] = tensor
            self.module.load_state_dict(parts["module"])
            device = next(self.module.parameters()).device
            self.best = {name: tensor.to(device) for name, tensor in parts["best"].items()}
            plain_to_optimiser(self.optimiser, parts["optimiser"], numbers["optimiser"])
            if isinstance(self.objective, Learner):
                self.objective.restore(parts["objective"])
            logger.info("resumed the training in %s at step %d", self.folder, self.step)
        # a kill between log and checkpoint leaves a line, or a part of one, that will be written again
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= self.step]
        if kept != lines or not log.is_file():
            temporary = log.with_suffix(".tmp")
            temporary.write_text("".join(line + "\n" for line in kept))
            temporary.replace(log)

    def _refuse_another(self, stored: dict[str, Any]) -> None:
        wanted = json.loads(json.dumps(self.identity))
        if stored != wanted:
            changed = sorted(k for k in {*stored, *wanted} if stored.get(k) != wanted.get(k))
            raise SurrogateError(
                f"{self.folder} holds a checkpoint that was made with another {', '.join(changed)}; delete "
                f"{CHECKPOINT} there to train anew, or choose another folder"
            )

    def _choose_precision(self, *, after: bool = False) -> None:
        """Double from its step on; with `after`, what it was after the last step, to load what was saved."""
        step = self.step - 1 if after else self.step
        dtype = torch.float64 if step >= self.settings.double_from * self.settings.steps else torch.float32
        if next(self.module.parameters()).dtype == dtype:
            return
        self.module.to(dtype)
        if not hasattr(self, "optimiser"):
            return
        for state in self.optimiser.state.values():
            for key, value in state.items():
                if isinstance(value, torch.Tensor) and value.is_floating_point() and key != "step":
                    state[key] = value.to(dtype)

    def _indices(self) -> torch.Tensor:
        """The batch of this step: epochs in random order, without the rest that fills no batch."""
        epoch, place = divmod(self.step, self.objective.examples // self.batch)
        if self.order is None or self.order[0] != epoch:
            generator = _generator(self.seed, 0, epoch)
            self.order = (epoch, torch.randperm(self.objective.examples, generator=generator))
        return self.order[1][place * self.batch : (place + 1) * self.batch]


def _generator(seed: int, purpose: int, number: int) -> torch.Generator:
    """Random numbers that depend on nothing but these three."""
    state = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))
