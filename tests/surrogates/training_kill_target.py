"""A small training that is meant to be killed at any moment."""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from known_dynamics import in_memory, travelling_waves
from understudy.surrogates.mlp import MLP
from understudy.surrogates.propagation import SteppingSettings
from understudy.surrogates.training import TrainingSettings

CHECKS = 60


def train_into(folder: Path) -> None:
    """Train, log to `folder/messages`, and save."""
    folder.mkdir(exist_ok=True)
    logging.basicConfig(level=logging.INFO, filename=folder / "messages", format="%(message)s")
    torch.set_num_threads(1)
    waves = travelling_waves(trajectories=10, frames=30, points=16, seed=0)
    training = TrainingSettings(steps=10 * CHECKS, batch=16, check_every=10, double_from=0.5)
    stepping = SteppingSettings(linear=False, input_noise=1e-2, unroll=2)
    mlp = MLP(MLP.Settings(hidden=(24,), stepping=stepping, training=training))
    record = mlp.fit(in_memory(waves[:8]), in_memory(waves[8:]), seed=7, folder=folder)
    mlp.save(folder, fingerprint="waves", record=record)


def train_briefly(folder: Path) -> None:
    """The same in three checks, for kills at every single moment."""
    torch.set_num_threads(1)
    waves = travelling_waves(trajectories=4, frames=10, points=16, seed=0)
    training = TrainingSettings(steps=6, batch=8, check_every=2)
    stepping = SteppingSettings(linear=False, input_noise=1e-2)
    mlp = MLP(MLP.Settings(hidden=(8,), stepping=stepping, training=training))
    record = mlp.fit(in_memory(waves[:3]), in_memory(waves[3:]), seed=7, folder=folder)
    mlp.save(folder, fingerprint="waves", record=record)


def die_at_change(folder: Path, step: int) -> None:
    """Train briefly, and be killed just before the step-th change to the folder."""
    seen = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in ("open", "os.rename", "os.remove") and str(arguments[0]).startswith(str(folder)):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    folder.mkdir()
    sys.addaudithook(watch)
    train_briefly(folder)
