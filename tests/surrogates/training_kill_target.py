"""A small training that is meant to be killed at any moment."""

import logging
from pathlib import Path

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
