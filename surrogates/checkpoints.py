"""Checkpoints of a training run: one file, written whole or not at all, without pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from ..datasets.durable import explained, write_whole
from .surrogate import SurrogateError

__all__ = ["optimiser_to_plain", "plain_to_optimiser", "read_checkpoint", "write_checkpoint"]


def write_checkpoint(path: Path, tensors: Mapping[str, torch.Tensor], numbers: Mapping[str, Any]) -> None:
    """Tensors as safetensors with `numbers` (any JSON) in the header; synced, then renamed into place."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    content = save(plain, metadata={"numbers": json.dumps(numbers)})
    with explained(path, size=len(content)):
        write_whole(path, content)


def read_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """What `write_checkpoint` wrote, or None where there is none; `SurrogateError` on a damaged file."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            # in memory of their own: where numbers begin on no cache line, sums may round differently
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(file.metadata()["numbers"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise SurrogateError(
            f"the checkpoint {path} cannot be read ({error}); delete it to begin the training again"
        ) from error


def optimiser_to_plain(
    optimiser: torch.optim.Optimizer,
) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, Any]]]:
    """An optimiser's state as tensors by name and numbers by parameter, without the groups' settings."""
    tensors: dict[str, torch.Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, state in optimiser.state_dict()["state"].items():
        for key, value in state.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}/{key}"] = value
            else:
                numbers.setdefault(str(index), {})[key] = value
    return tensors, numbers


def plain_to_optimiser(
    optimiser: torch.optim.Optimizer,
    tensors: Mapping[str, torch.Tensor],
    numbers: Mapping[str, Mapping[str, Any]],
) -> None:
    """Undoes `optimiser_to_plain` on an optimiser of the same parameters."""
    state: dict[int, dict[str, Any]] = {int(index): dict(plain) for index, plain in numbers.items()}
    for name, tensor in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = tensor
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
