"""What it takes to keep a surrogate is counted from what it keeps."""

from typing import Any

import pytest
import torch
from known_dynamics import obstacles
from understudy.surrogates.low_precision import LOWERINGS, lowered
from understudy.surrogates.mixture import Mixture
from understudy.surrogates.sizes import sizes_of
from understudy.surrogates.surrogate import SurrogateError
from understudy.surrogates.training import TrainingSettings


class Kept:
    """Two tensors, and nothing else."""

    parameters_count = 7
    lowering = ""

    def tensors(self) -> dict[str, torch.Tensor]:
        return {"a": torch.zeros(3, dtype=torch.float64), "b": torch.zeros(4, dtype=torch.int8)}


def test_bytes_are_those_of_each_kind_of_number_and_all_are_active_without_a_gate() -> None:
    kept: Any = Kept()
    assert sizes_of(kept) == {"parameters": 7, "active_parameters": 7, "bytes": 3 * 8 + 4}


def trained() -> Mixture:
    training = TrainingSettings(steps=2, batch=4, check_every=2)
    settings = Mixture.Settings(experts=4, active=1, hidden=(8,), training=training)
    mixture = Mixture(settings, dtype=torch.float32)
    mixture.fit(obstacles(12, seed=0), obstacles(4, seed=1), seed=0)
    return mixture


def test_of_a_mixture_those_experts_are_active_that_are_asked() -> None:
    mixture = trained()
    found = sizes_of(mixture)
    expert = sum(p.numel() for p in mixture.mixture.experts[0].parameters())
    assert found["parameters"] - found["active_parameters"] == 3 * expert


def test_numbers_of_a_lowered_mixture_are_not_counted_as_if_they_were_learned() -> None:
    mixture = trained()
    for kind in LOWERINGS:
        if kind == "narrowed":
            continue
        queries = {
            n: torch.from_numpy(v).float() for n, v in obstacles(3, seed=2).batch([0, 1, 2])[0].items()
        }
        low = lowered(mixture, kind, asked=lambda one, queries=queries: one(queries))  # type: ignore[misc]
        with pytest.raises(SurrogateError, match=f"sizes are counted before lowering, .* lowered to {kind}"):
            sizes_of(low)
        with pytest.raises(SurrogateError, match="active numbers are counted before lowering"):
            _ = low.active_parameters
    # fewer numbers are numbers
    narrow = lowered(mixture, "narrowed", share=0.5)
    found = sizes_of(narrow)
    expert = sum(p.numel() for p in narrow.mixture.experts[0].parameters())
    assert found["parameters"] - found["active_parameters"] == 3 * expert
    assert expert < 0.6 * sum(p.numel() for p in mixture.mixture.experts[0].parameters())
