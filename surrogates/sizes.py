"""What it takes to keep a surrogate, and to answer with it."""

from __future__ import annotations

from .surrogate import Surrogate

__all__ = ["sizes_of"]


def sizes_of(surrogate: Surrogate) -> dict[str, int]:
    """Learned numbers (`parameters`), as many as one answer has to do with (`active_parameters`: all, unless
    the surrogate has a gate and an attribute of that name), and the `bytes` of all of them.
    """
    stored = surrogate.parameters_count
    return {
        "parameters": stored,
        "active_parameters": int(getattr(surrogate, "active_parameters", stored)),
        "bytes": sum(t.numel() * t.element_size() for t in surrogate.tensors().values()),
    }
