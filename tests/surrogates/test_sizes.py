"""What it takes to keep a surrogate is counted from what it keeps."""

from typing import Any

import torch
from known_dynamics import obstacles
from understudy.surrogates.mixture import Mixture
from understudy.surrogates.sizes import sizes_of
from understudy.surrogates.training import TrainingSettings


class Kept:
    """Two tensors, and nothing else."""

    parameters_count = 7

    def tensors(self) -> dict[str, torch.Tensor]:
        return {"a": torch.zeros(3, dtype=torch.float64), "b": torch.zeros(4, dtype=torch.int8)}


def test_bytes_are_those_of_each_kind_of_number_and_all_are_active_without_a_gate() -> None:
    kept: Any = Kept()
    assert sizes_of(kept) == {"parameters": 7, "active_parameters": 7, "bytes": 3 * 8 + 4}


def test_of_a_mixture_those_experts_are_active_that_are_asked() -> None:
    training = TrainingSettings(steps=2, batch=4, check_every=2)
    settings = Mixture.Settings(experts=4, active=1, hidden=(8,), training=training)
    mixture = Mixture(settings, dtype=torch.float32)
    mixture.fit(obstacles(12, seed=0), obstacles(4, seed=1), seed=0)
    found = sizes_of(mixture)
    expert = sum(p.numel() for p in mixture.mixture.experts[0].parameters())
    assert found["parameters"] - found["active_parameters"] == 3 * expert
