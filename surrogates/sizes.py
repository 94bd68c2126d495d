"""What it takes to keep a surrogate, and to answer with it."""

from __future__ import annotations

from .surrogate import Surrogate, SurrogateError

__all__ = ["refuse_lowered", "sizes_of"]


def sizes_of(surrogate: Surrogate) -> dict[str, int]:
    """Learned numbers (`parameters`), as many as one answer has to do with (`active_parameters`: all, unless
    the surrogate has a gate and an attribute of that name), and the `bytes` of all of them.

    Raises `SurrogateError` for one that was lowered to another form: of that `low_precision.stored_bytes`
    has the bytes.
    """
    refuse_lowered(surrogate, "sizes")
    stored = surrogate.parameters_count
    return {
        "parameters": stored,
        "active_parameters": int(getattr(surrogate, "active_parameters", stored)),
        "bytes": sum(t.numel() * t.element_size() for t in surrogate.tensors().values()),
    }


def refuse_lowered(surrogate: Surrogate, what: str) -> None:
    """Raise `SurrogateError` where learned numbers are in another form, as codes or packed in bytes, and are
    not as many as they were. Those of a narrowed network are themselves, and fewer.
    """
    if surrogate.lowering and not surrogate.lowering.startswith("narrowed"):
        raise SurrogateError(
            f"{what} are counted before lowering, and this {type(surrogate).__name__} was lowered to "
            f"{surrogate.lowering}"
        )
